"""The office: its particulars, its recovery sheet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.merging import merged
from vault.domain.office import Colleague, Office
from vault.errors import Conflict
from vault.services import availability, backups, contract, operations, sessions
from vault.services import office as office_service
from vault.services.accounts import compartments, recovery
from vault.web import forms, words
from vault.web.addresses import whole_number
from vault.web.gate import desk, instance, needs, session
from vault.web.pages import moment
from vault.web.versions import labelled_differences

blueprint = Blueprint("office", __name__, url_prefix="/office")


@blueprint.get("")
@needs(Permission.READ_SAFETY)
def index() -> str:
    """What stands where: particulars, recovery sheet, state of the instance."""
    office, _, name = office_service.particulars(desk())
    return render_template(
        "office/index.html", nav="office", found=office, own_name=name, state=operations.state(desk()), moment=moment,
        may={each.value for each in Permission if desk().may(each)}, grants=compartments.grants(desk()),
        backup=backups.state(instance()), contract=contract.told(instance()),
        service_hours=availability.hours(instance()), availability=availability.shown(instance()),
    )  # fmt: skip


@blueprint.get("/recovery-sheet")
@needs(Permission.MANAGE_RECOVERY)
def recovery_sheet() -> str:
    """Ask for a new recovery sheet."""
    spent = "spent" in request.args  # the last spare code was just used up: a new one is printed at once
    return render_template("first_day/new_sheet.html", error="", first=False, spent=spent)


@blueprint.get("/particulars")
@needs(Permission.MANAGE_OFFICE, early=True)
def particulars() -> Response | str:
    """The office's own particulars."""
    if not recovery.is_confirmed(desk().stored.keystore):
        return cast(Response, redirect(url_for("first_day.sheet"), 303))
    office, version, name = office_service.particulars(desk())
    values: dict[str, Any] = fields.typed(office) if office else {}
    return _form({**values, "own_name": "" if name == desk().login_id else name}, {}, version)


def _form(values: dict[str, Any], faults: dict[str, fields.Fault], version: int, **more: Any) -> str:
    return render_template(
        "office/particulars.html",
        fields=fields.fields(Office),
        name_field=replace(fields.fields(Colleague)[0], name="own_name"),
        values=values,
        faults=faults,
        version=version,
        first=not office_service.has_particulars(instance()),
        **{"said": "", "theirs": [], **more},
    )


def _both(mine: Office, values: dict[str, Any], base: int, error: Conflict) -> str:
    """On top of what somebody else saved meanwhile: both are shown, and the next time this is kept."""
    now, version, _ = office_service.particulars(desk())
    if now is None:
        return _form(values, {}, version, said=words.sentence(error))
    before = office_service.particulars_before(desk(), base)
    both = merged(fields.typed(before) if before else {}, fields.typed(now), fields.typed(mine))
    theirs = labelled_differences(now, mine)
    return _form({**values, **both}, {}, version, theirs=theirs, said="" if theirs else words.sentence(error))


@blueprint.post("/particulars")
@needs(Permission.MANAGE_OFFICE, early=True)
def particulars_now() -> Response:
    """Save them."""
    values = forms.typed(request.form)
    confirmed = forms.renumbered_confirms(request.form)
    read = fields.read(Office, values, confirmed=confirmed)
    own = fields.read(Colleague, {"name": values.get("own_name", "")}, confirmed=confirmed)
    faults = {**read.faults, **({"own_name": own.faults["name"]} if "name" in own.faults else {})}
    version = request.form.get("version", 0, type=whole_number)
    if read.record is None or own.record is None:
        return make_response(_form(values, faults, version), 400)
    first = not office_service.has_particulars(instance())
    try:
        office_service.save_particulars(desk(), read.record, own.record, version)
    except Conflict as error:
        return make_response(_both(read.record, values, version, error), 409)
    held = session()
    assert held.payload is not None
    names = {**held.payload.names, "office": read.record.name, "kind": read.record.kind, "person": own.record.name}
    sessions.store(instance(), replace(held, payload=replace(held.payload, names=names)))
    return cast(Response, redirect(url_for("today.show" if first else "office.index"), 303))
