"""Ends a process with SIGKILL between two durable steps, or with the power: what was not yet synced is gone again.

The program has no hook for this. In a forked child, and only there, the calls by which anything becomes durable (fsync,
rename, unlink, overwriting in place, the database's commit) are counted, and the child dies before the one that was
asked for. With the power go names whose folder, and bytes whose file, was not synced.
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Engine

FINISHED, FAILED = 77, 78
EVERY = 10**9
POINTS = 3  # of each act in the everyday run


class Steps:
    """Counts durable steps and dies at one of them. With `power` it first takes back what no fsync has made last."""

    def __init__(self, fatal: int, power: bool) -> None:
        self.fatal, self.power, self.done = fatal, power, 0
        # Folder, name, what the name held before; a folder that was renamed, the name it had.
        self.names: list[tuple[Path, Path, bytes | Path | None]] = []
        self.written: set[Path] = set()
        self.real = {name: getattr(os, name) for name in ("fsync", "replace", "unlink", "write", "pwrite")}

    def step(self) -> None:
        self.done += 1
        if self.done == self.fatal:
            self.die()

    def die(self) -> None:
        if self.power:
            for path in self.written:
                with suppress(FileNotFoundError):
                    os.truncate(path, 0)
            for _, path, before in reversed(self.names):
                if isinstance(before, Path):
                    with suppress(FileNotFoundError):
                        self.real["replace"](path, before)
                elif before is None:
                    with suppress(FileNotFoundError):
                        self.real["unlink"](path)
                else:
                    path.parent.mkdir(parents=True, exist_ok=True)  # a folder's removal is no more durable than its files'
                    path.write_bytes(before)
        os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        for name in self.real:
            setattr(os, name, getattr(self, name))
        event.listen(Engine, "commit", lambda connection: self.step())

    def write(self, handle: int, data: Any) -> int:
        self.written.add(_path(handle))
        return int(self.real["write"](handle, data))

    def pwrite(self, handle: int, data: Any, offset: int) -> int:
        self.step()
        return int(self.real["pwrite"](handle, data, offset))

    def fsync(self, handle: int) -> None:
        self.step()
        self.real["fsync"](handle)
        path = _path(handle)
        self.written.discard(path)
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            self.names = [entry for entry in self.names if entry[0] != path]

    def _remember(self, path: Path) -> None:
        self.names.append((path.parent.resolve(), path, path.read_bytes() if path.exists() else None))

    def replace(self, source: Any, target: Any, **more: Any) -> None:
        self.step()
        if Path(source).is_dir():
            self.names.append((Path(target).parent.resolve(), Path(target), Path(source)))
        else:
            self._remember(Path(target))
        self.real["replace"](source, target, **more)

    def unlink(self, path: Any, **more: Any) -> None:
        self.step()
        if Path(path).exists():
            self._remember(Path(path))
        self.real["unlink"](path, **more)


def _path(handle: int) -> Path:
    return Path(os.readlink(f"/proc/self/fd/{handle}"))


def run(act: Callable[[], object], fatal: int = EVERY, power: bool = False) -> int | None:
    """Run `act` in a child that dies before its step `fatal`; returns how many steps there were if it lived.

    None: it died there. Raises AssertionError when the act itself failed.
    """
    return run_prepared(lambda: act, fatal, power)


def run_prepared(prepare: Callable[[], Callable[[], object]], fatal: int = EVERY, power: bool = False) -> int | None:
    """The same with something to do in the child first that is neither counted nor cut off; it returns the act."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        code = FAILED
        try:
            act = prepare()
            steps = Steps(fatal, power)
            steps.install()
            act()
            steps.real["write"](write, steps.done.to_bytes(8, "big"))
            code = FINISHED
        except BaseException:  # noqa: BLE001 - the child must not run on into the rest of the test session
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write)
    _, status = os.waitpid(child, 0)
    told = os.read(read, 8)
    os.close(read)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return None
    assert os.WEXITSTATUS(status) == FINISHED, "the act failed before it was killed"
    return int.from_bytes(told, "big")


# --- at which steps


def points(steps: int, config: pytest.Config, most: int = POINTS) -> list[int]:
    """Which of the steps to die before: all with --long, or some over the whole length, the first and the last too."""
    if config.getoption("--long") or steps <= most:
        return list(range(1, steps + 1))
    return sorted({1 + n * (steps - 1) // (most - 1) for n in range(most)})


def at_points(attempt: Callable[[int], int | None], config: pytest.Config, most: int = POINTS) -> int:
    """Attempts it whole, by 0, which tells its steps, then cut off before some of them; returns how many these were."""
    steps = attempt(0)
    assert steps
    ended = [attempt(at) for at in points(steps, config, most)]
    assert ended == [None] * len(ended), "it was to die there and lived"
    return len(ended)
