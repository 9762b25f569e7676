"""Registered devices: who sees which, what they are called, codes for further ones, and how one is taken out of use."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.offices import DEVICE, ORIGIN, Office, origin
from tests.support.people import PASSWORD, Member, admit, device_of, join
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.errors import Forbidden, KuraError, NotFound, Refused, WrongCredential
from vault.services import clients, log, sessions
from vault.services.accounts import devices, people, registering, signing_in
from vault.services.audit import Event
from vault.services.log_walk import Query
from vault.services.safe import Desk

SECOND, THIRD = device_of("a second PC"), device_of("a third PC")
HOUR, DAY = 3600, 24 * 3600


def handler(office: Office, name: str = "鳥羽 渚") -> Member:
    return join(office, Role.HANDLER, (office.desk().client_compartments()[0],), name)


def neighbour(office: Office, member: Member) -> Member:
    """Somebody who shares the member's PC."""
    sheet = people.create(office.desk(), Colleague(name="隣席"), Role.HANDLER, ())
    return admit(office, sheet, member.device)


def register(office: Office, member: Member, code: str, device: bytes, name: str = "") -> Member:
    registering.register(office.instance, member.login_id, member.password, code, None, device, ORIGIN, name)
    return replace(member, device=device)


def id_of(office: Office, secret: bytes) -> bytes:
    found = signing_in.known_device(office.instance, secret)
    assert found is not None
    return found


def with_a_second(office: Office, member: Member) -> Member:
    """The same person on another PC, the registration ended."""
    code, _ = devices.make_code(member.desk(office), PASSWORD)
    second = register(office, member, code, SECOND)
    second.sign_in(office)
    return second


# --- who sees what


def test_each_sees_his_own_devices_and_administrators_all(office: Office) -> None:
    member = handler(office)
    with_a_second(office, member)
    mine = devices.listed(member.desk(office), everybody=False)
    assert {d.device for d in mine} == {id_of(office, member.device), id_of(office, SECOND)}
    with pytest.raises(Forbidden):
        devices.listed(member.desk(office), everybody=True)
    everybody = devices.listed(office.desk(), everybody=True)
    assert {d.device for d in everybody} == {id_of(office, s) for s in (DEVICE, member.device, SECOND)}
    assert everybody[0].here and everybody[0].device == id_of(office, DEVICE)


def test_first_and_last_seen_and_the_address_are_told(office: Office) -> None:
    member = handler(office)
    first = office.instance.now()
    office.clock.tick(DAY)
    signing_in.sign_in(office.instance, member.login_id, PASSWORD, member.device, origin("198.51.100.4"))
    [listed] = devices.listed(member.desk(office), everybody=False)
    [use] = listed.uses
    assert (use.first, use.last, use.name) == (first, office.instance.now(), "鳥羽 渚")
    assert listed.registered == first and not use.pending
    signing_in.sign_in(office.instance, member.login_id, PASSWORD, member.device, origin("198.51.100.4"))
    of_all = {d.device: d for d in devices.listed(office.desk(), everybody=True)}
    assert of_all[listed.device].uses[0].address == "198.51.100.4"


def test_on_a_shared_pc_nobody_sees_who_else_uses_it_but_administrators(office: Office) -> None:
    member = handler(office)
    other = neighbour(office, member)
    [mine] = devices.listed(member.desk(office), everybody=False)
    assert {use.person for use in mine.uses} == {member.person}
    shared = next(d for d in devices.listed(office.desk(), everybody=True) if d.device == mine.device)
    assert {use.person for use in shared.uses} == {member.person, other.person}


def test_browsers_that_say_the_same_of_themselves_are_numbered_and_nobody_is_said_to_have_renamed_one(office: Office) -> None:
    member = handler(office)
    for device in (SECOND, THIRD, device_of("a fourth PC")):
        register(office, member, devices.make_spare(member.desk(office), PASSWORD), device, "Windows Edge")
    called = {d.name for d in devices.listed(member.desk(office), everybody=False)}
    assert called == {"", "Windows Edge", "Windows Edge 2", "Windows Edge 3"}
    assert Event.DEVICE_NAMED not in {line.event for line in log.page(office.desk(), Query()).lines}
    devices.rename(office.desk(), id_of(office, SECOND), "窓口のPC")
    assert Event.DEVICE_NAMED in {line.event for line in log.page(office.desk(), Query()).lines}


