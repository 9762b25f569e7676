"""Policies: one of them, the form by kind, earlier versions."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.clients import Client, name_to_type
from vault.domain.merging import merged
from vault.domain.policies import (
    GROUPS,
    KINDS,
    SECTIONS,
    Kind,
    Policy,
    choices,
    defaults,
    hints,
    read_policy,
    summary,
    typed_policy,
)
from vault.errors import Conflict, NotFound
from vault.services import clients, documents, policies
from vault.web import document_rows, forms, gone
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs
from vault.web.pages import money, short_moment, today
from vault.web.versions import labelled_differences, version_page

blueprint = Blueprint("policies", __name__, url_prefix="/clients/<client>/policies")
FIRST_KIND = "終身"
READ, WRITE = Permission.READ_CLIENTS, Permission.WRITE_POLICIES
LEVELS = {"有効": "good", "払込満了": "good", "払済": "good", "延長": "good", "失効": "bad"}


def _groups(kind: Kind, values: dict[str, Any] | None = None) -> list[tuple[str, list[fields.Field]]]:
    """The boxes of a kind, group by group; what another kind's form had filled in is kept in a last group."""
    boxes = fields.by_name(Policy)
    shown: set[str] = set()
    groups = []
    for name in kind.groups:
        mine = [boxes[box] for box in GROUPS[name] if box not in shown]
        shown |= {box.name for box in mine}
        groups.append((name, mine))
    rest = [box for name, box in boxes.items() if name not in shown and _filled((values or {}).get(name))]
    return [*groups, ("kept", rest)] if rest else groups


def _filled(value: Any) -> bool:
    return bool(value) and (not isinstance(value, list) or any(not _blank(row) for row in value))


def _blank(row: dict[str, str]) -> bool:
    return not any(text for name, text in row.items() if name not in ("unit", "role", "id"))


# --- one policy


@blueprint.get("/<policy>")
@needs(READ)
def show(client: str, policy: str) -> str:
    """One policy, every field that is filled."""
    page = policies.get(desk(), ident(client), ident(policy))
    record = page.held.policy
    row = summary.row(record, page.client)
    yearly = f"{money(row.yearly)} {gettext(row.currency)}" if row.currency else f"{money(row.yearly)}円"
    values = {box.name: getattr(record, box.name) for box in fields.fields(Policy)}
    return render_template(
        "policies/show.html",
        nav="clients",
        policy=record,
        owner="Policy",
        kind_name=record.kind,
        groups=_groups(record.of_kind, values),
        client_name=page.client.name,
        client_url=url_for("clients.show", client=client),
        list_url=url_for("clients.index"),
        state_mark={"level": LEVELS.get(record.state, ""), "text": record.state},
        facts=[
            *([gettext("年換算 %(amount)s", amount=yearly)] if row.yearly is not None else []),
            record.handled_by + (f"({record.other_agency})" if record.other_agency else ""),
        ],
        attention=[
            {"mark": gettext("確認"), "text": gettext("fault." + hint.code, **hint.facts), "url": ""}
            for _, hint in hints(record, page.client, today())
        ],
        edit_url=url_for("policies.edit", client=client, policy=policy) if desk().may(WRITE) else None,
        copy_url=url_for("policies.new", client=client, copy=policy) if desk().may(WRITE) else None,
        print_url=url_for("prints.choose", client=client, policy=policy) if desk().may(Permission.PRINT) else None,
        erase_url=url_for("bin.policy", client=client, policy=policy) if desk().may(Permission.BIN) else None,
        erase_now_url=url_for("erasing.policy", client=client, policy=policy) if desk().may(Permission.ERASE) else None,
        documents=document_rows.rows(page.documents, page.client_id, []) if desk().may(Permission.READ_DOCUMENTS) else [],
        new_document_url=_new_document_url(client, policy),
        history=[
            {
                "at": short_moment(at),
                "who": who,
                "what": gettext("第%(n)s版", n=number),
                "url": url_for("policies.version", client=client, policy=policy, number=number),
            }
            for number, at, who in page.written
        ],
    )


