"""家族を追加: somebody who is child, parent, spouse, brother or sister of a person of a household."""

from __future__ import annotations

import secrets
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields, kin_proposals
from vault.domain.access import Permission
from vault.domain.clients import Client, Household, Member
from vault.domain.fields import Fault
from vault.domain.values import TypedDate, Unreadable, read_date
from vault.errors import Conflict, NotFound
from vault.services import clients
from vault.web import gone
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs

blueprint = Blueprint("family", __name__)
WRITE = Permission.WRITE_CLIENTS
ASKED = ("name", "kana", "sex", "birth", "relationship")


def _household(client: str) -> clients.Page:
    page = clients.get(desk(), ident(client))
    if not isinstance(page.client, Household):
        raise NotFound("not-found")
    return page


def _beside(page: clients.Page) -> Member:
    """The person beside whom somebody is added: the one that is named, or the first."""
    found = page.client.member(request.values.get("m", "")) or next(iter(page.client.members), None)
    if found is None:
        raise NotFound("not-found")
    return found


@blueprint.get("/clients/<client>/family/new")
@needs(WRITE)
def new(client: str) -> str:
    """A short form for one person."""
    page = _household(client)
    return _form(page, {"step": request.args.get("step", ""), "version": str(page.version)}, {})


def _form(page: clients.Page, values: dict[str, Any], faults: dict[str, Fault], others: bool = False) -> str:
    return render_template(
        "clients/family_new.html", nav="clients", client=page.client, client_id=page.id.hex(), beside=_beside(page),
        steps=kin_proposals.STEPS, boxes=fields.by_name(Member), asked=ASKED, values=values, faults=faults,
        others=others,
    )  # fmt: skip


@blueprint.post("/clients/<client>/family/new")
@needs(WRITE)
def add(client: str) -> Response:
    """Save the person as one more member."""
    return gone.kept(lambda: _add(client), client, client)


def _add(client: str) -> Response:
    page = _household(client)
    beside = _beside(page)
    values = {name: request.form.get(name, "") for name in (*ASKED, "step", "version")}
    if not values["relationship"].strip():
        values["relationship"] = _proposed(page.client, beside, values)
    read, faults = _with_member(page, values)
    if not values["relationship"].strip():
        faults["relationship"] = Fault("relationship-open")
    if faults or read is None:
        return make_response(_form(page, values, faults), 400)
    try:
        clients.save(desk(), page.id, read, request.form.get("version", 0, type=whole_number))
    except Conflict:
        now = _household(client)
        return make_response(_form(now, {**values, "version": str(now.version)}, {}, others=True), 409)
    return cast(Response, redirect(url_for("clients.show", client=client, m=read.members[-1].id, _anchor="family"), 303))


def _proposed(client: Client, beside: Member, values: dict[str, str]) -> str:
    return kin_proposals.proposed(client.members, beside, values["step"], values["sex"], _birth(values["birth"]))


def _birth(typed: str) -> Any:
    try:
        day: TypedDate = read_date(typed)
    except Unreadable:
        return None
    return day.value


def _with_member(page: clients.Page, values: dict[str, str]) -> tuple[Client | None, dict[str, Fault]]:
    """The client with one member more, and what is wrong with what was typed of this one, by box."""
    typed = fields.typed(page.client)
    made = {"id": secrets.token_hex(16), **{name: values[name] for name in ASKED}}
    prefix = f"members-{len(typed['members'])}-"
    typed = {**typed, "members": [*typed["members"], made], "compartment": page.compartment_id.hex()}
    confirmed = {prefix + name for name in ASKED if request.form.get(f"confirm-{name}")}
    reading = fields.read(type(page.client), typed, confirmed=confirmed, before=page.client)
    faults = {path.removeprefix(prefix): fault for path, fault in reading.faults.items() if path.startswith(prefix)}
    return reading.record, faults
