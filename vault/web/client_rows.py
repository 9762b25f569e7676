"""What lists and pages show of clients and policies: the domain's words, with addresses to follow."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext, ngettext

from vault.domain.clients import Client, Member
from vault.domain.policies import Policy, choices, hints, summary, totals
from vault.domain.values import fold, full_age, kana, money_text
from vault.services.clients import Brief, Head, Page
from vault.services.holdings import Held
from vault.web.pages import fault_said, short_moment
from vault.web.words import word

DUE_DAYS = 90
MATRIX = (
    ("死亡", ("死亡",)),
    ("収入保障 月額", ("収入保障",)),
    ("入院日額", ("入院",)),
    ("手術", ("手術",)),
    ("がん診断", ("がん診断",)),
    ("先進医療", ("先進医療",)),
    ("満期・年金", ("満期", "年金", "学資")),
)
ACCIDENT_ONLY = ("災害", "交通")
KANA_ROWS = {
    "あ": "アイウエオヴ", "か": "カキクケコガギグゲゴ", "さ": "サシスセソザジズゼゾ", "た": "タチツテトダヂヅデド",
    "な": "ナニヌネノ", "は": "ハヒフヘホバビブベボパピプペポ", "ま": "マミムメモ", "や": "ヤユヨ", "ら": "ラリルレロ",
    "わ": "ワヲン",
}  # fmt: skip


def initial_of(client: Brief) -> str:
    """The row of the kana table a client stands in; 他 for the rest."""
    first = kana(client.kana)[:1]
    return next((row for row, letters in KANA_ROWS.items() if first in letters), "他")


def listed(head: Head) -> dict[str, Any]:
    """One client in the list."""
    client = head.client
    words = [client.name, client.kana, client.client_number, client.address, client.trade_name]
    words += [word for member in client.members for word in (member.name, member.kana)]
    return {
        "url": url_for("clients.show", client=head.id.hex()),
        "name": client.name,
        "kana": client.kana,
        "kind": head.kind,
        "number": client.client_number,
        "handler": client.handler,
        "compartment": head.compartment,
        "address": client.address,
        "telephone": client.telephones[0].number if client.telephones else "",
        "policies": head.policies,
        # Spaces as well as folded: what a person types is folded the same way by the script.
        "text": " ".join([*words, *(fold(word) for word in words)]),
    }


def member_row(member: Member, today: date, monthly: int | None) -> dict[str, Any]:
    """One person of a client."""
    return {
        "name": member.name,
        "kana": member.kana,
        "relationship": member.relationship,
        "position": member.position,
        "title": member.title,
        "birth": member.birth.value if member.birth else None,
        "age": full_age(member.birth.value, today) if member.birth else None,
        "dead": member.death is not None,
        "occupation": member.occupation,
        "monthly": monthly,
    }


def policy_row(held: Held, client: Client, client_id: bytes, today: date) -> dict[str, Any]:
    """One policy of a client."""
    row = summary.row(held.policy, client)
    return {
        "url": url_for("policies.show", client=client_id.hex(), policy=held.id.hex()),
        "insurer": row.insurer,
        "kind": row.kind,
        "number": row.number,
        "holder": "、".join(p.name for p in row.policyholders),
        "insured": "、".join(p.name for p in row.insured),
        "start": row.begins,
        "until": row.end if row.end and not row.term else (row.term or row.end or ""),
        "premium": None if row.currency else row.premium,
        "foreign": f"{money_text(row.premium)} {gettext(row.currency)}" if row.currency else "",
        "mode": row.mode,
        "state": row.state,
        "due": due(row, today),
        "ended": not row.living,
        "id": held.id,
    }


def label_of(policy: Policy) -> str:
    """A policy as a line of words: insurer, kind, number."""
    return " ".join(filter(None, (policy.insurer, word(policy.kind), policy.policy_number)))


def due(row: summary.Row, today: date) -> str:
    """満期 within three months, as days to go."""
    if not row.living or row.end is None or not 0 <= (row.end - today).days <= DUE_DAYS:
        return ""
    left = (row.end - today).days
    return str(ngettext("満期 %(n)s日後", "満期 %(n)s日後", left, n=left))


def attention(page: Page, today: date) -> list[dict[str, str]]:
    """気をつけること: what ends soon, what looks passed, whose birthday comes."""
    found = []
    for held in page.policies:
        url = url_for("policies.show", client=page.id.hex(), policy=held.id.hex())
        row = summary.row(held.policy, page.client)
        told = due(row, today)
        if told:
            found.append({"mark": gettext("満期"), "text": f"{word(row.kind)} {row.insurer} {told}", "url": url})
        for _, hint in hints(held.policy, page.client, today):
            found.append({"mark": gettext("確認"), "text": f"{row.insurer} {word(row.kind)}: {fault_said(hint)}", "url": url})
    for member in page.client.members:
        days = _days_to_birthday(member, today)
        if days is not None:
            age = full_age(member.birth.value, today) + (1 if days else 0)  # type: ignore[union-attr]
            facts = {"name": member.name, "n": days, "age": age}
            text = ngettext("%(name)sさん %(n)s日後に%(age)s歳", "%(name)sさん %(n)s日後に%(age)s歳", days, **facts)
            found.append({"mark": gettext("誕生日"), "text": text, "url": ""})
    return found


def _days_to_birthday(member: Member, today: date) -> int | None:
    if member.birth is None or member.death is not None:
        return None
    born = member.birth.value
    for year in (today.year, today.year + 1):
        try:
            day = date(year, born.month, born.day)
        except ValueError:
            day = date(year, 3, 1)
        if 0 <= (day - today).days <= 14:
            return (day - today).days
    return None


def show_values(page: Page, today: date) -> dict[str, Any]:
    """Everything the client's page shows."""
    rows = [policy_row(held, page.client, page.id, today) for held in page.policies]
    rows.sort(key=lambda r: (r["start"] or date.max, r["insurer"]))
    policies = [held.policy for held in page.policies]
    sums = totals.totals(policies, page.client)
    apart = [f"{money_text(s.yearly)} {gettext(currency)}" for currency, s in sums.foreign.items()]
    if sums.without_end:
        apart.append(gettext("一時払(期間の定めなし) %(n)s件は年換算に含みません", n=len(sums.without_end)))
    return {
        "members": [member_row(m, today, _monthly_of(page, m)) for m in page.client.members],
        "policies": [r for r in rows if not r["ended"]],
        "ended": [r for r in rows if r["ended"]],
        "totals": {"count": sums.living, "monthly": sums.monthly, "yearly": sums.yearly, "apart": apart},
        "attention": attention(page, today),
        "matrix": matrix(page, today),
        "history": [
            {
                "at": short_moment(at),
                "who": who,
                "what": gettext("第%(n)s版", n=version),
                "url": url_for("clients.version", client=page.id.hex(), number=version),
            }
            for version, at, who in page.written
        ],
        "related": [
            {"url": url_for("clients.show", client=i.hex()) if name else "", "name": name, "link": link}
            for i, link, name in page.related
        ],
    }


