"""What the operator's reports of an incident say: mails to offices, and the whole of it as a document."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from vault import catalogue
from vault.domain.operator import incidents as domain
from vault.domain.operator.incidents import FACTS, Deadline, Entry, Incident, Report
from vault.domain.operator.typed import told_moment
from vault.domain.values import wareki
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext
# A title and under it rows of a name and what is said; a row without a name is a sentence.
Part = tuple[str, list[tuple[str, str]]]


def moment(seconds: int, otherwise: str) -> str:
    """A moment, or what is said where there is none."""
    return told_moment(seconds) if seconds else otherwise


def report_name(kind: str) -> str:
    """第一報 and the like."""
    return _("incident-report." + kind)


# --- mails


def subject(found: Incident, made: Report) -> str:
    """Of a mail: no name of any office, for a subject is read by many eyes."""
    told = {"number": found.number, "report": report_name(made.kind), "kind": _("incident." + found.kind)}
    return _("【証券蔵】%(report)s: %(kind)s(第%(number)s号)") % told


def letter(host: Host, found: Incident, made: Report, address: str) -> str:
    """The mail to an office, by the template of its report; `address`: the office's own, where administrators sign in."""
    parts = [
        _("incident-letter." + made.kind),
        _text([_overview(found), (report_name(made.kind), _said(made)), (_("事務所にお願いすること"), duties(found))]),
        _("この報告は、証券蔵の「事務所」の「障害・事故の報告」(管理者だけが開けます)でも読めます: %(address)s") % {"address": address},
        _sender(host),
    ]  # fmt: skip
    return "\n\n".join(part for part in parts if part)


def _sender(host: Host) -> str:
    lines = (host.profile.operator, _("電話 %(number)s") % {"number": host.profile.telephone} if host.profile.telephone else "")
    return "\n".join(line for line in lines if line)


def _overview(found: Incident) -> Part:
    rows = [
        (_("種類"), _("incident." + found.kind)), (_("内容"), found.what),
        (_("起きた日時"), moment(found.began, _("調べています"))), (_("運営者が知った日時"), told_moment(found.aware)),
        (_("復旧した日時"), moment(found.recovered, _("まだ復旧していません"))),
    ]  # fmt: skip
    return _("障害・事故 第%(n)s号") % {"n": found.number}, rows


def _said(made: Report) -> list[tuple[str, str]]:
    rows = [(_("incident-fact." + name), made.facts[name]) for name in FACTS if made.facts.get(name)]
    return rows or [("", _("詳しいことは調べています。分かりしだい報告します。"))]


def duties(found: Incident) -> list[tuple[str, str]]:
    """What the office itself has to do: it reports, the operator does not do so for it."""
    told: list[str] = []
    if (authority := found.authority) is not None:
        first, last = (wareki(day) for day in authority.prompt)
        told = [
            _("個人情報保護委員会への報告が必要かどうかは、事務所が判断します。報告するのも事務所です。(個人情報の保護に関する法律 第26条、同法施行規則 第7条・第8条)"),
            _("必要なときの速報: %(first)s(3日目)から%(last)s(5日目)までに") % {"first": first, "last": last},
            _("必要なときの確報: %(day)s(%(n)s日目)までに") % {"day": wareki(authority.full), "n": authority.days},
            _("日にちは、遅れないように、運営者が知った日を1日目として数えています。休日でも後ろへずらしていません。"),
            *([] if found.wrongful else [_("不正の目的で行われたおそれがあるときは、確報は60日目までです。")]),
            _("ご本人への通知が必要なときは、事務所から通知してください。(同法施行規則 第10条)"),
        ]
    told.append(_("保険会社、監督官庁、約束のある取引先へは、それぞれの決まりに従って、事務所から報告してください。運営者が代わりに報告することはありません。"))
    return [("", each) for each in told]


# --- the whole of it


def document(host: Host, found: Incident, entries: Iterable[Entry], now: int) -> list[Part]:
    """Everything of an incident: overview, deadlines, reports, what offices have to do, the journal."""
    title, rows = _overview(found)
    rows += [
        (_("対象の事務所"), " ".join(found.offices)), (_("終了した日時"), moment(found.closed, _("まだ終わっていません"))),
        (_("この書類を作った日時"), told_moment(now)), (_("作った者"), host.profile.operator),
    ]  # fmt: skip
    reports = [(f"{report_name(each.kind)} {told_moment(each.at)}", _said(each)) for each in found.reports]
    return [
        (title, rows), (_("報告の期限"), [deadline(each, now) for each in found.deadlines()]), *reports,
        (_("事務所にお願いすること"), duties(found)), (_("対応の記録"), [_line(each) for each in entries]),
    ]  # fmt: skip


def deadline(each: Deadline, now: int) -> tuple[str, str]:
    """A report's name; by when, when it was, and that it is or was late."""
    told = _("期限 %(by)s") % {"by": told_moment(each.by)}
    told += "  " + (_("報告 %(when)s") % {"when": told_moment(each.done)} if each.done else _("まだ"))
    return report_name(each.report), f"{told}  {_('遅れ')}" if each.late(now) else told


def _line(entry: Entry) -> tuple[str, str]:
    return f"{told_moment(entry.at)} {entry.by}", f"{_('incident-event.' + entry.event)} {_detail(entry)}".strip()


def _detail(entry: Entry) -> str:
    told = entry.facts
    if entry.event in (domain.OPENED, domain.CHANGED):
        return " / ".join(_fact(name, value) for name, value in told.items() if value)
    if entry.event == domain.REPORTED:
        return report_name(told["kind"])
    if entry.event in domain.MAILS:
        return f"{told['report']} → {told['office']} {told.get('why', '')}".strip()
    return str(told.get("text", ""))


def _fact(name: str, value: object) -> str:
    if name == "kind":
        return _("incident." + str(value))
    if name in ("aware", "began", "recovered") and isinstance(value, int):
        return f"{_('incident.' + name)} {told_moment(value)}"
    if name == "offices" and isinstance(value, list):
        return " ".join(map(str, value))
    return _("不正の目的のおそれ") if name == "wrongful" else str(value)


# --- on a terminal and on paper


def text(parts: Iterable[Part]) -> str:
    """The document as plain text."""
    return _text(parts) + "\n"


def _text(parts: Iterable[Part]) -> str:
    return "\n\n".join(f"■ {title}\n" + "\n".join(_row(*row) for row in rows) for title, rows in parts)


def _row(name: str, said: str) -> str:
    if "\n" in said:
        said = "\n".join(["", *(f"    {line}" for line in said.splitlines())])
    return f"  {name}: {said}".replace(": \n", ":\n", 1) if name else f"  ・{said}"


def page(parts: list[Part], frame: str) -> str:
    """The document as a page that stands by itself, to be printed from any browser; `frame` with ${title} and ${body}."""
    body = "".join(f"<section><h2>{escape(title)}</h2>{_table(rows)}</section>" for title, rows in parts)
    return frame.replace("${title}", escape(parts[0][0])).replace("${body}", body)


def _table(rows: list[tuple[str, str]]) -> str:
    if not any(name for name, _said in rows):
        return "<ul>" + "".join(f"<li>{escape(said)}</li>" for _name, said in rows) + "</ul>"
    cells = (f'<tr><th scope="row">{escape(name)}</th><td>{escape(said)}</td></tr>' for name, said in rows)
    return f"<table><tbody>{''.join(cells)}</tbody></table>"
