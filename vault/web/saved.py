"""「保存しました」, and the way back for some minutes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

from flask import Response, redirect, request, url_for

from vault.services import undoing
from vault.web import form_drafts
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, instance, session


def just_saved(written: Sequence[tuple[int, int, str]], undo_url: str, united: int) -> dict[str, Any] | None:
    """What the page of a record says of its newest version, where this person saved it in this session, within the
    minutes in which it can be taken back, and since two were last made one (`united`, in seconds since 1970)."""
    version, at, who = written[0]
    own = who and who == desk().own_name and at >= session().row.started
    if not own or at <= united or not 0 <= instance().now() - at <= undoing.SECONDS:
        return None
    return {"at": form_drafts.at(at), "version": version, "undo_url": undo_url, "new": version == 1, "what": ""}


def undone(client: str, record: str, page: str) -> Response:
    """Take the save back that the page's button names, and go where its record is now."""
    version = request.form.get("version", 0, type=whole_number)
    gone = undoing.undo(desk(), ident(client), ident(record), version)
    if not gone:
        return cast(Response, redirect(page + "?did=back", 303))
    there = url_for("clients.index", did="bin") if record == client else url_for("clients.show", client=client, did="bin")
    return cast(Response, redirect(there, 303))
