"""自分の設定: one's own language and dates, password, devices, and codes for further devices."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import SHORTEST, Permission
from vault.domain.preferences import ON, Preferences
from vault.errors import Refused
from vault.services import preferences
from vault.services.accounts import devices, passwords
from vault.web import words
from vault.web.attempts import REFUSALS, refused, told
from vault.web.gate import desk, instance, needs, proved, session
from vault.web.pages import moment

blueprint = Blueprint("own", __name__, url_prefix="/own")
EVERYBODY = Permission.READ_SAFETY


@blueprint.get("")
@needs(EVERYBODY)
def show() -> str:
    """What one can settle for oneself."""
    return render_template(
        "own/show.html", nav="office", devices=devices.listed(desk(), everybody=False),
        spares=devices.spare_codes(desk()), login_id=desk().login_id, role=desk().role.value,
        done=request.args.get("done", ""), boxes=fields.fields(Preferences), preferred=_preferred(),
    )  # fmt: skip


def _preferred() -> dict[str, str]:
    """What the person has chosen, or goes by without having chosen."""
    return {"language": words.language(), "dates": words.dates(), "shortcuts": words.preferences().get("shortcuts", ON)}


@blueprint.post("")
@needs(EVERYBODY)
def save() -> Response:
    """Keep language, dates and single keys; the next page already goes by them."""
    reading = fields.read(Preferences, dict(request.form))
    if reading.record is None:
        raise Refused("choice-unknown")
    g.session = preferences.save(desk(), session(), reading.record)
    return _back("preferences")


def _back(done: str) -> Response:
    return cast(Response, redirect(url_for("own.show", done=done), 303))


# --- the password


@blueprint.get("/password")
@needs(EVERYBODY, early=True)
def password() -> str:
    """The old one, and twice the new one."""
    return _password_form()


def _password_form(error: str = "") -> str:
    shortest = desk().directory.rules.get("password_shortest", SHORTEST)
    return render_template(
        "own/password.html", nav="office", shortest=shortest, error=error, due=passwords.is_due(desk(), session().row.started)
    )


@blueprint.post("/password")
@needs(EVERYBODY, early=True)
def password_now() -> Response:
    """From now on the new one holds on every device; all other sessions of this person end."""
    form = request.form
    try:
        if form.get("new", "") != form.get("again", ""):
            raise Refused("passwords-differ")
        g.session = passwords.change(desk(), session(), form.get("old", ""), form.get("new", ""))
    except REFUSALS as error:
        return refused(_password_form(told(error)), error)
    return proved(_back("password"))


# --- codes for another browser


@blueprint.get("/device-code")
@needs(EVERYBODY)
def device_code() -> str:
    """What a device code is for."""
    return _code_form("own/device_code.html")


def _code_form(template: str, error: str = "") -> str:
    spent = "spent" in request.args  # the last spare code was just used up: a new one is printed at once
    return render_template(template, nav="office", error=error, code="", expires=0, spent=spent)


@blueprint.post("/device-code")
@needs(EVERYBODY)
def device_code_now() -> Response:
    """The code, once: there is no address at which it could be read again."""
    try:
        code, expires = devices.make_code(desk(), request.form.get("password", ""))
    except REFUSALS as error:
        return refused(_code_form("own/device_code.html", told(error)), error)
    page = render_template(
        "own/device_code.html", nav="office", error="", code=code, expires=expires, login_id=desk().login_id,
        address=request.host_url,
    )  # fmt: skip
    return proved(make_response(page))


@blueprint.get("/spare-code")
@needs(EVERYBODY)
def spare_code() -> str:
    """What a spare code is for."""
    return _code_form("own/spare_code.html")


@blueprint.post("/spare-code")
@needs(EVERYBODY)
def spare_code_now() -> Response:
    """The code on a sheet to print, once."""
    try:
        code = devices.make_spare(desk(), request.form.get("password", ""))
    except REFUSALS as error:
        return refused(_code_form("own/spare_code.html", told(error)), error)
    page = render_template(
        "own/spare_sheet.html", code=code, login_id=desk().login_id, name=desk().own_name,
        address=request.host_url, made=moment(instance().now()),
    )  # fmt: skip
    return proved(make_response(page))
