"""The journals of incidents: a file for each, a line for each entry, only ever added to and durable line by line.

Each line names the SHA-256 of the line before it, so that one that was changed or taken out in the middle is seen; lines
cut off at the end are not, which only root could do. A line that a kill left without its end never happened.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vault.domain.operator.incidents import Entry
from vault.errors import Damaged, NotFound
from vault.storage import durable
from vault.storage.host.layout import Host

_SUFFIX = ".journal"


def folder(host: Host) -> Path:
    """Root's alone."""
    return host.operator / "incidents"


@contextmanager
def locked(host: Host) -> Iterator[None]:
    """One command at a time works on incidents."""
    durable.make_folder(host.operator)
    durable.make_folder(folder(host))
    with durable.locked(folder(host) / ".lock"):
        yield


def numbers(host: Host) -> list[int]:
    """Of every incident, the oldest first."""
    return sorted(int(path.stem) for path in folder(host).glob(f"*{_SUFFIX}") if path.stem.isdecimal())


def read(host: Host, number: int) -> list[Entry]:
    """A journal, verified. Raises NotFound("incident-unknown") and Damaged("incident-damaged") with the line."""
    entries, before = [], ""
    for at, line in enumerate(_lines(_path(host, number)), 1):
        try:
            told = json.loads(line)
            if told["before"] != before:
                raise ValueError("before")
            entries.append(Entry(int(told["at"]), str(told["by"]), str(told["event"]), dict(told["facts"])))
        except (ValueError, KeyError, TypeError) as error:
            raise Damaged("incident-damaged", number=number, line=at) from error
        before = _mark(line)
    return entries


def begin(host: Host, entry: Entry) -> int:
    """A new journal with its first entry; its number."""
    number = max(numbers(host), default=0) + 1
    durable.write_whole(_path(host, number), _line(entry, "") + b"\n")
    return number


def append(host: Host, number: int, entry: Entry) -> None:
    """One entry more, durable when this comes back."""
    path = _path(host, number)
    lines = _lines(path)
    with durable.writing_to(path):
        handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            end = sum(len(line) + 1 for line in lines)
            os.ftruncate(handle, end)  # what a kill left of a line
            raw = memoryview(_line(entry, _mark(lines[-1])) + b"\n")
            while raw:
                written = os.pwrite(handle, raw, end)
                raw, end = raw[written:], end + written
            os.fsync(handle)
        finally:
            os.close(handle)


def _path(host: Host, number: int) -> Path:
    return folder(host) / f"{number}{_SUFFIX}"


def _lines(path: Path) -> list[bytes]:
    """The whole lines, without their ends."""
    try:
        return path.read_bytes().split(b"\n")[:-1]
    except FileNotFoundError as error:
        raise NotFound("incident-unknown", number=path.stem) from error


def _line(entry: Entry, before: str) -> bytes:
    told: dict[str, Any] = {"at": entry.at, "by": entry.by, "event": entry.event, "facts": dict(entry.facts), "before": before}
    return json.dumps(told, sort_keys=True, ensure_ascii=False).encode()


def _mark(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
