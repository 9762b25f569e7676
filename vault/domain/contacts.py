"""応対履歴 and 意向把握: who of the office spoke with whom about what, and what the client wanted at first and in the end.

An intention (当初意向, 最終意向, how they differ, why this product was recommended) is what 保険業法 294条の2 (意向把握義務),
294条 (情報提供義務) and 保険業法施行規則 227条の2 (比較推奨販売) want an agency to be able to show afterwards.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from vault.domain import fields as f
from vault.domain import insurers
from vault.domain.fields import Fault
from vault.domain.values import TypedDate, Unreadable

HOW = ("電話", "訪問", "来店", "オンライン", "メール", "郵送", "その他")
LEARNED = ("面談", "電話", "オンライン", "アンケート", "申込書の記載", "その他")
CONFIRMED = ("意向確認書(書面)", "意向確認書(電磁的方法)", "口頭で確認し記録", "その他")
# A contact names at most so many policies: their ids with blanks between.
MOST_POLICIES = 60
_CLOCK = re.compile(r"(午前|午後|am|pm)?(?:(\d\d)(\d\d)|(\d{1,2})(?:[:時](\d{1,2}|半)?分?)?)")
_PHRASE = re.compile(r"[^、。,.\n]*[、。,.\n]?")


def identity(text: str) -> str:
    """The hex id of a record; raises Unreadable for another text."""
    if not re.fullmatch("[0-9a-f]{32}", text):
        raise Unreadable("choice-unknown", typed=text)
    return text


def identities(text: str) -> str:
    """Hex ids of records, each once, with blanks between; raises Unreadable for another text."""
    return " ".join(dict.fromkeys(identity(each) for each in text.split()))


def clock(text: str) -> str:
    """A time of day as 14:30, from 14:30, 1430, 14時半, 午後2時30分; raises Unreadable for another text."""
    found = _CLOCK.fullmatch("".join(unicodedata.normalize("NFKC", text).lower().split()))
    if found is None:
        raise Unreadable("time-unreadable", typed=text)
    half, hour, minute = found[1], found[2] or found[4], found[3] or found[5] or "0"
    hours, minutes = int(hour), 30 if minute == "半" else int(minute)
    if half in ("午後", "pm") and hours < 12:
        hours += 12
    if hours > 23 or minutes > 59:
        raise Unreadable("time-unreadable", typed=text)
    return f"{hours:02}:{minutes:02}"


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One time that somebody of the office and somebody of the client spoke or wrote.

    `about` are policies of the client (hex ids with blanks between). `task` (hex id) is the program's: what the next step
    has become on the work list.
    """

    task: str = ""
    day: TypedDate = f.day(required=True)
    time: str = f.text(max_length=20, my_number="free", check=clock)
    how: str = f.choice(*HOW, required=True)
    with_whom: str = f.name(required=True)
    handler: str = f.name(required=True)
    about: str = f.text(max_length=33 * MOST_POLICIES, my_number="free", hidden=True, check=identities)
    told: str = f.long(required=True)
    next: str = f.text()
    next_day: TypedDate | None = f.day()

    @property
    def policies(self) -> tuple[str, ...]:
        """The hex ids of the policies it was about."""
        return tuple(self.about.split())

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.next_day is None:
            return
        if not self.next:
            yield "next", Fault("next-missing")
        if self.next_day.value < self.day.value:
            yield "next_day", Fault("next-before-contact")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A product that the client was shown beside others."""

    insurer: str = f.name(choices=insurers.proposals())
    product: str = f.name()
    note: str = f.text()


@dataclass(frozen=True, kw_only=True)
class Intention:
    """What a client wanted, as it was understood at first and in the end, and what he was recommended, why.

    `policy` (hex id) is the one that it led to.
    """

    day: TypedDate = f.day(required=True)
    with_whom: str = f.name(required=True)
    handler: str = f.name(required=True)
    learned: str = f.text(required=True, max_length=60, choices=LEARNED)
    first: str = f.long(required=True)
    final: str = f.long()
    difference: str = f.long(max_length=2000)
    confirmed: str = f.text(max_length=60, choices=CONFIRMED)
    confirmed_on: TypedDate | None = f.day()
    compared: tuple[Compared, ...] = f.rows(Compared)
    recommended: str = f.text()
    reason: str = f.long(max_length=2000)
    policy: str = f.text(max_length=32, my_number="free", hidden=True, check=identity)

    @property
    def settled(self) -> bool:
        """Whether it is told what the client wanted in the end."""
        return bool(self.final)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.final and not self.difference:
            yield "difference", Fault("difference-missing", ask=True)
        if self.final and not self.confirmed:
            yield "confirmed", Fault("confirmed-missing", ask=True)
        if self.recommended and len(self.compared) > 1 and not self.reason:
            yield "reason", Fault("recommended-without-reason", ask=True)
        if self.confirmed_on and self.confirmed_on.value < self.day.value:
            yield "confirmed_on", Fault("confirmed-before-first")


Pieces = list[tuple[str, bool]]


def compared(first: str, final: str) -> tuple[Pieces, Pieces]:
    """Both wordings in pieces, phrase by phrase: (text, whether it stands on this side only)."""
    one, other = _PHRASE.findall(first), _PHRASE.findall(final)
    sides: tuple[Pieces, Pieces] = ([], [])
    for tag, a, b, c, d in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        for side, text in zip(sides, ("".join(one[a:b]), "".join(other[c:d])), strict=True):
            if text:
                side.append((text, tag != "equal"))
    return sides
