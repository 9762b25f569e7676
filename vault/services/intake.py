"""A file becomes a document: redrawn in the sandbox page by page, and saved when the last page is there.

The pieces are gone afterwards, and so is everything where it fails or is given up. What a kill leaves is sealed, belongs
to no document, counts against no limit, and is swept after a day.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from vault.domain import readings
from vault.domain.access import Permission
from vault.domain.documents import Page
from vault.domain.scans import Area
from vault.errors import KuraError, NotFound, Refused
from vault.services import closing, documents, drafts, payloads, space, uploads
from vault.services.acts import Act, Folder
from vault.services.audit import Event
from vault.services.documents import Content
from vault.services.holdings import DOCUMENT, document_of
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.services.uploads import Arriving
from vault.storage import records, sandbox
from vault.storage.database import reading
from vault.storage.objects import ObjectRow
from vault.storage.sandbox import PageImage
from vault.storage.uploads import HELD, ORDER

# Looking for numbers is done here and not in the sandbox, whose clock stops meanwhile: so much for all pages of a file, and
# of more letters on a page than any paper has, none are read. Somebody looks at it.
LOOKING_SECONDS, MOST_LETTERS = 120.0, 20_000


@dataclass(frozen=True)
class Step:
    """How far redrawing is: page `number` of `of` is done. With `document`, its id, all is: `held` pages wait."""

    number: int
    of: int
    document: bytes = b""
    held: int = 0


def take_in(desk: Desk, client: bytes, upload: bytes, password: str = "") -> Iterator[Step]:
    """Redraw an upload whose pieces are all there, page by page, and save it as a document.

    Raises Refused: upload-unfinished, office-full, and what the sandbox refuses; for file-locked and
    file-password-wrong the upload stays, so that the password can be given, else it is gone. Throttled: somebody is at
    it. Of what was taken in already only the last step comes: the connection may have dropped before it was heard.
    """
    desk.require(Permission.WRITE_DOCUMENTS)
    folder = desk.folder(client)
    done = _done(desk, client, upload)
    if done is None:
        with desk.instance.uploads.alone(client, upload, ORDER):
            done = _done(desk, client, upload) or (yield from _taken_in(desk, folder, upload, password))
    with suppress(KuraError):  # swept
        desk.instance.uploads.drop(client, upload)
    yield done


def _document_of(upload: bytes) -> bytes:
    """The id of the document that an upload becomes: never a second one."""
    return hashlib.sha256(b"kura document" + upload).digest()[:16]


def _done(desk: Desk, client: bytes, upload: bytes) -> Step | None:
    document = _document_of(upload)
    with desk.look(Permission.WRITE_DOCUMENTS, client) as act:
        try:
            found = document_of(act.read_one(client, document, DOCUMENT)).document
        except NotFound:
            return None
    return Step(len(found.pages), len(found.pages), document, len(found.held))


def _taken_in(desk: Desk, folder: Folder, upload: bytes, password: str) -> Generator[Step, None, Step]:
    found = uploads.found(desk, folder, upload)
    if found.missing:
        raise Refused("upload-unfinished")
    making = _Making(desk, folder, found)
    try:
        yield from making.redrawn(_opened_pieces(desk, folder, found), password)
        making.save()
    except BaseException as error:
        making.undo()
        if isinstance(error, Refused) and error.code not in ("file-locked", "file-password-wrong"):
            with suppress(KuraError):  # what was refused is to be told, not that
                desk.instance.uploads.drop(folder.owner, upload)
        raise
    return Step(len(making.pages), len(making.pages), making.id, sum(page.held for page in making.pages))


def _opened_pieces(desk: Desk, folder: Folder, found: Arriving) -> Iterator[bytes]:
    for number in range(1, found.of + 1):
        yield drafts.read(desk, folder, found.id, str(number), number)


class _Making:
    """A document while it is being redrawn: pages whose files are durable and that no row names yet."""

    def __init__(self, desk: Desk, folder: Folder, found: Arriving) -> None:
        self.desk, self.folder, self.intake, self._upload = desk, folder, found.intake, found.id
        self.id = _document_of(found.id)
        self.pages: list[Page] = []
        self.rows: list[ObjectRow] = []
        self._room = space.left(desk.instance)
        # Not within the limit of what is kept, for a kill may leave some; but without a bound they would fill the disk.
        self._room_held = desk.instance.settings.documents_bytes - desk.instance.uploads.held()
        self._looking = LOOKING_SECONDS

    def redrawn(self, pieces: Iterator[bytes], password: str) -> Iterator[Step]:
        read = sandbox.can_read()
        permits = self.desk.instance.settings.run
        for drawn in sandbox.redraw(pieces, self.intake.size, password, read=read, permits=permits):
            self._keep(drawn)
            yield Step(drawn.number, drawn.of)

    def _keep(self, drawn: PageImage) -> None:
        crowded = sum(len(word.text) for word in drawn.words) > MOST_LETTERS
        numbers = () if crowded else self._numbers(drawn)
        content = Content(drawn.image, drawn.thumb, drawn.words, numbers)
        if numbers or crowded or self.intake.hold:
            self._hold(content.encode())
            self.pages.append(_page(drawn, None))
            return
        row = documents.sealed(self.desk, self.folder, content)
        self.rows.append(row)
        self._room -= row.size
        if self._room < 0:
            raise space.full(self.desk.instance)
        self.pages.append(_page(drawn, row))

    def _numbers(self, drawn: PageImage) -> tuple[Area, ...]:
        began = time.monotonic()
        numbers = tuple(readings.my_numbers(drawn.words, drawn.exact))
        self._looking -= time.monotonic() - began
        if self._looking < 0:
            raise Refused("file-too-long")
        return numbers

    def _hold(self, data: bytes) -> None:
        self._room_held -= len(data)
        if self._room_held < 0:
            raise Refused("uploads-too-many")
        number = len(self.pages)
        drafts.write(self.desk, self.folder, self.id, f"{HELD}{number}", number, data)

    def save(self) -> None:
        self.desk.check_again()  # redrawing takes its time
        with self.desk.act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, self.folder.owner) as act:
            documents.enter(act, self.folder, self.rows)
            self._check_wanted(act)
            document = replace(self.intake.document, pages=tuple(self.pages))
            documents.check_policy(act, self.folder.owner, document.policy)
            act.add(self.folder.owner, DOCUMENT, payloads.encode(document), self.id)
            act.tell(record=self.id, version=1, pages=len(self.pages))

    def _check_wanted(self, act: Act) -> None:
        """Raises NotFound when the upload was given up meanwhile, Refused when others have taken the room, NotReady when
        the door was closed: what is restored or packed by now would not have it."""
        closing.check_open(act.desk.instance)
        if ORDER not in self.desk.instance.uploads.names(self.folder.owner, self._upload):
            raise NotFound("not-found")
        space.check_office(act, 0)

    def undo(self) -> None:
        """Nothing stays of a document that was not saved; what does not go now is swept."""
        instance = self.desk.instance
        with suppress(KuraError):
            if not _is_saved(instance, self.id):
                for row in self.rows:
                    instance.objects.remove(row.file)
                instance.uploads.drop(self.folder.owner, self.id)


def _is_saved(instance: Instance, record: bytes) -> bool:
    """Whether a record stands there: what fails after the commit has not failed to save."""
    with reading(instance.engine) as connection, suppress(NotFound):
        return bool(records.get(connection, record))
    return False


def _page(drawn: PageImage, row: ObjectRow | None) -> Page:
    return Page(
        object=row.id.hex() if row else "", width=drawn.width, height=drawn.height, size=row.size if row else 0,
        words=len(drawn.words), exact=drawn.exact, held=row is None,
    )  # fmt: skip
