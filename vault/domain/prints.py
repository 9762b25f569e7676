"""Prints: for what, to whom, until when they are to come back, and what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from vault.domain import fields
from vault.domain.clients import Client
from vault.domain.values import Unreadable

# Purpose and the days after which the paper is asked after; None: it is not expected back.
PURPOSES: dict[str, int | None] = {
    "社内利用": 30,
    "客先持参": 7,
    "お客様へ交付": None,
    "保険会社へ": None,
    "調書に保管": None,
}
OUTCOMES = ("返却", "お客様へ交付", "裁断", "保管", "印刷しなかった")
POLICY_LIST = "保険証券一覧表"
SHEETS = (POLICY_LIST,)


def _copies(number: int) -> int:
    if not 1 <= number <= 20:
        raise Unreadable("copies-range", least=1, most=20)
    return number


@dataclass(frozen=True, kw_only=True)
class PrintOrder:
    """What a person says before a sheet is made."""

    sheet: str = fields.choice(*SHEETS, required=True)
    purpose: str = fields.choice(*PURPOSES, required=True)
    addressee: str = fields.name(required=True)
    place: str = fields.text(max_length=120)
    copies: int = fields.number(required=True, check=_copies)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of a print."""

    outcome: str = fields.choice(*OUTCOMES, required=True)
    place: str = fields.text(max_length=120)
    note: str = fields.text(max_length=200)


@dataclass(frozen=True, kw_only=True)
class LedgerEntry:
    """A row of the 印刷・持ち出し台帳. Names of clients are not in it: they are found through the client's own key."""

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


@dataclass(frozen=True, kw_only=True)
class LedgerNames:
    """The part of a row that names the client, sealed under the client's key and gone with it."""

    client: str
    addressee: str
    place: str = ""


def serial_text(serial: int) -> str:
    """How a serial number is printed: P-000123."""
    return f"P-{serial:06d}"


def due_back(purpose: str, today: date) -> date | None:
    """The day on which the paper is asked after."""
    days = PURPOSES[purpose]
    return None if days is None else today + timedelta(days=days)


def addressed(client: Client) -> str:
    """A client's name with 様 for persons and 御中 for corporations."""
    return f"{client.name} {client.honorific}"
