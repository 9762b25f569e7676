"""The journal: who did what, written in the transaction of what was done and before any plaintext leaves.

The clear part has times, addresses, route templates and ids; never a name, never anything typed. What a person may
want to read again is in the sealed part, under a journal key that only the office's audit key opens.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from vault.crypto import codec, directory
from vault.crypto.envelope import Context, open_sealed, seal
from vault.crypto.keys import new_id, new_key, open_from_any, seal_to
from vault.errors import KuraError, RolledBack
from vault.services.instance import Instance, Origin
from vault.storage import chain, journal
from vault.storage.database import transaction
from vault.storage.keystore import Stored
from vault.storage.records import ContentsRow

if TYPE_CHECKING:
    from vault.services.safe import Desk

KEYSTORE_NOTE = b"kura keystore id"
# So many stretches of so many entries are looked back through for the last note of a keystore.
LOOKED_BACK, LOOKED_AT_ONCE = 200, 100


class Event(StrEnum):
    """Everything the journal can tell. A closed list: what is not here did not happen."""

    BEGUN = "begun"
    SIGNED_IN = "signed-in"
    SIGN_IN_REFUSED = "sign-in-refused"
    UNLOCKED = "unlocked"
    SIGNED_OUT = "signed-out"
    DEVICE_REGISTERED = "device-registered"
    CODE_USED_UP = "code-used-up"
    RECOVERED = "recovered"
    SHEET_MADE = "sheet-made"
    SHEET_CONFIRMED = "sheet-confirmed"
    REQUEST_REFUSED = "request-refused"
    PARTICULARS_SAVED = "particulars-saved"
    PARTICULARS_OPENED = "particulars-opened"
    PREFERENCES_SAVED = "preferences-saved"
    CLIENTS_LISTED = "clients-listed"
    SEARCHED = "searched"
    SEARCH_OPENED = "search-opened"
    SEARCH_KEPT = "search-kept"
    CLIENT_OPENED = "client-opened"
    CLIENT_SAVED = "client-saved"
    POLICY_OPENED = "policy-opened"
    POLICY_SAVED = "policy-saved"
    UPLOAD_BEGUN = "upload-begun"
    IMPORT_BEGUN = "import-begun"
    IMPORT_OPENED = "import-opened"
    IMPORT_CHECKED = "import-checked"
    IMPORTED = "imported"
    IMPORT_UNDONE = "import-undone"
    DOCUMENT_OPENED = "document-opened"
    DOCUMENT_SAVED = "document-saved"
    DEPOSITS_LISTED = "deposits-listed"
    DEPOSIT_OPENED = "deposit-opened"
    DEPOSIT_SAVED = "deposit-saved"
    DEPOSIT_RETURNED = "deposit-returned"
    WORKLIST_CHOSEN = "worklist-chosen"
    TASK_OPENED = "task-opened"
    TASK_SAVED = "task-saved"
    CONTACT_OPENED = "contact-opened"
    CONTACT_SAVED = "contact-saved"
    INTENTION_OPENED = "intention-opened"
    INTENTION_SAVED = "intention-saved"
    PROVISION_OPENED = "provision-opened"
    PROVISION_SAVED = "provision-saved"
    CLAIM_OPENED = "claim-opened"
    CLAIM_SAVED = "claim-saved"
    HISTORY_OPENED = "history-opened"
    DOUBLES_OPENED = "doubles-opened"
    DOUBLES_APART = "doubles-apart"
    CLIENTS_UNITED = "clients-united"
    PEOPLE_UNITED = "people-united"
    POLICIES_UNITED = "policies-united"
    SHEET_PRINTED = "sheet-printed"
    LEDGER_OPENED = "ledger-opened"
    LEDGER_CHANGED = "ledger-changed"
    PRINT_REQUESTED = "print-requested"
    PRINT_APPROVED = "print-approved"
    PRINT_DECLINED = "print-declined"
    TAKE_OUT_NOTED = "take-out-noted"
    OFFICE_SHEET_PRINTED = "office-sheet-printed"
    TODAY_OPENED = "today-opened"
    DATA_LEDGER_OPENED = "data-ledger-opened"
    SPACE_OPENED = "space-opened"
    LOG_OPENED = "log-opened"
    INSPECTIONS_OPENED = "inspections-opened"
    INSPECTION_SIGNED = "inspection-signed"
    PEOPLE_OPENED = "people-opened"
    PERSON_CREATED = "person-created"
    PERSON_NOTED = "person-noted"
    PERSON_CHANGED = "person-changed"
    PERSON_STOPPED = "person-stopped"
    PERSON_REENROLLED = "person-reenrolled"
    FIRST_PASSWORD_SET = "first-password-set"
    PASSWORD_CHANGED = "password-changed"
    PASSWORD_PROVED = "password-proved"
    PASSKEY_ADDED = "passkey-added"
    PASSKEY_REMOVED = "passkey-removed"
    DEVICES_OPENED = "devices-opened"
    DEVICE_NAMED = "device-named"
    DEVICE_REMOVED = "device-removed"
    CODE_MADE = "code-made"
    COMPARTMENTS_OPENED = "compartments-opened"
    COMPARTMENT_MADE = "compartment-made"
    COMPARTMENT_RENAMED = "compartment-renamed"
    CLIENT_MOVED = "client-moved"
    RULES_SAVED = "rules-saved"
    ANNOUNCEMENT_SEEN = "announcement-seen"
    INCIDENT_SEEN = "incident-seen"
    BACKUP_MADE = "backup-made"
    DRILL_DONE = "drill-done"
    RESTORED = "restored"
    RESTORE_CONFIRMED = "restore-confirmed"
    RETENTION_OPENED = "retention-opened"
    BIN_OPENED = "bin-opened"
    BINNED = "binned"
    BROUGHT_BACK = "brought-back"
    ERASURE_BEGUN = "erasure-begun"
    ERASED = "erased"
    REKEYED = "rekeyed"
    ERASURES_OPENED = "erasures-opened"
    CANCELLATION_ASKED = "cancellation-asked"
    CANCELLATION_TAKEN_BACK = "cancellation-taken-back"
    PACKED = "packed"
    UNPACKED = "unpacked"
    ROLLBACK_FOUND = "rollback-found"
    ROLLBACK_CONFIRMED = "rollback-confirmed"


@dataclass
class Fact:
    """One entry before it is written."""

    event: Event
    status: int = 200
    person: bytes = b""
    device: bytes = b""
    subject: bytes = b""
    contents: ContentsRow | None = None
    vouch: Callable[[bytes], bytes] | None = None  # the tag of `contents` behind the entry of a hash
    keystore: Stored | None = None
    confirmed: tuple[int, bytes] | None = None  # when an administrator confirmed a rollback, under the office's signature
    detail: dict[str, object] = field(default_factory=dict)
    further: bool = False  # of an act that another entry tells of: this one only notes one thing more


def contents_note(row: ContentsRow) -> list[object]:
    """What an entry notes of a contents list: its version and the SHA-256 of its sealed bytes."""
    return [row.version, hashlib.sha256(row.sealed).digest()]


def _parts(instance: Instance, origin: Origin, fact: Fact, before: bytes) -> dict[str, Any]:
    parts: dict[str, Any] = {
        "at": int(instance.clock() * 1000),
        "event": fact.event.value,
        "status": fact.status,
        "address": origin.address,
        "method": origin.method,
        "route": origin.route,
        "person": fact.person,
        "device": fact.device,
        "subject": fact.subject,
    }
    if fact.contents is not None:
        tag = [fact.vouch(before)] if fact.vouch is not None else []
        parts["contents"] = [fact.contents.owner, *contents_note(fact.contents), *tag]
    if fact.further:
        parts["further"] = 1
    if fact.confirmed is not None:
        parts["confirmed"] = list(fact.confirmed)
    if fact.keystore is not None:
        stored = fact.keystore
        parts["keystore"] = [*stored.place, stored.digest, _directory_version(stored)]
    return parts


def _directory_version(stored: Stored) -> int:
    return directory.decode(stored.keystore.directory.document).version


def is_further(clear: bytes) -> bool:
    """Whether an entry only notes one thing more of an act that the entry before it tells of."""
    return b"further" in clear and "further" in codec.decode(clear)


JournalKeys = dict[tuple[int, int, bytes], tuple[bytes, bytes]]


def write(
    instance: Instance,
    connection: Connection,
    origin: Origin,
    fact: Fact,
    audit_public: bytes = b"",
    fresh: JournalKeys | None = None,
    strict: bool = False,
) -> tuple[int, bytes]:
    """Append an entry inside a transaction; returns the head to be remembered once that has committed.

    That is the new head, but while a database that was put back waits to be confirmed the old one: what proves it
    must not be written over. `strict` raises RolledBack then.

    `audit_public` comes out of a verified directory or not at all. A journal key made here goes into `fresh`: it
    exists only when the transaction has committed, and the caller then adds it to the instance's.
    """
    last = journal.head(connection)
    proof = journal.put_back(connection, instance.settings.replicas[0], last)
    if proof is not None and strict:
        raise RolledBack("database-rolled-back")
    key, sealed = None, None
    if audit_public and fact.detail and fresh is not None:
        key, secret = _journal_key(instance, connection, audit_public, fresh)
        sealed = seal(secret, codec.encode(fact.detail), Context(instance.office, "journal", (key, last[0] + 1)))
    parts = _parts(instance, origin, fact, last[1])
    new = journal.append(connection, last, codec.encode(parts), key, sealed, _columns(parts))
    return proof or new


def _journal_key(
    instance: Instance, connection: Connection, audit_public: bytes, fresh: JournalKeys
) -> tuple[bytes, bytes]:
    """This process's key of the day."""
    day = int(time.strftime("%Y%m%d", time.gmtime(instance.now())))
    name = (os.getpid(), day, audit_public)
    known = instance.journal_keys.get(name) or fresh.get(name)
    if known is None:
        known = fresh[name] = (new_id(), new_key())
        sealed = seal_to(audit_public, known[1], Context(instance.office, "journal-key", (known[0], day)))
        journal.add_key(connection, known[0], day, sealed)
    return known


