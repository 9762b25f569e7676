"""Scanned papers put into an office as they are kept, without the way in: so many pages would take too long there."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import cache

from PIL import ImageDraw, ImageFont

from tests.support import scans
from tests.support.offices import Office
from vault.domain.access import Permission
from vault.domain.documents import Document, Page
from vault.domain.scans import Word
from vault.services import objects, payloads
from vault.services.audit import Event
from vault.services.documents import Content
from vault.services.holdings import DOCUMENT

A4 = (1654, 2339)
ACROSS = (2339, 1654)
BUSINESS_CARD = (300, 200)


@cache
def picture(size: tuple[int, int], text: str = "") -> bytes:
    """A JPEG of a page with a magenta frame at its very edge, so that one sees where it is cut, and with a text."""
    image = scans.paper(*size)
    brush = ImageDraw.Draw(image)
    brush.rectangle((0, 0, size[0] - 1, size[1] - 1), outline="magenta", width=max(3, size[0] // 200))
    brush.text((size[0] // 4, size[1] // 3), text, fill="black", font=ImageFont.load_default(size[0] // 12))
    return scans.encoded(image, "JPEG", quality=60)


def keep(
    office: Office, *sizes: tuple[int, int], client: int = 0, title: str = "終身の証券", held: Collection[int] = (),
    left_out: Collection[int] = (), pictures: Sequence[bytes] = (),
) -> bytes:
    """A document with pages of these sizes, some (from 0) held or left out; returns its id. All look alike unless
    `pictures` says how."""
    owner = office.facts.clients[client]
    with office.desk().act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, owner) as act:
        pages = []
        for number, (width, height) in enumerate(sizes):
            name, size = b"", 0
            if number not in {*held, *left_out}:
                shown = pictures[number] if pictures else b"a picture"
                data = Content(shown, b"a small one", (Word("a", 1, 1, 9, 9),)).encode()
                name, size = objects.put(act, owner, [data], len(data)), len(data)
            pages.append(Page(object=name.hex(), width=width, height=height, size=size, held=number in held))
        document = Document(kind="保険証券", title=title, pages=tuple(pages))
        return act.add(owner, DOCUMENT, payloads.encode(document))
