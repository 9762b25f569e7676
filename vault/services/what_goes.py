"""What an erasure would take with it, and what would stay: told before, and done when it was confirmed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from vault.domain.access import Permission
from vault.domain.clients import Client, Hold
from vault.domain.erasures import MEMBER, ErasureOrder
from vault.domain.retention import holds_on
from vault.errors import NotFound
from vault.services import ledger, merged, payloads, rekeying
from vault.services.acts import Opened
from vault.services.audit import Event
from vault.services.clients import Page, page_of
from vault.services.documents import objects_of
from vault.services.holdings import DOCUMENT, KINDS, MERGED, Held, HeldDeposit, document_of, opened_client
from vault.services.ledger_rows import Listed, today
from vault.services.safe import Desk


@dataclass(frozen=True)
class Preview:
    """A client about to be erased, wholly or in part: his page, the reasons not to, the papers about him that are out,
    and the receipts for originals of his that are still here."""

    page: Page
    holds: list[Hold]
    papers: list[Listed]

    @property
    def deposits(self) -> list[HeldDeposit]:
        return [held for held in self.page.deposits if not held.deposit.closed]


def preview(desk: Desk, client: bytes) -> Preview:
    """What stands before an erasure; raises NotFound."""
    with desk.act(Event.CLIENT_OPENED, Permission.ERASE, client) as act:
        page = page_of(act, client)
        return Preview(page, holds_on(page.client.holds, today(desk)), ledger.open_rows(act, client))


def naming(page: Page, member: str) -> list[Held]:
    """The policies that name a member."""
    return [held for held in page.policies if any(role.member == member for role in held.policy.roles)]


def erase_policy(desk: Desk, client: bytes, policy: bytes, order: ErasureOrder) -> int:
    """Erase a policy with all its versions; returns the certificate's number. Raises NotFound, Refused, Conflict."""
    _check_there(desk, client, {policy})
    return rekeying.erase_part(desk, client, {policy}, order)


def erase_document(desk: Desk, client: bytes, document: bytes, order: ErasureOrder) -> int:
    """Erase a document with its pages; returns the certificate's number. Raises NotFound, Refused, Conflict."""
    with desk.act(Event.CLIENT_OPENED, Permission.ERASE, client) as act:
        pages = objects_of([document_of(act.read_one(client, document, DOCUMENT)).document])
    return rekeying.erase_part(desk, client, {document, *pages}, order)


def erase_member(
    desk: Desk, client: bytes, member: str, policies: Collection[bytes], order: ErasureOrder
) -> int:
    """Take a person out of every version of the client's record, and erase `policies` too; returns the number.

    Policies that stay go on naming him, as do notes that people have written. Raises NotFound, Refused, Conflict.
    """
    ids = _check_there(desk, client, policies, member)
    return rekeying.erase_part(desk, client, policies, order, _without(ids), MEMBER)


def _check_there(desk: Desk, client: bytes, policies: Collection[bytes], member: str = "") -> set[str]:
    """Before a key is made: a second click finds nothing left to do. Returns all ids that the member ever had."""
    with desk.act(Event.CLIENT_OPENED, Permission.ERASE, client) as act:
        page = page_of(act, client)
        known = {held.id for held in page.policies}
        if not known.issuperset(policies) or (member and page.client.member(member) is None):
            raise NotFound("not-found")
        return merged.ids_of_person(act, client, member) if member else set()


def _without(ids: Collection[str]) -> Callable[[Opened], bytes]:
    """Rewrites a version of a client's record, and of the records of those who went into him, so that it never knew a
    member."""

    def forgotten(client: Client) -> Client:
        related = tuple(replace(link, member="") if link.member in ids else link for link in client.related)
        return replace(client, members=tuple(m for m in client.members if m.id not in ids), related=related)

    def redact(found: Opened) -> bytes:
        if found.row.kind == MERGED:
            return merged.changed(found.payload, forgotten)
        return payloads.encode(forgotten(opened_client(found))) if found.row.kind in KINDS else found.payload

    return redact
