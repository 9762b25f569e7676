"""A whole import taken back: what it made goes into the bin, what it changed gets its earlier version back as a new one,
and what somebody has touched since is left as it is and told of.

In transactions of a few clients each; what was taken back is noted in the same one, so that after a kill it goes on.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import groupby

from vault.domain.access import Permission
from vault.errors import KuraError, NotFound, RolledBack
from vault.services import erasing, payloads
from vault.services.acts import BIN_CLIENT, BIN_KINDS, BIN_RECORD, OBJECT, Act, Contents, bin_note
from vault.services.audit import Event
from vault.services.bin import Binned
from vault.services.holdings import KINDS, POLICY
from vault.services.importing import noted
from vault.services.importing.noted import Left, Told, Touched, Undone
from vault.services.importing.reading import Step
from vault.services.importing.running import AT_ONCE
from vault.services.safe import OFFICE_PAGE, Desk

# Why something was left as it is.
CHANGED, USED, GONE, HELD = "changed", "used", "gone", "held"


def undo(desk: Desk, of: bytes) -> Generator[Step, None, None]:
    """Take an import back, a step for each transaction; raises NotFound for one that is too old or not there."""
    desk.require(Permission.IMPORT)
    desk.require(Permission.BIN)
    while True:
        desk.check_again()
        with desk.act(Event.IMPORT_UNDONE, Permission.IMPORT) as act:
            act.contents(OFFICE_PAGE)  # the first list: the entry of the act itself notes it
            told = found(act, of)
            clients = _next(told)
            undone = _take_back(act, told, clients)
            if clients:
                noted.put_undone(act, undone)
            act.tell(undone=len(undone.records), left=len(undone.left))
        total = len(told.to_undo) + len(told.undone) + len(told.left)
        done = len(told.undone) + len(told.left) + len(undone.records) + len(undone.left)
        yield Step(done, total)
        if done >= total:
            return


def found(act: Act, of: bytes) -> Told:
    """One import of the last days; raises NotFound."""
    told = noted.told(act, of)
    if not told:
        raise NotFound("not-found")
    return told[0]


def _next(told: Told) -> list[list[Touched]]:
    """What is to be taken back of the next few clients, each client's together."""
    left = sorted(told.to_undo, key=lambda each: each.client)
    return [list(each) for _, each in groupby(left, key=lambda each: each.client)][:AT_ONCE]


def _take_back(act: Act, told: Told, clients: list[list[Touched]]) -> Undone:
    done: list[str] = []
    left: list[Left] = []
    for mine in clients:
        for each, why in _of_client(act, mine):
            if why:
                left.append(Left(client=each.client, record=each.record, why=why))
            else:
                done.append(each.record)
    return Undone(of=told.id.hex(), records=tuple(dict.fromkeys(done)), left=tuple(left))


def _of_client(act: Act, mine: list[Touched]) -> list[tuple[Touched, str]]:
    """What came in of one client, with why it was left, or that it was not."""
    owner = bytes.fromhex(mine[0].client)
    try:
        held = act.contents(owner)
        held = held if held.binned else act.staying(owner)
    except RolledBack:
        raise
    except KuraError:  # erased, moved to where he may not look, or damaged
        return [(each, GONE) for each in mine]
    if held.binned:
        return [(each, "") for each in mine]
    spans, hidden, whole = _spans(mine), frozenset(held.hidden), _whole(held, _spans(mine))
    try:
        erasing.check_holds(act, owner)  # from here on the list shows what lies in the bin, too
    except KuraError:
        return [(each, HELD) for each in mine]
    if whole:
        _to_bin(act, owner, owner, BIN_CLIENT)
        return [(each, "") for each in mine]
    return [(each, _of_record(act, held, each, hidden)) for each in spans.values()]


def _spans(mine: list[Touched]) -> dict[str, Touched]:
    """Each record once: from before the first part that touched it to after the last."""
    found: dict[str, Touched] = {}
    for each in mine:
        known = found.get(each.record, each)
        found[each.record] = Touched(
            client=each.client, record=each.record, before=min(known.before, each.before), after=max(known.after, each.after)
        )
    return found


def _whole(held: Contents, spans: dict[str, Touched]) -> bool:
    """Whether the client came with this import and has nothing but what came with it."""
    own = spans.get(held.folder.owner.hex())
    if own is None or not own.new:
        return False
    versions = {record.hex(): entry[1] for record, entry in held.everything.items()}
    return versions == {record: each.after for record, each in spans.items() if each.new}


def _of_record(act: Act, held: Contents, each: Touched, hidden: frozenset[bytes]) -> str:
    owner, record = bytes.fromhex(each.client), bytes.fromhex(each.record)
    entry = held.entries.get(record)
    if record in hidden:
        return "" if each.new else CHANGED
    if entry is None:
        return GONE
    if entry[1] != each.after or each.new and each.is_client:
        return CHANGED
    if each.new:
        return _policy_to_bin(act, owner, record)
    earlier = next(old for old in act.read_earlier(owner, record, entry[0]) if old.row.version == each.before)
    act.change(owner, record, entry[0], earlier.payload, each.after)
    return ""


def _policy_to_bin(act: Act, owner: bytes, record: bytes) -> str:
    """Into the bin, unless a paper, a receipt or the like tells of the policy by now."""
    others = {kind for kind, *_ in act.contents(owner).entries.values()} - {POLICY, *KINDS, *BIN_KINDS, OBJECT}
    if any(record.hex().encode() in each.payload for each in act.read(owner, others)):
        return USED
    _to_bin(act, owner, record, BIN_RECORD)
    return ""


def _to_bin(act: Act, owner: bytes, record: bytes, note: str) -> None:
    act.add(owner, note, payloads.encode(Binned(record=record.hex())), bin_note(record))

