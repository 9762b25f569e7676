"""`kura migrate`, `kura check`: a release tried on the data of an instance before anybody is let in."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from gunicorn.util import import_app

from vault.cli.serving import ROOT
from vault.config import Settings, load
from vault.errors import NotReady
from vault.services import presence
from vault.storage import aside, durable
from vault.storage.database import upgrade

UPGRADE_SECONDS = 3600.0
# What a visitor asks first, and what the monitor does; of the two that the monitor asks one may say that not all is well.
PAGES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("/session/new", (200,)), ("/healthz", (200,)), ("/readyz", (200, 503)),
)  # fmt: skip


def migrate(folder: Path) -> tuple[str, str]:
    """Bring the database of an instance that nobody serves to the newest schema; returns the one before and the one after.

    Raises NotReady, and Refused("ending-running") while somebody serves.
    """
    settings = load(folder)
    durable.make_folder(settings.run)
    with presence.alone(settings.folder), durable.locked(settings.run / "upgrade", seconds=UPGRADE_SECONDS):
        before = aside.look(settings.database).revision
        return before, upgrade(settings.database)


def check(folder: Path) -> tuple[str, ...]:
    """Load the application as the server does and ask it what a visitor asks first; returns the pages that answered.

    Raises NotReady("check-failed") with what went wrong, which may be anything: it is the release that is tried.
    """
    settings = load(folder)
    durable.make_folder(settings.run)
    try:
        return tuple(_asked(_application(settings), settings))
    except NotReady:
        raise
    except Exception as error:
        raise NotReady("check-failed", said=f"{type(error).__name__}: {error}") from error


def _application(settings: Settings) -> Any:
    os.environ["KURA_FOLDER"] = str(settings.folder)
    sys.path.insert(0, str(ROOT))
    return import_app("wsgi:app")  # by its name, as the server finds it: no floor below knows the pages


def _asked(app: Any, settings: Settings) -> Iterator[str]:
    visitor = app.test_client(use_cookies=False)
    beside = {"REMOTE_ADDR": "" if settings.host else "127.0.0.1"}  # as over the socket, where no address is known
    for page, good in PAGES:
        status = visitor.get(page, base_url=settings.address, environ_overrides=beside).status_code
        if status not in good:
            raise NotReady("check-failed", said=f"{page} {status}")
        yield page
