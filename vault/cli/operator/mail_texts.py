"""The words of the monitor's mails, and of its state on a terminal: offices by their short names, and nothing of what is in
them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from vault import catalogue
from vault.domain.operator.availability import Figures
from vault.domain.operator.typed import told_moment
from vault.domain.values.moments import DAY, JAPAN
from vault.services.operator.problems import Changes
from vault.services.operator.summaries import Line, Summary
from vault.storage.host.figures import Problem

_words = catalogue.load("ja")
_ = _words.gettext
_MARK = "[Kura]"
_HOST = _("ホスト")
LATE_ROUND = 20 * 60  # seconds after which the monitor itself is told to stand still


class Words:
    """The writer of a host's mails; `host` is what the operator calls it."""

    def __init__(self, host: str) -> None:
        self._host = host

    def changes(self, found: Changes, now: int) -> tuple[str, str]:
        """What has newly failed, and what is over."""
        lines = [_("%(when)s の見回りの結果です。") % {"when": told_moment(now)}, ""]
        if found.new:
            lines += [_("■ 異常"), *map(of_problem, found.new), ""]
        if found.over:
            lines += [_("■ 回復"), *map(_recovered, found.over), ""]
        if found.going_on:
            lines += [_("前にお知らせした異常が、ほかに%(n)s件続いています。") % {"n": found.going_on}, ""]
        lines.append(_("同じ異常が続くあいだ、このお知らせは繰り返しません。いまの状態は kura-operator monitor status で確かめられます。"))
        return self._subject(_change_title(found)), "\n".join(lines)

    def weekly(self, found: Summary) -> tuple[str, str]:
        """The week, office by office."""
        title = _("週のまとめ(事務所%(n)s件、続いている異常%(bad)s件)") % {"n": len(found.lines), "bad": len(_open(found))}
        period = _("%(since)s から %(until)s まで") % {"since": told_moment(found.since), "until": told_moment(found.until)}
        return self._subject(title), "\n".join([period, "", *table(found), "", *rest(found)])

    def monthly(self, found: Summary, month: str) -> tuple[str, str]:
        """The month's availability."""
        title = _("%(month)s の稼働率(事務所%(n)s件)") % {"month": month, "n": len(found.lines)}
        return self._subject(title), "\n".join([title, "", *month_lines(found)])

    def test(self, now: int) -> tuple[str, str]:
        """A mail that only shows that mails arrive."""
        text = _("%(when)s に送ったテストのメールです。届いていれば、見回りのお知らせも届きます。") % {"when": told_moment(now)}
        return self._subject(_("テストのメール")), text

    def _subject(self, title: str) -> str:
        return " ".join(filter(None, (_MARK, self._host, title)))


def _change_title(found: Changes) -> str:
    names = list(dict.fromkeys(each.office or _HOST for each in (*found.new, *found.over)))
    whose = names[0] if len(names) == 1 else _("%(name)s ほか") % {"name": names[0]}
    if not found.new:
        return _("回復%(n)s件: %(whose)s") % {"n": len(found.over), "whose": whose}
    if not found.over:
        return _("異常%(n)s件: %(whose)s") % {"n": len(found.new), "whose": whose}
    return _("異常%(n)s件、回復%(over)s件: %(whose)s") % {"n": len(found.new), "over": len(found.over), "whose": whose}


def of_problem(found: Problem) -> str:
    """One problem on one line."""
    return _line_of(found, sentence(found))


def _recovered(found: Problem) -> str:
    return _line_of(found, str(_("over." + found.code)))


def _line_of(found: Problem, said: str) -> str:
    since = _("%(when)sから") % {"when": told_moment(found.since)}
    return f"- {found.office or _HOST}: {said} ({since})"


def sentence(found: Problem) -> str:
    """What is wrong, and what to do; the keys are `problem.<code>`, the reasons `reason.<word>`."""
    facts = dict(found.facts or {})
    for name in ("why", "said"):
        if name in facts:
            facts[name] = _reason(str(facts[name]))
    try:
        return str(_("problem." + found.code) % facts)
    except (KeyError, TypeError, ValueError):  # facts of an earlier release
        return str(_("problem." + found.code))


