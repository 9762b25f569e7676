"""Policies: one of them, the form by kind, earlier versions."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.merging import merged
from vault.domain.policies import Policy, hints, read_policy, summary, typed_policy, usual
from vault.errors import Conflict, KuraError, NotFound, Refused
from vault.services import clients, documents, drafts_kept, holdings, policies
from vault.web import document_rows, form_drafts, forms, gone, policy_form
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs
from vault.web.pages import fault_said, money, short_moment, today
from vault.web.saved import just_saved, undone
from vault.web.versions import labelled_differences, typed_differences, version_page
from vault.web.words import sentence, word

blueprint = Blueprint("policies", __name__, url_prefix="/clients/<client>/policies")
READ, WRITE = Permission.READ_CLIENTS, Permission.WRITE_POLICIES
LEVELS = {"有効": "good", "払込満了": "good", "払済": "good", "延長": "good", "失効": "bad"}


# --- one policy


@blueprint.get("/<policy>")
@needs(READ)
def show(client: str, policy: str) -> str:
    """One policy, every field that is filled."""
    page = policies.get(desk(), ident(client), ident(policy))
    record = page.held.policy
    row = summary.row(record, page.client)
    yearly = f"{money(row.yearly)} {gettext(row.currency)}" if row.currency else gettext("%(n)s円", n=money(row.yearly))
    values = {box.name: getattr(record, box.name) for box in fields.fields(Policy)}
    return render_template(
        "policies/show.html",
        nav="clients",
        policy=record,
        owner="Policy",
        kind_name=word(record.kind),
        groups=policy_form.groups_of(record.of_kind, values),
        client_name=page.client.name,
        client_url=url_for("clients.show", client=client),
        list_url=url_for("clients.index"),
        state_mark={"level": LEVELS.get(record.state, ""), "text": word(record.state)},
        facts=[
            *([gettext("年換算 %(amount)s", amount=yearly)] if row.yearly is not None else []),
            word(record.handled_by) + (f"({record.other_agency})" if record.other_agency else ""),
        ],
        attention=[
            {"mark": gettext("確認"), "text": fault_said(hint), "url": ""}
            for _, hint in hints(record, page.client, today())
        ],
        edit_url=url_for("policies.edit", client=client, policy=policy) if desk().may(WRITE) else None,
        copy_url=url_for("policies.new", client=client, copy=policy, all="1" if record.of_kind.nonlife else None) if desk().may(WRITE) else None,
        print_url=url_for("prints.choose", client=client, policy=policy) if desk().may(Permission.PRINT) else None,
        erase_url=url_for("bin.policy", client=client, policy=policy) if desk().may(Permission.BIN) else None,
        erase_now_url=url_for("erasing.policy", client=client, policy=policy) if desk().may(Permission.ERASE) else None,
        documents=document_rows.rows(page.documents, page.client_id, []) if desk().may(Permission.READ_DOCUMENTS) else [],
        new_document_url=_new_document_url(client, policy),
        saved=just_saved(page.written, url_for("policies.undo", client=client, policy=policy), page.united) if desk().may(WRITE) else None,
        new_contact_url=_new_contact_url(client, policy),
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


def _new_contact_url(client: str, policy: str) -> str | None:
    may = desk().may(Permission.WRITE_CLIENTS)
    return url_for("dealings.new", client=client, what="contacts", policy=policy) if may else None


# --- the form


@blueprint.get("/new")
@needs(WRITE)
def new(client: str) -> str:
    """A new form: empty, a copy of another policy, beside a document, or a draft that goes on."""
    return policy_form.begin(clients.get(desk(), ident(client)))


@blueprint.post("/new/kind")
@needs(WRITE)
def switch(client: str) -> str:
    """The same form for another kind, with everything typed kept."""
    page = clients.get(desk(), ident(client))
    return policy_form.new_form(page, policy_form.of_kind(forms.typed(request.form), page.client), switched=True)


@blueprint.post("/new")
@needs(WRITE)
def create(client: str) -> Response:
    """Save a new policy."""
    return gone.kept(lambda: _create(client), client, client)


def _create(client: str) -> Response:
    page = clients.get(desk(), ident(client))
    typed = forms.typed(request.form)
    values = usual.untouched_last(typed)
    reading = read_policy(
        usual.without_untouched(typed),
        client=page.client,
        others=[h.policy for h in page.policies],
        confirmed=forms.renumbered_confirms(request.form),
    )
    if reading.record is None:
        return make_response(policy_form.new_form(page, values, faults=reading.faults), 400)
    try:
        made = policies.create(desk(), page.id, reading.record)
    except Refused as error:
        return _waits(page, values, error)
    drafts_kept.remember_entered(desk(), page.id, made)
    form_drafts.done(client, [str(values.get(form_drafts.FIELD, ""))])
    _belongs(page, str(values.get("document", "")), made)
    return cast(Response, redirect(url_for("clients.show", client=client, saved=made.hex()), 303))


def _waits(page: clients.Page, values: dict[str, Any], error: Refused) -> Response:
    """The form with all that was typed, which is kept as a draft as well: it goes on once there is room again."""
    record = form_drafts.form_id(values)
    with suppress(KuraError, OSError):  # the form has it all the same
        form_drafts.keep(Policy, form_drafts.of_policy(page.client.name, page.id.hex(), record))
    return make_response(policy_form.new_form(page, {**values, form_drafts.FIELD: record}, waits=sentence(error), switched=True), 400)


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
    draft = form_drafts.asked_for(client)
    if draft is not None:
        return _go_on(page, held, draft)
    offers = form_drafts.of_record(client, policy)
    return _edit_form(page, held, typed_policy(held.policy, page.client), held.version, offers=offers)


def _go_on(page: clients.Page, held: holdings.Held, draft: drafts_kept.Draft) -> str:
    """The form with a draft; where somebody has saved since it was begun, with both sides, as on saving."""
    values, now = form_drafts.typed(draft), typed_policy(held.policy, page.client)
    more: dict[str, Any] = {"draft_at": form_drafts.at(draft.at)}
    if draft.version != held.version:
        before = clients.version_of(desk(), page.id, held.id, draft.version)
        assert isinstance(before, Policy)
        values = merged(typed_policy(before, page.client), now, {**now, **values})
        more["theirs"] = typed_differences(Policy, now, values)
    return _edit_form(page, held, values, held.version, **more)


def _held(client: str, policy: str) -> tuple[clients.Page, holdings.Held]:
    page = clients.get(desk(), ident(client))
    held = next((h for h in page.policies if h.id == ident(policy)), None)
    if held is None:
        raise NotFound("not-found")
    return page, held


def _edit_form(
    page: clients.Page, held: holdings.Held, values: dict[str, Any], version: int, **more: Any
) -> str:
    where: dict[str, Any] = {"client": page.id.hex(), "policy": held.id.hex()}
    return policy_form.form(
        page,
        values,
        action=url_for("policies.save", **where),
        switch_url=url_for("policies.switch_existing", **where),
        back=url_for("policies.show", **where),
        policy=held.id.hex(),
        policy_name=f"{held.policy.insurer} {word(held.policy.kind)}",
        version=version,
        **more,
    )


@blueprint.post("/<policy>/edit/kind")
@needs(WRITE)
def switch_existing(client: str, policy: str) -> str:
    """The form of an existing policy for another kind, with everything typed kept."""
    page, held = _held(client, policy)
    version = request.form.get("version", 0, type=whole_number)
    return _edit_form(page, held, policy_form.of_kind(forms.typed(request.form)), version, switched=True)


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
    form_drafts.done(client, [policy])
    return cast(Response, redirect(url_for("policies.show", client=client, policy=policy), 303))


@blueprint.post("/<policy>/undo")
@needs(WRITE)
def undo(client: str, policy: str) -> Response:
    """Take the last save back: of a new policy it goes into the bin, else its version before comes back."""
    return undone(client, policy, url_for("policies.show", client=client, policy=policy))


# --- earlier versions


@blueprint.get("/<policy>/versions/<int:number>")
@needs(READ)
def version(client: str, policy: str, number: int) -> str:
    """One version of a policy."""
    found = clients.versions(desk(), ident(client), ident(policy))
    back = url_for("policies.show", client=client, policy=policy)
    return version_page(found, number, back, "policies.version", client=client, policy=policy)
