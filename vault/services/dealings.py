"""応対, 意向, 第三者提供, 事故・請求: opened, entered, corrected, with every earlier version."""

from __future__ import annotations

from dataclasses import dataclass, replace

from vault.domain.access import Permission
from vault.domain.contacts import Contact
from vault.domain.dealings import CLAIM, CONTACT, INTENTION, KINDS, PROVISION, Dealing, kind_of
from vault.domain.tasks import Task
from vault.errors import NotFound
from vault.services import office, payloads
from vault.services.acts import Act, Opened
from vault.services.audit import Event
from vault.services.clients import Page, Version, page_of, written
from vault.services.holdings import TASK, HeldDealing, HeldTask, client_of, dealing_of, task_of
from vault.services.safe import Desk
from vault.services.worklist import tasks

OPENED = {
    CONTACT: Event.CONTACT_OPENED, INTENTION: Event.INTENTION_OPENED, PROVISION: Event.PROVISION_OPENED, CLAIM: Event.CLAIM_OPENED,
}  # fmt: skip
SAVED = {
    CONTACT: Event.CONTACT_SAVED, INTENTION: Event.INTENTION_SAVED, PROVISION: Event.PROVISION_SAVED, CLAIM: Event.CLAIM_SAVED,
}  # fmt: skip


@dataclass(frozen=True)
class DealingPage:
    """A dealing with its client's page, and who wrote its versions. `task`: what its next step became, while it is there."""

    page: Page
    held: HeldDealing
    written: list[tuple[int, int, str]]
    task: HeldTask | None = None


def get(desk: Desk, client: bytes, kind: str, record: bytes) -> DealingPage:
    """One dealing of a kind; raises NotFound."""
    with desk.act(OPENED[kind], Permission.READ_CLIENTS, client) as act:
        found = act.read_one(client, record, kind)
        held = dealing_of(act, found)
        page = DealingPage(page_of(act, client), held, written(act, found), _task_of(act, client, held.dealing))
        act.tell(record=record)
    return page


def _task_of(act: Act, client: bytes, dealing: Dealing) -> HeldTask | None:
    if not isinstance(dealing, Contact) or not dealing.task:
        return None
    try:
        return task_of(act.read_one(client, bytes.fromhex(dealing.task), TASK))
    except NotFound:
        return None


def create(desk: Desk, client: bytes, dealing: Dealing) -> bytes:
    """A new dealing of a client; the next step of a contact becomes a task. Returns the id; raises NotFound."""
    kind = kind_of(dealing)
    with desk.act(SAVED[kind], Permission.WRITE_CLIENTS, client) as act:
        client_of(act, client)
        made = act.add(client, kind, payloads.encode(_with_task(act, client, dealing, None)))
        act.tell(record=made, version=1)
    return made


def save(desk: Desk, client: bytes, record: bytes, dealing: Dealing, base: int) -> int:
    """A dealing's next version; raises Conflict when somebody else saved since `base`. Returns the new version."""
    kind = kind_of(dealing)
    with desk.act(SAVED[kind], Permission.WRITE_CLIENTS, client) as act:
        before = dealing_of(act, act.read_one(client, record, kind)).dealing
        now = _with_task(act, client, dealing, before)
        version = act.change(client, record, kind, payloads.encode(now), base)
        act.tell(record=record, version=version)
    return version


def _with_task(act: Act, client: bytes, dealing: Dealing, before: Dealing | None) -> Dealing:
    """A contact that has become a task when it names a day for its next step. An open task follows a correction."""
    if not isinstance(dealing, Contact):
        return dealing
    earlier = before.task if isinstance(before, Contact) else ""
    known = replace(dealing, task=earlier)
    held = _task_of(act, client, known)
    if dealing.next_day is None or (earlier and held is None):
        return known
    if held is None:
        return replace(known, task=tasks.add(act, client, _task(dealing)).hex())
    now = replace(held.task, what=dealing.next, due=dealing.next_day)
    if held.task.open and now != held.task:
        act.change(client, held.id, TASK, payloads.encode(now), held.version)
    return known


def _task(contact: Contact) -> Task:
    assert contact.next_day is not None
    policy = contact.policies[0] if len(contact.policies) == 1 else ""
    return Task(what=contact.next, due=contact.next_day, assignee=contact.handler, policy=policy)


# --- earlier versions


def versions(desk: Desk, client: bytes, kind: str, record: bytes) -> list[Version]:
    """Every version of a dealing, newest first; raises NotFound."""
    with desk.act(Event.HISTORY_OPENED, Permission.READ_CLIENTS, client) as act:
        found = [act.read_one(client, record, kind), *act.read_earlier(client, record, kind)]
        told = [_version(act, each) for each in found]
        act.tell(record=record)
    return told


def _version(act: Act, found: Opened) -> Version:
    return Version(found.row.version, found.row.changed, office.name_of(act, found.author), dealing_of(act, found).dealing)


def version_of(desk: Desk, client: bytes, kind: str, record: bytes, number: int) -> Dealing:
    """One version of a dealing; raises NotFound."""
    for version in versions(desk, client, kind, record):
        if version.number == number and isinstance(version.record, KINDS[kind]):
            return version.record
    raise NotFound("not-found")
