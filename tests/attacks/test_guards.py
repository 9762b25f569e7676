"""Taking out one guard at a time turns a test red: what it stands against then succeeds, and the test of it says so."""

from __future__ import annotations

import hashlib
import hmac
import importlib.util
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import Flask

from tests.support.forgeries import compartment_key_replaced_in_its_epoch, role_changed
from tests.support.offices import ORIGIN, Office, full_office, household
from tests.support.people import Member, join
from tests.support.visits import Visit, shows_nothing
from vault.crypto import envelope, keys, switching
from vault.crypto.keystore import Keystore
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.domain.prints import POLICY_LIST, LedgerEntry, PrintOrder
from vault.errors import (
    Conflict,
    Damaged,
    NotFound,
    Refused,
    SealBroken,
    Untrusted,
    Unwritable,
    WrongCredential,
)
from vault.services import audit, bounds, clients, ledger, printing, sessions
from vault.services.accounts import announcements, compartments, people, rules, seen
from vault.services.audit import Event, Fact
from vault.services.instance import Origin
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


ELSEWHERE = Origin("203.0.113.5", "POST", "/office/rules")


def _from_here_nothing_opens(visit: Visit) -> None:
    answer = visit.get("/clients")
    assert answer.status_code == 303 and shows_nothing(answer)


def test_the_bounds_of_the_office(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = sessions.desk(office.instance, office.session(), ELSEWHERE)
    rules.save(desk, replace(rules.read(desk), networks="203.0.113.0/24"))
    with monkeypatch.context() as unbounded:
        unbounded.setattr(bounds, "check", lambda *_: None)
        assert turns_red(lambda: _from_here_nothing_opens(visit))
    _from_here_nothing_opens(visit)


def _a_sensitive_act_asks_for_the_password(office: Office, visit: Visit, other: Member) -> None:
    answer = visit.post(f"/people/{other.person.hex()}/stop", {"password": "no password"})
    assert answer.status_code == 403
    assert other.desk(office).role is Role.ADMINISTRATOR


def test_the_password_again(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    other = join(office, Role.ADMINISTRATOR)
    office.clock.tick(sessions.PROOF_SECONDS + 1)
    _a_sensitive_act_asks_for_the_password(office, visit, other)
    monkeypatch.setattr(gate, "password_needed", lambda: False)
    with pytest.raises(AssertionError):
        _a_sensitive_act_asks_for_the_password(office, visit, other)
    with pytest.raises(WrongCredential):
        other.sign_in(office)


def _an_order_waits_for_another_persons_word(office: Office) -> None:
    desk = office.desk()
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="志摩 海斗 様", copies=1)
    with pytest.raises(Refused):
        printing.print_client(desk, office.facts.clients[0], order)
    serial = printing.request(desk, office.facts.clients[0], order)
    with pytest.raises(Conflict):
        printing.print_approved(desk, serial)


def test_the_approval_of_prints(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))
    _an_order_waits_for_another_persons_word(office)
    with monkeypatch.context() as unasked:
        unasked.setattr(printing, "needs_approval", lambda desk: False)
        assert turns_red(lambda: _an_order_waits_for_another_persons_word(office))
    monkeypatch.setattr(LedgerEntry, "standing", lambda self, today: "approved")
    assert turns_red(lambda: _an_order_waits_for_another_persons_word(office))


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


