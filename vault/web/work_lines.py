"""A line of the work list as pages and sheets show it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import url_for

from vault.domain.deposits import number_text
from vault.domain.prints import serial_text
from vault.domain.worklist import OF_POLICIES, PARTS, SOON, Sort
from vault.services.worklist.lines import Shown


def part_of(text: str) -> str:
    """A part of the list out of an address; the first for anything that is none."""
    return text if text in PARTS else SOON


def row(shown: Shown, today: date) -> dict[str, Any]:
    """One line: what, whose, when, and where it is seen to."""
    line, client = shown.line, shown.line.owner.hex()
    about = shown.answers or line
    policy = shown.about.policy
    return {
        "key": line.key, "client": client, "name": shown.client.name, "honorific": shown.client.honorific,
        "client_url": url_for("clients.show", client=client), "sort": about.sort.word, "day": line.day,
        "left": (line.day - today).days, "first_day": about.day if shown.answers else None, "task": shown.task,
        "gone": shown.gone, "opportunity": about.sort in OF_POLICIES and policy is not None and policy.handled_by != "自社",
        "policy": policy, "people": shown.about.people, "url": _url(shown),
        "policy_url": _policy_url(shown), "receipt": number_text(shown.about.deposit.number) if shown.about.deposit else "",
        "out": shown.about.out, "serial": serial_text(shown.about.out.entry.serial) if shown.about.out else "",
        "term": shown.about.term,
        "handler": (shown.task.assignee if shown.task else "") or (policy.solicitor if policy else "") or shown.client.handler,
        "done": line.sort is Sort.DONE,
    }  # fmt: skip


def _policy_url(shown: Shown) -> str:
    """Where the policy of a line stands."""
    if shown.about.policy is None:
        return ""
    record = shown.task.policy if shown.task else shown.line.record.hex()
    return url_for("policies.show", client=shown.line.owner.hex(), policy=record) if record else ""


def _url(shown: Shown) -> str:
    line, client = shown.line, shown.line.owner.hex()
    if shown.task is not None:
        return url_for("tasks.show", client=client, task=line.record.hex())
    return url_for("worklist.line", client=client, sort=line.sort.word, record=line.record.hex(), nth=shown.nth)
