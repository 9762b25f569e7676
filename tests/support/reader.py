"""A second reader of an office's disk, written from SECURITY.md: it imports nothing of Kura.

From the files, a password and a device's secret (or the recovery sheet, or the audit key) to records, ledger and journal.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import tomllib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from argon2.low_level import Type, hash_secret_raw
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.crypto.reference import open_hybrid

CHUNK = 16384 + 16
LABEL = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def u64(number: int) -> bytes:
    return number.to_bytes(8, "big")


def decoded(data: bytes) -> Any:
    """A value of the codec chapter."""
    value, end = _value(data, 0)
    assert end == len(data)
    return value


def _value(data: bytes, at: int) -> tuple[Any, int]:
    tag, at = data[at : at + 1], at + 1
    if tag == b"i":
        return int.from_bytes(data[at : at + 8], "big"), at + 8
    size, at = int.from_bytes(data[at : at + 4], "big"), at + 4
    if tag in (b"b", b"s"):
        raw = data[at : at + size]
        return (raw if tag == b"b" else raw.decode()), at + size
    items = []
    for _ in range(size * (2 if tag == b"d" else 1)):
        item, at = _value(data, at)
        items.append(item)
    return (dict(zip(items[::2], items[1::2], strict=True)) if tag == b"d" else items), at


def expand(key: bytes, info: bytes, size: int) -> bytes:
    return hmac.digest(key, info + b"\x01", "sha512")[:size]


def context(office: bytes, suite: int, kind: str, *fields: bytes | int) -> bytes:
    parts = [b"kura/1", u64(1), u64(suite), office, kind.encode(), *(u64(f) if isinstance(f, int) else f for f in fields)]
    return bytes([len(parts)]) + b"".join(len(p).to_bytes(4, "big") + p for p in parts)


def opened(key: bytes, sealed: bytes, office: bytes, kind: str, *fields: bytes | int) -> bytes:
    """The data of an envelope."""
    assert sealed[:2] == b"\x01\x01" and sealed[2:18] == expand(key, b"kura key id", 16)
    salt, commitment = sealed[18:42], sealed[42:74]
    info = LABEL + salt + context(office, 1, kind, *fields)
    first = hmac.digest(key, info + b"\x01", "sha512")
    derived = (first + hmac.digest(key, first + info + b"\x02", "sha512"))[:76]
    assert derived[44:] == commitment
    body, base, plain = sealed[74:], int.from_bytes(derived[32:44], "big"), b""
    for i in range(len(body) // CHUNK + 1):
        chunk = body[i * CHUNK : (i + 1) * CHUNK]
        plain += AESGCM(derived[:32]).decrypt((base ^ i).to_bytes(12, "big"), chunk, None)
    size = int.from_bytes(plain[:8], "big")
    assert not any(plain[8 + size :])
    return plain[8 : 8 + size]


def unwrapped(private: bytes, sealed: bytes, office: bytes, kind: str, *fields: bytes | int) -> bytes:
    """What was sealed to a person by HPKE, suite 2."""
    assert sealed[:2] == b"\x01\x02"
    return open_hybrid(private[:64], private[64:], sealed[2:], context(office, 2, kind, *fields))


@dataclass
class Disk:
    """The files of one instance, with the newest keystore opened."""

    folder: Path

    def __post_init__(self) -> None:
        self.office = bytes.fromhex(tomllib.loads((self.folder / "settings.toml").read_text("utf-8"))["office"])
        names = [p.name.split(".") for p in (self.folder / "keys/a").glob("keystore.*")]
        epoch, generation = max((int(n[1]), int(n[2])) for n in names)
        shred = hashlib.sha256((self.folder / f"keys/a/shred.{epoch}").read_bytes()).digest()
        self.sealed_keystore = (self.folder / f"keys/a/keystore.{epoch}.{generation}").read_bytes()
        self.place = (epoch, generation)
        self.keystore = decoded(opened(shred, self.sealed_keystore, self.office, "keystore", epoch, generation))
        self.directory: dict[str, Any] = {}

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "data/kura.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def believe(self, pinned: bytes) -> None:
        """The directory under the pinned key; raises InvalidSignature."""
        document, signature = self.keystore["directory"]
        signed = b"kura/1 signature" + len(b"directory").to_bytes(4, "big") + b"directory" + document
        Ed25519PublicKey.from_public_bytes(pinned).verify(signature, signed)
        self.directory = decoded(document)
        assert self.directory["signing"] == pinned and self.directory["office"] == self.office

    # --- what people hold

    def sign_in(self, login_id: str, password: str, device_secret: bytes) -> tuple[bytes, bytes]:
        """(person, private key) behind a login ID, a password and a device's secret."""
        persons = decoded(self.keystore["directory"][0])["persons"]
        person = next(bytes.fromhex(i) for i, entry in persons.items() if entry[0] == login_id)
        told = hmac.digest(b"kura holder", device_secret, "sha256")
        device = next(bytes.fromhex(i) for i, entry in self.keystore["devices"].items() if entry[0] == told)
        salt, m, t, p = self.keystore["stretches"][person.hex()]
        typed = unicodedata.normalize("NFKC", password).encode()
        stretched = hash_secret_raw(typed, salt, t, m, p, 32, Type.ID)
        secret = hmac.digest(device_secret, b"kura slot" + person, "sha256")
        key = expand(hmac.digest(b"kura slot key", stretched + secret, "sha512"), person + device, 32)
        slot = self.keystore["slots"][person.hex()][device.hex()]
        private, pinned, secrets = decoded(opened(key, slot, self.office, "slot", person, device, salt, m, t, p))
        assert secrets[device.hex()] == secret
        self.believe(pinned)
        return person, private

    def recover(self, groups: list[str]) -> tuple[bytes, bytes]:
        """(receiver, private key) of the recovery sheet."""
        number = 0
        for letter in "".join(group[:4] for group in groups):
            number = number << 5 | ALPHABET.index(letter)
        key = expand((number >> 4).to_bytes(32, "big"), b"kura recovery", 32)
        (sheet, entry), *_ = self.keystore["sheets"].items()
        private, pinned = decoded(opened(key, entry[0], self.office, "recovery", bytes.fromhex(sheet)))
        self.believe(pinned)
        return b"kura recovery id", private

    # --- keys

    def folders(self, receiver: bytes, private: bytes) -> dict[bytes, tuple[bytes, bytes]]:
        """Owner id to (folder id, folder key), out of every compartment that the receiver has a grant of."""
        found: dict[bytes, tuple[bytes, bytes]] = {}
        for name, (_, epoch, named) in self.directory["compartments"].items():
            grant, room = self.keystore["grants"][name][receiver.hex()], bytes.fromhex(name)
            assert grant[:16] == named
            key = unwrapped(private, grant[16:], self.office, "grant", room, epoch, receiver, named)
            counter, sealed = self.keystore["rings"][name]
            ring = opened(key, sealed, self.office, "ring", room, epoch, counter)
            found |= {ring[i : i + 16]: (ring[i + 16 : i + 32], ring[i + 32 : i + 64]) for i in range(0, len(ring), 64)}
        return found

    def secret(self, name: str, owner: bytes, folders: dict[bytes, tuple[bytes, bytes]]) -> bytes:
        """A private key of the office."""
        folder, key = folders[owner]
        return opened(key, self.keystore["secrets"][name], self.office, "record", folder, owner, 1)

    # --- rows

    def records(self, owner: bytes, folder: bytes, key: bytes) -> dict[bytes, tuple[str, Any, bytes]]:
        """Record id to (kind, payload, author), exactly those that the owner's contents list names."""
        [(version, sealed)] = self.rows("SELECT version, sealed FROM contents WHERE owner=?", owner)
        found = {}
        for record, kind, number, mark in decoded(opened(key, sealed, self.office, "contents", folder, owner, version)):
            [(row,)] = self.rows("SELECT sealed FROM records WHERE id=? AND version=?", record, number)
            assert hashlib.sha256(row).digest()[:16] == mark
            inner, payload, author = decoded(opened(key, row, self.office, "record", folder, record, number))
            assert inner == kind
            found[record] = (kind, json.loads(payload), author)
        return found

    def ledger(self, folders: dict[bytes, tuple[bytes, bytes]]) -> list[tuple[Any, Any]]:
        """(entry, names) of every print."""
        found = []
        for row, owner, version, sealed in self.rows("SELECT id, owner, version, sealed FROM ledger ORDER BY serial"):
            folder, key = folders[owner]
            raw, names = decoded(opened(key, sealed, self.office, "record", folder, row, version))
            entry = json.loads(raw)["record"]
            folder, key = folders[bytes.fromhex(entry["client"])]
            found.append((entry, json.loads(opened(key, names, self.office, "record", folder, row, 1))["record"]))
        return found

    def journal(self, audit: bytes) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(clear part, sealed part) of every entry, the chain checked on the way."""
        keys = {
            name: unwrapped(audit, sealed, self.office, "journal-key", name, day)
            for name, day, sealed in self.rows("SELECT id, day, sealed FROM journal_keys")
        }
        found, before = [], bytes(32)
        query = "SELECT position, clear, key, sealed, hash FROM journal ORDER BY position"
        for number, (position, clear, key, sealed, chained) in enumerate(self.rows(query), 1):
            parts = b"".join(u64(len(part)) + part for part in (clear, key or b"", sealed or b""))
            before = hashlib.sha256(b"kura journal" + before + u64(position) + parts).digest()
            assert (number, before) == (position, chained)
            told = decoded(opened(keys[key], sealed, self.office, "journal", key, position)) if sealed else {}
            found.append((decoded(clear), told))
        return found
