"""While somebody types: what he has typed is kept as a draft, looked at, and helped along. Answers are parts of pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.clients import Client, Corporation, Household
from vault.domain.fields import Fault
from vault.domain.policies import Policy, read_policy
from vault.domain.policies.usual import without_untouched
from vault.errors import NotFound
from vault.services import drafts_kept, policies
from vault.services.drafts_kept import CLIENT, Draft
from vault.storage import postal_codes
from vault.web import form_drafts, forms
from vault.web.addresses import ident, place_of, whole_number
from vault.web.gate import desk, needs

blueprint = Blueprint("typing", __name__, url_prefix="/typing")
OWNERS: dict[str, type[Client]] = {"Household": Household, "Corporation": Corporation}
WRITE_CLIENTS, WRITE_POLICIES = Permission.WRITE_CLIENTS, Permission.WRITE_POLICIES
# Who is still typing knows himself that something is missing.
_MISSING = frozenset({"required", "role-missing", "head-missing"})


@blueprint.post("/new/<owner>")
@needs(WRITE_CLIENTS)
def new_client(owner: str) -> Response:
    """What is typed of a client who is not registered yet."""
    if owner not in OWNERS:
        raise NotFound("not-found")
    title = request.form.get("name", "").strip()
    draft = Draft(CLIENT, form_drafts.form_id(request.form.to_dict()), owner=owner, title=title)
    return _answer(OWNERS[owner], draft, fields.read(OWNERS[owner], forms.typed(request.form), confirmed=_confirmed()).faults)


@blueprint.post("/<client>")
@needs(WRITE_CLIENTS)
def client(client: str) -> Response:
    """What is typed of a client."""
    record = policies.being_typed(desk(), ident(client)).client
    cls = type(record)
    values = {"compartment": "-", **forms.typed(request.form)}
    faults = fields.read(cls, values, confirmed=_confirmed(), before=record).faults
    return _answer(cls, Draft(CLIENT, client, client, cls.__name__, record.name, _version()), faults)


@blueprint.post("/<client>/policies")
@needs(WRITE_POLICIES)
def new_policy(client: str) -> Response:
    """What is typed of a policy that is not registered yet."""
    return _policy(client, form_drafts.form_id(request.form.to_dict()), 0)


@blueprint.post("/<client>/policies/<policy>")
@needs(WRITE_POLICIES)
def policy(client: str, policy: str) -> Response:
    """What is typed of a policy."""
    return _policy(client, ident(policy).hex(), _version())


def _policy(client: str, record: str, version: int) -> Response:
    page = policies.being_typed(desk(), ident(client))
    before = next((held.policy for held in page.policies if held.id.hex() == record), None)
    reading = read_policy(
        without_untouched(forms.typed(request.form)),
        client=page.client,
        others=[held.policy for held in page.policies if held.id.hex() != record],
        confirmed=_confirmed(),
        before=before,
    )
    return _answer(Policy, form_drafts.of_policy(page.client.name, client, record, version), reading.faults)


def _version() -> int:
    return request.form.get("version", 0, type=whole_number)


def _confirmed() -> set[str]:
    return forms.renumbered_confirms(request.form)


def _answer(cls: type[Any], draft: Draft, faults: Mapping[str, Fault]) -> Response:
    """Kept; and what is wrong with what stands there already, by the names of the boxes as they were sent."""
    kept, left_out = form_drafts.keep(cls, draft)
    places = forms.places(request.form)
    told = [(places(path), fault) for path, fault in faults.items() if fault.code not in _MISSING]
    return make_response(render_template("drafts/kept.html", at=form_drafts.at(kept), faults=told, left_out=left_out))


# --- going on, giving up


@blueprint.post("/drop")
@needs(WRITE_CLIENTS)
def drop() -> Response:
    """A draft is not wanted any more; back to the page that asked."""
    client, back = request.form.get("client", ""), request.form.get("back", "")
    drafts_kept.drop(desk(), ident(client).hex() if client else "", ident(request.form.get(form_drafts.FIELD, "")).hex())
    return cast(Response, redirect(back if place_of(back) else url_for("today.show"), 303))


# --- helped along


@blueprint.post("/postal-code")
@needs(WRITE_CLIENTS)
def postal_code() -> Response:
    """The address of a postal code, out of the table that lies here."""
    return make_response(render_template("drafts/address.html", address=postal_codes.address_of(request.form.get("code", ""))))


