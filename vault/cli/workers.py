"""gunicorn's config: a worker that is told to end while it only begins does end.

Between the fork and its own handlers a worker has none that ends it, and Python forgets what is said to it meanwhile. It would
go on taking requests until the time for finishing is over, and then be killed with those that it has: a stop just after a
start, or while a worker is replaced, would lose them. So these signals wait until somebody listens.
"""

from __future__ import annotations

import os
import signal
from typing import Any

ENDS = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGQUIT})


def _listen() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)


def pre_fork(_server: Any, _worker: Any) -> None:
    """In the master, which has its own handlers and listens again as soon as the fork is done."""
    signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)


def post_worker_init(_worker: Any) -> None:
    """In the worker, once its handlers stand."""
    _listen()


os.register_at_fork(after_in_parent=_listen)
