"""`kura` as a terminal runs it: a process of its own, with nothing of the caller's surroundings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import stem

ROOT = Path(__file__).resolve().parents[2]


def kura(*arguments: str, before: tuple[str, ...] = (), typed: str = "", whole: bool = False) -> subprocess.CompletedProcess[str]:
    """One run of the command; `before` is another one that runs it, `typed` what it is told on its input.

    `whole`: from the interpreter's start, loading the program, as it is with `before`.
    """
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    if not before and not whole:
        return subprocess.CompletedProcess(arguments, *stem.run("kura", arguments, environment, typed, seconds=120))
    return subprocess.run(
        [*before, sys.executable, "-P", "-m", "vault.cli.kura", *arguments], input=typed, capture_output=True, text=True,
        env=environment, timeout=120, check=False,
    )  # fmt: skip


def begun(place: Path) -> Path:
    """The folder of an instance that was just initialised."""
    assert kura("init", "--folder", str(place), "--port", "18999").returncode == 0
    return place


def refusal(done: subprocess.CompletedProcess[str]) -> str:
    """What a run that had to be refused said about it."""
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr
