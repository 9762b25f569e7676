"""今日の仕事: which lines one wants to see, what is done about them, the same by months, and on paper."""

from __future__ import annotations

from calendar import SUNDAY, Calendar
from datetime import date
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.fields import Fault
from vault.domain.prints import CLOSING_SHEET, OfficeOrder
from vault.domain.tasks import Task
from vault.domain.values import TypedDate, add_months
from vault.domain.worklist import WINDOWS, WORDS, Choice, Line
from vault.errors import NotFound
from vault.services.worklist import lines, months, sheets, tasks
from vault.web import forms, orders
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs
from vault.web.pages import day_to_type, today
from vault.web.work_lines import part_of, row

blueprint = Blueprint("worklist", __name__)
READ, WRITE = Permission.READ_CLIENTS, Permission.WRITE_CLIENTS


# --- what one wants to see


@blueprint.post("/today/choice")
@needs(READ)
def choose() -> Response:
    """From now on the list shows this much of it; who and where is nobody's business but the person's, so no address says it."""
    values = {name: request.form.get(name, "") for name in ("handler", "compartment", "whose")}
    values["handler"] = request.form.get("only", values["handler"])
    days = request.form.get("days", 0, type=whole_number)
    reading = fields.read(Choice, values)
    if reading.record is not None and days in WINDOWS:
        lines.choose(desk(), Choice(days=days, **values))
    return _back(request.form.get("part", ""))


def _back(part: str, **more: Any) -> Response:
    return cast(Response, redirect(url_for("today.show", part=part_of(part), **more), 303))


# --- lines


@blueprint.get("/clients/<client>/due/<sort>/<record>/<int:nth>")
@needs(READ)
def line(client: str, sort: str, record: str, nth: int) -> str:
    """A line, and the form with what is to be done about it."""
    return _line(client, sort, record, nth, {}, {})


def _line(client: str, sort: str, record: str, nth: int, values: dict[str, Any], faults: dict[str, Fault]) -> str:
    if sort not in WORDS:
        raise NotFound("not-found")
    shown = lines.one(desk(), ident(client), WORDS[sort], ident(record), nth)
    known = {"due": day_to_type(shown.line.day)}
    return render_template(
        "worklist/line.html", nav="today", row=row(shown, today()), client_name=shown.client.name,
        client_url=url_for("clients.show", client=client), boxes=fields.by_name(Task), values=values or known,
        faults=faults, colleagues=lines.colleagues(desk()), writes=desk().may(WRITE), part=part_of(request.args.get("part", "")),
        action=url_for("worklist.answer", client=client, sort=sort, record=record, nth=nth),
    )  # fmt: skip


@blueprint.post("/clients/<client>/due/<sort>/<record>/<int:nth>")
@needs(WRITE)
def answer(client: str, sort: str, record: str, nth: int) -> Response:
    """Put it off, hand it over, write something beside it; or all of that, and it is done."""
    values = forms.typed(request.form)
    reading = fields.read(Task, {name: values.get(name, "") for name in ("due", "assignee", "note")})
    if sort not in WORDS:
        raise NotFound("not-found")
    if reading.record is None:
        return make_response(_line(client, sort, record, nth, values, reading.faults), 400)
    shown = lines.one(desk(), ident(client), WORDS[sort], ident(record), nth)
    done = TypedDate.of(today()) if request.form.get("act") == "done" else None
    tasks.answer(desk(), shown.line, reading.record, done)
    return _back(request.form.get("part", ""), said="done" if done else "kept")


@blueprint.post("/today/done")
@needs(WRITE)
def done() -> Response:
    """One click: it is done."""
    owner, part = ident(request.form.get("client", "")), request.form.get("part", "")
    try:
        answered = Line.of(owner, request.form.get("line", ""))
    except ValueError as error:
        raise NotFound("not-found") from error
    made = tasks.finish(desk(), answered, today())
    return _back(part, said="done", client=owner.hex(), task=made.hex(), at=request.form.get("at", 0, type=whole_number))


@blueprint.post("/today/reopen")
@needs(WRITE)
def reopen() -> Response:
    """It is to be done after all."""
    tasks.reopen(desk(), ident(request.form.get("client", "")), ident(request.form.get("task", "")))
    return _back(request.form.get("part", ""), said="reopened", at=request.form.get("at", 0, type=whole_number))


