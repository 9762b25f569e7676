"""The office's rules: as they are from the beginning, saved under its signature, counting on every worker at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.authority import tended
from tests.support.forging import edited_directory, forge
from tests.support.offices import Office
from tests.support.people import join
from vault.crypto.directory import decode
from vault.domain.access import Role
from vault.domain.office_rules import Rules
from vault.domain.values import Unreadable
from vault.errors import Conflict, Forbidden, Refused, Untrusted
from vault.services import audit, sessions
from vault.services.accounts import people, rules
from vault.services.safe import Desk

FIRST = Rules(
    password_shortest=12, password_days=0, idle_minutes=15, session_hours=10, log_days=396, print_ledger_days=1830, bin_days=30, retention_years=10,
    print_approval=False, hours_from="", hours_to="", networks="",
)  # fmt: skip


def lay_down(office: Office, desk: Desk | None = None, **changed: object) -> None:
    at = desk or office.desk()
    rules.save(at, replace(rules.read(at), **changed))  # type: ignore[arg-type]


def test_an_office_begins_without_hours_and_networks_and_with_what_kura_advises(office: Office) -> None:
    assert rules.read(office.desk()) == FIRST


def test_what_was_saved_is_read_back_by_everybody_and_stays(office: Office) -> None:
    told = Rules(
        password_shortest=16, password_days=90, idle_minutes=5, session_hours=16, log_days=800, print_ledger_days=3660, bin_days=7, retention_years=5,
        print_approval=True, hours_from="22:00", hours_to="6:30", networks="192.0.2.0/24\n2001:db8::/32",
    )  # fmt: skip
    rules.save(office.desk(), told)
    assert rules.read(office.desk()) == told
    office.restart()
    assert rules.read(office.desk()) == told
    lay_down(office, hours_from="", hours_to="", networks="")
    assert rules.read(office.desk()) == replace(told, hours_from="", hours_to="", networks="")
    assert "hours_from" not in office.desk().directory.rules and office.desk().directory.networks == ()


def test_rules_and_people_do_not_take_each_other_back(office: Office) -> None:
    """Each signs the newest directory, not the one its page was opened with."""
    desk = office.desk()
    member = join(office, Role.HANDLER, tuple(desk.directory.of_clients()))
    lay_down(office, desk, idle_minutes=30)
    after = office.desk()
    assert member.person in after.directory.persons and after.directory.rules["idle_minutes"] == 30
    people.stop(after, member.person)
    assert office.desk().directory.rules["idle_minutes"] == 30


def test_a_rule_that_this_program_does_not_know_is_kept(office: Office) -> None:
    desk = office.desk()
    signing = desk.secret("signing")

    def newer(keystore):
        directory = decode(keystore.directory.document)
        rules_then = {**directory.rules, "of_a_later_release": 7}
        return keystore.with_directory(replace(directory, version=directory.version + 1, rules=rules_then), signing)

    desk.now_reading(office.instance.files.add(newer))
    lay_down(office, idle_minutes=20)
    held = office.desk().directory.rules
    assert held["of_a_later_release"] == 7 and held["idle_minutes"] == 20


def test_half_a_pair_of_hours_is_refused(office: Office) -> None:
    for half in ({"hours_from": "9:00"}, {"hours_to": "18:00"}):
        with pytest.raises(Refused, match="hours-both"):
            lay_down(office, **half)
    assert rules.read(office.desk()) == FIRST


def test_networks_that_shut_out_whoever_saves_them_are_refused(office: Office) -> None:
    with pytest.raises(Refused) as refused:
        lay_down(office, networks="198.51.100.0/24")
    assert refused.value.code == "network-without-you" and refused.value.facts["address"] == "192.0.2.7"
    assert office.desk().directory.networks == ()
    with pytest.raises(Unreadable):
        lay_down(office, networks="the office")
    lay_down(office, networks="198.51.100.0/24\n192.0.2.7")
    assert office.desk().directory.networks == ("198.51.100.0/24", "192.0.2.7/32")


def test_only_administrators_lay_down_rules(office: Office) -> None:
    for role in (Role.HANDLER, Role.VIEWER, Role.AUDITOR):
        member = join(office, role, tuple(office.desk().directory.of_clients()), role.value)
        with pytest.raises(Forbidden):
            lay_down(office, member.desk(office), idle_minutes=60)
    assert rules.read(office.desk()) == FIRST


def test_rules_written_into_the_keystore_without_the_signature_are_not_believed(office: Office) -> None:
    forge(office, edited_directory(lambda d: replace(d, version=d.version + 1, networks=("0.0.0.0/0",), rules={})))
    office.instance.keyring.let_go()
    with pytest.raises(Untrusted):
        office.desk()


def test_times_count_on_every_worker_from_the_next_request(office: Office) -> None:
    workers = [office.worker() for _ in range(2)]
    with tended(office.instance, *workers):
        done = office.sign_in()
        lay_down(office, idle_minutes=5, session_hours=1)
        office.clock.tick(5 * 60 - 1)
        for worker in (office.instance, *workers):
            assert found(office, done.cookie, worker).payload is not None
        office.clock.tick(1)
        for worker in (office.instance, *workers):
            assert found(office, done.cookie, worker).locked
        again = office.sign_in(workers[0])
        assert again.session.row.expires == office.instance.now() + 3600


def found(office: Office, cookie: str, worker) -> sessions.Session:
    from tests.support.offices import DEVICE

    held = sessions.find(worker, cookie, DEVICE)
    assert held is not None
    return held


def test_the_log_says_who_changed_them_and_to_what(office: Office) -> None:
    lay_down(office, idle_minutes=25, hours_from="8:30", hours_to="20:00")
    desk = office.desk()
    with office.instance.engine.begin() as connection:
        told = next(t for t in audit.newest(desk, connection, 5) if t.clear["event"] == "rules-saved")
    assert told.clear["person"] == office.facts.person
    assert (told.detail["idle_minutes"], told.detail["hours_from"], told.detail["hours_to"]) == (25, 510, 1200)


def test_rules_are_not_signed_on_top_of_others_that_the_form_did_not_show(office: Office) -> None:
    shown = office.desk()
    lay_down(office, idle_minutes=20)
    with pytest.raises(Conflict):
        rules.save(shown, replace(FIRST, hours_from="8:00", hours_to="20:00"), shown.directory.version)
    assert rules.read(office.desk()) == replace(FIRST, idle_minutes=20)
    newest = office.desk()
    rules.save(newest, FIRST, newest.directory.version)
    assert rules.read(office.desk()) == FIRST
