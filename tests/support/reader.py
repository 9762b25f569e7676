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
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.crypto.reference import open_hybrid

CHUNK = 16384 + 16
PRIVATE = 96
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


def encoded(value: bytes | int | list[Any]) -> bytes:
    """The other way, for the values that are made here."""
    if isinstance(value, int):
        return b"i" + u64(value)
    if isinstance(value, bytes):
        return b"b" + len(value).to_bytes(4, "big") + value
    return b"l" + len(value).to_bytes(4, "big") + b"".join(map(encoded, value))


def folded(typed: str) -> str:
    """Letters as they stand on paper, without their hyphens."""
    return typed.replace("-", "")


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


def verify(public: bytes, purpose: bytes, data: bytes, signature: bytes) -> None:
    """Raises InvalidSignature."""
    signed = b"kura/1 signature" + len(purpose).to_bytes(4, "big") + purpose + data
    Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)


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
        assert self.keystore["format"] in ("kura keystore 1", "kura keystore 2")
        self.directory: dict[str, Any] = {}
        # By owner what the journal notes last of its contents list: version, digest, tag, hash of the entry before.
        self.notes: dict[bytes, tuple[int, bytes, bytes, bytes]] = {}

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "data/kura.db")
        try:
            return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    def believe(self, pinned: bytes) -> None:
        """The directory under the pinned key, or the one it has announced; raises InvalidSignature."""
        while heirs := [(new, signature) for old, new, signature in self._statements() if old == pinned]:
            [(new, signature)] = heirs
            verify(pinned, b"signing key", self.office + pinned + new, signature)
            pinned = new
        document, signature = self.keystore["directory"]
        verify(pinned, b"directory", document, signature)
        self.directory = decoded(document)
        assert self.directory["signing"] == pinned and self.directory["office"] == self.office

    def _statements(self) -> list[list[bytes]]:
        return [decoded(statement) for statement in self.keystore["statements"]]

    # --- what people hold

    def sign_in(self, login_id: str, password: str, device_secret: bytes) -> tuple[bytes, bytes]:
        """(person, private key) behind a login ID, a password and a device's secret."""
        return self._by_password(login_id, password, "devices", device_secret)

    def first_sign_in(self, login_id: str, initial_password: str, code: str) -> tuple[bytes, bytes]:
        """The same behind what a login sheet says: its code stands for a device."""
        found = self._by_password(login_id, folded(initial_password), "codes", b"kura code" + folded(code).encode())
        _, person, expires, initial = self.keystore["codes"][self._holder("codes", b"kura code" + folded(code).encode())]
        assert person == found[0] and expires and initial == 1
        return found

    def _holder(self, kind: str, secret: bytes) -> str:
        told = hmac.digest(b"kura holder", secret, "sha256")
        return next(i for i, entry in self.keystore[kind].items() if entry[0] == told)

    def _by_password(self, login_id: str, password: str, kind: str, secret: bytes) -> tuple[bytes, bytes]:
        persons = decoded(self.keystore["directory"][0])["persons"]
        person = next(bytes.fromhex(i) for i, entry in persons.items() if entry[0] == login_id)
        salt, m, t, p, _made = self.keystore["stretches"][person.hex()]
        typed = unicodedata.normalize("NFKC", password).encode()
        stretched = hash_secret_raw(typed, salt, t, m, p, 32, Type.ID)
        holder = bytes.fromhex(self._holder(kind, secret))
        slot = self.keystore["slots"][person.hex()][holder.hex()]
        own = hmac.digest(secret, b"kura slot" + person, "sha256")
        private, secrets = self._slot(slot, stretched, own, person, holder, salt, m, t, p)
        assert secrets[holder.hex()] == own
        return person, private

    def unlock(self, person: bytes, credential: bytes, output: bytes, device_secret: bytes) -> tuple[bytes, list[bytes]]:
        """(private key, holders whose secrets are known) behind a passkey's PRF output and its device's secret."""
        told = hashlib.sha256(b"kura passkey" + credential).digest()
        holder, numbers = told[:16], (told[16:], 8, 1, 1)
        stretched = expand(output, b"kura passkey prf" + self.office + person + holder, 32)
        device, public, *rest = self.keystore["passkeys"][person.hex()][credential.hex()]
        assert device.hex() == self._holder("devices", device_secret)
        own = hmac.digest(device_secret, b"kura slot" + person, "sha256")
        private, secrets = self._slot(rest[-1], stretched, own, person, holder, *numbers)
        entry = [self.office, person, credential, device, public[32:], *rest]
        assert public[:32] == expand(private, b"kura passkey entry" + encoded(entry), 32)
        return private, [bytes.fromhex(each) for each in secrets]

    def _slot(
        self, slot: bytes, stretched: bytes, secret: bytes, person: bytes, holder: bytes, *rest: bytes | int
    ) -> tuple[bytes, dict[str, bytes]]:
        """(private key, the secrets of all holders) in a slot, the directory believed under the key pinned there."""
        key = expand(hmac.digest(b"kura slot key", stretched + secret, "sha512"), person + holder, 32)
        private, pinned, secrets = decoded(opened(key, slot, self.office, "slot", person, holder, *rest))
        self.believe(pinned)
        return private, secrets

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
            grant, room = self.keystore["grants"][name].get(receiver.hex()), bytes.fromhex(name)
            if grant is None:
                continue
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

    def is_noted(self, owner: bytes, key: bytes) -> bool:
        """Whether an owner's contents list is the one noted last by who held its folder key; `journal` comes first."""
        [(version, sealed)] = self.rows("SELECT version, sealed FROM contents WHERE owner=?", owner)
        *note, tag, before = self.notes[owner]
        said = [self.office, owner, *note, before]
        made = hmac.digest(expand(key, b"kura note", 32), encoded(said), "sha256")
        return note == [version, hashlib.sha256(sealed).digest()] and tag == made

    def ledger(self, folders: dict[bytes, tuple[bytes, bytes]]) -> list[tuple[Any, Any]]:
        """(entry, names) of every row: the names of a client's under his key, of others under that of the row."""
        found = []
        for row, owner, version, sealed in self.rows("SELECT id, owner, version, sealed FROM ledger ORDER BY serial"):
            folder, key = folders[owner]
            raw, names = decoded(opened(key, sealed, self.office, "record", folder, row, version))
            entry = json.loads(raw)["record"]
            if entry["client"]:
                folder, key = folders[bytes.fromhex(entry["client"])]
            found.append((entry, json.loads(opened(key, names, self.office, "record", folder, row, 1))["record"]))
        return found

    def journal(self, audit: bytes) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """(clear part, sealed part) of every entry, the chain checked on the way."""
        keys = {
            name: self._journal_key(audit, sealed, name, day)
            for name, day, sealed in self.rows("SELECT id, day, sealed FROM journal_keys")
        }
        found, before = [], bytes(32)
        self.notes = {}
        query = "SELECT position, clear, key, sealed, hash, at, event, person, subject FROM journal ORDER BY position"
        for number, (position, clear, key, sealed, chained, *columns) in enumerate(self.rows(query), 1):
            parts = b"".join(u64(len(part)) + part for part in (clear, key or b"", sealed or b""))
            earlier, before = before, hashlib.sha256(b"kura journal" + before + u64(position) + parts).digest()
            assert (number, before) == (position, chained)
            told = decoded(opened(keys[key], sealed, self.office, "journal", key, position)) if sealed else {}
            entry = decoded(clear)
            # What is searched by is said by the part that the hash covers; the columns only repeat it.
            assert columns == [entry["at"], entry["event"], entry["person"] or None, entry["subject"] or None]
            found.append((entry, told))
            if "contents" in entry:
                owner, *note = entry["contents"]
                self.notes[owner] = (*note, earlier)
        return found

    def _journal_key(self, audit: bytes, sealed: bytes, name: bytes, day: int) -> bytes:
        """Under one of the audit keys, the newest first: it is another since somebody who knew it has left."""
        for at in range(0, len(audit), PRIVATE):
            try:
                return unwrapped(audit[at : at + PRIVATE], sealed, self.office, "journal-key", name, day)
            except InvalidTag:
                continue
        raise AssertionError("no audit key opens it")
