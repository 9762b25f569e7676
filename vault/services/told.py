"""What the operator says to an office, read where he puts it: notices for everybody, incidents for administrators.

The operator writes these files, the office only reads them. One that is missing, too large or not as it should be says
nothing: what the operator spoils must not keep an office from its work.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

from vault.crypto import codec
from vault.domain.access import Permission
from vault.domain.operator import incidents_told
from vault.domain.operator import notices as of_notices
from vault.domain.operator.incidents import Incident
from vault.domain.operator.notices import Notice
from vault.errors import Malformed, NotFound
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.storage import records
from vault.storage.database import reading

NOTICES, INCIDENTS = "notices.json", "incidents.json"
LARGEST = 16 * 1024 * 1024  # bytes
_P = Permission.MANAGE_OFFICE


def facts(instance: Instance, file: str) -> Mapping[str, Any]:
    """A file of facts as it stands, empty where there is none or it is not what it should be; read again when it changes."""
    path = instance.settings.told / file
    try:
        at = path.stat()
    except OSError:
        return {}
    if not stat.S_ISREG(at.st_mode):  # a pipe in its place would let every request wait
        return {}
    return _read(path, (at.st_mtime_ns, at.st_ino, at.st_size))


@lru_cache(maxsize=32)
def _read(path: Path, stamp: tuple[int, int, int]) -> Mapping[str, Any]:
    try:
        with open(path, "rb", opener=_at_once) as file:
            raw = file.read(LARGEST + 1) or b""
        found = json.loads(raw) if len(raw) <= LARGEST else None
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def notices(instance: Instance) -> list[Notice]:
    """Every notice that is shown now, those of now before those to come, each by its beginning."""
    now = instance.now()
    shown = [each for each in _list(instance, NOTICES, of_notices.of_facts) if each.state(now) in ("now", "coming")]
    return sorted(shown, key=lambda each: (each.state(now) != "now", each.begins))


def incidents(instance: Instance) -> list[Incident]:
    """What the office was told of, the newest first."""
    found = _list(instance, INCIDENTS, incidents_told.of_facts)
    return sorted(found, key=lambda each: -each.number)


def incident(instance: Instance, number: int) -> Incident:
    """One of them; raises NotFound."""
    found = next((each for each in incidents(instance) if each.number == number), None)
    if found is None:
        raise NotFound("not-found")
    return found


def _list(instance: Instance, file: str, read: Any) -> list[Any]:
    """All or nothing: half of what the operator says may be the wrong half."""
    raw = facts(instance, file).get(file.removesuffix(".json"))
    try:
        return [read(each) for each in raw] if isinstance(raw, list) else []
    except Malformed:
        return []


# --- what an administrator has seen


def _name(person: bytes) -> str:
    return f"incidents:{person.hex()}"


def _seen(raw: bytes | None) -> dict[int, int]:
    with suppress(Malformed, TypeError, ValueError):
        return {int(number): int(reports) for number, reports in codec.decode(raw or b"")}
    return {}


def seen(desk: Desk) -> dict[int, int]:
    """How many reports of which incident the person at the desk has said to have read."""
    with reading(desk.instance.engine) as connection:
        return _seen(records.fact(connection, _name(desk.person)))


def waiting(desk: Desk) -> list[tuple[Incident, bool]]:
    """(incident, whether it has a report that this administrator has not seen) of what is new, or goes on; none for others."""
    if not desk.may(_P):
        return []
    told = incidents(desk.instance)
    read = seen(desk) if told else {}
    found = [(each, len(each.reports) > read.get(each.number, 0)) for each in told]
    return sorted(((each, new) for each, new in found if new or not each.closed), key=lambda of: not of[1])


def read(desk: Desk, number: int, reports: int) -> None:
    """An administrator has read so many reports of an incident. Raises NotFound."""
    told = incident(desk.instance, number)
    with desk.act(Event.INCIDENT_SEEN, _P) as act:
        known = _seen(records.fact(act.connection, _name(desk.person)))
        # What came after the page was opened has not been read.
        known[number] = max(known.get(number, 0), min(reports, len(told.reports)))
        act.tell(incident=number, reports=known[number])
        records.set_fact(act.connection, _name(desk.person), codec.encode(sorted(map(list, known.items()))))
