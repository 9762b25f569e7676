"""Something on the disk is older than the journal, or was restored: everybody is told, an administrator confirms."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.errors import RolledBack, Throttled, WrongCredential
from vault.services import audit, confirming, restore_confirming, restore_notes
from vault.services.accounts import signing_in
from vault.web import words
from vault.web.addresses import ident
from vault.web.gate import desk, instance, needs, proved
from vault.web.pages import moment

RESTORES = frozenset({"restored", "restore-undone"})
blueprint = Blueprint("attention", __name__, url_prefix="/attention")


def _page(error: str = "", owner: str = "") -> str:
    found = None if owner else _found()
    restored = found is not None and found.code in RESTORES
    return render_template(
        "attention.html", what=words.sentence(found) if found else "", owner=owner, error=error,
        waiting=restore_notes.waiting(instance()) if restored else None, moment=moment,
        may_confirm=desk().may(Permission.MANAGE_OFFICE),
    )  # fmt: skip


def _found() -> RolledBack | None:
    """What waits to be confirmed: a database or keystore put back by hand before a restore, which may stand in it."""
    try:
        audit.check_whole(instance(), desk().stored)
        restore_notes.check(instance())
    except RolledBack as found:
        return found
    return None


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
    elif (found := _found()) is not None and found.code in RESTORES:
        restore_confirming.confirm(desk())
    else:
        confirming.confirm_whole(desk())
    instance().checked = None
    return proved(cast(Response, redirect(url_for("today.show"), 303)))
