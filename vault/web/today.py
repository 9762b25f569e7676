"""今日の仕事: the page one lands on."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.prints import serial_text
from vault.services import bin, retention, sessions, told
from vault.services import today as service
from vault.services.accounts import announcements
from vault.services.worklist.lines import Listed
from vault.web import form_drafts, pages, work_lines
from vault.web.addresses import place_of, whole_number
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
    "policies-full": "space.show",
    "policies-nearly-full": "space.show",
}


@blueprint.get("")
@needs(Permission.READ_SAFETY)
def show() -> str:
    """What waits for the person, and where to go on."""
    bin.sweep(desk())
    retention.daily(desk())
    part = work_lines.part_of(request.args.get("part", ""))
    found = service.today(desk(), part, request.args.get("page", 1, type=whole_number))
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
        incidents=told.waiting(desk()),
        drafts=form_drafts.all_kept() if desk().may(Permission.WRITE_CLIENTS) else [],
        **_work(found.work),
        **_may(),
    )


def _work(work: Listed | None) -> dict[str, Any]:
    """What falls due, for who may read clients; and what was done a moment ago, to be taken back."""
    if work is None:
        return {"work": None}
    day, task, client = pages.today(), request.args.get("task", ""), request.args.get("client", "")
    return {
        "work": work, "lines": [work_lines.row(each, day) for each in work.rows], "rooms": work.rooms,
        "colleagues": work.colleagues, "mine": work.own_name, "said": request.args.get("said", ""),
        "undo": {"client": client, "task": task, "at": request.args.get("at", 0, type=whole_number)} if task and client else None,
        "at": min(request.args.get("at", 0, type=whole_number), len(work.rows) - 1) if "at" in request.args else None,
    }  # fmt: skip


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
        "prints": may(Permission.PRINT),
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
