"""保存期限: whose term is over, and many of them erased with one confirmation."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.fields import Fault
from vault.services import retention
from vault.web import forms
from vault.web.addresses import ident, whole_number
from vault.web.attempts import REFUSALS, refused, told
from vault.web.erasure_orders import form_values, read_order
from vault.web.gate import desk, needs, prove_again

blueprint = Blueprint("retention", __name__, url_prefix="/retention")
ERASE = Permission.ERASE


@blueprint.get("")
@needs(ERASE)
def index() -> str:
    """Who is due; each visit reckons a part of a large office."""
    return _page({"reason": "保存期限の満了"}, {}, "", [])


def _page(values: dict[str, Any], faults: dict[str, Fault], error: str, ticked: list[str]) -> str:
    found = retention.look(desk(), request.args.get("page", 1, type=whole_number))
    return render_template(
        "retention/list.html", nav="office", found=found, years=retention.years(desk()), ticked=ticked,
        **form_values(values, faults, error),
    )  # fmt: skip


@blueprint.post("/again")
@needs(ERASE)
def again() -> Response:
    """Reckon anew."""
    retention.look(desk(), on=True)
    return cast(Response, redirect(url_for("retention.index"), 303))


@blueprint.post("")
@needs(ERASE)
def erase() -> Response:
    """Erase those who were ticked."""
    values, ticked = forms.typed(request.form), request.form.getlist("client")
    order, faults = read_order(values, str(len(ticked)) if ticked else "")
    if not ticked:
        faults = {**{k: f for k, f in faults.items() if k != "typed"}, "client": Fault("none-ticked")}
    if order is None or not ticked:
        return make_response(_page(values, faults, "", ticked), 400)
    try:
        prove_again(values.get("password", ""))
        numbers = retention.erase(desk(), [ident(each) for each in ticked], order)
    except REFUSALS as error:
        return refused(_page(values, {}, told(error), ticked), error)
    return cast(Response, redirect(url_for("erasing.index", done=len(numbers)), 303))
