"""表から取り込む: every row as it would come in, put right in place, and written; what came in, and taken back.

What takes long is answered line by line: a script shows how far it is, and who goes away stops it where it stands.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator
from contextlib import closing
from itertools import chain
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)

from vault.domain.access import Permission
from vault.errors import Forbidden, KuraError, NotFound, Refused, Throttled
from vault.services import capacity
from vault.services.importing import checking, drafts, results, running, showing, undoing
from vault.services.importing.drafts import IMPORT, Fix
from vault.services.importing.reading import Step
from vault.services.importing.results import Result
from vault.services.importing.settling import Asked
from vault.services.importing.showing import Place, Rows
from vault.web import import_lines, words
from vault.web.addresses import ident, whole_number
from vault.web.client_rows import label_of
from vault.web.gate import desk, instance, needs, session
from vault.web.traces import trace

blueprint = Blueprint("importing_rows", __name__, url_prefix="/imports/<upload>")
Steps = Generator[Step, None, None]
_CELL = re.compile(r"(\d{1,4})-(\d{1,7})-([a-z_]+\.[a-z_]+)\Z")
_ROW = re.compile(r"(\d{1,4})-(\d{1,7})\Z")


# --- the rows


@blueprint.get("")
@needs(IMPORT)
def show(upload: str) -> Response:
    """A page of the rows; before they were compared, the page that does so."""
    asked = request.args
    return _page(upload, _place(f"{asked.get('table', '')}:{asked.get('show', '')}:{asked.get('page', '')}"), "")


def _place(text: str) -> Place:
    """Out of `table:show:page`."""
    table, show, page = (text.split(":") + ["", "", ""])[:3]
    number = [int(each) if each.isdecimal() and len(each) < 8 else 0 for each in (table, page)]
    return Place(number[0], show if show in import_lines.STATES else "", number[1])


def _page(upload: str, place: Place, editing: str, template: str = "rows", error: str = "") -> Response:
    draft = drafts.opened(desk(), ident(upload))
    state = drafts.state(desk(), draft)
    if not state.matched:
        return cast(Response, redirect(url_for("importing.columns_of", upload=upload), 303))
    rows = showing.look(desk(), ident(upload), place)
    if rows is None:
        tables = drafts.tables(desk(), draft)
        count = sum(len(table.rows) for table, sheet in zip(tables, state.sheets, strict=True) if sheet.used)
        return make_response(
            render_template("importing/checking.html", nav="clients", upload=upload, file=state.file, rows=count)
        )
    return make_response(render_template(f"importing/{template}.html", **_values(upload, rows, editing), error=error))


def _values(upload: str, rows: Rows, editing: str) -> dict[str, Any]:
    here = rows.place

    def url_of(show: str, page: int = 1, table: int = here.table) -> str:
        return url_for("importing_rows.show", upload=upload, table=table, show=show or None, page=page if page > 1 else None)

    counts = [("", sum(rows.counts.values())), *((state, rows.counts.get(state, 0)) for state in import_lines.STATES)]
    return {
        "nav": "clients", "upload": upload, "file": rows.state.file, "room": rows.room, "show": here.show,
        "lines": import_lines.told(rows), "columns": import_lines.columns(rows), "kinds": counts,
        "sheet": here.table, "sheets": [(number, name, url_of("", table=number)) for number, name in rows.tables],
        "page": here.page, "pages": rows.pages, "url_of": url_of, "page_url": lambda page: url_of(here.show, page),
        "shown": rows.shown, "total": counts[0][1], "chosen": rows.chosen, "editing": editing, "done": rows.done, "capacity": rows.capacity, "adds": rows.adds, "over": rows.over,
        "at": f"{here.table}:{here.show}:{here.page}",
    }  # fmt: skip


@blueprint.post("/check")
@needs(IMPORT)
def check(upload: str) -> Response:
    """Read every row and compare it with what is recorded."""
    return _steps(checking.check(desk(), ident(upload)), url_for("importing_rows.show", upload=upload))


@blueprint.post("/rows")
@needs(IMPORT)
def fix(upload: str) -> Response:
    """Put cells right, answer what was asked, want rows or not: the rows as they are told then."""
    form = request.form
    place, editing = _place(form.get("at", "")), form.get("edit", "")
    try:
        _fixed(upload, place)
    except Refused as error:
        if "csrf_token" not in form:
            return make_response(render_template("importing/step.html", url="", step=None, said=words.sentence(error), code=error.code), 400)
        page = _page(upload, place, editing, error=words.sentence(error))
        page.status_code = 400
        return page
    return _page(upload, place, editing, "rows" if "csrf_token" in form else "answer")


def _fixed(upload: str, place: Place) -> None:
    form = request.form
    fixes = [
        Fix(table=int(found[1]), row=int(found[2]), target=found[3], text=text[:4000])
        for name, text in form.items() if name.startswith("fix-") and (found := _CELL.match(name[4:]))
    ]  # fmt: skip
    given, withdrawn = _asked(form.getlist("given")), _asked(form.getlist("withdrawn"))
    on, off = set(_rows(form.getlist("on"))), set(_rows(form.getlist("off")))
    for asked in _asked(form.getlist("all")):
        given += checking.same_question(desk(), ident(upload), asked)
    if "csrf_token" in form:  # without scripts each box of the page comes along, and what is ticked tells of what is not
        fixes = _new_ones(upload, fixes)
        given = [*given, *_asked(form.getlist("ask"))]
        off |= _unticked(upload, place, on)
    if fixes or given or withdrawn:
        checking.correct(desk(), ident(upload), fixes, given, withdrawn)
    if form.get("tick") in ("all", "none"):
        showing.tick_all(desk(), ident(upload), place, form["tick"] == "all")
    elif on or off:
        showing.tick(desk(), ident(upload), on, off)


def _unticked(upload: str, place: Place, on: set[tuple[int, int]]) -> set[tuple[int, int]]:
    """Rows of the page whose tick was taken away."""
    rows = showing.look(desk(), ident(upload), place)
    return rows.on - on if rows is not None else set()


def _new_ones(upload: str, fixes: list[Fix]) -> list[Fix]:
    """Those that say something else than the cell does."""
    draft = drafts.opened(desk(), ident(upload))
    state, tables = drafts.state(desk(), draft), drafts.tables(desk(), draft)
    return [each for each in fixes if each.text.strip() != import_lines.text_of(state, tables, each).strip()]


def _rows(given: Iterable[str]) -> Iterator[tuple[int, int]]:
    for text in given:
        if found := _ROW.match(text):
            yield int(found[1]), int(found[2])


def _asked(given: Iterable[str]) -> list[Asked]:
    found = (_CELL.match(text) for text in given)
    return [(int(each[1]), int(each[2]), each[3]) for each in found if each]


# --- written, and taken back


@blueprint.post("/run")
@needs(IMPORT)
def run(upload: str) -> Response:
    """Write the rows that are wanted."""
    return _steps(running.run(desk(), ident(upload)), url_for("importing_rows.result", upload=upload))


@blueprint.get("/result")
@needs(IMPORT)
def result(upload: str) -> str:
    """What came in."""
    found = results.look(desk(), ident(upload), request.args.get("page", 1, type=whole_number))
    return render_template(
        "importing/result.html", nav="clients", upload=upload, left=_left(upload), capacity=capacity.look(instance()),
        waiting=running.waiting(desk(), ident(upload)), **_result(upload, found),
    )  # fmt: skip


def _result(upload: str, found: Result) -> dict[str, Any]:
    return {
        "found": found, "room": found.room, "until": found.until, "page": found.page, "pages": found.pages,
        "shown": [{**vars(each), "url": _client_url(each.client, each.name)} for each in found.shown],
        "left_shown": [
            {"name": each.name, "why": each.why, "label": label_of(each.policy) if each.policy else "", "url": _client_url(each.client, each.name)}
            for each in found.left_shown
        ],
        "page_url": lambda page: url_for("importing_rows.result", upload=upload, page=page),
    }  # fmt: skip


def _client_url(client: bytes, name: str) -> str:
    return url_for("clients.show", client=client.hex()) if name else ""


def _left(upload: str) -> bool:
    """Whether the file is still there, with rows that did not come in."""
    try:
        drafts.opened(desk(), ident(upload))
    except NotFound:
        return False
    return True


@blueprint.post("/undo")
@needs(Permission.BIN)
def undo(upload: str) -> Response:
    """Take all of it back."""
    return _steps(undoing.undo(desk(), ident(upload)), url_for("importing_rows.result", upload=upload))


# --- step by step


def _steps(steps: Steps, url: str) -> Response:
    """A line for each step and a last one with where it goes on; without scripts all at once, and there."""
    if "csrf_token" in request.form:
        return _at_once(steps, url)
    try:
        first = next(steps, None)
    except (Refused, Throttled, NotFound) as error:
        status = {Throttled: 429, NotFound: 404}.get(type(error), 400)
        return make_response(_line(None, said=words.sentence(error), code=error.code), status)
    return Response(stream_with_context(_told(first, steps, url)), mimetype="text/html")


def _at_once(steps: Steps, url: str) -> Response:
    for _ in steps:
        _check_signed_in()
    return cast(Response, redirect(url, 303))


def _told(first: Step | None, steps: Steps, url: str) -> Iterator[str]:
    # Closed with the answer: a browser that goes away ends the work after the transaction it is in.
    with closing(steps):
        try:
            for step in chain([first] if first else [], steps):
                yield _line(step)
                _check_signed_in()
            yield _line(None, url=url)
        except KuraError as error:
            yield _line(None, said=words.sentence(error), code=error.code)
        except Exception as error:  # noqa: BLE001 - the head of the answer is sent: no page can take its place
            trace(error)
            yield _line(None, said=words.sentence(KuraError()), code="error")


def _line(step: Step | None, url: str = "", said: str = "", code: str = "") -> str:
    return render_template("importing/step.html", step=step, url=url, said=said, code=code) + "\n"


def _check_signed_in() -> None:
    """Raises Forbidden once the person has signed out: keys belong to a session."""
    row = session().row
    if not instance().sessions.has(row.person, row.device, instance().now()):
        raise Forbidden("session-ended")


