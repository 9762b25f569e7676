"""お預り証: receipts for originals, of one client and of all that one may open."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import deposits as domain
from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.deposits import Deposit, DepositItem, GiveBack, number_text
from vault.domain.merging import merged
from vault.errors import Conflict, Refused
from vault.services import clients, deposits, holdings
from vault.services.deposits import DepositPage
from vault.web import forms, gone, words
from vault.web.addresses import ident, whole_number
from vault.web.client_rows import label_of
from vault.web.gate import desk, needs
from vault.web.pages import day_to_type, short_moment, today
from vault.web.versions import labelled_differences, version_page

blueprint = Blueprint("deposits", __name__)
READ, WRITE = Permission.READ_DOCUMENTS, Permission.WRITE_DOCUMENTS


@blueprint.get("/deposits")
@needs(READ)
def index() -> str:
    """What is still here of all clients, and what went back of late."""
    here, late = deposits.listed(desk())
    return render_template(
        "deposits/list.html", nav="clients", here=here, late=late, days=domain.SHOWN_DAYS, number_text=number_text,
        day=today(),
    )  # fmt: skip


# --- one receipt


@blueprint.get("/clients/<client>/deposits/<deposit>")
@needs(READ)
def show(client: str, deposit: str) -> str:
    """One receipt, and what can be done with it."""
    return _show(client, deposit, "")


def _show(client: str, deposit: str, error: str) -> str:
    page = deposits.get(desk(), ident(client), ident(deposit))
    here: dict[str, Any] = {"client": client, "deposit": deposit}
    writes, prints = desk().may(WRITE), desk().may(Permission.PRINT)
    still = writes and not page.held.deposit.closed
    return render_template(
        "deposits/show.html",
        **_common(page),
        error=error,
        boxes=fields.by_name(Deposit),
        day=today(),
        taken_by=page.person,
        back_url=url_for("deposits.back", **here) if still else None,
        edit_url=url_for("deposits.edit", **here) if still else None,
        print_url=url_for("prints.choose", **here) if prints else None,
        again_url=url_for("deposits.again", **here) if writes else None,
        history=[
            {
                "at": short_moment(at),
                "who": who,
                "what": gettext("第%(n)s版", n=number),
                "url": url_for("deposits.version", number=number, **here),
            }
            for number, at, who in page.written
        ],
    )


def _common(page: DepositPage) -> dict[str, Any]:
    """What every page about one receipt shows."""
    client = page.client_id.hex()
    return {
        "nav": "clients", "client_name": page.client.name, "client_url": url_for("clients.show", client=client),
        "deposit": page.held.deposit, "number": number_text(page.held.deposit.number), "version": page.held.version,
        "show_url": url_for("deposits.show", client=client, deposit=page.held.id.hex()),
    }  # fmt: skip


@blueprint.get("/clients/<client>/deposits/<deposit>/versions/<int:number>")
@needs(READ)
def version(client: str, deposit: str, number: int) -> str:
    """One version of a receipt."""
    found = deposits.versions(desk(), ident(client), ident(deposit))
    back = url_for("deposits.show", client=client, deposit=deposit)
    return version_page(found, number, back, "deposits.version", client=client, deposit=deposit)


# --- the form


@blueprint.get("/clients/<client>/deposits/new")
@needs(WRITE)
def new(client: str) -> str:
    """A form with today, the client's name, and a day to give back filled in; with a policy where the address names one."""
    page = clients.get(desk(), ident(client))
    day = today()
    chosen = request.args.get("policy", "")
    values = {
        "received": day_to_type(day), "giver": page.client.name, "due": day_to_type(domain.due_on(day)),
        "items": [{"policy": chosen}] if chosen else [],
    }  # fmt: skip
    return _new_form(page, domain.with_policies(values, _policies(page)), {})


def _policies(page: clients.Page) -> dict[str, Any]:
    return {held.id.hex(): held.policy for held in page.policies}


def _form(page: clients.Page, values: dict[str, Any], faults: dict[str, fields.Fault], **more: Any) -> str:
    return render_template(
        "deposits/edit.html",
        nav="clients",
        boxes=fields.by_name(Deposit),
        values=values,
        faults=faults,
        client_name=page.client.name,
        client_url=url_for("clients.show", client=page.id.hex()),
        people=_people(page.client),
        choices=[(policy, label_of(held)) for policy, held in _policies(page).items()],
        **{"number": "", "gone": 0, "version": None, "theirs": None, "error": "", **more},
    )


def _people(client: Client) -> list[str]:
    return list(dict.fromkeys([client.name, *(member.name for member in client.members)]))


def _new_form(page: clients.Page, values: dict[str, Any], faults: dict[str, fields.Fault]) -> str:
    here = page.id.hex()
    action, back = url_for("deposits.create", client=here), url_for("clients.show", client=here)
    return _form(page, values, faults, action=action, back_url=back)


def _read(
    page: clients.Page, before: Deposit | None = None
) -> tuple[Deposit | None, dict[str, Any], dict[str, fields.Fault]]:
    """(the receipt or None, what was typed, the faults)."""
    values = domain.with_policies(forms.typed(request.form), _policies(page))
    confirmed = forms.renumbered_confirms(request.form)
    reading = fields.read(Deposit, values, confirmed=confirmed, before=before)
    fault = domain.received_fault(reading.record, today()) if reading.record else None
    return (None, values, {"received": fault}) if fault else (reading.record, values, reading.faults)


@blueprint.post("/clients/<client>/deposits/new")
@needs(WRITE)
def create(client: str) -> Response:
    """Save a new receipt; what comes next is printing it."""
    return gone.kept(lambda: _create(client), client, client)


