"""Records of the domain as bytes and back: JSON without what is empty, read into typed dataclasses."""

from __future__ import annotations

import dataclasses
from typing import Any, TypeVar

import msgspec

from vault.errors import Malformed

T = TypeVar("T")
SCHEMA = 1
_encoder = msgspec.json.Encoder()


def encode(record: Any) -> bytes:
    """A record's bytes: schema version and every field that says something."""
    return _encoder.encode({"schema": SCHEMA, "record": _said(record)})


def _said(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, (list, tuple)):
        return [_said(v) for v in value]
    of = type(value)
    if of not in _defaults:
        _defaults[of] = [(f.name, f.default) for f in dataclasses.fields(of)] if dataclasses.is_dataclass(of) else []
    if not _defaults[of]:
        return value
    return {name: _said(v) for name, default in _defaults[of] if (v := getattr(value, name)) != default}


_PLAIN = frozenset({str, int, bool, type(None)})
# Each field of a dataclass with its default; none for what is no dataclass.
_defaults: dict[type[Any], list[tuple[str, Any]]] = {}


@dataclasses.dataclass(frozen=True)
class _Head:
    schema: int
    record: msgspec.Raw


_head = msgspec.json.Decoder(_Head)
_decoders: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def decode(data: bytes, of: type[T]) -> T:
    """The record of bytes; raises Malformed for another shape or a newer schema."""
    decoder = _decoders.get(of)
    if decoder is None:
        decoder = _decoders[of] = msgspec.json.Decoder(of)
    try:
        head = _head.decode(data)
        if head.schema > SCHEMA:
            raise Malformed("malformed", what="newer schema")
        found: T = decoder.decode(head.record)
        return found
    except msgspec.DecodeError as error:
        raise Malformed("malformed", what=of.__name__) from error
