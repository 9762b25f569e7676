"""What the sandbox makes of a file, and how to look at it."""

from io import BytesIO
from typing import Any, cast

import pytest
from PIL import Image

from vault.domain.scans import Word
from vault.errors import Refused
from vault.storage import sandbox
from vault.storage.sandbox import PageImage

BLUE, WHITE = (0, 0, 255), (255, 255, 255)


def redrawn(data: bytes, **more: Any) -> list[PageImage]:
    return list(sandbox.redraw([data], len(data), **more))


def refusal(data: bytes, **more: Any) -> Refused:
    with pytest.raises(Refused) as told:
        redrawn(data, **more)
    return told.value


def seen(page: PageImage) -> Image.Image:
    return Image.open(BytesIO(page.image)).convert("RGB")


def near(pixel: tuple[int, ...], colour: tuple[int, ...]) -> bool:
    return all(abs(a - b) < 40 for a, b in zip(pixel, colour, strict=True))


def corner(page: PageImage, right: bool = False, bottom: bool = False) -> tuple[int, ...]:
    """The colour a little inside one of the corners."""
    at = (page.width - 9 if right else 8, page.height - 9 if bottom else 8)
    return cast("tuple[int, ...]", seen(page).getpixel(at))


def said(page: PageImage) -> str:
    return " ".join(word.text for word in page.words)


def dark_within(page: PageImage, word: Word) -> bool:
    box = (word.left, word.top, word.left + word.width, word.top + word.height)
    return _darkest(seen(page).convert("L").crop(box)) < 100


def dark_around(page: PageImage, word: Word, edge: int = 3) -> bool:
    """Whether ink of the word sticks out of its box: letters on the left or right of it are its neighbours' only."""
    image = seen(page).convert("L")
    image.paste(255, (word.left, word.top, word.left + word.width, word.top + word.height))
    box = (word.left - edge, word.top - edge, word.left + word.width + edge, word.top + word.height + edge)
    return _darkest(image.crop(box)) < 100


def _darkest(grey: Image.Image) -> float:
    return cast("tuple[float, float]", grey.getextrema())[0]
