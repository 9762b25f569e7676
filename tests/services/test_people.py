"""Persons: made, in with their sheet, changed, stopped, enrolled anew; what each may open before and after."""

from __future__ import annotations

import pytest

from tests.support.offices import DEVICE, KEEP, ORIGIN, Office
from tests.support.people import PASSWORD, admit, device_of, join
from vault.crypto.keys import new_signing_key
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.errors import Forbidden, NotFound, Refused, SealBroken, Untrusted, WrongCredential
from vault.services import audit, clients, sessions
from vault.services.accounts import (
    compartments,
    devices,
    passwords,
    people,
    recovery,
    registering,
    signing_in,
)
from vault.storage.database import transaction


def test_a_new_handler_comes_in_with_his_sheet_and_opens_what_was_granted(office: Office) -> None:
    [room] = office.desk().client_compartments()
    member = join(office, Role.HANDLER, (room,))
    desk = member.desk(office)
    assert len(clients.list_clients(desk)) == len(clients.list_clients(office.desk()))
    assert desk.stored.keystore.missing_grants(desk.directory) == []


def test_the_sheet_opens_nothing_once_a_password_was_chosen(office: Office) -> None:
    member = join(office)
    sheet = member.sheet
    with pytest.raises(WrongCredential):
        registering.register(
            office.instance, sheet.login_id, sheet.initial_password, sheet.code, None, device_of("thief"), ORIGIN
        )


def test_a_stopped_person_is_out_on_the_next_request_of_every_worker(office: Office) -> None:
    [room] = office.desk().client_compartments()
    member = join(office, Role.HANDLER, (room,))
    workers = [office.instance, office.worker()]
    for worker in workers:
        KEEP(worker)
    held = member.sign_in(office)
    desks = [sessions.desk(worker, held.session, ORIGIN) for worker in workers]
    people.stop(office.desk(), member.person)
    for worker in workers:
        with pytest.raises(Forbidden):
            sessions.desk(worker, held.session, ORIGIN)
        assert sessions.find(worker, held.cookie, member.device) is None
    with pytest.raises(WrongCredential):
        member.sign_in(office)
    fresh = office.desk().stored.keystore
    assert member.person not in fresh.slots and all(member.person not in g for g in fresh.grants.values())
    with pytest.raises(Untrusted):
        fresh.compartment_key(office.desk().directory, room, member.person, desks[0].bundle.private)


def test_the_last_administrator_can_neither_stop_nor_demote_himself(office: Office) -> None:
    desk = office.desk()
    with pytest.raises(Refused, match="last-administrator"):
        people.stop(desk, desk.person)
    with pytest.raises(Refused, match="last-administrator"):
        people.change(desk, desk.person, Role.HANDLER, ())
    join(office, Role.ADMINISTRATOR)
    people.stop(office.desk(), desk.person)
    with pytest.raises(WrongCredential):
        office.sign_in()


def test_enrolled_anew_only_the_new_sheet_opens(office: Office) -> None:
    [room] = office.desk().client_compartments()
    member = join(office, Role.HANDLER, (room,))
    old = member.desk(office)
    sheet = people.reenrol(office.desk(), member.person)
    with pytest.raises(WrongCredential):
        member.sign_in(office)
    again = admit(office, sheet, device_of("new"), "another password of the same one")
    assert clients.list_clients(again.desk(office))
    fresh = office.desk()
    with pytest.raises(SealBroken):
        fresh.stored.keystore.compartment_key(fresh.directory, room, member.person, old.bundle.private)


def test_a_password_changed_on_one_device_holds_on_the_other(office: Office) -> None:
    member = join(office, name="富浦 蓮")
    desk = member.desk(office)
    code, _ = devices.make_code(desk, PASSWORD)
    second = device_of("second")
    registering.register(office.instance, member.login_id, PASSWORD, code, None, second, ORIGIN)
    signing_in.sign_in(office.instance, member.login_id, PASSWORD, second, ORIGIN)
    new = "ラッコ 砂時計 ｋａｇｉ 梯子 海"
    held = member.sign_in(office)
    desk = sessions.desk(office.instance, held.session, ORIGIN)
    passwords.change(desk, held.session, PASSWORD, new)
    with pytest.raises(WrongCredential):
        signing_in.sign_in(office.instance, member.login_id, PASSWORD, second, ORIGIN)
    for typed in (new, "ラッコ 砂時計 kagi 梯子 海", "ﾗｯｺ 砂時計 kagi 梯子 海"):
        signing_in.sign_in(office.instance, member.login_id, typed, second, ORIGIN)


