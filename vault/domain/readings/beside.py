"""The labels of a page, and what stands beside and below each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from vault.domain.readings.labels import LONGEST, Label, label
from vault.domain.readings.lines import Line, Piece, around, gap, groups, spoken

# In heights of the letters: what is farther right is another column, what is farther down another row.
_COLUMN, _ROW = 2.5, 3.6
_NEAR = 1.4  # from the middle of the label to the middle of a line of its value
# Letters of a label that is spread over its column stand this far apart at most.
_SPREAD = 7.0
_SENTENCE = re.compile(r"。|、(?!\d)")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label stands: in line `line`, pieces `first` up to and without `after`."""

    line: int
    first: int
    after: int
    label: Label

    def text(self, sheet: Sheet) -> str:
        """The label as the paper spells it."""
        return "".join(piece.text for piece in sheet.lines[self.line][self.first : self.after])


@dataclass(frozen=True, slots=True)
class Candidate:
    """What may be the value of a label; the nearer the lower `far`."""

    pieces: Line
    far: int

    @property
    def text(self) -> str:
        return spoken(self.pieces)


class Sheet:
    """The lines of one page with their labels."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.places = [
            [place for place in _places(number, line) if not _in_sentence(line, place)]
            for number, line in enumerate(lines)
        ]
        self._labelled = {
            (place.line, i) for row in self.places for place in row for i in range(place.first, place.after)
        }

    def candidates(self, place: Place) -> Iterator[Candidate]:
        """The best first: right of the label, below it, right of it over several lines."""
        parts = groups(self._beside(place), _COLUMN)
        for i in range(len(parts)):
            yield Candidate(sum(parts[: i + 1], ()), min(i, 3))
        yield from (Candidate(below, 4 + i) for i, below in enumerate(self._below(place)))
        if wrapped := self._wrapped(place):
            yield Candidate(wrapped, 6)
        yield from (Candidate(part, 7) for part in parts[1:])

    def _beside(self, place: Place) -> Line:
        """Up to the next label. After a colon comes a value, whatever it says."""
        line = self.lines[place.line]
        told = line[place.after - 1].colon
        following = [p for p in self.places[place.line] if p.first >= place.after + told]
        return line[place.after : min((p.first for p in following), default=len(line))]

    def _below(self, place: Place) -> Iterator[Line]:
        """The pieces under the label, up to where another label stands: a value, maybe its second line."""
        line = self.lines[place.line]
        own = around(line[place.first : place.after])
        alone = own.left + max(own.width * 2, own.height * 14)
        end = min((p.area.left for p in self._heads(place)), default=alone)
        for number in range(place.line + 1, len(self.lines)):
            under = self.lines[number]
            if under[0].area.top > own.top + own.height * (_ROW + 1):
                return
            cells = self._cells(number)
            direct = [g for g in cells if _over(g, own.left, own.left + own.width)]
            found = direct or [g for g in cells if own.left <= g[0].area.left and g[-1].right <= end]
            if found and found[0][0].area.top > own.top + own.height * 0.5:
                if (number, under.index(found[0][0])) in self._labelled:
                    return
                yield found[0]

    def _wrapped(self, place: Place) -> Line:
        """What stands right of the label over several lines, which the label may stand in the middle of."""
        line = self.lines[place.line]
        own = around(line[place.first : place.after])
        right, middle = own.left + own.width, own.top + own.height / 2
        end = min((p.area.left for p in self._heads(place)), default=10**9)
        found: list[Piece] = []
        for number in range(max(0, place.line - 2), min(len(self.lines), place.line + 3)):
            near = [p for p in self.lines[number] if abs(p.centre - middle) < _NEAR * own.height]
            beside = [p for p in near if right <= p.area.left and p.right <= end]
            heads = [self.lines[number][p.first] for p in self.places[number]]
            clear = number == place.line or not any(head in near and head.area.left < right for head in heads)
            found += beside if clear else []
        return tuple(found)

    def _heads(self, place: Place) -> Iterator[Piece]:
        """The labels right of this one in its line."""
        following = (p for p in self.places[place.line] if p.first >= place.after)
        return (self.lines[p.line][p.first] for p in following)

    def _cells(self, number: int) -> list[Line]:
        """Pieces that stand together, each label apart."""
        found: list[Line] = []
        for group in groups(self.lines[number], 1.6):
            start = self.lines[number].index(group[0])
            cuts = {p.first for p in self.places[number]} | {p.after for p in self.places[number]}
            edges = [0, *sorted(cut - start for cut in cuts if 0 < cut - start < len(group)), len(group)]
            found += [group[a:b] for a, b in pairwise(edges)]
        return found


def _over(group: Line, left: int, right: int) -> bool:
    return group[0].area.left < right and group[-1].right > left


def _in_sentence(line: Line, place: Place) -> bool:
    """Clauses speak of every label there is."""
    of = next(g for g in groups(line, _COLUMN) if line[place.first] in g)
    return _SENTENCE.search("".join(piece.text for piece in of)) is not None


def _places(number: int, line: Line) -> Iterator[Place]:
    """The longest labels, from the left."""
    at = 0
    while at < len(line):
        found = _longest(number, line, at)
        if found:
            yield found
        at = found.after if found else at + 1


def _longest(number: int, line: Line, first: int) -> Place | None:
    best: Place | None = None
    text = ""
    for after in range(first + 1, len(line) + 1):
        text += line[after - 1].text
        if len(text) > LONGEST + 6 or (after > first + 1 and not _joined(line[after - 2], line[after - 1])):
            break
        found = label(text)
        if found and (best is None or best.label.guessed or not found.guessed):
            best = Place(number, first, after, found)
    return best


def _joined(left: Piece, right: Piece) -> bool:
    """Whether two pieces may be of one label: near, or letters spread over a column."""
    if left.colon:
        return False
    short = len(left.text) <= 2 and len(right.text) <= 2
    return gap(left, right) < (_SPREAD if short else 1.2)
