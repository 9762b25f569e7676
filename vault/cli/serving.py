"""How the web server is run."""

from __future__ import annotations

import ctypes
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from vault.config import Settings
from vault.errors import NotReady
from vault.storage import durable

if TYPE_CHECKING:
    from vault.services.instance import Instance

ROOT = Path(__file__).resolve().parent.parent.parent
_PR_SET_DUMPABLE = 4
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
UPGRADE_SECONDS = 3600.0
# Of what a worker has begun when it is to end; the unit's TimeoutStopSec is longer.
FINISH_SECONDS = 60
RESTS = "KURA_RESTS"  # the process ends when nobody needs it, because something starts it again


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
    """Refuse to serve what is not right, and bring a database of an earlier Kura up to date; raises NotReady."""
    from vault.services.instance import Instance

    instance = Instance(settings)
    check(instance, upgrading)
    instance.engine.dispose()


def check(instance: Instance, upgrading: Callable[[], None] = lambda: None) -> None:
    """The same for an instance that is open already.

    `upgrading` is called before that begins. Of several starts at once one upgrades and the others wait for it: the
    database's own lock would let them go after its time, and millions of entries take longer.
    """
    try:
        instance.check()
    except NotReady as found:
        if found.code != "database-older":
            raise
        from vault.storage.database import upgrade

        instance.engine.dispose()
        upgrading()
        with durable.locked(instance.settings.run / "upgrade", seconds=UPGRADE_SECONDS):
            upgrade(instance.settings.database)
        instance.check()


def is_activated() -> bool:
    """Whether a socket unit started this process and listens for it."""
    return os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1"


def gunicorn_arguments(settings: Settings, port: int, workers: int) -> list[str]:
    """How the web server is run on a port: workers share what was imported before the fork, nothing is written but to
    tmpfs."""
    return [
        *_common(settings, workers),
        "--bind", f"127.0.0.1:{port}",
        "--graceful-timeout", "20",
        "--keep-alive", "2",
        "--log-level", "warning",
    ]  # fmt: skip


def activated_arguments(settings: Settings) -> list[str]:
    """The same under a socket unit, whose handle gunicorn takes by itself, behind a proxy that opens a connection for each
    request: none is kept, so none can be cut off while the next request is on its way. A worker that ends finishes what it
    has; the unit waits longer than that. Warnings would quote malformed requests, which are somebody's typing."""
    return [
        *_common(settings, settings.workers),
        "--graceful-timeout", str(FINISH_SECONDS),
        "--keep-alive", "0",
        "--forwarder-headers", "",
        "--log-level", "error",
    ]  # fmt: skip


def _common(settings: Settings, workers: int) -> list[str]:
    return [
        str(_python()), "-P", "-m", "gunicorn", "wsgi:app",
        "--pythonpath", str(ROOT),
        "--workers", str(workers),
        "--worker-class", "gthread",
        "--threads", "4",
        "--preload",
        "--config", "python:vault.cli.workers",
        "--no-control-socket",
        "--worker-tmp-dir", str(settings.run),
        "--timeout", "120",
        "--max-requests", "20000",
        "--max-requests-jitter", "2000",
        "--limit-request-line", "2000",
        "--limit-request-fields", "60",
        "--umask", "63",
    ]  # fmt: skip


def _python() -> Path:
    """This Python, by the folder that it really lies in: the link of an office leads to another release while a process of
    the one before still imports."""
    found = Path(sys.executable)
    return found.parent.resolve() / found.name


def environment(settings: Settings) -> dict[str, str]:
    """For the web server. Its modules are this release's own, whatever link this process found them by."""
    told = {"KURA_FOLDER": str(settings.folder), "PYTHONUTF8": "1", "PYTHONPATH": str(ROOT)}
    return {**os.environ, **told, **({RESTS: "1"} if is_activated() else {})}