def record(instance: Instance, origin: Origin, fact: Fact) -> None:
    """One entry in a transaction of its own, for acts that have no desk: sign-ins and refusals."""
    with transaction(instance.engine) as connection:
        last = write(instance, connection, origin, fact)
    journal.remember_head(instance.settings.replicas[0], last)


# --- rollback


Vouch = Callable[[ContentsRow, bytes], bytes]


def check_contents(row: ContentsRow, note: journal.Entry | None, vouch: Vouch, untagged: int) -> None:
    """Refuse a client whose contents list is not the one the journal noted last (`note`); raises RolledBack.

    `vouch` makes the note's tag, which only the holder of the folder's key can; notes up to position `untagged` were
    written before there were tags.
    """
    entry = _genuine(note)
    noted = codec.decode(entry.clear).get("contents") if entry is not None else None
    if entry is None or noted is None or noted[:3] != [row.owner, *contents_note(row)]:
        raise RolledBack("client-rolled-back", owner=row.owner)
    if len(noted) == 3 and entry.position <= untagged:
        return
    if not hmac.compare_digest(b"".join(noted[3:]), vouch(row, entry.before)):
        raise RolledBack("client-rolled-back", owner=row.owner)


def _genuine(entry: journal.Entry | None) -> journal.Entry | None:
    """The entry, if its hash is that of its contents behind the entry before it; else somebody edited it."""
    if entry is None:
        return None
    if entry.hash != journal.entry_hash(entry.before, entry.position, entry.clear, entry.key, entry.sealed):
        raise RolledBack("database-rolled-back")
    return entry


