"""What is kept of an ending while it goes on, so that it can be finished after a kill and its certificate still tells all."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from vault.errors import NotReady
from vault.storage import durable

STATE_FILE = "ending.json"
CANCELLED, ENDED, MOVED = "cancelled", "contract-ended", "moved"
EXPECTED, GONE, LOST = "expected", "gone", "lost"


@dataclass(frozen=True)
class Ending:
    """An ending that was begun. `why` is one of this module's words, `begun` and `ended` seconds since 1970 (`ended` 0
    until it is); `stores` says of each replica and of the folder of backups how far it is, by path; `keys` and `counts`
    are what the certificate tells; `searched` names files outside that bear the office's id; `certificate` is the signed
    text once there is one."""

    office: str
    operator: str
    replicas: tuple[str, ...]
    backups: str
    run: str
    target: str
    why: str
    begun: int
    day: str = ""
    receipt: str = ""
    keys: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    stores: dict[str, str] = field(default_factory=dict)
    searched: tuple[str, ...] = ()
    ended: int = 0
    certificate: str = ""

    def with_store(self, place: str, standing: str) -> Ending:
        return replace(self, stores={**self.stores, place: standing})

    @property
    def owed(self) -> list[str]:
        """Places that are away and not emptied yet."""
        return [place for place, standing in self.stores.items() if standing == EXPECTED]


def read(folder: Path) -> Ending | None:
    """The ending that was begun in a folder; None when none was. Raises NotReady for one that cannot be read."""
    path = folder / STATE_FILE
    try:
        told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Ending(**{**told, "replicas": tuple(told["replicas"]), "searched": tuple(told["searched"])})
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise NotReady("settings-unreadable", file=path) from error


def write(folder: Path, ending: Ending) -> Ending:
    """Note how far it is, durable on return."""
    durable.write_whole(folder / STATE_FILE, json.dumps(asdict(ending), sort_keys=True).encode())
    return ending


Wording = Callable[[Ending], str]
