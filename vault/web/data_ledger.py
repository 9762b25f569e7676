"""個人データ管理台帳: the page, and the same on paper."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, render_template, request, url_for
from flask_babel import gettext

from vault.domain import data_ledger as domain
from vault.domain.access import Permission
from vault.domain.data_ledger import Category
from vault.domain.prints import DATA_LEDGER_SHEET, OfficeOrder
from vault.services import data_ledger as service
from vault.services import printing
from vault.services.data_ledger import DataLedger
from vault.web import orders, words
from vault.web.gate import desk, needs

blueprint = Blueprint("data_ledger", __name__, url_prefix="/data-ledger")
READ = Permission.READ_AUDIT_LOG


@blueprint.get("")
@needs(READ)
def show() -> str:
    """The ledger as of now."""
    told = _told(service.data_ledger(desk()))
    return render_template("data_ledger/show.html", nav="office", print_url=url_for("data_ledger.order"), **told)


def _told(ledger: DataLedger) -> dict[str, Any]:
    categories = [
        (category.value, _items(category), domain.sensitive(category), _number(ledger, category))
        for category in Category
    ]
    return {"ledger": ledger, "categories": categories}


def _items(category: Category) -> list[str]:
    """What a category consists of, in words, each once."""
    return list(dict.fromkeys(gettext(key) for key in domain.items(category)))


def _number(ledger: DataLedger, category: Category) -> int | None:
    """How many people (policies, clients, rows) a category is about; None where nobody has counted."""
    now = {
        Category.POLICY: ledger.policies, Category.SCANS: ledger.documents, Category.PAPERS: ledger.prints,
        Category.DEALINGS: ledger.dealings, Category.STAFF: len(ledger.staff),
    }  # fmt: skip
    if category in now:
        return now[category]
    return ledger.counted.categories.get(category.value, 0) if ledger.counted else None


# --- on paper


@blueprint.get("/print")
@needs(READ)
def order() -> str:
    """For what and for whom."""
    return _order_page()


def _order_page(**typed: Any) -> str:
    return orders.order_page(DATA_LEDGER_SHEET, url_for("data_ledger.make"), url_for("data_ledger.show"), **typed)


@blueprint.post("/print")
@needs(READ)
def make() -> Response:
    """The row in the print ledger first, then the sheet."""
    found, values, faults = orders.read(OfficeOrder, request.form)
    if found is None:
        return make_response(_order_page(values=values, faults=faults), 400)
    people = len([p for p in desk().directory.persons.values() if p.active])
    made = printing.print_office(desk(), DATA_LEDGER_SHEET, found, READ, people)
    found_out = service.data_ledger(desk())
    with words.japanese():
        paper = orders.paper(made, url_for("data_ledger.show"))
        return make_response(render_template("data_ledger/sheet.html", **paper, **_told(found_out)))
