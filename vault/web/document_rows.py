"""What pages show of documents: one in a list, the policies it may belong to, the pages of one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from flask import url_for
from werkzeug.datastructures import MultiDict

from vault.domain import fields
from vault.domain.documents import Document
from vault.domain.fields import Fault
from vault.domain.scans import Word
from vault.services.holdings import Held, HeldDocument
from vault.web import forms, page_addresses
from vault.web.addresses import ident
from vault.web.client_rows import label_of
from vault.web.page_addresses import SMALL
from vault.web.words import word

# Of what stands on a page as much is read out as a person listens to.
LONGEST_WORDS = 3000


def read_document(form: MultiDict[str, str]) -> tuple[Document | None, dict[str, Any], dict[str, Fault]]:
    """(what was said of a document or None, what was typed, the faults). Raises NotFound for a policy that is no id."""
    values = forms.typed(form)
    reading = fields.read(Document, values, confirmed=forms.renumbered_confirms(form))
    if reading.record is None:
        return None, values, reading.faults
    policy = str(values.get("policy", ""))
    return replace(reading.record, policy=ident(policy).hex() if policy else ""), values, {}


def policy_choices(policies: Iterable[Held]) -> list[tuple[str, str]]:
    """(id, words) of the policies to which a document may belong."""
    return [(held.id.hex(), label_of(held.policy)) for held in policies]


def document_row(held: HeldDocument, client: str, policies: Mapping[str, str]) -> dict[str, Any]:
    """One document in a list; `policies` are their words by id."""
    document = held.document
    return {
        "id": held.id.hex(),
        "url": url_for("documents.show", client=client, document=held.id.hex()),
        "beside_url": url_for("documents.beside", client=client, document=held.id.hex()),
        "kind": document.kind,
        "title": document.title,
        "date": document.date,
        "original": document.original or document.electronic,
        "policy": policies.get(document.policy, ""),
        "policy_id": document.policy,
        "pages": len(kept_pages(document)),
        "held": len(document.held),
    }


def rows(documents: Iterable[HeldDocument], client: bytes, policies: Iterable[Held]) -> list[dict[str, Any]]:
    """The documents of a client in a list."""
    named = dict(policy_choices(policies))
    return [document_row(held, client.hex(), named) for held in documents]


def kept_pages(document: Document) -> list[int]:
    """The pages (from 0) that are there or wait; the others were left out."""
    return [number for number, page in enumerate(document.pages) if page.held or page.object]


def page_rows(held: HeldDocument, client: bytes, chosen: int) -> list[dict[str, Any]]:
    """The pages of a document in order, with what the viewer needs of each; `chosen` counts from 0.

    They keep the numbers that they came with: what is left out is missing there, in an order for a print, and on it.
    """
    return [{**_page_row(held, client, n), "chosen": n == chosen} for n in kept_pages(held.document)]


def _page_row(held: HeldDocument, client: bytes, number: int) -> dict[str, Any]:
    page = held.document.pages[number]
    here: dict[str, Any] = {"client": client.hex(), "document": held.id.hex()}
    row = {
        "number": number + 1, "of": len(held.document.pages), "held": page.held, "width": page.width, "height": page.height,
        "url": url_for("documents.show", **here, p=number + 1),
    }  # fmt: skip
    if page.held:
        return {**row, "black_url": url_for("blackout.show", **here, number=number + 1)}
    address = page_addresses.address(client, held.id, number)
    small = page_addresses.address(client, held.id, number, SMALL)
    return {**row, "address": address, "small": small, "again_url": again_url(address)}


def again_url(address: str) -> str:
    """Where a page that is still being looked at gets new addresses for its pictures."""
    return url_for("documents.again", token=address.rsplit("/", 1)[-1])


def said(words: Iterable[Word]) -> str:
    """What stands on a page, to be read out."""
    text = " ".join(word.text for word in words)
    return text if len(text) <= LONGEST_WORDS else text[:LONGEST_WORDS] + "…"


def label_text(held: HeldDocument) -> str:
    """A document as a line of words."""
    return titled(held.document)


def titled(document: Document) -> str:
    """What is said of a document, as a line of words."""
    day = f"{document.date.value:%Y/%m/%d}" if document.date else ""
    return " ".join(filter(None, (word(document.kind), document.title, day)))
