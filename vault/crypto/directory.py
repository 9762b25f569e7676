"""The signed directory: who exists, who may what, and which key is whose.

HPKE lets anybody seal a key to anybody, and whoever holds the disk can write to it. So nothing is sealed to, opened
for or believed about a person or a compartment unless this document, signed with the office's key, says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from vault.crypto import codec
from vault.crypto.envelope import ID_BYTES
from vault.crypto.keys import PUBLIC_BYTES, sign, verify
from vault.errors import Malformed, Untrusted

PURPOSE = "directory"
ADMINISTRATOR, AUDITOR = "administrator", "auditor"
ROLES = frozenset({ADMINISTRATOR, "handler", "viewer", AUDITOR})
ACTIVE, STOPPED = "active", "stopped"
CLIENTS, ADMIN, AUDIT, OFFICE = "clients", "admin", "audit", "office"
KINDS = frozenset({CLIENTS, ADMIN, AUDIT, OFFICE})
# The recovery key receives a grant of every compartment, under this name.
RECOVERY = b"kura recovery id"


@dataclass(frozen=True)
class Person:
    """One person of the office; the name is sealed elsewhere, the directory knows the login ID."""

    login_id: str
    public: bytes
    role: str
    status: str = ACTIVE
    compartments: tuple[bytes, ...] = ()

    @property
    def active(self) -> bool:
        return self.status == ACTIVE


@dataclass(frozen=True)
class Compartment:
    """A compartment's kind, its current epoch, and the id of the one key valid in it."""

    kind: str
    epoch: int
    key_id: bytes


@dataclass(frozen=True)
class Directory:
    """The document itself. `rules` holds whole numbers that are needed before sign-in (minutes, days), `networks`
    the addresses (CIDR) from which devices may be used; none: from anywhere."""

    office: bytes
    version: int
    signing_public: bytes
    recovery_public: bytes
    audit_public: bytes
    operator_public: bytes
    persons: dict[bytes, Person] = field(default_factory=dict)
    compartments: dict[bytes, Compartment] = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)
    networks: tuple[str, ...] = ()

    def person_by_login(self, login_id: str) -> tuple[bytes, Person] | None:
        """The person with this login ID, whether active or not."""
        return next(((i, p) for i, p in self.persons.items() if p.login_id == login_id), None)

    def system(self, kind: str) -> bytes:
        """The id of a system compartment: admin, audit or office; raises Malformed when there is none."""
        found = next((i for i, c in self.compartments.items() if c.kind == kind), None)
        if found is None:
            raise Malformed("malformed", what="system compartment")
        return found

    def of_clients(self) -> list[bytes]:
        """Ids of the compartments that hold clients."""
        return [i for i, c in self.compartments.items() if c.kind == CLIENTS]

    def holds(self, person: bytes, compartment: bytes) -> bool:
        """Whether a person is to hold a compartment's key."""
        who, what = self.persons.get(person), self.compartments.get(compartment)
        if who is None or what is None or not who.active:
            return False
        if who.role == ADMINISTRATOR or what.kind == OFFICE:
            return True
        if what.kind == AUDIT:
            return who.role == AUDITOR
        return what.kind == CLIENTS and compartment in who.compartments

    def receivers(self, compartment: bytes) -> dict[bytes, bytes]:
        """Everybody who must have a grant of a compartment: id to public key, the recovery key included."""
        found = {i: p.public for i, p in self.persons.items() if self.holds(i, compartment)}
        return {**found, RECOVERY: self.recovery_public}

    def with_person(self, person: bytes, entry: Person) -> Directory:
        """The next version with a person added or changed; raises Malformed for somebody else's login ID."""
        if any(i != person and p.login_id == entry.login_id for i, p in self.persons.items()):
            raise Malformed("malformed", what="login ID twice")
        return replace(self, version=self.version + 1, persons={**self.persons, person: entry})

    def administrators(self) -> list[bytes]:
        """The active administrators."""
        return [i for i, p in self.persons.items() if p.active and p.role == ADMINISTRATOR]

    def with_compartment(self, compartment: bytes, entry: Compartment) -> Directory:
        """The next version with a compartment added or moved to another epoch."""
        return replace(self, version=self.version + 1, compartments={**self.compartments, compartment: entry})

    def in_next_epoch(self, compartment: bytes, key_id: bytes) -> Directory:
        """The same version with a compartment's key replaced by another one, in its next epoch."""
        entry = self.compartments[compartment]
        renewed = Compartment(entry.kind, entry.epoch + 1, key_id)
        return replace(self, compartments={**self.compartments, compartment: renewed})

    def encode(self) -> bytes:
        """The canonical bytes that are signed."""
        return codec.encode(
            {
                "office": self.office,
                "version": self.version,
                "signing": self.signing_public,
                "recovery": self.recovery_public,
                "audit": self.audit_public,
                "operator": self.operator_public,
                "persons": {i.hex(): _person(p) for i, p in self.persons.items()},
                "compartments": {i.hex(): [c.kind, c.epoch, c.key_id] for i, c in self.compartments.items()},
                "rules": self.rules,
                **({"networks": list(self.networks)} if self.networks else {}),
            }
        )


