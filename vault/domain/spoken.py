"""How the words of a form's lists are said, so that a few letters of the reading find them: しゅうしん for 終身."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product

from vault.domain import insurers, spoken_table
from vault.domain.values import plain

_HAN = re.compile(r"[㐀-鿿々]")
_MOST = 4  # ways of saying one word


@lru_cache(maxsize=1)
def _pieces() -> dict[str, tuple[str, ...]]:
    lines = (spoken_table.OF_NAMES + spoken_table.OF_WORDS).replace("\n", "|").split("|")
    pairs = (line.split(" ") for line in lines if line)
    return {word: tuple(readings.split("/")) for word, readings in pairs}


@lru_cache(maxsize=1)
def _longest_first() -> re.Pattern[str]:
    return re.compile("|".join(sorted(map(re.escape, _pieces()), key=len, reverse=True)))


def readings(word: str) -> tuple[str, ...]:
    """Each way of saying a word, in hiragana with letters and figures left as they are; none where it is not known."""
    split = re.split(f"({_longest_first().pattern})", plain(word))
    ways = [_pieces().get(piece, (piece,)) for piece in split if piece]
    said = dict.fromkeys(hiragana("".join(way)).lower() for way in list(product(*ways))[:_MOST])
    return tuple(each for each in said if not _HAN.search(each))


@lru_cache(maxsize=2048)
def said(word: str) -> str:
    """What a list carries beside a word, with blanks between: its readings, and other names of an insurer with theirs."""
    if word.isascii():  # found by its own letters; ids of records, which lists carry too, are no words
        return ""
    found = insurers.find(word)
    others = found.others if found is not None and found.name == word else ()
    each = [*readings(word), *(way for other in others for way in (plain(other), *readings(other)))]
    return " ".join(dict.fromkeys("".join(text.split()) for text in each))


def hiragana(text: str) -> str:
    """Katakana as hiragana; everything else stays."""
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
