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
    if dataclasses.is_dataclass(value):
        return {
            f.name: _said(v)
            for f in dataclasses.fields(value)
            if (v := getattr(value, f.name)) != f.default
        }
    if isinstance(value, (list, tuple)):
        return [_said(v) for v in value]
    return value


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