def _reason(said: str) -> str:
    key = f"reason.{said}"
    told = str(_words.gettext(key))
    return told if told != key else said


# --- tables


def table(found: Summary) -> Iterator[str]:
    """A few lines for each office."""
    for each in found.lines:
        yield f"{each.office.name}  {_state(each)}"
        shares = {"service": share(each.service), "whole": share(each.every_hour)}
        yield "  " + _("稼働率: 提供時間 %(service)s、24時間 %(whole)s") % shares
        yield "  " + _("バックアップ: %(backup)s、戻せるかの点検: %(drill)s、証明書: %(certificate)s") % {
            "backup": _when(each.backup), "drill": _when(each.drill), "certificate": _days(each.certificate, found.until),
        }  # fmt: skip
        yield from (f"  {of_problem(problem)}" for problem in each.open)
    if not found.lines:
        yield _("このホストに、使われている事務所はありません。")


def rest(found: Summary) -> Iterator[str]:
    """What is of no office alone."""
    yield from map(of_problem, found.host)
    for each in found.late:
        key = f"incident.report.{each.report}"
        facts = {"number": each.number, "report": _words.gettext(key), "when": told_moment(each.due)}
        yield _("- 報告が遅れています: 障害・事故 %(number)s の %(report)s(期限 %(when)s)") % facts
    if found.waiting:
        yield _("送れていないメールが%(n)s通あります。kura-operator monitor test-mail で確かめてください。") % {"n": found.waiting}


def month_lines(found: Summary) -> Iterator[str]:
    """A line for each office: availability, and where the time went."""
    for each in found.lines:
        shares = {"service": share(each.service), "whole": share(each.every_hour)}
        yield f"{each.office.name}  " + _("提供時間 %(service)s、24時間 %(whole)s") % shares
        whole = each.every_hour
        spans = {"down": span(whole.down), "planned": span(whole.planned), "unknown": span(whole.unknown)}
        yield "  " + _("止まった時間 %(down)s、予告した停止 %(planned)s、測れなかった時間 %(unknown)s") % spans
    if not found.lines:
        yield _("このホストに、使われている事務所はありません。")


def standing_still(found: Summary, now: int) -> str:
    """That the monitor itself does not run; empty where it does."""
    if now - found.last_round <= LATE_ROUND:
        return ""
    last = told_moment(found.last_round) if found.last_round else _("まだ一度も")
    return str(_("見回りが動いていません(最後: %(last)s)。systemctl status kura-monitor.timer で確かめてください。") % {"last": last})


def _open(found: Summary) -> list[Problem]:
    return [*found.host, *(problem for each in found.lines for problem in each.open)]


def _state(line: Line) -> str:
    if line.now is None:
        return str(_("まだ見回っていません"))
    stretch, code = line.now
    if stretch.up:
        return str(_("動いています(休んでいて、開くと起きます)") if line.asleep else _("動いています"))
    return str(_("使えません: %(why)s(%(when)sから)") % {"why": _("short." + code), "when": told_moment(stretch.since)})


def share(found: Figures) -> str:
    """Availability in per cent, cut off after two digits."""
    if found.hundredths is None:
        return str(_("測っていません"))
    return f"{found.hundredths // 100}.{found.hundredths % 100:02d}%"


def span(seconds: int) -> str:
    """A time in hours and minutes, begun minutes counted."""
    minutes = -(-seconds // 60)
    if not minutes:
        return str(_("なし"))
    if minutes < 60:
        return str(_("%(n)s分") % {"n": minutes})
    return str(_("%(h)s時間%(m)s分") % {"h": minutes // 60, "m": minutes % 60})


def _when(at: int) -> str:
    return f"{datetime.fromtimestamp(at, JAPAN):%m-%d %H:%M}" if at else str(_("まだありません"))


def _days(ends: int, now: int) -> str:
    return str(_("あと%(days)s日") % {"days": max(0, (ends - now) // DAY)}) if ends else str(_("不明"))
