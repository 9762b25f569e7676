"""Clients: the list, one client, the form, earlier versions."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.clients import CORPORATION_MEMBER, HOUSEHOLD_MEMBER, Client, Corporation, Household
from vault.domain.deposits import number_text
from vault.domain.merging import merged
from vault.errors import Conflict, NotFound
from vault.services import clients, drafts_kept, office, sessions
from vault.services.audit import Event
from vault.web import dealing_rows, document_rows, form_drafts, forms, gone
from vault.web.addresses import ident, whole_number
from vault.web.client_rows import KANA_ROWS, initial_of, listed, show_values
from vault.web.family_rows import family_values
from vault.web.gate import desk, instance, needs, session
from vault.web.pages import Each, render_long, today
from vault.web.saved import just_saved, undone
from vault.web.versions import labelled_differences, typed_differences, version_page
from vault.web.words import word

blueprint = Blueprint("clients", __name__, url_prefix="/clients")
OWNERS: dict[str, type[Client]] = {"Household": Household, "Corporation": Corporation}
READ, WRITE = Permission.READ_CLIENTS, Permission.WRITE_CLIENTS


@blueprint.get("")
@needs(READ)
def index() -> str:
    """All clients, by kana."""
    heads = clients.list_clients(desk())
    chosen = request.args.get("initial", "")
    shown = [h for h in heads if not chosen or initial_of(h.client) == chosen]
    letters = [(gettext("すべて"), url_for("clients.index"))]
    letters += [(row, url_for("clients.index", initial=row)) for row in [*KANA_ROWS, "他"]]
    may = desk().may(WRITE)
    return render_long(
        "clients/list.html",
        nav="clients",
        clients=Each(listed, shown),
        total=len(heads),
        initials=letters,
        initial=chosen or gettext("すべて"),
        new_household_url=url_for("clients.new", owner="Household") if may else None,
        new_corporation_url=url_for("clients.new", owner="Corporation") if may else None,
        import_url=url_for("importing.index") if desk().may(Permission.IMPORT) else None,
        doubles_url=url_for("doubles.index") if may and heads else None,
    )


@blueprint.get("/<client>")
@needs(READ)
def show(client: str) -> str:
    """One client."""
    try:
        page = clients.get(desk(), ident(client))
    except NotFound:
        sessions.forget_client(instance(), session(), ident(client))  # it may have gone into the bin meanwhile
        raise
    sessions.remember_client(instance(), session(), page.id, page.client.name)
    may_write, may_print = desk().may(WRITE), desk().may(Permission.PRINT)
    return render_template(
        "clients/show.html",
        nav="clients",
        client=page.client,
        kind=page.kind,
        compartment=page.compartment,
        handler=page.client.handler,
        list_url=url_for("clients.index"),
        edit_url=url_for("clients.edit", client=client) if may_write else None,
        new_policy_url=url_for("policies.new", client=client) if may_write else None,
        saved=_saved(page) if may_write else None,
        print_url=url_for("prints.choose", client=client) if may_print else None,
        move_url=_move_url(client),
        merged_url=url_for("doubles.earlier", client=client) if page.merged else None,
        **_deposits(page),
        **_documents(page),
        dealt=dealing_rows.on_client(page, may_write),
        tasks=page.tasks,
        new_task_url=url_for("tasks.new", client=client) if may_write else None,
        **_ways_out(client),
        **show_values(page, today()),
        **family_values(page, today(), request.args.get("m", "")),
    )


def _saved(page: clients.Page) -> dict[str, Any] | None:
    """What was saved just now: the policy that the address names, else the client's own record."""
    client, policy = page.id.hex(), request.args.get("saved", "")
    held = next((each for each in page.policies if each.id.hex() == policy and each.version == 1), None)
    if held is None:
        return just_saved(page.written, url_for("clients.undo", client=client), page.united)
    undo = url_for("policies.undo", client=client, policy=policy)
    return {"at": "", "version": 1, "undo_url": undo, "new": True, "what": f"{held.policy.insurer} {word(held.policy.kind)}"}


def _move_url(client: str) -> str | None:
    may = desk().may(Permission.MOVE_CLIENTS) and len(desk().client_compartments()) > 1
    return url_for("compartments.move", client=client) if may else None


