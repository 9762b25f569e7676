"""法人番号: thirteen digits, the first of which checks the others."""

from __future__ import annotations

import re

from vault.domain.values import Unreadable, compact


def valid(digits: str) -> bool:
    """Whether thirteen ASCII digits carry the right check digit."""
    weighted = sum(int(d) * (1 if n % 2 else 2) for n, d in enumerate(reversed(digits[1:]), 1))
    return int(digits[0]) == 9 - weighted % 9


def read_corporate_number(text: str) -> str:
    """The thirteen digits. Raise Unreadable: corporate-number-length, corporate-number-check."""
    digits = re.sub(r"[-T]", "", compact(text))
    if not re.fullmatch(r"[0-9]{13}", digits):
        raise Unreadable("corporate-number-length", typed=text.strip())
    if not valid(digits):
        raise Unreadable("corporate-number-check", typed=text.strip())
    return digits
