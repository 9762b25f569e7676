"""The formats are what SECURITY.md says: a reader that shares no line with Kura opens what Kura has written."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidTag

from tests.support import reader
from tests.support.offices import DEVICE, NAMES, PASSWORD, Office, no_keeper, office, other_office, templates
from tests.support.reader import Disk
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.services import printing

__all__ = ["no_keeper", "office", "other_office", "templates"]


@pytest.fixture
def disk(office: Office) -> Disk:
    """The files of an office that has printed once."""
    order = PrintOrder(sheet=POLICY_LIST, purpose="客先持参", addressee="山田 太郎 様", place="ご自宅", copies=1)
    printing.print_client(office.desk(), office.facts.clients[0], order)
    return Disk(office.folder)


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
    [(entry, names)] = disk.ledger(folders)
    assert (entry["serial"], entry["purpose"], names["addressee"]) == (1, "客先持参", "山田 太郎 様")
    journal = disk.journal(disk.secret("audit", b"kura audit key\x00\x00", folders))
    assert [clear["event"] for clear, _ in journal].count("begun") == 1
    printed = next((clear, told) for clear, told in reversed(journal) if clear["event"] == "sheet-printed" and told)
    assert printed[0]["subject"] == office.facts.clients[0] and printed[1]["serial"] == 1


def test_the_journal_notes_the_keystore_and_each_contents_list(disk: Disk, office: Office) -> None:
    folders = disk.folders(*disk.sign_in(office.facts.login_id, PASSWORD, DEVICE))
    journal = disk.journal(disk.secret("audit", b"kura audit key\x00\x00", folders))
    noted = {tuple(clear["contents"]) for clear, _ in journal if "contents" in clear}
    for owner, version, sealed in disk.rows("SELECT owner, version, sealed FROM contents"):
        assert (owner, version, hashlib.sha256(sealed).digest()) in noted
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
