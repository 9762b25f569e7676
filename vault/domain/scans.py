"""What stands on a redrawn page and where: in pixels of the page's image, from its upper left corner."""

from __future__ import annotations

from typing import NamedTuple


class Area(NamedTuple):
    """A rectangle of a page's image."""

    left: int
    top: int
    width: int
    height: int


class Word(NamedTuple):
    """A run of text as a page shows it, or as it was read off the page, in the order of reading."""

    text: str
    left: int
    top: int
    width: int
    height: int

    @property
    def area(self) -> Area:
        """Where it stands."""
        return Area(self.left, self.top, self.width, self.height)
