"""Passkeys: in place of the password before a sensitive act, and to go on after the lock; never the only way in.

A passkey belongs to one person on one device. Where it has PRF its output and the device's secret open a slot of its
own, so that going on after the lock is mathematics like a sign-in. That slot holds no secret but this device's, and
nothing is ever written from it: it may be older than what the password opens.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from vault.crypto.keystore import VOUCH_BYTES, Keystore, Passkey
from vault.crypto.unlock import (
    Bundle,
    holder_secret,
    passkey_place,
    passkey_salt,
    passkey_stretched,
    seal_slot,
)
from vault.domain.access import Permission
from vault.errors import NotFound, Refused, WrongCredential
from vault.services import audit, sessions
from vault.services.accounts import ceremonies, signing_in
from vault.services.accounts import seen as seen_journal
from vault.services.accounts.ceremonies import Assertion, Made, Purpose, Site
from vault.services.accounts.seen import Seen
from vault.services.accounts.signing_in import SignedIn
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.services.safe import Desk
from vault.services.sessions import Session
from vault.storage.sessions import CLOCK_SLACK

MOST = 10
EVERYBODY = Permission.READ_SAFETY


@dataclass(frozen=True)
class Question:
    """What a browser asks an authenticator: `credentials` to choose from (or, to add one, those it must not have yet),
    `salt` to evaluate where a slot is to be opened, `user` the name under which a new one is kept."""

    challenge: bytes
    credentials: tuple[bytes, ...]
    salt: bytes = b""
    user: bytes = b""


@dataclass(frozen=True)
class Listed:
    """One passkey: `name` stands for it in addresses, `made` in seconds since 1970, `unlocks`: it opens a slot."""

    name: bytes
    device: bytes
    made: int
    unlocks: bool


def name_of(credential: bytes) -> bytes:
    """16 bytes that stand for a credential's id, which may be long."""
    return hashlib.sha256(credential).digest()[:16]


def own(desk: Desk) -> list[Listed]:
    """One's own passkeys, the newest first."""
    held = desk.stored.keystore.passkeys.get(desk.person, {})
    found = [Listed(name_of(i), k.device, k.made, bool(k.slot)) for i, k in held.items()]
    return sorted(found, key=lambda each: -each.made)


def _here(keystore: Keystore, person: bytes, device: bytes, slot: bool = False) -> tuple[bytes, ...]:
    """A person's credentials on a device; with `slot` those that open one."""
    held = keystore.passkeys.get(person, {})
    return tuple(i for i, k in held.items() if k.device == device and (k.slot or not slot))


def proves_here(desk: Desk) -> bool:
    """Whether the person at the desk has a passkey on this device."""
    return bool(_here(desk.stored.keystore, desk.person, desk.device))


def unlocks_here(desk: Desk) -> bool:
    """Whether one of them opens a slot."""
    return bool(_here(desk.stored.keystore, desk.person, desk.device, slot=True))


# --- a new one


def ask_to_add(desk: Desk, session: Session, password: str) -> Question:
    """The question for a new passkey. The password is asked now, so that a wrong one leaves none behind that nobody
    knows; raises WrongCredential, Throttled, Refused."""
    _refuse_too_many(desk)
    signing_in.prove(desk, password)
    keystore = desk.stored.keystore
    # By device: an authenticator keeps one passkey for a site and user, and two PCs may share one authenticator.
    user = hashlib.sha256(b"kura passkey user" + desk.person + desk.device).digest()
    return Question(
        ceremonies.challenge(desk.instance, session, Purpose.ADD), _here(keystore, desk.person, desk.device),
        passkey_salt(keystore.office, desk.person), user,
    )  # fmt: skip


def _refuse_too_many(desk: Desk) -> None:
    if len(desk.stored.keystore.passkeys.get(desk.person, {})) >= MOST:
        raise Refused("passkeys-enough", most=MOST)


