"""What one import brought, client by client, and what of it was taken back."""

from __future__ import annotations

from dataclasses import dataclass

from vault.domain import paging
from vault.domain.paging import Page
from vault.domain.policies import Policy
from vault.errors import Damaged, Malformed, NotFound
from vault.services import office
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.holdings import POLICY, client_of, held_policy
from vault.services.importing.drafts import IMPORT
from vault.services.importing.noted import DAY_SECONDS, UNDO_DAYS, Left, Told
from vault.services.importing.undoing import found
from vault.services.safe import Desk

PAGE = 100


@dataclass(frozen=True)
class Brought:
    """A client, with an empty name when he cannot be shown: whether he is new, how many policies came, how many records
    were changed."""

    client: bytes
    name: str
    new: bool
    policies: int
    changed: int


@dataclass(frozen=True)
class LeftShown:
    """What was not taken back and why; `policy` where it is one that can be read."""

    client: bytes
    name: str
    policy: Policy | None
    why: str


@dataclass(frozen=True)
class Result:
    """One import: `at`, and `until` when it can be taken back, in seconds since 1970; a page of its clients."""

    file: str
    room: str
    at: int
    until: int
    by: str
    rows: int
    clients: int
    policies: int
    changed: int
    owners: int
    page: int
    pages: int
    shown: list[Brought]
    undone: int
    left: list[Left]
    left_shown: list[LeftShown]
    over: bool


def look(desk: Desk, of: bytes, page: int) -> Result:
    """An import of the last days, a page (from 1) of what it brought. Raises NotFound."""
    with desk.act(Event.IMPORT_OPENED, IMPORT) as act:
        told = found(act, of)
        owners = list(dict.fromkeys(each.client for each in told.touched))
        shown = paging.page(owners, PAGE, page)
        result = _result(act, told, len(owners), shown)
        act.tell(clients=[bytes.fromhex(owner) for owner in shown.rows])
    return result


def _result(act: Act, told: Told, owners: int, shown: Page[str]) -> Result:
    room = office.compartment_names(act).get(bytes.fromhex(told.said.compartment), "")
    return Result(
        file=told.said.file, room=room, at=told.at, until=told.at + UNDO_DAYS * DAY_SECONDS,
        by=office.name_of(act, bytes.fromhex(told.said.person)), rows=len(told.rows), clients=told.made(True),
        policies=told.made(False), changed=told.changed, owners=owners, page=shown.number, pages=shown.of,
        shown=[_brought(act, told, owner) for owner in shown.rows], undone=len(told.undone), left=told.left,
        left_shown=[_left(act, each) for each in told.left[:PAGE]], over=told.begun_undoing and not told.to_undo,
    )  # fmt: skip


def _brought(act: Act, told: Told, owner: str) -> Brought:
    mine = [each for each in told.touched if each.client == owner]
    made = {each.record for each in mine if each.new}
    return Brought(
        bytes.fromhex(owner), _name(act, bytes.fromhex(owner)), owner in made, len(made - {owner}),
        len({each.record for each in mine} - made),
    )  # fmt: skip


def _name(act: Act, owner: bytes) -> str:
    try:
        return client_of(act, owner)[1].name
    except (NotFound, Damaged, Malformed):
        return ""


def _left(act: Act, each: Left) -> LeftShown:
    owner, policy = bytes.fromhex(each.client), None
    if each.record != each.client:
        try:
            policy = held_policy(act.read_one(owner, bytes.fromhex(each.record), POLICY)).policy
        except (NotFound, Damaged, Malformed):
            policy = None
    return LeftShown(owner, _name(act, owner), policy, each.why)
