"""Two administrators, two workers, two tabs: an act is whole or not at all, and no older form undoes it."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.forging import stolen_keystore
from tests.support.offices import NAMES, ORIGIN, PASSWORD, Office, household
from tests.support.people import Member, join
from tests.support.visits import Visit
from vault.crypto.directory import Directory, decode
from vault.crypto.unlock import recovery_groups
from vault.domain.access import Role
from vault.errors import Conflict, KuraError, Refused, RolledBack
from vault.services import clients, sessions
from vault.services.accounts import compartments, passwords, people, recovery
from vault.services.safe import Desk

NEW = "うさぎ 灯台 れもん 風車"


def directory(office: Office) -> Directory:
    """The newest directory, as it lies on the disk."""
    return decode(stolen_keystore(office)[0].directory.document)


def room_of(office: Office) -> bytes:
    return directory(office).of_clients()[0]


def put_back_unnoticed(office: Office) -> None:
    """An older database, while everybody's desk is open and no page has told of it yet."""
    copy = office.copy_database()
    clients.get(office.desk(), office.facts.clients[0])
    office.put_database_back(copy)


# --- refused at the end, an act has changed nothing


def test_a_password_whose_change_is_refused_is_still_the_old_one(office: Office) -> None:
    held = office.session()
    desk = sessions.desk(office.instance, held, ORIGIN)
    put_back_unnoticed(office)
    with pytest.raises(RolledBack):
        passwords.change(desk, held, PASSWORD, NEW)
    assert office.sign_in().cookie
    with pytest.raises(KuraError):
        office.sign_in(password=NEW)


def promoted(desk: Desk, member: Member) -> None:
    people.change(desk, member.person, Role.ADMINISTRATOR, ())


def stopped(desk: Desk, member: Member) -> None:
    people.stop(desk, member.person)


def enrolled_anew(desk: Desk, member: Member) -> None:
    people.reenrol(desk, member.person)


def taken_out(desk: Desk, member: Member) -> None:
    compartments.set_members(desk, desk.client_compartments()[0], ())


def room_made(desk: Desk, member: Member) -> None:
    compartments.make(desk, "支店")


ACTS = [promoted, stopped, enrolled_anew, taken_out, room_made]


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.__name__)
def test_an_act_that_is_refused_leaves_directory_and_keys_as_they_were(
    act: Callable[[Desk, Member], None], office: Office
) -> None:
    member, desk = join(office, Role.HANDLER, (room_of(office),)), office.desk()
    put_back_unnoticed(office)
    before = stolen_keystore(office)[0]
    with pytest.raises(RolledBack):
        act(desk, member)
    after = stolen_keystore(office)[0]
    assert (after.directory, after.slots, after.grants) == (before.directory, before.slots, before.grants)
    assert member.sign_in(office).cookie


def groups_of(session: sessions.Session) -> tuple[list[str], tuple[str, str]]:
    """The groups of the sheet that waits in a session, and the two that are asked for."""
    assert session.payload is not None
    groups = recovery_groups(session.payload.waiting.secret)
    first, second = recovery.asked_groups(session.payload.waiting)
    return groups, (groups[first - 1], groups[second - 1])


def test_a_recovery_sheet_that_is_refused_leaves_the_old_one(office: Office) -> None:
    held = office.session()
    held = recovery.make_sheet(sessions.desk(office.instance, held, ORIGIN), held)
    put_back_unnoticed(office)
    before = stolen_keystore(office)[0].sheets
    with pytest.raises(RolledBack):
        recovery.confirm_sheet(sessions.desk(office.instance, held, ORIGIN), held, groups_of(held)[1], PASSWORD)
    assert stolen_keystore(office)[0].sheets == before


def test_a_compartment_made_while_the_password_was_hashed_is_the_new_sheets_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = office.session()
    held = recovery.make_sheet(sessions.desk(office.instance, held, ORIGIN), held)
    groups, typed = groups_of(held)
    other, proving = office.worker(), recovery.prove

    def slow(desk: Desk, password: str) -> bytes:
        proof = proving(desk, password)
        room = compartments.make(office.desk(other), "支店")
        clients.create(office.desk(other), room, household(NAMES[0], "シマ カイト"))
        other.keyring.let_go()
        return proof

    monkeypatch.setattr(recovery, "prove", slow)
    recovery.confirm_sheet(sessions.desk(office.instance, held, ORIGIN), held, typed, PASSWORD)
    ticket, _ = recovery.issue_ticket(office.instance)
    done = recovery.recover(office.instance, " ".join(groups), ticket, NEW, None, b"n" * 32, ORIGIN)
    assert len(clients.list_clients(sessions.desk(office.instance, done.session, ORIGIN))) == 3