def add(desk: Desk, session: Session, password: str, made: Made, output: bytes, site: Site) -> None:
    """Add the passkey that was just made; `output` is what it evaluated (PRF), empty where it cannot.

    Raises WrongCredential, Throttled, Refused.
    """
    instance, person, device = desk.instance, desk.person, desk.device
    _refuse_too_many(desk)
    ceremonies.redeem(instance, session, Purpose.ADD, made.challenge)
    new = ceremonies.made(site, made)
    stretched = signing_in.prove(desk, password)

    def change(keystore: Keystore) -> Keystore:
        if any(new.id in held for held in keystore.passkeys.values()):
            raise WrongCredential("passkey-refused")
        bundle = keystore.open_slot(person, device, stretched, desk.bundle.secrets[device])
        slot = _slot(keystore, person, device, new.id, output, bundle) if output else b""
        entry = Passkey(device, bytes(VOUCH_BYTES) + new.public, new.count, instance.now(), slot)
        return desk.marked(keystore.with_passkey(person, new.id, entry, bundle.private))

    desk.now_reading(instance.files.add(change))
    with desk.act(Event.PASSKEY_ADDED, EVERYBODY) as act:
        act.fact.keystore = desk.stored
        act.tell(device=device)


def _slot(
    keystore: Keystore, person: bytes, device: bytes, credential: bytes, output: bytes, bundle: Bundle
) -> bytes:
    """A passkey's slot: of all the bundle's secrets it holds this device's alone."""
    place = passkey_place(keystore.office, person, credential)
    kept = replace(bundle, secrets={device: bundle.secrets[device]})
    return seal_slot(passkey_stretched(output, place), bundle.secrets[device], place, kept)


# --- before a sensitive act


def ask_to_prove(desk: Desk, session: Session) -> Question:
    """The question before a sensitive act; raises Refused where there is no passkey."""
    credentials = _here(desk.stored.keystore, desk.person, desk.device)
    if not credentials:
        raise Refused("passkey-none")
    return Question(ceremonies.challenge(desk.instance, session, Purpose.PROVE), credentials)


def prove(desk: Desk, session: Session, given: Assertion, site: Site) -> None:
    """A passkey in place of the password; raises WrongCredential, Throttled."""
    instance = desk.instance
    signing_in.count(instance, desk.origin, b"device " + desk.device)
    count = _verified(instance, session, Purpose.PROVE, given, site, desk.origin)
    _note_use(desk, given.credential, count)
    instance.sessions.clear_failures(b"device " + desk.device)
    with desk.act(Event.PASSWORD_PROVED, EVERYBODY) as act:
        act.fact.keystore = desk.stored


def _verified(
    instance: Instance, session: Session, purpose: Purpose, given: Assertion, site: Site, origin: Origin
) -> int:
    """The signature counter of a right answer of the session's person on its device; raises WrongCredential, noted."""
    row = session.row
    try:
        ceremonies.redeem(instance, session, purpose, given.challenge)
        held = instance.keyring.stored().keystore.passkeys.get(row.person, {}).get(given.credential)
        if held is None or held.device != row.device:
            raise WrongCredential("passkey-refused")
        return ceremonies.asserted(site, given, held.cose)
    except WrongCredential:
        audit.record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403, row.person, row.device))
        raise


def _note_use(desk: Desk, credential: bytes, count: int, slot: bytes = b"") -> None:
    """Write down the counter, and a slot sealed anew; raises WrongCredential, noted, when the entry is not the
    person's own or the counter has not gone on: then there are two of what must be one."""

    def change(keystore: Keystore) -> Keystore:
        held = _believed(desk, keystore, credential)
        if (count or held.count) and count <= held.count:
            raise WrongCredential("passkey-copied")
        used = replace(held, count=count, slot=slot or held.slot)
        return desk.marked(keystore.with_passkey(desk.person, credential, used, desk.bundle.private))

    try:
        known = _believed(desk, desk.stored.keystore, credential)
        if count or known.count or slot:  # many do not count
            desk.now_reading(desk.instance.files.add(change))
    except WrongCredential as error:
        with desk.act(Event.SIGN_IN_REFUSED, EVERYBODY, status=403) as act:
            act.tell(passkey=error.code)
        raise


def _believed(desk: Desk, keystore: Keystore, credential: bytes) -> Passkey:
    held = keystore.passkeys.get(desk.person, {}).get(credential)
    if held is None or not held.is_vouched(desk.bundle.private, keystore.office, desk.person, credential):
        raise WrongCredential("passkey-refused")
    return held


