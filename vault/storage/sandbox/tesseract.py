"""Letters off a picture, by Debian's Tesseract where the operator has installed it.

Runs in the jailed child: `load` maps the library and the trained data before the jail closes, and reading
afterwards opens no file and starts no thread.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Iterator
from ctypes import POINTER, c_char_p, c_int, c_void_p
from itertools import groupby, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from vault.domain.scans import Word
from vault.storage.sandbox.limits import WORD_LETTERS

if TYPE_CHECKING:
    from PIL.Image import Image

LIBRARY = "libtesseract.so.5"
LANGUAGE = "jpn"
# Of a hundred. What is read with less is noise: stamps, rules, the pattern of the paper.
FLOOR = 30.0
# What the trained data knows letters by; smaller ones are read worse, larger ones only slower.
_DPI, _LEAST_DPI = 300, 150
# Pixels: A3 at that size. Telephones say 72 dpi of photographs that are larger than they need to be.
_LONG_SIDE = 5_000
_FOLDERS = ("/usr/lib", "/usr/lib64", "/usr/local/lib")
_TRAINED = ("/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tessdata", "/usr/local/share/tessdata")
_LSTM_ONLY, _WHOLE_PAGE = 1, 3
# In heights of the letters: nearer than this is one run, nearer than that one word of it.
_RUN, _BLANK = 0.85, 0.4
_BICUBIC = 3  # Pillow's number


def available() -> bool:
    """Whether this machine can read pictures; looks for two files and loads nothing."""
    return library() is not None and trained_data() is not None


def library() -> Path | None:
    """The shared library, where the loader would find it."""
    told = [Path(place) for place in os.environ.get("LD_LIBRARY_PATH", "").split(":") if place]
    usual = [place for folder in map(Path, _FOLDERS) for place in (*sorted(folder.glob("*-linux-*")), folder)]
    return next((place / LIBRARY for place in (*told, *usual) if (place / LIBRARY).is_file()), None)


def trained_data() -> Path | None:
    """The folder that holds the Japanese data."""
    told = os.environ.get("TESSDATA_PREFIX")
    places = map(Path, (told,) if told else _TRAINED)
    return next((place for place in places if (place / f"{LANGUAGE}.traineddata").is_file()), None)


def load() -> Reader:
    """Library and data into memory, for one thread. Raise OSError if either is missing or does not fit."""
    # Read by the library as it is mapped. A second thread is what the jail refuses first.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    place, data = library(), trained_data()
    if place is None or data is None:
        raise OSError("Tesseract or its Japanese data is not installed")
    return Reader(_declared(ctypes.CDLL(str(place))), data)


def _declared(tesseract: ctypes.CDLL) -> ctypes.CDLL:
    """With the types of the functions used: without them a pointer would be cut to an int."""
    tesseract.TessBaseAPICreate.restype = c_void_p
    tesseract.TessBaseAPIInit2.argtypes = [c_void_p, c_char_p, c_char_p, c_int]
    tesseract.TessBaseAPISetPageSegMode.argtypes = [c_void_p, c_int]
    tesseract.TessBaseAPISetImage.argtypes = [c_void_p, c_char_p, c_int, c_int, c_int, c_int]
    tesseract.TessBaseAPISetSourceResolution.argtypes = [c_void_p, c_int]
    tesseract.TessBaseAPIRecognize.argtypes = [c_void_p, c_void_p]
    tesseract.TessBaseAPIGetTsvText.argtypes = [c_void_p, c_int]
    tesseract.TessBaseAPIGetTsvText.restype = POINTER(ctypes.c_char)
    tesseract.TessDeleteText.argtypes = [POINTER(ctypes.c_char)]
    tesseract.TessBaseAPIClear.argtypes = [c_void_p]
    tesseract.TessBaseAPIDelete.argtypes = [c_void_p]
    return tesseract


class Bit(NamedTuple):
    """What Tesseract calls a word, in Japanese often one letter; `line` says which line it is of."""

    line: tuple[int, ...]
    left: int
    top: int
    width: int
    height: int
    confidence: float
    text: str


class Reader:
    """Tesseract with its data loaded; for one page after the other."""

    def __init__(self, tesseract: ctypes.CDLL, data: Path) -> None:
        # It brings Pillow, which the parent, who only asks, never loads.
        from vault.storage.sandbox.bleached import bleached
        self._bleached = bleached
        self._tesseract = tesseract
        self._handle = c_void_p(tesseract.TessBaseAPICreate())
        if tesseract.TessBaseAPIInit2(self._handle, os.fsencode(data), LANGUAGE.encode(), _LSTM_ONLY):
            raise OSError("Tesseract does not take its data")
        tesseract.TessBaseAPISetPageSegMode(self._handle, _WHOLE_PAGE)

    def words(self, image: Image, dpi: float) -> list[Word]:
        """Runs of text on a page of `dpi` dots per inch, in the order of reading, in pixels of `image`."""
        grey = self._bleached(image)
        factor = enlarging(image.width, image.height, dpi)
        if factor != 1.0:
            grey = grey.resize((round(grey.width * factor), round(grey.height * factor)), resample=_BICUBIC)
        inches = max(_LEAST_DPI, round(dpi * factor))
        found = runs(_bits(self._read(grey, inches)))
        return [_on_page(word, factor, image.width, image.height) for word in found]

    def close(self) -> None:
        """Give the memory back; a child that ends anyway need not."""
        self._tesseract.TessBaseAPIDelete(self._handle)

    def _read(self, grey: Image, dpi: int) -> str:
        """Tesseract's table of what it found."""
        api = self._tesseract
        pixels = grey.tobytes()
        api.TessBaseAPISetImage(self._handle, pixels, grey.width, grey.height, 1, grey.width)
        api.TessBaseAPISetSourceResolution(self._handle, dpi)
        table = None
        try:
            if api.TessBaseAPIRecognize(self._handle, None) == 0:
                table = api.TessBaseAPIGetTsvText(self._handle, 0)
            return ctypes.string_at(table).decode("utf-8", "replace") if table else ""
        finally:
            if table:
                api.TessDeleteText(table)
            api.TessBaseAPIClear(self._handle)


