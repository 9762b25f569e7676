"""How many policies a contract is for: a notice near the limit, and above it new ones wait. Nothing is ever locked."""

from __future__ import annotations

from dataclasses import dataclass, replace

UNLIMITED = 0
# As a contract says it, and as a number.
SIZES = {"20件": 20, "100件": 100, "500件": 500, "無制限": UNLIMITED}
LIMITS = tuple(SIZES.values())
NEARLY_FULL = 90  # per cent


@dataclass(frozen=True)
class Capacity:
    """`limit` policies at most (0: as many as one likes), of which `used` are there; those in the bin do not count."""

    limit: int = UNLIMITED
    used: int = 0

    @property
    def limited(self) -> bool:
        return self.limit > UNLIMITED

    @property
    def left(self) -> int:
        """How many more may be registered; never less than none, where the limit was lowered."""
        return max(0, self.limit - self.used)

    @property
    def full(self) -> bool:
        return self.limited and not self.left

    @property
    def nearly_full(self) -> bool:
        return self.limited and self.used * 100 >= self.limit * NEARLY_FULL

    @property
    def per_cent(self) -> int:
        """How much of the limit is used: over 100 where it was lowered."""
        return self.used * 100 // self.limit if self.limited else 0

    def with_more(self, more: int) -> Capacity:
        """After so many new ones."""
        return replace(self, used=self.used + more)

    def takes(self, more: int = 1) -> bool:
        """Whether so many new ones fit."""
        return not self.limited or more <= self.left


def word_of(limit: int) -> str:
    """How a contract says a limit; empty for one that no contract has."""
    return next((word for word, number in SIZES.items() if number == limit), "")