# --- by months


def _day(text: str) -> date | None:
    """2026-11-21; None for anything else."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _month(text: str) -> date | None:
    """The first day of 2026-11; None for anything else."""
    return _day(f"{text}-01")


@blueprint.get("/today/calendar")
@needs(READ)
def calendar() -> str:
    """A month, with what falls due on each day."""
    first = _month(request.args.get("m", "")) or today().replace(day=1)
    if not date.min.year + 1 < first.year < date.max.year - 1:
        raise NotFound("not-found")
    day = _day(request.args.get("d", "")) or (today() if today().replace(day=1) == first else None)
    choice = lines.chosen(desk())
    found = months.month(desk(), choice, first, day, request.args.get("page", 1, type=whole_number))
    return render_template(
        "worklist/calendar.html", nav="today", first=first, day=day, choice=choice, found=found,
        weeks=Calendar(SUNDAY).monthdatescalendar(first.year, first.month), holidays=_holidays(first),
        before=add_months(first, -1), after=add_months(first, 1), rows=[row(each, today()) for each in found.rows],
        writes=desk().may(WRITE),
    )  # fmt: skip


def _holidays(first: date) -> dict[date, str]:
    import jpholiday  # takes a while, and only the calendar wants it

    return dict(jpholiday.month_holidays(first.year, first.month))


@blueprint.get("/today/closings")
@needs(READ)
def closings() -> str:
    """The corporations by the month in which they close their books."""
    wanted = _month(request.args.get("m", ""))
    choice = lines.chosen(desk())
    found = months.closings(desk(), choice, today(), wanted, request.args.get("page", 1, type=whole_number))
    return render_template(
        "worklist/closings.html", nav="today", found=found, choice=choice, prints=desk().may(Permission.PRINT)
    )


# --- on paper


@blueprint.get("/today/print")
@needs(Permission.PRINT)
def order() -> str:
    """Ask for purpose and addressee before a part of the list is printed."""
    return _order(part_of(request.args.get("part", "")), {}, {})


def _order(part: str, values: dict[str, Any], faults: dict[str, Fault]) -> str:
    action, back = url_for("worklist.make", part=part), url_for("today.show", part=part)
    return orders.order_page(sheets.sheet_of(part), action, back, nav="today", values=values, faults=faults)


@blueprint.post("/today/print")
@needs(Permission.PRINT)
def make() -> Response:
    """The ledger row first, then the sheet."""
    part = part_of(request.args.get("part", ""))
    record, values, faults = orders.read(OfficeOrder, request.form)
    if record is None:
        return make_response(_order(part, values, faults), 400)
    made = sheets.print_part(desk(), part, record, today())
    return make_response(render_template(
        "worklist/sheet.html", part=part, rows=[row(each, today()) for each in made.rows], total=made.total,
        choice=made.choice, **orders.paper(made.sheet, url_for("today.show", part=part), "landscape"),
    ))  # fmt: skip


@blueprint.get("/today/closings/print")
@needs(Permission.PRINT)
def closings_order() -> str:
    """The same for the corporations of a month."""
    return _closings_order(request.args.get("m", ""), {}, {})


def _closings_order(month: str, values: dict[str, Any], faults: dict[str, Fault]) -> str:
    here: dict[str, Any] = {"m": month if _month(month) else None}
    action, back = url_for("worklist.closings_make", **here), url_for("worklist.closings", **here)
    return orders.order_page(CLOSING_SHEET, action, back, nav="today", values=values, faults=faults)


@blueprint.post("/today/closings/print")
@needs(Permission.PRINT)
def closings_make() -> Response:
    """The ledger row first, then the sheet."""
    month = request.args.get("m", "")
    record, values, faults = orders.read(OfficeOrder, request.form)
    if record is None:
        return make_response(_closings_order(month, values, faults), 400)
    made = sheets.print_closings(desk(), _month(month), record, today())
    back = url_for("worklist.closings", m=made.month.strftime("%Y-%m"))
    return make_response(render_template("worklist/closings_sheet.html", made=made, **orders.paper(made.sheet, back)))
