"""What is kept of an upgrade while it goes on, written before each step is done, so that a run after a kill knows where to
go on or what to put back."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from vault.errors import NotReady
from vault.storage import durable
from vault.storage.host.layout import Host

# The steps in their order. Up to LAY nothing of the office was changed.
BACKUP, STOP, LAY, SWITCH, MIGRATE, CHECK, START = "backup", "stop", "lay", "switch", "migrate", "check", "start"
BACK = "back"  # returning to the release and the data of before
STUCK = "stuck"  # the release that the link says does not work, and there is nothing to go back to: only on
UNCHANGED = (BACKUP, STOP, LAY)


@dataclass(frozen=True)
class Note:
    """An upgrade that was begun: from release `present` to `target`, at `began` (seconds since 1970), now at `step`.

    `revision` and `position`: the schema and the journal's last entry when the database was laid aside.
    """

    present: str
    target: str
    step: str
    began: int
    revision: str = ""
    position: int = 0


def read(host: Host, name: str) -> Note | None:
    """The upgrade of an office that has not ended; None when none is under way. Raises NotReady for a broken note."""
    path = _path(host, name)
    try:
        return Note(**json.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise NotReady("settings-unreadable", file=path) from error


def write(host: Host, name: str, note: Note) -> Note:
    """Note how far it is, durable on return."""
    path = _path(host, name)
    durable.make_folder(path.parent)
    durable.write_whole(path, json.dumps(asdict(note), sort_keys=True).encode())
    return note


def forget(host: Host, name: str) -> None:
    """It has ended."""
    if _path(host, name).parent.is_dir():
        durable.remove(_path(host, name))


def needing(host: Host, release: str) -> list[str]:
    """The offices whose upgrade was cut off and would go on to a release, or back to it."""
    names = sorted(path.stem for path in folder(host).glob("[!.]*.json"))
    notes = {name: read(host, name) for name in names}
    return [name for name, note in notes.items() if note is not None and release in (note.present, note.target)]


def folder(host: Host) -> Path:
    """Where the notes lie."""
    return host.operator / "upgrades"


def _path(host: Host, name: str) -> Path:
    return folder(host) / f"{name}.json"
