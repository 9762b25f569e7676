"""An administrator has looked at a restore: what came back is vouched for with the folders' keys, and counts again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from vault.crypto import codec
from vault.crypto.envelope import Context, open_sealed
from vault.domain.access import Permission
from vault.errors import Malformed, SealBroken
from vault.services import restore_notes, restoring
from vault.services.accounts import seen
from vault.services.acts import Act, Contents, Folder, clients_of
from vault.services.audit import Event
from vault.services.restore_notes import Waiting
from vault.services.safe import Desk
from vault.storage import journal, noted, records, restored
from vault.storage.journal import Entry
from vault.storage.records import ContentsRow


def confirm(desk: Desk) -> None:
    """Go on with what was restored: every contents list that came back is written anew, above the highest version ever
    noted. One that does not open, or is not what the restore noted, stays refused until that client is confirmed.

    Nothing to do when nothing waits.
    """
    with desk.act(Event.RESTORE_CONFIRMED, Permission.MANAGE_OFFICE) as act:
        waiting = restore_notes.read(act.connection)
        act.fact.confirmed = seen.confirmation(desk, journal.head(act.connection)[1])
        if waiting is not None:
            held = list(_vouched(act, waiting))
            for owner, contents in held:
                act.hold(owner, contents)
            act.tell(clients=len(held))
            restore_notes.drop(act.connection)
    if waiting is not None:
        restoring.after_confirmation(desk.instance, waiting)


def _vouched(act: Act, waiting: Waiting) -> Iterator[tuple[bytes, Contents]]:
    """Each client whose newest note is the restore's, and those that went: their lists are empty now."""
    rooms = clients_of(act.desk)
    gone = {waiting.gone[at : at + 16] for at in range(0, len(waiting.gone), 16)}
    going = records.marked_erasing(act.connection) - records.gone_into_others(act.connection)
    for owner in [*restored.noted_since(act.connection, Event.RESTORED.value, waiting.first), *sorted(gone)]:
        if owner not in rooms or owner in going:
            continue
        folder = act.desk.folder_in(rooms[owner], owner)
        found = _emptied(folder) if owner in gone else _restored(act, folder, waiting.first)
        if found is not None:
            highest = restored.note_before(act.connection, owner, waiting.first)
            yield owner, _above(found, highest)


def _emptied(folder: Folder) -> Contents:
    return Contents(folder, ContentsRow(folder.owner, folder.id, 0, b""), {})


def _restored(act: Act, folder: Folder, first: int) -> Contents | None:
    """The contents list as the restore brought it; None for one that is not that, or that does not open."""
    found = noted.contents_of(act.connection, folder.owner)
    if found is None or not _is_noted(*found, first):
        return None
    row, office = found[0], act.desk.instance.office
    try:
        plain = open_sealed(folder.key, row.sealed, Context(office, "contents", (folder.id, folder.owner, row.version)))
        entries = {i: (kind, version, mark) for i, kind, version, mark in codec.decode(plain)}
    except (SealBroken, Malformed, ValueError):
        return None
    return Contents(folder, row, entries)


def _is_noted(row: ContentsRow, note: Entry | None, first: int) -> bool:
    """Whether the newest note of a list is the restore's, its hash right, and this list the one it notes."""
    if note is None or note.position < first or note.columns.event != Event.RESTORED.value:
        return False
    if note.hash != journal.entry_hash(note.before, note.position, note.clear, note.key, note.sealed):
        return False
    told = codec.decode(note.clear).get("contents")
    return bool(told == [row.owner, row.version, hashlib.sha256(row.sealed).digest()])


def _above(found: Contents, highest: bytes | None) -> Contents:
    """The next version of a list goes on above all that were ever noted."""
    noted_version = codec.decode(highest)["contents"][1] if highest is not None else 0
    row = found.row
    assert row is not None
    version = max(row.version, noted_version)
    return Contents(found.folder, ContentsRow(row.owner, found.folder.id, version, row.sealed), found.everything)
