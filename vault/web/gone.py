"""A save of what was erased, or put into the bin, while somebody was typing: refused, with all that he typed kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from flask import Response, make_response, render_template, request

from vault.domain import dealings, fields
from vault.domain.clients import Client, Corporation, Household
from vault.domain.dealings import Dealing
from vault.domain.deposits import Deposit
from vault.domain.documents import Document
from vault.domain.policies import Policy
from vault.errors import NotFound
from vault.services import bin
from vault.web import forms
from vault.web.addresses import ident
from vault.web.dealing_rows import KINDS
from vault.web.gate import desk, note_refusal
from vault.web.versions import label


def kept(save: Callable[[], Response], client: str, record: str) -> Response:
    """What `save` answers; where the client or record (hex ids) is not there any more, a page with what was typed."""
    try:
        return save()
    except NotFound:
        told = list(_typed())
        if not told:
            raise
    note_refusal(404)
    return make_response(
        render_template(
            "bin/gone.html", nav="clients", told=told, action=request.path, binned=_binned(client, record),
            sent=[(name, text) for name, text in request.form.items(multi=True) if name != "csrf_token"],
        ),
        404,
    )  # fmt: skip


def _binned(client: str, record: str) -> bool:
    try:
        return bin.lies_there(desk(), ident(client), ident(record))
    except NotFound:
        return False


def _owner() -> type[Client | Policy | Deposit | Document | Dealing]:
    what = (request.view_args or {}).get("what")
    if what in KINDS:
        return dealings.KINDS[KINDS[what]]
    if "electronic" in request.form:
        return Document
    if "giver" in request.form:
        return Deposit
    if "insurer" in request.form:
        return Policy
    return Corporation if "closing_day" in request.form else Household


def _typed() -> Iterator[tuple[str, str]]:
    """(label, text) of every box in which something was typed."""
    owner, values = _owner(), forms.typed(request.form)
    for box in fields.fields(owner):
        value: Any = values.get(box.name, "")
        if isinstance(value, list) and box.of is not None:
            yield from _rows(owner, box, value)
        elif isinstance(value, str) and value.strip() and not box.hidden and box.name != "compartment":
            yield label(owner, box.name), value


def _rows(owner: type[Any], box: fields.Field, rows: list[dict[str, str]]) -> Iterator[tuple[str, str]]:
    shown = [each.name for each in fields.fields(box.of) if not each.hidden] if box.of else []
    for n, row in enumerate(rows):
        for name in shown:
            if row.get(name, "").strip():
                yield label(owner, f"{box.name}-{n}-{name}"), row[name]
