"""How the web server is run."""

from __future__ import annotations

import ctypes
import resource
import sys
from collections.abc import Callable
from pathlib import Path

from vault.config import Settings
from vault.errors import NotReady
from vault.services.instance import Instance
from vault.storage import durable
from vault.storage.database import upgrade

ROOT = Path(__file__).resolve().parent.parent.parent
_PR_SET_DUMPABLE = 4
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
UPGRADE_SECONDS = 3600.0


def keep_memory_private() -> None:
    """No core files, no reading of this process's memory by others of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def keep_memory_small() -> None:
    """One heap for all threads, and large pieces outside it, so that what one page needed goes back to the machine."""
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # glibc's and musl's
    if set_option is not None:
        set_option(_M_ARENA_MAX, 1)
        set_option(_M_MMAP_THRESHOLD, 64 * 1024)


def make_ready(settings: Settings, upgrading: Callable[[], None]) -> None:
    """Refuse to serve what is not right, and bring a database of an earlier Kura up to date; raises NotReady.

    `upgrading` is called before that begins. Of several starts at once one upgrades and the others wait for it: the
    database's own lock would let them go after its time, and millions of entries take longer.
    """
    instance = Instance(settings)
    try:
        instance.check()
    except NotReady as found:
        if found.code != "database-older":
            raise
        instance.engine.dispose()
        upgrading()
        with durable.locked(settings.run / "upgrade", seconds=UPGRADE_SECONDS):
            upgrade(settings.database)
        instance.check()
    instance.engine.dispose()


def gunicorn_arguments(settings: Settings, port: int, workers: int) -> list[str]:
    """How the web server is run: workers share what was imported before the fork, nothing is written but to tmpfs."""
    return [
        sys.executable, "-P", "-m", "gunicorn", "wsgi:app",
        "--pythonpath", str(ROOT),
        "--bind", f"127.0.0.1:{port}",
        "--workers", str(workers),
        "--worker-class", "gthread",
        "--threads", "4",
        "--preload",
        "--no-control-socket",
        "--worker-tmp-dir", str(settings.run),
        "--timeout", "120",
        "--graceful-timeout", "20",
        "--keep-alive", "2",
        "--max-requests", "20000",
        "--max-requests-jitter", "2000",
        "--limit-request-line", "2000",
        "--limit-request-fields", "60",
        "--umask", "63",
        "--log-level", "warning",
    ]  # fmt: skip
