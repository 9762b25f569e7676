"""A file on its way in: announced, sent in sealed pieces, given up.

What a kill leaves is sealed, belongs to no document, and is swept after a day.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from vault.crypto.keys import new_id
from vault.domain.access import Permission
from vault.domain.documents import LONGEST_NAME, Intake
from vault.errors import Refused
from vault.services import documents, drafts, payloads, space
from vault.services.acts import Folder
from vault.services.audit import Event
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.storage.uploads import ORDER

PIECE = 1024 * 1024
MOST_AT_ONCE = 20  # files of the largest size that may be on their way in


@dataclass(frozen=True)
class Arriving:
    """An upload that has not ended: what it is to become, its pieces that are there (from 1), and how many it has."""

    id: bytes
    intake: Intake
    there: frozenset[int]
    of: int

    @property
    def missing(self) -> list[int]:
        return [number for number in range(1, self.of + 1) if number not in self.there]


def begin(desk: Desk, client: bytes, intake: Intake) -> Arriving:
    """Announce a file; its pieces follow. Raises Refused: file-empty, upload-too-large (most, in MB), uploads-too-many,
    office-full."""
    instance = desk.instance
    instance.uploads.sweep(time.time())
    if intake.size < 1:
        raise Refused("file-empty")
    space.check_file(instance, intake.size)
    intake = replace(intake, name=intake.name[:LONGEST_NAME])
    with desk.act(Event.UPLOAD_BEGUN, Permission.WRITE_DOCUMENTS, client) as act:
        folder = act.staying(client).folder
        documents.check_policy(act, client, intake.document.policy)
        space.check_office(act)
        _check_bound(instance, intake.size)
        upload = new_id()
    drafts.write(desk, folder, upload, ORDER, 0, payloads.encode(intake))
    return Arriving(upload, intake, frozenset(), _pieces(intake))


def _check_bound(instance: Instance, size: int) -> None:
    if instance.uploads.arriving() + size > MOST_AT_ONCE * instance.settings.upload_bytes:
        raise Refused("uploads-too-many")


def _pieces(intake: Intake) -> int:
    return -(-intake.size // PIECE)


def arriving(desk: Desk, client: bytes, upload: bytes) -> Arriving:
    """How far an upload has come, so that it can go on; raises NotFound."""
    desk.require(Permission.WRITE_DOCUMENTS)
    return found(desk, desk.folder(client), upload)


def found(desk: Desk, folder: Folder, upload: bytes) -> Arriving:
    """The same for who has the folder."""
    intake = payloads.decode(drafts.read(desk, folder, upload, ORDER, 0), Intake)
    there = {int(name) for name in desk.instance.uploads.names(folder.owner, upload) if name.isdecimal()}
    return Arriving(upload, intake, frozenset(there), _pieces(intake))


def put_piece(desk: Desk, client: bytes, upload: bytes, number: int, data: bytes) -> None:
    """A piece (from 1) of an upload: 1 MiB each, the last one what is left. Again is no harm. Raises NotFound, Refused."""
    desk.require(Permission.WRITE_DOCUMENTS)
    folder = desk.folder(client)
    known = found(desk, folder, upload)
    if not 1 <= number <= known.of or len(data) != min(PIECE, known.intake.size - (number - 1) * PIECE):
        raise Refused("upload-piece")
    if number not in known.there:  # as many as somebody likes may have been announced while nothing was there yet
        _check_bound(desk.instance, len(data))
    drafts.write(desk, folder, upload, str(number), number, data)


def cancel(desk: Desk, client: bytes, upload: bytes) -> None:
    """Give an upload up: nothing of it stays. Nothing to do where it has ended."""
    desk.require(Permission.WRITE_DOCUMENTS)
    desk.folder(client)
    if ORDER in desk.instance.uploads.names(client, upload):
        desk.instance.uploads.drop(client, upload)
