"""今日の仕事: what waits for whom, and nothing that is not his affair."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.support.colleagues import add_colleague, sign_role
from tests.support.offices import Office
from tests.support.people import join
from vault.crypto.keystore import Code, Keystore, Sheet, Stretch
from vault.domain.access import Role
from vault.domain.prints import TakeOut
from vault.domain.values.moments import DAY
from vault.services import ledger_notes
from vault.services.accounts import people
from vault.services.today import Remark, Today, today


def changed(office: Office, change: Callable[[Keystore], Keystore]) -> None:
    office.instance.files.add(change)


def with_rules(office: Office, **rules: int) -> None:
    desk = office.desk()
    signing = desk.secret("signing")

    def change(keystore: Keystore) -> Keystore:
        directory = keystore.trusted(desk.bundle.pinned)
        told = replace(directory, version=directory.version + 1, rules={**directory.rules, **rules})
        return keystore.with_directory(told, signing)

    changed(office, change)


def at_desk(office: Office) -> Today:
    return today(office.desk())


def remark(office: Office, code: str) -> Remark | None:
    return next((each for each in at_desk(office).remarks if each.code == code), None)


def test_a_new_office_is_told_of_its_one_administrator_and_its_one_disk(office: Office) -> None:
    found = at_desk(office)
    assert [each.code for each in found.remarks] == ["one-administrator", "one-disk"]
    assert found.clients == 2 and found.inspections == [] and found.papers.overdue == []


def test_a_colleague_who_is_no_administrator_does_not_help(office: Office) -> None:
    add_colleague(office, "handler", tuple(office.desk().client_compartments()))
    assert remark(office, "one-administrator") is not None


def test_two_administrators_are_enough(office: Office) -> None:
    add_colleague(office, "administrator")
    assert remark(office, "one-administrator") is None


def test_whom_the_recovery_sheet_made_is_asked_for_his_name_until_he_has_said_it(office: Office) -> None:
    assert remark(office, "own-name") is None
    desk = office.desk()
    found = people.one(desk, desk.person)
    people.note(desk, desk.person, replace(found.colleague, name=desk.login_id), found.version)
    assert remark(office, "own-name") is not None
    people.note(office.desk(), desk.person, found.colleague, found.version + 1)
    assert remark(office, "own-name") is None


@pytest.mark.parametrize("role", ["handler", "viewer", "auditor"])
def test_nobody_but_administrators_is_told_of_people_and_keys(office: Office, role: str) -> None:
    sign_role(office, office.desk(), role, tuple(office.desk().client_compartments()))
    assert at_desk(office).remarks == []


# --- papers


def test_what_should_be_back_stands_there_with_the_longest_first(office: Office) -> None:
    thing = TakeOut(thing="書類", description="封筒", people=1, purpose="客先持参", place="渋谷")
    for _ in range(2):
        ledger_notes.take_out(office.desk(), thing)
        office.clock.tick(DAY)
    ledger_notes.take_out(office.desk(), thing, office.facts.clients[0])  # a line of the work list
    assert at_desk(office).papers.overdue_count == 0
    office.clock.tick(7 * DAY)
    late = at_desk(office).papers
    assert [row.entry.serial for row in late.overdue] == [1, 2] and late.overdue_count == 2
    auditor = join(office, Role.AUDITOR, (), "監査 三郎").desk(office)
    office.clock.tick(DAY)
    assert [row.entry.serial for row in today(auditor).papers.overdue] == [1, 2, 3]


# --- people


def sheet_for(office: Office, expires: int, initial: bool = True) -> None:
    person, _ = add_colleague(office, "viewer", tuple(office.desk().client_compartments()))
    code = Code(b"\x01" * 32, person, expires, initial)
    changed(office, lambda keystore: replace(keystore, codes={**keystore.codes, b"\x02" * 16: code}))


def test_a_login_sheet_that_is_about_to_expire_is_named_until_it_has(office: Office) -> None:
    expires = office.instance.now() + 10 * DAY
    sheet_for(office, expires)
    assert remark(office, "login-sheet-expiring") is None
    office.clock.tick(8 * DAY)
    assert remark(office, "login-sheet-expiring") == Remark("login-sheet-expiring", 1, ("同僚 一郎",), expires)
    office.clock.tick(3 * DAY)
    assert remark(office, "login-sheet-expiring") is None


def test_who_did_not_use_his_login_sheet_in_time_has_no_way_in(office: Office) -> None:
    sheet_for(office, office.instance.now() + DAY)
    assert remark(office, "no-way-in") is None
    desk = office.desk()
    office.clock.tick(2 * DAY)
    assert next(each for each in today(desk).remarks if each.code == "no-way-in").names == ("同僚 一郎",)


def test_who_is_left_without_a_slot_has_no_way_in_either(office: Office) -> None:
    person, _ = add_colleague(office, "viewer", tuple(office.desk().client_compartments()))
    assert remark(office, "no-way-in") is None
    changed(office, lambda keystore: replace(keystore, slots={**keystore.slots, person: {}}))
    assert remark(office, "no-way-in") == Remark("no-way-in", 1, ("同僚 一郎",))


def test_a_device_code_that_expires_is_nobodys_worry(office: Office) -> None:
    sheet_for(office, office.instance.now() + 60, initial=False)
    office.clock.tick(DAY)
    assert remark(office, "no-way-in") is None


def set_password_at(office: Office, person: bytes, seconds: int) -> None:
    def change(keystore: Keystore) -> Keystore:
        known = keystore.stretches[person]
        told = Stretch(known.salt, known.cost, seconds)
        return replace(keystore, stretches={**keystore.stretches, person: told})

    changed(office, change)


def test_an_old_password_is_asked_after_only_where_the_office_wants_it(office: Office) -> None:
    set_password_at(office, office.facts.person, office.instance.now())
    office.clock.tick(400 * DAY)
    assert remark(office, "password-old") is None
    with_rules(office, password_days=90)
    assert remark(office, "password-old") == Remark("password-old", 90)
    set_password_at(office, office.facts.person, office.instance.now() - 89 * DAY)
    assert remark(office, "password-old") is None


def test_administrators_hear_whose_password_is_old(office: Office) -> None:
    person, _ = add_colleague(office, "viewer", tuple(office.desk().client_compartments()))
    with_rules(office, password_days=90)
    for each in (office.facts.person, person):
        set_password_at(office, each, office.instance.now())
    assert remark(office, "passwords-old") is None
    set_password_at(office, person, office.instance.now() - 90 * DAY)
    assert remark(office, "passwords-old") == Remark("passwords-old", 1, ("同僚 一郎",))
    assert remark(office, "password-old") is None


# --- the sheet and the keys


def test_a_recovery_sheet_is_old_after_a_year(office: Office) -> None:
    made = max(sheet.made for sheet in office.instance.keyring.stored().keystore.sheets.values())
    office.clock.now = made + 365 * DAY - 10
    assert remark(office, "sheet-old") is None
    office.clock.tick(20)
    assert remark(office, "sheet-old") == Remark("sheet-old", at=made)


def test_a_new_sheet_that_nobody_has_typed_back_is_asked_after(office: Office) -> None:
    waiting = Sheet(b"\x00" * 64, office.instance.now())
    changed(office, lambda keystore: replace(keystore, sheets={**keystore.sheets, b"\x03" * 16: waiting}))
    assert remark(office, "sheet-unconfirmed") is not None and remark(office, "sheet-old") is None


def test_a_copy_of_the_keys_that_is_missing_is_owed_and_says_nothing_of_disks(office: Office) -> None:
    today(office.desk())  # the first list of what falls due makes a key, which is written to whatever folder there is
    away = office.settings.replicas[1]
    away.rename(away.with_name("away"))
    assert remark(office, "replicas-owed") == Remark("replicas-owed", 1)
    assert remark(office, "one-disk") is None
    away.with_name("away").rename(away)


def test_a_grant_that_somebody_ought_to_have_and_has_not_is_counted(office: Office) -> None:
    person, _ = add_colleague(office, "viewer", tuple(office.desk().client_compartments()))

    def change(keystore: Keystore) -> Keystore:
        kept = {room: {i: g for i, g in of.items() if i != person} for room, of in keystore.grants.items()}
        return replace(keystore, grants=kept)

    assert remark(office, "grants-missing") is None
    changed(office, change)
    assert remark(office, "grants-missing") == Remark("grants-missing", 2)
