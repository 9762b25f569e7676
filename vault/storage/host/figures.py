"""What the monitor keeps: one small file of SQLite, its user's alone, with no name or address of anybody in it.

What was seen of an office is kept as stretches of the same answer, so that a year of looks every five minutes is a few rows.
"""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vault.domain.operator.availability import STANDS, Stretch
from vault.errors import NotReady, Unwritable
from vault.storage.host.layout import Host

FILE = "figures.db"
KEEP_SECONDS = 430 * 24 * 60 * 60  # of stretches and months: thirteen months and a bit
MAIL_SECONDS = 30 * 24 * 60 * 60  # how long a mail that nobody takes is tried
_TABLES = """
CREATE TABLE IF NOT EXISTS stretches (
    office TEXT, since INTEGER, until INTEGER, up INTEGER, code TEXT, PRIMARY KEY (office, since));
CREATE TABLE IF NOT EXISTS planned (office TEXT, id TEXT, since INTEGER, until INTEGER, PRIMARY KEY (office, id));
CREATE TABLE IF NOT EXISTS hours (office TEXT, since INTEGER, said TEXT, PRIMARY KEY (office, since));
CREATE TABLE IF NOT EXISTS months (office TEXT, month TEXT, told TEXT, PRIMARY KEY (office, month));
CREATE TABLE IF NOT EXISTS heads (office TEXT PRIMARY KEY, position INTEGER, hash TEXT);
CREATE TABLE IF NOT EXISTS seen (office TEXT PRIMARY KEY, told TEXT);
CREATE TABLE IF NOT EXISTS problems (
    office TEXT, code TEXT, since INTEGER, bad INTEGER, good INTEGER, told INTEGER, facts TEXT, PRIMARY KEY (office, code));
CREATE TABLE IF NOT EXISTS mails (id TEXT PRIMARY KEY, made INTEGER, subject TEXT, said TEXT);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, told TEXT);
"""
_LAST = "SELECT since, until, up, code FROM stretches WHERE office = ? ORDER BY since DESC LIMIT 1"
_OF_AN_OFFICE = ("stretches", "planned", "hours", "months", "heads", "seen", "problems")


@dataclass(frozen=True)
class Problem:
    """Something that is not as it must be: of an office, or of the host where `office` is empty.

    `since`: when it was first seen; `bad`, `good`: rounds in a row; `told`: whether a mail was written of it.
    """

    office: str
    code: str
    since: int
    bad: int = 1
    good: int = 0
    told: bool = False
    facts: dict[str, Any] | None = None


@dataclass(frozen=True)
class Mail:
    """A mail that waits to be taken; the id is its Message-ID, so that one that comes twice is seen to be the same."""

    id: str
    made: int
    subject: str
    said: str


