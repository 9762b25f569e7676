"""The parent's side of a child: start it with two files in memory and a pipe, listen against the clock, end it for certain."""

from __future__ import annotations

import fcntl
import os
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from vault.errors import Malformed, Refused
from vault.storage.sandbox.frames import PageImage, Refusal, parsed
from vault.storage.sandbox.limits import Limits
from vault.storage.sandbox.orders import Order

ROOT = Path(__file__).resolve().parents[3]
# Isolated, and without the environment that is set around this process, but for the places below.
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from importlib import import_module; "
    "import_module('vault.storage.sandbox.' + sys.argv[3]).main(int(sys.argv[2]))"
)
_PIPE, _PIECE = 1024 * 1024, 256 * 1024
_FULL = 0.6  # of the allowed memory: a process that dies by a signal with so much in use has died of it


class Child:
    """A running child."""

    def __init__(self, process: subprocess.Popen[bytes], answers: int, limits: Limits) -> None:
        self._process, self._answers, self._limits = process, answers, limits
        self._buffer = bytearray()
        self._left = limits.seconds
        self._page = limits.page_seconds
        self._took = 0

    def pages(self) -> Iterator[PageImage]:
        """Every page in its turn; raises Refused. Time runs only while we wait for the child, not while a page is used."""
        of, number = 0, 0
        while True:
            self._page = self._limits.page_seconds
            frame = self._frame()
            if frame is None and of and number == of:
                return
            if isinstance(frame, Refusal):
                raise self._refused(frame.code)
            number += 1
            if frame is None or frame.number != number or not self._fits(frame, of):
                raise Refused("file-broken")
            of = frame.of
            yield frame

    def take(self, count: int) -> bytes:
        """Exactly so many bytes of the answer; raises Refused."""
        try:
            return self._take(count)
        except EOFError as error:
            raise self._refused(self._how_it_died()) from error

    def _fits(self, page: PageImage, of: int) -> bool:
        return page.number <= page.of <= self._limits.pages and page.of == (of or page.of)

    def _frame(self) -> PageImage | Refusal | None:
        try:
            return parsed(self._take)
        except Malformed as error:
            raise Refused("file-broken") from error
        except EOFError as error:
            raise self._refused(self._how_it_died()) from error

    def _refused(self, code: str) -> Refused:
        return Refused(code, most=self._limits.pages) if code == "file-too-many-pages" else Refused(code)

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._wait()
            piece = os.read(self._answers, _PIECE)
            if not piece:
                raise EOFError
            self._buffer += piece
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    def _wait(self) -> None:
        waiting = select.poll()
        waiting.register(self._answers, select.POLLIN | select.POLLHUP)
        began = time.monotonic()
        ready = waiting.poll(1000 * max(0.0, min(self._left, self._page)))
        took = time.monotonic() - began
        self._left -= took
        self._page -= took
        if not ready:
            raise Refused("file-too-long")

    def _how_it_died(self) -> str:
        status = self.reap()
        if status == -signal.SIGXCPU:
            return "file-too-long"
        # The kernel's own killer, or memory that was not given: told apart from a crash by how much was in use.
        if status == -signal.SIGKILL or (status < 0 and self._took > max(_FULL * self._limits.memory, _own_peak())):
            return "file-too-heavy"
        return "file-broken"

    def reap(self) -> int:
        """Wait for its end; how it ended, as `subprocess` counts. Notes its memory."""
        if self._process.returncode is None:
            _, status, used = os.wait4(self._process.pid, 0)
            self._process.returncode = os.waitstatus_to_exitcode(status)
            self._took = used.ru_maxrss * 1024
        return self._process.returncode

    def end(self) -> None:
        """Kill it, if it still runs, and wait until it is gone."""
        if self._process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGKILL)
            self.reap()
        os.close(self._answers)


def _own_peak() -> int:
    """Bytes. What a child is said to have used begins with what its parent had when it was made."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


@contextmanager
def child(order: Order, pieces: Iterable[bytes], size: int, room: str = "child") -> Iterator[Child]:
    """A child at work on a file of `size` bytes; dead when this ends, however it ends. `room` is the module it runs."""
    with _in_memory([order.packed()]) as told, _in_memory(pieces, size) as file:
        answers, answering = os.pipe2(os.O_CLOEXEC)
        try:
            process = _started(told, answering, file, room)
        except BaseException:
            os.close(answers)
            raise
        finally:
            os.close(answering)
    running = Child(process, answers, order.limits)
    try:
        yield running
    finally:
        running.end()


def _started(told: int, answering: int, file: int, room: str) -> subprocess.Popen[bytes]:
    with suppress(OSError):  # a page in one gulp instead of many; the system may allow less
        fcntl.fcntl(answering, fcntl.F_SETPIPE_SZ, _PIPE)
    return subprocess.Popen(
        [sys.executable, "-I", "-c", BOOT, str(ROOT), str(file), room], stdin=told, stdout=answering,
        stderr=subprocess.DEVNULL, pass_fds=(file,), env=_environment(), cwd="/", close_fds=True)


def _environment() -> dict[str, str]:
    """Only where libraries and Tesseract's data lie, for who has them elsewhere than the system: the parent looks there too,
    and child and parent have to agree on what there is."""
    return {name: os.environ[name] for name in ("LD_LIBRARY_PATH", "TESSDATA_PREFIX") if name in os.environ}


@contextmanager
def _in_memory(pieces: Iterable[bytes], size: int | None = None) -> Iterator[int]:
    """A file that no disk ever sees and nobody can change once it is written."""
    handle = os.memfd_create("kura", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        written = 0
        for piece in pieces:
            written += len(piece)
            if size is not None and written > size:
                break
            _write(handle, piece)
        if size is not None and written != size:
            raise Refused("file-broken")
        os.lseek(handle, 0, os.SEEK_SET)
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS,
                    fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE)
        yield handle
    finally:
        os.close(handle)


def _write(handle: int, piece: bytes) -> None:
    view = memoryview(piece)
    while view:
        view = view[os.write(handle, view) :]
