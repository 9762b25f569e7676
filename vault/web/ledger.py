"""印刷・持ち出し台帳: what was printed, and what became of it."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.prints import Outcome, serial_text
from vault.errors import Conflict
from vault.services import printing
from vault.web import forms, words
from vault.web.gate import desk, needs
from vault.web.pages import today

blueprint = Blueprint("ledger", __name__, url_prefix="/ledger")
AT_ONCE = 200


@blueprint.get("")
@needs(Permission.READ_PRINT_LEDGER)
def index() -> str:
    """The newest prints."""
    page = max(0, request.args.get("page", 0, type=int))
    rows, total = printing.ledger(desk(), AT_ONCE, page * AT_ONCE)
    return render_template(
        "ledger/list.html", nav="ledger", rows=rows, total=total, page=page, serial_text=serial_text,
        more=(page + 1) * AT_ONCE < total, today=today(),
    )  # fmt: skip


@blueprint.get("/<int:serial>")
@needs(Permission.NOTE_PRINTS)
def show(serial: int) -> str:
    """One print, and what became of it."""
    return _form(printing.one(desk(), serial), {}, {})


def _form(row: printing.Listed, values: dict[str, Any], faults: dict[str, fields.Fault], said: str = "") -> str:
    return render_template(
        "ledger/show.html", nav="ledger", row=row, serial=serial_text(row.entry.serial), values=values,
        faults=faults, fields=fields.fields(Outcome), said=said,
    )  # fmt: skip


@blueprint.post("/<int:serial>")
@needs(Permission.NOTE_PRINTS)
def note(serial: int) -> Response:
    """Note what became of it."""
    values = forms.typed(request.form)
    reading = fields.read(Outcome, values, confirmed=forms.renumbered_confirms(request.form))
    row = printing.one(desk(), serial)
    if reading.record is None:
        return make_response(_form(row, values, reading.faults), 400)
    try:
        printing.note_outcome(desk(), serial, reading.record, request.form.get("version", 0, type=int))
    except Conflict as error:
        return make_response(_form(row, values, {}, words.sentence(error)), 409)
    return cast(Response, redirect(url_for("ledger.index"), 303))
