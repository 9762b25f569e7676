"""The list of all clients reads everything at once and believes no more of it than a page of one client does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.offices import NAMES, Office
from vault.crypto.keys import new_id, new_key
from vault.errors import Damaged, KuraError, RolledBack
from vault.services import clients
from vault.storage import journal, noted
from vault.storage.database import transaction
from vault.storage.records import get_contents


def contents_deleted(office: Office) -> None:
    office.sql("DELETE FROM contents WHERE owner=?", office.facts.clients[0])


def contents_of_the_other(office: Office) -> None:
    one, other = office.facts.clients
    office.sql("UPDATE contents SET sealed=(SELECT sealed FROM contents WHERE owner=?) WHERE owner=?", other, one)


def contents_numbered_anew(office: Office) -> None:
    office.sql("UPDATE contents SET version=version+1 WHERE owner=?", office.facts.clients[0])


def own_record_deleted(office: Office) -> None:
    office.sql("DELETE FROM records WHERE id=?", office.facts.clients[0])


def own_record_of_the_other(office: Office) -> None:
    one, other = office.facts.clients
    office.sql("UPDATE records SET sealed=(SELECT sealed FROM records WHERE id=?) WHERE id=?", other, one)


@pytest.mark.parametrize("attack", [
    contents_deleted, contents_of_the_other, contents_numbered_anew, own_record_deleted, own_record_of_the_other,
])  # fmt: skip
@pytest.mark.parametrize("opened_before", [True, False])
def test_a_list_with_something_changed_by_hand_is_refused(
    office: Office, attack: Callable[[Office], None], opened_before: bool
) -> None:
    desk = office.desk()
    if opened_before:  # what this worker has verified within the minute does not stand in for what lies there now
        clients.get(desk, office.facts.clients[0])
    attack(office)
    with pytest.raises((RolledBack, Damaged)):
        clients.list_clients(desk)
    with pytest.raises(KuraError):
        clients.get(desk, office.facts.clients[0])


def test_keys_without_rows_are_left_out_of_the_list(office: Office) -> None:
    desk = office.desk()
    (room,) = desk.client_compartments()
    made = new_id()
    desk.add_folders({made: room}, {made: (new_id(), new_key())})
    assert [head.client.name for head in clients.list_clients(desk)] == list(NAMES)


def test_a_list_is_read_beside_its_newest_note(office: Office) -> None:
    with transaction(office.instance.engine) as connection:
        for owner in office.facts.clients:
            found = noted.contents_of(connection, owner)
            assert found is not None
            assert found == (get_contents(connection, owner), journal.last_note_of(connection, owner))
        assert noted.contents_of(connection, bytes(16)) is None
        every = {row.owner: (row, note) for row, note, _ in noted.every_client(connection)}
        assert {owner: noted.contents_of(connection, owner) for owner in every} == every
        assert set(office.facts.clients) <= set(every)
