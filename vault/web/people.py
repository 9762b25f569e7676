"""利用者: who works here, what each may do, and the sheet that a new person is handed."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import SHORTEST, Permission, Role
from vault.domain.fields import Fault, Reading
from vault.domain.office import Colleague, days_to_come
from vault.errors import Conflict
from vault.services import sessions
from vault.services.accounts import compartments, people
from vault.web import forms
from vault.web.addresses import ident, whole_number
from vault.web.attempts import REFUSALS, directory_version, refused, said_again, told
from vault.web.gate import desk, instance, needs, prove_again, session
from vault.web.pages import moment, today
from vault.web.person_rows import person_row, trainings
from vault.web.versions import labelled_differences

blueprint = Blueprint("people", __name__, url_prefix="/people")
PEOPLE = Permission.MANAGE_PEOPLE
# Who sees clients only by compartment: without one there is nothing for him to open.
BY_ROOM = frozenset({Role.HANDLER.value, Role.VIEWER.value})


@blueprint.get("")
@needs(PEOPLE)
def index() -> str:
    """Everybody."""
    rooms = dict(_rooms())
    return render_template(
        "people/list.html", nav="office", rows=[person_row(each, rooms) for each in people.listed(desk())],
        administrators=people.active_administrators(desk()),
    )  # fmt: skip


def _rooms() -> list[tuple[str, str]]:
    """(id, name) of every compartment of clients."""
    return [(each.id.hex(), each.name) for each in compartments.listed(desk())]


# --- a new person


@blueprint.get("/new")
@needs(PEOPLE)
def new() -> str:
    """An empty form; where there is one compartment it is chosen."""
    rooms = _rooms()
    return _new_form({}, [rooms[0][0]] if len(rooms) == 1 else [], {})


def _new_form(values: dict[str, Any], chosen: list[str], faults: dict[str, Fault], error: str = "") -> str:
    return render_template(
        "people/new.html", nav="office", fields=fields.fields(Colleague), values=values, faults=faults,
        rooms=_rooms(), chosen=chosen, error=error,
    )  # fmt: skip


@blueprint.post("/new")
@needs(PEOPLE)
def create() -> Response:
    """Make the person; the login sheet is shown next, and only in this session."""
    values, chosen = forms.typed(request.form), request.form.getlist("compartments")
    reading = _read(values)
    faults = {**reading.faults, **_role_faults(values.get("role", ""), chosen)}
    if reading.record is None or faults:
        return make_response(_new_form(values, chosen, faults), 400)
    try:
        prove_again(values.get("password", ""))
        sheet = people.create(desk(), reading.record, Role(values["role"]), [ident(each) for each in chosen])
    except REFUSALS as error:
        return refused(_new_form(values, chosen, {}, told(error)), error)
    return _to_sheet(sheet)


def _read(values: dict[str, Any], before: Colleague | None = None) -> Reading[Colleague]:
    """What was typed; nobody has signed or learnt anything on a day to come."""
    reading = fields.read(Colleague, values, confirmed=forms.renumbered_confirms(request.form), before=before)
    if reading.record is None:
        return reading
    early = fields.as_typed(Colleague, values, days_to_come(reading.record, today()))
    return Reading(None, early) if early else reading


def _role_faults(role: str, chosen: list[str]) -> dict[str, Fault]:
    if role not in {each.value for each in Role}:
        return {"role": Fault("choose-one")}
    return {"compartments": Fault("compartment-needed")} if role in BY_ROOM and not chosen else {}


def _to_sheet(sheet: sessions.LoginSheet) -> Response:
    g.session = sessions.keep_login_sheet(instance(), session(), sheet)
    return cast(Response, redirect(url_for("people.sheet", person=sheet.person.hex()), 303))


# --- one person


def _one(person: str, template: str, **more: Any) -> str:
    """A page about one person, with the row of the list and his name."""
    found = people.one(desk(), ident(person))
    own = found.person == desk().person
    return render_template(
        template, nav="office", id=person, name=found.colleague.name, own=own, found=found,
        p=person_row(found, dict(_rooms())), stopped=not found.active, **{"error": "", **more},
    )  # fmt: skip


def _back(person: str, done: str) -> Response:
    return cast(Response, redirect(url_for("people.show", person=person, done=done), 303))


@blueprint.get("/<person>")
@needs(PEOPLE)
def show(person: str) -> str:
    """What is noted of him, and what can be done."""
    found = people.one(desk(), ident(person))
    return _one(
        person, "people/show.html", trainings=trainings(found.colleague), note=found.colleague.note,
        last=found.active and not found.sheet_expires and found.role is Role.ADMINISTRATOR and people.active_administrators(desk()) == 1,
        sheet_here=_given(found.person) is not None,
        done=request.args.get("done", ""),
    )  # fmt: skip


@blueprint.get("/<person>/edit")
@needs(PEOPLE)
def edit(person: str) -> str:
    """Name, pledge, trainings."""
    found = people.one(desk(), ident(person))
    return _edit_form(person, fields.typed(found.colleague), found.version, {})


def _edit_form(
    person: str, values: dict[str, Any], version: int, faults: dict[str, Fault], **more: Any
) -> str:
    boxes = fields.fields(Colleague)
    told = {"fields": boxes, "values": values, "faults": faults, "version": version, "theirs": [], **more}
    return _one(person, "people/edit.html", **told)


@blueprint.post("/<person>/edit")
@needs(PEOPLE)
def note(person: str) -> Response:
    """Save them; on top of somebody else's change both are shown, and the next time ours is kept."""
    found = people.one(desk(), ident(person))
    values, base = forms.typed(request.form), request.form.get("version", 0, type=whole_number)
    reading = _read(values, found.colleague)
    if reading.record is None:
        return make_response(_edit_form(person, values, base, reading.faults), 400)
    try:
        people.note(desk(), found.person, reading.record, base)
    except REFUSALS as error:
        theirs = labelled_differences(found.colleague, reading.record)
        page = _edit_form(person, values, found.version, {}, error=told(error), theirs=theirs)
        return refused(page, error)
    return _back(person, "noted")


