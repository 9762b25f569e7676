"""The words of a page as lines of pieces: what stands in one line, and how far apart.

However a page was read, by the letter out of a digital PDF or by guesses off a scan, a piece here has no
blank within, and a line holds what a person sees side by side even where the paper lies a little askew.
"""

from __future__ import annotations

import re
import statistics
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from vault.domain.scans import Area, Word

# A blank, a colon, a rule of the form between, and the English gloss behind a Japanese word, part pieces.
_OF_ONE = r"(?:[^\s:|¦]|(?<=\d):(?=\d))+"
_TOKEN = re.compile(rf":|{_OF_ONE}?(?=(?<=[^\x00-\x7f])[A-Za-z]{{3}})|{_OF_ONE}")
# What a number, a date, an amount or a way to pay begins with.
_VALUE = re.compile(r"(?<=\D)[0-9A-Z\\¥]|明治|大正|昭和|平成|令和|終身|(?:半年|月|年|一時|一括)払")
_DIGIT = re.compile(r"(?<=[^\x00-\x7f])[0-9]")
_TO_PERSON = re.compile("様|殿|御中|欄$")
# Lines and dots of a form, which readers of scans take for letters.
_NOISE = re.compile(r"[\s|¦!_・.…‥'`\"~=+*〝〟:;,、。-]+")


@dataclass(frozen=True, slots=True)
class Piece:
    """Text without a blank, of width and case as people type it; `colon` if one follows."""

    text: str
    area: Area
    colon: bool = False

    @property
    def right(self) -> int:
        return self.area.left + self.area.width

    @property
    def centre(self) -> float:
        return self.area.top + self.area.height / 2


Line = tuple[Piece, ...]
_BLANK = 0.1  # heights
# So many at a time are looked at: more stand nowhere but in a file that is made to take long.
_NEAR = 40


def lines(
    words: Iterable[Word], known: Callable[[str], bool] = lambda text: False, most: int | None = None
) -> list[Line]:
    """Lines from the top, each from the left, of at most so many pieces as `most` says.

    A text that is `known` is a piece of its own: cut off the value that it touches, put together if it wraps.
    """
    all_pieces = (piece for word in words for piece in _pieces(word, known))
    pieces = _unwrapped(list(islice(all_pieces, most)), known)
    if not pieces:
        return []
    slope = _slope(_chained(pieces, 0.0))
    found = _chained(pieces, slope)
    found.sort(key=lambda line: statistics.fmean(_level(piece, slope) for piece in line))
    return [tuple(line) for line in found]


