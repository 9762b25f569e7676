"""A value has exactly one encoding, and reading costs no more than the bytes are worth."""

from __future__ import annotations

import time
import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.crypto import codec
from vault.errors import Malformed

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = st.integers(0, 2**64 - 1) | st.binary(max_size=12) | TEXT
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)


@given(VALUES)
def test_every_value_comes_back(value: Any) -> None:
    assert codec.decode(codec.encode(value)) == value


@given(VALUES, st.data())
def test_whatever_is_accepted_encodes_to_the_same_bytes(value: Any, data: st.DataObject) -> None:
    encoded = bytearray(codec.encode(value))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(encoded) - 1))
        encoded[at] = data.draw(st.integers(0, 255))
    changed = bytes(encoded[: data.draw(st.integers(0, len(encoded)))]) + data.draw(st.binary(max_size=3))
    try:
        found = codec.decode(changed)
    except Malformed:
        return
    assert codec.encode(found) == changed


@given(st.binary(max_size=60))
def test_any_bytes_are_a_value_or_malformed(data: bytes) -> None:
    try:
        found = codec.decode(data)
    except Malformed:
        return
    assert codec.encode(found) == data


@given(st.dictionaries(TEXT, LEAVES, min_size=2, max_size=5), st.randoms())
def test_the_order_in_which_a_mapping_was_filled_does_not_show(value: dict[str, Any], random: Any) -> None:
    items = list(value.items())
    random.shuffle(items)
    assert codec.encode(dict(items)) == codec.encode(value)


def nested(depth: int) -> Any:
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        -1,
        2**64,
        True,
        False,
        None,
        1.5,
        {1: 2},
        {b"a": 2},
        {"a": None},
        ["\ud800"],
        {"\ud800": 1},
        {1},
        nested(17),
    ],
    ids=repr,
)
def test_what_has_no_encoding_is_refused(value: Any) -> None:
    with pytest.raises(Malformed):
        codec.encode(value)


def test_nothing_can_be_written_that_cannot_be_read() -> None:
    assert codec.decode(codec.encode(nested(16))) == nested(16)


@pytest.mark.parametrize("tag", [b"b", b"s", b"l", b"d"])
@pytest.mark.parametrize("held", [0, 1000])
def test_a_count_beyond_the_bytes_is_refused_at_once(tag: bytes, held: int) -> None:
    tracemalloc.start()
    begun = time.perf_counter()
    with pytest.raises(Malformed):
        codec.decode(tag + b"\xff" * 4 + b"l\0\0\0\0" * held)
    seconds, (_, peak) = time.perf_counter() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 0.5 and peak < 1_000_000


def test_the_smallest_values_take_memory_in_proportion_to_their_bytes() -> None:
    data = b"l" + (50_000).to_bytes(4, "big") + b"l\0\0\0\0" * 50_000
    tracemalloc.start()
    codec.decode(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 20 * len(data)


# --- shapes

PERSON = (str, int, [bytes])
GOOD = ["yamada", 1, [b"x", b"y"]]


def test_a_value_of_its_shape_passes_as_it_is() -> None:
    whole = {"persons": {"00ff": GOOD}, "rules": {"any": 1}}
    shape = {"persons": {bytes: PERSON}, "rules": {str: int}}
    assert codec.shaped(whole, shape) is whole


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("1", int),
        (1, bytes),
        (b"x", str),
        (True, int),
        (GOOD[:2], PERSON),
        ([*GOOD, 1], PERSON),
        (["yamada", 1, [b"x", "y"]], PERSON),
        ("abc", (str, str, str)),
        ({"a": 1}, {"a": int, "b": int}),
        ({"a": 1, "b": 1, "c": 1}, {"a": int, "b": int}),
        ([], {"a": int}),
        ({"FF": 1}, {bytes: int}),
        ({"f": 1}, {bytes: int}),
        ({"f f ": 1}, {bytes: int}),
        ({"zz": 1}, {bytes: int}),
        ({"00": "1"}, {bytes: int}),
        ({"any": "1"}, {str: int}),
    ],
    ids=repr,
)
def test_a_value_of_another_shape_is_refused(value: Any, shape: Any) -> None:
    with pytest.raises(Malformed):
        codec.shaped(value, shape)
