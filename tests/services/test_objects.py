"""Sealed objects: what was put comes out, and nothing else does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.offices import Office
from vault.domain.access import Permission
from vault.errors import Damaged, NotFound, RolledBack
from vault.services import clients, confirming, objects
from vault.services.audit import Event

MARKER = "控えの写し".encode()


def put(office: Office, client: bytes, data: bytes) -> bytes:
    desk = office.desk()
    with desk.act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        return objects.put(act, client, [data[:5], data[5:]], len(data))


def read(office: Office, client: bytes, name: bytes) -> bytes:
    with office.desk().act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        return objects.read(act, client, name)


def file_of(office: Office, name: bytes) -> Path:
    [(file,)] = office.sql("SELECT file FROM objects WHERE id=?", name)
    return office.instance.objects.path_of(file)


def test_an_object_comes_back_and_its_file_tells_nothing(office: Office) -> None:
    client = office.facts.clients[0]
    data = MARKER * 20_000
    name = put(office, client, data)
    assert read(office, client, name) == data
    assert MARKER not in file_of(office, name).read_bytes() and file_of(office, name).stat().st_mode & 0o77 == 0
    clients.get(office.desk(), client)  # and the rest of the client is read as before
    with office.desk().act(Event.CLIENT_OPENED, Permission.READ_CLIENTS, client) as act:
        assert objects.names(act, client) == [name] and act.read(client)


def test_another_clients_object_is_not_found_under_this_one(office: Office) -> None:
    first, second = office.facts.clients[:2]
    name = put(office, first, MARKER)
    with pytest.raises(NotFound):
        read(office, second, name)


@pytest.mark.parametrize("spoil", ["flip", "cut", "swap", "gone"])
def test_any_other_bytes_are_refused(spoil: str, office: Office) -> None:
    client = office.facts.clients[0]
    name, other = put(office, client, MARKER * 100), put(office, client, MARKER * 99)
    path = file_of(office, name)
    raw = path.read_bytes()
    if spoil == "gone":
        path.unlink()
    else:
        spoiled = {"flip": raw[:-1] + bytes([raw[-1] ^ 1]), "cut": raw[:-16], "swap": file_of(office, other).read_bytes()}
        path.write_bytes(spoiled[spoil])
    with pytest.raises(Damaged):
        read(office, client, name)


def test_a_client_confirmed_after_a_rollback_keeps_its_objects(office: Office) -> None:
    client = office.facts.clients[0]
    name = put(office, client, MARKER)
    office.sql("DELETE FROM contents WHERE owner=?", client)
    with pytest.raises(RolledBack):
        read(office, client, name)
    confirming.confirm_client(office.desk(), client)
    assert read(office, client, name) == MARKER


def test_files_that_no_row_knows_are_swept_after_a_while(office: Office) -> None:
    client = office.facts.clients[0]
    name = put(office, client, MARKER)
    lost = bytes(16)
    office.instance.objects.put(lost, [b"sealed"])
    written = office.instance.objects.path_of(lost).stat().st_mtime
    known = {bytes.fromhex(file_of(office, name).name)}
    assert office.instance.objects.sweep(known, written - 1) == 0
    assert office.instance.objects.sweep(known, written + 1) == 1
    assert set(office.instance.objects.names()) == known
