"""What fits into a box of a drawing: names in a line or two, and the smaller words below them."""

from __future__ import annotations

import unicodedata

# Full-width letters of a name that fit into one line of a box; two lines are the most.
LETTERS = 8
# Of the smaller words below it: so many as they are, so many pressed together.
NOTE_LETTERS, PRESSED_LETTERS = 9.5, 13.0


def name_lines(name: str) -> tuple[str, ...]:
    """A name in one line or two, broken at its space where that fits; what is too long even so ends in …."""
    if _letters(name) <= LETTERS:
        return (name,)
    for i, letter in enumerate(name):
        if letter.isspace() and _letters(name[:i]) <= LETTERS and _letters(name[i + 1 :]) <= LETTERS:
            return name[:i], name[i + 1 :]
    first = _cut(name, LETTERS)
    rest = name[len(first) :]
    return first, rest if _letters(rest) <= LETTERS else _cut(rest, LETTERS - 1) + "…"


def note_line(note: str) -> tuple[str, bool]:
    """The line below a name, cut where it is too long even so, and whether it has to be pressed together to fit."""
    if _letters(note) > PRESSED_LETTERS:
        note = _cut(note, PRESSED_LETTERS - 1) + "…"
    return note, _letters(note) > NOTE_LETTERS


def _letters(text: str) -> float:
    """Width in full-width letters; Latin letters and half-width kana take about half of one."""
    return sum(1 if unicodedata.east_asian_width(c) in "WFA" else 0.6 for c in text if not unicodedata.combining(c))


def _cut(text: str, most: float) -> str:
    while _letters(text) > most:
        text = text[:-1]
    return text
