"""Something on the disk is older than the journal: everybody is told, an administrator confirms."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.errors import RolledBack, Throttled, WrongCredential
from vault.services import audit, confirming
from vault.services.accounts import signing_in
from vault.web import words
from vault.web.addresses import ident
from vault.web.gate import desk, instance, needs, proved

blueprint = Blueprint("attention", __name__, url_prefix="/attention")


def _page(error: str = "", owner: str = "") -> str:
    what = ""
    if not owner:
        try:
            audit.check_whole(instance(), desk().stored)
        except RolledBack as found:
            what = words.sentence(found)
    return render_template("attention.html", what=what, owner=owner, error=error,
                           may_confirm=desk().may(Permission.MANAGE_OFFICE))  # fmt: skip


@blueprint.get("")
@needs(Permission.READ_SAFETY, early=True)
def show() -> Response | str:
    """What was found."""
    page = _page(owner=request.args.get("owner", ""))
    return page


@blueprint.post("")
@needs(Permission.MANAGE_OFFICE, early=True)
def confirm() -> Response:
    """An administrator has looked and goes on with what is there."""
    owner = request.form.get("owner", "")
    try:
        signing_in.prove(desk(), request.form.get("password", ""))
    except (WrongCredential, Throttled) as error:
        return make_response(_page(words.sentence(error), owner), 403)
    if owner:
        confirming.confirm_client(desk(), ident(owner))
    else:
        confirming.confirm_whole(desk())
    instance().checked = None
    return proved(cast(Response, redirect(url_for("today.show"), 303)))
