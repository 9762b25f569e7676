"""Counts, rates, telephone numbers and postal codes."""

from __future__ import annotations

import re
from decimal import Decimal

from vault.domain.values.folding import compact
from vault.domain.values.unreadable import Unreadable

_UNIT = re.compile(r"(?:%|パ-セント|m2|m²|平米|歳|才|ヶ月|か月|カ月|年|日|回|名|人|件|台|級|等級|km|円|倍)$")


_GROUPED = re.compile(r"(?<=[0-9])(?:,[0-9]{3})+(?![0-9])")


def _bare(text: str) -> str:
    """Without the unit, and without commas where they stand between thousands."""
    return _GROUPED.sub(lambda found: found[0].replace(",", ""), _UNIT.sub("", compact(text)))


def read_number(text: str) -> int:
    """A count of at most nine digits; a unit behind it is read over. Raise Unreadable: number-unreadable."""
    bare = _bare(text)
    if not re.fullmatch(r"[0-9]{1,9}", bare):
        raise Unreadable("number-unreadable", typed=text.strip())
    return int(bare)


def read_decimal(text: str, *, negative: bool = False) -> Decimal:
    """As many places as were typed. Raise Unreadable: decimal-unreadable."""
    bare = re.sub("^[▲△]", "-", _bare(text))
    if not re.fullmatch(r"-?[0-9]{1,12}(?:\.[0-9]{1,8})?", bare) or (bare.startswith("-") and not negative):
        raise Unreadable("decimal-unreadable", typed=text.strip())
    return Decimal(bare)


def telephone(text: str) -> str:
    """Digits (and a leading +) only, for comparing."""
    bare = compact(text)
    return ("+" if bare.startswith("+") else "") + re.sub(r"[^0-9]", "", bare)


def postal_code(text: str) -> str:
    """150-0002 of 〒１５０−０００２ or 1500002. Raise Unreadable: postal-code-unreadable."""
    bare = compact(text).removeprefix("〒")
    if not re.fullmatch(r"[0-9]{3}-?[0-9]{4}", bare):
        raise Unreadable("postal-code-unreadable", typed=text.strip())
    return f"{bare[:3]}-{bare[-4:]}"


def groups(code: str) -> list[str]:
    """A long run of hex digits as people read it aloud: in fours, large."""
    return [code[i : i + 4].upper() for i in range(0, len(code), 4)]
