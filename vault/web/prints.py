"""The print centre: sheet, purpose, addressee; then the sheet itself."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.policies import summary, totals
from vault.domain.prints import POLICY_LIST, PrintOrder, addressed
from vault.services import clients, printing
from vault.web import orders
from vault.web.addresses import ident
from vault.web.client_rows import listed
from vault.web.gate import desk, needs
from vault.web.pages import Each, render_long, today

blueprint = Blueprint("prints", __name__, url_prefix="/prints")


@blueprint.get("")
@needs(Permission.PRINT)
def choose() -> str:
    """Choose client, sheet, purpose and addressee."""
    client = request.args.get("client", "")
    if not client:
        rows = Each(_to_print, clients.list_clients(desk()))
        return render_long("prints/clients.html", nav="prints", clients=rows)
    page = clients.get(desk(), ident(client))
    values = {"sheet": POLICY_LIST, "addressee": addressed(page.client), "copies": "1"}
    return _form(page, values, {})


def _to_print(head: clients.Head) -> dict[str, Any]:
    return {**listed(head), "url": url_for("prints.choose", client=head.id.hex())}


def _form(page: clients.Page, values: dict[str, Any], faults: dict[str, fields.Fault]) -> str:
    return render_template(
        "prints/choose.html",
        nav="prints",
        client_id=page.id.hex(),
        client_name=page.client.name,
        fields=fields.fields(PrintOrder),
        values=values,
        faults=faults,
        policies=len([h for h in page.policies if h.policy.living]),
        asks=printing.needs_approval(desk()),
    )


@blueprint.post("")
@needs(Permission.PRINT)
def make() -> Response:
    """The ledger row first, then the sheet; where another person has to approve it, the row alone.

    There is no address at which a sheet could be opened again.
    """
    client = ident(request.form.get("client", ""))
    order, values, faults = orders.read(PrintOrder, request.form)
    if order is None:
        return make_response(_form(clients.get(desk(), client), values, faults), 400)
    if printing.needs_approval(desk()):
        serial = printing.request(desk(), client, order)
        return cast(Response, redirect(url_for("ledger.show", serial=serial), 303))
    return make_response(_policy_list(printing.print_client(desk(), client, order)))


@blueprint.post("/orders/<int:serial>")
@needs(Permission.PRINT)
def make_approved(serial: int) -> Response:
    """The sheet of an order that another person has approved: once."""
    return make_response(_policy_list(printing.print_approved(desk(), serial)))


def _policy_list(sheet: printing.Sheet) -> str:
    policies, order = [held.policy for held in sheet.page.policies], sheet.order
    running = f"{order.sheet}　{order.addressee}"
    return render_template(
        "prints/policy_list.html",
        orientation="landscape",
        sheet=orders.marks(sheet.serial, order.purpose, sheet.printed_by, sheet.at, running),
        addressee=order.addressee,
        title=order.sheet,
        our=sheet.office,
        handler=sheet.page.client.handler,
        as_of=today(),
        lists=summary.lists(policies, sheet.page.client),
        sums=totals.totals(policies, sheet.page.client),
        row_of=lambda policy: summary.row(policy, sheet.page.client),
        back_url=url_for("clients.show", client=sheet.page.id.hex()),
    )
