"""The system's own programs (systemctl, useradd, nginx), run with plain arguments and never through a shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from vault.errors import NotReady, Refused

SECONDS = 300.0
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
    try:
        done = subprocess.run(
            words, input=given if given is not None else b"", capture_output=True, timeout=seconds, env=environment, check=False
        )
    except FileNotFoundError as error:
        raise NotReady("program-missing", program=words[0]) from error
    except subprocess.TimeoutExpired as error:
        raise Refused("program-failed", program=" ".join(words[:3]), said=f"{seconds:.0f} s") from error
    if done.returncode not in allowed:
        said = (done.stderr or done.stdout).decode("utf-8", "replace").strip()
        raise Refused("program-failed", program=" ".join(words[:3]), said=said[-2000:])
    return done.stdout.decode("utf-8", "replace")


def run_as(user: str, *arguments: str | Path, given: bytes | None = None, seconds: float = SECONDS) -> str:
    """The same as a system user, with nothing of the caller's environment; raises as `run`."""
    prefix = ("setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--reset-env", "--no-new-privs", "--")
    return run(*prefix, "/usr/bin/env", "PYTHONUTF8=1", "PYTHONNOUSERSITE=1", "LC_ALL=C.UTF-8", *arguments,
               given=given, seconds=seconds)  # fmt: skip