class Figures:
    """The file, open. Everything that a round has found is written in one transaction."""

    def __init__(self, path: Path, reading: bool = False) -> None:
        try:
            if not reading:
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, stat.S_IRUSR | stat.S_IWUSR))
            where = f"{path.absolute().as_uri()}?mode={'ro' if reading else 'rw'}"
            self._connection = sqlite3.connect(where, uri=True, isolation_level=None, timeout=10)
            if not reading:
                self._connection.execute("PRAGMA secure_delete=ON")  # of an office that has gone nothing stays
                self._connection.executescript(_TABLES)
        except (OSError, sqlite3.Error) as error:
            raise NotReady("figures-unreadable", file=path) from error

    def close(self) -> None:
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside, or nothing; raises Unwritable."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._connection.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise Unwritable("unwritable", place="figures") from error

    def _rows(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with closing(self._connection.execute(statement, values)) as cursor:
            return cursor.fetchall()

    # --- what was seen

    def note(self, office: str, at: int, up: bool, code: str = "") -> None:
        """One look; it goes on with the last stretch where that said the same not long ago."""
        last = self._rows(_LAST, office)
        if last and at <= last[0][1]:
            return  # a clock that was put back: that time is told already
        if last and last[0][2:] == (int(up), code) and at - last[0][1] <= STANDS:
            self._rows("UPDATE stretches SET until = ? WHERE office = ? AND since = ?", at, office, last[0][0])
        else:
            self._rows("INSERT INTO stretches VALUES (?, ?, ?, ?, ?)", office, at, at, int(up), code)

    def stretches(self, office: str, since: int, until: int) -> list[Stretch]:
        """What was seen in a period, in order, with what still stands at its beginning."""
        rows = self._rows(
            "SELECT since, until, up FROM stretches WHERE office = ? AND until > ? AND since < ? ORDER BY since",
            office, since - STANDS, until,
        )  # fmt: skip
        return [Stretch(begun, ended, bool(up)) for begun, ended, up in rows]

    def began(self, office: str) -> int | None:
        """When this office was looked at first, as far as it is kept."""
        return self._number("SELECT min(since) FROM stretches WHERE office = ?", office)

    def now(self, office: str) -> tuple[Stretch, str] | None:
        """The last stretch and its code."""
        rows = self._rows(_LAST, office)
        return (Stretch(rows[0][0], rows[0][1], bool(rows[0][2])), rows[0][3]) if rows else None

    def _number(self, statement: str, *values: object) -> int | None:
        rows = self._rows(statement, *values)
        return int(rows[0][0]) if rows and rows[0][0] is not None else None

    def see(self, office: str, told: dict[str, Any]) -> None:
        """What an office said of itself, when it was asked last."""
        self._rows("INSERT OR REPLACE INTO seen VALUES (?, ?)", office, json.dumps(told))

    def seen(self, office: str) -> dict[str, Any]:
        rows = self._rows("SELECT told FROM seen WHERE office = ?", office)
        return dict(json.loads(rows[0][0])) if rows else {}

    # --- what was meant

    def note_hours(self, office: str, at: int, said: str) -> None:
        """The service hours from now on: a month that is over is not measured by hours that came later."""
        if not (held := self.hours(office)) or held[-1][1] != said:
            self._rows("INSERT OR REPLACE INTO hours VALUES (?, ?, ?)", office, at if held else 0, said)

    def hours(self, office: str) -> list[tuple[int, str]]:
        """(from when, what was said), oldest first."""
        rows = self._rows("SELECT since, said FROM hours WHERE office = ? ORDER BY since", office)
        return [(int(at), str(said)) for at, said in rows]

    def note_planned(self, office: str, at: int, stops: dict[str, tuple[int, int]]) -> None:
        """The stops that are announced now, by their notice. What began before it was seen here was not announced before
        it began; one that is withdrawn ends then."""
        for id_, since, until in self._rows("SELECT id, since, until FROM planned WHERE office = ?", office):
            if id_ not in stops and until > at:
                self._rows("UPDATE planned SET until = ? WHERE office = ? AND id = ?", max(since, at), office, id_)
        for id_, (since, until) in stops.items():
            held = self._rows("SELECT since, until FROM planned WHERE office = ? AND id = ?", office, id_)
            if held and held[0][1] <= at:
                continue  # it is over, whatever is said of it now
            begins = max(since, min(at, held[0][0])) if held else max(since, at)
            self._rows("INSERT OR REPLACE INTO planned VALUES (?, ?, ?, ?)", office, id_, begins, max(begins, until))

    def planned(self, office: str, since: int, until: int) -> list[tuple[int, int]]:
        """Announced stops of a period."""
        wanted = "SELECT since, until FROM planned WHERE office = ? AND until > ? AND since < ?"
        rows = self._rows(wanted, office, since, until)
        return [(int(begun), int(ended)) for begun, ended in rows]

    def put_month(self, office: str, month: str, told: list[list[int]]) -> None:
        """The figures of a month that is over."""
        self._rows("INSERT OR IGNORE INTO months VALUES (?, ?, ?)", office, month, json.dumps(told))

    def month(self, office: str, month: str) -> list[list[int]] | None:
        rows = self._rows("SELECT told FROM months WHERE office = ? AND month = ?", office, month)
        return list(json.loads(rows[0][0])) if rows else None

    # --- the journal's head

    def head(self, office: str) -> tuple[int, str] | None:
        """(position, hash in hex) of an office's journal as it was seen last; it never goes back."""
        rows = self._rows("SELECT position, hash FROM heads WHERE office = ?", office)
        return (int(rows[0][0]), str(rows[0][1])) if rows else None

    def set_head(self, office: str, head: tuple[int, str]) -> None:
        self._rows("INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", office, *head)

    def forget_head(self, office: str) -> None:
        self._rows("DELETE FROM heads WHERE office = ?", office)

    # --- problems and mails

    def problems(self) -> list[Problem]:
        """All that is known, the oldest first."""
        rows = self._rows("SELECT office, code, since, bad, good, told, facts FROM problems ORDER BY since, office, code")
        return [
            Problem(office, code, since, bad, good, bool(told), json.loads(facts))
            for office, code, since, bad, good, told, facts in rows
        ]

    def put_problem(self, found: Problem) -> None:
        facts = json.dumps(found.facts or {}, ensure_ascii=False)
        row = (found.office, found.code, found.since, found.bad, found.good, int(found.told), facts)
        self._rows("INSERT OR REPLACE INTO problems VALUES (?, ?, ?, ?, ?, ?, ?)", *row)

    def drop_problem(self, found: Problem) -> None:
        self._rows("DELETE FROM problems WHERE office = ? AND code = ?", found.office, found.code)

    def queue(self, mail: Mail) -> None:
        """Let a mail wait to be sent."""
        self._rows("INSERT OR IGNORE INTO mails VALUES (?, ?, ?, ?)", mail.id, mail.made, mail.subject, mail.said)

    def waiting(self) -> list[Mail]:
        """The mails that nobody has taken yet, oldest first."""
        return [Mail(*row) for row in self._rows("SELECT id, made, subject, said FROM mails ORDER BY made, rowid")]

    def sent(self, mail: Mail) -> None:
        self._rows("DELETE FROM mails WHERE id = ?", mail.id)

    # --- the rest

    def fact(self, name: str) -> str:
        """A fact by its name; empty where there is none."""
        rows = self._rows("SELECT told FROM facts WHERE name = ?", name)
        return str(rows[0][0]) if rows else ""

    def set_fact(self, name: str, told: str) -> None:
        self._rows("INSERT OR REPLACE INTO facts VALUES (?, ?)", name, told)

    def forget(self, office: str) -> None:
        """Drop all that is known of an office."""
        for table in _OF_AN_OFFICE:
            self._rows(f"DELETE FROM {table} WHERE office = ?", office)
        self._rows("DELETE FROM facts WHERE name LIKE ? ESCAPE '!'", f"%:{office}")

    def offices(self) -> set[str]:
        """Every office of which something is known."""
        rows = [row for table in _OF_AN_OFFICE for row in self._rows(f"SELECT DISTINCT office FROM {table}")]
        return {str(row[0]) for row in rows} - {""}

    def drop_old(self, now: int) -> None:
        """Let go of what is older than it is kept."""
        old = now - KEEP_SECONDS
        for table in ("stretches", "planned"):
            self._rows(f"DELETE FROM {table} WHERE until < ?", old)
        self._rows("DELETE FROM mails WHERE made < ?", now - MAIL_SECONDS)


def path_of(host: Host) -> Path:
    """Where the file lies."""
    return host.monitor / FILE


@contextmanager
def opened(host: Host, reading: bool = False) -> Iterator[Figures]:
    """The monitor's file for as long as the block takes; raises NotReady("figures-unreadable")."""
    held = Figures(path_of(host), reading)
    try:
        yield held
    finally:
        held.close()
