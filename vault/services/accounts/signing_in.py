"""Signing in on a registered device, registering another one with a code, unlocking, signing out."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from vault.crypto.directory import decode
from vault.crypto.keys import new_id
from vault.crypto.keystore import Device, Keystore
from vault.crypto.unlock import (
    Bundle,
    SlotPlace,
    fold_letters,
    holder_secret,
    open_slot,
    read_code,
    secret_hash,
    stretch,
)
from vault.domain.office import Colleague, Office
from vault.errors import KuraError, NotFound, RolledBack, WrongCredential
from vault.services import audit, payloads, sessions
from vault.services.accounts.activation import throttle
from vault.services.acts import Act
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import journal
from vault.storage.database import transaction
from vault.storage.keystore import Stored


@dataclass(frozen=True)
class SignedIn:
    """An open session, its cookie, and whether this very sign-in used a registration's code up."""

    session: sessions.Session
    cookie: str
    code_used_up: bool = False


def known_device(instance: Instance, device_secret: bytes | None) -> bytes | None:
    """The id of the registered device with this secret."""
    if device_secret is None or instance.files.newest() is None:
        return None
    return instance.keyring.stored().keystore.device_of(device_secret)


def sign_in(
    instance: Instance, login_id: str, password: str, device_secret: bytes | None, origin: Origin,
    event: Event = Event.SIGNED_IN,
) -> SignedIn:  # fmt: skip
    """Sign in on a registered device. Raises WrongCredential("unknown-device") before any password is hashed,
    Throttled, and WrongCredential, the same for an unknown login ID and a wrong password."""
    device = known_device(instance, device_secret)
    if device is None or device_secret is None:
        audit.record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403))
        raise WrongCredential("unknown-device")
    _count(instance, origin, b"device " + device)
    stored = instance.keyring.stored()
    person, bundle, stretched = _open(instance, stored, login_id, password, device, device_secret, origin)
    instance.sessions.clear_failures(b"device " + device)
    instance.checked = None  # what was put back is told at the next sign-in, not a minute later
    stored, bundle, used_up = _end_registration(instance, stored, person, stretched, device, device_secret, bundle)
    desk = Desk(instance, origin, person, device, bundle, stored)
    return SignedIn(*_start(desk, event), used_up)


def _count(instance: Instance, origin: Origin, name: bytes) -> None:
    """Counted before the password is hashed, so that guesses sent side by side count too."""
    throttle(instance, name)
    instance.sessions.note_failure(name, instance.now())


def _open(
    instance: Instance, stored: Stored, login_id: str, password: str, holder: bytes, secret: bytes, origin: Origin
) -> tuple[bytes, Bundle, bytes]:
    """The person and bundle behind a login ID, and the stretched password; an unknown ID costs what a wrong password costs."""
    keystore = stored.keystore
    person = _person(keystore, login_id)
    place, sealed = _slot(instance, keystore, person, holder)
    with instance.argon2_permit():
        stretched = stretch(password, place.salt, place.cost)
    try:
        return place.person, open_slot(stretched, holder_secret(secret, place.person), place, sealed), stretched
    except WrongCredential:
        audit.record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403, person or b"", holder))
        raise


def _person(keystore: Keystore, login_id: str) -> bytes | None:
    """Who has this login ID, by a directory not verified yet: the slot that opens brings the key that verifies."""
    found = decode(keystore.directory.document).person_by_login(fold_letters(login_id))
    return found[0] if found else None


def _slot(instance: Instance, keystore: Keystore, person: bytes | None, holder: bytes) -> tuple[SlotPlace, bytes]:
    """Where to try: the person's slot, or, with no such person or slot, somebody's else that cannot open.

    The decoy has another salt and the same cost and size, so the answer and its time say nothing.
    """
    if person is not None and holder in keystore.slots.get(person, {}):
        return keystore.place(person, holder), keystore.slots[person][holder]
    other, slots = next((p, s) for p, s in keystore.slots.items() if s)
    salt = hmac.digest(instance.settings.secret_key, b"decoy" + (person or b""), "sha256")[:16]
    place = SlotPlace(instance.office, bytes(16), holder, salt, keystore.stretches[other].cost)
    return place, next(iter(slots.values()))


def _end_registration(
    instance: Instance, stored: Stored, person: bytes, stretched: bytes, device: bytes, secret: bytes, bundle: Bundle
) -> tuple[Stored, Bundle, bool]:
    """The first sign-in after a registration: the browser has kept its cookie, so the code's work is done."""
    code = stored.keystore.devices[device].pending.get(person)
    if code is None:
        return stored, bundle, False
    opened: list[Bundle] = []

    def change(keystore: Keystore) -> Keystore:
        # Opened again under the writer's lock: another device may have been added since this sign-in began.
        now = keystore.open_slot(person, device, stretched, holder_secret(secret, person))
        less = now.without_secret(code)
        opened.append(less)
        return replace(
            keystore.with_slots(person, stretched, keystore.stretches[person], less),
            codes={i: c for i, c in keystore.codes.items() if i != code},
            devices={**keystore.devices, device: keystore.devices[device].without_pending(person)},
        )

    instance.keyring.let_go()  # or this worker would wait for its own lease
    return instance.files.take_away(change), opened[-1], True


