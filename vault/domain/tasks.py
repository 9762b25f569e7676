"""やること: what is to be done for a client, by whom, until when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from vault.domain import fields as f
from vault.domain.values import TypedDate, Unreadable

_LINE = re.compile(r"[a-z]{1,20}:[0-9a-f]{32}:\d{4}-\d{2}-\d{2}")


def _line(text: str) -> str:
    if not _LINE.fullmatch(text):
        raise Unreadable("choice-unknown", typed=text)
    return text


def _identity(text: str) -> str:
    if not re.fullmatch("[0-9a-f]{32}", text):
        raise Unreadable("choice-unknown", typed=text)
    return text


@dataclass(frozen=True, kw_only=True)
class Task:
    """Something to be done for a client until a day, or what people did about a line of the work list.

    `line` is the key of that line (`vault.domain.worklist.Line.key`), empty for what somebody wrote down himself; `what`
    may be empty then only. `policy` (hex id) is the one it is about. `done` is the day on which it was.
    """

    what: str = f.text()
    due: TypedDate = f.day(required=True)
    assignee: str = f.name()
    note: str = f.long(max_length=1000)
    done: TypedDate | None = f.day()
    line: str = f.text(max_length=80, my_number="free", hidden=True, check=_line)
    policy: str = f.text(max_length=32, my_number="free", hidden=True, check=_identity)

    @property
    def open(self) -> bool:
        return self.done is None

    @property
    def only_done(self) -> bool:
        """Whether it says of a line that it is done, and nothing else."""
        return bool(self.line and self.done and self.due.value == self.line_day() and not (self.what or self.assignee or self.note))

    def line_day(self) -> date | None:
        """The day of the line it answers."""
        return date.fromisoformat(self.line.rpartition(":")[2]) if self.line else None


@dataclass(frozen=True, kw_only=True)
class NewTask:
    """What a person writes down to be done."""

    what: str = f.text(required=True)
    due: TypedDate = f.day(required=True)
    assignee: str = f.name()
    note: str = f.long(max_length=1000)