def _documents(page: clients.Page) -> dict[str, Any]:
    """The scanned papers, for who may read them, and where the next ones are taken in."""
    may_read, may_write = desk().may(Permission.READ_DOCUMENTS), desk().may(Permission.WRITE_DOCUMENTS)
    return {
        "documents": document_rows.rows(page.documents, page.id, page.policies) if may_read else [],
        "new_document_url": url_for("uploads.new", client=page.id.hex()) if may_write else None,
    }


def _deposits(page: clients.Page) -> dict[str, Any]:
    """The receipts for originals, for who may read them, and where the next one is entered."""
    may_read, may_write = desk().may(Permission.READ_DOCUMENTS), desk().may(Permission.WRITE_DOCUMENTS)
    return {
        "deposits": [(number_text(held.deposit.number), held) for held in page.deposits] if may_read else [],
        "new_deposit_url": url_for("deposits.new", client=page.id.hex()) if may_write else None,
        "client_id": page.id.hex(),
    }


def _ways_out(client: str) -> dict[str, str | None]:
    """Into the bin, and what administrators may erase."""
    may_erase = desk().may(Permission.ERASE)
    return {
        "erase_url": url_for("bin.client", client=client) if desk().may(Permission.BIN) else None,
        "erase_now_url": url_for("erasing.client", client=client) if may_erase else None,
        "erase_member_url": url_for("erasing.member", client=client) if may_erase else None,
    }


def _names() -> dict[str, str]:
    """Names of the clients this person may see, for the links that records keep as ids."""
    return {head.id.hex(): head.client.name for head in clients.list_clients(desk())}


# --- the form


def _form(owner: str, values: dict[str, Any], *, action: str, back: str, **more: Any) -> str:
    with desk().act(Event.CLIENTS_LISTED, READ) as act:
        names = office.compartment_names(act)
    rooms = [(c.hex(), names.get(c, "")) for c in desk().client_compartments()]
    if len(rooms) == 1 and not values.get("compartment"):
        values = {**values, "compartment": rooms[0][0]}
    others = [(h.id.hex(), c.name, c.handler) for h in clients.list_clients(desk()) for c in [h.client]]
    own = more.get("own", "")
    return render_template(
        "clients/edit.html",
        nav="clients",
        owner=owner,
        boxes=fields.by_name(OWNERS[owner]),
        member_boxes=CORPORATION_MEMBER if owner == "Corporation" else HOUSEHOLD_MEMBER,
        values=values,
        action=action,
        back_url=back,
        list_url=url_for("clients.index"),
        compartments=rooms,
        compartment_name=names.get(bytes.fromhex(values.get("compartment", "")), "") if own else "",
        handlers=sorted({handler for _, _, handler in others if handler}),
        other_clients=[(other, name) for other, name, _ in others if other != own] + more.pop("erased", []),
        **{"faults": {}, "client_name": "", "version": None, "switch_url": None, "theirs": None, "move_url": None, "offers": [], "draft_at": "", **more},
    )


@blueprint.get("/new/<owner>")
@needs(WRITE)
def new(owner: str) -> str:
    """An empty form."""
    if owner not in OWNERS:
        raise NotFound("not-found")
    draft = form_drafts.asked_for()
    if draft is not None and draft.owner == owner:
        return _new_form(owner, form_drafts.typed(draft), {}, draft_at=form_drafts.at(draft.at))
    values: dict[str, Any] = {"members": [{"relationship": "本人"}]} if owner == "Household" else {}
    return _new_form(owner, values, {}, offers=form_drafts.of_new("", drafts_kept.CLIENT, owner))


def _new_form(owner: str, values: dict[str, Any], faults: dict[str, fields.Fault], **more: Any) -> str:
    other = "Corporation" if owner == "Household" else "Household"
    return _form(
        owner,
        {**values, form_drafts.FIELD: form_drafts.form_id(values)},
        keep_url=url_for("typing.new_client", owner=owner),
        action=url_for("clients.create", owner=owner),
        back=url_for("clients.index"),
        faults=faults,
        switch_url=url_for("clients.new", owner=other),
        **more,
    )