def _person(person: Person) -> list[Any]:
    return [person.login_id, person.public, person.role, person.status, sorted(set(person.compartments))]


def _read_person(raw: list[Any]) -> Person:
    login_id, public, role, status, compartments = raw
    if role not in ROLES or status not in (ACTIVE, STOPPED) or len(public) != PUBLIC_BYTES:
        raise Malformed("malformed", what="person")
    if any(a >= b for a, b in pairwise(compartments)):
        raise Malformed("malformed", what="person")
    return Person(login_id, public, role, status, tuple(compartments))


def _read_compartment(raw: list[Any]) -> Compartment:
    kind, epoch, named = raw
    if kind not in KINDS or epoch < 1 or len(named) != ID_BYTES:
        raise Malformed("malformed", what="compartment")
    return Compartment(kind, epoch, named)


_SHAPE = {
    "office": bytes,
    "version": int,
    "signing": bytes,
    "recovery": bytes,
    "audit": bytes,
    "operator": bytes,
    "persons": {bytes: (str, bytes, str, str, [bytes])},
    "compartments": {bytes: (str, int, bytes)},
    "rules": {str: int},
}


def decode(data: bytes) -> Directory:
    """The document of canonical bytes, not yet believed; raises Malformed."""
    raw = codec.decode(data)
    bounded = isinstance(raw, dict) and "networks" in raw  # left out where there are none, as in the first release
    raw = codec.shaped(raw, {**_SHAPE, "networks": [str]} if bounded else _SHAPE)
    persons = {bytes.fromhex(i): _read_person(p) for i, p in raw["persons"].items()}
    if RECOVERY in persons:  # his grants would take the place of the recovery key's
        raise Malformed("malformed", what="person")
    return Directory(
        raw["office"],
        raw["version"],
        raw["signing"],
        raw["recovery"],
        raw["audit"],
        raw["operator"],
        persons,
        {bytes.fromhex(i): _read_compartment(c) for i, c in raw["compartments"].items()},
        raw["rules"],
        tuple(raw.get("networks", ())),
    )


@dataclass(frozen=True)
class Signed:
    """A directory's bytes and the signature over them."""

    document: bytes
    signature: bytes

    def trusted(self, pinned: bytes, office: bytes) -> Directory:
        """The document, if the holder of the `pinned` key signed it for this office; raises Untrusted."""
        verify(pinned, PURPOSE, self.document, self.signature)
        directory = decode(self.document)
        if directory.office != office or directory.signing_public != pinned:
            raise Untrusted("untrusted", what="directory")
        return directory


def signed(directory: Directory, signing_private: bytes) -> Signed:
    """The directory under the office's signature."""
    document = directory.encode()
    return Signed(document, sign(signing_private, PURPOSE, document))
