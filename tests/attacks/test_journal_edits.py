"""The journal edited by hand: both verifiers name the first bad entry, and what relied on it stops."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.support.offices import DEVICE, ORIGIN, Office
from tests.support.verifiers import agreed, found_in
from vault.errors import RolledBack, WrongCredential
from vault.services import audit, clients
from vault.services.accounts import signing_in
from vault.storage.database import create_tables
from vault.storage.journal import entry_hash

Edit = Callable[[Office, int], None]
EVERYTHING = 'position, clear, "key", sealed, hash, noted, "at", event, person, subject'
PLACES = ("first", "middle", "last")


def newest(office: Office) -> int:
    [(position,)] = office.sql("SELECT max(position) FROM journal")
    return int(position)


def place_of(office: Office, name: str) -> int:
    return {"first": 1, "middle": newest(office) // 2, "last": newest(office)}[name]


def make_room(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET position=-position-1 WHERE position>=?", at)
    office.sql("UPDATE journal SET position=-position WHERE position<0")


def put_in(office: Office, at: int, *rest: object) -> None:
    office.sql(f"INSERT INTO journal ({EVERYTHING}) VALUES (?,?,?,?,?,?,?,?,?,?)", at, *rest)


# --- the five manipulations


def clear_part_edited(office: Office, at: int) -> None:
    [(clear,)] = office.sql("SELECT clear FROM journal WHERE position=?", at)
    office.sql("UPDATE journal SET clear=? WHERE position=?", clear.replace(b"192.0.2.7", b"192.0.2.8"), at)


def clear_part_made_text(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET clear='nothing happened' WHERE position=?", at)


def sealed_part_edited(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET sealed=x'00' WHERE position=?", at)


def key_edited(office: Office, at: int) -> None:
    office.sql('UPDATE journal SET "key"=randomblob(16) WHERE position=?', at)


def hash_edited(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET hash=zeroblob(32) WHERE position=?", at)


def hash_made_a_number(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET hash=2000000000 WHERE position=?", at)


def note_moved(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET noted=randomblob(16) WHERE position=?", at)


def person_moved(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET person=randomblob(16) WHERE position=?", at)


def time_moved(office: Office, at: int) -> None:
    office.sql('UPDATE journal SET "at"="at"+1 WHERE position=?', at)


def column_emptied(office: Office, at: int) -> None:
    office.sql("UPDATE journal SET event=NULL WHERE position=?", at)


def deleted(office: Office, at: int) -> None:
    office.sql("DELETE FROM journal WHERE position=?", at)


def deleted_and_moved_up(office: Office, at: int) -> None:
    deleted(office, at)
    for (position,) in office.sql("SELECT position FROM journal WHERE position>? ORDER BY position", at):
        office.sql("UPDATE journal SET position=position-1 WHERE position=?", position)


def a_copy_put_in(office: Office, at: int) -> None:
    make_room(office, at)
    other = newest(office) if at < newest(office) // 2 else 2
    [row] = office.sql(f"SELECT {EVERYTHING} FROM journal WHERE position=?", other)
    put_in(office, at, *row[1:])


def a_fitting_entry_put_in(office: Office, at: int) -> None:
    """One with a right hash of its own: only what stands behind it no longer fits."""
    make_room(office, at)
    [row] = office.sql(f"SELECT {EVERYTHING} FROM journal WHERE position=?", at + 1)
    before = office.sql("SELECT hash FROM journal WHERE position=?", at - 1)
    clear = row[1].replace(b"192.0.2.7", b"192.0.2.9")
    chained = entry_hash(before[0][0] if before else bytes(32), at, clear, row[2], row[3])
    put_in(office, at, clear, *row[2:4], chained, *row[5:])


def swapped(office: Office, one: int, other: int) -> None:
    office.sql("UPDATE journal SET position=-1 WHERE position=?", one)
    office.sql("UPDATE journal SET position=? WHERE position=?", one, other)
    office.sql("UPDATE journal SET position=? WHERE position=-1", other)


def swapped_with_the_next(office: Office, at: int) -> None:
    swapped(office, at, at + 1 if at < newest(office) else at - 1)


def swapped_with_one_far_away(office: Office, at: int) -> None:
    swapped(office, at, at - 5 if at > 6 else at + 5)


EDITS = [
    clear_part_edited, clear_part_made_text, sealed_part_edited, key_edited, hash_edited, hash_made_a_number, note_moved,
    person_moved, time_moved, column_emptied,
]  # fmt: skip


@pytest.mark.parametrize("edit", EDITS, ids=lambda e: e.__name__)
@pytest.mark.parametrize("place", PLACES)
def test_an_edited_entry_is_named(edit: Edit, place: str, office: Office) -> None:
    assert found_in(office) is None
    at = place_of(office, place)
    edit(office, at)
    assert found_in(office) == (at, "edited")


@pytest.mark.parametrize("edit", [deleted, deleted_and_moved_up], ids=lambda e: e.__name__)
@pytest.mark.parametrize("place", PLACES)
def test_a_deleted_entry_is_named(edit: Edit, place: str, office: Office) -> None:
    at = place_of(office, place)
    edit(office, at)
    assert found_in(office) == (at, "cut" if place == "last" else "missing")


@pytest.mark.parametrize("edit", [a_copy_put_in, a_fitting_entry_put_in], ids=lambda e: e.__name__)
@pytest.mark.parametrize("place", PLACES)
def test_an_entry_put_in_is_named(edit: Edit, place: str, office: Office) -> None:
    at = place_of(office, place)
    edit(office, at)
    position, kind = found_in(office) or (0, "")
    # The head is noted outside: of what stands at its place the note says first that it is another one.
    assert (position, kind) in [(at, "inserted"), (at, "replaced")] and (kind == "inserted" or place == "last")


def test_an_entry_put_behind_the_last_is_named(office: Office) -> None:
    at = newest(office) + 1
    copy = EVERYTHING.replace("position", "position+1")
    office.sql(f"INSERT INTO journal ({EVERYTHING}) SELECT {copy} FROM journal WHERE position=?", at - 1)
    assert found_in(office) == (at, "inserted")


@pytest.mark.parametrize("position", [0, -7])
def test_an_entry_put_before_the_first_is_named(position: int, office: Office) -> None:
    copy = EVERYTHING.replace("position", "?")
    office.sql(f"INSERT INTO journal ({EVERYTHING}) SELECT {copy} FROM journal WHERE position=3", position)
    assert found_in(office) == (position, "inserted")


@pytest.mark.parametrize("edit", [swapped_with_the_next, swapped_with_one_far_away], ids=lambda e: e.__name__)
@pytest.mark.parametrize("place", PLACES)
def test_the_first_of_two_reordered_entries_is_named(edit: Edit, place: str, office: Office) -> None:
    at = place_of(office, place)
    before = dict(office.sql("SELECT position, hash FROM journal"))
    edit(office, at)
    after = office.sql("SELECT position, hash FROM journal")
    first = min(position for position, hashed in after if before[position] != hashed)
    assert found_in(office) == (first, "inserted")


@pytest.mark.parametrize("place", PLACES)
def test_a_journal_cut_short_is_named_by_what_stands_outside_it(place: str, office: Office) -> None:
    at = place_of(office, place)
    office.sql("DELETE FROM journal WHERE position>=?", at)
    with office.instance.engine.begin() as connection:
        assert audit.verify_chain(connection) is None
    assert found_in(office) == (at, "cut")


def test_a_journal_cut_short_stops_the_office(office: Office) -> None:
    office.sql("DELETE FROM journal WHERE position>3")
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, office.instance.keyring.stored())
    with pytest.raises(RolledBack):
        clients.list_clients(office.desk())


def test_an_edit_with_all_hashes_made_anew_is_named_by_what_stands_outside(office: Office) -> None:
    """The chain is whole then, and the oldest note tells how far back it is another one at the latest."""
    marked, _ = office.instance.keyring.stored().keystore.mark
    clear_part_edited(office, 2)
    before = bytes(32)
    every = office.sql('SELECT position, clear, "key", sealed FROM journal ORDER BY position')
    for position, clear, key, sealed in every:
        before = entry_hash(before, position, clear, key, sealed)
        office.sql("UPDATE journal SET hash=? WHERE position=?", before, position)
    with office.instance.engine.begin() as connection:
        assert audit.verify_chain(connection) is None
    assert found_in(office) == (marked, "replaced")


def test_an_edit_with_its_own_hash_made_anew_shows_at_the_next_entry(office: Office) -> None:
    at = newest(office) // 2
    [(before,)] = office.sql("SELECT hash FROM journal WHERE position=?", at - 1)
    clear_part_edited(office, at)
    [(clear, key, sealed)] = office.sql('SELECT clear, "key", sealed FROM journal WHERE position=?', at)
    office.sql("UPDATE journal SET hash=? WHERE position=?", entry_hash(before, at, clear, key, sealed), at)
    assert found_in(office) == (at + 1, "edited")


# --- any manipulation


Rows = list[list[Any]]
FIELDS = {"clear": 1, "key": 2, "sealed": 3, "hash": 4, "at": 5, "event": 6, "person": 7, "subject": 8, "noted": 9}
OPERATIONS = ("edit", "delete", "delete and move up", "put in", "swap", "cut", "move away")
operations = st.tuples(
    st.sampled_from(OPERATIONS), st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(sorted(FIELDS)),
    st.one_of(st.binary(min_size=1, max_size=40), st.text(min_size=1, max_size=8), st.integers(1, 2**40)),
)  # fmt: skip


def manipulated(rows: Rows, operation: str, one: int, other: int, name: str, new: Any) -> Rows:
    """The rows after somebody's work on them."""
    rows = [list(row) for row in rows]
    if not rows:
        return rows
    at, to = one % len(rows), other % len(rows)
    if operation == "edit":
        rows[at][FIELDS[name]] = new
    elif operation.startswith("delete"):
        del rows[at]
        for row in rows[at:] if operation != "delete" else ():
            row[0] -= 1
    elif operation == "put in":
        copy = [rows[at][0], *rows[to][1:]]
        for row in rows[at:]:
            row[0] += 1
        rows.insert(at, copy)
    elif operation == "swap":
        rows[at][0], rows[to][0] = rows[to][0], rows[at][0]
    elif operation == "cut":
        del rows[at:]
    else:
        rows[at][0] = max(row[0] for row in rows) + 1 + other % 3
    return sorted(rows, key=lambda row: row[0])