def _start(desk: Desk, event: Event) -> tuple[sessions.Session, str]:
    """Journal entry first, then the session: if it cannot be written, nobody is in."""
    instance = desk.instance
    fresh: audit.JournalKeys = {}
    noted = _noted(instance, desk.stored)
    with transaction(instance.engine) as connection:
        fact = Fact(event, 200, desk.person, desk.device, keystore=noted)
        last = audit.write(instance, connection, desk.origin, fact, desk.directory.audit_public, fresh)
        names = page_names(Act(desk, connection, fact))
    instance.journal_keys.update(fresh)
    journal.remember_head(instance.settings.replicas[0], last)
    payload = sessions.Payload(desk.bundle, names=names)
    return sessions.start(instance, desk.person, desk.device, sessions.DESK, payload)


def _noted(instance: Instance, stored: Stored) -> Stored | None:
    """The keystore as the entry notes it; not while one that was put back waits to be confirmed."""
    try:
        audit.check_whole(instance, stored)
    except RolledBack:
        return None
    return stored


def page_names(act: Act) -> dict[str, str]:
    """What every page shows of the office and the person; kept sealed in the session."""
    desk = act.desk
    names = {"person": desk.login_id}
    try:
        own = act.read_one(desk.person, desk.person, "person").payload
        names["person"] = payloads.decode(own, Colleague).name
        office = [payloads.decode(found.payload, Office) for found in act.read(OFFICE_PAGE, ["particulars"])]
    except (NotFound, RolledBack):
        return names  # a recovered person without a record yet, or papers that wait to be confirmed
    if office:
        names |= {"office": office[0].name, "kind": office[0].kind}
    return names


@dataclass(frozen=True)
class Registered:
    """A newly registered browser, signed in."""

    signed_in: SignedIn
    device_secret: bytes


def register(
    instance: Instance, login_id: str, password: str, typed_code: str, device_secret: bytes | None,
    new_secret: bytes, origin: Origin,
) -> Registered:  # fmt: skip
    """Register this browser with a code on paper and the password. The code stands until the next sign-in here."""
    _count(instance, origin, b"register " + origin.address.encode())
    code_secret = read_code(typed_code)
    stored = instance.keyring.stored() if instance.has_begun() else None
    code = _known_code(stored.keystore, code_secret, instance.now()) if stored is not None else None
    if stored is None or code is None:
        audit.record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403))
        raise WrongCredential("unknown-code")
    _count(instance, origin, b"code " + code)
    person, _, stretched = _open(instance, stored, login_id, password, code, code_secret, origin)
    instance.sessions.clear_failures(b"code " + code)
    instance.sessions.clear_failures(b"register " + origin.address.encode())
    secret = device_secret or new_secret
    stored, device, bundle = _add_device(instance, person, stretched, code, code_secret, secret)
    desk = Desk(instance, origin, person, device, bundle, stored)
    return Registered(SignedIn(*_start(desk, Event.DEVICE_REGISTERED)), secret)


def _known_code(keystore: Keystore, secret: bytes, now: int) -> bytes | None:
    told = secret_hash(secret)
    for code, entry in keystore.codes.items():
        if hmac.compare_digest(entry.secret_hash, told) and (not entry.expires or entry.expires > now):
            return code
    return None


def _add_device(
    instance: Instance, person: bytes, stretched: bytes, code: bytes, code_secret: bytes, secret: bytes
) -> tuple[Stored, bytes, Bundle]:
    """Add the browser's slot: the bundle is opened again from the code's slot by the typed password, as it is now."""
    device = known_device(instance, secret) or new_id()
    opened: list[Bundle] = []

    def change(keystore: Keystore) -> Keystore:
        now = keystore.open_slot(person, code, stretched, holder_secret(code_secret, person))
        bundle = now.with_secret(device, holder_secret(secret, person))
        opened.append(bundle)
        entry = keystore.devices.get(device) or Device(secret_hash(secret), instance.now())
        return replace(
            keystore.with_slots(person, stretched, keystore.stretches[person], bundle),
            devices={**keystore.devices, device: entry.with_pending(person, code)},
        )

    return instance.files.add(change), device, opened[-1]


def sign_out(instance: Instance, session: sessions.Session, origin: Origin) -> None:
    """End the session on every worker at once."""
    instance.sessions.end(session.row.id_hash)
    audit.record(instance, origin, Fact(Event.SIGNED_OUT, 200, session.row.person, session.row.device))


def prove(desk: Desk, password: str) -> bytes:
    """The password again, before a sensitive act: returns it stretched; raises WrongCredential, Throttled."""
    instance, keystore = desk.instance, desk.stored.keystore
    _count(instance, desk.origin, b"device " + desk.device)
    place = keystore.place(desk.person, desk.device)
    with instance.argon2_permit():
        stretched = stretch(password, place.salt, place.cost)
    secret = desk.bundle.secrets.get(desk.device)
    if secret is None:
        raise WrongCredential("wrong-credential")
    open_slot(stretched, secret, place, keystore.slots[desk.person][desk.device])
    instance.sessions.clear_failures(b"device " + desk.device)
    return stretched


def refused(instance: Instance, origin: Origin, status: int, person: bytes, device: bytes) -> None:
    """Note a request that was turned away; if even that cannot be written, the refusal stands all the same."""
    try:
        audit.record(instance, origin, Fact(Event.REQUEST_REFUSED, status, person, device))
    except KuraError:
        return
