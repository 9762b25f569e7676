"""The recovery sheet: typed back, made anew, and used, together with the operator's ticket."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, replace

from vault.crypto.directory import ADMIN, RECOVERY, Directory, Person
from vault.crypto.keys import fingerprint, new_id, new_key, new_private_key, public_key
from vault.crypto.keystore import Code, Device, Keystore, Sheet, Stretch
from vault.crypto.unlock import (
    ALPHABET,
    Bundle,
    fold_letters,
    holder_secret,
    new_code,
    new_recovery_secret,
    open_recovery,
    read_code,
    read_recovery,
    recovery_groups,
    seal_recovery,
    secret_hash,
)
from vault.domain.access import Permission, Role, check_password
from vault.domain.office import Colleague
from vault.domain.office_rules import within_networks
from vault.domain.values.numbers import groups
from vault.errors import Refused, WrongCredential
from vault.services import payloads, sessions
from vault.services.accounts import announcements
from vault.services.accounts.activation import new_login_id, throttle
from vault.services.accounts.passwords import stretched_anew
from vault.services.accounts.signing_in import prove
from vault.services.audit import Event
from vault.services.instance import Instance, Origin
from vault.services.safe import Desk
from vault.storage import durable, visits

TICKET_SECONDS = 24 * 60 * 60
ASKED_GROUPS = 2


@dataclass(frozen=True)
class PrintedSheet:
    """What stands on the recovery sheet."""

    office: str
    fingerprint: list[str]
    operator_fingerprint: list[str]
    groups: list[str]
    code: str
    login_id: str
    made: int
    asked: tuple[int, int]


def is_confirmed(keystore: Keystore) -> bool:
    """Whether some recovery sheet was typed back: before that no client can be entered."""
    return any(sheet.confirmed for sheet in keystore.sheets.values())


def _grouped(public: bytes) -> list[str]:
    return groups(fingerprint(public).hex()[:32])


def printed(desk: Desk, waiting: sessions.Waiting) -> PrintedSheet:
    """The sheet that waits in this session to be typed back."""
    return PrintedSheet(
        office=desk.instance.office.hex(),
        fingerprint=_grouped(desk.directory.signing_public),
        operator_fingerprint=_grouped(desk.directory.operator_public),
        groups=recovery_groups(waiting.secret),
        code=waiting.code,
        login_id=desk.login_id,
        made=waiting.made,
        asked=asked_groups(waiting),
    )


def asked_groups(waiting: sessions.Waiting) -> tuple[int, int]:
    """Which two groups (1 to 13) are to be typed back: fixed for a sheet, so that asking again is no second guess."""
    raw = hashlib.sha256(b"kura asked groups" + waiting.sheet).digest()
    first = raw[0] % 6
    return first + 1, first + 2 + raw[1] % 6


def standing(keystore: Keystore) -> bytes:
    """Which sheets there are, confirmed or to be typed back again: their ids in order, one after the other."""
    return b"".join(sorted(keystore.sheets))


def make_sheet(desk: Desk, session: sessions.Session) -> sessions.Session:
    """A new recovery sheet and spare code, waiting in the session; the old sheet stands until this one is typed back."""
    desk.require(Permission.MANAGE_RECOVERY)
    waiting = sessions.Waiting(
        new_id(), new_recovery_secret(), new_private_key(), new_code(), desk.instance.now(),
        standing(desk.stored.keystore),
    )  # fmt: skip
    assert session.payload is not None
    with desk.act(Event.SHEET_MADE, Permission.MANAGE_RECOVERY):
        pass
    return sessions.store(desk.instance, replace(session, payload=replace(session.payload, waiting=waiting)))


def confirm_sheet(desk: Desk, session: sessions.Session, typed: tuple[str, str], password: str) -> sessions.Session:
    """Two groups typed back make the sheet valid; an older sheet, its key and spare code die in the same write.

    The password is needed only for a sheet made anew (the first one was sealed in the request that made it).
    Raises WrongCredential("groups-wrong") when the groups are not the sheet's, Refused("sheet-superseded") when another
    sheet was confirmed since this one was made: that one lies in somebody's safe already.
    """
    desk.require(Permission.MANAGE_RECOVERY)
    assert session.payload is not None
    waiting = session.payload.waiting
    if not waiting.sheet:
        raise Refused("sheet-gone")
    printed_groups = recovery_groups(waiting.secret)
    if any(fold_letters(t) != printed_groups[i - 1] for t, i in zip(typed, asked_groups(waiting), strict=True)):
        raise WrongCredential("groups-wrong")
    instance = desk.instance
    bundle = desk.bundle
    if waiting.private:
        bundle = _replace_sheet(desk, waiting, prove(desk, password))
    else:
        desk.now_reading(instance.files.add(lambda k: desk.marked(_confirmed(k, waiting.sheet, instance.now()))))
    desk.bundle = bundle
    with desk.act(Event.SHEET_CONFIRMED, Permission.MANAGE_RECOVERY) as act:
        act.fact.keystore = desk.stored
    payload = replace(session.payload, bundle=bundle, waiting=sessions.Waiting())
    return sessions.store(instance, replace(session, payload=payload))


def drop_sheet(instance: Instance, session: sessions.Session) -> sessions.Session:
    """The sheet that waits in this session will not be typed back."""
    assert session.payload is not None
    return sessions.store(instance, replace(session, payload=replace(session.payload, waiting=sessions.Waiting())))


def _confirmed(keystore: Keystore, sheet: bytes, now: int) -> Keystore:
    if sheet not in keystore.sheets:
        raise Refused("sheet-gone")
    return replace(keystore, sheets={sheet: replace(keystore.sheets[sheet], confirmed=now)})


def _replace_sheet(desk: Desk, waiting: sessions.Waiting, stretched: bytes) -> Bundle:
    """A new recovery key pair with grants of every compartment; the old sheet opens nothing afterwards."""
    instance, person = desk.instance, desk.person
    code_id, code_secret = new_id(), read_code(waiting.code)
    opened: list[Bundle] = []

    def change(keystore: Keystore) -> Keystore:
        if waiting.instead not in (b"", standing(keystore)):
            raise Refused("sheet-superseded")
        known = keystore.stretches[person]
        bundle = keystore.open_slot(person, desk.device, stretched, desk.bundle.secrets[desk.device])
        pending = {c for d in keystore.devices.values() for c in d.pending.values()}
        for code, entry in keystore.codes.items():
            if entry.person == person and not entry.expires and code not in pending:
                bundle = bundle.without_secret(code)
        bundle = bundle.with_secret(code_id, holder_secret(code_secret, person))
        opened.append(bundle)
        codes = {i: c for i, c in keystore.codes.items() if i in bundle.secrets or c.person != person}
        directory = keystore.trusted(bundle.pinned)
        keys = {c: keystore.compartment_key(directory, c, person, bundle.private) for c in directory.compartments}
        signing = keystore.secret(directory, "signing", keys[directory.system(ADMIN)])
        directory = replace(directory, version=directory.version + 1, recovery_public=public_key(waiting.private))
        sealed = seal_recovery(waiting.secret, instance.office, waiting.sheet, waiting.private, directory.signing_public)
        keystore = replace(
            keystore.with_slots(person, stretched, known, bundle),
            codes={**codes, code_id: Code(secret_hash(code_secret), person)},
            sheets={waiting.sheet: Sheet(sealed, waiting.made, instance.now())},
        ).with_directory(directory, signing)
        for compartment, key in keys.items():
            keystore = keystore.with_grants(directory, compartment, key)
        return desk.marked(keystore)

    instance.keyring.let_go()
    desk.now_reading(instance.files.take_away(change))
    return opened[-1]


# --- the operator's ticket


def issue_ticket(instance: Instance) -> tuple[str, int]:
    """A one-time ticket of the operator: (ticket, when it expires). An earlier one is void."""
    if not instance.has_begun():
        raise Refused("not-begun")
    letters = "".join(secrets.choice(ALPHABET) for _ in range(20))
    ticket = "-".join(letters[i : i + 5] for i in range(0, 20, 5))
    expires = instance.now() + TICKET_SECONDS
    instance.write_json(instance.settings.ticket, {"hash": _ticket_hash(ticket), "expires": expires})
    return ticket, expires


def _ticket_hash(typed: str) -> str:
    return hashlib.sha256(b"kura ticket" + fold_letters(typed).encode()).hexdigest()


def _check_ticket(instance: Instance, typed: str) -> None:
    facts = instance.read_json(instance.settings.ticket)
    if facts is None or not hmac.compare_digest(str(facts["hash"]), _ticket_hash(typed)):
        raise WrongCredential("ticket-wrong")
    if int(str(facts["expires"])) <= instance.now():
        raise WrongCredential("ticket-expired")


@dataclass(frozen=True)
class Recovered:
    """A new administrator: his login ID is shown once."""

    session: sessions.Session
    cookie: str
    device_secret: bytes
    login_id: str


def recover(
    instance: Instance, typed_secret: str, ticket: str, password: str, device_secret: bytes | None,
    new_secret: bytes, origin: Origin,
) -> Recovered:  # fmt: skip
    """A new administrator from the recovery sheet and the operator's ticket. A new sheet is forced afterwards.

    From outside the office's networks it ends that rule, or the new administrator could do nothing.

    Raises WrongCredential for a wrong sheet or ticket, Refused for a password that will not do.
    """
    name = b"recover " + origin.address.encode()
    throttle(instance, name)
    instance.sessions.note_failure(name, instance.now())
    secret = read_recovery(typed_secret)
    _check_ticket(instance, ticket)
    opened = _open_sheets(instance.keyring.stored().keystore, secret)
    coming = _newcomer(instance, password, device_secret or new_secret)
    bundles: list[tuple[bytes, Bundle]] = []

    def change(keystore: Keystore) -> Keystore:
        # Under the writer's lock, so that a ticket sent twice at once serves once.
        _check_ticket(instance, ticket)
        durable.remove(instance.settings.ticket)
        keystore, device, bundle = _with_newcomer(keystore, coming, opened, origin.address, instance.now())
        bundles.append((device, bundle))
        return keystore

    instance.keyring.let_go()
    stored = instance.files.take_away(change)
    device, bundle = bundles[-1]
    desk = Desk(instance, origin, coming.person, device, bundle, stored)
    with desk.act(Event.RECOVERED, Permission.MANAGE_RECOVERY) as act:
        act.fact.keystore = stored
        act.add(coming.person, "person", payloads.encode(Colleague(name=coming.login_id)), coming.person)
        visits.note(act.connection, coming.person, device, instance.now(), origin.address)
        announcements.told_all(act.connection, coming.person)
    instance.sessions.clear_failures(name)
    payload = sessions.Payload(bundle, names={"person": coming.login_id})
    session, cookie = sessions.start(instance, coming.person, device, sessions.DESK, payload)
    return Recovered(session, cookie, coming.browser, coming.login_id)


@dataclass(frozen=True)
class _Newcomer:
    """The administrator that a recovery makes, before the keystore knows him."""

    person: bytes
    login_id: str
    private: bytes
    browser: bytes
    stretched: bytes
    stretch: Stretch


def _newcomer(instance: Instance, password: str, browser: bytes) -> _Newcomer:
    login_id = new_login_id()
    stretched, known = stretched_anew(instance, check_password(password, [login_id]))
    return _Newcomer(new_id(), login_id, new_private_key(), browser, stretched, known)


def _with_newcomer(
    keystore: Keystore, coming: _Newcomer, opened: tuple[bytes, bytes], address: str, now: int
) -> tuple[Keystore, bytes, Bundle]:
    """The keystore with the new administrator, his device's id, and his bundle; `opened` is what the sheet held."""
    private, pinned = opened
    directory = keystore.trusted(pinned)
    keys = {c: keystore.compartment_key(directory, c, RECOVERY, private) for c in directory.compartments}
    signing = keystore.secret(directory, "signing", keys[directory.system(ADMIN)])
    entry = Person(coming.login_id, public_key(coming.private), Role.ADMINISTRATOR.value)
    directory = directory.with_person(coming.person, entry)
    if not within_networks(address, directory.networks):
        # An office whose addresses have changed is shut out of its own rule: nobody but he could lift it.
        directory = replace(directory, networks=())
    device = keystore.device_of(coming.browser) or new_id()
    bundle = Bundle(coming.private, directory.signing_public, {device: holder_secret(coming.browser, coming.person)})
    known = keystore.devices.get(device) or Device(secret_hash(coming.browser), now)
    # The used sheet stands until the new one is typed back: a power cut now must not leave the office without.
    asked_again = {i: replace(s, confirmed=0) for i, s in keystore.sheets.items()}
    keystore = keystore.with_slots(coming.person, coming.stretched, coming.stretch, bundle)
    keystore = replace(keystore, devices={**keystore.devices, device: known}, sheets=asked_again)
    keystore = _person_folder(keystore, directory, keys, coming.person).with_directory(directory, signing)
    for compartment, key in keys.items():
        keystore = keystore.with_grants(directory, compartment, key)
    return keystore, device, bundle


def _open_sheets(keystore: Keystore, secret: bytes) -> tuple[bytes, bytes]:
    for sheet, entry in keystore.sheets.items():
        try:
            return open_recovery(secret, keystore.office, sheet, entry.sealed)
        except WrongCredential:
            continue
    raise WrongCredential("sheet-wrong")


def _person_folder(keystore: Keystore, directory: Directory, keys: dict[bytes, bytes], person: bytes) -> Keystore:
    papers = directory.system("office")
    ring = keystore.ring(directory, papers, keys[papers]).with_folder(person, new_id(), new_key())
    return keystore.with_ring(directory, papers, keys[papers], ring)
