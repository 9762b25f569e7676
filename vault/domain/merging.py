"""Two people changed one record: what only one of them touched is taken from him, what both touched from the latter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Typed = Mapping[str, Any]


def merged(base: Typed, theirs: Typed, mine: Typed) -> dict[str, Any]:
    """The form for `mine` on top of `theirs`, both begun from `base`; all three as `fields.typed` tells them.

    Rows with an id are merged one by one; tables without ids are one field.
    """
    return {key: _field(base.get(key, ""), theirs.get(key, ""), mine.get(key, "")) for key in {**theirs, **mine}}


def _field(base: Any, theirs: Any, mine: Any) -> Any:
    if mine == base:
        return theirs
    if theirs == base or not (_has_ids(theirs) and _has_ids(mine)):
        return mine
    return _rows(_by_id(base or []), _by_id(theirs), _by_id(mine))


def _has_ids(value: Any) -> bool:
    return isinstance(value, list) and all(row.get("id") for row in value)


def _by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for row in rows}


def _rows(
    base: dict[str, dict[str, Any]], theirs: dict[str, dict[str, Any]], mine: dict[str, dict[str, Any]]
) -> list[dict[str, Any]]:
    kept = []
    for name, row in mine.items():
        if name in base and name in theirs:
            kept.append(merged(base[name], theirs[name], row))
        elif name not in base or row != base[name]:
            kept.append(row)  # new, or changed by me although they took it out
    # What they added, and what I took out of rows that they have changed since.
    added = [row for name, row in theirs.items() if name not in mine and row != base.get(name)]
    return kept + added
