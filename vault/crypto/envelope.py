"""Seal and open bytes under a key, bound to a context that the opener has to know.

    version u8 | suite u8 | key id 16 B | Cobblestone-256 body (salt 24 | commitment 32 | chunks)
    plaintext = u64 big-endian length ‖ data ‖ zeros

The body is C2SP chunked-encryption as `cryptography` ships it: a fresh salt per message, so there is no nonce to
lose between workers or restarts, and a commitment, so that one ciphertext cannot open under two keys.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from cryptography.exceptions import InvalidTag

from vault.errors import Malformed, SealBroken

VERSION = 1
COBBLESTONE_256 = 1
READABLE_SUITES = frozenset({COBBLESTONE_256})
KEY_BYTES = 32
ID_BYTES = 16
HEAD_BYTES = 2 + ID_BYTES
OVERHEAD = 24 + 32 + 16
RECORD_STEP = 256
STREAM_CHUNK = 1 << 20

# Every kind of sealed thing and the fields that bind it, in order. Kinds are ASCII and never renamed.
FIELDS: dict[str, tuple[type, ...]] = {
    "record": (bytes, bytes, int),  # folder, object, object version
    "document": (bytes, bytes, int),
    "draft": (bytes, bytes, int),
    "contents": (bytes, bytes, int),
    "slot": (bytes, bytes, bytes, int, int, int),  # person, device, salt, m, t, p
    "ring": (bytes, int, int),  # compartment, compartment epoch, the ring's own counter
    "grant": (bytes, int, bytes, bytes),  # compartment, epoch, receiver, key id
    "segment": (bytes, bytes, int),  # compartment, segment key id, number
    "session": (bytes, bytes, bytes, int),  # hash of the session id, person, device, expiry
    "keystore": (int, int),  # keystore epoch, generation
    "journal": (bytes, int),  # journal key id, position
    "journal-key": (bytes, int),  # journal key id, day (as yyyymmdd)
    "recovery": (bytes,),  # recovery sheet
    "register": (bytes, int, int, int, int),  # salt, m, t, p, generation; the register's own id stands for an office
}


@dataclass(frozen=True)
class Context:
    """What a sealed thing is and where it belongs. Opening asks for the same context again."""

    office: bytes
    kind: str
    fields: tuple[bytes | int, ...]

    def encode(self, suite: int, version: int = VERSION) -> bytes:
        """u8 count, then each field as u32 big-endian length ‖ bytes."""
        shape = FIELDS.get(self.kind)
        if shape is None or len(shape) != len(self.fields) or len(self.office) != ID_BYTES:
            raise Malformed("malformed", what="context")
        parts = [_field(value, wanted) for value, wanted in zip(self.fields, shape, strict=True)]
        head = _context_head(len(shape), version, suite, self.office, self.kind)
        return head + b"".join([len(p).to_bytes(4, "big") + p for p in parts])


@lru_cache(maxsize=64)
def _context_head(fields: int, version: int, suite: int, office: bytes, kind: str) -> bytes:
    """The part of a context that thousands of records share."""
    parts = [b"kura/1", _number(version), _number(suite), office, kind.encode("ascii")]
    return bytes([len(parts) + fields]) + b"".join([len(p).to_bytes(4, "big") + p for p in parts])


def _number(value: int) -> bytes:
    if not 0 <= value < 1 << 64:
        raise Malformed("malformed", what="context")
    return value.to_bytes(8, "big")


def _field(value: bytes | int, wanted: type) -> bytes:
    if type(value) is not wanted:
        raise Malformed("malformed", what="context")
    return _number(value) if isinstance(value, int) else value


def expand(key: bytes, info: bytes, size: int) -> bytes:
    """HKDF-Expand-SHA512 (RFC 5869, 2.3) of a uniform key, `size` bytes of at most 64: one block."""
    if not 0 < size <= 64:
        raise Malformed("malformed", what="size")
    return hmac.digest(key, info + b"\x01", hashlib.sha512)[:size]


def key_id(key: bytes) -> bytes:
    """The 16-byte name of a key: tells which key is meant and nothing about it."""
    _check_key(key)
    return expand(key, b"kura key id", ID_BYTES)


def _check_key(key: bytes) -> None:
    if len(key) != KEY_BYTES:
        raise Malformed("malformed", what="key")


def _record_room(size: int) -> int:
    return -(-(8 + size) // RECORD_STEP) * RECORD_STEP


def _document_room(size: int) -> int:
    step = max(RECORD_STEP, 1 << max(0, (8 + size).bit_length() - 5))
    return -(-(8 + size) // step) * step


def padded_size(size: int, kind: str) -> int:
    """Bytes of plaintext that are sealed for `size` bytes of data: what a thief can learn of its length."""
    return _document_room(size) if kind == "document" else _record_room(size)


def _head(key: bytes, suite: int) -> bytes:
    return bytes([VERSION, suite]) + key_id(key)


def seal(key: bytes, data: bytes, context: Context) -> bytes:
    """`data` sealed under the 32-byte `key`, openable only with an equal `context`."""
    encryptor = Cobblestone256Encryptor(_checked(key), context.encode(COBBLESTONE_256))
    room = padded_size(len(data), context.kind)
    plain = len(data).to_bytes(8, "big") + data + bytes(room - 8 - len(data))
    return _head(key, COBBLESTONE_256) + encryptor.update(plain) + encryptor.finalize()


def _checked(key: bytes) -> bytes:
    _check_key(key)
    return key


def parse_head(sealed: bytes) -> tuple[int, bytes]:
    """(suite, key id) of sealed bytes; raises SealBroken for another version, suite or a torn head."""
    if len(sealed) < HEAD_BYTES + OVERHEAD:
        raise SealBroken("seal-broken", what="truncated")
    if sealed[0] != VERSION or sealed[1] not in READABLE_SUITES:
        raise SealBroken("seal-broken", what="version")
    return sealed[1], bytes(sealed[2:HEAD_BYTES])


def open_sealed(key: bytes, sealed: bytes, context: Context) -> bytes:
    """The data sealed in `sealed`; raises SealBroken unless key, context and every byte are right."""
    return _open(key, key_id(key), sealed, context)


def open_many(key: bytes, sealed: Iterable[tuple[bytes, Context]]) -> list[bytes]:
    """What was sealed under one key, each with its own context; raises SealBroken unless all of it is right."""
    own = key_id(key)
    return [_open(key, own, each, context) for each, context in sealed]


def _open(key: bytes, own: bytes, sealed: bytes, context: Context) -> bytes:
    suite, named = parse_head(sealed)
    if not hmac.compare_digest(named, own):
        raise SealBroken("seal-broken", what="key id")
    decryptor = Cobblestone256Decryptor(key, context.encode(suite))
    try:
        plain = decryptor.update(sealed[HEAD_BYTES:]) + decryptor.finalize()
    except (InvalidTag, ValueError) as error:
        raise SealBroken("seal-broken", what="authentication") from error
    return _unpad(plain, context.kind)


def open_into(key: bytes, sealed: bytes, context: Context) -> tuple[bytearray, int]:
    """The same as a buffer that the caller wipes, and the size of the data at its beginning; the rest of it is zeros."""
    suite, named = parse_head(sealed)
    if not hmac.compare_digest(named, key_id(key)):
        raise SealBroken("seal-broken", what="key id")
    decryptor, body = Cobblestone256Decryptor(key, context.encode(suite)), memoryview(sealed)[HEAD_BYTES:]
    plain = bytearray(len(body))
    try:
        written = decryptor.update_into(body, plain)
        last = decryptor.finalize()
    except (InvalidTag, ValueError) as error:
        plain[:] = bytes(len(plain))
        raise SealBroken("seal-broken", what="authentication") from error
    plain[written : written + len(last)] = last
    return plain, _unpadded(plain, written + len(last), context.kind)


def _unpadded(plain: bytearray, whole: int, kind: str) -> int:
    """Move the data to the beginning; returns its size."""
    size = int.from_bytes(plain[:8], "big")
    if whole < 8 or size > whole - 8 or whole != padded_size(size, kind) or plain[8 + size : whole].strip(b"\0"):
        raise SealBroken("seal-broken", what="padding")
    del plain[:8]
    return size


def _unpad(plain: bytes, kind: str) -> bytes:
    if len(plain) < 8:
        raise SealBroken("seal-broken", what="length")
    size = int.from_bytes(plain[:8], "big")
    # The padding is part of the format, so what a second writer pads differently is not ours.
    if size > len(plain) - 8 or len(plain) != padded_size(size, kind) or plain[8 + size :].strip(b"\0"):
        raise SealBroken("seal-broken", what="padding")
    return plain[8 : 8 + size]


def seal_stream(key: bytes, chunks: Iterable[bytes], size: int, context: Context) -> Iterator[bytes]:
    """Seal `size` bytes that arrive in `chunks`, a piece at a time, into what `seal` would have made."""
    encryptor = Cobblestone256Encryptor(_checked(key), context.encode(COBBLESTONE_256))
    yield _head(key, COBBLESTONE_256) + encryptor.update(size.to_bytes(8, "big"))
    seen = 0
    for chunk in chunks:
        seen += len(chunk)
        if seen > size:
            raise Malformed("malformed", what="size")
        yield encryptor.update(chunk)
    if seen != size:
        raise Malformed("malformed", what="size")
    yield encryptor.update(bytes(padded_size(size, context.kind) - 8 - size))
    yield encryptor.finalize()


def open_stream(key: bytes, chunks: Iterable[bytes], context: Context) -> bytes:
    """The data of a sealed stream. Nothing is handed out before the end is authenticated, hence bytes, not pieces."""
    return open_sealed(key, b"".join(chunks), context)
