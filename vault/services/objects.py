"""Sealed objects of an owner: scans and whatever else is too large for a row. Named in his contents list like a record."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from vault.crypto.envelope import Context, open_stream, seal_stream
from vault.crypto.keys import new_id
from vault.errors import Conflict, Damaged, NotFound, SealBroken
from vault.services.acts import OBJECT, Act, Contents, Folder
from vault.services.instance import Instance
from vault.storage import objects
from vault.storage.objects import ObjectRow


def put(act: Act, owner: bytes, pieces: Iterable[bytes], size: int) -> bytes:
    """Seal `size` bytes into a new object of an owner: the file is durable before the row is. Returns its id."""
    held = act.writable(owner)
    name = new_id()
    objects.add_row(act.connection, write(act, held, name, pieces, size))
    return name


def write(act: Act, held: Contents, name: bytes, pieces: Iterable[bytes], size: int) -> ObjectRow:
    """Seal an object into a file of its own and enter it in a contents list; the row is the caller's to write."""
    row = seal_into_file(act.desk.instance, held.folder, name, pieces, size)
    held.entries[name] = (OBJECT, 1, row.hash[:16])
    return row


def seal_into_file(instance: Instance, folder: Folder, name: bytes, pieces: Iterable[bytes], size: int) -> ObjectRow:
    """The same before there is an act, which would keep everybody else from writing as long: a durable file that nobody
    names yet. `enter` names it; without that it is swept after a day."""
    file = new_id()
    sealed = seal_stream(folder.key, pieces, size, _context(instance, folder, name))
    written, digest = instance.objects.put(file, sealed)
    return ObjectRow(name, folder.owner, folder.id, file, written, digest, instance.now())


def enter(act: Act, held: Contents, row: ObjectRow) -> None:
    """Name an object whose file is durable. Raises Conflict when its client has been sealed anew since."""
    if row.folder != held.folder.id:
        raise Conflict("conflict")
    objects.add_row(act.connection, row)
    held.entries[row.id] = (OBJECT, 1, row.hash[:16])


def read(act: Act, owner: bytes, name: bytes) -> bytes:
    """An object's data; raises NotFound if the owner has none of that name, Damaged for any other bytes than were sealed."""
    held = act.contents(owner)
    if held.entries.get(name, ("",))[0] != OBJECT:
        raise NotFound("not-found")
    try:
        row = objects.row_of(act.connection, name)
    except NotFound as error:
        raise Damaged("record-damaged", owner=owner) from error
    sealed = b"".join(act.desk.instance.objects.read(row.file))
    digest = hashlib.sha256(sealed).digest()
    if not hmac.compare_digest(digest, row.hash) or held.entries[name] != (OBJECT, 1, digest[:16]):
        raise Damaged("record-damaged", owner=owner)
    try:
        return open_stream(held.folder.key, [sealed], _context(act.desk.instance, held.folder, name))
    except SealBroken as error:
        raise Damaged("record-damaged", owner=owner) from error


def names(act: Act, owner: bytes) -> list[bytes]:
    """The ids of an owner's objects."""
    return names_in(act.contents(owner))


def names_in(held: Contents) -> list[bytes]:
    """The ids of the objects that a contents list names."""
    return [name for name, entry in held.entries.items() if entry[0] == OBJECT]


def hold_again(act: Act, held: Contents) -> None:
    """Into a contents list made anew: every object of the owner that opens."""
    for row in objects.rows_of(act.connection, held.folder.owner):
        try:
            sealed = b"".join(act.desk.instance.objects.read(row.file))
            open_stream(held.folder.key, [sealed], _context(act.desk.instance, held.folder, row.id))
        except (Damaged, SealBroken):
            continue
        if hashlib.sha256(sealed).digest() == row.hash:
            held.entries[row.id] = (OBJECT, 1, row.hash[:16])


def _context(instance: Instance, folder: Folder, name: bytes) -> Context:
    return Context(instance.office, "document", (folder.id, name, 1))
