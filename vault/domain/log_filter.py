"""What a person types to find entries of the access log."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vault.domain import fields as f
from vault.domain.fields import Fault
from vault.domain.values import TypedDate


@dataclass(frozen=True, kw_only=True)
class LogFilter:
    """Both days are included; `client` is part of a name, kana, client number or of the number an auditor sees."""

    client: str = f.name(my_number="free")
    since: TypedDate | None = f.day()
    until: TypedDate | None = f.day()

    def faults(self) -> Iterator[tuple[str, Fault]]:
        if self.since and self.until and self.until.value < self.since.value:
            yield "until", Fault("until-too-early")
