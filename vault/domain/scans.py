"""What stands on a redrawn page and where: in pixels of the page's image, from its upper left corner."""

from __future__ import annotations

from typing import NamedTuple


class Area(NamedTuple):
    """A rectangle of a page's image."""

    left: int
    top: int
    width: int
    height: int

    def common(self, other: Area) -> int:
        """How many pixels both have."""
        across = min(self.left + self.width, other.left + other.width) - max(self.left, other.left)
        down = min(self.top + self.height, other.top + other.height) - max(self.top, other.top)
        return max(0, across) * max(0, down)

    def in_steps_of(self, size: int) -> Area:
        """The area with the rest of each square of `size` pixels that it begins or ends in."""
        left, top = self.left // size * size, self.top // size * size
        right, bottom = -(-(self.left + self.width) // size) * size, -(-(self.top + self.height) // size) * size
        return Area(left, top, right - left, bottom - top)


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
