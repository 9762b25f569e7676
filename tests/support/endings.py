"""An office about to end or to move: objects and a backup made, nobody holding anything open."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.support.offices import CHEAP, Office
from vault.config import Settings
from vault.crypto.keys import new_signing_key, signing_public
from vault.domain.access import Permission
from vault.services import backups, destroying, ending_notes, objects
from vault.services.audit import Event
from vault.services.destroying import Order
from vault.services.ending_notes import Ending
from vault.services.instance import Instance

SCAN = b"a scan of a policy, page one of three " * 40


def add_scan(office: Office) -> bytes:
    """A synthetic object of the first client."""
    client = office.facts.clients[0]
    with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        return objects.put(act, client, [SCAN], len(SCAN))


def let_go(office: Office) -> None:
    """As if its server had been stopped."""
    office.instance.engine.dispose()
    office.instance.keyring.let_go()


def set_operator(office: Office) -> bytes:
    """A key pair of the operator, its private half beside the settings; returns that."""
    private = new_signing_key()
    path = office.folder / "settings.toml"
    before = office.settings.operator_public.hex()
    path.write_text(path.read_text("utf-8").replace(before, signing_public(private).hex()), "utf-8")
    (office.folder / destroying.OPERATOR_KEY).write_text(private.hex())
    return private


def furnished(office: Office) -> bytes:
    """The office with an object and a backup, let go of; returns the operator's private key."""
    private = set_operator(office)
    office.restart()
    add_scan(office)
    backups.make(office.instance)
    let_go(office)
    return private


def target_of(office: Office) -> Path:
    return office.folder.parent / "certificate.txt"


def plain_words(ending: Ending) -> str:
    return "CERTIFICATE" if ending.ended else "DRAFT"


def destroy(office: Office, order: Order) -> bytes:
    """What `kura destroy` does, with the office's clock."""
    ending = ending_notes.read(office.folder)
    if ending is None:
        worker = office.worker()
        try:
            ending = destroying.begin(worker, order)
        finally:
            worker.engine.dispose()
            worker.keyring.let_go()
    return destroying.carry_out(office.folder, ending, order, plain_words, int(office.clock()))


def opened_like(office: Office) -> Instance:
    """A worker of the office."""
    return office.worker()


def moved(office: Office, folder: Path) -> Office:
    """The same people before another folder."""
    other = object.__new__(Office)
    other.folder, other.clock, other.facts, other.workers = folder, office.clock, office.facts, []
    other.instance = other.worker()
    return other


def opener(office: Office):  # type: ignore[no-untyped-def]
    """How unpacking opens an instance in these tests: with the office's clock and a cheap password cost."""

    def opened(settings: Settings) -> Instance:
        return Instance(replace(settings, run=settings.run), office.clock, CHEAP)

    return opened
