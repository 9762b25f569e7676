"""Signing in on a registered device, registering another one with a code, unlocking, signing out."""

from __future__ import annotations

import hmac
from contextlib import suppress
from dataclasses import dataclass, replace

from vault.crypto.directory import decode
from vault.crypto.keystore import Keystore
from vault.crypto.unlock import (
    Bundle,
    SlotPlace,
    fold_letters,
    holder_secret,
    open_slot,
    stretch,
)
from vault.domain.access import Permission
from vault.domain.office import Colleague, Office
from vault.errors import Damaged, Forbidden, KuraError, NotFound, RolledBack, WrongCredential
from vault.services import audit, backup_trial, bounds, erasing, payloads, preferences, sessions
from vault.services.accounts import announcements, rules
from vault.services.accounts import seen as seen_journal
from vault.services.accounts.activation import throttle
from vault.services.accounts.seen import Seen
from vault.services.acts import Act
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import journal, visits
from vault.storage.database import transaction
from vault.storage.keystore import Stored


@dataclass(frozen=True)
class SignedIn:
    """An open session, its cookie, the journal's head as this device is to remember it, and whether this very
    sign-in used a spare code up, so that a new one is wanted."""

    session: sessions.Session
    cookie: str
    head: tuple[int, bytes]
    spare_used_up: bool = False


def known_device(instance: Instance, device_secret: bytes | None) -> bytes | None:
    """The id of the registered device with this secret."""
    if device_secret is None or instance.files.newest() is None:
        return None
    return instance.keyring.stored().keystore.device_of(device_secret)


def sign_in(
    instance: Instance, login_id: str, password: str, device_secret: bytes | None, origin: Origin,
    event: Event = Event.SIGNED_IN, seen: Seen | None = None,
) -> SignedIn:  # fmt: skip
    """Sign in on a registered device, which last saw the journal at `seen`.

    Raises WrongCredential("unknown-device") before any password is hashed, Throttled, WrongCredential, the same for
    an unknown login ID and a wrong password, and Forbidden outside the office's hours or networks.
    """
    device = known_device(instance, device_secret)
    if device is None or device_secret is None:
        audit.record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403))
        raise WrongCredential("unknown-device")
    count(instance, origin, b"device " + device)
    stored = instance.keyring.stored()
    person, bundle, stretched = open_bundle(instance, stored, login_id, password, device, device_secret, origin)
    instance.sessions.clear_failures(b"device " + device)
    instance.checked = None  # what was put back is told at the next sign-in, not a minute later
    stored, bundle, used_up = _end_registration(instance, stored, person, stretched, device, device_secret, bundle)
    desk = Desk(instance, origin, person, device, bundle, stored)
    within_bounds(desk)
    seen_journal.compare(desk, seen)
    _bind_notes(desk)
    _settle_owed(desk)
    _finish_erasures(desk)
    backup_trial.try_open(desk)
    return SignedIn(*start(desk, event), used_up)


def _bind_notes(desk: Desk) -> None:
    with suppress(RolledBack):  # what was put back is confirmed first
        rules.bind_notes(desk)


def _settle_owed(desk: Desk) -> None:
    """A replica of the keys that is back gets what it lacks, at an administrator's sign-in; nobody waits for its disk."""
    with suppress(KuraError, OSError):
        if desk.may(Permission.MANAGE_OFFICE):
            desk.instance.settle_owed()


def _finish_erasures(desk: Desk) -> None:
    """What a kill left of an erasure, at an administrator's sign-in.

    It waits for other workers' leases at most; what stands in its way, papers to be confirmed or a full disk, is no
    reason to keep him out.
    """
    with suppress(KuraError):
        if erasing.is_pending(desk):
            erasing.finish(desk)


def within_bounds(desk: Desk) -> None:
    """Raises Forbidden, noted in the journal, outside the office's hours or networks."""
    try:
        bounds.check(desk.directory, desk.role, desk.origin.address, desk.instance.now())
    except Forbidden:
        audit.record(desk.instance, desk.origin, Fact(Event.SIGN_IN_REFUSED, 403, desk.person, desk.device))
        raise


def count(instance: Instance, origin: Origin, name: bytes) -> None:
    """Counted before the password is hashed, so that guesses sent side by side count too."""
    throttle(instance, name)
    instance.sessions.note_failure(name, instance.now())


