"""Erasing: a client gone is unreadable with every key there is; a part gone leaves the rest as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.forging import stolen_keystore
from tests.support.offices import Office
from vault.domain.access import Permission, Role
from vault.domain.erasures import ErasureOrder
from vault.errors import Forbidden, NotFound
from vault.services import audit, clients, erasing, objects, policies, rekeying
from vault.services.audit import Event
from vault.storage import records
from vault.storage.database import transaction

ORDER = ErasureOrder(reason="誤った登録")


def raw_files(office: Office) -> list[tuple[Path, bytes]]:
    return [(path, path.read_bytes()) for path in office.folder.rglob("*") if path.is_file()]


def test_an_erased_client_is_gone_everywhere_and_others_are_not(office: Office) -> None:
    first, second = office.facts.clients[:2]
    folder = office.desk().folder(first)
    sealed = [bytes(row[0]) for row in office.sql("SELECT sealed FROM records WHERE owner=?", first)]
    [number] = erasing.erase_clients(office.desk(), [first], ORDER)
    desk = office.desk()
    with pytest.raises(NotFound):
        clients.get(desk, first)
    assert first not in {head.id for head in clients.list_clients(desk)}
    assert clients.get(desk, second).client.name
    for table in ("records", "history", "contents", "objects"):
        assert office.sql(f"SELECT count(*) FROM {table} WHERE owner=?", first) == [(0,)]
    keystore, _ = stolen_keystore(office)
    assert desk.directory.system("admin") and keystore.epoch == desk.stored.keystore.epoch
    for path, raw in raw_files(office):
        assert folder.key not in raw and not any(each in raw for each in sealed), path
    done = erasing.certificate(desk, number)
    assert done.records and done.epoch == keystore.epoch and len(done.signature) == 128
    with transaction(office.instance.engine) as connection:
        assert audit.verify_chain(connection) is None and records.client_count(connection) == len(office.facts.clients) - 1


def test_a_kill_after_the_mark_is_finished_later(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    first = office.facts.clients[0]
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "finish", lambda desk: None)
        erasing.erase_clients(office.desk(), [first], ORDER)
        desk = office.desk()
    with pytest.raises(NotFound):  # who writes finds the mark
        page = clients.get(desk, first)
        clients.save(desk, first, page.client, page.version)
    assert erasing.is_pending(desk)
    desk = office.desk()  # an administrator signs in
    assert not erasing.is_pending(desk) and erasing.certificate(desk, 1).done
    with pytest.raises(NotFound):
        clients.get(office.desk(), first)


def test_only_an_administrator_erases(office: Office) -> None:
    from tests.support.people import join

    [room] = office.desk().client_compartments()
    member = join(office, Role.HANDLER, (room,))
    with pytest.raises(Forbidden):
        erasing.erase_clients(member.desk(office), [office.facts.clients[0]], ORDER)


def test_a_part_erased_leaves_the_rest_and_no_version_of_it(office: Office) -> None:
    client = office.facts.clients[0]
    desk = office.desk()
    before = clients.get(desk, client)
    gone, *stay = [held.id for held in before.policies]
    old = desk.folder(client)
    with office.desk().act(Event.CLIENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        scan, other = (objects.put(act, client, [text], len(text)) for text in (b"scan of one", b"scan of another"))
    rekeying.erase_part(office.desk(), client, {gone, scan}, ORDER)
    desk = office.desk()
    after = clients.get(desk, client)
    assert [held.id for held in after.policies] == stay and after.client == before.client
    assert desk.folder(client).id != old.id
    with pytest.raises(NotFound):
        policies.get(desk, client, gone)
    with desk.act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        assert objects.names(act, client) == [other] and objects.read(act, client, other) == b"scan of another"
    for path, raw in raw_files(office):
        assert old.key not in raw, path
    assert len(list(office.instance.objects.names())) == 1
    clients.save(office.desk(), client, after.client, after.version)


def test_a_kill_between_rows_and_keys_leaves_the_client_readable(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = office.facts.clients[0]
    gone = clients.get(office.desk(), client).policies[0].id
    with monkeypatch.context() as patched:
        patched.setattr(erasing, "finish", lambda desk: None)
        rekeying.erase_part(office.desk(), client, {gone}, ORDER)
        desk = office.desk()
    assert erasing.is_pending(desk)
    assert gone not in {held.id for held in clients.get(desk, client).policies}
    assert clients.list_clients(desk)
    erasing.finish(desk)
    page = clients.get(office.desk(), client)
    clients.save(office.desk(), client, page.client, page.version)