def _monthly_of(page: Page, member: Member) -> int | None:
    """Monthly premiums of the policies this person holds; None where nothing is paid by the month."""
    held = [p.policy for p in page.policies if any(r.member == member.id for r in p.policy.roles_of("契約者"))]
    return sum(int(totals.monthly(p)) for p in held if p.living and not totals.in_currency(p)) or None


def matrix(page: Page, today: date) -> dict[str, Any]:
    """保障一覧: person by kind of cover, of living policies in yen."""
    rows = []
    for member in page.client.members:
        covers = [c for p in page.policies if _insures(p.policy, member) for c in _covers(p.policy)]
        if not covers:
            continue
        age = gettext("%(n)s歳", n=full_age(member.birth.value, today)) if member.birth else ""
        note = " ".join(filter(None, [word(member.relationship or member.position), age]))
        rows.append({"name": member.name, "note": note, "cells": [_sum(covers, words) for _, words in MATRIX]})
    return {"heads": [word(head) for head, _ in MATRIX], "rows": rows}


def _insures(policy: Policy, member: Member) -> bool:
    insured = policy.roles_of(choices.INSURED, choices.NAMED_INSURED)
    return policy.living and not policy.currency and any(r.member == member.id for r in insured)


def _covers(policy: Policy) -> list[tuple[str, int]]:
    all_covers = [*policy.coverages, *policy.riders]
    found = [(f"{c.kind} {c.name}", c.amount.value) for c in all_covers if c.amount and c.amount.value is not None]
    own = {"収入保障": policy.monthly_amount, "満期": policy.maturity_amount, "年金": policy.annuity_yearly}
    return found + [(word, a.value) for word, a in own.items() if a and a.value is not None]


def _sum(covers: list[tuple[str, int]], words: tuple[str, ...]) -> int | None:
    # What is paid after an accident only comes on top in some cases, so it is no part of what is always paid.
    always = [(name, amount) for name, amount in covers if not any(word in name for word in ACCIDENT_ONLY)]
    amounts = [amount for name, amount in always if any(word in name for word in words)]
    return sum(amounts) if amounts else None
