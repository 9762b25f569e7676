"""表から取り込む: a spreadsheet chosen, its columns matched, and what stands on the way; rows and running are in
`importing_rows`.

The file comes as it is, after one line with the boxes: no form around it, of which a part could be spooled, and nothing
of it in an address. Answers to scripts are HTML that carries in `data-` attributes what they need.
"""

from __future__ import annotations

from typing import Any, cast
from urllib.parse import parse_qs

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain.importing import CLIENTS, PEOPLE, POLICIES, TARGETS, Table, label
from vault.errors import KuraError, Refused, Throttled
from vault.services import office
from vault.services.audit import Event
from vault.services.importing import columns, drafts, listing
from vault.services.importing.columns import Said
from vault.services.importing.drafts import IMPORT, LARGEST, Sheet
from vault.web import words
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs

blueprint = Blueprint("importing", __name__, url_prefix="/imports")
MIB = 1024 * 1024
HEAD = 4096  # bytes of the line before the file
LARGEST_PLAIN = 4  # MB of a file in a form
KINDS = (POLICIES, PEOPLE, CLIENTS)
SHOWN = 8  # rows of a table, by which a person tells what its columns are
WIDEST = 40  # letters of a cell


# --- what there is


@blueprint.get("")
@needs(IMPORT)
def index() -> str:
    """What is on its way, and what came in within the last days."""
    drafts.sweep(desk())
    own, done = listing.everything(desk())
    return render_template(
        "importing/index.html", nav="clients", drafts=own, done=done, new_url=url_for("importing.new"),
        dropped="dropped" in request.args,
    )  # fmt: skip


@blueprint.post("/<upload>/drop")
@needs(IMPORT)
def drop(upload: str) -> Response:
    """Give one up: its file is gone, what came in stays."""
    drafts.drop(desk(), ident(upload))
    return cast(Response, redirect(url_for("importing.index", dropped=1), 303))


# --- the file


@blueprint.get("/new")
@needs(IMPORT)
def new() -> str:
    """Which file, and into which compartment."""
    return _new_page("")


def _new_page(error: str) -> str:
    rooms = rooms_of()
    chosen = request.form.get("compartment", rooms[0][0] if rooms else "")
    return render_template(
        "importing/new.html", nav="clients", rooms=rooms, chosen=chosen, most=LARGEST // MIB, most_plain=LARGEST_PLAIN,
        error=error,
    )  # fmt: skip


def rooms_of() -> list[tuple[str, str]]:
    """The compartments that the person may open: id and name."""
    with desk().act(Event.IMPORT_OPENED, IMPORT) as act:
        names = office.compartment_names(act)
    return sorted(((c.hex(), names.get(c, "")) for c in desk().client_compartments()), key=lambda each: each[1])


@blueprint.post("/new")
@needs(IMPORT)
def create() -> Response:
    """Without scripts: a small file in a form."""
    file = request.files.get("file")
    try:
        made = drafts.begin(
            desk(), ident(request.form.get("compartment", "")), file.read() if file else b"", file.filename or "" if file else ""
        )
    except (Refused, Throttled) as error:
        return make_response(_new_page(words.sentence(error)), 429 if isinstance(error, Throttled) else 400)
    return cast(Response, redirect(url_for("importing.columns_of", upload=made.hex()), 303))


@blueprint.post("/send")
@needs(IMPORT, largest=LARGEST + HEAD)
def send() -> Response:
    """A file as it is, behind one line with the compartment and its name."""
    head, _, data = request.get_data(cache=False).partition(b"\n")
    told = parse_qs(head[:HEAD].decode("ascii", "replace"))
    try:
        made = drafts.begin(desk(), ident(told.get("compartment", [""])[0]), data, told.get("name", [""])[0])
    except (Refused, Throttled) as error:
        return make_response(refusal(error), 429 if isinstance(error, Throttled) else 400)
    return make_response(over(url_for("importing.columns_of", upload=made.hex())), 201)


def over(url: str) -> str:
    """For a script: done, and where it goes on."""
    return render_template("importing/step.html", url=url, step=None, said="", code="")


