"""What an operator types at a terminal: moments in Japan's time, and texts that others are shown."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime

from vault.domain.values.moments import JAPAN
from vault.errors import Refused

_MOMENT = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})[ T]+(\d{1,2}):(\d{2})")
# Letters that nobody sees: they would turn a line round, or hide a part of it.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


# The same, and what a terminal takes for a command, without the ends of lines.
_COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def shown(text: str) -> str:
    """What somebody else has said, fit for the operator's terminal: nothing in it moves the cursor, or turns a line round."""
    return _COMMANDS.sub("?", text)


def read_moment(text: str) -> int:
    """Seconds since 1970 of 2026-11-25 22:00 (or with slashes), in Japan. Raises Refused("moment-unreadable")."""
    found = _MOMENT.fullmatch(unicodedata.normalize("NFKC", text).strip())
    try:
        if found is None:
            raise ValueError(text)
        return int(datetime(*map(int, found.groups()), tzinfo=JAPAN).timestamp())  # type: ignore[misc, arg-type]
    except (ValueError, OverflowError) as error:
        raise Refused("moment-unreadable", typed=text[:40]) from error


def told_moment(seconds: int) -> str:
    """The same the other way round: 2026-11-25 22:00."""
    return f"{datetime.fromtimestamp(seconds, JAPAN):%Y-%m-%d %H:%M}"


def read_words(text: str, most: int, lines: bool = False) -> str:
    """A text that others are shown, trimmed; `lines`: it may have several.

    Raises Refused: operator-text-long (`most` letters), operator-text-unseen (signs that do not show).
    """
    tidy = "\n".join(line.rstrip() for line in unicodedata.normalize("NFC", text).strip().splitlines())
    if len(tidy) > most:
        raise Refused("operator-text-long", most=most, n=len(tidy))
    allowed = {"\n"} if lines else set()
    if any(unicodedata.category(sign) in _UNSEEN and sign not in allowed for sign in tidy):
        raise Refused("operator-text-unseen")
    return tidy