def _last_keystore_note(connection: Connection) -> journal.Entry | None:
    """The newest entry that notes a keystore, looked for in the entries themselves as far as they go back in a while.

    The column `noted` is covered by no hash: whoever empties it would hide that a keystore was put back. What is
    passed over on the way must be genuine, too; raises RolledBack.
    """
    expected = journal.head(connection)[0]
    for _ in range(LOOKED_BACK):
        entries = journal.found(connection, journal.Wanted(before=expected + 1), LOOKED_AT_ONCE)
        for entry in entries:
            if _genuine(entry) is None or entry.position != expected:
                raise RolledBack("database-rolled-back")
            if b"keystore" in entry.clear and "keystore" in codec.decode(entry.clear):
                return entry
            expected -= 1
        if not entries:
            return None
    return journal.last_note_of(connection, KEYSTORE_NOTE)


def check_whole(instance: Instance, stored: Stored) -> None:
    """Notice a keystore or a database put back as a whole; raises RolledBack."""
    with transaction(instance.engine) as connection:
        noted = _genuine(_last_keystore_note(connection))
        position, marked = stored.keystore.mark
        at_mark = _genuine(journal.at(connection, position)) if position else None
        proof = journal.put_back(connection, instance.settings.replicas[0], journal.head(connection))
        remembered = journal.remembered_head(instance.settings.replicas[0])
        if remembered is not None:
            _genuine(journal.at(connection, remembered[0]))
    if position and (at_mark is None or at_mark.hash != marked):
        raise RolledBack("database-rolled-back")
    if proof is not None:
        raise RolledBack("database-rolled-back")
    if noted is not None:
        epoch, generation, seen, version = codec.decode(noted.clear)["keystore"]
        # An older directory under a newer number: whoever has the disk can seal a keystore, but sign no directory.
        if _directory_version(stored) < version:
            raise RolledBack("keystore-rolled-back")
        if stored.place < (epoch, generation) or (stored.place == (epoch, generation) and stored.digest != seen):
            raise RolledBack("keystore-rolled-back")