def test_the_name_of_the_key_in_a_grant(office: Office, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    edits = file_of("attacks/test_keystore_edits.py")

    def believing(office_id: bytes, room: bytes, epoch: int, receiver: bytes, private: bytes, sealed: bytes, _: bytes) -> bytes:
        context = envelope.Context(office_id, "grant", (room, epoch, receiver, sealed[:16]))
        return keys.open_from(private, sealed[16:], context)

    monkeypatch.setattr("vault.crypto.keystore.open_grant", believing)
    guarded = edits.test_a_session_that_is_open_shows_nothing_more
    assert turns_red(lambda: guarded(compartment_key_replaced_in_its_epoch, visit, office))


def test_membership(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands against a grant that somebody with the key has made by hand. Who has none needs no check to be kept out."""
    room, desk = compartments.make(office.desk(), "港南支店"), office.desk()
    theirs = clients.create(desk, room, household("高橋 支店", "タカハシ シテン"))
    outsider = join(office, Role.HANDLER, tuple(set(desk.directory.of_clients()) - {room})).desk(office)

    def unchecked(self: Desk, compartment: bytes) -> bytes:
        return self.instance.keyring.compartment_key(
            self.stored, self.directory, compartment, self.person, self.bundle.private
        )

    monkeypatch.setattr(Desk, "compartment_key", unchecked)
    with pytest.raises(Untrusted):
        outsider.compartment_key(room)
    with pytest.raises(NotFound):
        clients.get(outsider, theirs)
    guarded = file_of("attacks/test_keystore_edits.py").test_an_injected_grant_does_not_make_a_member
    assert turns_red(lambda: guarded(office))


def _a_switch_that_leaves_somebody_out_is_not_written(office: Office, patch: pytest.MonkeyPatch) -> None:
    desk, before = office.desk(), office.instance.files.newest()
    with patch.context() as broken, pytest.raises(Damaged):
        broken.setattr(Keystore, "with_new_grants", lambda self, directory, compartment, key: self)
        people.create(desk, Colleague(name="鳥羽 渚"), Role.ADMINISTRATOR, ())
    assert office.instance.files.newest() == before


def test_the_check_of_a_switch(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    _a_switch_that_leaves_somebody_out_is_not_written(office, monkeypatch)
    monkeypatch.setattr(switching, "check_switch", lambda *_: None)
    assert turns_red(lambda: _a_switch_that_leaves_somebody_out_is_not_written(office, monkeypatch))


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


def test_the_tag_of_a_note(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = file_of("attacks/test_forged_notes.py").test_an_older_note_written_again_does_not_count
    checked = audit.check_contents
    every = 2**63  # as if all notes were from before there were tags
    monkeypatch.setattr(audit, "check_contents", lambda row, note, vouch, _: checked(row, note, vouch, every))
    assert turns_red(lambda: guarded(3, office))


def test_what_a_device_has_seen(app: Flask, visit: Visit, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    guarded = file_of("attacks/test_put_back.py").test_a_server_put_back_as_a_whole_is_known_to_who_saw_more
    monkeypatch.setattr(seen, "compare", lambda *_: None)
    assert turns_red(lambda: guarded(app, visit, office))


def _told(office: Office, member: Member) -> tuple[sessions.Announced, ...]:
    payload = member.sign_in(office).session.payload
    assert payload is not None
    return payload.announced


def _a_recovery_is_told_until_it_was_read(office: Office, colleague: Member) -> None:
    audit.record(office.instance, ORIGIN, Fact(Event.RECOVERED, 200, office.facts.person))
    told = _told(office, colleague)
    assert [each.event for each in told] == ["recovered"]
    assert _told(office, colleague) == told
    announcements.read(colleague.desk(office), told[0].position)
    assert _told(office, colleague) == ()


@pytest.mark.parametrize("mark", [0, 2**40])
def test_the_mark_of_what_was_announced(mark: int, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    colleague = join(office)
    _a_recovery_is_told_until_it_was_read(office, colleague)
    monkeypatch.setattr(announcements, "told_up_to", lambda connection, person: mark)
    assert turns_red(lambda: _a_recovery_is_told_until_it_was_read(office, colleague))


# --- what is written before anything leaves


def _every_sheet_has_its_row(office: Office) -> None:
    desk = office.desk()
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="志摩 海斗 様", copies=1)
    sheets = [printing.print_client(desk, office.facts.clients[0], order)]
    try:
        sheets.append(printing.print_client(desk, office.facts.clients[0], order))
        rows, total = ledger.newest(desk)
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
    def full(*_: object) -> None:
        raise Unwritable("unwritable", place="journal")

    monkeypatch.setattr(journal, "append", full)
    for path in ("/clients", visit.client_page(), visit.policy_page()):
        answer = visit.get(path)
        assert answer.status_code == 503 and shows_nothing(answer)
