"""Taking out one guard at a time turns a test red: what it stands against then succeeds, and the test of it says so."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask

from tests.support.forgeries import compartment_key_replaced_in_its_epoch, role_changed
from tests.support.offices import Office, full_office
from tests.support.visits import Visit
from vault.crypto import envelope, keys
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.errors import Damaged, SealBroken
from vault.services import clients, printing
from vault.services.safe import Desk
from vault.storage import journal, records
from vault.web import gate


def file_of(name: str) -> ModuleType:
    """A file of tests, loaded to call them by hand."""
    path = Path(__file__).parents[1] / name
    spec = importlib.util.spec_from_file_location(path.stem + "_by_hand", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def turns_red(test: Callable[[], object]) -> bool:
    try:
        test()
    except (AssertionError, pytest.fail.Exception):
        return True
    return False


# --- who may


def test_the_permission_check(office: Office, visit: Visit, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = file_of("web/test_gate.py").test_a_viewer_reads_and_cannot_write
    monkeypatch.setattr(Desk, "require", lambda self, permission: None)
    assert turns_red(lambda: guarded(app, office, visit))


def test_the_declaration_of_needs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = file_of("web/test_gate.py").test_a_route_that_says_nothing_keeps_the_application_from_starting
    monkeypatch.setattr(gate, "check_declared", lambda app: None)
    assert turns_red(lambda: guarded(office, monkeypatch))


def test_the_token(app: Flask, visit: Visit, stranger: Visit, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = file_of("web/test_gate.py").test_no_change_without_the_sessions_own_token
    monkeypatch.setattr(gate.SessionToken, "protect", lambda self: None)
    assert turns_red(lambda: guarded("", app, visit, stranger, office))


# --- what belongs where


def test_the_context(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An office of a program that binds nothing: its session rows serve whoever writes his own name on them."""
    guarded = file_of("attacks/test_keystore_edits.py").test_a_session_row_of_another_person_is_not_taken_over
    assert not turns_red(lambda: guarded(full_office(tmp_path / "bound")))
    monkeypatch.setattr(envelope.Context, "encode", lambda self, suite, version=1: b"")
    assert turns_red(lambda: guarded(full_office(tmp_path / "unbound")))


class Uncommitted:
    """The same body opened without a look at the commitment: for one message of one chunk."""

    def __init__(self, key: bytes, context: bytes) -> None:
        self.key, self.context = key, context

    def update(self, body: bytes) -> bytes:
        salt, chunk = body[:24], body[56:]
        info = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00" + salt + self.context
        derived = hmac.digest(self.key, info + b"\x01", hashlib.sha512)
        return AESGCM(derived[:32]).decrypt(derived[32:44], chunk, None)

    def finalize(self) -> bytes:
        return b""


def _every_byte_of_the_commitment_counts() -> None:
    key = bytes(range(32))
    context = envelope.Context(bytes(16), "record", (bytes(16), bytes(16), 1))
    sealed = envelope.seal(key, b"data", context)
    assert envelope.open_sealed(key, sealed, context) == b"data"
    start = envelope.HEAD_BYTES + 24
    for at in range(start, start + 32):
        with pytest.raises(SealBroken):
            envelope.open_sealed(key, sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], context)


def test_the_commitment(monkeypatch: pytest.MonkeyPatch) -> None:
    _every_byte_of_the_commitment_counts()
    monkeypatch.setattr(envelope, "Cobblestone256Decryptor", Uncommitted)
    assert turns_red(_every_byte_of_the_commitment_counts)


# --- whose key


def test_the_name_of_the_key_in_a_grant(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    edits = file_of("attacks/test_keystore_edits.py")

    def believing(office_id: bytes, room: bytes, epoch: int, receiver: bytes, private: bytes, sealed: bytes, _: bytes) -> bytes:
        context = envelope.Context(office_id, "grant", (room, epoch, receiver, sealed[:16]))
        return keys.open_from(private, sealed[16:], context)

    monkeypatch.setattr("vault.crypto.keystore.open_grant", believing)
    guarded = edits.test_nothing_is_written_under_what_the_directory_does_not_vouch_for
    assert turns_red(lambda: guarded(compartment_key_replaced_in_its_epoch, office))


def test_the_signature_of_the_directory(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    edits = file_of("attacks/test_keystore_edits.py")
    monkeypatch.setattr("vault.crypto.directory.verify", lambda *_: None)
    guarded = edits.test_a_directory_that_the_pinned_key_has_not_signed_is_untrusted
    assert turns_red(lambda: guarded(role_changed, office))


# --- what was there last


def test_the_contents_list(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = file_of("attacks/test_rows.py")
    monkeypatch.setattr("vault.services.acts.Act._damaged", lambda self, owner: None)
    assert turns_red(lambda: rows.test_the_service_refuses_it_as_damage(rows.older_row_put_back, office))


def test_the_note_of_the_contents_list(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = file_of("attacks/test_rows.py")
    monkeypatch.setattr("vault.services.audit.check_contents", lambda *_: None)
    guarded = rows.test_a_client_put_back_as_it_was_is_noticed_and_can_be_confirmed
    assert turns_red(lambda: guarded(("records", "history", "contents"), visit, office))


# --- what is written before anything leaves


def _every_sheet_has_its_row(office: Office) -> None:
    desk = office.desk()
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="志摩 海斗 様", copies=1)
    sheets = [printing.print_client(desk, office.facts.clients[0], order)]
    try:
        sheets.append(printing.print_client(desk, office.facts.clients[0], order))
        rows, total = printing.ledger(desk)
    except Damaged as error:  # noticed after the first sheet has left, which is too late
        raise AssertionError(str(error)) from error
    assert [row.entry.serial for row in rows] == [sheet.serial for sheet in reversed(sheets)] and total == 2


def test_the_write_to_the_print_ledger(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _every_sheet_has_its_row(office)
    monkeypatch.setattr(records, "add_ledger_row", lambda connection, row: None)
    assert turns_red(lambda: _every_sheet_has_its_row(office))


def _every_opening_is_noted(office: Office) -> None:
    desk = office.desk()
    [(before,)] = office.sql("SELECT count(*) FROM journal")
    clients.get(desk, office.facts.clients[0])
    assert office.sql("SELECT count(*) FROM journal") == [(before + 1,)]


def test_the_write_to_the_journal(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _every_opening_is_noted(office)
    monkeypatch.setattr(journal, "append", lambda connection, last, *rest: last)
    assert turns_red(lambda: _every_opening_is_noted(office))


def test_an_entry_that_cannot_be_written_shows_nothing(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.support.visits import shows_nothing
    from vault.errors import Unwritable

    def full(*_: object) -> None:
        raise Unwritable("unwritable", place="journal")

    monkeypatch.setattr(journal, "append", full)
    for path in ("/clients", visit.client_page(), visit.policy_page()):
        answer = visit.get(path)
        assert answer.status_code == 503 and shows_nothing(answer)
