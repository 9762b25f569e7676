"""事務所の決まり: passwords, times, addresses, and how long is kept what."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.office_rules import Rules
from vault.errors import Conflict
from vault.services.accounts import rules
from vault.web import forms
from vault.web.attempts import REFUSALS, directory_version, refused, told
from vault.web.gate import desk, needs, prove_again
from vault.web.versions import labelled_differences

blueprint = Blueprint("rules", __name__, url_prefix="/office/rules")


@blueprint.get("")
@needs(Permission.MANAGE_OFFICE)
def edit() -> str:
    """The rules as they are now."""
    return _form(fields.typed(rules.read(desk())), {})


def _form(values: dict[str, Any], faults: dict[str, fields.Fault], error: str = "", **more: Any) -> str:
    return render_template(
        "rules/edit.html", nav="office", boxes=fields.by_name(Rules), values=values, faults=faults,
        error=error, address=request.remote_addr or "", done=request.args.get("done", ""), **more,
    )  # fmt: skip


@blueprint.post("")
@needs(Permission.MANAGE_OFFICE)
def save() -> Response:
    """They hold from the next request on, for everybody."""
    values = forms.typed(request.form)
    reading = fields.read(Rules, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_form(values, reading.faults), 400)
    try:
        prove_again(values.get("password", ""))
        rules.save(desk(), reading.record, directory_version())
    except Conflict as error:
        return refused(_beside_theirs(values, reading.record, error), error)
    except REFUSALS as error:
        return refused(_form(values, {}, told(error)), error)
    return cast(Response, redirect(url_for("rules.edit", done="saved"), 303))


def _beside_theirs(values: dict[str, Any], mine: Rules, error: Conflict) -> str:
    """The form again, on top of what was signed meanwhile: what differs is shown, and the next time ours is kept."""
    desk().refresh()
    theirs = labelled_differences(rules.read(desk()), mine)
    return _form(values, {}, told(error), theirs=theirs, directory_version=desk().directory.version)