def _new_document_url(client: str, policy: str) -> str | None:
    may = desk().may(Permission.WRITE_DOCUMENTS)
    return url_for("uploads.new", client=client, policy=policy) if may else None


# --- the form


def _births(client: Client) -> dict[str, str]:
    return {name_to_type(client, m): m.birth.value.isoformat() for m in client.members if m.birth}


def _form(page: clients.Page, values: dict[str, Any], *, action: str, back: str, policy: str = "", **more: Any) -> str:
    kind = KINDS.get(str(values.get("kind", "")), KINDS[FIRST_KIND])
    people = [name_to_type(page.client, member) for member in page.client.members]
    return render_template(
        "policies/edit.html",
        nav="clients",
        owner="Policy",
        kinds=[(section, [k.name for k in KINDS.values() if k.section == section]) for section in SECTIONS],
        of_kind=kind,
        groups=_groups(kind, values),
        values=values,
        action=action,
        back_url=back,
        client_name=page.client.name,
        client_url=url_for("clients.show", client=page.id.hex()),
        list_url=url_for("clients.index"),
        role_words=[page.client.name, *(p for p in people if p != page.client.name), *choices.CLASSES],
        solicitors=sorted({h.policy.solicitor for h in page.policies if h.policy.solicitor}),
        births=_births(page.client),
        modes={**choices.PAYMENTS_A_YEAR, choices.SINGLE: 0},
        papers=_papers(page, policy),
        **{"faults": {}, "switched": False, "copy_url": None, "policy_name": "", "version": None, "theirs": None, **more},
    )


def _papers(page: clients.Page, policy: str) -> list[dict[str, Any]]:
    """The client's scanned papers, to be looked at beside the form; those of the policy itself come first."""
    if not desk().may(Permission.READ_DOCUMENTS):
        return []
    rows = document_rows.rows(page.documents, page.id, page.policies)
    return sorted(rows, key=lambda row: not policy or row["policy_id"] != policy)


def _new_form(page: clients.Page, values: dict[str, Any], **more: Any) -> str:
    here = url_for("policies.create", client=page.id.hex())
    return _form(
        page,
        values,
        action=here,
        switch_url=url_for("policies.switch", client=page.id.hex()),
        back=url_for("clients.show", client=page.id.hex()),
        **more,
    )


@blueprint.get("/new")
@needs(WRITE)
def new(client: str) -> str:
    """An empty form, one that begins as a copy of another policy, or one beside the document it is typed from."""
    page = clients.get(desk(), ident(client))
    copied = request.args.get("copy", "")
    source = next((h.policy for h in page.policies if h.id.hex() == copied), None)
    if source is None:
        return _new_form(page, {**defaults(FIRST_KIND), **_typed_from(page, request.args.get("document", ""))})
    return _new_form(page, {**typed_policy(source, page.client), "policy_number": ""}, switched=True)


def _typed_from(page: clients.Page, document: str) -> dict[str, Any]:
    """What the form keeps of the document it is typed from: it lies beside, and belongs to the policy in the end."""
    known = any(held.id.hex() == document for held in page.documents)
    return {"document": document, "beside": document} if known else {}


def _of_kind(values: dict[str, Any]) -> dict[str, Any]:
    """Typed values after another kind was chosen: everything kept, what the kind presets filled in where empty."""
    kind = values.get("kind", FIRST_KIND)
    filled = defaults(kind if kind in KINDS else FIRST_KIND)
    kept = {name: value for name, value in values.items() if _filled(value)}
    states = KINDS[str(filled["kind"])].states
    if kept.get("state") not in states:
        kept.pop("state", None)
    return {**filled, **kept}


@blueprint.post("/new/kind")
@needs(WRITE)
def switch(client: str) -> str:
    """The same form for another kind, with everything typed kept."""
    page = clients.get(desk(), ident(client))
    return _new_form(page, _of_kind(forms.typed(request.form)), switched=True)


@blueprint.post("/new")
@needs(WRITE)
def create(client: str) -> Response:
    """Save a new policy."""
    return gone.kept(lambda: _create(client), client, client)


