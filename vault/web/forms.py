"""Forms as they come in: flat names made into nested text, nothing thrown away."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from werkzeug.datastructures import MultiDict

_ROW = re.compile(r"([a-z_]+)-(\d{1,5})-([a-z_]+)\Z")
_CONFIRM = "confirm-"


def typed(form: MultiDict[str, str]) -> dict[str, Any]:
    """`{"insurer": …, "riders": [{…}, …]}` out of `insurer`, `riders-0-name`; rows in the order of their numbers."""
    values: dict[str, Any] = {}
    rows: dict[str, dict[int, dict[str, str]]] = {}
    for name, value in form.items():
        text = value.replace("\r\n", "\n")
        found = _ROW.match(name)
        if found:
            rows.setdefault(found[1], {}).setdefault(int(found[2]), {})[found[3]] = text
        elif name != "csrf_token":
            values[name] = text
    for table, numbered in rows.items():
        values[table] = _without_tail([numbered[n] for n in sorted(numbered)])
    return values


def _without_tail(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    """Without the empty rows at the end: every form draws one of its own there, and would grow by one each time."""
    while rows and not any(text.strip() for text in rows[-1].values()):
        rows = rows[:-1]
    return rows


def renumbered_confirms(form: MultiDict[str, str]) -> set[str]:
    """The paths whose doubtful value was ticked as right, with rows numbered as `typed` numbers them."""
    places = {table: {n: i for i, n in enumerate(ns)} for table, ns in _numbers(form).items()}
    return {_renumbered(name.removeprefix(_CONFIRM), places) for name in form if name.startswith(_CONFIRM)}


def _numbers(form: MultiDict[str, str]) -> dict[str, list[int]]:
    """The numbers of each table's rows as they were sent, in order."""
    found: dict[str, set[int]] = {}
    for name in form:
        if row := _ROW.match(name):
            found.setdefault(row[1], set()).add(int(row[2]))
    return {table: sorted(numbers) for table, numbers in found.items()}


def places(form: MultiDict[str, str]) -> Callable[[str], str]:
    """The other way round: the name under which a path, numbered as `typed` numbers rows, was sent."""
    numbers = _numbers(form)

    def name(path: str) -> str:
        found = _ROW.match(path)
        if found and int(found[2]) < len(numbers.get(found[1], [])):
            return f"{found[1]}-{numbers[found[1]][int(found[2])]}-{found[3]}"
        return path

    return name


def _renumbered(path: str, places: dict[str, dict[int, int]]) -> str:
    found = _ROW.match(path)
    if found and int(found[2]) in places.get(found[1], {}):
        return f"{found[1]}-{places[found[1]][int(found[2])]}-{found[3]}"
    return path
