"""ごみ箱: put in, looked at, brought back."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.services import bin, clients, policies, sessions
from vault.services.what_goes import label_of
from vault.web.addresses import ident, whole_number
from vault.web.attempts import REFUSALS, refused, told
from vault.web.gate import desk, instance, needs, session

blueprint = Blueprint("bin", __name__)
BIN = Permission.BIN


@blueprint.get("/bin")
@needs(BIN)
def index() -> str:
    """What lies there."""
    bin.sweep(desk())
    items = bin.listed(desk())
    return render_template(
        "bin/list.html", nav="office", items=items, label_of=label_of, days=bin.days(desk()),
        put=request.args.get("put", ""),
    )  # fmt: skip


@blueprint.get("/clients/<client>/bin")
@needs(BIN)
def client(client: str) -> str:
    """Ask before a client goes into the bin."""
    return _client_page(client, "")


def _client_page(client: str, error: str) -> str:
    page = clients.get(desk(), ident(client))
    return render_template(
        "bin/put.html", nav="clients", action=url_for("bin.put_client", client=client), name=page.client.name, policy="",
        version=page.version, policies=len(page.policies), back_url=url_for("clients.show", client=client),
        client_url="", days=bin.days(desk()), error=error,
    )  # fmt: skip


@blueprint.post("/clients/<client>/bin")
@needs(BIN)
def put_client(client: str) -> Response:
    """Into the bin with it."""
    try:
        bin.put(desk(), ident(client), ident(client), request.form.get("version", 0, type=whole_number))
    except REFUSALS as error:
        return refused(_client_page(client, told(error)), error)
    sessions.forget_client(instance(), session(), ident(client))
    return cast(Response, redirect(url_for("bin.index", put="client"), 303))


@blueprint.get("/clients/<client>/policies/<policy>/bin")
@needs(BIN)
def policy(client: str, policy: str) -> str:
    """Ask before a policy goes into the bin."""
    return _policy_page(client, policy, "")


def _policy_page(client: str, policy: str, error: str) -> str:
    page = policies.get(desk(), ident(client), ident(policy))
    return render_template(
        "bin/put.html", nav="clients", action=url_for("bin.put_policy", client=client, policy=policy), name=page.client.name,
        policy=label_of(page.held.policy), version=page.held.version, policies=0,
        back_url=url_for("policies.show", client=client, policy=policy),
        client_url=url_for("clients.show", client=client), days=bin.days(desk()), error=error,
    )  # fmt: skip


@blueprint.post("/clients/<client>/policies/<policy>/bin")
@needs(BIN)
def put_policy(client: str, policy: str) -> Response:
    """Into the bin with it."""
    try:
        bin.put(desk(), ident(client), ident(policy), request.form.get("version", 0, type=whole_number))
    except REFUSALS as error:
        return refused(_policy_page(client, policy, told(error)), error)
    return cast(Response, redirect(url_for("bin.index", put="policy"), 303))


@blueprint.post("/bin/back")
@needs(BIN)
def bring_back() -> Response:
    """Out of the bin; a second click finds it done."""
    owner, record = ident(request.form.get("client", "")), ident(request.form.get("record", ""))
    bin.bring_back(desk(), owner, record)
    if owner == record:
        return cast(Response, redirect(url_for("clients.show", client=owner.hex()), 303))
    return cast(Response, redirect(url_for("policies.show", client=owner.hex(), policy=record.hex()), 303))
