"""使っている容量: what takes how much of the disk, and what to do when it gets full."""

from __future__ import annotations

from flask import Blueprint, render_template, url_for

from vault.config import GIB
from vault.domain.access import Permission
from vault.services import space
from vault.services.space import Taken
from vault.web.gate import desk, needs

blueprint = Blueprint("space", __name__)
_UNITS = ((GIB, "GB"), (1024**2, "MB"), (1024, "KB"))


@blueprint.get("/office/space")
@needs(Permission.READ_SAFETY)
def show() -> str:
    """Documents against their limit, the clients who take the most, database, backups, and what is left."""
    room = space.look(desk())
    return render_template(
        "space/show.html", nav="office", room=room, size=size, limit_gb=room.limit // GIB, rows=map(_row, room.clients),
        may_bin=desk().may(Permission.BIN),
    )  # fmt: skip


def _row(taken: Taken) -> dict[str, object]:
    url = url_for("clients.show", client=taken.client.hex()) if taken.name else None
    return {"taken": taken, "url": url, "size": size(taken.size)}


def size(count: int) -> str:
    """Bytes as people read them: 1.4 GB."""
    for unit, name in _UNITS:
        if count >= unit:
            told = count / unit
            return f"{told:,.1f} {name}" if told < 100 else f"{told:,.0f} {name}"
    return f"{count} B"