def _create(client: str) -> Response:
    page = clients.get(desk(), ident(client))
    record, values, faults = _read(page)
    if record is None:
        return make_response(_new_form(page, values, faults), 400)
    return _to(client, deposits.create(desk(), page.id, record).hex())


def _to(client: str, deposit: str) -> Response:
    return cast(Response, redirect(url_for("deposits.show", client=client, deposit=deposit), 303))


@blueprint.get("/clients/<client>/deposits/<deposit>/edit")
@needs(WRITE)
def edit(client: str, deposit: str) -> Response | str:
    """The form of a receipt; what went back is not in it, and a closed one has none."""
    page, held = _held(client, deposit)
    if held.deposit.closed:
        return _to(client, deposit)
    return _edit_form(page, held, fields.typed(domain.open_part(held.deposit)), {}, held.version)


def _held(client: str, deposit: str) -> tuple[clients.Page, holdings.HeldDeposit]:
    found = deposits.get(desk(), ident(client), ident(deposit))
    return clients.get(desk(), ident(client)), found.held


def _edit_form(
    page: clients.Page, held: holdings.HeldDeposit, values: dict[str, Any], faults: dict[str, fields.Fault], base: int,
    **more: Any,
) -> str:  # fmt: skip
    here: dict[str, Any] = {"client": page.id.hex(), "deposit": held.id.hex()}
    action, back = url_for("deposits.save", **here), url_for("deposits.show", **here)
    told = {"number": number_text(held.deposit.number), "gone": len(held.deposit.gone), "version": base}
    return _form(page, values, faults, action=action, back_url=back, **told, **more)


@blueprint.post("/clients/<client>/deposits/<deposit>/edit")
@needs(WRITE)
def save(client: str, deposit: str) -> Response:
    """Correct a receipt; on top of somebody else's change both versions are shown."""
    return gone.kept(lambda: _save(client, deposit), client, deposit)


def _save(client: str, deposit: str) -> Response:
    page, held = _held(client, deposit)
    base = request.form.get("version", 0, type=whole_number)
    record, values, faults = _read(page, domain.open_part(held.deposit))
    if record is None:
        return make_response(_edit_form(page, held, values, faults, base), 400)
    try:
        deposits.save(desk(), page.id, held.id, record, base)
    except Conflict:
        return _both_sides(client, deposit, record, base)
    except Refused as error:
        said = {"error": words.sentence(error)}
        return make_response(_edit_form(page, held, values, {}, base, **said), 400)
    return _to(client, deposit)


def _both_sides(client: str, deposit: str, mine: Deposit, base: int) -> Response:
    page, held = _held(client, deposit)
    now, before = held.deposit, deposits.version_of(desk(), page.id, held.id, base)
    theirs = labelled_differences(domain.open_part(now), mine)
    both = merged(*(fields.typed(each) for each in (domain.open_part(before), domain.open_part(now), mine)))
    return make_response(_edit_form(page, held, both, {}, held.version, theirs=theirs), 409)


# --- giving back


@blueprint.get("/clients/<client>/deposits/<deposit>/back")
@needs(WRITE)
def back(client: str, deposit: str) -> Response | str:
    """Which papers go back, when, to whom and how: all of them today, unless said otherwise."""
    page = deposits.get(desk(), ident(client), ident(deposit))
    if page.held.deposit.closed:
        return _to(client, deposit)
    values = {"day": day_to_type(today()), "to": page.held.deposit.giver, "way": domain.WAYS[0]}
    return _back_form(page, values, {}, [item.id for item in page.held.deposit.here], page.held.version)


def _back_form(
    page: DepositPage, values: dict[str, Any], faults: dict[str, fields.Fault], ticked: list[str], base: int,
    error: str = "",
) -> str:  # fmt: skip
    return render_template(
        "deposits/back.html", **{**_common(page), "version": base}, fields=fields.fields(GiveBack), values=values,
        faults=faults, ticked=ticked, error=error, people=_people(page.client), item_boxes=fields.by_name(DepositItem),
    )  # fmt: skip


@blueprint.post("/clients/<client>/deposits/<deposit>/back")
@needs(WRITE)
def back_now(client: str, deposit: str) -> Response:
    """Note it; the receipt is closed with its last paper."""
    page = deposits.get(desk(), ident(client), ident(deposit))
    base, ticked = request.form.get("version", 0, type=whole_number), request.form.getlist("item")
    values = forms.typed(request.form)
    reading = fields.read(GiveBack, values, confirmed=forms.renumbered_confirms(request.form))
    said = reading.record
    late = domain.back_fault(page.held.deposit, said, today()) if said else None
    if said is None or late:
        faults = {"day": late} if late else reading.faults
        return make_response(_back_form(page, values, faults, ticked, base), 400)
    try:
        deposits.give_back(desk(), page.client_id, page.held.id, ticked, said, base)
    except (Conflict, Refused) as error:
        now = deposits.get(desk(), page.client_id, page.held.id)
        status = 409 if isinstance(error, Conflict) else 400
        return make_response(_back_form(now, values, {}, ticked, now.held.version, words.sentence(error)), status)
    return _to(client, deposit)


@blueprint.post("/clients/<client>/deposits/<deposit>/again")
@needs(WRITE)
def again(client: str, deposit: str) -> Response:
    """A paper noted as given back by mistake is still here."""
    base = request.form.get("version", 0, type=whole_number)
    try:
        deposits.keep_again(desk(), ident(client), ident(deposit), request.form.get("item", ""), base)
    except Conflict as error:
        return make_response(_show(client, deposit, words.sentence(error)), 409)
    return _to(client, deposit)
