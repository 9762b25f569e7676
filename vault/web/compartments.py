"""支店・部門: made, named, filled with members; a client moved from one to another."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission, Role
from vault.domain.fields import Fault
from vault.domain.office import Named
from vault.errors import Conflict, KuraError, NotFound
from vault.services import clients
from vault.services.accounts import compartments, people
from vault.web import forms
from vault.web.addresses import ident, whole_number
from vault.web.attempts import REFUSALS, directory_version, refused, said_again, told
from vault.web.gate import desk, needs, prove_again

blueprint = Blueprint("compartments", __name__, url_prefix="/compartments")
ROOMS = Permission.MANAGE_COMPARTMENTS


@blueprint.get("")
@needs(ROOMS)
def index() -> str:
    """All of them, with their members."""
    names = {each.person: each.colleague.name for each in people.listed(desk())}
    rows = [
        {"url": url_for("compartments.show", compartment=room.id.hex()), "name": room.name,
         "clients": room.clients, "members": [names[person] for person in room.members]}
        for room in compartments.listed(desk())
    ]  # fmt: skip
    grants = compartments.grants(desk())
    return render_template(
        "compartments/list.html", nav="office", rows=rows, grants=grants, done=request.args.get("done", "")
    )


def _one(compartment: str) -> compartments.Listed:
    wanted = ident(compartment)
    found = next((each for each in compartments.listed(desk()) if each.id == wanted), None)
    if found is None:
        raise NotFound("not-found")
    return found


def _back(done: str) -> Response:
    return cast(Response, redirect(url_for("compartments.index", done=done), 303))


# --- the name


@blueprint.get("/new")
@needs(ROOMS)
def new() -> str:
    """A name for a new one."""
    return _name_form({}, {})


def _name_form(
    values: dict[str, Any], faults: dict[str, Fault], compartment: str = "", error: str = ""
) -> str:
    found = _one(compartment) if compartment else None
    return render_template(
        "compartments/name.html", nav="office", fields=fields.fields(Named), values=values, faults=faults,
        error=error, id=compartment, name=found.name if found else "", version=found.version if found else 0,
    )  # fmt: skip


@blueprint.post("/new")
@needs(ROOMS)
def make() -> Response:
    """Empty and without members; administrators hold it at once."""
    values = forms.typed(request.form)
    reading = fields.read(Named, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_name_form(values, reading.faults), 400)
    try:
        made = compartments.make(desk(), reading.record.name)
    except REFUSALS as error:
        return refused(_name_form(values, {}, error=told(error)), error)
    return cast(Response, redirect(url_for("compartments.show", compartment=made.hex(), done="made"), 303))


@blueprint.get("/<compartment>/name")
@needs(ROOMS)
def name(compartment: str) -> str:
    """Another name."""
    return _name_form({"name": _one(compartment).name}, {}, compartment)


@blueprint.post("/<compartment>/name")
@needs(ROOMS)
def rename(compartment: str) -> Response:
    """Only what it is called changes."""
    values, found = forms.typed(request.form), _one(compartment)
    reading = fields.read(Named, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_name_form(values, reading.faults, compartment), 400)
    try:
        compartments.rename(desk(), found.id, reading.record.name, request.form.get("version", 0, type=whole_number))
    except REFUSALS as error:
        return refused(_name_form(values, {}, compartment, told(error)), error)
    return _back("named")


# --- the members


@blueprint.get("/<compartment>")
@needs(ROOMS)
def show(compartment: str) -> str:
    """Who may open its clients."""
    return _members_form(compartment, [person.hex() for person in _one(compartment).members])


def _members_form(compartment: str, chosen: list[str], error: KuraError | None = None) -> str:
    everybody = [each for each in people.listed(desk()) if each.active]
    bound = [each for each in everybody if each.role in (Role.HANDLER, Role.VIEWER)]
    found = _one(compartment)
    return render_template(
        "compartments/show.html", nav="office", found=found, id=compartment, chosen=chosen,
        theirs=_differing(bound, found, chosen) if isinstance(error, Conflict) else [],
        **(said_again(error) if error else {"error": ""}), persons=[(each.person.hex(), each.colleague.name, each.role.value) for each in bound],
        administrators=[each.colleague.name for each in everybody if each.role is Role.ADMINISTRATOR],
        done=request.args.get("done", ""),
    )  # fmt: skip


def _differing(
    bound: list[people.Listed], found: compartments.Listed, chosen: list[str]
) -> list[tuple[str, str, str]]:
    """(label, who may open it by now, who was chosen here) where they differ."""
    saved, mine = (
        "、".join(each.colleague.name for each in bound if each.person.hex() in kept)
        for kept in ({person.hex() for person in found.members}, chosen)
    )
    return [(gettext("開ける方(担当者と閲覧者)"), saved, mine)] if saved != mine else []


@blueprint.post("/<compartment>")
@needs(ROOMS)
def set_members(compartment: str) -> Response:
    """Just these, from their next request on."""
    chosen = request.form.getlist("members")
    try:
        prove_again(request.form.get("password", ""))
        compartments.set_members(desk(), ident(compartment), {ident(person) for person in chosen}, directory_version())
    except REFUSALS as error:
        return refused(_members_form(compartment, chosen, error), error)
    return _back("members")


# --- a client moved


@blueprint.get("/move/<client>")
@needs(Permission.MOVE_CLIENTS)
def move(client: str) -> str:
    """Where a client is to go."""
    return _move_form(client, "", {})


def _move_form(client: str, chosen: str, faults: dict[str, Fault], error: str = "") -> str:
    page = clients.get(desk(), ident(client))
    rooms = [
        (each.id.hex(), each.name) for each in compartments.listed(desk()) if each.id != page.compartment_id
    ]
    return render_template(
        "compartments/move.html", nav="clients", id=client, client_name=page.client.name,
        now=page.compartment, rooms=rooms, chosen=chosen, faults=faults, error=error,
    )  # fmt: skip


@blueprint.post("/move/<client>")
@needs(Permission.MOVE_CLIENTS)
def move_now(client: str) -> Response:
    """The same records, held by others."""
    chosen = request.form.get("compartment", "")
    if not chosen:
        return make_response(_move_form(client, "", {"compartment": Fault("choose-one")}), 400)
    try:
        prove_again(request.form.get("password", ""))
        compartments.move_client(desk(), ident(client), ident(chosen))
    except REFUSALS as error:
        return refused(_move_form(client, chosen, {}, told(error)), error)
    return cast(Response, redirect(url_for("clients.show", client=client), 303))
