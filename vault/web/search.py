"""横串検索: the box in the top bar, and the page with the conditions. What is asked never stands in an address."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.dealings import Dealing
from vault.domain.deposits import number_text
from vault.domain.documents import Document
from vault.domain.fields import Fault
from vault.domain.search import KeptSearch, Paper, Query
from vault.domain.tasks import Task
from vault.domain.values import money_text
from vault.errors import NotFound
from vault.services.search import kept
from vault.services.search.finding import Hit, Results, search
from vault.web import dealing_rows, forms
from vault.web.addresses import ident
from vault.web.gate import desk, needs
from vault.web.pages import today

blueprint = Blueprint("search", __name__, url_prefix="/search")
# Of what is found while somebody types as much as the eye takes in at once.
AT_A_GLANCE = 10
NAMES = tuple(box.name for box in fields.fields(Query))


@blueprint.get("")
@needs(Permission.SEARCH)
def index() -> str:
    """The conditions; with one that was put by, what answers it."""
    name = request.args.get("kept", "")
    if not name:
        return _page({}, {}, None)
    found = next((each for each in kept.listed(desk()) if each.id == ident(name)), None)
    if found is None:
        raise NotFound("not-found")
    query = found.search.query
    return _page(fields.typed(query), {}, search(desk(), query, today()), query.empty, found)


@blueprint.post("")
@needs(Permission.SEARCH)
def show() -> Response:
    """What answers, with why."""
    values = forms.typed(request.form)
    reading = fields.read(Query, values)
    if reading.record is None:
        return make_response(_page(values, reading.faults, None), 400)
    return make_response(_page(values, {}, search(desk(), reading.record, today()), reading.record.empty))


@blueprint.post("/found")
@needs(Permission.SEARCH)
def find() -> Response:
    """The first that answer, for the box in the top bar."""
    reading = fields.read(Query, {"words": request.form.get("words", "")})
    results = search(desk(), reading.record, today(), AT_A_GLANCE) if reading.record is not None else Results()
    return make_response(render_template("search/found.html", hits=[_shown(hit, {}) for hit in results.hits], results=results))


@blueprint.post("/keep")
@needs(Permission.SEARCH)
def keep() -> Response:
    """Put a search by under a name."""
    values = forms.typed(request.form)
    reading, named = fields.read(Query, values), fields.read(KeptSearch, {"name": values.get("name", "")})
    if reading.record is None or named.record is None:
        return make_response(_page(values, {**reading.faults, **named.faults}, None), 400)
    made = kept.keep(desk(), KeptSearch(name=named.record.name, query=reading.record))
    return cast(Response, redirect(url_for("search.index", kept=made.hex()), 303))


@blueprint.post("/drop")
@needs(Permission.SEARCH)
def drop() -> Response:
    """Take one away that was put by."""
    kept.drop(desk(), ident(request.form.get("kept", "")))
    return cast(Response, redirect(url_for("search.index"), 303))


def _page(
    values: dict[str, Any], faults: dict[str, Fault], results: Results | None, empty: bool = False,
    chosen: kept.Kept | None = None,
) -> str:  # fmt: skip
    mine, names = kept.beside(desk(), results is not None and not empty)
    rooms = {compartment.hex(): name for compartment, name in names.items()}
    return render_template(
        "search/show.html",
        nav="search",
        boxes=fields.by_name(Query),
        name_box=fields.by_name(KeptSearch)["name"],
        values={name: values.get(name, "") for name in (*NAMES, "name")},
        asked=results is not None and not empty,
        faults=faults,
        results=results,
        hits=[_shown(hit, rooms) for hit in results.hits] if results is not None else [],
        kept=mine,
        chosen=chosen,
        rooms=sorted(rooms.items(), key=lambda each: each[1]),
    )


def _shown(hit: Hit, rooms: dict[str, str]) -> dict[str, Any]:
    """A hit as a row of the page or a line of the list."""
    client, policy = hit.client_id.hex(), hit.policy
    told: dict[str, Any] = {
        "client": hit.client.name, "kana": hit.client.kana, "handler": hit.client.handler, "reasons": hit.reasons,
        "compartment": rooms.get(hit.compartment.hex(), ""), "client_url": url_for("clients.show", client=client), "policy": None, "paper": None,
        "url": url_for("clients.show", client=client),
    }  # fmt: skip
    if policy is not None:
        told["url"] = url_for("policies.show", client=client, policy=hit.record.hex())
        told["policy"] = {
            "kind": policy.kind, "insurer": policy.insurer, "number": policy.policy_number, "product": policy.product,
            "state": policy.state, "premium": money_text(policy.premium),
        }  # fmt: skip
    if hit.paper is not None:
        told["url"], told["paper"] = _paper(client, hit.record.hex(), hit.paper)
    return told


def _paper(client: str, record: str, paper: Paper) -> tuple[str, dict[str, Any]]:
    """(address, what is said of it) of a scanned paper, a receipt, a task or a dealing."""
    if isinstance(paper, Dealing):
        return dealing_rows.told(client, record, paper)
    if isinstance(paper, Task):
        return url_for("tasks.show", client=client, task=record), {"kind": "やること", "title": paper.what or paper.note, "number": ""}
    if isinstance(paper, Document):
        return url_for("documents.show", client=client, document=record), {"kind": paper.kind, "title": paper.title, "number": ""}
    return url_for("deposits.show", client=client, deposit=record), {
        "kind": "保険証券お預り証", "title": paper.giver, "number": number_text(paper.number),
    }  # fmt: skip
