"""Where the program failed, told to the server's log and to nobody else."""

from __future__ import annotations

import sys
import traceback
from pathlib import Path


def trace(error: Exception) -> None:
    """Print the kind of an error and where it came from."""
    # The trace names lines of the program; values typed by people are not in it, because nothing formats locals.
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames[-6:]))
    print(f"kura: {type(error).__name__} at {where}", file=sys.stderr, flush=True)
