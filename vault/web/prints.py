"""The print centre: sheet, purpose, addressee; then the sheet itself."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.deposits import number_text
from vault.domain.policies import summary, totals
from vault.domain.prints import (
    CLIENT_CARD,
    DEPOSIT_RECEIPT,
    POLICY_DETAIL,
    POLICY_LIST,
    SCANS,
    SHEETS,
    PrintOrder,
    addressed,
)
from vault.domain.values import Unreadable
from vault.errors import Refused
from vault.services import clients, holdings, printing
from vault.web import dealing_sheets, orders, scan_sheets, sheet_values, words
from vault.web.addresses import ident
from vault.web.client_rows import listed
from vault.web.document_rows import label_text
from vault.web.gate import desk, needs
from vault.web.pages import Each, render_long, today

blueprint = Blueprint("prints", __name__, url_prefix="/prints")
# What one sheet is about, by the box that names it.
ABOUT = {"document": SCANS, "deposit": DEPOSIT_RECEIPT, "policy": POLICY_DETAIL}


@blueprint.get("")
@needs(Permission.PRINT)
def choose() -> str:
    """Choose client, sheet, purpose and addressee. The address may name a sheet, a policy, a receipt or a paper."""
    client = request.args.get("client", "")
    if not client:
        rows = Each(_to_print, clients.list_clients(desk()))
        may_end = desk().may(Permission.CANCEL_CONTRACT)
        return render_long("prints/clients.html", nav="prints", clients=rows, may_end=may_end)
    page = clients.get(desk(), ident(client))
    return _form(page, _to_begin_with(page), {})


def _to_begin_with(page: clients.Page) -> dict[str, Any]:
    about = {name: request.args.get(name, "") for name in ABOUT}
    asked = request.args.get("sheet", "")
    return {
        **about, "sheet": asked if asked in SHEETS else next((ABOUT[name] for name in about if about[name]), POLICY_LIST),
        "purpose": "お客様へ交付" if about["deposit"] else "", "addressee": addressed(page.client), "copies": "1",
    }  # fmt: skip


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
        options=_options(page),
        may_sensitive=desk().may(Permission.READ_SENSITIVE),
    )


def _options(page: clients.Page) -> dict[str, list[tuple[str, str]]]:
    """What is chosen from, by field: policies, receipts and papers, where there are any."""
    reads = desk().may(Permission.READ_DOCUMENTS)
    found = {
        "policy": [(held.id.hex(), _policy_name(held)) for held in page.policies],
        "deposit": [(held.id.hex(), _deposit_name(held)) for held in page.deposits if reads],
        "document": [(held.id.hex(), label_text(held)) for held in page.documents if reads],
    }
    without = {ABOUT[name] for name in ("deposit", "document") if not found[name]}
    sheets = [(sheet, gettext(sheet)) for sheet in SHEETS if sheet not in without]
    return {"sheet": sheets, **{name: choices for name, choices in found.items() if choices}}


def _deposit_name(held: holdings.HeldDeposit) -> str:
    return f"{number_text(held.deposit.number)} {held.deposit.received.value:%Y/%m/%d}"


def _policy_name(held: holdings.Held) -> str:
    policy = held.policy
    return " ".join(filter(None, [policy.insurer, words.word(policy.kind), policy.product, policy.policy_number]))


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
    try:
        return _made(client, order)
    except Unreadable as error:  # fewer pages than were asked for
        faults = {"pages": fields.Fault(error.code, error.facts)}
        return make_response(_form(clients.get(desk(), client), values, faults), 400)


def _made(client: bytes, order: PrintOrder) -> Response:
    if printing.needs_approval(desk()):
        serial = printing.request(desk(), client, order)
        return cast(Response, redirect(url_for("ledger.show", serial=serial), 303))
    return make_response(_sheet(printing.print_client(desk(), client, order)))


@blueprint.post("/orders/<int:serial>")
@needs(Permission.PRINT)
def make_approved(serial: int) -> Response:
    """The sheet of an order that another person has approved: once. The whole office has a page of its own."""
    try:
        return make_response(_sheet(printing.print_approved(desk(), serial)))
    except Refused as error:
        if error.code != "whole-office-elsewhere":
            raise
        return cast(Response, redirect(url_for("whole_office.show"), 303))


def _sheet(sheet: printing.Sheet) -> str:
    drawn = {
        POLICY_DETAIL: _policy_detail, CLIENT_CARD: _client_card, DEPOSIT_RECEIPT: _deposit_receipt, SCANS: _scans,
    }  # fmt: skip
    with words.japanese():
        return drawn.get(sheet.order.sheet, _policy_list)(sheet)


def _common(sheet: printing.Sheet) -> dict[str, Any]:
    """What the head and the edges of every sheet about a client say."""
    order, page = sheet.order, sheet.page
    running = f"{order.sheet}　{order.addressee}"
    return {
        "sheet": orders.marks(sheet.serial, order.purpose, sheet.printed_by, sheet.at, running),
        "addressee": order.addressee, "title": order.sheet, "our": sheet.office, "handler": page.client.handler,
        "as_of": today(), "back_url": url_for("clients.show", client=page.id.hex()),
    }  # fmt: skip


def _policy_detail(sheet: printing.Sheet) -> str:
    page = sheet.page
    details = [sheet_values.policy_values(held, page.client, sheet.written, today()) for held in sheet.chosen]
    return render_long("prints/policy_detail.html", details=details, orientation="portrait", **_common(sheet))


def _client_card(sheet: printing.Sheet) -> str:
    page, sensitive = sheet.page, sheet.order.tells_sensitive
    return render_template(
        "prints/client_card.html",
        orientation="portrait",
        v=sheet_values.client_values(page, sheet.written, today(), sensitive),
        dealings=dealing_sheets.card_values(page, today(), sensitive),
        hides=not sensitive and sheet_values.hides(page),
        deposits=[held.deposit for held in page.deposits if not held.deposit.closed],
        number_text=number_text,
        **_common(sheet),
    )


def _deposit_receipt(sheet: printing.Sheet) -> str:
    deposit = sheet.receipt.deposit
    return render_template(
        "deposits/sheet.html", orientation="portrait", deposit=deposit, number=number_text(deposit.number),
        taken_by=sheet.taken_by, **_common(sheet),
    )  # fmt: skip


def _scans(sheet: printing.Sheet) -> str:
    common = _common(sheet)
    mark = scan_sheets.mark_of(common["sheet"])
    told = scan_sheets.scanned(sheet.scan, sheet.page.id, mark)
    return render_template("prints/scans.html", orientation="portrait", told=told, mark=mark, **common)


def _policy_list(sheet: printing.Sheet) -> str:
    policies = [held.policy for held in sheet.page.policies]
    return render_template(
        "prints/policy_list.html",
        orientation="landscape",
        lists=summary.lists(policies, sheet.page.client),
        sums=totals.totals(policies, sheet.page.client),
        row_of=lambda policy: summary.row(policy, sheet.page.client),
        **_common(sheet),
    )