def first_difference(rows: Rows, originals: Rows) -> int | None:
    """What a verifier has to say, found by comparing with what was written."""
    there, was = {row[0]: row for row in rows}, {row[0]: row for row in originals}
    return next((at for at in sorted(there.keys() | was.keys()) if there.get(at) != was.get(at)), None)


@pytest.fixture(scope="module")
def originals(templates: list[Office]) -> Rows:
    names = ", ".join(f'"{name}"' for name in ("position", *FIELDS))
    return [list(row) for row in templates[0].sql(f"SELECT {names} FROM journal ORDER BY position")]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("journals") / "empty.db"
    create_tables(path)
    return path


def written(rows: Rows, empty: Path) -> Path:
    """A database with these rows in its journal."""
    path = empty.with_name("edited.db")
    for old in path.parent.glob("edited.db*"):
        old.unlink()
    shutil.copy(empty, path)
    with sqlite3.connect(path) as connection:
        marks = ",".join("?" * (len(FIELDS) + 1))
        names = ", ".join(f'"{name}"' for name in ("position", *FIELDS))
        connection.executemany(f"INSERT INTO journal ({names}) VALUES ({marks})", rows)
    connection.close()
    return path


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example([("edit", 2306, 0, "clear", "0"), ("delete and move up", 4148, 0, "at", b"\x00")])
@given(st.lists(operations, max_size=3))
def test_whatever_is_done_to_the_rows_both_name_the_first_that_differs(originals: Rows, empty: Path, done: list[Any]) -> None:
    rows = originals
    for each in done:
        rows = manipulated(rows, *each)
    head = (originals[-1][0], originals[-1][4])
    found = agreed(written(rows, empty), [head], empty.parent)
    assert (found and found[0]) == first_difference(rows, originals)


# --- what relied on it


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
    with pytest.raises(WrongCredential):
        signing_in.sign_in(office.instance, "my secret password", "x", DEVICE, ORIGIN)
    [(clear,)] = office.sql("SELECT clear FROM journal ORDER BY position DESC LIMIT 1")
    assert b"sign-in-refused" in clear and b"secret" not in clear
