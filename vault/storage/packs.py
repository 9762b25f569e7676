"""A whole instance in one sealed file, to be carried to another server.

    "kura/1 pack\\n" | office id 16 B | pack id 16 B | pieces, each u32 big-endian length ‖ sealed
    piece = seal(transport key, kind u8 ‖ bytes), context "document": pack id, number as 16 bytes big-endian, 1
    kinds: N name of the next file (UTF-8)   D its next bytes   M the manifest, last: canonical {office, files, …}

The office's id stands in clear, so that a forgotten pack is found when the contract ends.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from vault.crypto import codec
from vault.crypto.envelope import Context, open_sealed, seal
from vault.errors import Damaged, Malformed, SealBroken, WrongCredential
from vault.storage.durable import make_folder, sync_folder, writing_to

MAGIC = b"kura/1 pack\n"
PIECE = 8 * 1024 * 1024 - 16  # with its head it fills a step of the padding
_LONGEST = 16 * 1024 * 1024
_SHAPE = {"office": bytes, "made": int, "head": (int, bytes), "keystore": (int, int, bytes), "missing": [bytes],
          "files": {str: (int, bytes)}}  # fmt: skip


@dataclass(frozen=True)
class Manifest:
    """What a pack has: each file's (size, SHA-256) by its name, the journal's last (position, hash), the keystore's
    (epoch, generation, digest), and the files of objects that were not there. `digest` is of its own bytes."""

    office: bytes
    made: int
    head: tuple[int, bytes]
    keystore: tuple[int, int, bytes]
    missing: tuple[bytes, ...]
    files: dict[str, tuple[int, bytes]]

    def encode(self) -> bytes:
        """Canonical bytes."""
        told = {**vars(self), "head": list(self.head), "keystore": list(self.keystore), "missing": list(self.missing)}
        return codec.encode({**told, "files": {name: list(each) for name, each in self.files.items()}})

    @property
    def digest(self) -> bytes:
        """SHA-256 of those."""
        return hashlib.sha256(self.encode()).digest()


def decode(raw: bytes) -> Manifest:
    """A manifest of its bytes; raises Malformed."""
    told: dict[str, Any] = codec.shaped(codec.decode(raw), _SHAPE)
    return Manifest(
        told["office"], told["made"], tuple(told["head"]), tuple(told["keystore"]), tuple(told["missing"]),
        {name: tuple(each) for name, each in told["files"].items()},
    )  # fmt: skip


def head_of(path: Path) -> bytes | None:
    """The id of the office that a file is a pack of; None for any other file."""
    try:
        with path.open("rb") as file:
            start = file.read(len(MAGIC) + 16)
    except OSError:
        return None
    return start[len(MAGIC) :] if start.startswith(MAGIC) and len(start) == len(MAGIC) + 16 else None


class Packer:
    """Writes a pack to an open file."""

    def __init__(self, handle: int, key: bytes, office: bytes, pack: bytes) -> None:
        self._handle, self._key, self._office, self._pack = handle, key, office, pack
        self._number = 0
        self.files: dict[str, tuple[int, bytes]] = {}
        self._write(MAGIC + office + pack)

    def _write(self, data: bytes) -> None:
        view = memoryview(data)
        while view:
            view = view[os.write(self._handle, view) :]

    def _piece(self, kind: bytes, data: bytes) -> None:
        sealed = seal(self._key, kind + data, _context(self._office, self._pack, self._number))
        self._write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1

    def add(self, name: str, pieces: Iterable[bytes]) -> None:
        """One file more."""
        self._piece(b"N", name.encode())
        size, digest = 0, hashlib.sha256()
        for data in pieces:
            self._piece(b"D", data)
            digest.update(data)
            size += len(data)
        self.files[name] = (size, digest.digest())

    def finish(self, manifest: Manifest) -> None:
        """The manifest, and everything durable."""
        self._piece(b"M", manifest.encode())
        os.fsync(self._handle)


def read_file(path: Path) -> Iterator[bytes]:
    """A file's bytes in pieces as a pack takes them."""
    with path.open("rb") as file:
        while data := file.read(PIECE):
            yield data


def _context(office: bytes, pack: bytes, number: int) -> Context:
    return Context(office, "document", (pack, number.to_bytes(16, "big"), 1))


# --- taking one apart


def unpack(source: Path, key: bytes, target: Path) -> Manifest:
    """Write a pack's files below a folder, durable, each one's hash held against the manifest.

    Raises WrongCredential for another key, Damaged("pack-damaged") for any other bytes than were packed, Unwritable.
    """
    found: dict[str, tuple[int, bytes]] = {}
    with source.open("rb") as file:
        pieces = _pieces(file, key)
        name, handle, size, digest = "", -1, 0, hashlib.sha256()
        try:
            for kind, data in pieces:
                if kind == b"D" and handle >= 0:
                    with writing_to(target):
                        _put(handle, data)
                    digest.update(data)
                    size += len(data)
                    continue
                if handle >= 0:
                    found[name] = (size, digest.digest())
                    handle = _closed(handle, target)
                if kind == b"M":
                    return _checked(data, found, pieces)
                if kind != b"N":
                    raise Damaged("pack-damaged")
                name, size, digest = data.decode(), 0, hashlib.sha256()
                handle = _open(target, name)
        finally:
            if handle >= 0:
                os.close(handle)
    raise Damaged("pack-damaged")


def _checked(raw: bytes, found: dict[str, tuple[int, bytes]], rest: Iterator[tuple[bytes, bytes]]) -> Manifest:
    try:
        manifest = decode(raw)
    except Malformed as error:
        raise Damaged("pack-damaged") from error
    if manifest.files != found or next(rest, None) is not None:
        raise Damaged("pack-damaged")
    return manifest


def _pieces(file: BinaryIO, key: bytes) -> Iterator[tuple[bytes, bytes]]:
    start = file.read(len(MAGIC) + 32)
    if not start.startswith(MAGIC) or len(start) != len(MAGIC) + 32:
        raise Damaged("pack-foreign")
    office, pack = start[len(MAGIC) : -16], start[-16:]
    number = 0
    while length := file.read(4):
        size = int.from_bytes(length, "big")
        sealed = file.read(size) if len(length) == 4 and size <= _LONGEST else b""
        try:
            plain = open_sealed(key, sealed, _context(office, pack, number))
        except SealBroken as error:
            if number == 0 and error.facts.get("what") == "key id":
                raise WrongCredential("pack-key") from error
            raise Damaged("pack-damaged") from error
        yield plain[:1], plain[1:]
        number += 1


def _open(target: Path, name: str) -> int:
    """A new file below the target; a name that leads out of it is not of a pack that Kura made."""
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or ".." in parts:
        raise Damaged("pack-damaged")
    path = target.joinpath(*parts)
    make_folder(path.parent)
    with writing_to(path.parent):
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


def _put(handle: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _closed(handle: int, target: Path) -> int:
    with writing_to(target):
        os.fsync(handle)
    os.close(handle)
    return -1


def sync_all(folder: Path) -> None:
    """Make the names in a folder and in those below it durable."""
    with writing_to(folder):
        for place, _, _ in os.walk(folder):
            sync_folder(Path(place))
