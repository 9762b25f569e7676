"""応対履歴, 意向把握, 第三者提供の記録, 事故・請求 of a client: lists, one of them, its form, its earlier versions.

All four are entered and shown alike, so each view stands at four addresses, which tell it what it is about.
"""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import claims, contacts, fields
from vault.domain.access import Permission
from vault.domain.clients import Client, Corporation, Household
from vault.domain.contacts import Intention
from vault.domain.dealings import CLAIM, CONTACT, INTENTION, Dealing, late_faults
from vault.domain.dealings import KINDS as CLASSES
from vault.domain.merging import merged
from vault.domain.provisions import Provision
from vault.errors import Conflict
from vault.services import clients, dealings
from vault.services.dealings import DealingPage
from vault.web import dealing_rows, forms, gone
from vault.web.addresses import ident, whole_number
from vault.web.dealing_rows import KINDS, at_each, policy_names
from vault.web.gate import desk, instance, needs
from vault.web.pages import day_to_type, short_moment, today
from vault.web.versions import labelled_differences, version_page

blueprint = Blueprint("dealings", __name__)
READ, WRITE = Permission.READ_CLIENTS, Permission.WRITE_CLIENTS


@at_each(blueprint, "")
@needs(READ)
def index(client: str, what: str) -> str:
    """All of a kind, the newest first."""
    kind = KINDS[what]
    page = clients.get(desk(), ident(client), dealings.OPENED[kind])
    return render_template(
        "dealings/list.html", nav="clients", kind=kind, rows=dealing_rows.rows(page, page.dealt(kind)),
        client_name=page.client.name, client_url=url_for("clients.show", client=client),
        new_url=url_for("dealings.new", client=client, what=what) if desk().may(WRITE) else None,
    )  # fmt: skip


# --- one of them


@at_each(blueprint, "/<record>")
@needs(READ)
def show(client: str, what: str, record: str) -> str:
    """One dealing, every field that is filled."""
    found = dealings.get(desk(), ident(client), KINDS[what], ident(record))
    dealing = found.held.dealing
    here: dict[str, Any] = {"client": client, "what": what, "record": record}
    writes = desk().may(WRITE)
    return render_template(
        "dealings/show.html",
        **_common(found.page, what),
        dealing=dealing,
        title=dealing_rows.text_of(dealing),
        boxes=[box for box in fields.fields(type(dealing)) if not box.hidden],
        about=dealing_rows.about(dealing, policy_names(found.page.policies), client),
        sides=contacts.compared(dealing.first, dealing.final) if isinstance(dealing, Intention) and dealing.final else None,
        keep_until=dealing.keep_until if isinstance(dealing, Provision) else None,
        reads_sensitive=desk().may(Permission.READ_SENSITIVE),
        task=found.task,
        edit_url=url_for("dealings.edit", **here) if writes else None,
        bin_url=url_for("bin.dealing", **here) if desk().may(Permission.BIN) else None,
        history=_history(found, here),
    )


def _history(found: DealingPage, here: dict[str, Any]) -> list[dict[str, str]]:
    return [
        {
            "at": short_moment(at), "who": who, "what": gettext("第%(n)s版", n=number),
            "url": url_for("dealings.version", number=number, **here),
        }
        for number, at, who in found.written
    ]  # fmt: skip


def _common(page: clients.Page, what: str) -> dict[str, Any]:
    """What every page about a dealing shows."""
    client = page.id.hex()
    return {
        "nav": "clients", "kind": KINDS[what], "owner": CLASSES[KINDS[what]].__name__, "client_name": page.client.name,
        "client_id": client, "client_url": url_for("clients.show", client=client),
        "list_url": url_for("dealings.index", client=client, what=what),
    }  # fmt: skip


@at_each(blueprint, "/<record>/versions/<int:number>")
@needs(READ)
def version(client: str, what: str, record: str, number: int) -> str:
    """One version of a dealing."""
    here: dict[str, Any] = {"client": client, "what": what, "record": record}
    names = policy_names(clients.get(desk(), ident(client)).policies)
    found = dealings.versions(desk(), ident(client), KINDS[what], ident(record))
    return version_page(found, number, url_for("dealings.show", **here), "dealings.version", names=names, **here)


# --- the form


@at_each(blueprint, "/new")
@needs(WRITE)
def new(client: str, what: str) -> str:
    """A form with what is known filled in; with a policy where the address names one."""
    page = clients.get(desk(), ident(client))
    return _new_form(page, what, _begun(page, KINDS[what], request.args.get("policy", "")), {})


def _begun(page: clients.Page, kind: str, policy: str) -> dict[str, Any]:
    """What stands in a new form: today, the person at the desk, whom he most likely speaks to."""
    day, chosen = day_to_type(today()), policy if policy in policy_names(page.policies) else ""
    begun: dict[str, Any] = {"day": day, "handler": desk().own_name, "with_whom": _spokesman(page.client), "policy": chosen}
    if kind == CONTACT:
        now = short_moment(int(instance().clock())).split()[1]
        return {**begun, "time": now, "how": contacts.HOW[0], "about": chosen}
    if kind == INTENTION:
        return {**begun, "learned": contacts.LEARNED[0]}
    if kind == CLAIM:
        return {**begun, "reported": day, "state": claims.TAKEN_IN}
    return {**begun, "whose": _spokesman(page.client)}


