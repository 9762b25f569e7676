"""Prints and things taken out: for what, to whom, until when they are to come back, and what became of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from vault.domain import fields, page_ranges
from vault.domain.clients import Client
from vault.domain.fields import Fault
from vault.domain.values import TypedDate, Unreadable, compact

# Purpose and the days after which the paper is asked after; None: it is not expected back.
PURPOSES: dict[str, int | None] = {
    "社内利用": 30,
    "客先持参": 7,
    "お客様へ交付": None,
    "保険会社へ": None,
    "調書に保管": None,
}
# Sheets about the office itself go to no client.
OFFICE_PURPOSES = ("社内利用", "調書に保管", "保険会社へ")
TAKE_OUT_PURPOSES: dict[str, int | None] = {
    "客先持参": 7,
    "社外での作業": 7,
    "お客様へ交付": None,
    "保険会社へ": None,
    "修理・廃棄": 30,
}
# The one purpose of the copy of everything that the office keeps when its contract ends.
FINAL_PURPOSE = "契約終了時の控え"
_DAYS = TAKE_OUT_PURPOSES | PURPOSES | {FINAL_PURPOSE: None}
LONGEST_DAYS = 366
HALF_A_YEAR = timedelta(days=183)
_NEAR = re.compile(r"(\d{1,2})[月/.-](\d{1,2})日?")

NOT_PRINTED, NOT_TAKEN, WITHDRAWN, SHREDDED = "印刷しなかった", "持ち出さなかった", "取り下げ", "裁断"
OUTCOMES = ("返却", "お客様へ交付", SHREDDED, "保管", NOT_PRINTED, NOT_TAKEN, WITHDRAWN)
WAITING, APPROVED, DECLINED = "承認待ち", "承認", "却下"

POLICY_LIST, POLICY_DETAIL, CLIENT_CARD = "保険証券一覧表", "証券詳細", "顧客カルテ"
DEPOSIT_RECEIPT, SCANS = "保険証券お預り証", "書類(写し)"
SHEETS = (POLICY_LIST, POLICY_DETAIL, CLIENT_CARD, DEPOSIT_RECEIPT, SCANS)
# Sheets with boxes that may be sensitive. With them the ledger says so in the sheet's name: who approves has to know.
SENSITIVE_SHEETS = (CLIENT_CARD,)
WITH_SENSITIVE = "(要配慮情報を含む)"
WHOLE_OFFICE = "全顧客の控え"
LEDGER_SHEET, INSPECTION_SHEET, DATA_LEDGER_SHEET = "印刷・持ち出し台帳", "点検記録", "個人データ管理台帳"
ERASURE_SHEET, INCIDENT_SHEET = "消去証明書", "障害・事故の報告"
# Lists of what falls due with many clients.
WORK_SHEET, DUE_SHEET, CLOSING_SHEET = "今日の仕事", "満期・更改・更新一覧", "決算月別一覧"
OFFICE_SHEETS = (
    LEDGER_SHEET, INSPECTION_SHEET, DATA_LEDGER_SHEET, ERASURE_SHEET, INCIDENT_SHEET, WORK_SHEET, DUE_SHEET, CLOSING_SHEET,
)  # fmt: skip
THINGS = ("書類", "パソコン", "タブレット", "記録媒体", "その他")

Standing = Literal["waiting", "approved", "declined", "closed", "overdue", "out"]


def _copies(number: int) -> int:
    if not 1 <= number <= 20:
        raise Unreadable("copies-range", least=1, most=20)
    return number


def _identity(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", text):
        raise Unreadable("choice-unknown", typed=text)
    return text


def _people(number: int) -> int:
    if number > 1_000_000:
        raise Unreadable("people-range", most=1_000_000)
    return number


@dataclass(frozen=True, kw_only=True)
class PrintOrder:
    """What a person says before a sheet about a client is made. Without `due` the purpose says when it is due back.

    `policy` (hex id) is the one of a 証券詳細; without it all of the client's are printed. `deposit` (hex id) is the receipt
    of a 保険証券お預り証, `document` (hex id) the paper of a 書類(写し) with its `pages` (1,3-5), all where none is said.
    `sensitive`: whether what is hidden on the screen until asked for is printed too.
    """

    sheet: str = fields.choice(*SHEETS, required=True)
    purpose: str = fields.choice(*PURPOSES, required=True)
    addressee: str = fields.name(required=True)
    place: str = fields.text(max_length=120)
    copies: int = fields.number(required=True, check=_copies)
    due: TypedDate | None = fields.day()
    policy: str = fields.text(max_length=32, my_number="free", hidden=True, check=_identity)
    deposit: str = fields.text(max_length=32, my_number="free", hidden=True, check=_identity)
    document: str = fields.text(max_length=32, my_number="free", hidden=True, check=_identity)
    pages: str = fields.text(max_length=100, my_number="free", check=page_ranges.check)
    sensitive: bool | None = fields.flag()

    @property
    def tells_sensitive(self) -> bool:
        """Whether the sheet shows anything sensitive at all: on others the tick says nothing."""
        return bool(self.sensitive) and self.sheet in SENSITIVE_SHEETS

    @property
    def named(self) -> str:
        """What the ledger calls the sheet."""
        return self.sheet + (WITH_SENSITIVE if self.tells_sensitive else "")

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.sheet == DEPOSIT_RECEIPT and not self.deposit:
            yield "deposit", Fault("deposit-missing")
        if self.sheet == SCANS and not self.document:
            yield "document", Fault("document-missing")


@dataclass(frozen=True, kw_only=True)
class OfficeOrder:
    """The same before a sheet about the office itself is made."""

    purpose: str = fields.choice(*OFFICE_PURPOSES, required=True)
    addressee: str = fields.name(required=True)
    place: str = fields.text(max_length=120)
    copies: int = fields.number(required=True, check=_copies)
    due: TypedDate | None = fields.day()


@dataclass(frozen=True, kw_only=True)
class FinalOrder(OfficeOrder):
    """The same before everything is printed because the contract ends."""

    purpose: str = fields.choice(FINAL_PURPOSE, required=True)


@dataclass(frozen=True, kw_only=True)
class LedgerOrder(OfficeOrder):
    """The same before the ledger of some days is printed, both days included."""

    since: TypedDate = fields.day(required=True)
    until: TypedDate = fields.day(required=True)

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.until.value < self.since.value:
            yield "until", Fault("until-before-since")


@dataclass(frozen=True, kw_only=True)
class TakeOut:
    """What a person says who takes out a paper or device that Kura did not print."""

    thing: str = fields.choice(*THINGS, required=True)
    description: str = fields.text(required=True, max_length=120)
    people: int = fields.number(required=True, check=_people)
    purpose: str = fields.choice(*TAKE_OUT_PURPOSES, required=True)
    place: str = fields.text(required=True, max_length=120)
    addressee: str = fields.name()
    due: TypedDate | None = fields.day()


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a print or of a thing taken out."""

    outcome: str = fields.choice(*OUTCOMES, required=True)
    place: str = fields.text(max_length=120)
    note: str = fields.text(max_length=200)