def test_a_removed_device_stays_out_when_the_password_is_changed(office: Office) -> None:
    member = join(office, name="富浦 蓮")
    desk = member.desk(office)
    code, _ = devices.make_code(desk, PASSWORD)
    lost = device_of("lost")
    registering.register(office.instance, member.login_id, PASSWORD, code, None, lost, ORIGIN)
    signing_in.sign_in(office.instance, member.login_id, PASSWORD, lost, ORIGIN)
    device = signing_in.known_device(office.instance, lost)
    assert device is not None
    devices.remove(office.desk(), device)
    held = member.sign_in(office)
    desk = sessions.desk(office.instance, held.session, ORIGIN)
    passwords.change(desk, held.session, PASSWORD, "quite another password now")
    keystore = office.desk().stored.keystore
    assert device not in keystore.slots[member.person] and device not in keystore.devices
    with pytest.raises(WrongCredential):
        signing_in.sign_in(office.instance, member.login_id, "quite another password now", lost, ORIGIN)


def test_a_moved_client_is_the_other_compartments(office: Office) -> None:
    desk = office.desk()
    [room] = desk.client_compartments()
    here = join(office, Role.HANDLER, (room,), "a")
    branch = compartments.make(office.desk(), "支店")
    there = join(office, Role.HANDLER, (branch,), "b")
    client = clients.list_clients(office.desk())[0].id
    folder = office.desk().folder(client)
    compartments.move_client(office.desk(), client, branch)
    assert office.desk().folder(client).key == folder.key
    clients.get(there.desk(office), client)
    with pytest.raises(NotFound):
        clients.get(here.desk(office), client)
    assert {c.name: c.clients for c in compartments.listed(office.desk())}["支店"] == 1


def test_notes_of_a_person_are_kept(office: Office) -> None:
    member = join(office)
    found = people.one(office.desk(), member.person)
    people.note(office.desk(), member.person, Colleague(name="鳥羽 みなと"), found.version)
    assert people.one(office.desk(), member.person).colleague.name == "鳥羽 みなと"
    assert {p.login_id for p in people.listed(office.desk())} == {office.facts.login_id, member.login_id}
    assert [d.here for d in devices.listed(office.desk(), everybody=False)] == [True]
    assert len(devices.listed(office.desk(), everybody=True)) == 2
    assert DEVICE != member.device


def test_an_administrator_who_leaves_knows_neither_the_signing_key_nor_the_audit_key_any_more(office: Office) -> None:
    member = join(office, Role.ADMINISTRATOR)
    leaver = member.desk(office)
    knew = {name: leaver.secret(name) for name in ("signing", "audit")}
    people.stop(office.desk(), member.person)
    desk = office.desk()
    assert desk.directory.signing_public != leaver.directory.signing_public
    assert desk.directory.audit_public != leaver.directory.audit_public
    assert desk.secret("signing") != knew["signing"] and desk.secret("audit") != knew["audit"]
    with transaction(office.instance.engine) as connection:  # what was sealed to the old audit key is still read
        told = audit.newest(desk, connection, 500)
    assert {"role": "administrator"} in [t.detail for t in told]


def test_everybody_is_pinned_to_the_new_signing_key_at_the_next_sign_in(office: Office) -> None:
    other = join(office, Role.VIEWER, name="b")
    held = other.sign_in(office)
    leaver = join(office, Role.ADMINISTRATOR, name="a")
    forged = leaver.desk(office)
    old = forged.secret("signing")
    people.stop(office.desk(), leaver.person)
    now = office.desk().directory.signing_public
    assert sessions.desk(office.instance, held.session, ORIGIN).directory.signing_public == now  # by the statement
    assert other.desk(office).bundle.pinned == now and office.desk().bundle.pinned == now
    # A second word of the old key, as the leaver could write it: who still relies on the old key is told.
    spoiled = office.desk().stored.keystore.with_statement(old, new_signing_key())
    with pytest.raises(Untrusted):
        spoiled.trusted(forged.bundle.pinned)
    assert spoiled.trusted(now).signing_public == now


def test_the_recovery_sheet_follows_the_signing_key(office: Office) -> None:
    leaver = join(office, Role.ADMINISTRATOR)
    people.stop(office.desk(), leaver.person)
    groups = " ".join(office.facts.groups)
    ticket, _ = recovery.issue_ticket(office.instance)
    done = recovery.recover(office.instance, groups, ticket, "the new administrator's words", None, b"n" * 32, ORIGIN)
    desk = sessions.desk(office.instance, done.session, ORIGIN)
    assert desk.bundle.pinned == desk.directory.signing_public and clients.list_clients(desk)
