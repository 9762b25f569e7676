"""Stops that were announced: what the monitor reads of the operator's notices, to count them apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from vault.services.operator.telling import MONITOR
from vault.storage.host.layout import Host

FILE = "notices.json"


def stops(host: Host, office: str) -> dict[str, tuple[int, int]]:
    """The planned stops of an office by their notice, (from, to) in seconds since 1970; none where nothing can be read.

    The monitor is told of all offices in a file of its own, for it may not read what each of them is told.
    """
    told = _read(host.told(MONITOR) / FILE).get("offices")
    listed = told.get(office, []) if isinstance(told, dict) else _read(host.told(office) / FILE).get("notices", [])
    found: dict[str, tuple[int, int]] = {}
    for each in listed if isinstance(listed, list) else []:
        match each:
            case {"id": str(id_), "planned": True, "from": int(begins), "to": int(ends)} if begins < ends:
                found[id_] = (begins, ends)
    return found


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