def _create(client: str) -> Response:
    page = clients.get(desk(), ident(client))
    values = forms.typed(request.form)
    reading = read_policy(
        values,
        client=page.client,
        others=[h.policy for h in page.policies],
        confirmed=forms.renumbered_confirms(request.form),
    )
    if reading.record is None:
        return make_response(_new_form(page, values, faults=reading.faults), 400)
    _belongs(page, str(values.get("document", "")), policies.create(desk(), page.id, reading.record))
    return cast(Response, redirect(url_for("clients.show", client=client), 303))


def _belongs(page: clients.Page, document: str, policy: bytes) -> None:
    """The document that a policy was typed from belongs to it, unless somebody has said otherwise meanwhile."""
    held = next((each for each in page.documents if each.id.hex() == document), None)
    if held is None or held.document.policy or not desk().may(Permission.WRITE_DOCUMENTS):
        return
    with suppress(Conflict, NotFound):
        said = replace(held.document, policy=policy.hex())
        documents.save(desk(), page.id, held.id, said, held.version)


@blueprint.get("/<policy>/edit")
@needs(WRITE)
def edit(client: str, policy: str) -> str:
    """The form of an existing policy."""
    page, held = _held(client, policy)
    return _edit_form(page, held, typed_policy(held.policy, page.client), held.version)


def _held(client: str, policy: str) -> tuple[clients.Page, clients.Held]:
    page = clients.get(desk(), ident(client))
    held = next((h for h in page.policies if h.id == ident(policy)), None)
    if held is None:
        raise NotFound("not-found")
    return page, held


def _edit_form(
    page: clients.Page, held: clients.Held, values: dict[str, Any], version: int, **more: Any
) -> str:
    where: dict[str, Any] = {"client": page.id.hex(), "policy": held.id.hex()}
    return _form(
        page,
        values,
        action=url_for("policies.save", **where),
        switch_url=url_for("policies.switch_existing", **where),
        back=url_for("policies.show", **where),
        policy=held.id.hex(),
        policy_name=f"{held.policy.insurer} {held.policy.kind}",
        version=version,
        **more,
    )


@blueprint.post("/<policy>/edit/kind")
@needs(WRITE)
def switch_existing(client: str, policy: str) -> str:
    """The form of an existing policy for another kind, with everything typed kept."""
    page, held = _held(client, policy)
    version = request.form.get("version", 0, type=whole_number)
    return _edit_form(page, held, _of_kind(forms.typed(request.form)), version, switched=True)


@blueprint.post("/<policy>/edit")
@needs(WRITE)
def save(client: str, policy: str) -> Response:
    """Save a policy; on top of somebody else's change both versions are shown."""
    return gone.kept(lambda: _save(client, policy), client, policy)


def _save(client: str, policy: str) -> Response:
    page, held = _held(client, policy)
    values = forms.typed(request.form)
    base = request.form.get("version", 0, type=whole_number)
    reading = read_policy(
        values,
        client=page.client,
        others=[h.policy for h in page.policies if h.id != held.id],
        confirmed=forms.renumbered_confirms(request.form),
        before=held.policy,
    )
    if reading.record is None:
        return make_response(_edit_form(page, held, values, base, faults=reading.faults), 400)
    try:
        policies.save(desk(), page.id, held.id, reading.record, base)
    except Conflict:
        page, held = _held(client, policy)
        theirs = labelled_differences(held.policy, reading.record)
        before = clients.version_of(desk(), page.id, held.id, base)
        assert isinstance(before, Policy)
        both = merged(*(typed_policy(each, page.client) for each in (before, held.policy, reading.record)))
        return make_response(_edit_form(page, held, both, held.version, theirs=theirs), 409)
    return cast(Response, redirect(url_for("policies.show", client=client, policy=policy), 303))


# --- earlier versions


@blueprint.get("/<policy>/versions/<int:number>")
@needs(READ)
def version(client: str, policy: str, number: int) -> str:
    """One version of a policy."""
    found = clients.versions(desk(), ident(client), ident(policy))
    back = url_for("policies.show", client=client, policy=policy)
    return version_page(found, number, back, "policies.version", client=client, policy=policy)
