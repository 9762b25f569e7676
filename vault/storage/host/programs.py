"""The system's own programs (systemctl, useradd, nginx), run with plain arguments and never through a shell."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from vault.domain.operator.typed import shown
from vault.errors import NotReady, Refused

SECONDS = 300.0
# What a program may say: an office's user runs some of them on files of its own, which may have no end.
MOST_SAID = 4 * 1024**2
MOST_MEMORY = 4 * 1024**3  # bytes of address space of a program that runs as an office's user
# What the programs are found by: the caller's PATH, which may be a user's without the folders of administration.
_PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run(
    *arguments: str | Path, given: bytes | None = None, seconds: float = SECONDS, more: Mapping[str, str] | None = None,
    allowed: Sequence[int] = (0,),
) -> str:
    """What a program says on its standard output. `given`: its standard input; `more`: of its environment.

    Raises NotReady("program-missing"), and Refused("program-failed") with what it said when it ends with another status
    than the `allowed`.
    """
    words = [str(each) for each in arguments]
    environment = {**os.environ, "PATH": f"{os.environ.get('PATH', '')}:{_PLACES}", "LC_ALL": "C.UTF-8", **(more or {})}
    with _room() as told, _room() as wrong:
        try:
            done = subprocess.run(
                words, input=given if given is not None else b"", stdout=told, stderr=wrong, timeout=seconds, env=environment,
                check=False,
            )  # fmt: skip
        except FileNotFoundError as error:
            raise NotReady("program-missing", program=words[0]) from error
        except subprocess.TimeoutExpired as error:
            raise Refused("program-failed", program=" ".join(words[:3]), said=f"{seconds:.0f} s") from error
        if done.returncode not in allowed:
            said = (_read(wrong) or _read(told)).strip()
            raise Refused("program-failed", program=" ".join(words[:3]), said=said[-2000:])
        return _read(told)


@contextmanager
def _room() -> Iterator[int]:
    """A file in memory that does not grow: whoever says more is refused, and none of it is ever held by this process."""
    handle = os.memfd_create("said", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(handle, MOST_SAID)
        fcntl.fcntl(handle, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
        yield handle
    finally:
        os.close(handle)


def _read(handle: int) -> str:
    """As far as the program has written: it shares the place in the file."""
    return shown(os.pread(handle, os.lseek(handle, 0, os.SEEK_CUR), 0).decode("utf-8", "replace"))


def run_as(user: str, *arguments: str | Path, given: bytes | None = None, seconds: float = SECONDS) -> str:
    """The same as a system user, with nothing of the caller's environment and without his terminal, on which it could type;
    raises as `run`."""
    prefix = ("setsid", "--wait", "setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env", "--no-new-privs",
              "--", "/usr/bin/prlimit", f"--as={MOST_MEMORY}")  # fmt: skip
    plain = ("PYTHONUTF8=1", "PYTHONNOUSERSITE=1", "LC_ALL=C.UTF-8")
    return run(*prefix, "/usr/bin/env", *plain, *arguments, given=given, seconds=seconds)
