"""Tasks of a client: written down, changed, done."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.fields import Fault
from vault.domain.policies import Policy
from vault.domain.tasks import NewTask, Task
from vault.errors import Conflict, NotFound
from vault.services import clients
from vault.services.worklist import lines, tasks
from vault.services.worklist.tasks import TaskPage
from vault.web import forms
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs
from vault.web.pages import day_to_type, short_moment, today
from vault.web.words import word

blueprint = Blueprint("tasks", __name__)
READ, WRITE = Permission.READ_CLIENTS, Permission.WRITE_CLIENTS
NAMES = ("what", "due", "assignee", "note")


@blueprint.get("/clients/<client>/tasks/new")
@needs(WRITE)
def new(client: str) -> str:
    """A form with today filled in."""
    return _new(client, {"due": day_to_type(today()), "policy": request.args.get("policy", "")}, {})


def _new(client: str, values: dict[str, Any], faults: dict[str, Fault]) -> str:
    page = clients.get(desk(), ident(client))
    return render_template(
        "worklist/task.html", nav="clients", page=None, client_name=page.client.name, boxes=fields.by_name(NewTask),
        owner="NewTask", values=values, faults=faults, colleagues=lines.colleagues(desk()), writes=True, history=[], conflict=False,
        client_url=url_for("clients.show", client=client), action=url_for("tasks.create", client=client),
        policies=[(h.id.hex(), _label(h.policy)) for h in page.policies],
    )  # fmt: skip


def _label(policy: Policy) -> str:
    return " ".join(filter(None, (policy.insurer, word(policy.kind), policy.policy_number)))


@blueprint.post("/clients/<client>/tasks/new")
@needs(WRITE)
def create(client: str) -> Response:
    """Write it down."""
    values = forms.typed(request.form)
    reading = fields.read(NewTask, {name: values.get(name, "") for name in NAMES})
    if reading.record is None:
        return make_response(_new(client, values, reading.faults), 400)
    said, policy = reading.record, values.get("policy", "")
    if policy and not any(held.id == ident(policy) for held in clients.get(desk(), ident(client)).policies):
        raise NotFound("not-found")
    task = Task(what=said.what, due=said.due, assignee=said.assignee, note=said.note, policy=policy)
    tasks.create(desk(), ident(client), task)
    return cast(Response, redirect(url_for("clients.show", client=client, _anchor="tasks-title"), 303))


@blueprint.get("/clients/<client>/tasks/<task>")
@needs(READ)
def show(client: str, task: str) -> str:
    """One task, to be changed or done."""
    page = tasks.get(desk(), ident(client), ident(task))
    return _show(page, fields.typed(page.held.task), {}, False)


def _show(page: TaskPage, values: dict[str, Any], faults: dict[str, Fault], conflict: bool) -> str:
    here: dict[str, Any] = {"client": page.client_id.hex(), "task": page.held.id.hex()}
    return render_template(
        "worklist/task.html", nav="clients", page=page, client_name=page.client.name, boxes=fields.by_name(Task),
        owner="Task", values=values, faults=faults, colleagues=lines.colleagues(desk()), writes=desk().may(WRITE), conflict=conflict,
        client_url=url_for("clients.show", client=here["client"]), action=url_for("tasks.save", **here), policies=[],
        history=[(number, short_moment(at), who) for number, at, who in page.written], today=today(),
    )  # fmt: skip


@blueprint.post("/clients/<client>/tasks/<task>")
@needs(WRITE)
def save(client: str, task: str) -> Response:
    """Change it; with `act` done it is done, with `act` open to be done after all."""
    values, page = forms.typed(request.form), tasks.get(desk(), ident(client), ident(task))
    before = page.held.task
    kept = {name: text for name, text in fields.typed(before).items() if name not in NAMES}
    reading = fields.read(Task, {**kept, **{name: values.get(name, "") for name in NAMES}})
    if reading.record is not None and not reading.record.what and not before.line:
        reading.faults["what"] = Fault("required")
    if reading.record is None or reading.faults:
        return make_response(_show(page, values, reading.faults, False), 400)
    said = tasks.with_act(reading.record, request.form.get("act", ""), today())
    try:
        tasks.save(desk(), ident(client), ident(task), said, request.form.get("version", 0, type=whole_number))
    except Conflict:
        return make_response(_show(tasks.get(desk(), ident(client), ident(task)), values, {}, True), 409)
    return cast(Response, redirect(url_for("clients.show", client=client, _anchor="tasks-title"), 303))