def open_bundle(
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
    """The first sign-in after a registration: the browser has kept its cookie, so the code's work is done.

    Anybody's codes whose day has passed go on the same occasion: each sign-in looks for them. And where the office has
    a new signing key, this person's slots are pinned to it from here on.
    """
    code = stored.keystore.devices[device].pending.get(person)
    spare = code in stored.keystore.codes and not stored.keystore.codes[code].expires
    pinned = stored.keystore.heir(bundle.pinned)
    if code is None and pinned == bundle.pinned and not stored.keystore.expired_codes(instance.now()):
        return stored, bundle, False
    opened: list[Bundle] = []

    def change(keystore: Keystore) -> Keystore:
        gone = keystore.expired_codes(instance.now()) | ({code} if code is not None else set())
        keystore = keystore.without_codes(gone)
        # Opened again under the writer's lock: another device may have been added since this sign-in began.
        now = keystore.open_slot(person, device, stretched, holder_secret(secret, person))
        now = replace(now, pinned=keystore.heir(now.pinned))
        opened.append(now)
        return keystore.with_slots(person, stretched, keystore.stretches[person], now)

    instance.keyring.let_go()  # or this worker would wait for its own lease
    return instance.files.take_away(change), opened[-1], spare


def start(desk: Desk, event: Event) -> tuple[sessions.Session, str, tuple[int, bytes]]:
    """Journal entry first, then the session: if it cannot be written, nobody is in."""
    instance = desk.instance
    fresh: audit.JournalKeys = {}
    noted = _noted(instance, desk.stored)
    with transaction(instance.engine) as connection:
        fact = Fact(event, 200, desk.person, desk.device, keystore=noted)
        last = audit.write(instance, connection, desk.origin, fact, desk.directory.audit_public, fresh)
        act = Act(desk, connection, fact)
        names, announced = page_names(act), _announced(act)
        visits.note(connection, desk.person, desk.device, instance.now(), desk.origin.address)
    instance.journal_keys.update(fresh)
    journal.remember_head(instance.settings.replicas[0], last)
    payload = sessions.Payload(desk.bundle, names=names, announced=announced)
    return *sessions.start(instance, desk.person, desk.device, sessions.DESK, payload), last


def _announced(act: Act) -> tuple[sessions.Announced, ...]:
    try:
        return announcements.untold(act)
    except (Damaged, RolledBack):
        return ()  # papers that wait to be confirmed: everybody is told that first


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
        names |= preferences.read(act)
        office = [payloads.decode(found.payload, Office) for found in act.read(OFFICE_PAGE, ["particulars"])]
    except (NotFound, RolledBack):
        return names  # a recovered person without a record yet, or papers that wait to be confirmed
    if office:
        names |= {"office": office[0].name, "kind": office[0].kind}
    return names


def sign_out(instance: Instance, session: sessions.Session, origin: Origin) -> None:
    """End the session on every worker at once."""
    instance.sessions.end(session.row.id_hash)
    audit.record(instance, origin, Fact(Event.SIGNED_OUT, 200, session.row.person, session.row.device))


def prove(desk: Desk, password: str) -> bytes:
    """The password again, before a sensitive act: returns it stretched; raises WrongCredential, Throttled."""
    instance, keystore = desk.instance, desk.stored.keystore
    count(instance, desk.origin, b"device " + desk.device)
    place = keystore.place(desk.person, desk.device)
    with instance.argon2_permit():
        stretched = stretch(password, place.salt, place.cost)
    try:
        open_slot(stretched, desk.bundle.secrets.get(desk.device, b""), place, keystore.slots[desk.person][desk.device])
    except WrongCredential:
        audit.record(instance, desk.origin, Fact(Event.SIGN_IN_REFUSED, 403, desk.person, desk.device))
        raise
    instance.sessions.clear_failures(b"device " + desk.device)
    return stretched


def refused(instance: Instance, origin: Origin, status: int, person: bytes, device: bytes) -> None:
    """Note a request that was turned away; if even that cannot be written, the refusal stands all the same."""
    try:
        audit.record(instance, origin, Fact(Event.REQUEST_REFUSED, status, person, device))
    except KuraError:
        return
