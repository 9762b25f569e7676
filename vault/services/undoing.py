"""Taking a save back: within some minutes, by who saved, and only while nobody has changed the record since.

What was new goes into the bin; of what was changed the version before is written once more, as the newest one. Nothing
of the history is lost.
"""

from __future__ import annotations

from vault.domain.access import Permission
from vault.errors import Conflict, NotFound, Refused
from vault.services import bin
from vault.services.acts import Act, Opened
from vault.services.audit import Event
from vault.services.clients import save_in, united_at
from vault.services.holdings import KINDS, POLICY, opened_client
from vault.services.safe import Desk

SECONDS = 10 * 60


def undo(desk: Desk, client: bytes, record: bytes, version: int) -> bool:
    """Take back the save that made `version` of a policy, or with his own id of a client; True when it was the first
    one, so that the record lies in the bin now. Raises Conflict, NotFound, Refused("undo-over")."""
    permission = Permission.WRITE_CLIENTS if record == client else Permission.WRITE_POLICIES
    if version == 1:
        with desk.look(permission, client) as act:
            _own(act, client, record, version)
        bin.put(desk, client, record, version)
        return True
    event = Event.CLIENT_SAVED if record == client else Event.POLICY_SAVED
    with desk.act(event, permission, client) as act:
        _write_again(act, client, _own(act, client, record, version))
    return False


def _own(act: Act, client: bytes, record: bytes, version: int) -> Opened:
    """The version that is to be taken back, if this person may."""
    kind = act.contents(client).entries.get(record, ("",))[0]
    if kind != POLICY and kind not in KINDS:
        raise NotFound("not-found")
    newest = act.read_one(client, record, kind)
    if newest.row.version != version:
        raise Conflict("conflict", version=newest.row.version)
    over = not 0 <= act.desk.instance.now() - newest.row.changed <= SECONDS
    if over or newest.author != act.desk.person or newest.row.changed <= united_at(act, client):
        raise Refused("undo-over")
    return newest


def _write_again(act: Act, client: bytes, newest: Opened) -> None:
    row = newest.row
    [earlier] = act.read_earlier(client, row.id, row.kind, 1)
    if row.kind == POLICY:
        version = act.change(client, row.id, POLICY, earlier.payload, row.version)
        act.tell(record=row.id, version=version)
    else:
        save_in(act, client, opened_client(earlier), row.version)
