"""点検: each month of the access log, looked at and signed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.inspections import OVERDUE_FROM, Addition, Inspection, first_of, next_first
from vault.domain.prints import INSPECTION_SHEET, OfficeOrder
from vault.domain.unusual import RULES
from vault.errors import Refused
from vault.services import inspections
from vault.web import forms, orders, words
from vault.web.gate import desk, needs

blueprint = Blueprint("inspections", __name__, url_prefix="/inspections")
LOOK, SIGN = Permission.READ_AUDIT_LOG, Permission.SIGN_INSPECTION


@blueprint.get("")
@needs(LOOK)
def index() -> str:
    """Every month of the office."""
    rows = [(month, _words(month.month), _url(month.month)) for month in inspections.overview(desk())]
    return render_template("inspections/list.html", nav="office", rows=rows, first=OVERDUE_FROM)


def _words(month: str) -> dict[str, Any]:
    """A month as people say it: the first day, for its year and number, and the day from which it is overdue."""
    return {"first": first_of(month), "late": next_first(month).replace(day=OVERDUE_FROM)}


def _url(month: str) -> str:
    return url_for("inspections.show", m=month)


@blueprint.get("/month")
@needs(LOOK)
def show() -> Response | str:
    """One month: what was counted, and what was said of it."""
    month = request.args.get("m", "")
    if not month:
        return cast(Response, redirect(url_for("inspections.index"), 303))
    return _page(month, {}, {})


def _page(month: str, values: dict[str, Any], faults: dict[str, fields.Fault], said: str = "") -> str:
    page = inspections.month_page(desk(), month)
    form = Addition if page.inspection else Inspection
    last = next_first(month) - timedelta(days=1)
    return render_template(
        "inspections/month.html", nav="office", page=page, month=month, words=_words(month), owner=form.__name__,
        fields=fields.fields(form), values=values, faults=faults, said=said, rules=RULES,
        may_sign=desk().may(SIGN),
        log_url=url_for("log.index", since=first_of(month).isoformat(), until=last.isoformat(), unusual="1"),
    )  # fmt: skip


@blueprint.post("/month")
@needs(SIGN)
def sign() -> Response:
    """Sign it."""
    month, values = request.form.get("m", ""), forms.typed(request.form)
    reading = fields.read(Inspection, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_page(month, values, reading.faults), 400)
    try:
        inspections.sign(desk(), month, reading.record)
    except Refused as error:
        return make_response(_page(month, values, {}, words.sentence(error)), 409)
    return cast(Response, redirect(_url(month), 303))


@blueprint.post("/note")
@needs(SIGN)
def note() -> Response:
    """Add to a signed one."""
    month, values = request.form.get("m", ""), forms.typed(request.form)
    reading = fields.read(Addition, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_page(month, values, reading.faults), 400)
    inspections.add_note(desk(), month, reading.record)
    return cast(Response, redirect(_url(month), 303))


@blueprint.get("/print")
@needs(LOOK)
def order() -> Response | str:
    """Ask for purpose and addressee before the 点検記録 of a month."""
    month = request.args.get("m", "")
    if not month:
        return cast(Response, redirect(url_for("inspections.index"), 303))
    return _order(month)


def _order(month: str, values: dict[str, Any] | None = None, faults: dict[str, fields.Fault] | None = None) -> str:
    first_of(month)
    action = url_for("inspections.make", m=month)
    return orders.order_page(INSPECTION_SHEET, action, _url(month), values=values, faults=faults)


@blueprint.post("/print")
@needs(LOOK)
def make() -> Response:
    """The ledger row first, then the sheet."""
    month = request.args.get("m", "")
    record, values, faults = orders.read(OfficeOrder, request.form)
    if record is None:
        return make_response(_order(month, values, faults), 400)
    made, page = inspections.print_month(desk(), month, record)
    with words.japanese():
        context = orders.paper(made, _url(month))
        return make_response(
            render_template("inspections/sheet.html", page=page, month=month, words=_words(month), rules=RULES, **context)
        )
