"""障害・事故の報告: what the operator told the office, read by its administrators, confirmed by a click, printed."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.operator.incidents import FACTS
from vault.domain.prints import INCIDENT_SHEET, OfficeOrder
from vault.services import printing, told
from vault.web import orders, words
from vault.web.addresses import whole_number
from vault.web.gate import desk, instance, needs
from vault.web.pages import today

blueprint = Blueprint("incidents", __name__, url_prefix="/office/incidents")
LOOK = Permission.MANAGE_OFFICE


@blueprint.get("")
@needs(LOOK)
def index() -> str:
    """All of them, the newest first."""
    read = told.seen(desk())
    rows = [(each, len(each.reports) > read.get(each.number, 0)) for each in told.incidents(instance())]
    return render_template("operator/incidents.html", nav="office", rows=rows)


@blueprint.get("/<int:number>")
@needs(LOOK)
def show(number: int) -> str:
    """One, with every report and what the office has to do."""
    facts = _facts(number)
    new = len(facts["i"].reports) > told.seen(desk()).get(number, 0)
    return render_template("operator/incident.html", nav="office", new=new, **facts)


def _facts(number: int) -> dict[str, Any]:
    found, now = told.incident(instance(), number), instance().now()
    return {"i": found, "due": [(each, each.late(now)) for each in found.due()], "names": FACTS, "day": today()}


@blueprint.post("/<int:number>")
@needs(LOOK)
def read(number: int) -> Response:
    """An administrator has read what the page showed."""
    told.read(desk(), number, request.form.get("reports", 0, type=whole_number))
    return cast(Response, redirect(url_for("incidents.show", number=number), 303))


# --- on paper


@blueprint.get("/<int:number>/print")
@needs(LOOK)
def order(number: int) -> str:
    """For what and for whom."""
    told.incident(instance(), number)
    return _order_page(number)


def _order_page(number: int, **typed: Any) -> str:
    action, back = (url_for(f"incidents.{name}", number=number) for name in ("make", "show"))
    return orders.order_page(INCIDENT_SHEET, action, back, **typed)


@blueprint.post("/<int:number>/print")
@needs(LOOK)
def make(number: int) -> Response:
    """The row in the print ledger first, then the sheet."""
    told.incident(instance(), number)
    found, values, faults = orders.read(OfficeOrder, request.form)
    if found is None:
        return make_response(_order_page(number, values=values, faults=faults), 400)
    made = printing.print_office(desk(), INCIDENT_SHEET, found, LOOK)
    with words.japanese():
        paper = orders.paper(made, url_for("incidents.show", number=number))
        return make_response(render_template("operator/sheet.html", **paper, **_facts(number)))
