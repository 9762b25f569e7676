"""Tasks: what somebody wrote down to be done for a client, and what was done about a line of the work list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.tasks import Task
from vault.domain.values import TypedDate
from vault.domain.worklist import Line, still_due
from vault.errors import NotFound
from vault.services import payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.clients import written
from vault.services.holdings import POLICY, TASK, HeldTask, client_of, task_of, tasks_of
from vault.services.safe import Desk
from vault.services.worklist import elsewhere


@dataclass(frozen=True)
class TaskPage:
    """A task with its client's record, and who wrote which version (version, when, by whom)."""

    client_id: bytes
    client: Client
    held: HeldTask
    written: list[tuple[int, int, str]]


def add(act: Act, client: bytes, task: Task) -> bytes:
    """A new task inside another act; returns its id."""
    return act.add(client, TASK, payloads.encode(task))


def create(desk: Desk, client: bytes, task: Task) -> bytes:
    """A new task of a client; raises NotFound. Returns its id."""
    with desk.act(Event.TASK_SAVED, Permission.WRITE_CLIENTS, client) as act:
        made = add(act, client, task)
        act.tell(record=made)
    return made


def get(desk: Desk, client: bytes, task: bytes) -> TaskPage:
    """One task; raises NotFound."""
    with desk.act(Event.TASK_OPENED, Permission.READ_CLIENTS, client) as act:
        found = act.read_one(client, task, TASK)
        page = TaskPage(client, client_of(act, client)[1], task_of(found), written(act, found))
        act.tell(record=task)
    return page


def save(desk: Desk, client: bytes, task: bytes, said: Task, base: int) -> int:
    """A task's next version; raises Conflict when somebody else saved since `base`. Returns the new version."""
    with desk.act(Event.TASK_SAVED, Permission.WRITE_CLIENTS, client) as act:
        version = act.change(client, task, TASK, payloads.encode(said), base)
        act.tell(record=task, version=version)
    return version


# --- what is done about a line


def put_off(desk: Desk, line: Line, until: date) -> bytes:
    """Let a line come back on another day; returns the id of its task."""
    return _answer(desk, line, lambda task: replace(task, due=TypedDate.of(until), done=None))


def finish(desk: Desk, line: Line, day: date) -> bytes:
    """A line is done."""
    return _answer(desk, line, lambda task: replace(task, done=TypedDate.of(day)))


def answer(desk: Desk, line: Line, said: Task, done: TypedDate | None) -> bytes:
    """Day, assignee and note of a line are these from now on, or it is done."""
    return _answer(desk, line, lambda task: replace(task, due=said.due, assignee=said.assignee, note=said.note, done=done))


def with_act(task: Task, act: str, day: date) -> Task:
    """A task after it was done ("done"), or is to be done after all ("open")."""
    return replace(task, done={"done": task.done or TypedDate.of(day), "open": None}.get(act, task.done))


def reopen(desk: Desk, client: bytes, task: bytes) -> None:
    """A task that was done is to be done after all; raises NotFound. Where all that was ever said of a line is that it is
    done, that is taken away: the line stands where it stood, and is not late because it was touched."""
    with desk.act(Event.TASK_SAVED, Permission.WRITE_CLIENTS, client) as act:
        found = task_of(act.read_one(client, task, TASK))
        if found.version == 1 and found.task.only_done:
            act.drop(client, task, TASK)
        else:
            act.change(client, task, TASK, payloads.encode(replace(found.task, done=None)), found.version)
        act.tell(record=task)


def _answer(desk: Desk, line: Line, change: Callable[[Task], Task]) -> bytes:
    """The task of a line, changed; made where nobody has done anything about the line yet.

    Two people at once: the later one changes what the earlier one wrote, and nothing of that is lost but what both said.
    Raises NotFound for a line that no record speaks of (any more).
    """
    with desk.act(Event.TASK_SAVED, Permission.WRITE_CLIENTS, line.owner) as act:
        there = next((held for held in tasks_of(act.read(line.owner, [TASK])) if line.key == held.task.line or line.record == held.id), None)
        if there is not None:
            task = there.id
            act.change(line.owner, task, TASK, payloads.encode(change(there.task)), there.version)
        else:
            task = add(act, line.owner, change(_first(act, line)))
        act.tell(record=task)
    return task


def _first(act: Act, line: Line) -> Task:
    if not elsewhere.may(act.desk, line.sort) or not still_due(elsewhere.dues_of(act, line), line):
        raise NotFound("not-found")
    kind = act.contents(line.owner).entries.get(line.record, ("",))[0]
    policy = line.record.hex() if kind == POLICY else ""
    return Task(due=TypedDate.of(line.day), line=line.key, policy=policy)
