"""What a device last saw of the journal, and what follows when the server no longer has it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from vault.crypto import codec
from vault.crypto.keys import sign, verify
from vault.errors import Malformed, RolledBack, Untrusted
from vault.services import audit
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.storage import journal
from vault.storage.database import transaction

PURPOSE = "rollback confirmed"
LOOKED_AT = 20


@dataclass(frozen=True)
class Seen:
    """A journal entry's position and hash, and when they were seen (seconds since 1970)."""

    position: int
    hash: bytes
    at: int

    def cookie(self) -> str:
        """The value of the cookie that keeps it."""
        raw = self.position.to_bytes(8, "big") + self.hash + self.at.to_bytes(8, "big")
        return urlsafe_b64encode(raw).decode("ascii")


def read(cookie: str | None) -> Seen | None:
    """What a cookie keeps; None for one that is missing or garbled."""
    try:
        raw = urlsafe_b64decode(cookie or "")
    except ValueError:
        return None
    if len(raw) != 48:
        return None
    found = Seen(int.from_bytes(raw[:8], "big"), raw[8:40], int.from_bytes(raw[40:], "big"))
    # What no database counts to must not get beside the keys as proof: nobody could look it up there again.
    return found if found.position < 2**63 else None


def compare(desk: Desk, seen: Seen | None) -> None:
    """Sound the alarm when the journal no longer has what this device saw: somebody put the server back.

    The proof is noted where every worker looks, so that everybody is told until an administrator confirms.
    """
    instance = desk.instance
    if seen is None or _fits(instance, seen) or _confirmed_since(desk, seen.at):
        return
    journal.remember_head(instance.settings.replicas[0], (seen.position, seen.hash))
    error = RolledBack("database-rolled-back")
    audit.found_rollback(instance, desk.origin, error, desk.person, desk.device)
    instance.checked = None


def _fits(instance: Instance, seen: Seen) -> bool:
    with transaction(instance.engine) as connection:
        return journal.fits(connection, (seen.position, seen.hash))


# --- the administrator's word that ends it


def confirmation(desk: Desk, before: bytes) -> tuple[int, bytes]:
    """(now, signature): what an entry that confirms bears, bound to its place behind the entry of hash `before`.

    Devices that remember an entry from before that moment are not asked again. Only the office's key makes one: who
    edits the journal cannot.
    """
    at = desk.instance.now()
    return at, sign(desk.secret("signing"), PURPOSE, _signed(desk, at, before))


def _signed(desk: Desk, at: int, before: bytes) -> bytes:
    return codec.encode([desk.instance.office, at, before])


def _confirmed_since(desk: Desk, at: int) -> bool:
    """Whether an administrator has confirmed a journal put back at or after that moment."""
    wanted = journal.Wanted(events=(Event.ROLLBACK_CONFIRMED.value,))
    with transaction(desk.instance.engine) as connection:
        found = journal.found(connection, wanted, LOOKED_AT)
    return any(_confirms(desk, entry, at) for entry in found)


def _confirms(desk: Desk, entry: journal.Entry, since: int) -> bool:
    try:
        match codec.decode(entry.clear):
            case {"confirmed": [int(at), bytes(signature)]} if at >= since:
                verify(desk.directory.signing_public, PURPOSE, _signed(desk, at, entry.before), signature)
                return True
    except (Malformed, Untrusted):
        pass  # whoever can write it there cannot sign it, and must not keep anybody from signing in
    return False
