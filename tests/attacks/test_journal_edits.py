"""The journal edited by hand: the verifier names the first entry that is not right, and what relied on it stops."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.offices import Office
from vault.errors import RolledBack
from vault.services import audit, clients

Edit = Callable[[Office, int], None]


def clear_part_edited(office: Office, at: int) -> None:
    [(clear,)] = office.sql("SELECT clear FROM journal WHERE position=?", at)
    office.sql("UPDATE journal SET clear=? WHERE position=?", clear.replace(b"192.0.2.7", b"192.0.2.8"), at)


def sealed_part_edited(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET sealed=x'00' WHERE position=?", at)


def hash_edited(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET hash=zeroblob(32) WHERE position=?", at)


def deleted(office: Office, at: int) -> None:
    office.sql("DELETE FROM journal WHERE position=?", at)


def deleted_and_moved_up(office: Office, at: int) -> None:
    deleted(office, at)
    for (position,) in office.sql("SELECT position FROM journal WHERE position>? ORDER BY position", at):
        office.sql("UPDATE journal SET position=position-1 WHERE position=?", position)


def swapped_with_the_next(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET position=-1 WHERE position=?", at)
    office.sql("UPDATE journal SET position=? WHERE position=?", at, at + 1)
    office.sql("UPDATE journal SET position=? WHERE position=-1", at + 1)


def note_moved(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET noted=randomblob(16) WHERE position=?", at)


EDITS = [
    clear_part_edited, sealed_part_edited, hash_edited, deleted, deleted_and_moved_up, swapped_with_the_next, note_moved,
]  # fmt: skip


def first_wrong(office: Office) -> int | None:
    with office.instance.engine.begin() as connection:
        return audit.verify_chain(connection)


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.__name__)
@pytest.mark.parametrize("at", [1, 5, 9])
def test_the_verifier_names_the_first_wrong_entry(edit: Edit, at: int, office: Office) -> None:
    assert first_wrong(office) is None
    edit(office, at)
    assert first_wrong(office) == at


def test_an_entry_put_in_by_hand_is_named(office: Office) -> None:
    [(newest,)] = office.sql("SELECT max(position) FROM journal")
    office.sql(
        "INSERT INTO journal (position, clear, key, sealed, hash, noted, at, event, person, subject)"
        " SELECT position+1, clear, key, sealed, hash, noted, at, event, person, subject FROM journal WHERE position=?", newest
    )
    assert first_wrong(office) == newest + 1


def test_a_journal_cut_short_is_noticed_by_what_stands_outside_it(office: Office) -> None:
    office.sql("DELETE FROM journal WHERE position>3")
    assert first_wrong(office) is None
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, office.instance.keyring.stored())
    with pytest.raises(RolledBack):
        clients.list_clients(office.desk())


@pytest.mark.parametrize("edit", [clear_part_edited, sealed_part_edited, hash_edited], ids=lambda e: e.__name__)
def test_a_client_whose_note_was_edited_in_place_is_not_opened(edit: Edit, office: Office) -> None:
    owner = office.facts.clients[1]
    [(at,)] = office.sql("SELECT max(position) FROM journal WHERE noted=?", owner)
    edit(office, at)
    with pytest.raises(RolledBack):
        clients.get(office.desk(), owner)


def test_names_and_typed_text_are_in_no_clear_part(office: Office) -> None:
    office.instance.sessions.clear_failures(b"")
    for (clear,) in office.sql("SELECT clear FROM journal"):
        for word in ("志摩", "羽黒", "日本生命", "みなと", "N-01"):
            assert word.encode() not in clear


def test_what_is_typed_into_the_id_field_is_not_noted(office: Office) -> None:
    from tests.support.offices import DEVICE, ORIGIN
    from vault.errors import WrongCredential
    from vault.services.accounts import signing_in

    with pytest.raises(WrongCredential):
        signing_in.sign_in(office.instance, "my secret password", "x", DEVICE, ORIGIN)
    [(clear,)] = office.sql("SELECT clear FROM journal ORDER BY position DESC LIMIT 1")
    assert b"sign-in-refused" in clear and b"secret" not in clear
