"""全部を印刷: every client and every policy on paper before the contract ends, piece by piece."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.deposits import number_text
from vault.domain.prints import FINAL_PURPOSE, FinalOrder, serial_text
from vault.errors import Conflict, Refused, Throttled, WrongCredential
from vault.services import whole_office
from vault.services.whole_office import PieceSheet, Printed
from vault.services.whole_office_progress import MOST_CLIENTS, MOST_SCANS, Progress
from vault.web import dealing_sheets, orders, scan_sheets, sheet_values, words
from vault.web.addresses import ident, whole_number
from vault.web.attempts import refused, told
from vault.web.gate import desk, needs, prove_again, session
from vault.web.pages import render_long, today

blueprint = Blueprint("whole_office", __name__, url_prefix="/prints/whole-office")
END = Permission.CANCEL_CONTRACT
MENDABLE = (WrongCredential, Throttled, Conflict, Refused)
ASKED_FOR = ("addressee", "place", "copies")


@blueprint.get("")
@needs(END)
def show() -> str:
    """How far it is, and what comes next."""
    return _page({}, {})


def _page(values: dict[str, Any], faults: dict[str, fields.Fault], error: str = "") -> str:
    held = session().payload
    own = held.names.get("office", "") if held is not None else ""
    far: Progress = whole_office.progress(desk())
    return render_template(
        "prints/whole_office.html", nav="prints", far=far, faults=faults, error=error, serial_text=serial_text,
        values={"addressee": own, "copies": "1", **values}, purpose=FINAL_PURPOSE, most=MOST_CLIENTS,
        scans=MOST_SCANS,
        fields=[box for box in fields.fields(FinalOrder) if box.name in ASKED_FOR],
    )  # fmt: skip


@blueprint.post("")
@needs(END)
def make() -> Response:
    """The next piece: its ledger row first, then the sheet."""
    first, place = ident(request.form.get("first", "")), request.form.get("part", 0, type=whole_number)
    return _made(lambda order: whole_office.print_next(desk(), order, first, place))


@blueprint.post("/again/<int:serial>")
@needs(END)
def again(serial: int) -> Response:
    """A piece once more, with a new number."""
    return _made(lambda order: whole_office.print_again(desk(), order, serial))


@blueprint.post("/ask")
@needs(END)
def ask() -> Response:
    """Where another person has to approve prints: ask for everything, once."""

    def asked(order: FinalOrder) -> Response:
        whole_office.request(desk(), order)
        return cast(Response, redirect(url_for("whole_office.show"), 303))

    return _ordered(asked)


def _made(print_: Callable[[FinalOrder], PieceSheet]) -> Response:
    return _ordered(lambda order: make_response(_sheet(print_(order))))


def _ordered(act: Callable[[FinalOrder], Response]) -> Response:
    order, values, faults = orders.read(FinalOrder, request.form)
    if order is None:
        return make_response(_page(values, faults), 400)
    try:
        prove_again(request.form.get("password", ""))
        return act(order)
    except MENDABLE as error:
        return refused(_page(values, {}, told(error)), error)


def _sheet(made: PieceSheet) -> str:
    with words.japanese():
        paper = orders.paper(made.sheet, url_for("whole_office.show"))
        mark = scan_sheets.mark_of(paper["sheet"])
        clients = [_told(each, mark) for each in made.clients]
        return render_long("prints/whole_office_sheet.html", clients=clients, mark=mark, number_text=number_text, **paper)


def _told(each: Printed, mark: str) -> dict[str, Any]:
    """What a piece tells of a client; without card and policies where an earlier part has them."""
    page, first = each.page, not each.place
    policies = page.policies if first else []
    return {
        "client": page.client, "place": each.place,
        "card": sheet_values.client_values(page, each.written, today(), sensitive=True) if first else None,
        "deposits": [held.deposit for held in page.deposits] if first else [],
        "dealings": dealing_sheets.whole_values(page) if first else [],
        "details": [sheet_values.policy_values(held, page.client, each.written, today()) for held in policies],
        "scans": [scan_sheets.scanned(scan, page.id, mark) for scan in each.scans],
    }  # fmt: skip
