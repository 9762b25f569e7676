"""When the process of an office may end because nobody needs it: a socket unit starts it again at the next connection.

It stays while a session is open, so that what lies sealed on tmpfs is wiped by the idle lock when its time has come, and a
while longer for whoever comes back from lunch. Whoever only looks whether the office answers keeps it for a moment. The
times are those of a file on tmpfs, which all workers share.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

QUIET_SECONDS = 300
CHECKED_SECONDS = 20


class Rest:
    """One process with its workers. `now` is in seconds."""

    def __init__(self, run: Path, now: int) -> None:
        self._asked = run / "asked"
        self._began = now
        self._master = os.getpid()

    def asked(self, now: int) -> None:
        """Somebody, not a monitor, asked something."""
        if now == self._last():
            return
        with suppress(OSError):  # a full tmpfs costs an earlier end, not the answer
            os.close(os.open(self._asked, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
            os.utime(self._asked, (now, now))

    def is_due(self, now: int) -> bool:
        """Whether it has been quiet for long enough; a clock that was set back begins anew."""
        last = self._last()
        if last > now or self._began > now:
            self._began = now
            self.asked(now)
            return False
        if last < self._began:
            return now - self._began >= CHECKED_SECONDS
        return now - last >= QUIET_SECONDS

    def end(self) -> None:
        """Let the master end as for a stop: all that was accepted is answered, the rest waits in the socket's queue."""
        if os.getppid() == self._master:
            os.kill(self._master, signal.SIGTERM)

    def _last(self) -> int:
        try:
            return int(self._asked.stat().st_mtime)
        except OSError:
            return 0
