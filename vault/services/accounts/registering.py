"""Another browser becomes a registered device: with a code on paper and the password, or with a login sheet."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, replace

from vault.crypto.keys import new_id
from vault.crypto.keystore import Device, Keystore
from vault.crypto.unlock import (
    INITIAL_LETTERS,
    Bundle,
    fold_letters,
    holder_secret,
    read_code,
    secret_hash,
    stretch,
)
from vault.domain.access import Permission
from vault.errors import Refused, WrongCredential
from vault.services import audit, sessions
from vault.services.accounts import devices, passwords, signing_in
from vault.services.audit import Event, Fact
from vault.services.instance import Instance, Origin
from vault.services.safe import Desk
from vault.storage.keystore import Stored


@dataclass(frozen=True)
class Registered:
    """A newly registered browser, signed in."""

    signed_in: signing_in.SignedIn
    device_secret: bytes


@dataclass(frozen=True)
class First:
    """Somebody with a login sheet: his session can do nothing but choose a password."""

    session: sessions.Session
    cookie: str


def register(
    instance: Instance, login_id: str, password: str, typed_code: str, device_secret: bytes | None,
    new_secret: bytes, origin: Origin, device_name: str = "",
) -> Registered | First:  # fmt: skip
    """Register this browser with a code on paper and the password. The code stands until the next sign-in here.

    A login sheet's code and initial password lead to the choice of a password first. Raises WrongCredential,
    Throttled, Forbidden outside the office's hours or networks.
    """
    address = b"register " + origin.address.encode()
    signing_in.count(instance, origin, address)
    secret = read_code(typed_code)
    stored = instance.keyring.stored() if instance.has_begun() else None
    code = _known_code(stored.keystore, secret, instance.now()) if stored is not None else None
    if stored is None or code is None:
        audit.record(instance, origin, Fact(Event.SIGN_IN_REFUSED, 403))
        raise WrongCredential("unknown-code")
    signing_in.count(instance, origin, b"code " + code)
    initial = stored.keystore.codes[code].initial
    person, bundle, stretched = signing_in.open_bundle(
        instance, stored, login_id, fold_letters(password) if initial else password, code, secret, origin
    )
    signing_in.within_bounds(Desk(instance, origin, person, b"", bundle, stored))
    for name in (b"code " + code, address):
        instance.sessions.clear_failures(name)
    opening = sessions.Opening(code, secret, stretched)
    if initial:
        return _first(instance, person, bundle, opening, origin)
    browser = device_secret or new_secret
    stored, device, bundle = _add_device(instance, person, opening, browser)
    desk = Desk(instance, origin, person, device, bundle, stored)
    return Registered(_into(desk, Event.DEVICE_REGISTERED, device_name), browser)


def _known_code(keystore: Keystore, secret: bytes, now: int) -> bytes | None:
    told = secret_hash(secret)
    for code, entry in keystore.codes.items():
        if hmac.compare_digest(entry.secret_hash, told) and not entry.expired(now):
            return code
    return None


def _into(desk: Desk, event: Event, device_name: str) -> signing_in.SignedIn:
    """The session of a device that was just registered, and the device's name if it has none."""
    done = signing_in.SignedIn(*signing_in.start(desk, event))
    if device_name:
        with desk.act(Event.DEVICE_NAMED, Permission.READ_SAFETY) as act:
            act.fact.further = True  # nobody has renamed anything: a browser said what it is
            called = devices.names(act)
            if not called.get(desk.device):
                devices.put_name(act, desk.device, devices.unused_name(device_name, called.values()))
    return replace(done, head=desk.head or done.head)


def _add_device(instance: Instance, person: bytes, opening: sessions.Opening, browser: bytes) -> tuple[Stored, bytes, Bundle]:
    """Add the browser's slot: the bundle is opened again from the code's slot by the typed password, as it is now."""
    opened: list[tuple[bytes, Bundle]] = []

    def change(keystore: Keystore) -> Keystore:
        keystore, device, bundle = _with_device(keystore, person, opening, browser, instance.now())
        opened.append((device, bundle))
        return keystore.with_slots(person, opening.stretched, keystore.stretches[person], bundle)

    stored = instance.files.add(change)
    return stored, *opened[-1]


def _with_device(
    keystore: Keystore, person: bytes, opening: sessions.Opening, browser: bytes, now: int
) -> tuple[Keystore, bytes, Bundle]:
    """The keystore with this browser as a device, its id, and the bundle that is to be sealed into the slots."""
    bundle = keystore.open_slot(person, opening.code, opening.stretched, holder_secret(opening.secret, person))
    device = keystore.device_of(browser) or new_id()
    entry = keystore.devices.get(device) or Device(secret_hash(browser), now)
    keystore = replace(keystore, devices={**keystore.devices, device: entry.with_pending(person, opening.code)})
    return keystore, device, bundle.with_secret(device, holder_secret(browser, person))


# --- the first sign-in with a login sheet


def _first(instance: Instance, person: bytes, bundle: Bundle, opening: sessions.Opening, origin: Origin) -> First:
    audit.record(instance, origin, Fact(Event.SIGNED_IN, 200, person))
    payload = sessions.Payload(bundle, opening=opening)
    return First(*sessions.start(instance, person, sessions.NOBODY, sessions.FIRST, payload))


def choose_password(
    instance: Instance, session: sessions.Session, new: str, device_secret: bytes | None, new_secret: bytes,
    origin: Origin, device_name: str = "",
) -> Registered:  # fmt: skip
    """The password of a person's own: the login sheet opens nothing from here on, and this browser is registered.

    The sheet's code stands, with the new password, until the next sign-in here: a browser that forgets its cookies
    costs nothing. Raises Refused for a password that will not do.
    """
    assert session.payload is not None and session.payload.bundle is not None
    person, opening, browser = session.row.person, session.payload.opening, device_secret or new_secret
    before = Desk(instance, origin, person, b"", session.payload.bundle, instance.keyring.stored())
    clean = passwords.accepted(before, new)
    if _is_initial(before, new, opening):
        raise Refused("password-initial")
    stretched, known = passwords.stretched_anew(instance, clean)
    opened: list[tuple[bytes, Bundle]] = []

    def change(keystore: Keystore) -> Keystore:
        keystore, device, bundle = _with_device(keystore, person, opening, browser, instance.now())
        opened.append((device, bundle))
        code = replace(keystore.codes[opening.code], initial=False)
        keystore = replace(keystore, codes={**keystore.codes, opening.code: code})
        return keystore.with_slots(person, stretched, known, bundle)

    instance.keyring.let_go()
    stored = instance.files.take_away(change)
    device, bundle = opened[-1]
    instance.sessions.end(session.row.id_hash)
    instance.sessions.end_of_person(person)
    desk = Desk(instance, origin, person, device, bundle, stored)
    return Registered(_into(desk, Event.FIRST_PASSWORD_SET, device_name), browser)


def _is_initial(desk: Desk, new: str, opening: sessions.Opening) -> bool:
    """Whether somebody chose the initial password again, which stands on paper."""
    letters, place = fold_letters(new), desk.stored.keystore.place(desk.person, opening.code)
    if len(letters) != INITIAL_LETTERS:
        return False
    with desk.instance.argon2_permit():
        return hmac.compare_digest(stretch(letters, place.salt, place.cost), opening.stretched)
