"""Scanned papers: looked at, described, blacked out, and beside a form what was read on them."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.documents import Document
from vault.domain.fields import Fault
from vault.errors import Conflict
from vault.services import documents
from vault.services.documents import DocumentPage
from vault.web import gone, page_addresses
from vault.web.addresses import ident, whole_number
from vault.web.client_rows import label_of
from vault.web.document_rows import kept_pages, label_text, page_rows, policy_choices, read_document, said
from vault.web.gate import desk, needs
from vault.web.page_addresses import SMALL
from vault.web.pages import short_moment
from vault.web.proposals import proposal_rows
from vault.web.versions import labelled_differences

blueprint = Blueprint("documents", __name__)
READ, WRITE = Permission.READ_DOCUMENTS, Permission.WRITE_DOCUMENTS
ONE = "/clients/<client>/documents/<document>"


# --- looked at


@blueprint.get(ONE)
@needs(READ)
def show(client: str, document: str) -> str:
    """One document: a page of it large, all of them small, and what is said of it."""
    page = documents.get(desk(), ident(client), ident(document))
    here: dict[str, Any] = {"client": client, "document": document}
    writes = desk().may(WRITE)
    return render_template(
        "documents/show.html",
        **_common(page),
        **_viewer(page, request.args.get("p", 0, type=whole_number) - 1),
        boxes=fields.fields(Document),
        policy=_policy_of(page),
        edit_url=url_for("documents.edit", **here) if writes else None,
        policy_url=url_for("policies.new", **here) if desk().may(Permission.WRITE_POLICIES) else None,
        print_url=url_for("prints.choose", **here) if desk().may(Permission.PRINT) else None,
        erase_url=url_for("bin.document", **here) if desk().may(Permission.BIN) else None,
        erase_now_url=url_for("erasing.document", **here) if desk().may(Permission.ERASE) else None,
        history=[(short_moment(at), who, number) for number, at, who in page.written],
    )


def _common(page: DocumentPage) -> dict[str, Any]:
    """What every page about one document shows."""
    client = page.client_id.hex()
    return {
        "nav": "clients", "client_name": page.client.name, "client_url": url_for("clients.show", client=client),
        "document": page.held.document, "name": label_text(page.held), "version": page.held.version,
        "show_url": url_for("documents.show", client=client, document=page.held.id.hex()),
    }  # fmt: skip


def _viewer(page: DocumentPage, asked: int) -> dict[str, Any]:
    """All pages, and the one that is shown large: the one asked for (from 0), else the first."""
    kept = kept_pages(page.held.document)
    number = asked if asked in kept else kept[0] if kept else 0
    pages = page_rows(page.held, page.client_id, number)
    shown = next((each for each in pages if each["chosen"]), None)
    text = ""
    if shown and not shown["held"]:
        text = said(documents.page(desk(), page.client_id, page.held.id, number).words)
    readings = url_for("documents.readings", token=_token(page)) if desk().may(Permission.WRITE_POLICIES) else ""
    return {"pages": pages, "shown": shown, "words": text, "readings_url": readings, "writes": desk().may(WRITE)}


def _token(page: DocumentPage) -> str:
    """Stands for having opened the document: what is asked for by it needs no further entry in the log."""
    return page_addresses.address(page.client_id, page.held.id, 0).rsplit("/", 1)[-1]


def _policy_of(page: DocumentPage) -> tuple[str, str] | None:
    """(words, address) of the policy that a document belongs to."""
    held = next((each for each in page.policies if each.id.hex() == page.held.document.policy), None)
    if held is None:
        return None
    return label_of(held.policy), url_for("policies.show", client=page.client_id.hex(), policy=held.id.hex())


@blueprint.get("/documents/pages/<token>")
@needs(READ)
def again(token: str) -> str:
    """New addresses for the pictures of a page that is being looked at, and its words.

    Asked for by an address that this session was given when it opened the document, in time or not: the log has that.
    """
    told = page_addresses.read(token)
    found = documents.page(desk(), told.client, told.document, told.page)
    return render_template(
        "documents/page.html",
        address=page_addresses.address(told.client, told.document, told.page),
        small=page_addresses.address(told.client, told.document, told.page, SMALL),
        words=said(found.words),
    )


# --- beside a form


@blueprint.get(f"{ONE}/beside")
@needs(READ)
def beside(client: str, document: str) -> str:
    """The viewer alone, for the pane beside the policy form."""
    page = documents.get(desk(), ident(client), ident(document))
    return render_template("documents/beside.html", **_common(page), **_viewer(page, 0))


@blueprint.get("/documents/readings/<token>")
@needs(Permission.WRITE_POLICIES)
def readings(token: str) -> str:
    """What was read on a document for the policy form, each with the piece of the picture that it stands on.

    With `page` (from 1), what that page says by itself.
    """
    told, asked = page_addresses.read(token), request.args.get("page", 0, type=whole_number)
    entries = documents.entries(desk(), told.client, told.document)
    found = documents.proposals(desk(), told.client, told.document, asked - 1 if asked else None)
    return render_template(
        "documents/readings.html",
        proposals=proposal_rows(found, entries, told.client, told.document),
        read=any(page.words for page in entries),
        several=sum(bool(page.object) for page in entries) > 1,
        only=bool(asked),
    )


# --- described


@blueprint.get(f"{ONE}/edit")
@needs(WRITE)
def edit(client: str, document: str) -> str:
    """The form of a document."""
    page = documents.get(desk(), ident(client), ident(document))
    said_now = {**fields.typed(page.held.document), "policy": page.held.document.policy}
    return _form(page, said_now, {}, page.held.version)


def _form(
    page: DocumentPage, values: dict[str, Any], faults: dict[str, Fault], base: int, **more: Any
) -> str:
    here: dict[str, Any] = {"client": page.client_id.hex(), "document": page.held.id.hex()}
    return render_template(
        "documents/edit.html",
        **{**_common(page), "version": base},
        boxes=fields.by_name(Document),
        values=values,
        faults=faults,
        action=url_for("documents.save", **here),
        choices=policy_choices(page.policies),
        **{"theirs": None, **more},
    )


@blueprint.post(f"{ONE}/edit")
@needs(WRITE)
def save(client: str, document: str) -> Response:
    """Save what is said of a document; on top of somebody else's change both are shown."""
    return gone.kept(lambda: _save(client, document), client, document)


def _save(client: str, document: str) -> Response:
    record, values, faults = read_document(request.form)
    base = request.form.get("version", 0, type=whole_number)
    if record is None:
        page = documents.get(desk(), ident(client), ident(document))
        return make_response(_form(page, values, faults, base), 400)
    try:
        documents.save(desk(), ident(client), ident(document), record, base)
    except Conflict:
        page = documents.get(desk(), ident(client), ident(document))
        theirs = _differences(page, record)
        return make_response(_form(page, values, {}, page.held.version, theirs=theirs), 409)
    return cast(Response, redirect(url_for("documents.show", client=client, document=document), 303))


def _differences(page: DocumentPage, mine: Document) -> list[tuple[str, str, str]]:
    """(label, what is saved, what was typed) where they differ, with the policy it belongs to."""
    now, named = page.held.document, dict(policy_choices(page.policies))
    theirs = labelled_differences(now, mine)
    if now.policy == mine.policy:
        return theirs
    return [*theirs, (gettext("契約"), named.get(now.policy, ""), named.get(mine.policy, ""))]
