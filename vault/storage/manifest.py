"""What a backup consists of, written last: every file with its size and hash, what is in it, what it belongs to."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from vault.crypto import codec
from vault.errors import Malformed

FORMAT = 1
_NAME, _HASH = 16, 32
ENTRY = _NAME + 8 + _HASH
_SHAPE = {
    "format": int, "program": str, "schema": str, "office": bytes, "name": str, "made": int, "head": (int, bytes),
    "keystore": (int, int, bytes), "files": {str: (int, bytes)}, "objects": bytes, "missing": [bytes], "counts": {str: int},
}  # fmt: skip


@dataclass(frozen=True)
class Held:
    """One object of a backup: the name of its file, its size in bytes, its SHA-256."""

    file: bytes
    size: int
    hash: bytes


@dataclass(frozen=True)
class Manifest:
    """A whole backup. `made` in seconds since 1970, `head` the journal's last (position, hash), `keystore` its
    (epoch, generation, SHA-256 of the sealed bytes), zeros before the office has begun; `files` name to (size, SHA-256);
    `objects` packed, 56 bytes each, sorted; `missing` files of objects that were not there to be copied."""

    program: str
    schema: str
    office: bytes
    name: str
    made: int
    head: tuple[int, bytes]
    keystore: tuple[int, int, bytes]
    files: dict[str, tuple[int, bytes]]
    objects: bytes
    missing: frozenset[bytes]
    counts: dict[str, int]

    def held(self) -> Iterator[Held]:
        """Its objects, by name."""
        for at in range(0, len(self.objects), ENTRY):
            entry = self.objects[at : at + ENTRY]
            size = int.from_bytes(entry[_NAME : _NAME + 8], "big")
            yield Held(entry[:_NAME], size, entry[_NAME + 8 :])

    def names(self) -> set[bytes]:
        """The names of its objects' files."""
        return {self.objects[at : at + _NAME] for at in range(0, len(self.objects), ENTRY)}

    def size(self) -> int:
        """Bytes of all its files, those shared with other backups included."""
        return sum(size for size, _ in self.files.values()) + sum(each.size for each in self.held())

    def encode(self) -> bytes:
        """The file: SHA-256 of what follows ‖ canonical bytes."""
        told = {
            **vars(self), "format": FORMAT, "head": list(self.head), "keystore": list(self.keystore),
            "files": {name: list(each) for name, each in self.files.items()}, "missing": sorted(self.missing),
        }  # fmt: skip
        body = codec.encode(told)
        return hashlib.sha256(body).digest() + body


def packed(objects: list[Held]) -> bytes:
    """Objects as a manifest holds them."""
    ordered = sorted(objects, key=lambda each: each.file)
    return b"".join(each.file + each.size.to_bytes(8, "big") + each.hash for each in ordered)


def decode(raw: bytes) -> Manifest:
    """A manifest out of its file; raises Malformed for anything else, a newer format included."""
    body = raw[_HASH:]
    if hashlib.sha256(body).digest() != raw[:_HASH]:
        raise Malformed("malformed", what="manifest")
    told: dict[str, Any] = codec.shaped(codec.decode(body), _SHAPE)
    if told.pop("format") != FORMAT or len(told["objects"]) % ENTRY:
        raise Malformed("malformed", what="manifest")
    return Manifest(**{
        **told, "head": tuple(told["head"]), "keystore": tuple(told["keystore"]), "missing": frozenset(told["missing"]),
        "files": {name: tuple(each) for name, each in told["files"].items()},
    })  # fmt: skip