# --- reading


@dataclass(frozen=True)
class Told:
    """One entry as an administrator or auditor reads it."""

    position: int
    clear: dict[str, object]
    detail: dict[str, object]


def newest(desk: Desk, connection: Connection, limit: int) -> list[Told]:
    """The newest entries with their sealed parts, for whoever holds the audit key."""
    keys = opened_keys(desk, journal.sealed_keys(connection))
    return [_told(desk.instance.office, entry, keys) for entry in journal.newest(connection, limit)]


def opened_keys(desk: Desk, sealed: dict[bytes, tuple[int, bytes]]) -> dict[bytes, bytes]:
    """Journal keys by id, for whoever holds the audit key; `sealed` has each one's day and sealed bytes."""
    privates = desk.secret("audit")
    return {
        key: open_from_any(privates, raw, Context(desk.instance.office, "journal-key", (key, day)))
        for key, (day, raw) in sealed.items()
    }


def _told(office: bytes, entry: journal.Entry, keys: dict[bytes, bytes]) -> Told:
    detail: dict[str, object] = {}
    if entry.sealed is not None and entry.key in keys:
        context = Context(office, "journal", (entry.key, entry.position))
        detail = codec.decode(open_sealed(keys[entry.key], entry.sealed, context))
    return Told(entry.position, codec.decode(entry.clear), detail)


def verify_chain(connection: Connection) -> int | None:
    """The position of the first entry that does not fit the chain; None when it is whole."""
    fault = chain.walk(connection, columns_of).fault
    return fault.position if fault else None


def columns_of(clear: bytes) -> journal.Columns:
    """What the columns beside an entry, which its hash does not cover, have to say."""
    return _columns(codec.decode(clear))


def _columns(told: dict[str, Any]) -> journal.Columns:
    noted = bytes(told["contents"][0]) if "contents" in told else KEYSTORE_NOTE if "keystore" in told else None
    return journal.Columns(told["at"], told["event"], told["person"] or None, told["subject"] or None, noted)


def found_rollback(
    instance: Instance, origin: Origin, error: KuraError, person: bytes = b"", device: bytes = b""
) -> None:
    """Note that something was put back, and by whose device it came out: a memory can be made up too."""
    owner = error.facts.get("owner", b"")
    subject = owner if isinstance(owner, bytes) else b""
    record(instance, origin, Fact(Event.ROLLBACK_FOUND, 409, person, device, subject))
