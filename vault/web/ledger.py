"""印刷・持ち出し台帳: what was printed or taken out, who approved it, and what became of it."""

from __future__ import annotations

from typing import Any, cast, get_args

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.prints import LEDGER_SHEET, WITHDRAWN, Decline, LedgerOrder, Outcome, TakeOut, serial_text
from vault.errors import Conflict
from vault.services import ledger, ledger_notes, printing
from vault.services.ledger import Found, State, Wanted
from vault.services.ledger_rows import Listed
from vault.web import forms, orders, words
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs
from vault.web.pages import today

blueprint = Blueprint("ledger", __name__, url_prefix="/ledger")
LONGEST = 200  # characters that are looked for
STATES: tuple[State, ...] = get_args(State)


# --- the list


@blueprint.get("")
@needs(Permission.READ_PRINT_LEDGER)
def index() -> str:
    """The newest rows, or those of one state. Words to look for are posted, so that no name gets into an address."""
    return _list(request.args.get("state", "all"), "", "", request.args.get("before", type=whole_number))


@blueprint.post("/find")
@needs(Permission.READ_PRINT_LEDGER)
def find() -> str:
    """Rows of a person, or with some words."""
    told = request.form
    return _list(told.get("state", "all"), told.get("person", ""), told.get("text", ""), told.get("before", type=whole_number))


def _list(state: str, who: str, text: str, before: int | None) -> str:
    chosen: State = next((each for each in STATES if each == state), "all")
    found = ledger.find(desk(), Wanted(chosen, ident(who) if who else b"", text[:LONGEST], before))
    return render_template(
        "ledger/list.html", nav="ledger", found=found, state=chosen, who=who, words=text[:LONGEST], before=before,
        columns=_columns(found), serial_text=serial_text, today=today(), may_note=desk().may(Permission.NOTE_PRINTS),
    )  # fmt: skip


def _columns(found: Found) -> bool:
    """Whether approvals have a column: where the office wants them, or a row has one."""
    return printing.needs_approval(desk()) or any(row.entry.approval for row in found.rows)


# --- one row


@blueprint.get("/<int:serial>")
@needs(Permission.READ_PRINT_LEDGER)
def show(serial: int) -> str:
    """One row, and what can be done with it."""
    return _row(serial, {}, {})


def _row(
    serial: int, values: dict[str, Any], faults: dict[str, fields.Fault], owner: str = "Outcome", said: str = ""
) -> str:
    row = ledger.one(desk(), serial)
    return render_template(
        "ledger/show.html", nav="ledger", row=row, serial=serial_text(serial), values=values, faults=faults,
        owner=owner, said=said, standing=row.entry.standing(today()), outcome_fields=fields.fields(Outcome),
        decline_fields=fields.fields(Decline), may_note=_may_note(row), may_approve=ledger.approvable(desk(), row),
        mine=row.entry.person == desk().person.hex(), may_print=desk().may(Permission.PRINT), withdrawn=WITHDRAWN,
    )  # fmt: skip


def _may_note(row: Listed) -> bool:
    """Whether an outcome is asked for: of what has left, by who knows whose it is."""
    told = row.entry.left and row.unnamed != "elsewhere"
    return told and desk().may(Permission.NOTE_PRINTS)


@blueprint.post("/<int:serial>")
@needs(Permission.NOTE_PRINTS)
def note(serial: int) -> Response:
    """Note what became of it."""
    values = forms.typed(request.form)
    reading = fields.read(Outcome, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_row(serial, values, reading.faults), 400)
    try:
        ledger_notes.note_outcome(desk(), serial, reading.record, _version())
    except Conflict as error:
        return _told_otherwise(serial, error, values)
    return cast(Response, redirect(url_for("ledger.index"), 303))


@blueprint.post("/<int:serial>/approve")
@needs(Permission.APPROVE_PRINTS)
def approve(serial: int) -> Response:
    """Let another person's order be printed."""
    try:
        printing.approve(desk(), serial, _version())
    except Conflict as error:
        return _told_otherwise(serial, error)
    return _back_to(serial)


@blueprint.post("/<int:serial>/decline")
@needs(Permission.APPROVE_PRINTS)
def decline(serial: int) -> Response:
    """Refuse another person's order, with a reason."""
    values = forms.typed(request.form)
    reading = fields.read(Decline, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_row(serial, values, reading.faults, "Decline"), 400)
    try:
        printing.decline(desk(), serial, reading.record, _version())
    except Conflict as error:
        return _told_otherwise(serial, error, values)
    return _back_to(serial)


def _version() -> int:
    return request.form.get("version", 0, type=whole_number)


def _told_otherwise(serial: int, error: Conflict, values: dict[str, Any] | None = None) -> Response:
    """Somebody was faster: the row as it is now, what was typed, and a sentence that says so."""
    return make_response(_row(serial, values or {}, {}, said=words.sentence(error)), 409)


def _back_to(serial: int) -> Response:
    return cast(Response, redirect(url_for("ledger.show", serial=serial), 303))


# --- things taken out


@blueprint.get("/take-out")
@needs(Permission.NOTE_PRINTS)
def take_out() -> str:
    """Papers and devices that Kura did not print; of a client when the address names one."""
    return _take_out_form(request.args.get("client", ""), {}, {})


@blueprint.post("/take-out")
@needs(Permission.NOTE_PRINTS)
def note_take_out() -> Response:
    """Write the row; its number is shown, to be written on the thing."""
    client = request.form.get("client", "")
    thing, values, faults = orders.read(TakeOut, request.form)
    if thing is None:
        return make_response(_take_out_form(client, values, faults), 400)
    return _back_to(ledger_notes.take_out(desk(), thing, ident(client) if client else b""))


def _take_out_form(client: str, values: dict[str, Any], faults: dict[str, fields.Fault]) -> str:
    name = ledger_notes.client_name(desk(), ident(client)) if client else ""
    return render_template(
        "ledger/take_out.html", nav="ledger", client_id=client, client_name=name, fields=fields.fields(TakeOut),
        values=values, faults=faults,
    )  # fmt: skip


# --- the ledger on paper


@blueprint.get("/print")
@needs(Permission.READ_PRINT_LEDGER)
def choose_print() -> str:
    """Of which days, for what and for whom the ledger is printed: this year so far, unless said otherwise."""
    day = today()
    return _print_form({"since": f"{day.year}/1/1", "until": f"{day:%Y/%m/%d}", "purpose": "調書に保管"}, {})


@blueprint.post("/print")
@needs(Permission.READ_PRINT_LEDGER)
def print_() -> Response:
    """The ledger row of this sheet first, then the sheet."""
    order, values, faults = orders.read(LedgerOrder, request.form)
    if order is None:
        return make_response(_print_form(values, faults), 400)
    made = printing.print_ledger(desk(), order)
    with words.japanese():
        return make_response(render_template(
            "ledger/sheet.html", **orders.paper(made.sheet, url_for("ledger.index"), "landscape"), rows=made.rows,
            since=order.since.value, until=order.until.value, serial_text=serial_text, numbered=made.numbered,
            today=today(), columns=any(row.entry.approval for row in made.rows),
        ))  # fmt: skip


def _print_form(values: dict[str, Any], faults: dict[str, fields.Fault]) -> str:
    note = gettext("印刷に承認が必要な設定のため、お客様は番号で記載されます。") if printing.needs_approval(desk()) else ""
    return orders.order_page(
        LEDGER_SHEET, url_for("ledger.print_"), url_for("ledger.index"), nav="ledger", of=LedgerOrder, values=values,
        faults=faults, note=note,
    )  # fmt: skip
