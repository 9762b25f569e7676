"""Pages that wait because a number stands on them that nobody may keep: blacked out, let in, or left out."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.documents import Page
from vault.domain.scans import Area
from vault.errors import Conflict, NotFound, Refused, Throttled
from vault.services import documents, held_pages
from vault.services.documents import Content, DocumentPage
from vault.storage.uploads import HELD_DAYS
from vault.web import page_addresses, words
from vault.web.addresses import ident, whole_number
from vault.web.document_rows import label_text
from vault.web.gate import desk, needs
from vault.web.page_addresses import HELD

blueprint = Blueprint("blackout", __name__, url_prefix="/clients/<client>/documents/<document>/held/<int:number>")
WRITE = Permission.WRITE_DOCUMENTS
MOST_AREAS = 100


@blueprint.get("")
@needs(WRITE)
def show(client: str, document: str, number: int) -> Response:
    """A page that waits, with the numbers that were found on it marked."""
    return _page(client, document, number, None, "")


def _page(client: str, document: str, number: int, areas: list[Area] | None, error: str, status: int = 200) -> Response:
    """With the areas that somebody has drawn, else those that were found; what is settled by now is shown as it is."""
    page = documents.get(desk(), ident(client), ident(document))
    if number - 1 not in page.held.document.held:
        return _to(client, document, number)
    content = _content(page, number - 1)
    found = list(content.numbers) if content else []
    return make_response(render_template(
        "documents/blackout.html",
        **_about(page, number - 1),
        address=page_addresses.address(page.client_id, page.held.id, number - 1, HELD) if content else "",
        found=bool(found),
        areas=found if areas is None else areas,
        error=error,
    ), status)  # fmt: skip


def _content(page: DocumentPage, number: int) -> Content | None:
    """The page, or None where it has waited for too long."""
    with suppress(NotFound):
        return held_pages.page(desk(), page.client_id, page.held.id, number)
    return None


def _about(page: DocumentPage, number: int) -> dict[str, Any]:
    here: dict[str, Any] = {"client": page.client_id.hex(), "document": page.held.id.hex()}
    held, entry = page.held.document.held, page.held.document.pages[number]
    return {
        "nav": "clients", "client_name": page.client.name, "name": label_text(page.held), "version": page.held.version,
        "client_url": url_for("clients.show", client=here["client"]), "show_url": url_for("documents.show", **here),
        "action": url_for("blackout.settle", **here, number=number + 1), "width": entry.width, "height": entry.height,
        "number": number + 1, "waiting": len(held), "days": HELD_DAYS,
    }  # fmt: skip


@blueprint.post("")
@needs(WRITE)
def settle(client: str, document: str, number: int) -> Response:
    """Black out, let in as it is, or leave out; then the next page that waits."""
    entries = documents.entries(desk(), ident(client), ident(document))
    areas = _areas(entries[number - 1]) if 0 < number <= len(entries) else []
    try:
        _settle(ident(client), ident(document), number - 1, areas)
    except (Refused, Conflict, Throttled) as error:
        return _page(client, document, number, areas, words.sentence(error), 409 if isinstance(error, Conflict) else 400)
    except NotFound:  # a second click, or somebody else was faster
        return _to(client, document, number)
    return _next(client, document, number)


def _settle(client: bytes, document: bytes, number: int, areas: list[Area]) -> None:
    base, act = request.form.get("version", 0, type=whole_number), request.form.get("act", "")
    if act == "leave":
        held_pages.leave_out(desk(), client, document, number, base)
        return
    if act == "clear":
        if "looked" not in request.form:
            raise Refused("not-looked")
        areas = []
    elif not areas:
        raise Refused("nothing-blacked-out")
    held_pages.release(desk(), client, document, number, areas, base, "looked" in request.form)


def _areas(page: Page) -> list[Area]:
    """The ticked or drawn areas, in pixels of the page; what is no rectangle on it is none."""
    found = []
    for text in request.form.getlist("area")[:MOST_AREAS]:
        parts = text.split(",")
        if len(parts) == 4 and all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
            area = Area(*map(int, parts))
            found += [area] if area.width and area.height and area.left < page.width and area.top < page.height else []
    return found


def _next(client: str, document: str, number: int) -> Response:
    waiting = documents.get(desk(), ident(client), ident(document)).held.document.held
    if not waiting:
        return _to(client, document, number)
    following = next((each for each in waiting if each >= number), waiting[0])
    return cast(Response, redirect(url_for("blackout.show", client=client, document=document, number=following + 1), 303))


def _to(client: str, document: str, number: int) -> Response:
    return cast(Response, redirect(url_for("documents.show", client=client, document=document, p=number), 303))
