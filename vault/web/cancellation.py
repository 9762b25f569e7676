"""解約: an administrator asks for the end of the contract, and takes it back."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.cancellation import NOTICE_DAYS, CancellationOrder, earliest
from vault.domain.office import ACCOUNTANTS
from vault.services import cancellation, whole_office
from vault.web import forms
from vault.web.attempts import REFUSALS, refused, told
from vault.web.gate import desk, needs, prove_again
from vault.web.pages import today

blueprint = Blueprint("cancellation", __name__, url_prefix="/office/cancellation")
END = Permission.CANCEL_CONTRACT


@blueprint.get("")
@needs(END)
def show() -> str:
    """What has to be done before, what happens then, and the request."""
    return _page({}, {})


def _page(values: dict[str, Any], faults: dict[str, fields.Fault], error: str = "") -> str:
    found = cancellation.page(desk())
    return render_template(
        "cancellation/show.html", nav="office", held=found, far=whole_office.progress(desk()), error=error,
        fields=fields.fields(CancellationOrder), values=values, faults=faults, days=NOTICE_DAYS,
        first=earliest(today()), accounting=found.kind == ACCOUNTANTS, done=request.args.get("done", ""),
    )  # fmt: skip


@blueprint.post("")
@needs(END)
def ask() -> Response:
    """From now on everybody is told; on the day everything goes."""
    values = forms.typed(request.form)
    reading = fields.read(CancellationOrder, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_page(values, reading.faults), 400)
    try:
        prove_again(values.get("password", ""))
        cancellation.ask(desk(), reading.record)
    except REFUSALS as error:
        return refused(_page(values, {}, told(error)), error)
    return cast(Response, redirect(url_for("cancellation.show", done="asked"), 303))


@blueprint.post("/back")
@needs(END)
def take_back() -> Response:
    """Everything stays as it is."""
    try:
        prove_again(request.form.get("password", ""))
        cancellation.take_back(desk())
    except REFUSALS as error:
        return refused(_page({}, {}, told(error)), error)
    return cast(Response, redirect(url_for("cancellation.show", done="back"), 303))
