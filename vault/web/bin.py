"""ごみ箱: put in, looked at, brought back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.dealings import Dealing, kind_of
from vault.domain.provisions import Provision
from vault.services import bin, clients, dealings, documents, policies, sessions
from vault.web import dealing_rows
from vault.web.addresses import ident, whole_number
from vault.web.attempts import REFUSALS, refused, told
from vault.web.client_rows import label_of
from vault.web.dealing_rows import at_each
from vault.web.document_rows import label_text, titled
from vault.web.gate import desk, instance, needs, session
from vault.web.pages import today

blueprint = Blueprint("bin", __name__)
BIN = Permission.BIN


@blueprint.get("/bin")
@needs(BIN)
def index() -> str:
    """What lies there."""
    bin.sweep(desk())
    items = bin.listed(desk())
    return render_template(
        "bin/list.html", nav="office", items=items, label_of=_label_of, place_of=_place_of, days=bin.days(desk()),
        put=request.args.get("put", ""),
    )  # fmt: skip


def _place_of(item: bin.Item) -> str:
    """What a form says of what is to be brought back, so that the answer leads there."""
    if item.dealing is not None:
        return dealing_rows.PLACES[kind_of(item.dealing)]
    return "document" if item.document is not None else ""


def _label_of(item: bin.Item) -> str:
    if item.document is not None:
        return titled(item.document)
    if item.dealing is not None:
        return dealing_rows.label_text(item.dealing)
    return label_of(item.policy) if item.policy is not None else item.name


@blueprint.get("/clients/<client>/bin")
@needs(BIN)
def client(client: str) -> str:
    """Ask before a client goes into the bin."""
    return _client_page(client, "")


def _client_page(client: str, error: str) -> str:
    page = clients.get(desk(), ident(client))
    return render_template(
        "bin/put.html", nav="clients", action=url_for("bin.put_client", client=client), name=page.client.name, policy="",
        version=page.version, policies=len(page.policies), documents=len(page.documents), dealings=len(page.dealings),
        deposits=sum(not held.deposit.closed for held in page.deposits), back_url=url_for("clients.show", client=client),
        client_url="", days=bin.days(desk()), error=error,
    )  # fmt: skip


@blueprint.post("/clients/<client>/bin")
@needs(BIN)
def put_client(client: str) -> Response:
    """Into the bin with it."""
    answer = _put(client, client, "client", lambda error: _client_page(client, error))
    if answer.status_code == 303:
        sessions.forget_client(instance(), session(), ident(client))
    return answer


def _put(client: str, record: str, what: str, page: Callable[[str], str]) -> Response:
    """Put it in and go there; refused, the page that asked, with why."""
    try:
        bin.put(desk(), ident(client), ident(record), request.form.get("version", 0, type=whole_number))
    except REFUSALS as error:
        return refused(page(told(error)), error)
    return cast(Response, redirect(url_for("bin.index", put=what), 303))


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
    return _put(client, policy, "policy", lambda error: _policy_page(client, policy, error))


@blueprint.get("/clients/<client>/documents/<document>/bin")
@needs(BIN)
def document(client: str, document: str) -> str:
    """Ask before a document goes into the bin."""
    return _document_page(client, document, "")


def _document_page(client: str, document: str, error: str) -> str:
    page = documents.get(desk(), ident(client), ident(document))
    return render_template(
        "bin/put.html", nav="clients", action=url_for("bin.put_document", client=client, document=document),
        name=page.client.name, document=label_text(page.held), version=page.held.version,
        back_url=url_for("documents.show", client=client, document=document),
        client_url=url_for("clients.show", client=client), days=bin.days(desk()), error=error,
    )  # fmt: skip


@blueprint.post("/clients/<client>/documents/<document>/bin")
@needs(BIN)
def put_document(client: str, document: str) -> Response:
    """Into the bin with it."""
    return _put(client, document, "document", lambda error: _document_page(client, document, error))


@at_each(blueprint, "/<record>/bin")
@needs(BIN)
def dealing(client: str, what: str, record: str) -> str:
    """Ask before a dealing goes into the bin."""
    return _dealing_page(client, what, record, "")


def _dealing_page(client: str, what: str, record: str, error: str) -> str:
    found = dealings.get(desk(), ident(client), dealing_rows.KINDS[what], ident(record))
    held = found.held.dealing
    return render_template(
        "bin/put.html", nav="clients", action=url_for("bin.put_dealing", client=client, what=what, record=record),
        name=found.page.client.name, dealing=dealing_rows.label_text(held), version=found.held.version,
        back_url=dealing_rows.address(client, found.held.kind, record), client_url=url_for("clients.show", client=client),
        days=bin.days(desk()), keep_until=_keep_until(held), error=error,
    )  # fmt: skip


def _keep_until(held: Dealing) -> date | None:
    """Until when a record has to be kept that somebody puts into the bin before."""
    return held.keep_until if isinstance(held, Provision) and held.keep_until > today() else None


@at_each(blueprint, "/<record>/bin", "POST")
@needs(BIN)
def put_dealing(client: str, what: str, record: str) -> Response:
    """Into the bin with it."""
    return _put(client, record, "dealing", lambda error: _dealing_page(client, what, record, error))


@blueprint.post("/bin/back")
@needs(BIN)
def bring_back() -> Response:
    """Out of the bin; a second click finds it done."""
    owner, record = ident(request.form.get("client", "")), ident(request.form.get("record", ""))
    bin.bring_back(desk(), owner, record)
    if owner == record:
        return cast(Response, redirect(url_for("clients.show", client=owner.hex()), 303))
    kind = dealing_rows.KINDS.get(request.form.get("what", ""))
    if kind is not None:
        return cast(Response, redirect(dealing_rows.address(owner.hex(), kind, record.hex()), 303))
    if request.form.get("what") == "document":
        return cast(Response, redirect(url_for("documents.show", client=owner.hex(), document=record.hex()), 303))
    return cast(Response, redirect(url_for("policies.show", client=owner.hex(), policy=record.hex()), 303))
