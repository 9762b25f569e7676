"""Nobody is locked out: by what waits to be confirmed, by a made-up cookie, by junk, or by his own last act."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask import Flask

from tests.support.forging import Change, forge, stolen_keystore
from tests.support.offices import DEVICE, ORIGIN, PASSWORD, Office, begin, confirm
from tests.support.people import PASSWORD as THEIRS
from tests.support.people import Member, admit, device_of, join
from tests.support.visits import Visit
from vault.crypto import codec
from vault.crypto.directory import decode
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.errors import Refused, RolledBack, WrongCredential
from vault.services import clients
from vault.services.accounts import (
    activation,
    devices,
    people,
    recovery,
    registering,
    rules,
    seen,
    signing_in,
)
from vault.services.safe import Desk
from vault.storage import journal
from vault.storage.database import transaction
from vault.web.gate import SEEN_COOKIE

NEW = "うさぎ 灯台 れもん 風車"
HOUR, DAY = 3600, 24 * 3600
SECOND = device_of("a second PC")


def room_of(office: Office) -> bytes:
    return office.desk().client_compartments()[0]


def put_back_and_waiting(office: Office) -> None:
    """An older database stands there, and no administrator has confirmed it yet."""
    copy = office.copy_database()
    clients.get(office.desk(), office.facts.clients[0])
    office.put_database_back(copy)


def recovered(office: Office) -> recovery.Recovered:
    ticket, _ = recovery.issue_ticket(office.instance)
    return recovery.recover(office.instance, " ".join(office.facts.groups), ticket, NEW, None, SECOND, ORIGIN)


def settled(app: Flask, office: Office, secret: bytes, login_id: str, password: str) -> Visit:
    """An administrator on a browser of his comes in, is told, and confirms."""
    visit = Visit(app, office).with_device(secret)
    assert visit.sign_in(login_id, password).status_code == 303
    assert visit.get("/clients").location == "/attention"
    visit.get("/attention")
    assert visit.post("/attention", {"password": password}).status_code == 303
    return visit


# --- while something that was put back waits to be confirmed


def test_the_recovery_sheet_makes_an_administrator_who_confirms_it(app: Flask, office: Office) -> None:
    put_back_and_waiting(office)
    done = recovered(office)
    visit = settled(app, office, done.device_secret, done.login_id, NEW)
    assert visit.get("/clients").location == "/first-day/sheet", "a new recovery sheet is what comes next"
    assert clients.get(office.desk(), office.facts.clients[0])


def test_another_browser_is_registered_with_a_code_and_may_confirm_it(app: Flask, office: Office) -> None:
    put_back_and_waiting(office)
    facts = office.facts
    registering.register(office.instance, facts.login_id, PASSWORD, facts.code, None, SECOND, ORIGIN, "Edge")
    visit = settled(app, office, SECOND, facts.login_id, PASSWORD)
    assert visit.get("/clients").status_code == 200


def test_a_login_sheet_still_lets_its_person_in(app: Flask, office: Office) -> None:
    sheet = people.create(office.desk(), Colleague(name="鳥羽 渚"), Role.ADMINISTRATOR, ())
    put_back_and_waiting(office)
    newcomer = admit(office, sheet, SECOND)
    visit = settled(app, office, newcomer.device, newcomer.login_id, newcomer.password)
    assert visit.get("/clients").status_code == 200


def test_after_a_recovery_a_database_of_before_the_beginning_does_not_make_the_keys_anew(unbegun: Office) -> None:
    """No sheet is confirmed for a while then, and yet it is an office at work."""
    copy = unbegun.copy_database()
    confirm(unbegun, begin(unbegun).session)
    recovered(unbegun)
    assert not recovery.is_confirmed(unbegun.instance.files.read().keystore)
    unbegun.put_database_back(copy)
    keys = unbegun.instance.files.newest()
    with pytest.raises(RolledBack):
        activation.sign_in(unbegun.instance, unbegun.facts.login_id, unbegun.facts.initial_password, ORIGIN)
    assert unbegun.instance.files.newest() == keys


# --- a memory that a browser has made up


PLACES = {
    "no number a database has": 2**64 - 1, "the last number it has": 2**63 - 1, "an entry that was another one": 7,
}  # fmt: skip


def with_a_made_up_memory(app: Flask, office: Office, position: int, at: int) -> Visit:
    """A viewer who has put another cookie in his browser, signed in."""
    viewer = join(office, Role.VIEWER, (room_of(office),))
    visit = Visit(app, office).with_device(viewer.device)
    visit.set_cookie(SEEN_COOKIE, seen.Seen(position, b"x" * 32, at).cookie())
    assert visit.sign_in(viewer.login_id, viewer.password).status_code == 303
    return visit


@pytest.mark.parametrize("position", PLACES.values(), ids=PLACES.keys())
def test_a_made_up_memory_keeps_nobody_from_signing_in_and_one_confirmation_ends_it(
    position: int, app: Flask, office: Office
) -> None:
    viewer = with_a_made_up_memory(app, office, position, office.instance.now())
    office.restart()
    visit = Visit(app, office).with_device()
    assert visit.sign_in().status_code == 303
    if position < 2**63:
        assert visit.get("/clients").location == "/attention"
        visit.get("/attention")
        assert visit.post("/attention", {"password": PASSWORD}).status_code == 303
    for each in (visit, viewer.at(office.instance)):
        assert each.get("/clients").status_code == 200


def test_the_log_says_on_whose_device_an_alarm_came_out(app: Flask, office: Office) -> None:
    with_a_made_up_memory(app, office, 7, office.instance.now())
    with transaction(office.instance.engine) as connection:
        [entry] = journal.found(connection, journal.Wanted(events=("rollback-found",)), 2)
    told = codec.decode(entry.clear)
    persons = decode(stolen_keystore(office)[0].directory.document).persons
    assert persons[told["person"]].role == "viewer"
    assert told["device"] == signing_in.known_device(office.instance, device_of("鳥羽 渚"))


def test_a_made_up_memory_of_times_to_come_keeps_nothing_closed_once_confirmed(app: Flask, office: Office) -> None:
    """No confirmation is ever newer than such a cookie says it is, and yet the alarm has an end."""
    with_a_made_up_memory(app, office, 7, 2**62)
    visit = settled(app, office, DEVICE, office.facts.login_id, PASSWORD)
    assert visit.get("/clients").status_code == 200


# --- junk that somebody with the disk has put into the keystore


def junk_grant(office: Office) -> Change:
    room = room_of(office)
    return lambda k: replace(k, grants={**k.grants, room: {**k.grants[room], b"z" * 16: os.urandom(1200)}})


def junk_statements(office: Office) -> Change:
    garbled = (b"", b"x", codec.encode([1, 2, 3]), codec.encode([b"a key", b"another", b"a signature"]))
    return lambda k: replace(k, statements=garbled)


@pytest.mark.parametrize("junk", [junk_grant, junk_statements], ids=lambda junk: junk.__name__)
def test_junk_in_the_keystore_stops_no_administration(junk: Callable[[Office], Change], office: Office) -> None:
    member = join(office, Role.HANDLER, (room_of(office),))
    forge(office, junk(office))
    office.restart()
    assert member.sign_in(office).cookie
    newcomer = join(office, Role.HANDLER, (room_of(office),), name="伊勢 一")
    people.stop(office.desk(), member.person)
    assert clients.list_clients(newcomer.desk(office))
    keystore = stolen_keystore(office)[0]
    assert not any(b"z" * 16 in given for given in keystore.grants.values())


# --- the last way in


def without_spare_codes(office: Office) -> Desk:
    """The administrator at his desk, with one browser and no code on paper."""
    office.instance.files.add(lambda keystore: keystore.without_codes(set(keystore.codes)))
    return office.desk()


@pytest.mark.parametrize("hours", [0, 23, 25])
def test_a_code_that_lasts_a_day_is_no_last_way_in(hours: int, office: Office) -> None:
    """Or he would be out for good when nobody types it in that day."""
    desk = without_spare_codes(office)
    devices.make_code(desk, PASSWORD)
    office.clock.tick(hours * HOUR)
    with pytest.raises(Refused, match="last-way-in"):
        devices.remove(desk, desk.device)
    assert office.sign_in().cookie


def test_another_browser_that_has_come_back_is_a_way_in(office: Office) -> None:
    desk = without_spare_codes(office)
    code, _ = devices.make_code(desk, PASSWORD)
    registering.register(office.instance, office.facts.login_id, PASSWORD, code, None, SECOND, ORIGIN)
    office.sign_in(device=SECOND)
    devices.remove(office.desk(), desk.device)
    assert office.sign_in(device=SECOND).cookie


def newcomer(office: Office) -> Member:
    """An administrator who has his login sheet in his hands and has never used it."""
    sheet = people.create(office.desk(), Colleague(name="鳥羽 渚"), Role.ADMINISTRATOR, ())
    return Member(sheet.person, sheet.login_id, THEIRS, SECOND, sheet)


@pytest.mark.parametrize("days", [0, 15])
def test_an_administrator_who_has_never_come_in_is_not_the_one_who_stays(days: int, office: Office) -> None:
    newcomer(office)
    office.clock.tick(days * DAY)
    desk = office.desk()
    assert people.active_administrators(desk) == 1
    with pytest.raises(Refused, match="last-administrator"):
        people.stop(desk, desk.person)
    with pytest.raises(Refused, match="last-administrator"):
        people.change(desk, desk.person, Role.AUDITOR, ())
    assert people.listed(office.desk())


def test_once_he_has_come_in_he_is(office: Office) -> None:
    other = newcomer(office)
    admit(office, other.sheet, other.device)
    desk = office.desk()
    assert people.active_administrators(desk) == 2
    people.stop(desk, desk.person)
    with pytest.raises(WrongCredential):
        office.sign_in()
    assert people.listed(other.desk(office))


# --- a password that becomes due


def test_a_password_that_becomes_due_while_somebody_types_waits_for_the_next_sign_in(
    office: Office, visit: Visit
) -> None:
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), password_days=30))
    office.clock.tick(30 * DAY - HOUR)
    visit.sign_in()
    path = visit.client_page() + "/edit"
    page = visit.get(path).get_data(as_text=True)
    for _ in range(7):
        office.clock.tick(600)
        visit.get("/help")
    assert 'name="version" value="2"' in page
    typed = {"version": "2", "name": "志摩 海斗", "kana": "シマ カイト", "notes": "長い入力"}
    answer = visit.post(path, typed)
    assert answer.location != "/own/password", answer.location
    assert "長い入力" in (answer if answer.status_code != 303 else visit.get(answer.location)).get_data(as_text=True)
    visit.sign_in()
    assert visit.get("/clients").location == "/own/password"
