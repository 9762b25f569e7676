"""What an instance can say of itself without a key and without a journal entry, for the operator's monitor.

Each item stands for itself, so that one that cannot even be looked at hides no other. Nothing here counts or names anything
of what is inside.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from vault.domain.values.moments import DAY
from vault.errors import KuraError, NotReady
from vault.services import backups, closing
from vault.services.backup_notes import State
from vault.services.instance import Instance
from vault.storage import journal
from vault.storage.database import check_schema, reading

Head = tuple[int, bytes]
LEAST_FREE = 512 * 1024**2  # bytes
DRILL_DAYS = 9  # a drill of everything is due every week
AHEAD_SECONDS = 300  # how far the last entry may lie before a clock that was put right by a little


@dataclass(frozen=True)
class Item:
    """One thing: whether it is as it must be, and a short word or figures on it (times in seconds since 1970)."""

    name: str
    good: bool
    said: str = ""


def closed(instance: Instance) -> bool:
    """Whether the door is closed for a restore, a move or the end: the process lives, and nobody is served."""
    return bool(closing.closed_for(instance))


def look(instance: Instance, noted: Head | None = None) -> list[Item]:
    """Everything, in the order in which it is shown. `noted`: a head of the journal that was seen before and has to be in
    it still. While the door is closed nothing is touched: there is nothing to say then."""
    if closed(instance):
        return []
    looks: dict[str, Callable[[], tuple[bool, str]]] = {
        "database": lambda: _database(instance),
        "keystore": lambda: _keystore(instance),
        "replicas": lambda: _replicas(instance),
        "space": lambda: _space(instance),
        "backup": lambda: _backup(backups.state(instance)),
        "drill": lambda: _drill(instance, backups.state(instance)),
        "clock": lambda: _clock(instance),
        "log-head": lambda: _head(instance, noted),
    }
    return [_item(name, each) for name, each in looks.items()]


def _item(name: str, of: Callable[[], tuple[bool, str]]) -> Item:
    try:
        return Item(name, *of())
    except KuraError as error:
        return Item(name, False, error.code)
    except (OSError, SQLAlchemyError, ValueError) as error:
        return Item(name, False, type(error).__name__)


def _database(instance: Instance) -> tuple[bool, str]:
    if not instance.settings.database.is_file():
        raise NotReady("database-missing")
    check_schema(instance.engine)
    if not os.access(instance.settings.database, os.W_OK) or not os.access(instance.settings.folder, os.W_OK):
        raise NotReady("folder-unwritable")
    return True, ""


def _keystore(instance: Instance) -> tuple[bool, str]:
    place = instance.files.newest()
    if place is None:
        return not instance.has_begun(), ""
    return True, f"{place[0]}.{place[1]}"


def _replicas(instance: Instance) -> tuple[bool, str]:
    """How many copies of the keys lack something or are away."""
    away = [folder for folder in instance.settings.replicas if not os.access(folder, os.W_OK)]
    owed = len(instance.files.owed()) if instance.has_begun() else 0
    missing = max(len(away), owed)
    return not missing, str(missing)


def _space(instance: Instance) -> tuple[bool, str]:
    """Mebibytes left where there is least."""
    places = (instance.settings.folder, *instance.settings.replicas, instance.settings.backups)
    free = min(shutil.disk_usage(_there(each)).free for each in places)
    return free >= LEAST_FREE, str(free // 1024**2)


def _there(place: Path) -> Path:
    return next(each for each in (place, *place.parents) if each.exists())


def _backup(state: State) -> tuple[bool, str]:
    """When the newest was made, when one failed since, how many objects were not there to be copied."""
    return not (state.late or state.failed or state.lost), f"{state.made} {state.failed} {state.lost}"


def _drill(instance: Instance, state: State) -> tuple[bool, str]:
    """When one was tried last, and how many faults it had. Where there is no backup yet there is nothing to be tried."""
    late = state.made and instance.now() - (state.drilled or state.made) > DRILL_DAYS * DAY
    return not (state.drill_faults or late), f"{state.drilled} {state.drill_faults}"


def _clock(instance: Instance) -> tuple[bool, str]:
    """How many seconds the newest entry and the newest file lie ahead of the clock."""
    with reading(instance.engine) as connection:
        last = journal.newest(connection, 1)
    at = (last[0].columns.at or 0) // 1000 if last else 0
    files = [path.stat().st_mtime for path in (instance.settings.database, _noted(instance)) if path.exists()]
    ahead = max(0, at - instance.now(), *(int(each) - instance.now() for each in files))
    return ahead <= AHEAD_SECONDS, str(ahead)


def _noted(instance: Instance) -> Path:
    return instance.settings.replicas[0] / journal.HEAD_FILE


def _head(instance: Instance, noted: Head | None) -> tuple[bool, str]:
    with reading(instance.engine) as connection:
        last = journal.head(connection)
        whole = journal.put_back(connection, instance.settings.replicas[0], last) is None
        fits = noted is None or journal.fits(connection, noted)
    return whole and fits, f"{last[0]} {last[1].hex()}"