def _spokesman(client: Client) -> str:
    if isinstance(client, Household):
        return client.head.name if client.head else client.name
    assert isinstance(client, Corporation)
    return client.representative or client.name


def _new_form(page: clients.Page, what: str, values: dict[str, Any], faults: dict[str, fields.Fault]) -> str:
    here = page.id.hex()
    action, back = url_for("dealings.create", client=here, what=what), url_for("clients.show", client=here)
    return _form(page, what, values, faults, action=action, back_url=back)


def _form(
    page: clients.Page, what: str, values: dict[str, Any], faults: dict[str, fields.Fault], **more: Any
) -> str:
    common = _common(page, what)
    people = list(dict.fromkeys([page.client.name, *(member.name for member in page.client.members)]))
    handlers = [desk().own_name, page.client.handler, *(held.dealing.handler for held in page.dealings)]
    return render_template(
        "dealings/edit.html",
        **common,
        boxes=fields.by_name(CLASSES[KINDS[what]]),
        values=values,
        faults=faults,
        chosen=str(values.get("about", "")).split(),
        choices=_choices(page),
        lists={"with_whom": people, "person": people, "whose": people, "handler": sorted({*filter(None, handlers)})},
        **{"version": None, "theirs": None, **more},
    )


def _choices(page: clients.Page) -> list[tuple[str, str]]:
    """(id, words) of the policies to choose from: those that live first; an ended one may be claimed on as well."""
    shown = sorted(page.policies, key=lambda held: not held.policy.living)
    return list(policy_names(shown).items())


def _read(
    what: str, before: Dealing | None = None
) -> tuple[Dealing | None, dict[str, Any], dict[str, fields.Fault]]:
    """(the dealing or None, what was typed, the faults)."""
    values = forms.typed(request.form)
    values["about"] = " ".join(request.form.getlist("about"))
    confirmed = forms.renumbered_confirms(request.form)
    reading = fields.read(CLASSES[KINDS[what]], values, confirmed=confirmed, before=before)
    late = late_faults(reading.record, today()) if reading.record is not None else {}
    return (None, values, late) if late else (reading.record, values, reading.faults)


@at_each(blueprint, "/new", "POST")
@needs(WRITE)
def create(client: str, what: str) -> Response:
    """Save a new one. Whoever has noted a contact goes on with the client."""
    return gone.kept(lambda: _create(client, what), client, client)


def _create(client: str, what: str) -> Response:
    dealing, values, faults = _read(what)
    if dealing is None:
        return make_response(_new_form(clients.get(desk(), ident(client)), what, values, faults), 400)
    made = dealings.create(desk(), ident(client), dealing)
    there = url_for("clients.show", client=client, _anchor=f"{what}-title")
    to = there if KINDS[what] == CONTACT else dealing_rows.address(client, KINDS[what], made.hex())
    return cast(Response, redirect(to, 303))


@at_each(blueprint, "/<record>/edit")
@needs(WRITE)
def edit(client: str, what: str, record: str) -> str:
    """The form of one that is there."""
    found = dealings.get(desk(), ident(client), KINDS[what], ident(record))
    return _edit_form(found, what, fields.typed(found.held.dealing), {}, found.held.version)


def _edit_form(
    found: DealingPage, what: str, values: dict[str, Any], faults: dict[str, fields.Fault], base: int, **more: Any
) -> str:
    here: dict[str, Any] = {"client": found.page.id.hex(), "what": what, "record": found.held.id.hex()}
    action, back = url_for("dealings.save", **here), url_for("dealings.show", **here)
    return _form(found.page, what, values, faults, action=action, back_url=back, version=base, **more)


@at_each(blueprint, "/<record>/edit", "POST")
@needs(WRITE)
def save(client: str, what: str, record: str) -> Response:
    """Save it; on top of somebody else's change both versions are shown."""
    return gone.kept(lambda: _save(client, what, record), client, record)


def _save(client: str, what: str, record: str) -> Response:
    found = dealings.get(desk(), ident(client), KINDS[what], ident(record))
    base = request.form.get("version", 0, type=whole_number)
    dealing, values, faults = _read(what, found.held.dealing)
    if dealing is None:
        return make_response(_edit_form(found, what, values, faults, base), 400)
    try:
        dealings.save(desk(), found.page.id, found.held.id, dealing, base)
    except Conflict:
        return _both_sides(client, what, record, dealing, base)
    return cast(Response, redirect(dealing_rows.address(client, KINDS[what], record), 303))


def _both_sides(client: str, what: str, record: str, mine: Dealing, base: int) -> Response:
    found = dealings.get(desk(), ident(client), KINDS[what], ident(record))
    now, before = found.held.dealing, dealings.version_of(desk(), found.page.id, KINDS[what], found.held.id, base)
    theirs = labelled_differences(now, mine, policy_names(found.page.policies))
    both = merged(*(fields.typed(each) for each in (before, now, mine)))
    return make_response(_edit_form(found, what, both, {}, found.held.version, theirs=theirs), 409)
