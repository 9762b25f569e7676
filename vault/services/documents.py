"""Documents of a client: opened, looked at page by page, described. Kept are redrawn pages, never a file.

A page is one sealed object: its picture and a small one, both JPEG, and the words on it with their places.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vault.crypto import codec
from vault.crypto.keys import new_id
from vault.domain import readings
from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.documents import Document, Page
from vault.domain.readings import Proposal
from vault.domain.scans import Area, Word
from vault.errors import Conflict, NotFound
from vault.services import objects, payloads
from vault.services.acts import Act, Folder
from vault.services.audit import Event
from vault.services.clients import written
from vault.services.holdings import (
    DOCUMENT,
    POLICY,
    Held,
    HeldDocument,
    by_day,
    client_of,
    document_of,
    held_policy,
)
from vault.services.safe import Desk
from vault.storage.objects import ObjectRow

READ_PAGES = 10  # of a document are looked through for what a policy form asks for


@dataclass(frozen=True)
class Content:
    """What is on a page: its picture, a small one, its words, and on a page that is held the numbers found."""

    image: bytes
    thumb: bytes
    words: tuple[Word, ...]
    numbers: tuple[Area, ...] = ()

    def encode(self) -> bytes:
        """The bytes of its object."""
        return codec.encode([self.image, self.thumb, [list(w) for w in self.words], [list(a) for a in self.numbers]])


def decode(data: bytes) -> Content:
    """The content of a page's object."""
    image, thumb, words, numbers = codec.decode(data)
    return Content(image, thumb, tuple(Word(*each) for each in words), tuple(Area(*each) for each in numbers))


@dataclass(frozen=True)
class DocumentPage:
    """A document with its client, what it may belong to, the client's other documents, and who wrote its versions."""

    client_id: bytes
    client: Client
    held: HeldDocument
    policies: list[Held]
    others: list[HeldDocument]
    written: list[tuple[int, int, str]]


def get(desk: Desk, client: bytes, document: bytes) -> DocumentPage:
    """One document; raises NotFound. Its pages come from `page`, to whoever was let in here."""
    with desk.act(Event.DOCUMENT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        record = client_of(act, client)[1]
        opened = {each.row.id: each for each in act.read(client, [POLICY, DOCUMENT])}
        newest = opened.pop(document, None)
        if newest is None or newest.row.kind != DOCUMENT:
            raise NotFound("not-found")
        told = written(act, newest)
        act.tell(record=document)
    policies = [held_policy(each) for each in opened.values() if each.row.kind == POLICY]
    others = by_day(document_of(each) for each in opened.values() if each.row.kind == DOCUMENT)
    return DocumentPage(client, record, document_of(newest), policies, others, told)


def save(desk: Desk, client: bytes, document: bytes, said: Document, base: int) -> int:
    """What people say of a document, anew; its pages stay. Raises Conflict, NotFound (a policy that is not his)."""
    with desk.act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        before = document_of(act.read_one(client, document, DOCUMENT)).document
        if before.policy and not said.policy and bytes.fromhex(before.policy) in act.contents(client).hidden:
            said = replace(said, policy=before.policy)  # it lies in the bin, where no form can choose it, and may come back
        check_policy(act, client, "" if said.policy == before.policy else said.policy)
        version = act.change(client, document, DOCUMENT, payloads.encode(replace(said, pages=before.pages)), base)
        act.tell(record=document, version=version)
    return version


def check_policy(act: Act, client: bytes, policy: str) -> None:
    """Raises NotFound when a document is to belong to a policy that the client does not have."""
    try:
        wanted = bytes.fromhex(policy)
    except ValueError as error:
        raise NotFound("not-found") from error
    if policy and act.contents(client).entries.get(wanted, ("",))[0] != POLICY:
        raise NotFound("not-found")


# --- pages


def page(desk: Desk, client: bytes, document: bytes, number: int) -> Content:
    """A page (from 0) of a document that the person was let in to; raises NotFound, for a page that is held too."""
    with desk.look(Permission.READ_DOCUMENTS, client) as act:
        return content(act, client, page_at(act, client, document, number))


def entries(desk: Desk, client: bytes, document: bytes) -> tuple[Page, ...]:
    """The entries of all pages of a document that the person was let in to."""
    with desk.look(Permission.READ_DOCUMENTS, client) as act:
        return document_of(act.read_one(client, document, DOCUMENT)).document.pages


def page_at(act: Act, client: bytes, document: bytes, number: int) -> Page:
    """A page's entry in its document; raises NotFound."""
    pages = document_of(act.read_one(client, document, DOCUMENT)).document.pages
    if not 0 <= number < len(pages):
        raise NotFound("not-found")
    return pages[number]


def content(act: Act, client: bytes, entry: Page) -> Content:
    """What is on a page; raises NotFound for one that is held or left out, Damaged for any other bytes than were sealed."""
    if not entry.shown:
        raise NotFound("not-found")
    return decode(objects.read(act, client, bytes.fromhex(entry.object)))


def proposals(desk: Desk, client: bytes, document: bytes, only: int | None = None) -> list[Proposal]:
    """What a document's first pages say for the form of a policy, each with the place where it stands.

    Or what one page says by itself: a pile of policies goes through the scanner as one file. `only` counts from 0; raises
    NotFound for a page that the document does not have.
    """
    with desk.look(Permission.READ_DOCUMENTS, client) as act:
        if only is not None:
            page = page_at(act, client, document, only)
            return [replace(each, page=only) for each in readings.propose([_words(act, client, page)])]
        pages = document_of(act.read_one(client, document, DOCUMENT)).document.pages[:READ_PAGES]
        words = [_words(act, client, each) for each in pages]
    return readings.propose(words)


def _words(act: Act, client: bytes, page: Page) -> Sequence[Word]:
    return content(act, client, page).words if page.shown and page.words else ()


def sealed(desk: Desk, folder: Folder, content: Content) -> ObjectRow:
    """A page in a durable file that no row names yet."""
    data = content.encode()
    return objects.seal_into_file(desk.instance, folder, new_id(), [data], len(data))


def enter(act: Act, folder: Folder, rows: Sequence[ObjectRow]) -> None:
    """Name pages whose files are durable; raises Conflict when the client was sealed anew since: what is held for him would not open either."""
    held = act.writable(folder.owner)
    if held.folder.id != folder.id:
        raise Conflict("conflict")
    for row in rows:
        objects.enter(act, held, row)


def objects_of(documents: Iterable[Document]) -> set[bytes]:
    """The ids of the objects in which documents have their pages."""
    return {bytes.fromhex(page.object) for document in documents for page in document.pages if page.object}
