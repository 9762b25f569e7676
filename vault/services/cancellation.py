"""An office asks for the end of its contract, tells everybody in it, and can take it back until the day.

The request is a sealed record; its day stands beside it in clear, for the sign-in page and for the operator, who
hold no key. Who edits that can hasten or put off nothing but the operator's own command, and the record says what was
asked.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date

from vault.crypto import codec
from vault.domain.access import Permission
from vault.domain.cancellation import Cancellation, CancellationOrder, can_be_taken_back, earliest
from vault.domain.erasures import is_typed
from vault.domain.values import wareki
from vault.domain.values.moments import day_of
from vault.errors import KuraError, Malformed, Refused
from vault.services import payloads
from vault.services.acts import Act, Opened
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.office import name_of, read_particulars
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import records
from vault.storage.database import reading

KIND, FACT = "cancellation", "cancellation"
_P = Permission.CANCEL_CONTRACT


@dataclass(frozen=True)
class Standing:
    """What everybody may see of a request that stands: the day on which everything goes, and when it was asked for
    (seconds since 1970)."""

    day: date
    asked: int


@dataclass(frozen=True)
class Page:
    """What an administrator sees: the office's name and kind, the request that stands with who made it, or None, and
    whether it can still be taken back."""

    office: str
    kind: str
    found: Cancellation | None
    person: str
    open: bool


def today_of(instance: Instance) -> date:
    """Today in Japan by the instance's clock."""
    return day_of(instance.now())


def standing(instance: Instance) -> Standing | None:
    """The request that stands, without any key; None when there is none."""
    with reading(instance.engine) as connection:
        raw = records.fact(connection, FACT)
    with suppress(Malformed, ValueError):
        if raw:
            told = codec.shaped(codec.decode(raw), {"day": str, "asked": int})
            return Standing(date.fromisoformat(told["day"]), told["asked"])
    return None


def told(instance: Instance) -> Standing | None:
    """The same for every page: one that only says that the database cannot be read asks too."""
    try:
        return standing(instance)
    except KuraError:
        return None


def page(desk: Desk) -> Page:
    """What stands, for an administrator."""
    with desk.act(Event.PARTICULARS_OPENED, _P) as act:
        office, _ = read_particulars(act)
        opened = _standing(act)
        found = opened[1] if opened else None
        person = name_of(act, bytes.fromhex(found.person)) if found else ""
    still = found is not None and can_be_taken_back(found.on, today_of(desk.instance))
    return Page(office.name if office else "", office.kind if office else "", found, person, still)


def _standing(act: Act) -> tuple[Opened, Cancellation] | None:
    for opened in act.read(OFFICE_PAGE, [KIND]):
        found = payloads.decode(opened.payload, Cancellation)
        if not found.taken_back:
            return opened, found
    return None


def ask(desk: Desk, order: CancellationOrder) -> None:
    """Ask for the end. Raises Refused: cancellation-name, cancellation-early, cancellation-stands."""
    assert order.day is not None
    first = earliest(today_of(desk.instance))
    with desk.act(Event.CANCELLATION_ASKED, _P) as act:
        office, _ = read_particulars(act)
        if office is None or not is_typed(order.office, office.name):
            raise Refused("cancellation-name")
        if order.day.value < first:
            raise Refused("cancellation-early", day=wareki(first))
        if _standing(act) is not None:
            raise Refused("cancellation-stands")
        made = Cancellation(
            day=order.day.value.isoformat(), asked=desk.instance.now(), person=desk.person.hex(), reason=order.reason
        )
        act.add(OFFICE_PAGE, KIND, payloads.encode(made))
        act.tell(day=made.day)
        records.set_fact(act.connection, FACT, codec.encode({"day": made.day, "asked": made.asked}))


def take_back(desk: Desk) -> None:
    """Go on as before. Raises Refused: cancellation-none, and cancellation-due once the day has come."""
    with desk.act(Event.CANCELLATION_TAKEN_BACK, _P) as act:
        opened = _standing(act)
        if opened is None:
            raise Refused("cancellation-none")
        held, found = opened
        if not can_be_taken_back(found.on, today_of(desk.instance)):
            raise Refused("cancellation-due")
        now = replace(found, taken_back=desk.instance.now(), taken_back_by=desk.person.hex())
        act.change(OFFICE_PAGE, held.row.id, KIND, payloads.encode(now), held.row.version)
        records.set_fact(act.connection, FACT, b"")
