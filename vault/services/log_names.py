"""What the ids of a journal entry are called, for the person who reads it: each is looked up once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vault.domain.access import Permission
from vault.errors import KuraError, NotFound
from vault.services import office
from vault.services.accounts import devices
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.holdings import DOCUMENT, POLICY, client_of, document_of, held_policy
from vault.services.log_walk import OF_CLIENTS
from vault.storage import records

Kind = Literal["client", "number", "erased", "united", "unreadable", "person", "device", "unnamed", "compartment", "papers", "gone"]
_PAPERS = b"kura "
_PUT_BACK = frozenset({Event.ROLLBACK_FOUND, Event.ROLLBACK_CONFIRMED})
_OF_DEVICES = frozenset({Event.DEVICE_NAMED, Event.DEVICE_REMOVED})


@dataclass(frozen=True)
class Subject:
    """Whom or what an entry is about: a client's name, for an auditor his number; `record` is the policy, if one."""

    kind: Kind
    id: bytes
    text: str = ""
    record: str = ""


def number_of(client: bytes) -> str:
    """What a client is called to somebody who may not read his name."""
    return client.hex()[:8].upper()


def is_papers(subject: bytes | None) -> bool:
    """Whether an id is that of the office's papers, whose owners are called by readable words."""
    return bool(subject) and bytes(subject or b"").startswith(_PAPERS)


class Names:
    """The names of one page of entries."""

    def __init__(self, act: Act) -> None:
        self._act = act
        self._reads_clients = act.desk.may(Permission.READ_CLIENTS)
        self._clients: dict[bytes, Subject] = {}
        self._records: dict[bytes, str] = {}
        self._compartments: dict[bytes, str] | None = None
        self._devices: dict[bytes, str] | None = None

    def person(self, person: bytes) -> str:
        """A person's name; empty where nobody is named."""
        if not person:
            return ""
        return office.name_of(self._act, person) or person.hex()[:4].upper()

    def device(self, device: bytes) -> str:
        """A device's name; empty where it has none."""
        if self._devices is None:
            self._devices = devices.names(self._act)
        return self._devices.get(device, "")

    def device_number(self, device: bytes) -> str:
        """What a device without a name is told apart by."""
        return "" if self.device(device) else device.hex()[:4].upper()

    def subject(self, event: str, subject: bytes, record: bytes = b"") -> Subject | None:
        """Whom or what an entry of this event is about."""
        if not subject:
            return None
        found = self._of_office(subject)
        if found is not None:
            return found
        if event in OF_CLIENTS or event in _PUT_BACK:
            return self.client(subject, record)
        if event in _OF_DEVICES:
            return self._device(subject)
        return Subject("gone", subject, self.device(subject) or subject.hex()[:4].upper())

    def _device(self, device: bytes) -> Subject:
        name = self.device(device)
        return Subject("device", device, name) if name else Subject("unnamed", device, self.device_number(device))

    def _of_office(self, subject: bytes) -> Subject | None:
        directory = self._act.desk.directory
        if subject in directory.persons:
            return Subject("person", subject, self.person(subject))
        if subject in directory.compartments:
            return Subject("compartment", subject, self.compartment(subject))
        if subject in self._act.desk.stored.keystore.devices:
            return self._device(subject)
        return Subject("papers", subject) if is_papers(subject) else None

    def compartment(self, compartment: bytes) -> str:
        """A compartment's name; empty where there is none."""
        if self._compartments is None:
            self._compartments = office.compartment_names(self._act)
        return self._compartments.get(compartment, "")

    def client(self, client: bytes, record: bytes = b"") -> Subject:
        """A client by name, or by number for who may not read it; without a key of his own he was erased."""
        if client not in self._clients:
            self._clients[client] = self._client(client)
        found = self._clients[client]
        if found.kind == "client" and record:
            return Subject(found.kind, client, found.text, self._record(client, record))
        return found

    def _client(self, client: bytes) -> Subject:
        if not self._reads_clients:
            return Subject("number", client, number_of(client))
        try:
            self._act.with_bin(client)  # the log tells of what lies in the bin by its name too
            return Subject("client", client, client_of(self._act, client)[1].name)
        except NotFound:
            united = records.has_gone_into_another(self._act.connection, client)
            return Subject("united" if united else "erased", client, number_of(client))
        except KuraError:  # put back or damaged: its own page says so, and the log is needed all the more
            return Subject("unreadable", client, number_of(client))

    def _record(self, client: bytes, record: bytes) -> str:
        """A policy's insurer and number, a document's kind and title; nothing for another record or one that is gone."""
        if record not in self._records:
            try:
                self._records[record] = self._told(client, record)
            except KuraError:
                self._records[record] = ""
        return self._records[record]

    def _told(self, client: bytes, record: bytes) -> str:
        if self._act.contents(client).entries.get(record, ("",))[0] == DOCUMENT:
            document = document_of(self._act.read_one(client, record, DOCUMENT)).document
            return f"{document.kind} {document.title}".strip()
        policy = held_policy(self._act.read_one(client, record, POLICY)).policy
        return f"{policy.insurer} {policy.policy_number}".strip()


