"""The form of a policy: its boxes by kind, what it proposes, and from which policy it may be copied."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import render_template, request, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.clients import Client, name_to_type
from vault.domain.policies import (
    GROUPS,
    KINDS,
    SECTIONS,
    Kind,
    Policy,
    choices,
    defaults,
    typed_policy,
    usual,
)
from vault.domain.policies.checks import wanted
from vault.errors import KuraError, Refused
from vault.services import capacity, clients, drafts_kept
from vault.web import document_rows, form_drafts
from vault.web.gate import desk, instance
from vault.web.words import sentence, word

FIRST_KIND = "終身"
LAST = "last"
BEFORE = "kind_before"


def groups_of(kind: Kind, values: dict[str, Any] | None = None) -> list[tuple[str, list[fields.Field]]]:
    """The boxes of a kind, group by group; what another kind's form had filled in is kept in a last group."""
    boxes = fields.by_name(Policy)
    shown: set[str] = set()
    groups = []
    for name in kind.groups:
        mine = [replace(boxes[box], required=boxes[box].required or box in wanted(kind)) for box in GROUPS[name] if box not in shown]
        shown |= {box.name for box in mine}
        groups.append((name, mine))
    rest = [box for name, box in boxes.items() if name not in shown and _filled((values or {}).get(name))]
    return [*groups, ("kept", rest)] if rest else groups


def _filled(value: Any) -> bool:
    return bool(value) and (not isinstance(value, list) or any(not _blank(row) for row in value))


def _blank(row: dict[str, str]) -> bool:
    return not any(text for name, text in row.items() if name not in ("unit", "role", "id"))


# --- drawn


def form(page: clients.Page, values: dict[str, Any], *, action: str, back: str, policy: str = "", **more: Any) -> str:
    """The form with what was typed so far."""
    kind = KINDS.get(str(values.get("kind", "")), KINDS[FIRST_KIND])
    people = usual.people(page.client)
    return render_template(
        "policies/edit.html",
        nav="clients",
        owner="Policy",
        kinds=[(section, [k.name for k in KINDS.values() if k.section == section]) for section in SECTIONS],
        codes={name: f"{n:02d}" for n, name in enumerate(KINDS, 1)},
        of_kind=kind,
        groups=groups_of(kind, values),
        values=values,
        action=action,
        back_url=back,
        client_name=page.client.name,
        client_url=url_for("clients.show", client=page.id.hex()),
        list_url=url_for("clients.index"),
        role_words=_role_words(page.client, [name for name, _, _ in people]),
        kana={page.client.name: page.client.kana} | {name: kana for name, kana, _ in people},
        people={name: relations for name, _, relations in people if relations},
        beneficiaries=choices.BENEFICIARIES,
        cover_kinds={**choices.COVER_KINDS, **choices.RIDER_KINDS},
        solicitors=sorted({h.policy.solicitor for h in page.policies if h.policy.solicitor}),
        births=_births(page.client),
        modes={**choices.PAYMENTS_A_YEAR, choices.SINGLE: 0},
        papers=_papers(page, policy),
        **{
            "faults": {}, "switched": False, "copies": [], "copied": "", "policy_name": "", "version": None, "theirs": None,
            "offers": [], "draft_at": "", "waits": "", "keep_url": url_for("typing.policy", client=page.id.hex(), policy=policy) if policy else "",
            **more,
        },
    )  # fmt: skip


def _role_words(client: Client, people: list[str]) -> list[str]:
    """Names first that are typed most: of the dead, whom old policies still name, after those who live."""
    everybody = [*people, *(name_to_type(client, member) for member in client.members)]
    return list(dict.fromkeys([*everybody, client.name, *choices.CLASSES]))


def _births(client: Client) -> dict[str, str]:
    return {name_to_type(client, m): m.birth.value.isoformat() for m in client.members if m.birth}


def _papers(page: clients.Page, policy: str) -> list[dict[str, Any]]:
    """The client's scanned papers, to be looked at beside the form; those of the policy itself come first."""
    if not desk().may(Permission.READ_DOCUMENTS):
        return []
    rows = document_rows.rows(page.documents, page.id, page.policies)
    return sorted(rows, key=lambda row: not policy or row["policy_id"] != policy)


