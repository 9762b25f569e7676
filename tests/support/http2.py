"""HTTP/2 said by hand: a connection that can also say what no library would."""

from __future__ import annotations

import struct
from ssl import SSLSocket

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS, GO_AWAY = 0, 1, 3, 4, 7
END_STREAM, END_HEADERS = 1, 4
Fields = list[tuple[str, str]]


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def headers(stream: int, fields: Fields, end: bool = True) -> bytes:
    """A request's head, every field spelled out."""
    block = b"".join(b"\0" + _string(name) + _string(value) for name, value in fields)
    return frame(HEADERS, END_HEADERS | (END_STREAM if end else 0), stream, block)


def _string(text: str) -> bytes:
    raw = text.encode("latin-1")
    if len(raw) < 127:
        return bytes([len(raw)]) + raw
    rest, size = len(raw) - 127, b"\x7f"
    while rest >= 128:
        size, rest = size + bytes([rest % 128 + 128]), rest // 128
    return size + bytes([rest]) + raw


def asked(name: str, path: str, method: str = "GET", *more: tuple[str, str]) -> Fields:
    return [(":method", method), (":scheme", "https"), (":path", path), (":authority", name), *more]


def heard(held: SSLSocket) -> list[tuple[int, int, bytes]]:
    """(kind, stream, payload) of all that comes until the first stream or the connection ends, or nothing comes."""
    raw, found = b"", []
    while True:
        while len(raw) >= 9 and len(raw) >= 9 + (size := int.from_bytes(raw[:3])):
            kind, flags, stream = raw[3], raw[4], int.from_bytes(raw[5:9]) & 0x7FFFFFFF
            found.append((kind, stream, raw[9 : 9 + size]))
            raw = raw[9 + size :]
            if kind == GO_AWAY or (stream == 1 and (kind == RESET or (kind in (DATA, HEADERS) and flags & END_STREAM))):
                return found
        try:
            piece = held.recv(65536)
        except OSError:
            return found
        if not piece:
            return found
        raw += piece
