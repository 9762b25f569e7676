"""Ends a process with SIGKILL at the entry of one system call, picked by its name and number: `strace -e inject=`.

Where tests.support.killing knows the calls of Python, this sees every write of SQLite and of C as well. The child is a
fork that waits until strace is attached, so that a point costs no start of an interpreter.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

FINISHED, FAILED = 77, 78
CALLS = (
    "write", "pwrite64", "fsync", "fdatasync", "syncfs", "rename", "renameat", "unlink", "unlinkat", "link", "linkat",
    "mkdir", "rmdir", "ftruncate",
)  # fmt: skip
_CALL = re.compile(r"^\d+ +([a-z0-9]+)\(", re.MULTILINE)
Point = tuple[str, int]


def needed(config: pytest.Config) -> None:
    """Skip where there is no strace that may be used; with --long, as root, it is installed."""
    if shutil.which("strace") is None and config.getoption("--long") and os.geteuid() == 0 and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "--yes", "--quiet", "strace"], check=False, capture_output=True)
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed: killing at every system call needs it")


def points(prepare: Callable[[], Callable[[], object]], log: Path) -> list[Point]:
    """Every system call that changes something on the disk, in the order of names: (name, its number from 1)."""
    assert _traced(prepare, log, []) == FINISHED, "the act failed before it was killed"
    found = Counter(_CALL.findall(log.read_text("utf-8", "replace")))
    return [(name, number) for name in CALLS for number in range(1, found[name] + 1)]


def killed(prepare: Callable[[], Callable[[], object]], log: Path, point: Point) -> bool:
    """Run what `prepare` returns until the point; says whether it died there, False when it ended before."""
    ended = _traced(prepare, log, ["-e", f"inject={point[0]}:signal=KILL:when={point[1]}"])
    assert ended in (FINISHED, -signal.SIGKILL), "the act failed before it was killed"
    return ended != FINISHED


def _traced(prepare: Callable[[], Callable[[], object]], log: Path, more: list[str]) -> int:
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.close(go[1])  # or it would wait for ever for a parent that is gone
        _run(prepare, ready[1], go[0])
    os.close(ready[1])
    if not os.read(ready[0], 1):
        os.waitpid(child, 0)
        raise AssertionError("what comes before the act failed")
    command = ["strace", "-f", "-qq", "-s", "0", "-o", str(log), "-e", f"trace={','.join(CALLS)}", *more, "-p", str(child)]
    tracer = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_attached(child, tracer)
        os.write(go[1], b".")
        status = os.waitpid(child, 0)[1]
    finally:
        for handle in (ready[0], *go):
            os.close(handle)
        tracer.wait(30)
    return os.waitstatus_to_exitcode(status)


def _wait_attached(child: int, tracer: subprocess.Popen[bytes]) -> None:
    while tracer.poll() is None:
        if f"TracerPid:\t{tracer.pid}\n" in Path(f"/proc/{child}/status").read_text():
            return
    os.kill(child, signal.SIGKILL)
    raise AssertionError("strace could not be attached")


def _run(prepare: Callable[[], Callable[[], object]], ready: int, go: int) -> None:
    code = FAILED
    try:
        act = prepare()
        os.write(ready, b".")
        os.read(go, 1)
        act()
        code = FINISHED
    except BaseException:  # noqa: BLE001 - the child must not run on into the rest of the test session
        traceback.print_exc()
    finally:
        os._exit(code)
