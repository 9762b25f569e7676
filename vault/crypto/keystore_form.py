"""The keystore as bytes: sealed under the shred key, and of just one shape.

Whoever holds the disk holds the shred key too and can write a keystore of his own: nothing of it is believed before
it has this shape, and of its contents only what the signed directory vouches for.
"""

from __future__ import annotations

import hashlib
from typing import Any

from vault.crypto import codec
from vault.crypto.directory import Signed
from vault.crypto.envelope import Context, open_sealed, seal
from vault.crypto.keystore import Code, Device, Keystore, Passkey, SealedRing, Sheet, Stretch
from vault.crypto.unlock import Cost
from vault.errors import Malformed


def encode(keystore: Keystore) -> bytes:
    """The canonical bytes of the whole keystore."""
    return codec.encode(_raw(keystore))


def seal_keystore(shred_key: bytes, keystore: Keystore) -> bytes:
    """The keystore as it lies on disk, bound to its epoch and generation."""
    context = Context(keystore.office, "keystore", (keystore.epoch, keystore.generation))
    return seal(shred_key, encode(keystore), context)


def open_keystore(shred_key: bytes, sealed: bytes, office: bytes, epoch: int, generation: int) -> Keystore:
    """The keystore of this epoch and generation; raises SealBroken or Malformed."""
    plain = open_sealed(shred_key, sealed, Context(office, "keystore", (epoch, generation)))
    keystore = decode(plain)
    if (keystore.office, keystore.epoch, keystore.generation) != (office, epoch, generation):
        raise Malformed("malformed", what="keystore")
    return keystore


def shred_key_of(random_file: bytes) -> bytes:
    """SHA-256 of the 64 KiB random file that stands for a shred key: destroying any part of it destroys the key."""
    return hashlib.sha256(random_file).digest()


def digest(sealed: bytes) -> bytes:
    """What the journal notes of a sealed keystore: its SHA-256."""
    return hashlib.sha256(sealed).digest()


def _hexed(mapping: dict[bytes, Any], each: Any) -> dict[str, Any]:
    return {i.hex(): each(v) for i, v in mapping.items()}


def _unhexed(mapping: dict[str, Any], each: Any) -> dict[bytes, Any]:
    return {bytes.fromhex(i): each(v) for i, v in mapping.items()}


def _same(value: Any) -> Any:
    return value


def _raw(k: Keystore) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "office": k.office,
        "epoch": k.epoch,
        "generation": k.generation,
        "directory": [k.directory.document, k.directory.signature],
        "stretches": _hexed(k.stretches, lambda s: [s.salt, s.cost.m, s.cost.t, s.cost.p, s.made]),
        "slots": _hexed(k.slots, lambda of: _hexed(of, _same)),
        "devices": _hexed(k.devices, lambda d: [d.secret_hash, d.registered, _hexed(d.pending, _same)]),
        "codes": _hexed(k.codes, lambda c: [c.secret_hash, c.person, c.expires, int(c.initial)]),
        "grants": _hexed(k.grants, lambda of: _hexed(of, _same)),
        "rings": _hexed(k.rings, lambda r: [r.counter, r.sealed]),
        "sheets": _hexed(k.sheets, lambda s: [s.sealed, s.made, s.confirmed]),
        "secrets": k.secrets,
        "statements": list(k.statements),
        "passkeys": _hexed(k.passkeys, lambda of: _hexed(of, lambda p: [p.device, p.public, p.count, p.made, p.slot])),
        "mark": list(k.mark),
    }


_FORMAT, _FORMAT_1 = "kura keystore 2", "kura keystore 1"
_SHAPE = {
    "format": str,
    "office": bytes,
    "epoch": int,
    "generation": int,
    "directory": (bytes, bytes),
    "stretches": {bytes: (bytes, int, int, int, int)},
    "slots": {bytes: {bytes: bytes}},
    "devices": {bytes: (bytes, int, {bytes: bytes})},
    "codes": {bytes: (bytes, bytes, int, int)},
    "grants": {bytes: {bytes: bytes}},
    "rings": {bytes: (int, bytes)},
    "sheets": {bytes: (bytes, int, int)},
    "secrets": {str: bytes},
    "statements": [bytes],
    "passkeys": {bytes: {bytes: (bytes, bytes, int, int, bytes)}},
    "mark": (int, bytes),
}
# The first release knew no passkeys, no day of a password and no login sheets.
_SHAPE_1 = {
    **{name: shape for name, shape in _SHAPE.items() if name != "passkeys"},
    "stretches": {bytes: (bytes, int, int, int)},
    "codes": {bytes: (bytes, bytes, int)},
}


def decode(data: bytes) -> Keystore:
    """The keystore of its canonical bytes, of this format or the one before; raises Malformed."""
    raw = codec.decode(data)
    first = isinstance(raw, dict) and raw.get("format") == _FORMAT_1
    raw = codec.shaped(raw, _SHAPE_1 if first else _SHAPE)
    if first:
        raw = {**raw, "format": _FORMAT, "passkeys": {}}
    if raw["format"] != _FORMAT:
        raise Malformed("malformed", what="keystore format")
    return Keystore(
        office=raw["office"],
        epoch=raw["epoch"],
        generation=raw["generation"],
        directory=Signed(*raw["directory"]),
        stretches=_unhexed(raw["stretches"], lambda s: Stretch(s[0], Cost(*s[1:4]), *s[4:])),
        slots=_unhexed(raw["slots"], lambda of: _unhexed(of, _same)),
        devices=_unhexed(raw["devices"], lambda d: Device(d[0], d[1], _unhexed(d[2], _same))),
        codes=_unhexed(raw["codes"], lambda c: Code(*c[:3], *map(bool, c[3:]))),
        grants=_unhexed(raw["grants"], lambda of: _unhexed(of, _same)),
        rings=_unhexed(raw["rings"], lambda r: SealedRing(*r)),
        sheets=_unhexed(raw["sheets"], lambda s: Sheet(*s)),
        secrets=raw["secrets"],
        statements=tuple(raw["statements"]),
        passkeys=_unhexed(raw["passkeys"], lambda of: _unhexed(of, lambda p: Passkey(*p))),
        mark=(raw["mark"][0], raw["mark"][1]),
    )
