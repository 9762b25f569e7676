"""One function per kind of field: text to value, value to text."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from vault.domain import my_number
from vault.domain.values import (
    Amount,
    Term,
    TypedDate,
    Unreadable,
    fold,
    kana,
    read_amount,
    read_date,
    read_decimal,
    read_money,
    read_number,
    read_term,
    read_yen,
)

if TYPE_CHECKING:
    from vault.domain.boxes import Field

YES, NO = "はい", "いいえ"
_TRUE = {"はい", "on", "1", "true", "yes", "あり", "有", "有り", "○"}
_FALSE = {"いいえ", "off", "0", "false", "no", "なし", "無", "無し", "×"}
_TEXTS = frozenset({"text", "long", "kana", "name", "choice"})
_OUTER = " \t\r\n\u3000"
# Overrides of writing direction make a print say something else than was stored.
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069\u2028\u2029]")
_NOT_KANA = re.compile(r"[^ァ-ヺーヽヾ・ A-Za-z0-9&.,'’()/+\-]")


def read_value(box: Field, given: str, currency: str) -> Any:
    """The value of one box, or its empty value. Raise Unreadable; `means` where asking is enough."""
    # Of a policy's hundred boxes most are empty: of 20,000 rows of a spreadsheet that is two million times.
    told = clean(box, given) if given else ""
    if not told:
        if box.required:
            raise Unreadable("required")
        return "" if box.kind in _TEXTS else None
    value = _parse(box, told, currency if box.foreign else "")
    if box.check is not None:
        value = box.check(value)
    if _individual(box, told, value):
        if box.my_number == "refuse":
            raise Unreadable("my-number")
        raise Unreadable("my-number-ask", means=value, typed=told)
    return value


def _individual(box: Field, told: str, value: object) -> bool:
    if box.my_number == "free" or isinstance(value, TypedDate):
        return False
    return my_number.found(told)


def clean(box: Field, given: str) -> str:
    """Outer space gone, everything else literally. Raise Unreadable for what no paper can say."""
    told = given.strip(_OUTER)
    if box.kind == "long":
        told = told.replace("\r\n", "\n").replace("\r", "\n")
    allowed = "\n\t" if box.kind == "long" else ""
    for char in told if not told.isprintable() else "":
        category = unicodedata.category(char)
        if category == "Cs":
            raise Unreadable("surrogate")
        if (category == "Cc" and char not in allowed) or _DIRECTION.match(char) or _no_character(ord(char)):
            raise Unreadable("control-character", character=f"U+{ord(char):04X}")
    if box.max_length and len(told) > box.max_length:
        raise Unreadable("too-long", most=box.max_length, length=len(told))
    return told


def _no_character(point: int) -> bool:
    return point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF


def _parse(box: Field, told: str, currency: str) -> Any:
    match box.kind:
        case "kana":
            return _kana(told)
        case "date":
            return read_date(told)
        case "yen":
            if not box.foreign:
                return read_yen(told, negative=box.negative)
            return read_money(told, currency=currency, negative=box.negative)
        case "amount":
            return read_amount(told, currency=currency)
        case "number":
            return read_number(told)
        case "decimal":
            return read_decimal(told, negative=box.negative)
        case "term":
            return read_term(told)
        case "choice":
            return _choice(box, told)
        case "flag":
            return _flag(told)
        case _:
            return told


def _kana(told: str) -> str:
    reading = kana(told)
    if found := _NOT_KANA.search(reading):
        raise Unreadable("kana-expected", character=found[0])
    return reading


def _choice(box: Field, told: str) -> str:
    if told in box.choices:
        return told
    for each in box.choices:
        if fold(each) == fold(told):
            return each
    raise Unreadable("choice-unknown", typed=told)


def _flag(told: str) -> bool:
    folded = unicodedata.normalize("NFKC", told).lower()
    if folded in _TRUE:
        return True
    if folded in _FALSE:
        return False
    raise Unreadable("flag-unknown", typed=told)


def typed_value(value: Any, currency: str) -> str:
    """The text that `read_value` turns into `value` again."""
    match value:
        case None:
            return ""
        case bool():
            return YES if value else NO
        case int():
            return f"{value:,}円" if currency else f"{value:,}"
        case Decimal():
            return format(value, "f")
        case Amount() | Term() | TypedDate():
            return value.typed
        case _:
            return str(value)