def test_a_device_keeps_the_name_that_it_was_given(office: Office) -> None:
    member = handler(office)
    code, _ = devices.make_code(member.desk(office), PASSWORD)
    second = register(office, member, code, SECOND, "窓口のPC")
    called = {d.device: d.name for d in devices.listed(member.desk(office), everybody=False)}
    assert called[id_of(office, SECOND)] == "窓口のPC"
    devices.rename(second.desk(office), id_of(office, SECOND), "二階のPC")
    spare = devices.make_spare(second.desk(office), PASSWORD)
    register(office, member, spare, SECOND, "別の名")  # registered once more: what it is called stays
    called = {d.device: d.name for d in devices.listed(office.desk(), everybody=True)}
    assert called[id_of(office, SECOND)] == "二階のPC"


def test_somebody_elses_device_is_not_ones_own_to_name_or_remove(office: Office) -> None:
    member = handler(office)
    theirs = id_of(office, DEVICE)
    for act in (lambda d: devices.rename(d, theirs, "x"), lambda d: devices.remove(d, theirs)):
        with pytest.raises(Forbidden):
            act(member.desk(office))
        with pytest.raises(NotFound):
            devices.rename(member.desk(office), b"no such device!!", "x")
    devices.rename(office.desk(), id_of(office, member.device), "渚さんのPC")


# --- codes


def test_a_device_code_stands_a_day_and_not_longer(office: Office) -> None:
    member = handler(office)
    code, expires = devices.make_code(member.desk(office), PASSWORD)
    assert expires == office.instance.now() + DAY
    office.clock.tick(DAY - 1)
    register(office, member, code, SECOND)
    office.clock.tick(1)
    with pytest.raises(WrongCredential, match="unknown-code"):
        register(office, member, code, THIRD)


def test_a_browser_registered_with_a_code_stays_when_the_code_expires(office: Office) -> None:
    """It came back only the day after."""
    member = handler(office)
    code, _ = devices.make_code(member.desk(office), PASSWORD)
    second = register(office, member, code, SECOND)
    office.clock.tick(2 * DAY)
    member.sign_in(office)  # whoever signs in sweeps what is past its day
    assert code_count(office, member) == 0
    assert clients.list_clients(second.desk(office))


def code_count(office: Office, member: Member) -> int:
    return sum(c.person == member.person for c in office.instance.keyring.stored().keystore.codes.values())


def test_a_new_device_code_ends_the_one_before_and_leaves_spare_codes(office: Office) -> None:
    member = handler(office)
    spare = devices.make_spare(member.desk(office), PASSWORD)
    earlier, _ = devices.make_code(member.desk(office), PASSWORD)
    later, _ = devices.make_code(member.desk(office), PASSWORD)
    assert devices.spare_codes(member.desk(office)) == 1 and code_count(office, member) == 2
    with pytest.raises(WrongCredential, match="unknown-code"):
        register(office, member, earlier, SECOND)
    register(office, member, later, SECOND).sign_in(office)
    register(office, member, spare, THIRD).sign_in(office)
    assert code_count(office, member) == 0


def test_a_code_whose_browser_is_not_back_yet_is_not_replaced(office: Office) -> None:
    """Else a browser that forgot its cookie would have cost the code."""
    member = handler(office)
    code, _ = devices.make_code(member.desk(office), PASSWORD)
    register(office, member, code, SECOND)
    devices.make_code(member.desk(office), PASSWORD)
    assert clients.list_clients(register(office, member, code, THIRD).desk(office))


def test_an_expired_code_registers_nothing_even_while_it_is_still_there(office: Office) -> None:
    member = handler(office)
    code, _ = devices.make_code(member.desk(office), PASSWORD)
    office.clock.tick(DAY)
    assert code_count(office, member) == 1
    with pytest.raises(WrongCredential):
        register(office, member, code, SECOND)
    member.sign_in(office)
    assert code_count(office, member) == 0


def test_a_code_wants_the_password(office: Office) -> None:
    member = handler(office)
    desk = member.desk(office)
    for make in (devices.make_code, devices.make_spare):
        with pytest.raises(WrongCredential):
            make(desk, "not the password at all")
    assert code_count(office, member) == 0


