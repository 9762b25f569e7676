"""For the operator's monitor: whether the process lives, and, past nginx, how the instance is. No session, no journal entry.

What is asked here neither keeps an office awake nor waits for a closed door.
"""

from __future__ import annotations

import re

from flask import Blueprint, current_app, request

from vault.services import health
from vault.web.gate import instance, public

blueprint = Blueprint("health", __name__)
_HASH = re.compile(r"[0-9a-f]{64}")
_NEAR = frozenset({"127.0.0.1", "::1"})


@blueprint.get("/healthz")
@public
def healthz() -> str:
    """The process lives; whether the door is closed is said beside it, and the database is not asked."""
    return _page("healthz", closed=health.closed(instance()))


@blueprint.get("/readyz")
@public
def readyz() -> tuple[str, int]:
    """Everything that can be said without a key, to whoever is on this machine and may open the office's socket; nothing
    to anybody else."""
    if not _is_beside():
        return _page("readyz", items=[]), 200
    items = health.look(instance(), _noted())
    good = all(each.good for each in items) and not health.closed(instance())
    return _page("readyz", items=items), 200 if good else 503


def _is_beside() -> bool:
    """Whether no nginx stands in between: it says for whom it asks."""
    if "X-Forwarded-For" in request.headers:
        return False
    return not request.remote_addr if instance().settings.host else request.remote_addr in _NEAR


def _noted() -> health.Head | None:
    """The head of the journal that whoever asks has seen before."""
    position, hashed = request.args.get("position", ""), request.args.get("hash", "")
    if not (position.isascii() and position.isdigit() and len(position) < 19 and _HASH.fullmatch(hashed)):
        return None
    return int(position), bytes.fromhex(hashed)


def _page(name: str, **told: object) -> str:
    # Not by `render_template`, which would ask the database for what every other page shows.
    return current_app.jinja_env.get_template(f"health/{name}.html").render(**told)
