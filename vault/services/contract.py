"""What the operator tells an office of its contract: how many policies it is for, where the data lie, whom to call.

Root writes it and the office only reads it. What is missing or not to be read is as if nothing had been told: nobody is
kept from his work by it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from vault.domain.capacity import UNLIMITED
from vault.services.instance import Instance

FILE = "contract.json"
_LONGEST, _LARGEST = 400, 1_000_000


@dataclass(frozen=True)
class Diagnosis:
    """The last diagnosis of the whole by somebody from outside: when, by whom, and what came of it."""

    day: date
    by: str
    result: str


@dataclass(frozen=True)
class Told:
    """`policies`: how many at most, 0 for no limit; `certificate`: until when the address's certificate is good."""

    contract: str = ""
    policies: int = UNLIMITED
    place: str = ""
    data_centre: str = ""
    operator: str = ""
    telephone: str = ""
    subcontracting: str = ""
    certificate: date | None = None
    diagnosis: Diagnosis | None = None

    @property
    def anything(self) -> bool:
        """Whether there is an operator who has said something."""
        return self != Told()


def told(instance: Instance) -> Told:
    """What stands there now; never raises."""
    try:
        raw = json.loads((instance.settings.told / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return Told()
    return _told(raw) if isinstance(raw, dict) else Told()


def _told(raw: Mapping[str, Any]) -> Told:
    number = raw.get("policies")
    limit = number if isinstance(number, int) and not isinstance(number, bool) and 0 < number <= _LARGEST else UNLIMITED
    texts = {name: _text(raw, name) for name in ("contract", "place", "data_centre", "operator", "telephone", "subcontracting")}
    return Told(policies=limit, certificate=_day(raw, "certificate_until"), diagnosis=_diagnosis(raw.get("diagnosis")), **texts)


def _text(raw: Mapping[str, Any], name: str) -> str:
    found = raw.get(name)
    return " ".join(found.split())[:_LONGEST] if isinstance(found, str) else ""


def _day(raw: Mapping[str, Any], name: str) -> date | None:
    try:
        return date.fromisoformat(str(raw.get(name)))
    except ValueError:
        return None


def _diagnosis(raw: object) -> Diagnosis | None:
    if not isinstance(raw, dict):
        return None
    day = _day(raw, "day")
    return Diagnosis(day, _text(raw, "by"), _text(raw, "result")) if day else None
