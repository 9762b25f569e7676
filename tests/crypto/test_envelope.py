"""Envelopes: what goes in comes out, only in its own place, and its length shows as little as the format says."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.crypto.envelope import (
    FIELDS,
    HEAD_BYTES,
    OVERHEAD,
    Context,
    key_id,
    open_sealed,
    open_stream,
    padded_size,
    parse_head,
    seal,
    seal_stream,
)
from vault.errors import Malformed, SealBroken

KEYS = st.binary(min_size=32, max_size=32)
OFFICE = b"o" * 16


def a_context(kind: str = "record") -> Context:
    sample: dict[type, bytes | int] = {bytes: b"x" * 16, int: 7}
    return Context(OFFICE, kind, tuple(sample[wanted] for wanted in FIELDS[kind]))


@st.composite
def contexts(draw: st.DrawFn) -> Context:
    kind = draw(st.sampled_from(sorted(FIELDS)))
    ids = st.binary(min_size=16, max_size=16)
    of: dict[type, st.SearchStrategy[bytes | int]] = {bytes: ids, int: st.integers(0, 2**64 - 1)}
    return Context(draw(ids), kind, tuple(draw(of[wanted]) for wanted in FIELDS[kind]))


@given(KEYS, st.binary(max_size=700) | st.integers(0, 70_000).map(bytes), contexts())
def test_what_is_sealed_opens_under_the_same_context(key: bytes, data: bytes, context: Context) -> None:
    sealed = seal(key, data, context)
    assert open_sealed(key, sealed, context) == data
    assert parse_head(sealed) == (1, key_id(key))


@given(KEYS, st.binary(max_size=300), contexts(), contexts())
def test_no_other_context_opens_it(key: bytes, data: bytes, context: Context, other: Context) -> None:
    sealed = seal(key, data, context)
    if other != context:
        with pytest.raises(SealBroken):
            open_sealed(key, sealed, other)


@given(contexts(), contexts(), st.integers(1, 2), st.integers(1, 2))
def test_two_contexts_never_encode_alike(one: Context, other: Context, suite: int, version: int) -> None:
    same = one == other and (suite, version) == (1, 1)
    assert (one.encode(1) == other.encode(suite, version)) == same


@given(KEYS, st.lists(st.binary(max_size=9000), max_size=6), st.sampled_from(["record", "document"]))
def test_a_stream_opens_like_a_message(key: bytes, chunks: list[bytes], kind: str) -> None:
    whole, context = b"".join(chunks), a_context(kind)
    sealed = list(seal_stream(key, chunks, len(whole), context))
    assert open_sealed(key, b"".join(sealed), context) == whole == open_stream(key, sealed, context)
    assert len(b"".join(sealed)) == len(seal(key, whole, context))


@pytest.mark.parametrize("chunks", [[b"abc"], [b"ab", b"cdef"], []])
def test_a_stream_of_another_length_than_said_is_refused(chunks: list[bytes]) -> None:
    with pytest.raises(Malformed):
        list(seal_stream(b"k" * 32, chunks, 5, a_context()))


@given(st.integers(0, 2**40))
def test_padding_hides_the_length_and_costs_little(size: int) -> None:
    for kind, most in (("record", 0.0), ("document", 1 / 16)):
        room = padded_size(size, kind)
        assert room % 256 == 0 and room >= size + 8
        assert room - (size + 8) < max(256, most * (size + 8) + 1)
    assert padded_size(size, "document") <= padded_size(size + 1, "document")


@given(st.integers(0, 60_000), st.sampled_from(["record", "document"]))
@settings(max_examples=30)
def test_the_sealed_size_follows_from_the_padded_size(size: int, kind: str) -> None:
    room = padded_size(size, kind)
    assert len(seal(b"k" * 32, bytes(size), a_context(kind))) == HEAD_BYTES + OVERHEAD + room + 16 * (
        room // 16384
    )


def test_the_same_data_never_seals_alike() -> None:
    assert len({seal(b"k" * 32, b"data", a_context()) for _ in range(50)}) == 50


def test_the_plaintext_is_length_data_and_zeros() -> None:
    sealed = seal(b"k" * 32, b"data", a_context())
    decryptor = Cobblestone256Decryptor(b"k" * 32, a_context().encode(1))
    plain = decryptor.update(sealed[HEAD_BYTES:]) + decryptor.finalize()
    assert plain == (4).to_bytes(8, "big") + b"data" + bytes(244)


@pytest.mark.parametrize(
    ("office", "kind", "fields"),
    [
        (b"o" * 15, "record", (b"f", b"i", 1)),
        (OFFICE, "Record", (b"f", b"i", 1)),
        (OFFICE, "", ()),
        (OFFICE, "record", (b"f", b"i")),
        (OFFICE, "record", (b"f", b"i", 1, 1)),
        (OFFICE, "record", (b"f", "i", 1)),
        (OFFICE, "record", (b"f", b"i", b"1")),
        (OFFICE, "record", (b"f", b"i", True)),
        (OFFICE, "record", (b"f", b"i", -1)),
        (OFFICE, "record", (b"f", b"i", 2**64)),
        (OFFICE, "record", (1, b"i", 1)),
    ],
)
def test_a_context_of_the_wrong_shape_is_refused(office: bytes, kind: str, fields: tuple[Any, ...]) -> None:
    with pytest.raises(Malformed):
        seal(b"k" * 32, b"", Context(office, kind, fields))


@pytest.mark.parametrize("size", [0, 16, 31, 33, 64])
def test_a_key_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(Malformed):
        seal(bytes(size), b"", a_context())
    with pytest.raises(Malformed):
        key_id(bytes(size))


def test_nothing_of_a_message_with_a_broken_end_comes_out() -> None:
    sealed = seal(b"k" * 32, bytes(40_000), a_context("document"))
    with pytest.raises(SealBroken) as refused:
        open_stream(b"k" * 32, [sealed[:-1], b"\0"], a_context("document"))
    assert set(refused.value.facts) == {"what"}


def test_the_kinds_and_their_fields_are_never_renamed() -> None:
    # Adding a line is a new kind; changing one makes what offices have stored unreadable.
    told = {
        kind: "".join("b" if wanted is bytes else "i" for wanted in shape) for kind, shape in FIELDS.items()
    }
    stored = {
        "record": "bbi",
        "document": "bbi",
        "draft": "bbi",
        "contents": "bbi",
        "slot": "bbbiii",
        "ring": "bii",
        "grant": "bibb",
        "segment": "bbi",
        "session": "bbbi",
        "keystore": "ii",
        "journal": "bi",
        "journal-key": "bi",
        "recovery": "b",
        "register": "biiii",
    }
    assert stored.items() <= told.items()
    assert all(kind.isascii() for kind in told)
