"""Long lists page by page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """What stands on one page; its number, from 1, and of how many."""

    rows: list[T]
    number: int
    of: int


def page(rows: Sequence[T], size: int, wanted: int) -> Page[T]:
    """The page that is wanted, or the nearest that there is; an empty list has one page."""
    of = max(1, -(-len(rows) // size))
    number = min(max(1, wanted), of)
    return Page(list(rows[(number - 1) * size : number * size]), number, of)
