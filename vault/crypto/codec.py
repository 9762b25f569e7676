"""One canonical encoding for everything that is signed, hashed or sealed as a structure.

A value has exactly one encoding and only that one decodes, so a signature over bytes is a signature over meaning.

    i  u64 big-endian                 whole number, 0 to 2**64 - 1
    b  u32 length, bytes              bytes
    s  u32 length, UTF-8              text
    l  u32 count, values              list
    d  u32 count, (text, value)…      mapping, keys sorted by their UTF-8 bytes, none twice
"""

from __future__ import annotations

from struct import Struct
from struct import error as StructError
from typing import Any

from vault.errors import Malformed

Value = Any
Shape = Any
MAX_DEPTH = 16
_HEX = frozenset("0123456789abcdef")
_HEAD, _NUMBER = Struct(">BI").unpack_from, Struct(">Q").unpack_from
_put_head, _put_number = Struct(">BI").pack, Struct(">BQ").pack
_I, _B, _S, _L, _D = b"ibsld"


def encode(value: Value) -> bytes:
    """The canonical bytes of `value`; raises Malformed for what has none."""
    out: list[bytes] = []
    _write(value, out, 0)
    return b"".join(out)


def decode(data: bytes) -> Value:
    """The value whose canonical bytes are `data`; raises Malformed for anything else."""
    value, end = _read(data, 0, 0)
    if end != len(data):
        raise Malformed("malformed", what="trailing bytes")
    return value


def shaped(value: Value, shape: Shape) -> Value:
    """`value`, if it has a shape; raises Malformed otherwise, so that nothing wrongly typed gets any further.

    A shape is int, bytes or str; a tuple of shapes for a list of just these; [shape] for a list of any length;
    {"name": shape, …} for a mapping with just these keys; {str: shape} for one with any keys; {bytes: shape} for
    one whose keys are bytes in lower-case hex, which is the only spelling of an id.
    """
    if not _fits(value, shape):
        raise Malformed("malformed", what="shape")
    return value


def _fits(value: Value, shape: Shape) -> bool:
    if isinstance(shape, type):
        return type(value) is shape
    if isinstance(shape, tuple):
        return type(value) is list and len(value) == len(shape) and all(map(_fits, value, shape))
    if isinstance(shape, list):
        return type(value) is list and all(_fits(item, shape[0]) for item in value)
    if type(value) is not dict:
        return False
    if bytes in shape:
        return all(_is_hex(key) and _fits(item, shape[bytes]) for key, item in value.items())
    if str in shape:
        return all(_fits(item, shape[str]) for item in value.values())
    return value.keys() == shape.keys() and all(_fits(value[key], shape[key]) for key in shape)


def _is_hex(key: str) -> bool:
    return len(key) % 2 == 0 and set(key) <= _HEX


def _text(value: str) -> bytes:
    try:
        return value.encode("utf-8")
    except (UnicodeEncodeError, AttributeError) as error:  # a lone surrogate; a key that is no text
        raise Malformed("malformed", what="text") from error


def _write_text(value: str, out: list[bytes]) -> None:
    raw = _text(value)
    out += [_put_head(_S, len(raw)), raw]


def _write(value: Value, out: list[bytes], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise Malformed("malformed", what="depth")
    if isinstance(value, (bytes, bytearray)):
        out += [_put_head(_B, len(value)), bytes(value)]
    elif isinstance(value, str):
        _write_text(value, out)
    elif isinstance(value, (list, tuple)):
        out.append(_put_head(_L, len(value)))
        for item in value:
            _write(item, out, depth + 1)
    elif isinstance(value, int) and not isinstance(value, bool):
        if not 0 <= value < 1 << 64:
            raise Malformed("malformed", what="number")
        out.append(_put_number(_I, value))
    elif isinstance(value, dict):
        out.append(_put_head(_D, len(value)))
        for key in sorted(value, key=_text):
            _write_text(key, out)
            _write(value[key], out, depth + 1)
    else:
        raise Malformed("malformed", what="type")


def _read(data: bytes, at: int, depth: int) -> tuple[Value, int]:
    # The innermost loop of every page: a client's contents list is some hundred values.
    if depth > MAX_DEPTH:
        raise Malformed("malformed", what="depth")
    try:
        tag, size = _HEAD(data, at)
        if tag == _I:
            return _NUMBER(data, at + 1)[0], at + 9
    except StructError as error:
        raise Malformed("malformed", what="truncated") from error
    at += 5
    if tag == _B or tag == _S:
        end = at + size
        if end > len(data):
            raise Malformed("malformed", what="truncated")
        return (data[at:end] if tag == _B else _read_text(data[at:end])), end
    if tag == _L:
        items = []
        for _ in range(size):
            item, at = _read(data, at, depth + 1)
            items.append(item)
        return items, at
    if tag == _D:
        return _read_mapping(data, at, size, depth)
    raise Malformed("malformed", what="tag")


def _read_text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("malformed", what="text") from error


def _read_mapping(data: bytes, at: int, size: int, depth: int) -> tuple[dict[str, Value], int]:
    mapping: dict[str, Value] = {}
    last: bytes | None = None
    for _ in range(size):
        key, at = _read(data, at, depth + 1)
        if not isinstance(key, str) or (last is not None and _text(key) <= last):
            raise Malformed("malformed", what="keys")
        last = _text(key)
        mapping[key], at = _read(data, at, depth + 1)
    return mapping, at
