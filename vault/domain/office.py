"""The office itself: what stands on its sheets, and what its people are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from vault.domain import fields
from vault.domain.fields import Fault
from vault.domain.values import TypedDate, Unreadable

AGENCY, ACCOUNTANTS = "保険代理店", "会計事務所"


@dataclass(frozen=True, kw_only=True)
class Office:
    """The particulars an office types on its first day."""

    name: str = fields.name(required=True)
    kind: str = fields.choice(AGENCY, ACCOUNTANTS, required=True)
    postal_code: str = fields.text(max_length=10, my_number="free")
    address: str = fields.text()
    telephone: str = fields.text(max_length=40, my_number="ask")
    registration_number: str = fields.text(max_length=60, my_number="ask")
    footer: str = fields.text(max_length=300)
    # For the 個人データ管理台帳, in the office's own words; empty: what Kura says will do.
    purpose: str = fields.long(max_length=1000)
    place: str = fields.long(max_length=400)


@dataclass(frozen=True, kw_only=True)
class Training:
    """A training in the handling of personal data that a person has taken part in."""

    on: TypedDate | None = fields.day(required=True)
    subject: str = fields.text(required=True, max_length=120)


def _persons_kana(reading: str) -> str:
    digit = next((each for each in reading if each.isdigit()), "")
    if digit:
        raise Unreadable("kana-expected", character=digit)
    return reading


@dataclass(frozen=True, kw_only=True)
class Colleague:
    """One person of the office, as colleagues and printed sheets call him; `pledged`: when he signed the 誓約書."""

    name: str = fields.name(required=True)
    kana: str = fields.kana(check=_persons_kana)
    pledged: TypedDate | None = fields.day()
    trainings: tuple[Training, ...] = fields.rows(Training)
    note: str = fields.long()


def days_to_come(colleague: Colleague, today: date) -> Iterator[tuple[str, Fault]]:
    """A pledge or a training that is noted before it has happened, by path in the record."""
    if colleague.pledged and colleague.pledged.value > today:
        yield "pledged", Fault("day-to-come")
    for i, training in enumerate(colleague.trainings):
        if training.on and training.on.value > today:
            yield f"trainings-{i}-on", Fault("day-to-come")


@dataclass(frozen=True, kw_only=True)
class Named:
    """What else has a name that people chose: a compartment, a device."""

    name: str = fields.name(required=True)