# --- two administrators


def test_of_two_administrators_who_stop_each_other_one_stays(office: Office) -> None:
    other = join(office, Role.ADMINISTRATOR)
    mine, theirs = office.desk(), other.desk(office)
    people.stop(mine, other.person)
    with pytest.raises(KuraError):
        people.stop(theirs, office.facts.person)
    assert directory(office).administrators() == [office.facts.person]
    assert people.listed(office.desk())


def test_of_two_administrators_who_leave_at_once_one_stays(office: Office) -> None:
    other = join(office, Role.ADMINISTRATOR)
    mine, theirs = office.desk(), other.desk(office)
    people.stop(mine, mine.person)
    with pytest.raises(Refused, match="last-administrator"):
        people.stop(theirs, theirs.person)
    assert people.listed(other.desk(office))


# --- forms that are older than what they would undo


def version_in(page: str) -> str:
    found = re.search(r'name="directory" value="(\d+)"', page)
    assert found, page[:400]
    return found[1]


def opened(visit: Visit, path: str) -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.get_data(as_text=True)


def sent(visit: Visit, path: str, page: str, **typed: str) -> TestResponse:
    """A form sent as it stood on a page."""
    return visit.post(path, {"directory": version_in(page), **typed})


def test_members_chosen_on_an_older_list_are_refused(office: Office) -> None:
    room = room_of(office)
    gone, stays = join(office, Role.HANDLER, (room,), "去る 人"), join(office, Role.HANDLER, (room,), "残る 人")
    base = office.desk().directory.version
    compartments.set_members(office.desk(), room, {stays.person}, base)
    with pytest.raises(Conflict):
        compartments.set_members(office.desk(), room, {gone.person, stays.person}, base)
    assert directory(office).persons[gone.person].compartments == ()


def test_a_form_of_members_does_not_bring_back_whom_another_has_taken_out(
    app: Flask, office: Office, visit: Visit
) -> None:
    room = room_of(office)
    gone, stays = join(office, Role.HANDLER, (room,), "去る 人"), join(office, Role.HANDLER, (room,), "残る 人")
    path, both = f"/compartments/{room.hex()}", [gone.person.hex(), stays.person.hex()]
    page = opened(visit, path)
    faster = Visit(app, office).with_device()
    faster.sign_in()
    assert sent(faster, path, opened(faster, path), members=both[1]).status_code == 303
    answer = visit.open(
        path, method="POST", data={"csrf_token": visit.token, "directory": version_in(page), "members": both}
    )
    assert answer.status_code == 409
    told = answer.get_data(as_text=True)
    assert told.count(" checked") == 2, "what was chosen is still there"
    assert directory(office).persons[gone.person].compartments == ()
    assert sent(visit, path, told, members=both[0]).status_code == 303, "having seen it one may"
    persons = directory(office).persons
    assert persons[gone.person].compartments == (room,) and persons[stays.person].compartments == ()


def test_an_older_form_of_a_role_does_not_undo_a_newer_one(app: Flask, office: Office, visit: Visit) -> None:
    room, member = room_of(office).hex(), join(office, Role.HANDLER, (room_of(office),))
    path = f"/people/{member.person.hex()}/role"
    page = opened(visit, path)
    faster = Visit(app, office).with_device()
    faster.sign_in()
    assert sent(faster, path, opened(faster, path), role="auditor").status_code == 303
    answer = sent(visit, path, page, role="administrator")
    assert answer.status_code == 409
    assert directory(office).persons[member.person].role == "auditor"
    told = answer.get_data(as_text=True)
    assert sent(visit, path, told, role="viewer", compartments=room).status_code == 303, "having seen it one may"
    assert directory(office).persons[member.person].role == "viewer"


def test_an_older_form_of_a_role_does_not_promote_whom_another_has_stopped(
    app: Flask, office: Office, visit: Visit
) -> None:
    member = join(office, Role.HANDLER, (room_of(office),))
    path = f"/people/{member.person.hex()}"
    page = opened(visit, path + "/role")
    faster = Visit(app, office).with_device()
    faster.sign_in()
    opened(faster, path + "/stop")
    assert faster.post(path + "/stop").status_code == 303
    assert sent(visit, path + "/role", page, role="administrator").status_code == 409
    entry = directory(office).persons[member.person]
    assert (entry.role, entry.active) == ("handler", False)