def new_form(page: clients.Page, values: dict[str, Any], **more: Any) -> str:
    """The form of a policy that is not registered yet."""
    client = page.id.hex()
    values = {**values, form_drafts.FIELD: form_drafts.form_id(values)}
    return form(
        page,
        values,
        action=url_for("policies.create", client=client),
        switch_url=url_for("policies.switch", client=client),
        back=url_for("clients.show", client=client),
        **{"keep_url": url_for("typing.new_policy", client=client), "copies": _copies(page), "waits": _no_room(), **more},
    )


def _no_room() -> str:
    """Said before anybody types what could not be registered."""
    found = capacity.look(instance())
    return sentence(Refused("capacity-reached", most=found.limit)) if found.full else ""


# --- what a new one begins with


def begin(page: clients.Page) -> str:
    """An empty form, one that begins as a copy, one beside the document it is typed from, or a draft that goes on."""
    draft = form_drafts.asked_for(page.id.hex())
    if draft is not None:
        return new_form(page, form_drafts.typed(draft), switched=True, draft_at=form_drafts.at(draft.at))
    offers = form_drafts.of_new(page.id.hex())
    values, copied = _copy(page)
    if copied:
        return new_form(page, values, switched=True, copied=copied, offers=offers)
    return new_form(page, {**_empty(page.client), **_typed_from(page, request.args.get("document", ""))}, offers=offers)


def _empty(client: Client, kind: str = FIRST_KIND) -> dict[str, Any]:
    """What a new form says already, with the names of what is only proposed."""
    told = usual.proposed(kind, client)
    rows = {
        table: [{**row, "proposed": [name for name in row if name != "role"]} for row in told[table]]
        for table in ("roles", "coverages")
    }
    return {**defaults(kind), **told, **rows, "proposed": [name for name in told if name not in rows]}


def _typed_from(page: clients.Page, document: str) -> dict[str, Any]:
    """What the form keeps of the document it is typed from: it lies beside, and belongs to the policy in the end."""
    known = any(held.id.hex() == document for held in page.documents)
    return {"document": document, "beside": document} if known else {}


def of_kind(values: dict[str, Any], client: Client | None = None) -> dict[str, Any]:
    """Typed values after another kind was chosen: everything kept, what the kind presets filled in where empty. With the
    client of a new policy, what the kind before had proposed gives way to what this one proposes."""
    kind = str(values.get("kind", ""))
    kind = kind if kind in KINDS else FIRST_KIND
    before = values.get(BEFORE, "")
    if client is not None:
        values = usual.without_proposed(values, str(before), client)
    filled = defaults(kind) if client is None else _empty(client, kind)
    kept = {name: value for name, value in values.items() if _filled(value)}
    if kept.get("state") not in KINDS[kind].states:
        kept.pop("state", None)
    return {**filled, **kept, "kind": kept.get("kind", kind)}


# --- copied


def _copy(page: clients.Page) -> tuple[dict[str, Any], str]:
    """(values, what they were copied from) of the policy that the address names; ("" where it names none)."""
    asked, everything = request.args.get("copy", ""), bool(request.args.get("all"))
    source, of = (_last(page) if asked == LAST else (_own(page, asked), page.client)) if asked else (None, page.client)
    if source is None:
        return {}, ""
    values = usual.copied(typed_policy(source, of), everything)
    if of is not page.client:
        values.pop("roles", None)
    begun = {**defaults(source.kind), "roles": usual.proposed(source.kind, page.client)["roles"]}
    return {**begun, **{name: value for name, value in values.items() if _filled(value)}}, _name(source)


def _own(page: clients.Page, policy: str) -> Policy | None:
    return next((held.policy for held in page.policies if held.id.hex() == policy), None)


def _last(page: clients.Page) -> tuple[Policy | None, Client]:
    """The policy that this person has entered last, with whose it is."""
    found = drafts_kept.entered_last(desk())
    if found is None:
        return None, page.client
    try:
        other = page if found[0] == page.id else clients.get(desk(), found[0])
    except KuraError:
        return None, page.client
    return _own(other, found[1].hex()), other.client if other is not page else page.client


def _name(policy: Policy) -> str:
    return " ".join(filter(None, (policy.insurer, word(policy.kind), policy.policy_number)))


def _copies(page: clients.Page) -> list[tuple[str, str]]:
    """(value, text) of the policies that a new one may be copied from."""
    last = [(LAST, gettext("最後に登録した契約"))] if drafts_kept.entered_last(desk()) else []
    return [*last, *((held.id.hex(), _name(held.policy)) for held in page.policies)]
