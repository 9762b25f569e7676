"""How the web server is run."""

from __future__ import annotations

import ctypes
import resource
import sys
from pathlib import Path

from vault.config import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
_PR_SET_DUMPABLE = 4


def keep_memory_private() -> None:
    """No core files, no reading of this process's memory by others of the same user."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


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
