"""Whether what was typed is still there: box by box, by value and, where the text is the value, letter by letter."""

from collections.abc import Iterator, Mapping
from typing import Any

from vault.domain import fields
from vault.domain.kinds_of_field import read_value
from vault.domain.values import TypedDate, Unreadable, money_text, wareki

Typed = Mapping[str, Any]


def value(box: fields.Field, text: str, currency: str) -> Any:
    """What the text means in this box; what would be asked about counts as said."""
    try:
        return read_value(box, text, currency)
    except Unreadable as refused:
        if refused.means is None:
            raise
        return refused.means


def _meant(box: fields.Field, text: str, currency: str) -> Any:
    meant = value(box, text, currency)
    return meant.value if isinstance(meant, TypedDate) else meant


def _kept(box: fields.Field, told: str, there: str, currency: str) -> bool:
    literal = box.kind in ("text", "name", "long", "term", "date", "amount")
    return _meant(box, told, currency) == _meant(box, there, currency) and (
        not literal or told.strip() == there
    )


def lost(cls: type[Any], typed: Typed, found: Typed, currency: str = "", path: str = "") -> list[str]:
    """Each box whose typed value is not found again, with both texts."""
    currency = typed.get("currency") or currency
    gone: list[str] = []
    for name, told in typed.items():
        box = fields.by_name(cls)[name]
        there = found.get(name, "")
        if box.kind == "rows":
            assert box.of is not None
            told = [row for row in told if not fields.empty(box.of, row)]
            if len(told) != len(there or []):
                gone.append(f"{path}{name}: {len(told)} rows typed, {len(there)} found")
            for n, (row, other) in enumerate(zip(told, there or [], strict=False)):
                gone += lost(box.of, row, other, currency, f"{path}{name}-{n}-")
        elif told and not _kept(box, told, there, currency):
            gone.append(f"{path}{name}: typed {told!r}, found {there!r}")
    return gone


# Stored by their codes, told in words.
SAID = {"USD": "米ドル"}


def shown(cls: type[Any], typed: Typed, currency: str = "") -> Iterator[str]:
    """The texts that a page showing the record must contain."""
    currency = typed.get("currency") or currency
    for name, told in typed.items():
        box = fields.by_name(cls)[name]
        if box.kind == "rows":
            assert box.of is not None
            for row in told:
                if not fields.empty(box.of, row):
                    yield from shown(box.of, row, currency)
        elif told and not box.hidden and not box.sensitive:
            yield _text(box, told, currency)


def _text(box: fields.Field, told: str, currency: str) -> str:
    meant = value(box, told, currency)
    match box.kind:
        case "date":
            return wareki(meant.value)
        case "yen":
            return money_text(meant)
        case "amount":
            return str(meant.text())
        case _:
            return SAID.get(told.strip(), told.strip())