def refusal(error: KuraError) -> str:
    """For a script: why not."""
    return render_template("importing/step.html", url="", step=None, said=words.sentence(error), code=error.code)


# --- the columns


@blueprint.get("/<upload>/columns")
@needs(IMPORT)
def columns_of(upload: str) -> str:
    """Each table's first rows, and above each column what it is."""
    return _columns_page(upload, "")


@blueprint.post("/<upload>/columns")
@needs(IMPORT)
def match(upload: str) -> Response:
    """Keep what was said; then look at the rows, or at the columns as they are proposed now."""
    then = request.form.get("then", "again")
    state, _ = columns.look(desk(), ident(upload))
    said = [_said(number, sheet) for number, sheet in enumerate(state.sheets)]
    room, handler = ident(request.form.get("compartment", state.compartment)), request.form.get("handler", "").strip()[:120]
    try:
        columns.match(desk(), ident(upload), room, handler, said, then == "check")
    except Refused as error:
        return make_response(_columns_page(upload, words.sentence(error)), 400)
    to = "importing_rows.show" if then == "check" else "importing.columns_of"
    return cast(Response, redirect(url_for(to, upload=upload), 303))


def _said(number: int, sheet: Sheet) -> Said:
    form, before = request.form, sheet.matching
    what = form.get(f"what-{number}", before.what)
    beginning = f"column-{number}-"
    chosen = {
        int(name.removeprefix(beginning)): target for name, target in form.items()
        if name.startswith(beginning) and target and name.removeprefix(beginning).isdecimal() and len(name) < 40
    }  # fmt: skip
    first = form.get(f"head-{number}", before.first_row, type=whole_number)
    return Said(f"used-{number}" in form, first, what if what in KINDS else before.what, chosen)


def _columns_page(upload: str, error: str) -> str:
    state, tables = columns.look(desk(), ident(upload))
    return render_template(
        "importing/columns.html", nav="clients", upload=upload, file=state.file, handler=state.handler, rooms=rooms_of(),
        compartment=state.compartment, kinds=[(what, gettext("sheet-kind." + what)) for what in KINDS],
        groups={what: groups_of(what) for what in ("", *KINDS)}, error=error,
        sheets=[_sheet(*each) for each in zip(range(len(tables)), tables, state.sheets, strict=True)],
    )  # fmt: skip


def groups_of(what: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The targets of one kind of table by what they belong to: [(words, [(target, words)])]."""
    found: dict[str, list[tuple[str, str]]] = {}
    for target in TARGETS:
        if what in target.sheets:
            group = gettext("target-group." + target.name.partition(".")[0])
            found.setdefault(group, []).append((target.name, gettext(label(target.name))))
    return list(found.items())


def _sheet(number: int, table: Table, sheet: Sheet) -> dict[str, Any]:
    first = sheet.matching.first_row
    below = [row for row in range(first + 1, len(table.rows)) if any(table.rows[row])][:SHOWN]
    return {
        "number": number, "name": table.name, "rows": len(table.rows), "hidden": table.hidden, "used": sheet.used,
        "what": sheet.matching.what, "first_row": first, "remembered": sheet.remembered, "shown": len(below),
        "remarks": table.remarks, "heads": [(row, _brief(table.rows[row])) for row in _heads(table, first)],
        "columns": [_column(table, sheet, column, below) for column in range(table.width)],
    }  # fmt: skip


def _heads(table: Table, first: int) -> list[int]:
    rows = {row for row in range(min(columns.HEADS, len(table.rows))) if any(table.rows[row])}
    return sorted(rows | {first})


def _brief(row: list[str]) -> str:
    told = " ".join(dict.fromkeys(cell.strip() for cell in row if cell.strip()))
    return told if len(told) <= WIDEST else told[:WIDEST] + "…"


def _column(table: Table, sheet: Sheet, column: int, rows: list[int]) -> dict[str, Any]:
    first = sheet.matching.first_row
    return {
        "number": column, "heading": table.rows[first][column] if 0 <= first < len(table.rows) else "",
        "target": sheet.matching.columns.get(column, ""), "refused": column in table.refused_columns,
        "cells": [table.rows[row][column] for row in rows],
    }  # fmt: skip
