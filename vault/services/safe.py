"""The Desk: one person at work. The only place where keys, rules and rows meet.

`with desk.act(...) as act:` is one transaction with one journal entry; what the block read may be shown, and what
it wrote is true, only when the block has ended well.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from vault.crypto.directory import OFFICE, Directory
from vault.crypto.keys import Ring
from vault.crypto.keystore import SECRETS, Keystore
from vault.crypto.unlock import Bundle
from vault.domain.access import Permission, Role, may
from vault.errors import Damaged, Forbidden, NotFound, RolledBack, Untrusted
from vault.services import audit
from vault.services.acts import Act, Folder
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.storage import journal
from vault.storage.database import reading, transaction
from vault.storage.keystore import Stored

OFFICE_PAGE = b"kura office page"


def shadow_of(owner: bytes) -> bytes:
    """Under which name an owner's next folder waits in the ring until the old one is dropped."""
    return hashlib.sha256(b"kura next folder" + owner).digest()[:16]


class Desk:
    """A person who is signed in, with the keys his slot opened, for the time of one request."""

    def __init__(
        self, instance: Instance, origin: Origin, person: bytes, device: bytes, bundle: Bundle, stored: Stored
    ) -> None:
        self.instance = instance
        self.origin = origin
        self.person = person
        self.device = device
        self.bundle = bundle
        self.stored = stored
        self.directory: Directory = instance.keyring.directory(stored, bundle.pinned)
        entry = self.directory.persons.get(person)
        if entry is None or not entry.active:
            raise Forbidden("stopped")
        self.role = Role(entry.role)
        self.login_id = entry.login_id
        self.own_name = ""  # where a session has it, what pages show needs no record opened
        self.head: tuple[int, bytes] | None = None  # of the journal, after this request's last act
        self._keys: dict[bytes, bytes] = {}

    def may(self, permission: Permission) -> bool:
        """Whether the person's role has a permission."""
        return may(self.role, permission)

    def require(self, permission: Permission) -> None:
        """Raises Forbidden unless the role has the permission."""
        if not self.may(permission):
            raise Forbidden("forbidden")

    def now_reading(self, stored: Stored) -> None:
        """Go on with a keystore that this request has just written."""
        self.stored = stored
        self.directory = self.instance.keyring.directory(stored, self.bundle.pinned)
        self._keys.clear()

    def refresh(self) -> bool:
        """Go on with the keystore that stands there now; False where it is the one that this request began with."""
        stored = self.instance.keyring.stored()
        if stored.place == self.stored.place:
            return False
        self.now_reading(stored)
        return True

    def check_again(self) -> None:
        """For what takes longer than a request should: raises Forbidden when the person was stopped since it began, and
        goes on with the role, the rights and the keys of this moment."""
        self.refresh()
        entry = self.directory.persons.get(self.person)
        if entry is None or not entry.active:
            raise Forbidden("stopped")
        self.role = Role(entry.role)

    # --- keys

    def compartment_key(self, compartment: bytes) -> bytes:
        """A compartment's key out of this person's grant; raises Untrusted without one the directory wants him to have."""
        if not self.directory.holds(self.person, compartment):
            raise Untrusted("untrusted", what="membership")
        if compartment not in self._keys:
            self._keys[compartment] = self.instance.keyring.compartment_key(
                self.stored, self.directory, compartment, self.person, self.bundle.private
            )
        return self._keys[compartment]

    def ring(self, compartment: bytes) -> Ring:
        """The folder keys of a compartment."""
        key = self.compartment_key(compartment)
        return self.instance.keyring.ring(self.stored, self.directory, compartment, key)

    def client_compartments(self) -> list[bytes]:
        """The compartments of clients this person holds a grant of."""
        granted = self.stored.keystore.grants
        mine = [c for c in self.directory.of_clients() if self.directory.holds(self.person, c)]
        return [c for c in mine if self.person in granted.get(c, {})]

    def folder(self, owner: bytes) -> Folder:
        """The folder of a client, a person or the office's papers; raises NotFound if it is not this person's."""
        # The office's own first: a spoiled ring of clients must not keep people from signing in.
        for compartment in [self.directory.system(OFFICE), *self.client_compartments()]:
            found = self.ring(compartment).find(owner)
            if found is not None:
                return Folder(owner, *found, compartment)
        raise NotFound("not-found")

    def can_open(self, owner: bytes) -> bool:
        """Whether this person holds an owner's folder key."""
        return any(self.ring(c).find(owner) is not None for c in self.client_compartments())

    def folder_named(self, folder: Folder, wanted: bytes) -> Folder:
        """An owner's folder, or, while his rows are already sealed anew, the one that takes its place."""
        if folder.id == wanted:
            return folder
        other = self.ring(folder.compartment).find(shadow_of(folder.owner))
        return Folder(folder.owner, *other, folder.compartment) if other and other[0] == wanted else folder

    def folder_in(self, compartment: bytes, owner: bytes) -> Folder:
        """The same of an owner whose compartment is known."""
        found = self.ring(compartment).find(owner)
        if found is None:
            raise NotFound("not-found")
        return Folder(owner, *found, compartment)

    def secret(self, name: str) -> bytes:
        """The office signing key or the audit private key, for whoever holds the system compartment."""
        compartment = self.directory.system(SECRETS[name][0])
        return self.stored.keystore.secret(self.directory, name, self.compartment_key(compartment))

    def add_folders(self, owners: dict[bytes, bytes], folders: dict[bytes, tuple[bytes, bytes]]) -> None:
        """New folders, durable before any row is: `owners` id to compartment, `folders` id to (folder id, key)."""

        def change(keystore: Keystore) -> Keystore:
            directory = keystore.trusted(self.bundle.pinned)
            for compartment in set(owners.values()):
                key = keystore.compartment_key(directory, compartment, self.person, self.bundle.private)
                mine = {owner: folders[owner] for owner, room in owners.items() if room == compartment}
                ring = keystore.ring(directory, compartment, key).with_folders(mine)
                keystore = keystore.with_ring(directory, compartment, key, ring)
                keystore = self.granted(keystore, directory, compartment, key)
            return self.marked(keystore)

        self.now_reading(self.instance.files.add(change))

    def granted(self, keystore: Keystore, directory: Directory, compartment: bytes, key: bytes) -> Keystore:
        """After a re-sealing everybody the directory names has his grant: administrators give what is missing.

        Others refuse with Damaged: a directory that asks for grants which nobody gave may be somebody's own work.
        """
        if self.may(Permission.MANAGE_PEOPLE):
            return keystore.with_new_grants(directory, compartment, key)
        if any(missing == compartment for missing, _ in keystore.missing_grants(directory)):
            raise Damaged("grants-missing")
        return keystore

    def marked(self, keystore: Keystore, anew: bool = False) -> Keystore:
        """The keystore with the journal's head noted in it, so that a database put back is noticed.

        A mark that proves one is kept until an administrator has confirmed (`anew`).
        """
        with transaction(self.instance.engine) as connection:
            if not anew and journal.put_back(connection, self.instance.settings.replicas[0], journal.head(connection)):
                raise RolledBack("database-rolled-back")
            if not anew and not journal.fits(connection, keystore.mark):
                return keystore
            return replace(keystore, mark=journal.head(connection))

    # --- acts

    @contextmanager
    def look(self, permission: Permission, subject: bytes = b"") -> Iterator[Act]:
        """Reading without an entry, of what an act that is in the journal has announced: the pictures of its pages."""
        self.require(permission)
        with reading(self.instance.engine) as connection:
            yield Act(self, connection, Fact(Event.DOCUMENT_OPENED, 200, self.person, self.device, subject))

    @contextmanager
    def act(self, event: Event, permission: Permission, subject: bytes = b"", status: int = 200) -> Iterator[Act]:
        """One transaction, one journal entry. Nothing is written and nothing may be shown when the block fails."""
        self.require(permission)
        fresh: audit.JournalKeys = {}
        with transaction(self.instance.engine) as connection:
            act = Act(self, connection, Fact(event, status, self.person, self.device, subject))
            yield act
            last = act.finish(fresh)
        self.instance.journal_keys.update(fresh)
        journal.remember_head(self.instance.settings.replicas[0], last)
        self.head = last
