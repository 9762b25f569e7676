"""The formats are what SECURITY.md says: a reader that shares no line with Kura opens what Kura has written."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from tests.support import reader
from tests.support.offices import DEVICE, NAMES, PASSWORD, Office, no_keeper, office, other_office, templates
from tests.support.people import Member, join
from tests.support.reader import Disk
from tests.support.visits import PASSKEY, PASSKEY_OUTPUT, add_passkey
from vault.domain.access import Role
from vault.domain.inspections import NOTHING, Inspection
from vault.domain.office import Colleague
from vault.domain.prints import POLICY_LIST, PrintOrder, TakeOut
from vault.services import inspections, ledger_notes, printing
from vault.services.accounts import compartments, devices, people
from vault.services.sessions import LoginSheet

__all__ = ["no_keeper", "office", "other_office", "templates"]
AUDIT = b"kura audit key\x00\x00"


@pytest.fixture
def disk(office: Office) -> Disk:
    """The files of an office that has printed once, and has noted a paper that it did not print."""
    order = PrintOrder(sheet=POLICY_LIST, purpose="客先持参", addressee="山田 太郎 様", place="ご自宅", copies=1)
    printing.print_client(office.desk(), office.facts.clients[0], order)
    taken = TakeOut(thing="パソコン", description="ノート型 2号機", people=3, purpose="社外での作業", place="出張先")
    ledger_notes.take_out(office.desk(), taken)
    return Disk(office.folder)


@dataclass
class Full:
    """An office with people, compartments and devices, and those who came and went."""

    disk: Disk
    handler: Member
    waiting: LoginSheet
    branch: bytes


@pytest.fixture
def full(office: Office) -> Full:
    branch = compartments.make(office.desk(), "港南支店")
    handler = join(office, Role.HANDLER, (branch,), "鳥羽 渚")
    compartments.move_client(office.desk(), office.facts.clients[1], branch)
    leaver = join(office, Role.ADMINISTRATOR, name="的矢 圭")
    people.stop(office.desk(), leaver.person)
    devices.rename(office.desk(), office.desk().device, "受付のパソコン")
    office.clock.tick(31 * 24 * 60 * 60)
    desk = office.desk()
    waiting = people.create(desk, Colleague(name="英虞 凪"), Role.AUDITOR, ())
    inspections.sign(desk, "2026-11", Inspection(findings="夜間の利用なし", result=NOTHING))
    return Full(Disk(office.folder), handler, waiting, branch)


def test_the_second_reader_shares_no_line_with_kura() -> None:
    tree = ast.parse(Path(reader.__file__).read_text(encoding="utf-8"))
    named = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    named += [alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names]
    assert [name for name in named if name.split(".")[0] == "vault"] == []


def test_password_and_device_lead_to_every_record(disk: Disk, office: Office) -> None:
    person, private = disk.sign_in(office.facts.login_id, PASSWORD, DEVICE)
    folders = disk.folders(person, private)
    for client, name, policies in zip(office.facts.clients, NAMES, office.facts.policies, strict=True):
        found = disk.records(client, *folders[client])
        assert found[client][0] == "household" and found[client][1]["record"]["name"] == name
        assert found[client][2] == person
        assert sorted(i for i, (kind, *_) in found.items() if kind == "policy") == sorted(policies)
        assert {p["record"]["insurer"] for kind, p, _ in found.values() if kind == "policy"} == {"日本生命", "明治安田生命"}
    page = disk.records(b"kura office page", *folders[b"kura office page"])
    assert sorted(kind for kind, *_ in page.values()) == ["compartment", "particulars"]
    assert disk.records(person, *folders[person])[person][1]["record"]["name"] == "佐々木 恵"


def test_the_recovery_sheet_leads_to_the_same_keys(disk: Disk, office: Office) -> None:
    person, private = disk.sign_in(office.facts.login_id, PASSWORD, DEVICE)
    assert disk.folders(*disk.recover(office.facts.groups)) == disk.folders(person, private)


def test_the_ledger_and_the_journal_are_read_from_their_own_keys(disk: Disk, office: Office) -> None:
    folders = disk.folders(*disk.sign_in(office.facts.login_id, PASSWORD, DEVICE))
    [(entry, names), (taken, told)] = disk.ledger(folders)
    assert (entry["serial"], entry["purpose"], names["addressee"]) == (1, "客先持参", "山田 太郎 様")
    assert (taken["serial"], taken["client"], taken["taken"]) == (2, "", True)
    assert told["description"] == "ノート型 2号機", "without a client the names lie under the papers' own key"
    journal = disk.journal(disk.secret("audit", AUDIT, folders))
    assert [clear["event"] for clear, _ in journal].count("begun") == 1
    printed = next((clear, told) for clear, told in reversed(journal) if clear["event"] == "sheet-printed" and told)
    assert printed[0]["subject"] == office.facts.clients[0] and printed[1]["serial"] == 1


def test_people_devices_compartments_and_inspections_are_records_like_others(full: Full, office: Office) -> None:
    disk, mine = full.disk, office.facts.person
    folders = disk.folders(*disk.sign_in(office.facts.login_id, PASSWORD, DEVICE))
    for person, name in ((mine, "佐々木 恵"), (full.handler.person, "鳥羽 渚"), (full.waiting.person, "英虞 凪")):
        [(kind, payload, author)] = disk.records(person, *folders[person]).values()
        assert (kind, payload["record"]["name"], author) == ("person", name, mine)
    page = disk.records(b"kura office page", *folders[b"kura office page"])
    named = {(kind, payload["record"]["name"]) for kind, payload, _ in page.values() if kind != "particulars"}
    assert named == {("compartment", "本社"), ("compartment", "港南支店"), ("device", "受付のパソコン")}
    assert page[full.branch][0] == "compartment"
    [(kind, payload, _)] = disk.records(b"kura inspections", *folders[b"kura inspections"]).values()
    assert (kind, payload["record"]["month"]) == ("inspection", "2026-11")
    assert payload["record"]["inspection"]["findings"] == "夜間の利用なし"


def test_a_member_reads_what_is_in_his_compartment_and_nothing_else(full: Full, office: Office) -> None:
    disk, (elsewhere, theirs) = full.disk, office.facts.clients
    folders = disk.folders(*disk.sign_in(full.handler.login_id, full.handler.password, full.handler.device))
    assert disk.records(theirs, *folders[theirs])[theirs][1]["record"]["name"] == NAMES[1]
    assert elsewhere not in folders and AUDIT not in folders and b"kura signing key" not in folders
    assert set(folders) >= {office.facts.person, full.handler.person, b"kura office page"}


def test_a_login_sheet_leads_to_the_keys_of_its_person(full: Full) -> None:
    disk, sheet = full.disk, full.waiting
    folders = disk.folders(*disk.first_sign_in(sheet.login_id, sheet.initial_password, sheet.code))
    assert AUDIT in folders, "an auditor"


def test_a_passkey_that_evaluates_leads_to_the_same_key_and_to_no_other_device(office: Office) -> None:
    add_passkey(office)
    disk = Disk(office.folder)
    person, private = disk.sign_in(office.facts.login_id, PASSWORD, DEVICE)
    opened, holders = disk.unlock(person, PASSKEY, PASSKEY_OUTPUT, DEVICE)
    assert opened == private and [disk.keystore["devices"][each.hex()][1] > 0 for each in holders] == [True]
    with pytest.raises(AssertionError):
        disk.unlock(person, PASSKEY, bytes(32), DEVICE)


def test_the_journal_is_read_across_the_leaving_of_an_administrator(full: Full, office: Office) -> None:
    """The signing key that his slot pinned is another now, and so is the audit key that he held."""
    disk = full.disk
    folders = disk.folders(*disk.sign_in(office.facts.login_id, PASSWORD, DEVICE))
    assert len(disk.keystore["statements"]) == 1
    audit = disk.secret("audit", AUDIT, folders)
    assert len(audit) == 2 * reader.PRIVATE
    told = {clear["event"]: told for clear, told in disk.journal(audit) if told}
    assert told["compartment-made"] == {"name": "港南支店"}
    assert told["inspection-signed"]["month"] == "2026-11"


def test_who_was_seen_where_is_written_in_clear(full: Full, office: Office) -> None:
    seen = full.disk.rows("SELECT person, device, address FROM visits")
    known = {bytes.fromhex(i) for i in full.disk.keystore["devices"]}
    at_work = {office.facts.person, full.handler.person}
    assert at_work < {person for person, _, _ in seen}, "and of who has left, the last time"
    assert {device for person, device, _ in seen if person in at_work} == known
    assert {address for *_, address in seen} == {"192.0.2.7"}


def test_the_journal_notes_the_keystore_and_each_contents_list(disk: Disk, office: Office) -> None:
    folders = disk.folders(*disk.sign_in(office.facts.login_id, PASSWORD, DEVICE))
    journal = disk.journal(disk.secret("audit", AUDIT, folders))
    owners = [owner for (owner,) in disk.rows("SELECT owner FROM contents")]
    assert len(owners) > 4
    for owner in owners:
        assert disk.is_noted(owner, folders[owner][1])
        assert not disk.is_noted(owner, bytes(32))
    last = [clear["keystore"] for clear, _ in journal if "keystore" in clear][-1]
    # Folders of a year's papers are added without a note of their own, so the newest note may be one behind.
    assert tuple(last[:2]) <= disk.place and last[3] == disk.directory["version"]
    position, hashed = disk.keystore["mark"]
    assert disk.rows("SELECT hash FROM journal WHERE position=?", position) == [(hashed,)]


@pytest.mark.parametrize("wrong", ["password", "device", "place"])
def test_nothing_opens_with_anything_else(wrong: str, disk: Disk, other_office: Office, office: Office) -> None:
    login_id = office.facts.login_id
    if wrong == "password":
        with pytest.raises(AssertionError):  # the key id is another
            disk.sign_in(login_id, PASSWORD + "!", DEVICE)
    elif wrong == "device":
        with pytest.raises(StopIteration):  # nobody has registered it
            disk.sign_in(login_id, PASSWORD, bytes(32))
    else:
        folders = disk.folders(*disk.sign_in(login_id, PASSWORD, DEVICE))
        one, two = (folders[client] for client in office.facts.clients)
        with pytest.raises((AssertionError, InvalidTag)):
            disk.records(office.facts.clients[0], one[0], two[1])
        with pytest.raises((AssertionError, InvalidTag)):
            disk.records(office.facts.clients[0], two[0], one[1])
