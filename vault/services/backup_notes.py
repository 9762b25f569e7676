"""What is noted of backups in the running database, and what the office and the operator are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vault.crypto import codec
from vault.errors import Malformed
from vault.services.instance import Instance
from vault.storage import records
from vault.storage.database import reading, transaction

BACKUP, FAILED, DRILL, TRIED, PLACE = "backup", "backup failed", "backup drill", "backup tried", "backup place"
MOST = 50  # faults that are noted by name
LATE_SECONDS = 2 * 24 * 60 * 60


@dataclass(frozen=True)
class State:
    """The newest backup (`made` in seconds since 1970, 0 for none), the last failure since, the last drill and the last
    opening with today's keys, each with its time (0 for never); `lost` objects that were not there to be copied."""

    name: str
    made: int
    size: int
    lost: int
    late: bool
    failed: int
    failure: str
    drilled: int
    drill_faults: int
    drill_named: tuple[tuple[str, str], ...]
    tried: int
    opened: int
    unopened: int
    one_disk: bool

    @property
    def alarm(self) -> bool:
        """Whether somebody has to do something; one disk alone is told apart."""
        return bool(self.late or self.failed or self.lost or self.drill_faults or self.unopened)


def read(instance: Instance, name: str) -> dict[str, Any]:
    """One note; empty where there is none."""
    with reading(instance.engine) as connection:
        raw = records.fact(connection, name)
    try:
        held = codec.decode(raw) if raw else {}
    except Malformed:
        return {}
    return held if isinstance(held, dict) else {}


def write(instance: Instance, name: str, told: dict[str, Any]) -> None:
    """Replace a note."""
    with transaction(instance.engine) as connection:
        records.set_fact(connection, name, codec.encode(told))


def read_place(instance: Instance) -> bytes | None:
    """The mark of the folder into which the last backup went."""
    with reading(instance.engine) as connection:
        return records.fact(connection, PLACE)


def write_place(instance: Instance, mark: bytes) -> None:
    """Note it."""
    if read_place(instance) != mark:
        with transaction(instance.engine) as connection:
            records.set_fact(connection, PLACE, mark)


def state(instance: Instance, one_disk: bool) -> State:
    """All of it."""
    made, failed, drill, tried = (read(instance, name) for name in (BACKUP, FAILED, DRILL, TRIED))
    at = int(made.get("at", 0))
    since = at or instance.begun_at() or instance.now()
    return State(
        name=str(made.get("name", "")), made=at, size=int(made.get("size", 0)), lost=int(made.get("lost", 0)),
        late=instance.now() - since > LATE_SECONDS, failed=int(failed.get("at", 0)), failure=str(failed.get("code", "")),
        drilled=int(drill.get("at", 0)), drill_faults=int(drill.get("number", 0)),
        drill_named=tuple((str(kind), str(file)) for kind, file in drill.get("faults", [])),
        tried=int(tried.get("at", 0)), opened=int(tried.get("opened", 0)), unopened=int(tried.get("unopened", 0)),
        one_disk=one_disk,
    )  # fmt: skip
