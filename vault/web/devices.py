"""登録端末: which browsers may sign in, who uses them, and how one is taken out of use."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.office import Named
from vault.errors import NotFound
from vault.services.accounts import devices
from vault.web import forms
from vault.web.addresses import ident
from vault.web.attempts import REFUSALS, refused, told
from vault.web.gate import desk, needs, prove_again

blueprint = Blueprint("devices", __name__, url_prefix="/devices")
ALL, OWN = Permission.MANAGE_DEVICES, Permission.READ_SAFETY


@blueprint.get("")
@needs(ALL)
def index() -> str:
    """Every device of the office."""
    found = devices.listed(desk(), everybody=True)
    return render_template(
        "devices/list.html", nav="office", devices=found, done=request.args.get("done", "")
    )


def _one(device: str) -> devices.Listed:
    """A device that this person may see; raises NotFound."""
    wanted = ident(device)
    found = devices.listed(desk(), everybody=desk().may(ALL))
    one = next((each for each in found if each.device == wanted), None)
    if one is None:
        raise NotFound("not-found")
    return one


def _from_own() -> bool:
    """Whether he came from his own devices: there he goes back to."""
    return "own" in request.values or not desk().may(ALL)


def _page(device: str, values: dict[str, Any], faults: dict[str, fields.Fault], error: str = "") -> str:
    found = _one(device)
    return render_template(
        "devices/show.html", nav="office", found=found, id=device, fields=fields.fields(Named),
        values=values or {"name": found.name}, faults=faults, error=error, from_own=_from_own(),
        everybody=desk().may(ALL), alone=[each.person for each in found.uses] == [desk().person],
    )  # fmt: skip


def _back(done: str) -> Response:
    target = "own.show" if _from_own() else "devices.index"
    return cast(Response, redirect(url_for(target, done=done), 303))


@blueprint.get("/<device>")
@needs(OWN)
def show(device: str) -> str:
    """One device: what it is called, and taking it out of use."""
    return _page(device, {}, {})


@blueprint.post("/<device>")
@needs(OWN)
def rename(device: str) -> Response:
    """Call it something else."""
    found, values = _one(device), forms.typed(request.form)
    reading = fields.read(Named, values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_page(device, values, reading.faults), 400)
    devices.rename(desk(), found.device, reading.record.name)
    return _back("named")


@blueprint.post("/<device>/remove")
@needs(OWN)
def remove(device: str) -> Response:
    """End its sessions and its slots. Whoever sits at it is signed out."""
    found = _one(device)
    try:
        prove_again(request.form.get("password", ""))
        devices.remove(desk(), found.device)
    except REFUSALS as error:
        return refused(_page(device, {}, {}, told(error)), error)
    return _back("removed")
