"""Pictures of scanned pages, each at an address of its own for ten minutes. No document is served as a file."""

from __future__ import annotations

from flask import Blueprint, Response, abort

from vault.domain.access import Permission
from vault.services import documents, held_pages
from vault.web import page_addresses
from vault.web.gate import desk, needs
from vault.web.page_addresses import HELD, SMALL

blueprint = Blueprint("pictures", __name__, url_prefix="/pages")


@blueprint.get("/<token>")
@needs(Permission.READ_DOCUMENTS)
def show(token: str) -> Response:
    """One picture, for the session that its address was made for."""
    wanted = page_addresses.read(token)
    if wanted.over:
        abort(410)
    place = (wanted.client, wanted.document, wanted.page)
    found = held_pages.page(desk(), *place) if wanted.kind == HELD else documents.page(desk(), *place)
    return Response(found.thumb if wanted.kind == SMALL else found.image, mimetype="image/jpeg")
