"""Whether bytes are a plain JPEG and nothing else: no comment, no metadata, no second file behind the picture.

What a browser is shown later came out of a process that has read a stranger's file. So only the segments that a picture
cannot do without are let through, and these in the shape that our own encoder gives them.
"""

from __future__ import annotations

import re
import struct

from vault.errors import Malformed

_FRAMES = {0xC0, 0xC2}  # baseline, progressive
_TABLES = {0xDB, 0xC4, 0xDD}  # quantisation, Huffman, restart interval
_JFIF, _SCAN = 0xE0, 0xDA
_LONGEST_TABLE = 2 + 4 * 65 + 1024
# In the picture's own data an FF is followed by a zero or by a restart; anything else is a segment.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7]")


def measured(data: bytes) -> tuple[int, int]:
    """(width, height) in pixels; raises Malformed for anything that is not such a JPEG."""
    if data[:2] != b"\xff\xd8":
        raise Malformed()
    size: tuple[int, int] | None = None
    at = 2
    while True:
        mark, body, at = _segment(data, at)
        if mark in _FRAMES and size is None:
            size = _size(body)
        elif mark == _SCAN and size is not None:
            at = _after_scan(data, at)
            if data[at:] == b"\xff\xd9":
                return size
        elif not _known(mark, body):
            raise Malformed()


def _segment(data: bytes, at: int) -> tuple[int, bytes, int]:
    """(marker, body, where the next begins)."""
    if data[at : at + 1] != b"\xff" or len(data) < at + 4:
        raise Malformed()
    (length,) = struct.unpack_from(">H", data, at + 2)
    body = data[at + 4 : at + 2 + length]
    if length < 2 or len(body) != length - 2:
        raise Malformed()
    return data[at + 1], body, at + 2 + length


def _size(body: bytes) -> tuple[int, int]:
    if len(body) not in (9, 15) or body[0] != 8:  # 8 bits, one or three components
        raise Malformed()
    height, width = struct.unpack_from(">HH", body, 1)
    if not width or not height:
        raise Malformed()
    return width, height


def _known(mark: int, body: bytes) -> bool:
    if mark == _JFIF:
        return len(body) == 14 and body.startswith(b"JFIF\0") and body[12:] == b"\0\0"
    return mark in _TABLES and len(body) <= _LONGEST_TABLE


def _after_scan(data: bytes, at: int) -> int:
    found = _MARKER.search(data, at)
    if found is None:
        raise Malformed()
    return found.start()
