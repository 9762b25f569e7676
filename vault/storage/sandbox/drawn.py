"""From a picture in memory to what is stored of a page. Runs in the child only."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import cast

from PIL import Image, ImageChops, ImageFile

from vault.domain.scans import Word
from vault.storage.sandbox.frames import PageImage
from vault.storage.sandbox.limits import LONG_SIDE, THUMB_SIDE

QUALITY, THUMB_QUALITY = 85, 75
# The three channels of a grey page that went through a colour JPEG differ by rounding.
_ROUNDING = 2


def bounded(image: Image.Image) -> Image.Image:
    """The picture, made smaller where its longer side is over the bound."""
    return _within(image, LONG_SIDE)


def page(image: Image.Image, number: int, of: int, words: Sequence[Word] = (), exact: bool = False) -> PageImage:
    """A page of an L or RGB picture, encoded anew: nothing but its pixels comes along."""
    # Reduced once, to twice what the small picture needs: most pages in colour show it there already, for little.
    rough = image.reduce(max(1, max(image.size) // (2 * THUMB_SIDE)))
    if image.mode == "RGB" and _without_colour(rough) and _without_colour(image):
        image, rough = image.getchannel("G"), rough.getchannel("G")
    width, height = image.size
    small = _within(rough, THUMB_SIDE)
    return PageImage(
        number, of, width, height, _jpeg(image, QUALITY), _jpeg(small, THUMB_QUALITY), tuple(words), exact)


def _within(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    if max(width, height) <= side:
        return image
    scale = side / max(width, height)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=2.0)


def _without_colour(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return all(_most(ImageChops.difference(green, other)) <= _ROUNDING for other in (red, blue))


def _most(channel: Image.Image) -> float:
    return cast("tuple[float, float]", channel.getextrema())[1]


def _jpeg(image: Image.Image, quality: int) -> bytes:
    # Pixels only: a picture that still knows its file has comments, which would be written again, and asks for its folder.
    plain = image.copy() if isinstance(image, ImageFile.ImageFile) else image
    plain.info.clear()
    into = BytesIO()
    plain.save(into, "JPEG", quality=quality)
    return into.getvalue()
