"""個人番号 is not stored. An exact run of twelve digits with a valid check digit is taken for one.

One random run of twelve digits in ten passes the check digit, which is why number fields ask once
instead of refusing.
"""

from __future__ import annotations

import re
import unicodedata

_SEPARATORS = r"[\s\-./,_・:*]"
_RUN = re.compile(r"(?<!\d)\d{12}(?!\d)")
# How the card itself prints it; refused inside a sentence too, where "the whole" is more than the number.
_CARD = re.compile(rf"(?<!\d)(?<!\d{_SEPARATORS})\d{{4}}(?:{_SEPARATORS}\d{{4}}){{2}}(?!{_SEPARATORS}?\d)")


def valid(digits: str) -> bool:
    """Whether twelve ASCII digits carry the check digit of an individual number."""
    weighted = sum(int(d) * (n + 1 if n <= 6 else n - 5) for n, d in enumerate(reversed(digits[:11]), 1))
    return int(digits[11]) == (0 if weighted % 11 <= 1 else 11 - weighted % 11)


def found(text: str) -> bool:
    """Whether `text` holds one: a run between separators, or the whole with separators folded."""
    if sum(map(str.isdecimal, text)) < 12:
        return False
    ascii_digits = "".join(_character(char) for char in unicodedata.normalize("NFKC", text))
    candidates = _RUN.findall(ascii_digits) + _CARD.findall(ascii_digits)
    candidates.append(ascii_digits)
    bare = (re.sub(_SEPARATORS, "", candidate) for candidate in candidates)
    return any(re.fullmatch(r"[0-9]{12}", digits) and valid(digits) for digits in bare)


def _character(char: str) -> str:
    """Digits of any script as ASCII, any dash as a hyphen, invisible characters gone."""
    category = unicodedata.category(char)
    if category == "Nd":
        return str(unicodedata.decimal(char))
    if category in {"Cf", "Mn"}:
        return ""
    return "-" if category == "Pd" or char in "−ー" else char
