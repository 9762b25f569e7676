"""A child of this process that kills itself before its n-th durable step, as a machine that fails does.

A durable step is an fsync, a rename, an unlink, an overwrite in place or a database commit. With `power_cut` what was
not yet synced is undone first: names by the fsync of their folder, bytes by that of their file.
"""

from __future__ import annotations

import os
import signal
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from sqlalchemy import Engine, event


class Steps:
    """Counts durable steps from `install()` on; dies before the one numbered `at` (0: never)."""

    def __init__(self, at: int, power_cut: bool = False) -> None:
        self.at, self.power_cut, self.count = at, power_cut, 0
        self._names: dict[str, list[Callable[[], None]]] = {}
        self._unsynced: set[str] = set()
        self._real = {name: getattr(os, name) for name in ("fsync", "replace", "unlink", "pwrite", "write")}

    def install(self) -> None:
        for name in self._real:
            setattr(os, name, getattr(self, "_" + name))
        event.listen(Engine, "commit", lambda connection: self._step())

    def _step(self) -> None:
        self.count += 1
        if self.count == self.at:
            self._die()

    def _die(self) -> NoReturn:
        if self.power_cut:
            for undo in [undo for each in self._names.values() for undo in reversed(each)]:
                undo()
            for path in self._unsynced:
                if os.path.exists(path):
                    os.truncate(path, 0)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError("still alive")

    def _write(self, handle: int, data: Any) -> int:
        self._unsynced.add(_path(handle))
        return int(self._real["write"](handle, data))

    def _pwrite(self, handle: int, data: Any, offset: int) -> int:
        self._step()
        return int(self._real["pwrite"](handle, data, offset))

    def _fsync(self, handle: int) -> None:
        self._step()
        self._real["fsync"](handle)
        self._unsynced.discard(_path(handle))
        if stat.S_ISDIR(os.fstat(handle).st_mode):
            self._names.pop(_path(handle), None)

    def _replace(self, source: Any, target: Any) -> None:
        self._step()
        before = Path(target).read_bytes() if os.path.exists(target) else None
        self._real["replace"](source, target)

        def undo() -> None:
            self._real["replace"](target, source)
            if before is not None:
                Path(target).write_bytes(before)

        self._names.setdefault(os.path.realpath(os.path.dirname(target)), []).append(undo)

    def _unlink(self, path: Any, **options: Any) -> None:
        self._step()
        before = Path(path).read_bytes() if os.path.exists(path) else None
        self._real["unlink"](path, **options)
        if before is not None:
            kept = before
            undos = self._names.setdefault(os.path.realpath(os.path.dirname(path)), [])
            undos.append(lambda: Path(path).write_bytes(kept) and None)


def _path(handle: int) -> str:
    return os.path.realpath(f"/proc/self/fd/{handle}")


def run(prepare: Callable[[], Callable[[], object]], at: int, power_cut: bool = False) -> int:
    """Runs what `prepare` returns in a child that dies before step `at`. Returns how many steps there were, -1 if killed."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reader)
            act = prepare()
            steps = Steps(at, power_cut)
            steps.install()
            act()
            steps.at = 0
            steps._real["write"](writer, str(steps.count).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writer)
    said = os.read(reader, 20)
    os.close(reader)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL and at
        return -1
    assert os.WEXITSTATUS(status) == 0, "the act failed in the child"
    return int(said)
