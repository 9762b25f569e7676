"""What an office is told of an incident: what concerns it, without the other offices and without the journal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vault.domain.operator.incidents import (
    FACTS,
    KINDS,
    MOST_LETTERS,
    MOST_WHAT,
    REPORTS,
    Incident,
    Report,
)
from vault.errors import Malformed

MOST = 50  # incidents that an office is told of at once
_TIMES = ("number", "aware", "began", "recovered", "closed")
_SHAPE = frozenset({*_TIMES, "kind", "what", "wrongful", "reports"})


def chosen(held: Sequence[Incident], office: str, began: int = 0) -> list[Incident]:
    """Those of `held` (the oldest first) that an office is shown: what it was told of something of, the newest. What was
    told to one of the same name before this one began (seconds since 1970) concerns that one."""
    mine = [each for each in held if office in each.offices and each.reports]
    return [each for each in mine if each.named.get(office, each.opened) >= began][-MOST:]


def facts(incident: Incident) -> dict[str, object]:
    """An incident for the file that an office reads."""
    told: dict[str, object] = {name: getattr(incident, name) for name in _SHAPE - {"reports"}}
    reports = [{"n": each.n, "kind": each.kind, "at": each.at, "facts": dict(each.facts)} for each in incident.reports]
    return {**told, "reports": reports}


def of_facts(raw: object) -> Incident:
    """The other way round, exactly; raises Malformed."""
    if not isinstance(raw, Mapping) or set(raw) != _SHAPE or not isinstance(raw["reports"], list):
        raise Malformed("malformed")
    times = {name: _whole(raw[name]) for name in _TIMES}
    if raw["kind"] not in KINDS or type(raw["wrongful"]) is not bool or not times["number"]:
        raise Malformed("malformed")
    reports = tuple(_report(each) for each in raw["reports"])
    return Incident(
        number=times["number"], kind=raw["kind"], what=_words(raw["what"], MOST_WHAT), aware=times["aware"],
        began=times["began"], wrongful=raw["wrongful"], recovered=times["recovered"], closed=times["closed"],
        reports=reports,
    )  # fmt: skip


def _report(raw: Any) -> Report:
    if not isinstance(raw, dict) or set(raw) != {"n", "kind", "at", "facts"} or raw["kind"] not in REPORTS:
        raise Malformed("malformed")
    said = raw["facts"]
    if not isinstance(said, dict) or set(said) - set(FACTS):
        raise Malformed("malformed")
    return Report(_whole(raw["n"]), raw["kind"], _whole(raw["at"]), {k: _words(v, MOST_LETTERS) for k, v in said.items()})


def _whole(number: Any) -> int:
    if type(number) is not int or not 0 <= number < 2**40:
        raise Malformed("malformed")
    return number


def _words(text: Any, most: int) -> str:
    if not isinstance(text, str) or len(text) > most:
        raise Malformed("malformed")
    return text
