"""What people note in the print ledger: what became of a print, and things taken out that Kura did not print."""

from __future__ import annotations

from dataclasses import replace

from vault.domain.access import Permission
from vault.domain.prints import LedgerEntry, LedgerNames, Outcome, TakeOut, due_back
from vault.errors import Refused
from vault.services.audit import Event
from vault.services.holdings import client_of
from vault.services.ledger_rows import Listed, add, change, ensure_papers, listed, of_serial, today
from vault.services.safe import Desk
from vault.storage import records


def note_outcome(desk: Desk, serial: int, outcome: Outcome, base: int) -> None:
    """Note what became of a print or thing; raises Conflict when somebody was faster."""
    with desk.act(Event.LEDGER_CHANGED, Permission.NOTE_PRINTS) as act:
        row = of_serial(act, serial)
        shown = listed(act, row)
        _check_outcome(desk, shown, outcome)
        note = " ".join(filter(None, [outcome.place, outcome.note]))
        now = desk.instance.now()
        entry = replace(row.entry, outcome=outcome.outcome, outcome_at=now, outcome_person=desk.person.hex())
        # Who and where may be told in it: with the client's key gone it is the office's own words, and stays.
        if shown.names is None:
            change(act, row, replace(entry, outcome_note=note), None, base)
        else:
            change(act, row, replace(entry, outcome_note=""), replace(shown.names, note=note), base)
        act.tell(serial=serial, outcome=outcome.outcome)


def _check_outcome(desk: Desk, row: Listed, outcome: Outcome) -> None:
    entry = row.entry
    if row.unnamed == "elsewhere":
        raise Refused("ledger-elsewhere")
    if entry.standing(today(desk)) == "declined" or outcome.outcome not in entry.outcomes():
        raise Refused("outcome-unfit")
    if not entry.left and entry.person != desk.person.hex():
        raise Refused("order-anothers")


def take_out(desk: Desk, thing: TakeOut, client: bytes = b"") -> int:
    """Note a paper or device that is taken out and that Kura did not print; returns its serial number."""
    desk.require(Permission.NOTE_PRINTS)
    owner = ensure_papers(desk)
    with desk.act(Event.TAKE_OUT_NOTED, Permission.NOTE_PRINTS, client) as act:
        name = client_of(act, client)[1].name if client else ""
        entry = LedgerEntry(
            serial=records.next_serial(act.connection), sheet=thing.thing, client=client.hex(), people=thing.people,
            purpose=thing.purpose, copies=1, person=desk.person.hex(), at=desk.instance.now(),
            due=due_back(thing.purpose, today(desk), thing.due), taken=True,
        )  # fmt: skip
        add(act, owner, entry, LedgerNames(
            client=name, addressee=thing.addressee, place=thing.place, description=thing.description,
        ))  # fmt: skip
        act.tell(serial=entry.serial, purpose=entry.purpose)
    return entry.serial


def client_name(desk: Desk, client: bytes) -> str:
    """The name of the client whose papers are to be taken out; raises NotFound."""
    with desk.act(Event.CLIENT_OPENED, Permission.READ_CLIENTS, client) as act:
        return client_of(act, client)[1].name
