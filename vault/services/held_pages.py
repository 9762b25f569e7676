"""Pages on which an individual number was found: they wait, outside the document and every backup, until somebody has
blacked it out, has said that there is none, or does without the page."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import replace

from vault.domain.access import Permission
from vault.domain.documents import Document, Page
from vault.domain.scans import Area
from vault.errors import KuraError, Malformed, NotFound, Refused
from vault.services import documents, drafts, payloads, space
from vault.services.acts import Act, Folder
from vault.services.audit import Event
from vault.services.documents import Content
from vault.services.holdings import DOCUMENT, document_of
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.storage import objects as object_rows
from vault.storage import sandbox
from vault.storage.database import reading
from vault.storage.objects import ObjectRow
from vault.storage.uploads import HELD

_BLOCK = 8  # pixels that a JPEG keeps together, each of which tells of all others: black begins and ends between two blocks
_COVERED = 0.7  # of a number that was found: what a box moved by a hand's breadth still covers


def page(desk: Desk, client: bytes, document: bytes, number: int) -> Content:
    """A page (from 0) that waits for a number to be blacked out; raises NotFound when it has waited too long, and when
    it waits no more: its file may still be there."""
    _held_entry(desk, client, document, number)
    return documents.decode(drafts.read(desk, desk.folder(client), document, f"{HELD}{number}", number))


def _held_entry(desk: Desk, client: bytes, document: bytes, number: int) -> Page:
    with desk.look(Permission.WRITE_DOCUMENTS, client) as act:
        entry = documents.page_at(act, client, document, number)
    if not entry.held:
        raise NotFound("not-found")
    return entry


def release(
    desk: Desk, client: bytes, document: bytes, number: int, areas: Sequence[Area], base: int, looked: bool = False
) -> int:
    """Black areas out and let the page in; without an area, somebody has looked and says that no number is on it.

    With areas that leave a number which was found, he has to say so as well (`looked`). Returns the document's new
    version. Raises NotFound, Conflict, Refused (not-looked).
    """
    entry = _held_entry(desk, client, document, number)
    content = page(desk, client, document, number)
    folder = desk.folder(client)
    if any(min(area) < 0 or not area.width * area.height for area in areas):
        raise Malformed()
    if areas and not looked and any(not _covered(each, areas, entry) for each in content.numbers):
        raise Refused("not-looked")
    if areas:
        content = _blackened(desk, content, areas)
    row = documents.sealed(desk, folder, replace(content, numbers=()))
    try:
        return _settle(desk, folder, document, number, base, row, len(content.words))
    except BaseException:
        if not _is_named(desk.instance, row):
            desk.instance.objects.remove(row.file)
        raise


def _blackened(desk: Desk, content: Content, areas: Sequence[Area]) -> Content:
    whole = [area.in_steps_of(_BLOCK) for area in areas]
    drawn = sandbox.blacken(content.image, whole, permits=desk.instance.settings.run)
    words = tuple(word for word in content.words if not any(word.area.common(area) for area in whole))
    return Content(drawn.image, drawn.thumb, words)


def _covered(found: Area, areas: Sequence[Area], page: Page) -> bool:
    """Whether one of the areas lies over what there is on the page of a number."""
    width, height = min(found.width, page.width - found.left), min(found.height, page.height - found.top)
    return any(found.common(area) >= _COVERED * width * height for area in areas)


def leave_out(desk: Desk, client: bytes, document: bytes, number: int, base: int) -> int:
    """Do without a page that is held: nothing of it stays. Returns the document's new version."""
    desk.require(Permission.WRITE_DOCUMENTS)
    return _settle(desk, desk.folder(client), document, number, base, None, 0)


def _settle(
    desk: Desk, folder: Folder, document: bytes, number: int, base: int, row: ObjectRow | None, words: int
) -> int:
    client = folder.owner
    with desk.act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        before = document_of(act.read_one(client, document, DOCUMENT)).document
        if number not in before.held:
            raise NotFound("not-found")
        after = _settled(before, number, row, words)
        if row is not None:
            documents.enter(act, folder, [row])
            space.check_office(act, 0)
        version = act.change(client, document, DOCUMENT, payloads.encode(after), base)
        act.tell(record=document, version=version)
    with suppress(KuraError, OSError):  # swept
        desk.instance.uploads.remove(client, document, f"{HELD}{number}")
    return version


def _settled(before: Document, number: int, row: ObjectRow | None, words: int) -> Document:
    entry = before.pages[number]
    if row is None:
        entry = replace(entry, held=False, object="", size=0, words=0)
    else:
        entry = replace(entry, held=False, object=row.id.hex(), size=row.size, words=words)
    pages = (*before.pages[:number], entry, *before.pages[number + 1 :])
    return replace(before, pages=pages)


def _is_named(instance: Instance, row: ObjectRow) -> bool:
    """Whether a row names an object: what fails after the commit has not failed to save."""
    with reading(instance.engine) as connection, suppress(NotFound):
        return bool(object_rows.row_of(connection, row.id))
    return False


def check_none_held(act: Act, client: bytes, gone: Collection[bytes]) -> None:
    """Before a client is sealed anew: pages that are held would not open afterwards. Raises Refused("pages-held").

    One that has waited too long is gone already: it keeps nobody from erasing, nor the bin from being emptied.
    """
    waiting = {each for each, names in act.desk.instance.uploads.of_client(client) if any(n.startswith(HELD) for n in names)}
    for each in act.read(client, [DOCUMENT]):
        if each.row.id in waiting - set(gone) and document_of(each).document.held:
            raise Refused("pages-held")
