"""The front door closed: while an instance is restored, packed or ended, nobody is served, and nobody is signed out.

A small file in the instance's folder says so to every worker, and stays when whoever closed the door dies.
"""

from __future__ import annotations

from pathlib import Path

from vault.errors import NotReady, Refused
from vault.services.instance import Instance
from vault.storage import durable

CLOSED_FILE = "closed"
RESTORE, PACKED, ENDED = "restore", "packed", "ended"
_LONGEST = 32
_OTHERS = {RESTORE: "closed-for-restore", PACKED: "closed-for-packed", ENDED: "closed-for-ended"}


def _path(instance: Instance) -> Path:
    return instance.settings.folder / CLOSED_FILE


def closed_for(instance: Instance) -> str:
    """What the door is closed for: one of this module's words; empty while it is open. For every request."""
    try:
        return _path(instance).read_text("utf-8")[:_LONGEST].strip() or RESTORE
    except FileNotFoundError:
        return ""
    except OSError:
        return RESTORE  # there, and not to be read: closed all the same


def check_open(instance: Instance) -> None:
    """Raises NotReady("closed") while the door is closed."""
    if closed_for(instance):
        raise NotReady("closed")


def close(instance: Instance, what: str) -> None:
    """Close the door, durable when it returns; raises Refused as `for_other` when it is closed for something else."""
    held = closed_for(instance)
    if held and held != what:
        raise for_other(held)
    durable.write_whole(_path(instance), what.encode())


def for_other(held: str) -> Refused:
    """That the door is closed for something else, with what ends that: closed-for-restore, closed-for-packed,
    closed-for-ended; closed-for-other where nobody knows."""
    return Refused(_OTHERS.get(held, "closed-for-other"))


def reopen(instance: Instance, what: str) -> None:
    """Open it again; nothing to do when it is open or closed for something else."""
    if closed_for(instance) == what:
        durable.remove(_path(instance))
