"""The templates of the checkout, compiled once for all processes of the tests as a release's are: each server that a test
starts would compile all of them again."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from vault.web.compiled import FOLDER

ROOT = Path(__file__).resolve().parents[2]
STAMP = "stamp"  # no template's: their names here are hashes
# What else decides how a template is compiled.
PROGRAM = ("vault/web/app.py", "vault/web/compiled.py", "requirements.txt")


def lay_down() -> None:
    """Compiles what has changed since the last run. A template changed after this is compiled by whoever needs it."""
    folder = ROOT / FOLDER
    stamp, now = folder / STAMP, _stamp()
    if stamp.is_file() and stamp.read_text() == now:
        return
    if folder.is_dir():
        for old in folder.iterdir():
            old.unlink(missing_ok=True)
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    # A template that does not compile is told by the tests that show it, and not by this.
    done = subprocess.run([sys.executable, "-P", "-m", "vault.web.compiled"], env=environment, capture_output=True, check=False)
    if done.returncode == 0:
        stamp.write_text(now)


def _stamp() -> str:
    files = [*sorted((ROOT / "templates").rglob("*.html")), *(ROOT / name for name in PROGRAM)]
    told = [f"{path} {path.stat().st_mtime_ns} {path.stat().st_size}" for path in files]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()
