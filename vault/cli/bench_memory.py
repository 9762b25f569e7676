"""gunicorn's config while it is measured: on a signal each process notes how much memory it has.

The server's processes are not dumpable, so nobody but root can look at them; a process may look at itself. Nothing
else is changed.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from types import FrameType


def note_memory(_number: int, _frame: FrameType | None) -> None:
    """Pss in KiB, whole or not at all."""
    told = Path("/proc/self/smaps_rollup").read_text("ascii")
    share = next(line.split()[1] for line in told.splitlines() if line.startswith("Pss:"))
    note = Path(os.environ["KURA_BENCH_NOTES"]) / f"{os.getpid()}.part"
    note.write_text(share, "ascii")
    note.replace(note.with_suffix(".pss"))


# Set before the fork and of no meaning to gunicorn, so master and workers keep it. `bench_server` sends it.
signal.signal(signal.SIGRTMIN, note_memory)
