"""Rows of all sheets of a file brought together: each client once, with the people and the policies that the rows name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from vault.domain.fields import Fault
from vault.domain.importing.people import legal_form, same_person
from vault.domain.importing.tables import CLIENTS, CORPORATION, PEOPLE, Read
from vault.domain.relationships import HEAD
from vault.domain.values import Unreadable, fold, kana, plain, read_date

Form = dict[str, Any]
_FORM_WORDS = ("株式会社", "有限会社", "合同会社", "合資会社", "合名会社")


@dataclass(kw_only=True)
class Line:
    """A row of a table of the file (from 0), with all that is now said of it: also what only the other rows tell."""

    table: int
    read: Read
    faults: list[tuple[str, Fault]]
    remarks: list[tuple[str, Fault]]


@dataclass(kw_only=True)
class Group:
    """A client: `client` is the form of it with its `members`, without a compartment; `lines` in the order of the file.

    Members without a reading are not in it: the forms take none, and their rows ask about that.
    """

    kind: str
    client: Form
    lines: list[Line] = field(default_factory=list)

    @property
    def policies(self) -> list[Line]:
        return [line for line in self.lines if line.read.policy]


@dataclass(kw_only=True)
class Grouped:
    """All of a file. `nobodys`: people whose client no row names; each says so in its faults."""

    groups: list[Group]
    nobodys: list[Line]


def client_key(name: str) -> str:
    """By what two names may be one client: width, blanks, variant kanji, ㈱ for 株式会社 do not matter."""
    told = plain(name)
    form = legal_form(told)
    short = next((f"({word})" for word in ("株", "有", "同", "資", "名", "医") if f"({word})" in told), "")
    return fold(told.replace(short, form) if short else told)


def grouped(tables: Sequence[Iterable[Read]]) -> Grouped:
    """`tables`: what `read_rows` gave for each table of the file that is read, in the order of the file."""
    building = _Building()
    lines = [
        Line(table=number, read=read, faults=list(read.faults), remarks=list(read.remarks))
        for number, reads in enumerate(tables) for read in reads if read.left_out is None
    ]
    for line in lines:
        if line.read.what != PEOPLE:
            building.client_row(line)
    for line in lines:
        if line.read.what == PEOPLE:
            building.person_row(line)
    return building.finished()


class _Building:
    """Clients found so far, by name and by number."""

    def __init__(self) -> None:
        self._groups: list[_Client] = []
        self._by_key: dict[str, list[_Client]] = {}
        self._nobodys: list[Line] = []

    def client_row(self, line: Line) -> None:
        read = line.read
        found = self._find(read)
        if found is None:
            found = _Client(read.kind)
            self._groups.append(found)
        for key in _keys(read):
            if found not in self._by_key.setdefault(key, []):
                self._by_key[key].append(found)
        found.add(line)

    def person_row(self, line: Line) -> None:
        found = self._find(line.read)
        if found is None:
            line.faults.append(("client.name", Fault("family-of-nobody", {"name": line.read.client.get("name", "")})))
            self._nobodys.append(line)
        else:
            found.add_person(line)

    def _find(self, read: Read) -> _Client | None:
        for key in _keys(read):
            for group in self._by_key.get(key, ()):
                if group.agrees(read):
                    return group
        return None

    def finished(self) -> Grouped:
        return Grouped(groups=[group.finished() for group in self._groups], nobodys=self._nobodys)


def _keys(read: Read) -> Iterator[str]:
    """A row without a name is a client of its own: it joins nobody."""
    if number := read.client.get("client_number"):
        yield f"number {fold(number)}"
    if name := read.client.get("name"):
        yield f"name {client_key(name)}"


class _Client:
    """A client as its rows tell it, one after the other: what the first says stands, what the others say is added."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.form: Form = {}
        self.members: list[Form] = []
        self.lines: list[Line] = []

    def agrees(self, read: Read) -> bool:
        """Whether nothing says that these are two of one name."""
        mine = self.form
        for box in ("client_number", "kana"):
            one, other = mine.get(box), read.client.get(box)
            if one and other and fold(kana(one)) != fold(kana(other)):
                return False
        heads = [member for member in self.members if member.get("relationship") == HEAD]
        return not (heads and read.head) or _one_birth(heads[0], read.head)

    def add(self, line: Line) -> None:
        read = line.read
        self._spelling(line)
        self._boxes(line)
        for form in (read.head, read.member):
            if form:
                self._member(form)
        self.lines.append(line)
        if CORPORATION in (read.kind, self.kind) and read.what != CLIENTS:
            self.kind = CORPORATION

    def add_person(self, line: Line) -> None:
        self._boxes(line)
        self._member(line.read.member)
        self.lines.append(line)

    def _spelling(self, line: Line) -> None:
        own, other = self.form.get("name", ""), line.read.client.get("name", "")
        if own and other and "".join(plain(own).split()) != "".join(plain(other).split()):
            line.remarks.append(("client.name", Fault("client-spelling", {"name": own, "row": self.lines[0].read.number})))

    def _boxes(self, line: Line) -> None:
        for box, told in line.read.client.items():
            if not self.form.get(box):
                self.form[box] = told
            elif isinstance(told, str) and box != "name" and fold(told) != fold(self.form[box]):
                facts = {"other": self.form[box], "row": self.lines[0].read.number}
                line.remarks.append((f"client.{box}", Fault("client-differs", facts)))
            elif isinstance(told, list):
                self.form[box] = _with_new(self.form[box], told)

    def _member(self, form: Form) -> None:
        for member in self.members:
            if same_person(member["name"], form.get("name", "")) and _one_birth(member, form):
                member.update({box: told for box, told in form.items() if not member.get(box)})
                return
        if form.get("name"):
            self.members.append(dict(form))

    def finished(self) -> Group:
        readable = [member for member in self.members if member.get("kana")]
        known = {fold(member["name"]) for member in readable}
        for line in self.lines:
            name = fold(line.read.member.get("name", ""))
            line.faults[:] = [each for each in line.faults if each[1].code != "member-kana-missing" or name not in known]
        return Group(kind=self.kind, client={**self.form, "members": readable}, lines=self.lines)


def _with_new(rows: list[Form], others: list[Form]) -> list[Form]:
    """Telephones that are not there yet."""
    known = {fold(row["number"]) for row in rows}
    return rows + [row for row in others if fold(row["number"]) not in known]


def _one_birth(one: Form, other: Form) -> bool:
    """Whether the births of two people of one name are not two."""
    days = []
    for form in (one, other):
        try:
            days.append(read_date(form.get("birth", "")).value)
        except Unreadable:
            return True
    return days[0] == days[1]
