"""What a form asks for and how its text becomes a record.

`read` and `typed` are each other's inverse. `read` never loses anything: with a fault there is no record,
and the caller still has what was typed.
"""

from __future__ import annotations

import dataclasses
import re
import secrets
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from vault.domain import kinds_of_field as kinds
from vault.domain.boxes import (
    Field,
    amount,
    by_name,
    choice,
    day,
    decimal,
    fields,
    flag,
    has_id,
    kana,
    long,
    name,
    number,
    rows,
    term,
    text,
    yen,
)
from vault.domain.values import Unreadable

__all__ = [
    "MOST_ROWS",
    "Fault",
    "Field",
    "Reader",
    "Reading",
    "Typed",
    "amount",
    "answered",
    "as_typed",
    "by_name",
    "choice",
    "day",
    "decimal",
    "differences",
    "empty",
    "fields",
    "flag",
    "kana",
    "long",
    "name",
    "number",
    "read",
    "rows",
    "settle",
    "term",
    "text",
    "typed",
    "typed_differences",
    "yen",
]

T = TypeVar("T")
Typed = Mapping[str, Any]
_ID = re.compile(r"[0-9a-f]{32}")
MOST_ROWS = 300


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a value is not taken. Words: catalogue key `fault.<code>`, filled from `facts`.

    With `ask` it passes once the person says that the value is right.
    """

    code: str
    facts: Mapping[str, object] = field(default_factory=dict)
    ask: bool = False


@dataclass(frozen=True, slots=True)
class Reading(Generic[T]):
    """Either a record, or the faults that stand in its way, by path (`riders-0-amount`)."""

    record: T | None
    faults: dict[str, Fault]


def read(
    cls: type[T], form: Typed, *, confirmed: Collection[str] = (), before: T | None = None
) -> Reading[T]:
    """Read a whole form. `confirmed` holds the paths whose tick says 「この値でよい」.

    `before` is the record being edited: what it was already asked about and still says is not asked again.
    A dataclass with a method `faults()` yielding (path, Fault) is asked for contradictions between fields.
    """
    reader = Reader(cls, form)
    record = reader.record
    # Contradictions are told together with what cannot be read, or one would mend a form twice.
    whole: Reader[T] = reader if record is not None else Rough(cls, form)
    if hasattr(whole.record, "faults"):
        for path, fault in whole.record.faults():  # type: ignore[union-attr]
            reader.fault(whole.where(path), fault)
    given = {} if before is None else answered(form, typed(before), read(cls, typed(before)).faults)
    return settle(record, reader.found, confirmed, given)


def as_typed(cls: type[Any], form: Typed, faults: Iterable[tuple[str, Fault]]) -> dict[str, Fault]:
    """Faults by path in a record, by the path at which each value was typed: a record has no empty rows."""
    reader = Reader(cls, form)
    return {reader.where(path): fault for path, fault in faults}


def answered(form: Typed, before: Typed, asked: Mapping[str, Fault]) -> dict[str, Fault]:
    """Of what was asked about `before`, that whose box still says the same in `form`."""
    return {path: fault for path, fault in asked.items() if _at(form, path) == _at(before, path)}


def _at(form: Any, path: str) -> object:
    for step in path.split("-"):
        if isinstance(form, Mapping):
            form = form.get(step)
        elif isinstance(form, Sequence) and step.isdigit() and int(step) < len(form):
            form = form[int(step)]
        else:
            return None
    return form.strip() if isinstance(form, str) else form


def settle(
    record: T | None, found: Mapping[str, Fault], confirmed: Collection[str], answered: Mapping[str, Fault]
) -> Reading[T]:
    """Drop the faults that the person has answered; a record only where none is left."""
    left = {
        path: fault
        for path, fault in found.items()
        if not (fault.ask and (path in confirmed or answered.get(path) == fault))
    }
    return Reading(None if left else record, left)


class Reader(Generic[T]):
    """Builds one record, noting faults by the path at which each was typed."""

    def __init__(self, cls: type[T], form: Typed) -> None:
        self.found: dict[str, Fault] = {}
        self.kept: dict[str, list[int]] = {}
        self.stuck = self._spoiled = False
        self.record: T | None = self._record(cls, form, "", "")

    def fault(self, path: str, fault: Fault) -> None:
        self.found.setdefault(path, fault)

    def where(self, path: str) -> str:
        """The path as typed of a path in the record, which has no empty rows."""
        head, dash, rest = path.partition("-")
        index, dash2, rest = rest.partition("-")
        if not dash or not index.isdigit():
            return path
        return f"{head}-{self.kept[head][int(index)]}{dash2}{rest}"

    def _record(self, cls: type[Any], form: Typed, path: str, currency: str) -> Any:
        currency = str(form.get("currency") or currency)
        values: dict[str, Any] = {}
        for box in fields(cls):
            values[box.name] = self._value(box, form.get(box.name), path + box.name, currency)
        if has_id(cls):
            given = str(form.get("id") or "")
            values["id"] = given if _ID.fullmatch(given) else secrets.token_hex(16)
        return None if self.stuck else cls(**values)

    def _value(self, box: Field, given: object, path: str, currency: str) -> Any:
        if box.kind == "rows":
            return self._rows(box, given, path, currency)
        try:
            return kinds.read_value(box, given if isinstance(given, str) else "", currency)
        except Unreadable as refused:
            ask = refused.means is not None
            self.fault(path, Fault(refused.code, refused.facts, ask=ask))
            self.stuck = self.stuck or not ask
            return refused.means

    def _rows(self, box: Field, given: object, path: str, currency: str) -> tuple[Any, ...]:
        assert box.of is not None
        many = given if isinstance(given, Sequence) and not isinstance(given, str) else ()
        if len(many) > MOST_ROWS:
            self.fault(path, Fault("too-many-rows", {"most": MOST_ROWS}))
            self.stuck = True
            many = ()
        kept = [i for i, row in enumerate(many) if isinstance(row, Mapping) and not empty(box.of, row)]
        self.kept[path] = kept
        if box.required and not kept:
            self.fault(path, Fault("required"))
            self.stuck = True
        made = self._made(box.of, many, path, currency)
        return _own_ids(made) if has_id(box.of) and not self.stuck else made

    def _made(self, of: type[Any], many: Sequence[Any], path: str, currency: str) -> tuple[Any, ...]:
        return tuple(self._record(of, many[i], f"{path}-{i}-", currency) for i in self.kept[path])


class Rough(Reader[T]):
    """Builds a record whatever its faults: what cannot be read is as if nobody had typed it, and its row is left out.

    Only for looking at what else is contradicted; never stored. A sum that is asked for and missing is 0; without
    a day that is asked for there is no record.
    """

    def _value(self, box: Field, given: object, path: str, currency: str) -> Any:
        before, self.stuck = self.stuck, False
        value = super()._value(box, given, path, currency)
        unread, self.stuck = self.stuck and box.kind != "rows", before
        if not unread:
            return value
        self._spoiled = True
        instead = 0 if box.kind == "yen" else "" if box.kind in ("text", "long", "kana", "name", "choice") else None
        self.stuck = before or (box.required and instead is None)
        return instead

    def _made(self, of: type[Any], many: Sequence[Any], path: str, currency: str) -> tuple[Any, ...]:
        before, made = (self.stuck, self._spoiled), []
        for i in tuple(self.kept[path]):
            self.stuck = self._spoiled = False
            row = self._record(of, many[i], f"{path}-{i}-", currency)
            if self._spoiled:
                self.kept[path].remove(i)
            else:
                made.append(row)
        self.stuck, self._spoiled = before
        return tuple(made)


def _own_ids(made: tuple[Any, ...]) -> tuple[Any, ...]:
    """A row copied with its hidden id is a new row."""
    seen: set[str] = set()
    own = []
    for row in made:
        if row.id in seen:
            row = dataclasses.replace(row, id=secrets.token_hex(16))
        seen.add(row.id)
        own.append(row)
    return tuple(own)


def empty(cls: type[Any], form: Typed) -> bool:
    """Whether nobody typed anything into a row."""
    for box in fields(cls):
        given = form.get(box.name)
        if box.kind == "rows":
            assert box.of is not None
            if any(not empty(box.of, row) for row in given or () if isinstance(row, Mapping)):
                return False
        elif box.counts and not box.hidden and isinstance(given, str) and given.strip():
            return False
    return True


def typed(record: Any, *, currency: str = "") -> dict[str, Any]:
    """What would have to be typed for `read` to give this record again."""
    currency = getattr(record, "currency", "") or currency
    told: dict[str, Any] = {}
    for box in fields(type(record)):
        value = getattr(record, box.name)
        if box.kind == "rows":
            told[box.name] = [typed(row, currency=currency) for row in value]
        else:
            told[box.name] = kinds.typed_value(value, currency if box.foreign else "")
    if has_id(type(record)):
        told["id"] = record.id
    return told


def differences(a: T, b: T) -> list[tuple[str, str, str]]:
    """Each box in which two versions differ: path, text in `a`, text in `b`.

    Rows with an id are matched by it, others by place; paths count rows as in `a`, new ones after them.
    """
    return list(_differences(typed(a), typed(b), ""))


def typed_differences(cls: type[Any], a: Typed, b: Typed) -> list[tuple[str, str, str]]:
    """The same of two typed forms of `cls`; only its own boxes are compared, and a box that is not there is empty."""
    return list(_differences(_own_boxes(cls, a), _own_boxes(cls, b), ""))


def _own_boxes(cls: type[Any], form: Typed) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for box in fields(cls):
        if box.of is None:
            told[box.name] = str(form.get(box.name) or "")
            continue
        rows = [row for row in form.get(box.name) or [] if not empty(box.of, row)]
        told[box.name] = [_own_boxes(box.of, row) | ({"id": str(row.get("id") or "")} if has_id(box.of) else {}) for row in rows]
    return told


def _differences(a: Typed, b: Typed, path: str) -> list[tuple[str, str, str]]:
    found: list[tuple[str, str, str]] = []
    for key in a.keys() | b.keys():
        one, two = a.get(key, ""), b.get(key, "")
        if isinstance(one or two, list):
            for i, (row, other) in enumerate(_pairs(one or [], two or [])):
                found += _differences(row, other, f"{path}{key}-{i}-")
        elif key != "id" and one != two:
            found.append((path + key, one, two))
    order = {key: i for i, key in enumerate([*a, *b])}
    return sorted(found, key=lambda each: order[each[0].removeprefix(path).split("-")[0]])


def _pairs(a: list[Typed], b: list[Typed]) -> list[tuple[Typed, Typed]]:
    if not any("id" in row for row in a + b):
        return [(a[i] if i < len(a) else {}, b[i] if i < len(b) else {}) for i in range(max(len(a), len(b)))]
    others = {row["id"]: row for row in b}
    pairs: list[tuple[Typed, Typed]] = [(row, others.pop(row["id"], {})) for row in a]
    return pairs + [({}, row) for row in others.values()]