@blueprint.post("/new/<owner>")
@needs(WRITE)
def create(owner: str) -> Response:
    """Save a new client."""
    if owner not in OWNERS:
        raise NotFound("not-found")
    values = forms.typed(request.form)
    reading = fields.read(OWNERS[owner], values, confirmed=forms.renumbered_confirms(request.form))
    if reading.record is None:
        return make_response(_new_form(owner, values, reading.faults), 400)
    made = clients.create(desk(), ident(reading.record.compartment), reading.record)
    form_drafts.done("", [str(values.get(form_drafts.FIELD, ""))])
    return cast(Response, redirect(url_for("clients.show", client=made.hex()), 303))


@blueprint.get("/<client>/edit")
@needs(WRITE)
def edit(client: str) -> str:
    """The form of an existing client."""
    page = clients.get(desk(), ident(client))
    draft = form_drafts.asked_for(client)
    if draft is not None:
        return _go_on(page, draft)
    return _edit_form(page, fields.typed(page.client), page.version, offers=form_drafts.of_record(client, client))


def _go_on(page: clients.Page, draft: drafts_kept.Draft) -> str:
    """The form with a draft; where somebody has saved since it was begun, with both sides, as on saving."""
    values, now = form_drafts.typed(draft), fields.typed(page.client)
    more: dict[str, Any] = {"draft_at": form_drafts.at(draft.at)}
    if draft.version != page.version:
        before = fields.typed(clients.version_of(desk(), page.id, page.id, draft.version))
        values = merged(before, now, {**now, **values})
        more["theirs"] = typed_differences(type(page.client), {**now, "compartment": ""}, {**values, "compartment": ""}, _names())
    return _edit_form(page, values, page.version, **more)


def _edit_form(page: clients.Page, values: dict[str, Any], version: int, **more: Any) -> str:
    return _form(
        type(page.client).__name__,
        {**values, "compartment": page.compartment_id.hex()},
        action=url_for("clients.save", client=page.id.hex()),
        back=url_for("clients.show", client=page.id.hex()),
        client_name=page.client.name,
        version=version,
        own=page.id.hex(),
        keep_url=url_for("typing.client", client=page.id.hex()),
        move_url=_move_url(page.id.hex()),
        erased=[(other.hex(), gettext("消去済み")) for other, _, name in page.related if not name],
        **more,
    )


@blueprint.post("/<client>/edit")
@needs(WRITE)
def save(client: str) -> Response:
    """Save a client; on top of somebody else's change both versions are shown."""
    return gone.kept(lambda: _save(client), client, client)


def _save(client: str) -> Response:
    page = clients.get(desk(), ident(client))
    here = page.compartment_id.hex()
    values = {"compartment": here, **forms.typed(request.form)}
    base = request.form.get("version", 0, type=whole_number)
    confirmed = forms.renumbered_confirms(request.form)
    reading = fields.read(type(page.client), values, confirmed=confirmed, before=page.client)
    # Another compartment is another key, which saving does not touch: it is refused here, never dropped.
    moved = {} if values["compartment"] == here else {"compartment": fields.Fault("compartment-by-move")}
    if reading.record is None or moved:
        return make_response(_edit_form(page, values, base, faults={**reading.faults, **moved}), 400)
    try:
        clients.save(desk(), page.id, reading.record, base)
    except Conflict:
        now = clients.get(desk(), page.id)
        theirs = labelled_differences(now.client, reading.record, _names())
        both = merged(
            fields.typed(clients.version_of(desk(), page.id, page.id, base)),
            fields.typed(now.client),
            fields.typed(reading.record),
        )
        return make_response(_edit_form(now, both, now.version, theirs=theirs), 409)
    form_drafts.done(client, [client])
    return cast(Response, redirect(url_for("clients.show", client=client), 303))


@blueprint.post("/<client>/undo")
@needs(WRITE)
def undo(client: str) -> Response:
    """Take the last save back: a new client goes into the bin, else the version before comes back."""
    return undone(client, client, url_for("clients.show", client=client))


# --- earlier versions


@blueprint.get("/<client>/versions/<int:number>")
@needs(READ)
def version(client: str, number: int) -> str:
    """One version of a client, with what changed against the one before."""
    found = clients.versions(desk(), ident(client), ident(client))
    return version_page(found, number, url_for("clients.show", client=client), "clients.version", names=_names(), client=client)