def enlarging(width: int, height: int, dpi: float) -> float:
    """By how much a page of so many pixels is to be enlarged before it is read; never made smaller."""
    return max(1.0, min(_DPI / max(1.0, dpi), _LONG_SIDE / max(width, height)))


def _bits(table: str) -> Iterator[Bit]:
    for row in table.splitlines():
        level, _page, *numbers, text = row.split("\t", 11)
        told = "".join(filter(str.isprintable, text)).strip()[: WORD_LETTERS - 1]
        if level == "5" and told:
            block, paragraph, line, _word, left, top, width, height = map(int, numbers[:8])
            yield Bit((block, paragraph, line), left, top, width, height, float(numbers[8]), told)


def runs(bits: Iterator[Bit]) -> Iterator[Word]:
    """Neighbours of a line as a person reads them; without what was hardly recognised."""
    for _line, of_line in groupby(bits, key=lambda bit: bit.line):
        run: list[Bit] = []
        for bit in of_line:
            if run and (_apart(run[-1], bit) >= _RUN or _letters(run) + _letters([bit]) > WORD_LETTERS):
                yield from _word(run)
                run = []
            run.append(bit)
        yield from _word(run)


def _letters(run: list[Bit]) -> int:
    """At most so many, each bit with a blank before it."""
    return sum(len(bit.text) + 1 for bit in run)


def _apart(left: Bit, right: Bit) -> float:
    return (right.left - left.left - left.width) / max(1, left.height, right.height)


def _word(run: list[Bit]) -> Iterator[Word]:
    letters = sum(len(bit.text) for bit in run)
    if sum(bit.confidence * len(bit.text) for bit in run) < FLOOR * letters:
        return
    text = run[0].text
    for before, bit in pairwise(run):
        text += (" " if _apart(before, bit) >= _BLANK else "") + bit.text
    left, top = min(bit.left for bit in run), min(bit.top for bit in run)
    right, bottom = max(bit.left + bit.width for bit in run), max(bit.top + bit.height for bit in run)
    yield Word(text, left, top, right - left, bottom - top)


def _on_page(word: Word, factor: float, width: int, height: int) -> Word:
    """In pixels of the page as it was given, at least one of them and none outside."""
    left = min(max(0, round(word.left / factor)), width - 1)
    top = min(max(0, round(word.top / factor)), height - 1)
    wide = max(1, min(round(word.width / factor), width - left))
    high = max(1, min(round(word.height / factor), height - top))
    return Word(word.text, left, top, wide, high)
