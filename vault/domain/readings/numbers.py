"""個人番号 on a page: where to hold it and what to black out. Rather an area too many than a number seen."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from vault.domain import my_number
from vault.domain.readings.lines import Line, Piece, around, groups, lines
from vault.domain.scans import Area, Word

# 個 is misread often; 法人番号 is another number, which may be kept.
_NAME = r"(?:(?<!法)[個固箇偶]?人番号|[マヤ]イナン[バパハ][ー一-]?)"
_LABEL = re.compile(rf"{_NAME}|MYNUMBER|INDIVIDUALNUMBER", re.IGNORECASE)
_ALONE = re.compile(rf"[【(\[<]*{_NAME}[】)\]>]*(?:\({_NAME}\))?")
_READ = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]{2}")  # words: what stands there is no number
_FIELD = 24  # heights: as wide as twelve boxes
# Longest gap within a number, in heights of its letters: boxes for one digit each stand that far apart.
_WITHIN = 2.0
# Digits read beside the label of a number that has twelve.
_MISREAD = range(11, 14)
_DASHES = "−ー―‐・_"
_PART = re.compile(r"[0-9](?:[0-9,./\-]*[0-9])?|[^0-9\s]+")
# What is read for a digit.
_LOOKALIKE = str.maketrans("OoQDlI|SBZ", "0000111582")
_NOISE = re.compile(r"[\s\-.・|]+")
_BELOW, _ROWS = 3.5, 6  # heights; lines at most
# Of the height, above and below, and at the sides, where the place within a word is a guess.
_MARGIN, _SIDE = 0.25, 0.6


def my_numbers(words: Sequence[Word], exact: bool = False) -> list[Area]:
    """The areas of a page to black out, from the top, with a margin.

    A run of twelve digits with a valid check digit, in one word or over several of a line; and beside or
    below 「個人番号」 any run of eleven to thirteen, since a scan's digits are often misread. Where nothing was
    read beside a label that stands alone, as with digits in boxes, the place where they would stand, unless
    the words are `exact`. An area may reach over the page's right and lower edge, never over the others.
    """
    rows = lines(part for word in words for part in _parts(word))
    found = {area for row in rows for area in _valid(row)}
    for number, row in enumerate(rows):
        beside = set(_labelled(rows, number, row))
        found |= beside if beside or exact else set(_unread(rows, number, row, found))
    areas = sorted(found, key=lambda area: (area.top, area.left))
    return _without_inner([_with_margin(area) for area in areas])


def _parts(word: Word) -> Iterator[Word]:
    """Numbers and what stands between them, each a word, where letters of their widths would put it."""
    text, ends = "", [0]
    for char in word.text:
        spelled = "".join(_character(each) for each in unicodedata.normalize("NFKC", char))
        wide = 2 if unicodedata.east_asian_width(char) in "WF" else 1
        ends += [ends[-1] + wide * (i + 1) // len(spelled) for i in range(len(spelled))]
        text += spelled
    for part in _PART.finditer(text):
        left, right = (word.width * ends[at] // ends[-1] for at in part.span())
        yield Word(part[0], word.left + left, word.top, max(1, right - left), word.height)


def _character(char: str) -> str:
    """Digits of any script as ASCII, any dash as a hyphen."""
    if unicodedata.category(char) == "Nd":
        return str(unicodedata.decimal(char))
    return "-" if char in _DASHES or unicodedata.category(char) == "Pd" else char


def _valid(row: Line) -> Iterator[Area]:
    """Numbers on their own, and those that stand among others, by whole pieces."""
    for run in _runs(row):
        for first in range(len(run)):
            for after in range(first + 1, min(len(run), first + 12) + 1):
                if _grouped(run[first:after]) and my_number.valid(_digits(run[first:after])):
                    yield around(run[first:after])


def _grouped(pieces: Line) -> bool:
    """Twelve digits as people and cards set them: together, in fours, in boxes of their own."""
    sizes = [len(_digits([piece])) for piece in pieces]
    if sum(sizes) != 12:
        return False
    return len(sizes) == 1 or max(sizes) <= 2 or all(size % 4 == 0 for size in sizes)


def _runs(row: Line) -> Iterator[Line]:
    """Neighbours that hold digits and nothing else of weight."""
    for numeric, same in groupby(row, key=lambda piece: _numeric(piece.text)):
        if numeric:
            yield from groups(tuple(same), _WITHIN)


def _numeric(text: str) -> bool:
    return re.fullmatch(r"[0-9\-]*[0-9][0-9\-]*", text) is not None


def _digits(run: Iterable[Piece]) -> str:
    return re.sub(r"[^0-9]", "", "".join(piece.text for piece in run))


def _labelled(rows: Sequence[Line], number: int, row: Line) -> Iterator[Area]:
    """Numbers beside or below the label, however the reader spelled them."""
    text = "".join(piece.text for piece in row)
    if not _LABEL.search(text):
        return
    end = max(piece.area.top + piece.area.height * (1 + _BELOW) for piece in row)
    yield from _nearly(row)
    for under in rows[number + 1 : number + 1 + _ROWS]:
        if under[0].area.top > end:
            return
        yield from _nearly(under)


def _unread(rows: Sequence[Line], number: int, row: Line, found: Iterable[Area]) -> Iterator[Area]:
    """Right of a label that stands alone and a little below it, if no number was found there."""
    for first, piece in enumerate(row):
        height = piece.area.height
        if not _ALONE.fullmatch(piece.text) or any(_READ.search(other.text) for other in row[first + 1 :]):
            continue
        beside = Area(piece.area.left, piece.area.top - height // 2, height * _FIELD, height * 4)
        within = [p for p in (*row[first:], *_first(rows, number + 1)) if _overlap(p.area, beside)]
        if not any(_overlap(area, beside) for area in found):
            reach = around(within)
            yield Area(beside.left, max(0, beside.top), max(beside.width, reach.width), beside.height)


def _first(rows: Sequence[Line], number: int) -> Line:
    row = rows[number] if number < len(rows) else ()
    return () if _READ.search("".join(piece.text for piece in row)) else row


def _overlap(one: Area, other: Area) -> bool:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return across > 0 and down > 0


def _nearly(row: Line) -> Iterator[Area]:
    like = [piece for piece in row if not _LABEL.search(piece.text) or _numeric_end(piece.text)]
    for near, same in groupby(like, key=lambda piece: bool(_likely(piece.text))):
        for run in groups(tuple(same), _WITHIN) if near else ():
            if sum(len(_likely(piece.text)) for piece in run) in _MISREAD:
                yield around(run)


def _numeric_end(text: str) -> bool:
    return re.search(r"\d{4,}$", text) is not None


def _likely(text: str) -> str:
    """The digits that a piece is, or may have been; empty where it is a word."""
    bare = re.sub(r"^.*(?:番号|バー|NUMBER)", "", text).translate(_LOOKALIKE)
    bare = _NOISE.sub("", bare)
    told = re.search(r"\d", text) or len(text) <= 2
    return bare if told and re.fullmatch(r"[0-9]{1,13}", bare) else ""


def _without_inner(areas: list[Area]) -> list[Area]:
    """One number found by both ways is one area; they stand next to each other in `areas`."""
    kept = []
    for i, area in enumerate(areas):
        near = areas[max(0, i - 4) : i] + areas[i + 1 : i + 5]
        if not any(_holds(other, area) for other in near):
            kept.append(area)
    return kept


def _holds(outer: Area, inner: Area) -> bool:
    return (
        outer.left <= inner.left and outer.top <= inner.top
        and outer.left + outer.width >= inner.left + inner.width
        and outer.top + outer.height >= inner.top + inner.height
    )


def _with_margin(area: Area) -> Area:
    above, aside = max(2, round(area.height * _MARGIN)), max(3, round(area.height * _SIDE))
    left, top = max(0, area.left - aside), max(0, area.top - above)
    return Area(left, top, area.left + area.width + aside - left, area.top + area.height + above - top)
