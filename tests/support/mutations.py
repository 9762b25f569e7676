"""Whole files made into broken ones, the same ones each time."""

import random
import re
from collections.abc import Callable

_ODD = [b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\xff\xff\xff\x7f", b"\x80\0\0\0", b"\0\0\0\x80", b"\0\1\0\1"]
_NUMBERS = [b"0", b"-1", b"1", b"65536", b"2147483647", b"-2147483648", b"4294967296", b"99999999999999999999", b"1e308", b"0.00001"]


def mutated(seed: bytes, number: int) -> bytes:
    """The mutation of that number of a file: one to four wounds of different kinds."""
    chance = random.Random(number * 1_000_003 + len(seed))
    data = bytearray(seed)
    for _ in range(chance.randint(1, 4)):
        chance.choice(_WOUNDS)(data, chance)
    return bytes(data) or b"\0"


def _flip(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 16)):
        if data:
            data[chance.randrange(len(data))] = chance.randrange(256)


def _odd(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at : at + 4] = chance.choice(_ODD)


def _early(data: bytearray, chance: random.Random) -> None:
    """Headers are at the front, and hold the sizes."""
    at = chance.randrange(min(len(data), 200) + 1)
    data[at : at + 2] = chance.choice(_ODD)[:2]


def _cut(data: bytearray, chance: random.Random) -> None:
    if chance.random() < 0.3:
        del data[chance.randrange(len(data) + 1) :]
        return
    at = chance.randrange(len(data) + 1)
    del data[at : at + chance.randint(1, 64)]


def _double(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data) + 1)
    data[at:at] = data[at : at + chance.randint(1, 300)] * chance.randint(1, 8)


def _number(data: bytearray, chance: random.Random) -> None:
    """A number that stands in letters, as in a PDF."""
    found = [match.span() for match in re.finditer(rb"(?<=[ \[])\d+", data[:20_000])]
    if found:
        start, end = chance.choice(found)
        data[start:end] = chance.choice(_NUMBERS)


_WOUNDS: list[Callable[[bytearray, random.Random], None]] = [_flip, _flip, _odd, _early, _cut, _double, _number]
