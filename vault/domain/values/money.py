"""Premiums in yen, cover in 万円, foreign currency in its units; never a float."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from vault.domain.values.folding import compact
from vault.domain.values.kanji_numbers import in_figures
from vault.domain.values.unreadable import Unreadable

# Whole yen in `int`; in `Decimal` the units of the policy's own currency.
Money = int | Decimal

_MOST = 10**13
_UNITS = {
    "": 1,
    "千": 1_000,
    "百万": 10**6,
    "万": 10**4,
    "千万": 10**7,
    "億": 10**8,
    "十億": 10**9,
    "兆": 10**12,
}
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_PIECE = re.compile(rf"({_NUMBER})(千万|百万|十億|千|万|億|兆)?")
_FOREIGN = re.compile(
    r"^(?:US\$|A\$|[$€£]|USD|EUR|AUD|NZD|GBP|CNY|CHF)|"
    r"(?:米ドル|豪ドル|ドル|ユーロ|ポンド|元|USD|EUR|AUD|NZD|GBP|CNY|CHF|[$€£])$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Amount:
    """Cover: whole yen in `value`, or units of the policy's currency in `foreign`, or only what is typed."""

    typed: str
    value: int | None = None
    foreign: Decimal | None = None

    def text(self) -> str:
        if self.value is not None:
            return cover_text(self.value)
        return self.typed if self.foreign is None else money_text(self.foreign)


def _signed(text: str) -> tuple[int, str]:
    bare = in_figures(compact(text).replace("¥", "").replace("\\", "").removeprefix("金").removesuffix("也"))
    if bare.startswith("(") and bare.endswith(")"):
        return -1, bare[1:-1]
    if bare[:1] in {"▲", "△", "-", "▼"}:
        return -1, bare[1:].lstrip("¥")
    return 1, bare.removeprefix("+")


def _sum(text: str) -> Decimal | None:
    """1億2,000万 as a number; None where the text is not made of such pieces in falling order."""
    total, at, last = Decimal(0), 0, _MOST * 10
    while at < len(text):
        piece = _PIECE.match(text, at)
        unit = _UNITS[piece[2] or ""] if piece else 0
        if piece is None or unit >= last:
            return None
        total, at, last = total + Decimal(piece[1].replace(",", "")) * unit, piece.end(), unit
    return total if text else None


def read_yen(text: str, *, negative: bool = False) -> int:
    """Whole yen of `12,480円`, `1万2,480`, `▲500`. Raise Unreadable: yen-unreadable, -negative, -too-large."""
    sign, bare = _signed(text)
    number = _sum(bare.removesuffix("円"))
    if number is None or number != int(number):
        raise Unreadable("yen-unreadable", typed=text.strip())
    if number >= _MOST:
        raise Unreadable("yen-too-large", typed=text.strip())
    if sign < 0 and number and not negative:
        raise Unreadable("yen-negative", typed=text.strip())
    return sign * int(number)


def read_money(text: str, *, currency: str = "", negative: bool = False) -> Money:
    """`read_yen`, but with a currency set a Decimal of its units, as many places as were typed."""
    if not currency or compact(text).endswith("円"):
        return read_yen(text, negative=negative)
    sign, bare = _signed(_FOREIGN.sub("", compact(text)))
    number = _sum(bare)
    if number is None:
        raise Unreadable("money-unreadable", typed=text.strip(), currency=currency)
    if number >= _MOST:
        raise Unreadable("yen-too-large", typed=text.strip())
    if sign < 0 and number and not negative:
        raise Unreadable("yen-negative", typed=text.strip())
    return sign * number


def read_amount(text: str, *, currency: str = "") -> Amount:
    """A bare number is 万円 (in a policy with a currency: its units); what is no number stays as text."""
    typed = text.strip()
    sign, bare = _signed(typed)
    if currency and (number := _sum(_FOREIGN.sub("", bare))) is not None:
        _within(typed, sign, number)
        return Amount(typed, foreign=number)
    number = _sum(bare.removesuffix("円"))
    if number is None:
        return Amount(typed)
    if re.fullmatch(_NUMBER, bare):
        number *= 10_000
    _within(typed, sign, number)
    return Amount(typed, int(number)) if number == int(number) else Amount(typed)


def _within(typed: str, sign: int, number: Decimal) -> None:
    if sign < 0 and number:
        raise Unreadable("amount-negative", typed=typed)
    if number >= _MOST:
        raise Unreadable("amount-too-large", typed=typed)


def cover_text(yen: int) -> str:
    """500万円, 1億2,000万円, 5,000円: as few digits as say it exactly."""
    if yen < 0:
        return "▲" + cover_text(-yen)
    hundred_millions, rest = divmod(yen, 10**8)
    if rest % 10**4 or not yen:
        return f"{yen:,}円"
    ten_thousands = f"{rest // 10**4:,}万" if rest else ""
    return (f"{hundred_millions:,}億" if hundred_millions else "") + ten_thousands + "円"


def money_text(amount: Money) -> str:
    """With thousands separators, every place kept, minus as ▲; the unit stands in the table's head."""
    size = format(abs(amount), ",f" if isinstance(amount, Decimal) else ",d")
    return "▲" + size if amount < 0 else size
