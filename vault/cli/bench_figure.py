"""What `kura bench` tells: one measured number, and the limit it is held against."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """One figure; `limit` is the most it may be, or the least where `least` says so, None where nothing is promised."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    least: bool = False

    @property
    def ok(self) -> bool:
        if self.limit is None:
            return True
        return self.value >= self.limit if self.least else self.value <= self.limit
