"""Drafts at a form: which there are, which one goes on, and which is done with when the form was saved."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from vault.crypto.keys import new_id
from vault.domain import fields, my_number
from vault.domain.boxes import Field
from vault.domain.policies import KINDS
from vault.domain.values.moments import JAPAN
from vault.errors import KuraError, NotFound
from vault.services import drafts_kept
from vault.services.drafts_kept import Draft
from vault.web import forms
from vault.web.addresses import ident
from vault.web.gate import desk, instance
from vault.web.pages import short_moment, today

FIELD = "draft"
OFFERED = 5  # at a form; 今日の仕事 has them all
_NOT_TYPED = ("csrf_token", "version", FIELD, "kind_before")


def told(draft: Draft) -> dict[str, Any]:
    """A draft as pages show it: when, what, where it goes on, and what its button sends to have it dropped."""
    return {
        "at": at(draft.at), "title": draft.title, "url": address(draft), "client": draft.client, "record": draft.record,
        "of": draft.of, "new": not draft.version,
    }  # fmt: skip


def at(seconds: int) -> str:
    """When something was kept: 10:32 of today, else with its day."""
    moment = datetime.fromtimestamp(seconds, JAPAN)
    return f"{moment:%H:%M}" if moment.date() == today() else short_moment(seconds)


def address(draft: Draft) -> str:
    """Where a draft goes on."""
    if draft.of == drafts_kept.POLICY:
        if draft.version:
            return url_for("policies.edit", client=draft.client, policy=draft.record, draft=draft.record)
        return url_for("policies.new", client=draft.client, draft=draft.record)
    if draft.version:
        return url_for("clients.edit", client=draft.client, draft=draft.record)
    return url_for("clients.new", owner=draft.owner, draft=draft.record)


def asked_for(client: str = "") -> Draft | None:
    """The draft that the address asks to go on with; None for an address that asks for none. Raises NotFound."""
    record = request.args.get(FIELD, "")
    return drafts_kept.get(desk(), client, ident(record).hex()) if record else None


def of_record(client: str, record: str) -> list[dict[str, Any]]:
    """The draft of an existing record, as a list of one or none."""
    with suppress(KuraError):
        return [told(drafts_kept.get(desk(), client, record))]
    return []


def of_new(client: str = "", of: str = drafts_kept.POLICY, owner: str = "") -> list[dict[str, Any]]:
    """The newest of policies that are being entered for a client, or of clients of a kind."""
    found = [told(draft) for draft in drafts_kept.of_new(desk(), client, of) if not owner or draft.owner == owner]
    return found[:OFFERED]


def all_kept() -> list[dict[str, Any]]:
    """All drafts of who asks, for 今日の仕事, the newest first."""
    return [told(draft) for draft in drafts_kept.listed(desk())]


def form_id(values: dict[str, Any]) -> str:
    """Under which name a new form keeps its draft: the one it came with, or a fresh one."""
    with suppress(NotFound):
        return ident(str(values.get(FIELD) or "")).hex()
    return new_id().hex()


def typed(draft: Draft) -> dict[str, Any]:
    """What a draft holds, as a form that was sent."""
    return {**forms.typed(MultiDict(draft.values)), FIELD: draft.record}


def done(client: str, records: Sequence[str]) -> None:
    """A form was saved: what was kept of it is not needed any more."""
    for record in records:
        with suppress(KuraError, OSError):
            drafts_kept.drop(desk(), client, ident(record).hex())


# --- kept


def of_policy(name: str, client: str, record: str, version: int = 0) -> Draft:
    """What a policy's form has sent, as a draft that a list shows by the client's name, the insurer and the kind."""
    kind = request.form.get("kind", "")
    words = (name, request.form.get("insurer", "").strip(), kind if kind in KINDS else "")
    return Draft(drafts_kept.POLICY, record, client, "Policy", " ".join(filter(None, words)), version)


def keep(cls: type[Any], draft: Draft) -> tuple[int, list[str]]:
    """Keep what a form of `cls` has sent: when (seconds), and the boxes of which nothing is ever kept."""
    sent = {name: text for name, text in request.form.items() if name not in _NOT_TYPED}
    left_out = {name for name, text in sent.items() if _never_kept(cls, name, text)}
    title = "" if my_number.found(draft.title) else draft.title[:200]
    values, now = drafts_kept.without(sent, left_out), instance().now()
    drafts_kept.keep(desk(), replace(draft, at=now, values=values, title=title))
    return now, sorted(left_out)


def _never_kept(cls: type[Any], name: str, text: str) -> bool:
    """個人番号 is kept nowhere: neither where it would be refused, nor where it is asked about and nobody has answered."""
    box = _box(cls, name)
    if box is None or box.my_number == "free" or not my_number.found(text):
        return False
    return box.my_number == "refuse" or f"confirm-{name}" not in request.form


def _box(cls: type[Any], name: str) -> Field | None:
    head, _, rest = name.partition("-")
    box = fields.by_name(cls).get(head)
    return _box(box.of, rest.partition("-")[2]) if rest and box is not None and box.of is not None else box
