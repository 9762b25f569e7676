"""The first day: the first password, the recovery sheet, two groups of it typed back."""

from __future__ import annotations

import os
from typing import cast

import segno
from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from markupsafe import Markup

from vault.domain.access import SHORTEST, Permission
from vault.errors import KuraError, Refused, Throttled, WrongCredential
from vault.services import office as office_service
from vault.services.accounts import announcements, beginning, recovery, registering, signing_in
from vault.web import words
from vault.web.browsers import device_name
from vault.web.gate import (
    activation,
    desk,
    device_secret,
    first_password,
    instance,
    let_in,
    needs,
    proved,
    registered,
    session,
)
from vault.web.pages import moment

blueprint = Blueprint("first_day", __name__)


@blueprint.get("/first-password")
@activation
def password() -> str:
    """Choose the first password; until then nothing else is reachable."""
    return _password_page()


def _password_page(error: KuraError | None = None) -> str:
    tried = request.args.get("tried", "", type=str)
    return render_template(
        "first_day/password.html",
        error=words.sentence(error) if error else "",
        shortest=SHORTEST,
        tried=moment(int(tried)) if tried.isdecimal() and len(tried) < 12 else "",
    )


@blueprint.post("/first-password")
@activation
def password_now() -> Response:
    """The beginning: keys come into being here."""
    chosen = request.form.get("password", "")
    try:
        if chosen != request.form.get("again", ""):
            raise Refused("passwords-differ")
        name = device_name(request.user_agent.string)
        begun = beginning.begin(instance(), chosen, device_secret(), os.urandom(32), g.origin, name)
    except (Refused, WrongCredential, Throttled) as error:
        return make_response(_password_page(error), 400)
    return let_in(cast(Response, redirect(url_for("first_day.sheet"), 303)), begun.cookie, begun.device_secret)


@blueprint.get("/own-password")
@first_password
def own_password() -> str:
    """Choose a password of one's own; until then nothing else is reachable."""
    return _own_password_page()


def _own_password_page(error: KuraError | None = None) -> str:
    shortest = instance().keyring.rule("password_shortest", SHORTEST)
    said = words.sentence(error) if error else ""
    return render_template("first_day/own_password.html", error=said, shortest=shortest)


@blueprint.post("/own-password")
@first_password
def own_password_now() -> Response:
    """The login sheet opens nothing from here on."""
    chosen = request.form.get("password", "")
    try:
        if chosen != request.form.get("again", ""):
            raise Refused("passwords-differ")
        done = registering.choose_password(
            instance(), session(), chosen, device_secret(), os.urandom(32), g.origin,
            device_name(request.user_agent.string),
        )  # fmt: skip
    except (Refused, WrongCredential, Throttled) as error:
        return make_response(_own_password_page(error), 400)
    return registered(done)


@blueprint.get("/first-day/sheet")
@needs(Permission.MANAGE_RECOVERY, early=True)
def sheet() -> Response | str:
    """The recovery sheet to print, and the question for two groups of it."""
    if session().payload is None or not session().payload.waiting.sheet:  # type: ignore[union-attr]
        if recovery.is_confirmed(desk().stored.keystore):
            return cast(Response, redirect(url_for("office.index"), 303))
        return _new_sheet_page()
    return _sheet_page()


def _new_sheet_page(error: KuraError | None = None) -> str:
    """Asks for the password before a new sheet, and tells who was led here why."""
    first = not recovery.is_confirmed(desk().stored.keystore)
    used = announcements.last_recovery(desk()) if first else None
    return render_template(
        "first_day/new_sheet.html", error=words.sentence(error) if error else "", first=first,
        used=used, own=used is not None and used[1] == desk().login_id,
    )  # fmt: skip


def _sheet_page(error: KuraError | None = None) -> str:
    waiting = session().payload.waiting  # type: ignore[union-attr]
    shown = recovery.printed(desk(), waiting)
    return render_template(
        "first_day/sheet.html",
        shown=shown,
        made=moment(shown.made),
        qr=_qr(" ".join(shown.groups)),
        again=bool(waiting.private),
        error=words.sentence(error) if error else "",
    )


def _qr(text: str) -> Markup:
    code = segno.make(text, error="m", micro=False)
    return Markup(code.svg_inline(scale=3, border=2, omitsize=False, svgclass="qr", lineclass=None))


@blueprint.post("/first-day/sheet")
@needs(Permission.MANAGE_RECOVERY, early=True)
def sheet_now() -> Response:
    """Two groups typed back."""
    form = request.form
    try:
        g.session = recovery.confirm_sheet(
            desk(), session(), (form.get("first", ""), form.get("second", "")), form.get("password", "")
        )
    except (WrongCredential, Throttled, Refused) as error:
        if error.code == "sheet-superseded":
            g.session = recovery.drop_sheet(instance(), session())
            return make_response(_new_sheet_page(error), 409)
        if not session().payload.waiting.sheet:  # type: ignore[union-attr]
            return cast(Response, redirect(url_for("first_day.sheet"), 303))
        return make_response(_sheet_page(error), 400)
    target = "office.index" if office_service.has_particulars(instance()) else "office.particulars"
    return proved(cast(Response, redirect(url_for(target), 303)))


@blueprint.post("/first-day/new-sheet")
@needs(Permission.MANAGE_RECOVERY, early=True)
def new_sheet() -> Response:
    """Make a new sheet and spare code: the password again, then as on the first day."""
    try:
        signing_in.prove(desk(), request.form.get("password", ""))
    except (WrongCredential, Throttled) as error:
        return make_response(_new_sheet_page(error), 403)
    g.session = recovery.make_sheet(desk(), session())
    return proved(cast(Response, redirect(url_for("first_day.sheet"), 303)))
