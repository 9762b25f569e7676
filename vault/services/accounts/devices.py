"""Registered devices (登録端末): which there are, who uses them, what they are called, and codes for further ones."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import count

from vault.crypto.keys import new_id
from vault.crypto.keystore import Code, Keystore
from vault.crypto.unlock import holder_secret, new_code, read_code, secret_hash
from vault.domain.access import Permission
from vault.domain.office import Named
from vault.errors import Forbidden, NotFound, Refused
from vault.services import office, payloads
from vault.services.accounts.signing_in import prove
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.safe import OFFICE_PAGE, Desk
from vault.storage import visits

KIND = "device"
CODE_SECONDS = 24 * 60 * 60


@dataclass(frozen=True)
class Use:
    """One person on one device. Times in seconds since 1970, 0 for never; `pending`: not signed in again yet."""

    person: bytes
    name: str
    first: int
    last: int
    address: str
    pending: bool


@dataclass(frozen=True)
class Listed:
    """A device with those who have a slot on it; `here`: the one that asks."""

    device: bytes
    name: str
    registered: int
    uses: tuple[Use, ...]
    here: bool


def listed(desk: Desk, everybody: bool) -> list[Listed]:
    """One's own devices, or, for administrators, everybody's; the one that asks first, then the last seen."""
    permission = Permission.MANAGE_DEVICES if everybody else Permission.READ_SAFETY
    with desk.act(Event.DEVICES_OPENED, permission) as act:
        called = names(act)
        seen = {(v.person, v.device): v for v in visits.every(act.connection)}
        found = [_listed(act, device, called.get(device, ""), seen, everybody) for device in _mine(desk, everybody)]
    return sorted(found, key=lambda d: (not d.here, -max((u.last for u in d.uses), default=0)))


def _mine(desk: Desk, everybody: bool) -> list[bytes]:
    keystore = desk.stored.keystore
    return [d for d in keystore.devices if everybody or d in keystore.slots.get(desk.person, {})]


def _listed(
    act: Act, device: bytes, name: str, seen: dict[tuple[bytes, bytes], visits.Visit], everybody: bool
) -> Listed:
    desk, keystore = act.desk, act.desk.stored.keystore
    who = [p for p, held in keystore.slots.items() if device in held and (everybody or p == desk.person)]
    uses = []
    for person in who:
        visit = seen.get((person, device))
        first, last, address = (visit.first, visit.last, visit.address) if visit else (0, 0, "")
        pending = person in keystore.devices[device].pending
        uses.append(Use(person, office.name_of(act, person), first, last, address, pending))
    return Listed(device, name, keystore.devices[device].registered, tuple(uses), device == desk.device)


def names(act: Act) -> dict[bytes, str]:
    """What devices are called, by id; those taken out of use included, for the access log still tells of them."""
    return {f.row.id: payloads.decode(f.payload, Named).name for f in act.read(OFFICE_PAGE, [KIND])}


def unused_name(name: str, taken: Collection[str]) -> str:
    """The name, with a number behind it where another device has it: an office's browsers all say they are the same."""
    numbered = (name if n == 1 else f"{name} {n}" for n in count(1))
    return next(each for each in numbered if each not in taken)


def put_name(act: Act, device: bytes, name: str) -> None:
    """Note what a device is called, inside another act."""
    payload = payloads.encode(Named(name=name))
    known = {found.row.id: found.row.version for found in act.read(OFFICE_PAGE, [KIND])}
    if device in known:
        act.change(OFFICE_PAGE, device, KIND, payload, known[device])
    else:
        act.add(OFFICE_PAGE, KIND, payload, device)


def rename(desk: Desk, device: bytes, name: str) -> None:
    """Call a device something else: one's own, or any as an administrator."""
    _reachable(desk, device)
    with desk.act(Event.DEVICE_NAMED, Permission.READ_SAFETY) as act:
        put_name(act, device, name)
        act.tell(device=device)


def _reachable(desk: Desk, device: bytes) -> None:
    keystore = desk.stored.keystore
    if device not in keystore.devices:
        raise NotFound("not-found")
    if device not in keystore.slots.get(desk.person, {}) and not desk.may(Permission.MANAGE_DEVICES):
        raise Forbidden("forbidden")


# --- taking a device out of use


def remove(desk: Desk, device: bytes) -> None:
    """End a device: its sessions, everybody's slots on it. Who is no administrator ends his own slot there alone.

    Raises Refused("last-way-in") when no other device and no code would be left to the person at the desk.
    """
    _reachable(desk, device)
    person = None if desk.may(Permission.MANAGE_DEVICES) else desk.person

    def change(keystore: Keystore) -> Keystore:
        if device not in keystore.devices:
            raise NotFound("not-found")
        less = keystore.without_device(device, person)
        lasting = {i for i, c in less.codes.items() if not c.expires} | less.devices.keys()
        if not lasting & less.slots.get(desk.person, {}).keys():
            raise Refused("last-way-in")
        return desk.marked(less)

    desk.instance.keyring.let_go()
    stored = desk.instance.files.take_away(change)
    desk.now_reading(stored)
    desk.instance.sessions.end_of_device(device, person)
    with desk.act(Event.DEVICE_REMOVED, Permission.READ_SAFETY) as act:
        act.fact.keystore = stored
        visits.forget(act.connection, person=person, device=device)
        act.tell(device=device)


# --- codes for another device


def make_code(desk: Desk, password: str) -> tuple[str, int]:
    """A code that registers another device of one's own within 24 hours: (code, when it expires). An earlier one dies."""
    expires = desk.instance.now() + CODE_SECONDS
    return _new_code(desk, password, expires), expires


def make_spare(desk: Desk, password: str) -> str:
    """A spare code, printed beforehand: no date, one use."""
    return _new_code(desk, password, 0)


def spare_codes(desk: Desk) -> int:
    """How many unused spare codes the person at the desk has."""
    return len(_codes(desk.stored.keystore, desk.person, lambda code: not code.expires))


def _codes(keystore: Keystore, person: bytes, wanted: Callable[[Code], bool]) -> set[bytes]:
    """A person's codes that have not registered a device yet."""
    pending = {c for device in keystore.devices.values() for c in device.pending.values()}
    return {i for i, c in keystore.codes.items() if c.person == person and i not in pending and wanted(c)}


def _new_code(desk: Desk, password: str, expires: int) -> str:
    """Write the slots anew with one secret more; an unused device code with a date is replaced, spare codes stay."""
    instance, person = desk.instance, desk.person
    stretched = prove(desk, password)
    code, name = new_code(), new_id()
    secret = read_code(code)
    takes = bool(expires and _codes(desk.stored.keystore, person, lambda c: bool(c.expires)))

    def change(keystore: Keystore) -> Keystore:
        bundle = keystore.open_slot(person, desk.device, stretched, desk.bundle.secrets[desk.device])
        old = _codes(keystore, person, lambda c: bool(c.expires)) if takes else set()
        bundle = replace(bundle, secrets={h: s for h, s in bundle.secrets.items() if h not in old})
        bundle = bundle.with_secret(name, holder_secret(secret, person))
        keystore = keystore.without_codes(old)
        keystore = replace(keystore, codes={**keystore.codes, name: Code(secret_hash(secret), person, expires)})
        return desk.marked(keystore.with_slots(person, stretched, keystore.stretches[person], bundle))

    if takes:
        instance.keyring.let_go()
    desk.now_reading((instance.files.take_away if takes else instance.files.add)(change))
    with desk.act(Event.CODE_MADE, Permission.READ_SAFETY) as act:
        act.fact.keystore = desk.stored
    return code
