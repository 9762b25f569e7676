"""A scan made ready for reading: the paper white, the letters black, white letters on coloured cells too.

Runs in the child only. It is for the reader's eyes; what people see is the page as it was scanned.
"""

from __future__ import annotations

from PIL import Image, ImageChops, ImageFilter

# Parts of a page: dirt that may be black, and paper that is no more white than the rest.
_DARKEST, _LIGHTEST = 0.01, 0.3
# Where these are no further apart the page is almost empty, and its darkest part is paper too. Letters are then
# taken to be so much darker, and what is only a little darker to be grain, which would be read for letters.
_APART, _GRAIN = 90, 30
_SMALLER = 4  # coloured cells are looked for in a picture so many times smaller
_DARK = 135
# Cells are darker than letters make a line: this part of what is so many small pixels around.
_SHARE, _AROUND = 0.58, 5
# Inside a cell: up to the first of these greys it is the cell, from the second on the letter.
_CELL, _LETTER = 120, 210


def bleached(page: Image.Image) -> Image.Image:
    """The picture, in grey, with dark letters on light ground everywhere; `page` itself is not changed."""
    grey = _stretched(page.convert("L"))
    cells = _cells(grey.reduce(_SMALLER))
    if cells.getbbox() is None:
        return grey
    whole = cells.resize((cells.width * _SMALLER, cells.height * _SMALLER), Image.Resampling.NEAREST)
    turned = grey.point([_turned(value) for value in range(256)])
    return Image.composite(turned, grey, whole.crop((0, 0, grey.width, grey.height)))


def _stretched(grey: Image.Image) -> Image.Image:
    """With the darkest as black and paper as white; a page without letters keeps its paper."""
    counts, pixels = grey.histogram(), grey.width * grey.height
    white, black = _grey_at(counts, pixels * (1 - _LIGHTEST)), _grey_at(counts, pixels * _DARKEST)
    if black > white - _APART:
        white = max(1, white - _GRAIN)
        black = max(0, white - _APART)
    span = max(1, white - black)
    return grey.point([max(0, min(255, round((value - black) * 255 / span))) for value in range(256)])


def _grey_at(counts: list[int], pixels: float) -> int:
    """The grey below which so many pixels are."""
    seen = 0
    for value, count in enumerate(counts):
        seen += count
        if seen > pixels:
            return value
    return 255


def _turned(value: int) -> int:
    return max(0, min(255, round((_LETTER - value) * 255 / (_LETTER - _CELL))))


def _cells(small: Image.Image) -> Image.Image:
    """White where a dark cell is."""
    dark = small.point([255 * (value < _DARK) for value in range(256)])
    around = dark.filter(ImageFilter.BoxBlur(_AROUND))
    most = around.point([255 * (value > 255 * _SHARE) for value in range(256)])
    # Bold titles and rules are dark in spots; a cell is as high as a letter and more.
    cores = most.filter(ImageFilter.MinFilter(5)).filter(ImageFilter.MaxFilter(5))
    closed = dark.filter(ImageFilter.MaxFilter(5)).filter(ImageFilter.MinFilter(5))
    near = cores.filter(ImageFilter.MaxFilter(2 * _AROUND + 1))
    return ImageChops.multiply(closed, near).filter(ImageFilter.MaxFilter(3))
