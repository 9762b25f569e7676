"""The columns beside the journal's entries, which no hash covers: what is edited there hides nothing for long."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from tests.support.forging import forge, stolen_keystore
from tests.support.offices import ORIGIN, PASSWORD, Office, household
from tests.support.people import Member, join
from tests.support.verifiers import found_in
from tests.support.visits import Visit, shows_nothing
from vault.crypto.directory import decode
from vault.crypto.keystore import Keystore
from vault.domain.access import Role
from vault.errors import RolledBack
from vault.services import audit, clients, confirming, inspections, sessions
from vault.services.accounts import people, seen

BEGUN_MONTH = "2026-11"
LISTS = ("records", "history", "contents")


def newest(office: Office) -> int:
    [(position,)] = office.sql("SELECT max(position) FROM journal")
    return int(position)


def emptied(office: Office, since: int, noted: bytes) -> int:
    """No note of something is found any more in the entries after `since`; returns where the first one was."""
    where = "WHERE position>? AND noted=?"
    [(first,)] = office.sql(f"SELECT min(position) FROM journal {where}", since, noted)
    assert first is not None
    office.sql(f"UPDATE journal SET noted=NULL {where}", since, noted)
    return int(first)


# --- a keystore of before somebody left


def leave(office: Office) -> tuple[Member, Keystore, int]:
    """Somebody who has left, the keystore of the day before, and the newest journal position then."""
    leaver = join(office, Role.HANDLER, (office.desk().client_compartments()[0],), name="去る 人")
    leaver.desk(office)
    kept, before = stolen_keystore(office)[0], newest(office)
    people.stop(office.desk(), leaver.person)
    for _ in range(3):
        clients.list_clients(office.desk())
    return leaver, kept, before


def put_back_hidden(office: Office, kept: Keystore, before: int) -> int:
    """The older keystore under a newer number, and the column emptied that finds the notes of the newer ones."""
    forge(office, lambda now: replace(kept, epoch=now.epoch, generation=now.generation))
    first = emptied(office, before, audit.KEYSTORE_NOTE)
    office.restart()
    return first


def test_an_older_keystore_under_a_newer_number_is_noticed_all_the_same(office: Office) -> None:
    _, kept, before = leave(office)
    first = put_back_hidden(office, kept, before)
    with pytest.raises(RolledBack, match="keystore-rolled-back"):
        audit.check_whole(office.instance, office.instance.keyring.stored())
    assert found_in(office) == (first, "edited")


def test_signing_in_meanwhile_does_not_note_it_as_the_right_one(office: Office) -> None:
    _, kept, before = leave(office)
    put_back_hidden(office, kept, before)
    for _ in range(2):
        done = office.sign_in()
        with pytest.raises(RolledBack, match="keystore-rolled-back"):
            audit.check_whole(office.instance, sessions.desk(office.instance, done.session, ORIGIN).stored)


def test_until_an_administrator_has_confirmed_nothing_is_entered_that_the_leaver_could_read(
    app: Flask, office: Office
) -> None:
    leaver, kept, before = leave(office)
    put_back_hidden(office, kept, before)
    visit = Visit(app, office).with_device()
    visit.sign_in()
    visit.get("/attention")
    room = decode(stolen_keystore(office)[0].directory.document).of_clients()[0].hex()
    typed = {"name": "新規 太郎", "kana": "シンキ タロウ", "compartment": room}
    added = visit.post("/clients/new/Household", typed)
    for answer in (added, visit.get("/clients"), visit.get(visit.client_page())):
        assert answer.status_code == 303 and answer.location == "/attention" and shows_nothing(answer)
    assert visit.post("/attention", {"password": PASSWORD}).status_code == 303
    assert len(clients.list_clients(office.desk())) == 2
    people.stop(office.desk(), leaver.person)  # told that it was put back: who had left leaves again
    clients.create(office.desk(), bytes.fromhex(room), household("新規 太郎", "シンキ タロウ"))
    assert leaver.person not in stolen_keystore(office)[0].grants[bytes.fromhex(room)]


# --- a client


def test_a_client_put_back_with_its_notes_hidden_is_named_by_the_log(office: Office) -> None:
    """Who opens it is shown the older one; whoever reads the whole log, each month at the latest, is told."""
    client, before = office.facts.clients[0], newest(office)
    rows = {table: office.sql(f"SELECT * FROM {table} WHERE owner=?", client) for table in LISTS}
    page = clients.get(office.desk(), client)
    clients.save(office.desk(), client, replace(page.client, notes="三度目"), page.version)
    for table, held in rows.items():
        office.sql(f"DELETE FROM {table} WHERE owner=?", client)
        for row in held:
            office.sql(f"INSERT INTO {table} VALUES ({','.join('?' * len(row))})", *row)
    first = emptied(office, before, client)
    assert found_in(office) == (first, "edited")
    assert inspections.counted(office.desk(), BEGUN_MONTH).broken == first


# --- a confirmation


def confirmation_lost(office: Office) -> None:
    office.sql("UPDATE journal SET event='signed-out' WHERE event='rollback-confirmed'")


def everything_made_one(office: Office) -> None:
    office.sql("UPDATE journal SET event='rollback-confirmed' WHERE event<>'rollback-confirmed'")


@pytest.mark.parametrize("edit", [confirmation_lost, everything_made_one], ids=lambda edit: edit.__name__)
def test_no_column_makes_a_device_silent_about_what_it_saw(edit: Callable[[Office], None], office: Office) -> None:
    confirming.confirm_whole(office.desk())
    office.clock.tick(10)
    edit(office)
    desk = office.desk()
    seen.compare(desk, seen.Seen(5, b"x" * 32, office.instance.now()))
    with pytest.raises(RolledBack):
        audit.check_whole(office.instance, desk.stored)
