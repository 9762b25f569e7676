"""What one file may cost, whoever sent it."""

from __future__ import annotations

from typing import NamedTuple

READING_TAKES = 8  # times as long as drawing: measured 3 to 6 s a page with Tesseract against 0.2 s
# What no page of an office's paper reaches, and what a bomb is made of. A3 at 600 dpi has 70 million pixels.
PICTURE_PIXELS = 80_000_000
# libjpeg draws a large photograph smaller while it decodes; telephones take up to 108 million pixels.
PHOTOGRAPH_PIXELS = 120_000_000
# Of a picture within a PDF, by its coding. PDFium decodes most line by line; a progressive JPEG takes up to 6 bytes a pixel,
# JPEG 2000 up to 14. What does not fit into memory PDFium leaves out without a word, and a page would be kept as white.
PDF_PICTURE_PIXELS = {"DCTDecode": PHOTOGRAPH_PIXELS, "JPXDecode": 40_000_000}
OTHER_PDF_PICTURE_PIXELS = 200_000_000
LONG_SIDE, SHORT_OF_LONG_SIDE, THUMB_SIDE = 4_000, 1_600, 180
WORDS, WORD_LETTERS, LETTERS = 20_000, 200, 100_000  # of one page


class Limits(NamedTuple):
    """Pages of a file; seconds of waiting for one page and for all; bytes of memory beside the file itself."""

    pages: int = 300
    page_seconds: float = 20.0
    seconds: float = 300.0
    memory: int = 1024 * 1024 * 1024

    def for_reading(self) -> Limits:
        """The same with the time that reading takes."""
        return self._replace(page_seconds=self.page_seconds * READING_TAKES, seconds=self.seconds * READING_TAKES)


LIMITS = Limits()
