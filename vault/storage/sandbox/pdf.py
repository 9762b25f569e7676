"""The pages of a PDF, drawn with what stands on them and without what it does. Runs in the child only.

Filled-in forms, stamps and notes are drawn, for they are often what matters; nothing of them is carried out: PDFium is built
without a JavaScript engine, no action is ever called, no attachment looked at.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Callable, Iterator, Sequence

import pypdfium2 as pdfium
from PIL import Image
from pypdfium2 import raw

from vault.domain.scans import Word
from vault.errors import Refused
from vault.storage.sandbox import drawn, fonts
from vault.storage.sandbox.frames import PageImage
from vault.storage.sandbox.limits import (
    LONG_SIDE,
    OTHER_PDF_PICTURE_PIXELS,
    PDF_PICTURE_PIXELS,
    SHORT_OF_LONG_SIDE,
)
from vault.storage.sandbox.text import own_text

Read = Callable[[Image.Image, int], list[Word]]
DPI = 200
_INCH = 72.0
# From here on a page is a picture with a line of text added by a scanner or a fax rather than a page of text.
_COVERED = 0.3
_THINGS, _DEPTH = 20_000, 6
_FILTERS, _NAME = 10, 64
# How programs write a password down differs by their age and country.
_ENCODINGS = ("utf-8", "latin-1", "cp932")


def pages(data: mmap.mmap, password: str, most: int, read: Read | None) -> Iterator[PageImage]:
    """Every page redrawn; raises Refused."""
    document = _opened(data, password)
    of = len(document)
    if of > most:
        raise Refused("file-too-many-pages")
    document.init_forms()
    for number in range(1, of + 1):
        yield _redrawn(document, number, of, read)


def _opened(data: mmap.mmap, password: str) -> pdfium.PdfDocument:
    buffer = (ctypes.c_char * len(data)).from_buffer(data)
    for told in _passwords(password):
        handle = raw.FPDF_LoadMemDocument64(buffer, len(data), told)
        if handle:
            return _counted(pdfium.PdfDocument(handle))
        why = raw.FPDF_GetLastError()
        if why != raw.FPDF_ERR_PASSWORD:
            raise Refused("file-broken")
    raise Refused("file-password-wrong" if password else "file-locked")


def _counted(document: pdfium.PdfDocument) -> pdfium.PdfDocument:
    if len(document) < 1:
        raise Refused("file-empty")
    return document


def _passwords(password: str) -> Iterator[bytes | None]:
    if not password:
        yield None
        return
    tried: set[bytes] = set()
    for name in _ENCODINGS:
        told = password.encode(name, "ignore")
        if told and told not in tried:
            tried.add(told)
            yield told + b"\0"


def _redrawn(document: pdfium.PdfDocument, number: int, of: int, read: Read | None) -> PageImage:
    page = document[number - 1]
    covered = _covered(page)
    scale = _scale(page)
    image = page.render(scale=scale, rev_byteorder=True, prefer_bgrx=True).to_pil().convert("RGB")
    page = _flattened(document, page, number)
    words, seen, borrowed = own_text(page, *image.size)
    page.close()
    if borrowed and not fonts.japanese():
        raise Refused("fonts-missing")
    exact = bool(words) and seen
    if read and (not words or covered > _COVERED):
        words = _joined(words, read(image, round(scale * _INCH)))
        exact = False
    return drawn.page(image, number, of, words, exact)


def _flattened(document: pdfium.PdfDocument, page: pdfium.PdfPage, number: int) -> pdfium.PdfPage:
    """The page with its forms and notes made part of it: what was typed into them is text of the page like any other."""
    if not raw.FPDFPage_GetAnnotCount(page):
        return page
    raw.FPDFPage_Flatten(page, raw.FLAT_NORMALDISPLAY)
    page.close()
    return document[number - 1]


def _scale(page: pdfium.PdfPage) -> float:
    """Pixels per point: 200 dpi, more for a card, less for a poster."""
    side = max(page.get_width(), page.get_height())
    if not 0 < side < float("inf"):
        raise Refused("file-broken")
    pixels = min(LONG_SIDE, max(SHORT_OF_LONG_SIDE, side * DPI / _INCH))
    return (pixels - 1) / side  # the page's size is rounded up when it is drawn


def _joined(own: Sequence[Word], read: Sequence[Word]) -> list[Word]:
    """The page's own words, and of what was read what does not lie on one of them."""
    return [*own, *(word for word in read if not any(_overlap(word, other) for other in own))]


def _overlap(one: Word, other: Word) -> bool:
    across = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    down = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    return across > 0 and down > 0 and 2 * across * down > one.width * one.height


def _covered(page: pdfium.PdfPage) -> float:
    """How much of the page pictures cover, 0 to 1 or more; refuses a picture that nobody's paper needs."""
    whole = page.get_width() * page.get_height() or 1.0
    return sum(_area(thing) for thing in _pictures(page)) / whole


def _pictures(page: pdfium.PdfPage) -> Iterator[raw.FPDF_PAGEOBJECT]:
    """Pictures of the page itself and within its forms, each looked at before PDFium unpacks it."""
    left = [_THINGS]
    for index in range(raw.FPDFPage_CountObjects(page)):
        yield from _within(raw.FPDFPage_GetObject(page, index), _DEPTH, left)


def _within(thing: raw.FPDF_PAGEOBJECT, depth: int, left: list[int]) -> Iterator[raw.FPDF_PAGEOBJECT]:
    left[0] -= 1
    if left[0] < 0 or depth < 0:
        return
    match raw.FPDFPageObj_GetType(thing):
        case raw.FPDF_PAGEOBJ_IMAGE:
            _bounded(thing)
            yield thing
        case raw.FPDF_PAGEOBJ_FORM:
            for index in range(raw.FPDFFormObj_CountObjects(thing)):
                yield from _within(raw.FPDFFormObj_GetObject(thing, index), depth - 1, left)


def _bounded(thing: raw.FPDF_PAGEOBJECT) -> None:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    if not raw.FPDFImageObj_GetImagePixelSize(thing, width, height):
        return
    if width.value * height.value > min(map(_most_pixels, _codings(thing)), default=OTHER_PDF_PICTURE_PIXELS):
        raise Refused("file-page-too-large")


def _most_pixels(coding: str) -> int:
    return PDF_PICTURE_PIXELS.get(coding, OTHER_PDF_PICTURE_PIXELS)


def _codings(thing: raw.FPDF_PAGEOBJECT) -> Iterator[str]:
    """The filters of a picture, as the file names them."""
    name = ctypes.create_string_buffer(_NAME)
    for index in range(min(raw.FPDFImageObj_GetImageFilterCount(thing), _FILTERS)):
        raw.FPDFImageObj_GetImageFilter(thing, index, name, _NAME)
        yield name.value.decode("latin-1")


def _area(thing: raw.FPDF_PAGEOBJECT) -> float:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    if not raw.FPDFPageObj_GetBounds(thing, left, bottom, right, top):
        return 0.0
    return abs(right.value - left.value) * abs(top.value - bottom.value)
