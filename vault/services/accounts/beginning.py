"""The beginning: the moment at which an office's keys come into being, and not before."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vault.crypto import directory as d
from vault.crypto.keys import (
    new_id,
    new_key,
    new_private_key,
    new_signing_key,
    public_key,
    signing_public,
)
from vault.crypto.keystore import SECRETS, Code, Device, Keystore, Sheet, Stretch, new_compartment
from vault.crypto.unlock import (
    Bundle,
    holder_secret,
    new_code,
    new_recovery_secret,
    new_salt,
    read_code,
    seal_recovery,
    secret_hash,
    stretch,
)
from vault.domain.access import Role, check_password
from vault.domain.office import Colleague, Named
from vault.errors import Refused
from vault.services import audit, payloads, sessions
from vault.services.accounts import activation
from vault.services.accounts.rules import DEFAULTS
from vault.services.acts import TAGGED_FROM, Act
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import journal, records, visits
from vault.storage.database import transaction
from vault.storage.keystore import Stored

FIRST_COMPARTMENT = "本社"


@dataclass(frozen=True)
class Begun:
    """What the first request of an office leaves behind: a session, its cookie, and the device's secret."""

    session: sessions.Session
    cookie: str
    device_secret: bytes


@dataclass
class _Making:
    """The keystore while it is being made; every private key in it leaves memory with this object."""

    keystore: Keystore
    directory: d.Directory
    signing: bytes
    recovery: bytes
    audit: bytes

    def compartment(self, kind: str) -> tuple[bytes, bytes]:
        """An empty compartment: (id, key)."""
        self.keystore, self.directory, made, key = new_compartment(self.keystore, self.directory, kind, self.signing)
        return made, key

    def folder(self, compartment: bytes, key: bytes, owner: bytes) -> tuple[bytes, bytes]:
        """A folder of an owner in a compartment: (id, key)."""
        found = (new_id(), new_key())
        ring = self.keystore.ring(self.directory, compartment, key).with_folder(owner, *found)
        self.keystore = self.keystore.with_ring(self.directory, compartment, key, ring)
        return found

    def keep(self, compartment: bytes, key: bytes, name: str, secret: bytes) -> None:
        """Put a private key into a system compartment."""
        folder = self.folder(compartment, key, SECRETS[name][1])
        self.keystore = self.keystore.with_secret(name, secret, folder)


def begin(
    instance: Instance, password: str, device_secret: bytes | None, new_secret: bytes, origin: Origin,
    device_name: str = "",
) -> Begun:  # fmt: skip
    """Set the first password and make every key of the office, in the order of keys.md, "Beginning".

    `new_secret` becomes this browser's device secret unless it has one. Killed anywhere before the database commits,
    the initial login still works and everything begins again.
    """
    login_id = activation.login_id(instance)
    clean = check_password(password, [login_id])
    if activation.is_initial_password(instance, password):
        raise Refused("password-initial")
    salt, cost = new_salt(), instance.cost
    with instance.argon2_permit():
        stretched = stretch(clean, salt, cost)
    secret = device_secret or new_secret
    person, device, private = new_id(), new_id(), new_private_key()
    making = _new_office(instance, person, login_id, private)
    compartments = _compartments(making, person)
    bundle = Bundle(private, signing_public(making.signing), {device: holder_secret(secret, person)})
    bundle, waiting = _sheet(instance, making, person, bundle)
    making.keystore = replace(
        making.keystore.with_slots(person, stretched, Stretch(salt, cost, instance.now()), bundle),
        devices={device: Device(secret_hash(secret), instance.now())},
    )
    with instance.files.writing():
        # Under the writer's lock until the database has committed: of two first passwords at once, one begins.
        activation.refuse_to_begin_over(instance)
        if instance.has_begun():
            raise Refused("initial-password-used", at=instance.begun_at())
        stored = instance.files.begin(making.keystore)
        _first_rows(Desk(instance, origin, person, device, bundle, stored), stored, compartments, device_name)
    instance.sessions.end_stage(sessions.ACTIVATION)
    payload = sessions.Payload(bundle, waiting, {"person": login_id})
    session, cookie = sessions.start(instance, person, device, sessions.DESK, payload)
    return Begun(session, cookie, secret)


def _new_office(instance: Instance, person: bytes, login_id: str, private: bytes) -> _Making:
    signing, audit_private, recovery_private = new_signing_key(), new_private_key(), new_private_key()
    directory = d.Directory(
        office=instance.office,
        version=1,
        signing_public=signing_public(signing),
        recovery_public=public_key(recovery_private),
        audit_public=public_key(audit_private),
        operator_public=instance.settings.operator_public,
        persons={person: d.Person(login_id, public_key(private), Role.ADMINISTRATOR.value)},
        rules={**DEFAULTS, TAGGED_FROM: 0},
    )
    keystore = Keystore(instance.office, 1, 1, d.signed(directory, signing))
    return _Making(keystore, directory, signing, recovery_private, audit_private)


def _compartments(making: _Making, person: bytes) -> dict[bytes, str]:
    """System compartments first, then the first one for clients. Returns the names to seal."""
    admin, admin_key = making.compartment(d.ADMIN)
    making.keep(admin, admin_key, "signing", making.signing)
    audit_room, audit_key = making.compartment(d.AUDIT)
    making.keep(audit_room, audit_key, "audit", making.audit)
    papers, papers_key = making.compartment(d.OFFICE)
    making.folder(papers, papers_key, OFFICE_PAGE)
    making.folder(papers, papers_key, person)
    first, _ = making.compartment(d.CLIENTS)
    return {first: FIRST_COMPARTMENT}


def _sheet(
    instance: Instance, making: _Making, person: bytes, bundle: Bundle
) -> tuple[Bundle, sessions.Waiting]:
    """The first recovery sheet and the spare device code; what is printed of them waits in the session alone."""
    sheet, secret, code = new_id(), new_recovery_secret(), new_code()
    sealed = seal_recovery(secret, instance.office, sheet, making.recovery, bundle.pinned)
    code_id = new_id()
    making.keystore = replace(
        making.keystore,
        sheets={sheet: Sheet(sealed, instance.now())},
        codes={code_id: Code(secret_hash(read_code(code)), person)},
    )
    waiting = sessions.Waiting(sheet=sheet, secret=secret, code=code, made=instance.now())
    return bundle.with_secret(code_id, holder_secret(read_code(code), person)), waiting


def _first_rows(desk: Desk, stored: Stored, compartments: dict[bytes, str], device_name: str) -> None:
    instance = desk.instance
    fresh: audit.JournalKeys = {}
    with transaction(instance.engine) as connection:
        records.set_fact(connection, "begun", instance.now().to_bytes(8, "big"))
        fact = Fact(Event.BEGUN, 200, desk.person, desk.device, keystore=stored)
        last = audit.write(instance, connection, desk.origin, fact, desk.directory.audit_public, fresh)
        act = Act(desk, connection, Fact(Event.PARTICULARS_SAVED, 200, desk.person, desk.device))
        act.add(desk.person, "person", payloads.encode(Colleague(name=desk.login_id)), desk.person)
        for compartment, name in compartments.items():
            act.add(OFFICE_PAGE, "compartment", payloads.encode(Named(name=name)), compartment)
        if device_name:
            act.add(OFFICE_PAGE, "device", payloads.encode(Named(name=device_name)), desk.device)
        visits.note(connection, desk.person, desk.device, instance.now(), desk.origin.address)
        last = act.finish(fresh)
    instance.journal_keys.update(fresh)
    journal.remember_head(instance.settings.replicas[0], last)