@blueprint.get("/<person>/role")
@needs(PEOPLE)
def role(person: str) -> str:
    """Role and compartments."""
    found = people.one(desk(), ident(person))
    return _role_form(person, found.role.value, [each.hex() for each in found.compartments], {})


def _role_form(person: str, value: str, chosen: list[str], faults: dict[str, Fault], **more: Any) -> str:
    told = {"role": value, "rooms": _rooms(), "chosen": chosen, "faults": faults, "theirs": [], **more}
    return _one(person, "people/role.html", **told)


def _differing(person: str, value: str, chosen: list[str]) -> list[tuple[str, str, str]]:
    """(label, what is saved by now, what was chosen here) where they differ."""
    found = people.one(desk(), ident(person))
    held = {each.hex() for each in found.compartments}
    saved, mine = (
        "、".join(name for room, name in _rooms() if room in kept)
        for kept in (held, set(chosen) if value in BY_ROOM else set())
    )
    rows = [
        (gettext("field.Colleague.role"), gettext("role." + found.role.value), gettext("role." + value)),
        (gettext("field.Colleague.compartments"), saved, mine),
    ]
    return [row for row in rows if row[1] != row[2]]


@blueprint.post("/<person>/role")
@needs(PEOPLE)
def change(person: str) -> Response:
    """From his next request on."""
    value, chosen = request.form.get("role", ""), request.form.getlist("compartments")
    faults = _role_faults(value, chosen)
    if faults:
        return make_response(_role_form(person, value, chosen, faults), 400)
    try:
        prove_again(request.form.get("password", ""))
        people.change(desk(), ident(person), Role(value), [ident(each) for each in chosen], directory_version())
    except REFUSALS as error:
        theirs = _differing(person, value, chosen) if isinstance(error, Conflict) else []
        return refused(_role_form(person, value, chosen, {}, theirs=theirs, **said_again(error)), error)
    return _back(person, "role")


@blueprint.get("/<person>/stop")
@needs(PEOPLE)
def stop(person: str) -> str:
    """What stopping him does."""
    return _one(person, "people/stop.html")


@blueprint.post("/<person>/stop")
@needs(PEOPLE)
def stop_now(person: str) -> Response:
    """A leaver."""
    try:
        prove_again(request.form.get("password", ""))
        people.stop(desk(), ident(person))
    except REFUSALS as error:
        return refused(_one(person, "people/stop.html", error=told(error)), error)
    return _back(person, "stopped")


# --- the login sheet


def _given(person: bytes) -> sessions.LoginSheet | None:
    """The sheet that this session holds; one that has served, or serves no more, is held no longer."""
    held = sessions.login_sheet(session(), person)
    if held is None or people.is_usable(desk(), held):
        return held
    g.session = sessions.drop_login_sheet(instance(), session(), person)
    return None


@blueprint.get("/<person>/re-enrol")
@needs(PEOPLE)
def reenrol(person: str) -> str:
    """What a new login sheet does."""
    return _one(person, "people/reenrol.html")


@blueprint.post("/<person>/re-enrol")
@needs(PEOPLE)
def reenrol_now(person: str) -> Response:
    """New keys and a new sheet for who has nothing left, or comes back."""
    try:
        prove_again(request.form.get("password", ""))
        sheet = people.reenrol(desk(), ident(person))
    except REFUSALS as error:
        return refused(_one(person, "people/reenrol.html", error=told(error)), error)
    return _to_sheet(sheet)


@blueprint.get("/<person>/sheet")
@needs(PEOPLE)
def sheet(person: str) -> str:
    """The sheet to print, while this session holds it."""
    given = _given(ident(person))
    if given is None:
        return _one(person, "people/sheet_gone.html")
    people.show_sheet(desk(), given.person)
    return render_template(
        "people/sheet.html", given=given, id=person, address=request.host_url, made=moment(instance().now()),
        shortest=desk().directory.rules.get("password_shortest", SHORTEST),
    )  # fmt: skip


@blueprint.post("/<person>/sheet")
@needs(PEOPLE)
def handed(person: str) -> Response:
    """Handed over: it exists on paper only."""
    g.session = sessions.drop_login_sheet(instance(), session(), ident(person))
    return _back(person, "handed")