@dataclass(frozen=True, kw_only=True)
class Decline:
    """Why an order is not approved."""

    reason: str = fields.text(required=True, max_length=200)


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """A row of the 印刷・持ち出し台帳. Names of clients are not in it: they are found through the client's own key.

    `client` is "" where there is none. `taken`: not printed by Kura, `sheet` then says what kind of thing it is.
    `approval` is "" where none was asked for; `opened` (seconds) says when an approved sheet left, once. `policy` (hex id)
    is the one policy that the sheet is about, where it is about one; `deposit` likewise the receipt, `document` the scanned
    paper, of which `pages` (1,3-5) are printed, all where none is said.
    """

    serial: int
    sheet: str
    client: str
    people: int
    purpose: str
    copies: int
    person: str
    at: int
    due: date | None = None
    outcome: str = ""
    outcome_note: str = ""
    outcome_at: int = 0
    outcome_person: str = ""
    taken: bool = False
    approval: str = ""
    approval_at: int = 0
    approval_person: str = ""
    opened: int = 0
    policy: str = ""
    deposit: str = ""
    document: str = ""
    pages: str = ""

    @property
    def left(self) -> bool:
        """Whether the sheet's body, or the thing, has left at all."""
        return not self.approval or bool(self.opened)

    @property
    def closed(self) -> bool:
        """Whether nothing more is expected of this row."""
        return bool(self.outcome) or self.approval == DECLINED

    def standing(self, today: date) -> Standing:
        """Where the row stands. Words: catalogue key `standing.<value>`."""
        if self.approval == DECLINED:
            return "declined"
        if self.outcome:
            return "closed"
        if not self.left:
            return "waiting" if self.approval == WAITING else "approved"
        return "overdue" if self.due and self.due < today else "out"

    def outcomes(self) -> tuple[str, ...]:
        """What may be noted as having become of it."""
        if not self.left:
            return (WITHDRAWN,)
        unfit = {WITHDRAWN, NOT_PRINTED if self.taken else NOT_TAKEN}
        return tuple(outcome for outcome in OUTCOMES if outcome not in unfit)


@dataclass(frozen=True, kw_only=True)
class LedgerNames:
    """The part of a row that may name the client, sealed under the client's key and gone with it."""

    client: str
    addressee: str
    place: str = ""
    description: str = ""
    reason: str = ""
    note: str = ""


def serial_text(serial: int) -> str:
    """How a serial number is printed: P-000123."""
    return f"P-{serial:06d}"


def client_number(client: str) -> str:
    """What stands for a client (hex id) where his name may not: 3F2A91BC."""
    return client[:8].upper()


def due_back(purpose: str, today: date, chosen: TypedDate | None = None) -> date | None:
    """The day on which the paper or thing is asked after: the one that was typed, else the one of the purpose."""
    if chosen is not None:
        return chosen.value
    days = _DAYS[purpose]
    return None if days is None else today + timedelta(days=days)


def near_day(text: str, today: date) -> str:
    """A day typed without its year (12/1) with the year of the next such day within half a year; else the text as it is.

    One that has just gone by is this year's, so that a slip is not taken for next year.
    """
    found = _NEAR.fullmatch(compact(text.strip()))
    if found is None:
        return text
    month, day = int(found[1]), int(found[2])
    following = _near(today.year + 1, month, day)
    this = _near(today.year, month, day)
    if following and (this is None or this < today) and following - today <= HALF_A_YEAR:
        this = following
    return f"{this:%Y/%m/%d}" if this else text


def _near(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def in_a_month(today: date) -> date:
    """A day to come, for an example."""
    return today + timedelta(days=30)


def due_fault(chosen: TypedDate | None, today: date) -> Fault | None:
    """Why a day on which something is due back is not taken."""
    if chosen is None:
        return None
    if chosen.value < today:
        return Fault("due-past")
    return Fault("due-far") if chosen.value > today + timedelta(days=LONGEST_DAYS) else None


def addressed(client: Client) -> str:
    """A client's name with 様 for persons and 御中 for corporations."""
    return f"{client.name} {client.honorific}"
