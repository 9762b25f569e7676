"""Photographs and scans: JPEG, PNG, TIFF, WebP. Runs in the child only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, cast

from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin, WebPImagePlugin

from vault.domain.scans import Word
from vault.errors import Refused
from vault.storage.sandbox import drawn
from vault.storage.sandbox.frames import PageImage
from vault.storage.sandbox.limits import LONG_SIDE, PHOTOGRAPH_PIXELS, PICTURE_PIXELS

Read = Callable[[Image.Image, int], list[Word]]
# By their classes: `Image.open` would try every format it has ever heard of.
DECODERS: dict[str, Callable[[BinaryIO], Image.Image]] = {
    "jpeg": JpegImagePlugin.JpegImageFile, "png": PngImagePlugin.PngImageFile, "tiff": TiffImagePlugin.TiffImageFile,
    "webp": WebPImagePlugin.WebPImageFile,
}
_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_CLEAR = {"RGBA", "RGBa", "LA", "La", "PA"}
_SIXTEEN_BITS = 257.0
_DPI, _LEAST_DPI, _MOST_DPI = 200, 70, 1200


def pages(file: BinaryIO, kind: str, most: int, read: Read | None) -> Iterator[PageImage]:
    """Every page of a TIFF, the one of the others, redrawn; raises Refused."""
    image = DECODERS[kind](file)
    of = _count(image, most)
    for number in range(1, of + 1):
        if of > 1:
            image.seek(number - 1)
        flat = _flat(image, kind)
        words = read(flat, _dpi(image, flat)) if read else []
        yield drawn.page(flat, number, of, words)


def _count(image: Image.Image, most: int) -> int:
    """Pages, without walking through more than are allowed: a file of a few kilobytes may claim a million."""
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return 1
    try:
        for each in range(most + 1):
            image.seek(each)
    except EOFError:
        image.seek(0)
        return each
    raise Refused("file-too-many-pages")


def _flat(image: Image.Image, kind: str) -> Image.Image:
    """The pixels as they are seen: upright, on white, grey or in three colours, at most so large."""
    _bounded(image, PHOTOGRAPH_PIXELS if kind == "jpeg" else PICTURE_PIXELS)
    if kind == "jpeg" and max(image.size) > LONG_SIDE:
        image.draft(None, (LONG_SIDE, LONG_SIDE))
    image.load()
    turn = _TURNS.get(_orientation(image))
    small = drawn.bounded(_plain(image))
    return small.transpose(turn) if turn is not None else small


def _bounded(image: Image.Image, most: int) -> None:
    width, height = image.size
    if width * height > most:
        raise Refused("file-page-too-large")
    if not width * height:
        raise Refused("file-broken")


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - whatever is wrong with a camera's notes, the picture itself is what counts
        return 1


def _plain(image: Image.Image) -> Image.Image:
    """L or RGB. Sixteen bits are scaled, what is transparent lies on white."""
    if image.mode in ("L", "RGB"):
        return image if "transparency" not in image.info else _on_white(image)
    if image.mode.startswith("I;16"):
        return image.convert("I").point(lambda value: value * (1 / _SIXTEEN_BITS) + 0).convert("L")
    if image.mode in ("I", "F"):
        return _stretched(image)
    if image.mode in _CLEAR or "transparency" in image.info:
        return _on_white(image)
    return image.convert("L" if image.mode == "1" else "RGB")


def _stretched(image: Image.Image) -> Image.Image:
    """Numbers without a scale of their own: of 16 bits where they look like it, else from the least to the most."""
    low, high = cast("tuple[float, float]", image.convert("F").getextrema())
    if 0 <= low and 255 < high <= 65_535:
        low, high = 0.0, 65_535.0
    scale = 255.0 / (high - low) if high > low else 1.0
    return image.convert("F").point(lambda value: value * scale + -low * scale).convert("L")


def _on_white(image: Image.Image) -> Image.Image:
    small = drawn.bounded(image if image.mode == "RGBA" else image.convert("RGBA"))
    white = Image.new("RGBA", small.size, "white")
    return Image.alpha_composite(white, small).convert("RGB")


def _dpi(image: Image.Image, flat: Image.Image) -> int:
    """What the file says of its resolution, after scaling; something usual where it says nothing sensible."""
    try:
        told = float(image.info["dpi"][0]) * max(flat.size) / max(image.size)
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return _DPI
    return round(told) if _LEAST_DPI <= told <= _MOST_DPI else _DPI
