"""How a tool is run: in a group of its own, for so many seconds, with nothing of the caller's surroundings."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.diagnosis.report import NoResult

ROOT = Path(__file__).resolve().parents[2]
PLACES = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True)
class Room:
    """Where the tools lie, and where what they say is kept: one folder for each. `attack`: seconds for each kind of attack
    that wapiti knows."""

    tools: Path
    into: Path
    attack: int = 20

    def of(self, tool: str) -> Path:
        """The folder of a tool's raw outputs, made anew."""
        folder = self.into / tool
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def program(self, tool: str, name: str = "") -> Path:
        """A program of the tool's own environment; raises NoResult where that was not made."""
        found = self.tools / tool / "bin" / (name or tool)
        if not found.exists():
            raise NoResult("its environment could not be made")
        return found

    def module(self, name: str) -> Path:
        """A package that npm brought; raises NoResult."""
        found = self.tools / "node" / "node_modules" / name
        if not found.is_dir():
            raise NoResult("npm has not brought it")
        return found


def system(name: str) -> str:
    """A program of the machine's; raises NoResult where it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{PLACES}")
    if found is None:
        raise NoResult(f"{name} is not installed")
    return found


@dataclass(frozen=True)
class Ran:
    """How a program ended and all that it said."""

    code: int
    said: str


def run(
    command: Iterable[str | Path], folder: Path, name: str, seconds: float, *, ends: Sequence[int] = (0,),
    environment: Mapping[str, str] | None = None,
) -> Ran:  # fmt: skip
    """Run it to its end; what it says is kept in `folder`. Raises NoResult where it takes longer, or ends otherwise."""
    log = folder / f"{name}.log"
    home = folder / "home"
    home.mkdir(exist_ok=True)
    surroundings = {"PATH": f"{os.environ.get('PATH', '')}:{PLACES}", "HOME": str(home), "LANG": "C.UTF-8", "PYTHONUTF8": "1"}
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(each) for each in command], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
            start_new_session=True, cwd=folder, env={**surroundings, **(environment or {})},
        )  # fmt: skip
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired as error:
            raise NoResult(f"{name} was not done after {seconds:.0f} s") from error
        finally:
            _end(process)
    said = log.read_text("utf-8", errors="replace")
    if code not in ends:
        raise NoResult(f"{name} ended with {code}: {_last(said)}")
    return Ran(code, said)


def _end(process: subprocess.Popen[bytes]) -> None:
    """It and whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _last(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it said nothing"


def read_json(path: Path) -> Any:
    """What a tool has written; raises NoResult where there is nothing that can be read."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise NoResult(f"{path.name} was not written, or not to its end") from error
