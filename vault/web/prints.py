"""The print centre: sheet, purpose, addressee; then the sheet itself."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.policies import summary, totals
from vault.domain.prints import POLICY_LIST, PrintOrder, addressed, serial_text
from vault.services import clients, printing
from vault.web import forms
from vault.web.addresses import ident
from vault.web.client_rows import listed
from vault.web.gate import desk, needs
from vault.web.pages import Each, moment, render_long, today

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
    )


@blueprint.post("")
@needs(Permission.PRINT)
def make() -> Response:
    """The ledger row first, then the sheet. There is no address at which a sheet could be opened again."""
    client = ident(request.form.get("client", ""))
    values = forms.typed(request.form)
    reading = fields.read(PrintOrder, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        page = clients.get(desk(), client)
        return make_response(_form(page, values, reading.faults), 400)
    sheet = printing.print_client(desk(), client, reading.record)
    return make_response(_policy_list(sheet, reading.record))


def _policy_list(sheet: printing.Sheet, order: PrintOrder) -> str:
    policies = [held.policy for held in sheet.page.policies]
    return render_template(
        "prints/policy_list.html",
        orientation="landscape",
        sheet={
            "serial": serial_text(sheet.serial),
            "purpose": order.purpose,
            "printed_by": sheet.printed_by,
            "printed_at": moment(sheet.at),
            "running": f"{order.sheet}　{order.addressee}",
        },
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