def _chained(pieces: list[Piece], slope: float) -> list[list[Piece]]:
    """Pieces on one level, on paper that falls by `slope` pixels for each to the right."""
    usual = max(1.0, statistics.median(piece.area.height for piece in pieces))
    found: list[list[Piece]] = []
    # By height on the page, so that a piece is compared with its neighbours only, of however many.
    shelves: dict[int, list[list[Piece]]] = {}
    for piece in sorted(pieces, key=lambda piece: piece.area.left):
        shelf = int(_level(piece, slope) // usual)
        near = [line for at in (shelf - 1, shelf, shelf + 1) for line in shelves.get(at, ())[-_NEAR:]]
        line = _line_of(piece, near, usual, slope)
        if line is None:
            line = []
            found.append(line)
        line.append(piece)
        if not any(line is other for other in shelves.setdefault(shelf, [])[-_NEAR:]):
            shelves[shelf].append(line)
    return found


def _slope(found: list[list[Piece]]) -> float:
    """How askew the paper lies, by its longer lines."""
    slopes = []
    for first, *_, last in (line for line in found if len(line) > 1):
        if (across := last.area.left - first.area.left) > 8 * first.area.height:
            slopes.append((last.centre - first.centre) / across)
    return statistics.median(slopes) if len(slopes) > 2 else 0.0


def _level(piece: Piece, slope: float) -> float:
    return piece.centre - slope * piece.area.left


def _unwrapped(pieces: list[Piece], known: Callable[[str], bool]) -> list[Piece]:
    """With 死亡保険金受取 above 人 as the one piece that it is."""
    left: list[Piece] = []
    for lower in sorted(pieces, key=lambda piece: piece.area.top):
        above = [upper for upper in left[-_NEAR:] if _wraps(upper, lower) and known(upper.text + lower.text)]
        if above:
            left.remove(above[0])
        left.append(_one(above[0], lower) if above else lower)
    return left


def _one(upper: Piece, lower: Piece) -> Piece:
    return Piece(upper.text + lower.text, around((upper, lower)), lower.colon)


def _wraps(upper: Piece, lower: Piece) -> bool:
    height = upper.area.height
    below = 0.5 * height < lower.area.top - upper.area.top < 2.2 * height
    return below and abs(upper.area.left - lower.area.left) < 0.7 * height


def _line_of(piece: Piece, found: list[list[Piece]], usual: float, slope: float) -> list[Piece] | None:
    """The line that goes on with `piece`: next to its last piece, so that a bend does not add up."""
    best: tuple[float, list[Piece]] | None = None
    for line in found:
        last = line[-1]
        # 一 is not a line of its own, though it is hardly high.
        height = max(min(last.area.height, piece.area.height), 0.55 * usual)
        away = abs(_level(last, slope) - _level(piece, slope))
        follows = piece.area.left >= last.right - 0.4 * height
        if follows and away < 0.5 * height and (best is None or away < best[0]):
            best = away, line
    return best[1] if best else None


def _pieces(word: Word, known: Callable[[str], bool]) -> Iterator[Piece]:
    text = unicodedata.normalize("NFKC", word.text)
    whole = _width(text) or 1
    for token in _TOKEN.finditer(text):
        cut = _cut(token[0], known, to_person=_TO_PERSON.search(text, token.start()) is not None)
        for start, end in ((0, cut), (cut, len(token[0]))):
            part = token[0][start:end]
            if not part or _NOISE.fullmatch(part):
                continue
            left = word.left + word.width * _width(text[: token.start() + start]) // whole
            width = max(1, word.width * _width(part) // whole)
            colon = end == len(token[0]) and text[token.end() :].lstrip()[:1] == ":"
            yield Piece(part, Area(left, word.top, width, word.height), colon)


def _cut(token: str, known: Callable[[str], bool], to_person: bool) -> int:
    """Where a value begins that touches its label, or what is left of its label; 0 where none does."""
    ends = range(2, len(token)) if to_person else [begin.start() for begin in _VALUE.finditer(token)]
    found = max((end for end in ends if known(token[:end])), default=0)
    digit = _DIGIT.search(token)
    return found or (digit.start() if digit else 0)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


def gap(left: Piece, right: Piece) -> float:
    """How far apart two neighbours stand, in heights of their letters."""
    return (right.area.left - left.right) / max(1, left.area.height, right.area.height)


def groups(pieces: Sequence[Piece], apart: float) -> list[Line]:
    """Neighbours as a reader sees them together: less than `apart` heights from one to the next."""
    found: list[list[Piece]] = []
    for piece in pieces:
        if not found or gap(found[-1][-1], piece) >= apart:
            found.append([])
        found[-1].append(piece)
    return [tuple(group) for group in found]


def spoken(pieces: Sequence[Piece]) -> str:
    """The pieces as one text, with blanks where the paper has them."""
    told = ""
    for i, piece in enumerate(pieces):
        told += (" " if i and gap(pieces[i - 1], piece) >= _BLANK else "") + piece.text
    return told


def around(pieces: Sequence[Piece]) -> Area:
    """The smallest rectangle that holds all of `pieces` (at least one)."""
    left = min(piece.area.left for piece in pieces)
    top = min(piece.area.top for piece in pieces)
    right = max(piece.right for piece in pieces)
    bottom = max(piece.area.top + piece.area.height for piece in pieces)
    return Area(left, top, right - left, bottom - top)
