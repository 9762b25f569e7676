"""今日の仕事: the page one lands on."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.prints import serial_text
from vault.services import bin, retention, sessions
from vault.services import today as service
from vault.services.accounts import announcements
from vault.web import pages
from vault.web.addresses import place_of
from vault.web.gate import desk, instance, needs, session

blueprint = Blueprint("today", __name__, url_prefix="/today")
# Where what a remark speaks of is seen to.
PLACES = {
    "own-name": "office.particulars",
    "password-old": "own.password",
    "passwords-old": "people.index",
    "one-administrator": "people.index",
    "no-way-in": "people.index",
    "login-sheet-expiring": "people.index",
    "sheet-unconfirmed": "office.recovery_sheet",
    "sheet-old": "office.recovery_sheet",
    "sheet-outdated": "office.recovery_sheet",
    "grants-missing": "compartments.index",
    "documents-full": "space.show",
}


@blueprint.get("")
@needs(Permission.READ_SAFETY)
def show() -> str:
    """What waits for the person, and where to go on."""
    bin.sweep(desk())
    retention.daily(desk())
    found = service.today(desk())
    return render_template(
        "today/show.html",
        nav="today",
        papers=found.papers,
        months=found.inspections,
        remarks=[_remark(each) for each in found.remarks],
        clients=found.clients,
        due=found.due,
        deposits=found.deposits,
        day=pages.today(),
        serial_text=serial_text,
        **_may(),
    )


def _remark(remark: service.Remark) -> dict[str, Any]:
    place = PLACES.get(remark.code)
    return {
        "key": f"remark.{remark.code}",
        "n": remark.n,
        "names": "、".join(remark.names),
        "when": pages.moment(remark.at) if remark.at else "",
        "place": place,
        "url": url_for(place) if place else None,
    }


def _may() -> dict[str, bool]:
    """What of the page the person can do something with."""
    may = desk().may
    return {
        "reads": may(Permission.READ_CLIENTS),
        "writes": may(Permission.WRITE_CLIENTS),
        "approves": may(Permission.APPROVE_PRINTS),
        "inspects": may(Permission.SIGN_INSPECTION),
        "manages": may(Permission.MANAGE_OFFICE),
    }


@blueprint.post("/announced")
@needs(Permission.READ_SAFETY, early=True)
def announced() -> Response:
    """What was announced has been read; back to the page on which it was."""
    position = request.form.get("position", 0, type=int)
    announcements.read(desk(), position)
    sessions.drop_announced(instance(), session())
    back = request.form.get("back", "")
    return cast(Response, redirect(back if pages.tells_news(place_of(back)) else url_for("today.show"), 303))