def test_a_spare_code_has_no_date_and_serves_once(office: Office) -> None:
    member = handler(office)
    spare = devices.make_spare(member.desk(office), PASSWORD)
    office.clock.tick(400 * DAY)
    second = register(office, member, spare, SECOND)
    assert second.sign_in(office).spare_used_up
    with pytest.raises(WrongCredential):
        register(office, member, spare, THIRD)


def test_a_code_of_one_person_lets_in_nobody_else(office: Office) -> None:
    member = handler(office)
    other = neighbour(office, member)
    code, _ = devices.make_code(member.desk(office), PASSWORD)
    with pytest.raises(WrongCredential):
        register(office, other, code, SECOND)


# --- taken out of use


def test_a_removed_device_is_out_at_once_and_its_sessions_are_over(office: Office) -> None:
    member = handler(office)
    second = with_a_second(office, member)
    here, there = member.sign_in(office), second.sign_in(office)
    before = office.instance.keyring.stored().keystore.epoch
    devices.remove(member.desk(office), id_of(office, SECOND))
    assert office.instance.keyring.stored().keystore.epoch == before + 1
    for worker in (office.instance, office.worker()):
        assert sessions.find(worker, there.cookie, SECOND) is None
        assert sessions.find(worker, here.cookie, member.device) is not None
    with pytest.raises(WrongCredential):
        second.sign_in(office)
    assert clients.list_clients(member.desk(office))


def test_who_is_no_administrator_ends_his_own_slot_on_a_shared_pc_alone(office: Office) -> None:
    member = handler(office)
    other = neighbour(office, member)
    second = with_a_second(office, member)
    theirs = other.sign_in(office)
    devices.remove(second.desk(office), id_of(office, member.device))
    with pytest.raises(WrongCredential):
        member.sign_in(office)
    assert other.sign_in(office).cookie
    assert sessions.find(office.instance, theirs.cookie, other.device) is not None


def test_an_administrator_ends_everybodys_slots_on_a_shared_pc(office: Office) -> None:
    member = handler(office)
    other = neighbour(office, member)
    devices.remove(office.desk(), id_of(office, member.device))
    for each in (member, other):
        with pytest.raises(WrongCredential, match="unknown-device"):
            each.sign_in(office)
    assert office.sign_in().cookie


def test_the_last_way_in_is_not_given_away(office: Office) -> None:
    member = handler(office)
    with pytest.raises(Refused, match="last-way-in"):
        devices.remove(member.desk(office), id_of(office, member.device))
    spare = devices.make_spare(member.desk(office), PASSWORD)
    devices.remove(member.desk(office), id_of(office, member.device))
    assert clients.list_clients(register(office, member, spare, SECOND).desk(office))


def test_the_code_that_registered_a_removed_device_is_used_up(office: Office) -> None:
    """Or whoever took the PC away could register it again with the paper beside it."""
    member = handler(office)
    code, _ = devices.make_code(member.desk(office), PASSWORD)
    register(office, member, code, SECOND)
    devices.remove(member.desk(office), id_of(office, SECOND))
    with pytest.raises(WrongCredential, match="unknown-code"):
        register(office, member, code, THIRD)


def test_a_desk_of_before_writes_nothing_after_its_device_was_removed(office: Office) -> None:
    """The bundle in a request under way still knows the device's secret: no slot may come back from it."""
    member = handler(office)
    second = with_a_second(office, member)
    old = second.desk(office)
    devices.remove(member.desk(office), id_of(office, SECOND))
    with pytest.raises(KuraError):
        devices.make_spare(old, PASSWORD)
    devices.make_spare(member.desk(office), PASSWORD)
    keystore = office.instance.keyring.stored().keystore
    assert len(keystore.devices) == 2 and old.device not in keystore.slots[member.person]


def test_removing_twice_at_once_says_that_it_is_gone(office: Office) -> None:
    member = handler(office)
    with_a_second(office, member)
    one, other = member.desk(office), office.desk()
    device = id_of(office, SECOND)
    devices.remove(one, device)
    with pytest.raises(NotFound):
        devices.remove(other, device)


def test_a_second_person_on_one_browser_costs_nobody_his_slot(office: Office) -> None:
    member = handler(office)
    before = id_of(office, member.device)
    other = neighbour(office, member)
    assert id_of(office, other.device) == before
    assert len(office.instance.keyring.stored().keystore.devices) == 2
    for each in (member, other):
        assert isinstance(each.desk(office), Desk)
