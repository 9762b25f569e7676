"""The text that a PDF's page shows, in words with their places. Runs in the child only."""

from __future__ import annotations

import ctypes
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from vault.domain.scans import Word
from vault.storage.sandbox.limits import LETTERS, WORD_LETTERS, WORDS

# Of a private character set only the file's font knows what it means; printers put this sign in such places.
UNKNOWN = "〓"
_FINE = 64  # places come back in whole pixels: asked for on a page so many times as large
_GAP, _OFF_LINE = 0.6, 0.5  # in heights of a letter
_INVISIBLE = 3
_JAPANESE = "\u3000"  # from here on: kana, kanji, full-width letters


class Box(NamedTuple):
    """Left, top, right, bottom in pixels of the image."""

    left: float
    top: float
    right: float
    bottom: float


class OwnText(NamedTuple):
    """Words of a page. `seen`: all of it is; scanners lay what they recognised, unseen, over the picture. `borrowed`: some
    of it is Japanese whose letters are not in the file."""

    words: list[Word]
    seen: bool = True
    borrowed: bool = False


@dataclass
class _Run:
    """Letters next to each other, along a line or down a column."""

    letters: list[str] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def goes_on(self, box: Box) -> bool:
        """Whether a letter at `box` stands where the next of this run would."""
        if not self.boxes or len(self.letters) >= WORD_LETTERS:
            return not self.boxes
        last = self.boxes[-1]
        high, wide = last.bottom - last.top, last.right - last.left
        along = _level(last.top, last.bottom, box.top, box.bottom) and _gap(last.left, last.right, box.left, box.right) < _GAP * high
        down = _level(last.left, last.right, box.left, box.right) and _gap(last.top, last.bottom, box.top, box.bottom) < _GAP * wide
        return along or down


def _gap(start: float, end: float, other_start: float, other_end: float) -> float:
    """Between two stretches, whichever comes first: on a page turned round, letters follow each other to the left."""
    return max(other_start - end, start - other_end)


def _level(low: float, high: float, other_low: float, other_high: float) -> bool:
    return abs((low + high) - (other_low + other_high)) / 2 < _OFF_LINE * max(1.0, high - low)


def own_text(page: pdfium.PdfPage, width: int, height: int) -> OwnText:
    """What the page says in letters, for an image of it of this size."""
    text = raw.FPDFText_LoadPage(page)
    if not text:
        return OwnText([])
    try:
        place = _placing(page, width, height)
        words: list[Word] = []
        seen, borrowed = True, False
        for run, first in _runs(text, place):
            word = _word(run, width, height)
            if word is None or len(words) >= WORDS:
                continue
            words.append(word)
            shown = not _is_invisible(text, first)
            seen = seen and shown
            borrowed = borrowed or (shown and _is_borrowed(text, first, word.text))
        return OwnText(words, seen, borrowed)
    finally:
        raw.FPDFText_ClosePage(text)


def _placing(page: pdfium.PdfPage, width: int, height: int) -> tuple[float, ...]:
    """The six numbers that take a point of the page, turned or cut as it may be, to a pixel."""
    (x0, y0), (x1, y1), (x2, y2) = (_device(page, width, height, *at) for at in ((0, 0), (1000, 0), (0, 1000)))
    scale = 1000.0
    return x0, y0, (x1 - x0) / scale, (y1 - y0) / scale, (x2 - x0) / scale, (y2 - y0) / scale


def _device(page: pdfium.PdfPage, width: int, height: int, x: float, y: float) -> tuple[float, float]:
    across, down = ctypes.c_int(), ctypes.c_int()
    raw.FPDF_PageToDevice(page, 0, 0, width * _FINE, height * _FINE, 0, x, y, across, down)
    return across.value / _FINE, down.value / _FINE


def _runs(text: raw.FPDF_TEXTPAGE, place: tuple[float, ...]) -> Iterator[tuple[_Run, int]]:
    """Each run with the index of its first letter."""
    run, first = _Run(), 0
    for index in range(min(raw.FPDFText_CountChars(text), LETTERS)):
        letter = _letter(raw.FPDFText_GetUnicode(text, index))
        box = _box(text, index, place) if letter else None
        if letter and box is not None and run.goes_on(box):
            first = first if run.letters else index
            run.letters.append(letter)
            run.boxes.append(box)
            continue
        if run.letters:
            yield run, first
        run, first = (_Run([letter], [box]), index) if letter and box is not None else (_Run(), index)
    if run.letters:
        yield run, first


def _letter(code: int) -> str:
    """A character as it may be shown; empty for blanks, and for what has no shape."""
    try:
        letter = chr(code)
    except (ValueError, OverflowError):
        return ""
    match unicodedata.category(letter):
        case "Co" | "Cn":
            return UNKNOWN
        case kind if kind[0] in "CZ":
            return ""
    return letter


def _box(text: raw.FPDF_TEXTPAGE, index: int, place: tuple[float, ...]) -> Box | None:
    at = raw.FS_RECTF()
    if not raw.FPDFText_GetLooseCharBox(text, index, at) or not (at.right - at.left and at.top - at.bottom):
        return None
    x0, y0, xx, xy, yx, yy = place
    across = [x0 + x * xx + y * yx for x in (at.left, at.right) for y in (at.bottom, at.top)]
    down = [y0 + x * xy + y * yy for x in (at.left, at.right) for y in (at.bottom, at.top)]
    if not all(abs(each) < 1e6 for each in (*across, *down)):
        return None
    return Box(min(across), min(down), max(across), max(down))


def _word(run: _Run, width: int, height: int) -> Word | None:
    """The run as a word, cut to the image; None where nothing of it is on the page."""
    left = max(0, int(min(box.left for box in run.boxes)))
    top = max(0, int(min(box.top for box in run.boxes)))
    right = min(width, int(max(box.right for box in run.boxes)) + 1)
    bottom = min(height, int(max(box.bottom for box in run.boxes)) + 1)
    if right <= left or bottom <= top:
        return None
    return Word("".join(run.letters), left, top, right - left, bottom - top)


def _is_invisible(text: raw.FPDF_TEXTPAGE, index: int) -> bool:
    thing = raw.FPDFText_GetTextObject(text, index)
    return bool(thing) and raw.FPDFTextObj_GetTextRenderMode(thing) == _INVISIBLE


def _is_borrowed(text: raw.FPDF_TEXTPAGE, index: int, letters: str) -> bool:
    if max(letters) < _JAPANESE:
        return False
    font = raw.FPDFTextObj_GetFont(raw.FPDFText_GetTextObject(text, index))
    return bool(font) and raw.FPDFFont_GetIsEmbedded(font) == 0
