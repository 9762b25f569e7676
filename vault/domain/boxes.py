"""The boxes of a form, declared on the dataclass of a record; that dataclass is the only list of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "text",
    "long",
    "kana",
    "name",
    "date",
    "yen",
    "amount",
    "number",
    "decimal",
    "term",
    "choice",
    "flag",
    "rows",
]


@dataclass(kw_only=True, slots=True)
class Field:
    """One box of a form. `name` is filled in by `fields`.

    choices   of kind choice: the only ones; of text and name: proposals beside which anything may be typed
    of        row dataclass of kind rows
    my_number what happens to an individual number: refuse, ask once, free
    unit      printed behind the box (円, 年, %)
    foreign   in units of the policy's currency where one is set, else whole yen
    sensitive hidden until asked for
    counts    False for boxes that stand filled in an empty row (its role, its unit)
    hidden    identities that a page fills in, not a person
    check     takes the value, raises Unreadable
    """

    name: str = ""
    kind: Kind
    required: bool = False
    max_length: int = 0
    choices: tuple[str, ...] = ()
    of: type[Any] | None = None
    my_number: Literal["refuse", "ask", "free"] = "refuse"
    unit: str = ""
    foreign: bool = False
    negative: bool = False
    sensitive: bool = False
    counts: bool = True
    hidden: bool = False
    check: Callable[[Any], object] | None = None


def _box(kind: Kind, default: object = "", **told: Any) -> Any:
    found = Field(kind=kind, **told)
    if found.required and kind != "rows":
        return field(metadata={"field": found})
    return field(default=default, metadata={"field": found})


def text(**told: Any) -> Any:
    """One line, `str`. Default 200 characters."""
    return _box("text", **{"max_length": 200, **told})


def long(**told: Any) -> Any:
    """Several lines, `str`. Default 4,000 characters."""
    return _box("long", **{"max_length": 4000, **told})


def kana(**told: Any) -> Any:
    """`str`, kept as full-width katakana. Default 200 characters."""
    return _box("kana", **{"max_length": 200, **told})


def name(**told: Any) -> Any:
    """A name of a person, firm or thing, `str`, literally as typed. Default 120 characters."""
    return _box("name", **{"max_length": 120, **told})


def day(**told: Any) -> Any:
    """`TypedDate | None`."""
    return _box("date", None, **{"max_length": 40, "my_number": "free", **told})


def yen(**told: Any) -> Any:
    """`int | None` whole yen; with `foreign=True` `int | Decimal | None`."""
    return _box("yen", None, **{"max_length": 40, "my_number": "ask", **told})


def amount(**told: Any) -> Any:
    """`Amount | None`, a bare number meaning 万円."""
    return _box("amount", None, **{"max_length": 60, "my_number": "ask", "foreign": True, **told})


def number(**told: Any) -> Any:
    """`int | None`, not negative."""
    return _box("number", None, **{"max_length": 20, "my_number": "free", **told})


def decimal(**told: Any) -> Any:
    """`Decimal | None` with the places that were typed."""
    return _box("decimal", None, **{"max_length": 30, "my_number": "ask", **told})


def term(**told: Any) -> Any:
    """`Term | None`."""
    return _box("term", None, **{"max_length": 40, **told})


def choice(*choices: str, **told: Any) -> Any:
    """`str`, one of `choices`, or empty where not required."""
    return _box("choice", **{"choices": choices, "my_number": "free", "max_length": 60, **told})


def flag(**told: Any) -> Any:
    """`bool | None`: はい, いいえ, not said."""
    return _box("flag", None, **{"max_length": 10, "my_number": "free", **told})


def rows(of: type[Any], **told: Any) -> Any:
    """`tuple[of, ...]`; wholly empty rows are dropped."""
    return _box("rows", (), **{"of": of, **told})


_FIELDS: dict[type[Any], tuple[Field, ...]] = {}


def fields(cls: type[Any]) -> tuple[Field, ...]:
    """The boxes of a record or row dataclass, in the order in which they are asked for."""
    if cls in _FIELDS:
        return _FIELDS[cls]
    found = []
    for each in dataclasses.fields(cls):
        if box := each.metadata.get("field"):
            box.name = each.name
            found.append(box)
    return _FIELDS.setdefault(cls, tuple(found))


def by_name(cls: type[Any]) -> Mapping[str, Field]:
    return {box.name: box for box in fields(cls)}


def has_id(cls: type[Any]) -> bool:
    """Whether rows of `cls` are things of their own, whose id a page carries along."""
    own = cls.__dataclass_fields__.get("id")
    return own is not None and "field" not in own.metadata
