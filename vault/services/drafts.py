"""What is on its way into a client's folder: sealed under its key as drafts, in files that no backup has."""

from __future__ import annotations

from vault.crypto.envelope import KEY_BYTES, Context, expand, open_sealed, seal
from vault.errors import NotFound, SealBroken
from vault.services.acts import Folder
from vault.services.safe import Desk


def own_place(desk: Desk, purpose: bytes, draft: bytes) -> Folder:
    """Where a draft of the person at the desk lies that belongs to no client yet. Its key follows from his private key: his
    own folder opens to colleagues too, who may not know the clients of that compartment."""
    return Folder(desk.person, desk.person, expand(desk.bundle.private, purpose + draft, KEY_BYTES), b"")


def _context(desk: Desk, folder: Folder, upload: bytes, number: int) -> Context:
    return Context(desk.instance.office, "draft", (folder.id, upload, number))


def write(desk: Desk, folder: Folder, upload: bytes, name: str, number: int, data: bytes) -> None:
    """Seal a file of an upload or of a document that is on its way; the same name again takes its place."""
    sealed = seal(folder.key, data, _context(desk, folder, upload, number))
    desk.instance.uploads.write(folder.owner, upload, name, sealed)


def read(desk: Desk, folder: Folder, upload: bytes, name: str, number: int) -> bytes:
    """What is in such a file. Raises NotFound, also for what was sealed before the client was sealed anew."""
    sealed = desk.instance.uploads.read(folder.owner, upload, name)
    try:
        return open_sealed(folder.key, sealed, _context(desk, folder, upload, number))
    except SealBroken as error:
        raise NotFound("not-found") from error