# --- after the lock


def ask_to_unlock(instance: Instance, session: Session) -> Question:
    """The question after the lock; raises Refused where no passkey opens a slot, or the day is over."""
    _refuse_another_day(instance, session)
    row, keystore = session.row, instance.keyring.stored().keystore
    credentials = _here(keystore, row.person, row.device, slot=True)
    if not credentials:
        raise Refused("passkey-none")
    return Question(
        ceremonies.challenge(instance, session, Purpose.UNLOCK), credentials, passkey_salt(keystore.office, row.person)
    )


def _refuse_another_day(instance: Instance, session: Session) -> None:
    """A passkey goes on with a day that a password began, and makes it no longer."""
    row = session.row
    if row.stage != sessions.DESK or not row.started - CLOCK_SLACK <= instance.now() < row.expires:
        raise Refused("passkey-day-over")


def unlock(
    instance: Instance, before: Session, device_secret: bytes, given: Assertion, output: bytes, site: Site,
    origin: Origin, seen: Seen | None = None,
) -> SignedIn:  # fmt: skip
    """Go on after the lock, in a new session that ends when the one before would have: the signature is right, and
    the passkey's output and the device's secret open the slot.

    Raises WrongCredential, Throttled, Refused when the day is over, Forbidden outside the office's hours, RolledBack
    when the disk was put back: a passkey that was removed may be on it again, so then only the password counts.
    """
    _refuse_another_day(instance, before)
    person, device = before.row.person, before.row.device
    signing_in.count(instance, origin, b"device " + device)
    stored = instance.keyring.stored()
    audit.check_whole(instance, stored)
    count = _verified(instance, before, Purpose.UNLOCK, given, site, origin)
    bundle = _opened(instance, before, stored.keystore, given.credential, output, device_secret, origin)
    pinned = stored.keystore.heir(bundle.pinned)
    slot = b""
    if pinned != bundle.pinned:
        bundle = replace(bundle, pinned=pinned)
        slot = _slot(stored.keystore, person, device, given.credential, output, bundle)
    desk = Desk(instance, origin, person, device, bundle, stored)
    signing_in.within_bounds(desk)
    _note_use(desk, given.credential, count, slot)
    instance.sessions.clear_failures(b"device " + device)
    seen_journal.compare(desk, seen)
    return _go_on(desk, before)


def _opened(
    instance: Instance, before: Session, keystore: Keystore, credential: bytes, output: bytes, device_secret: bytes,
    origin: Origin,
) -> Bundle:  # fmt: skip
    person = before.row.person
    try:
        return keystore.open_passkey(person, credential, output, holder_secret(device_secret, person))
    except WrongCredential as error:
        audit.record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403, person, before.row.device))
        raise WrongCredential("passkey-refused") from error


def _go_on(desk: Desk, before: Session) -> SignedIn:
    session, cookie, head = signing_in.start(desk, Event.UNLOCKED)
    assert session.payload is not None
    row = replace(session.row, started=before.row.started, expires=before.row.expires)
    recent = before.payload.recent if before.payload is not None else ()
    payload = replace(session.payload, recent=recent)
    session = sessions.store(desk.instance, Session(row, session.secret, payload))
    desk.instance.sessions.end(before.row.id_hash)
    return SignedIn(session, cookie, head)


# --- the end of one


def remove(desk: Desk, name: bytes) -> None:
    """Take one of one's own passkeys away, in a new keystore epoch; raises NotFound."""

    def change(keystore: Keystore) -> Keystore:
        held = keystore.passkeys.get(desk.person, {})
        found = next((i for i in held if name_of(i) == name), None)
        if found is None:
            raise NotFound("not-found")
        return desk.marked(keystore.without_passkey(desk.person, found))

    if not any(each.name == name for each in own(desk)):
        raise NotFound("not-found")
    desk.instance.keyring.let_go()
    desk.now_reading(desk.instance.files.take_away(change))
    with desk.act(Event.PASSKEY_REMOVED, EVERYBODY) as act:
        act.fact.keystore = desk.stored
