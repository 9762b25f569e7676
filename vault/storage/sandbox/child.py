"""The process that touches foreign bytes: it loads what it needs, locks itself in, and only then looks at them.

Started by the parent with the file and its order as files in memory; answers through a pipe. Nothing else imports this.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import BinaryIO

from PIL import Image, ImageDraw, ImageFile

from vault.domain.scans import Word
from vault.errors import Refused
from vault.storage.sandbox import answering, drawn, frames, jail, kinds, orders, pdf, pictures

Read = Callable[[Image.Image, int], list[Word]]


def main(file: int) -> None:
    """Redraw what `file` holds as the order on the standard input says, and end."""
    answering.run(lambda: _outcome(file))


def _outcome(file: int) -> bytes:
    """The last frame: the end, or why there is none."""
    try:
        order = orders.unpacked(os.read(0, os.fstat(0).st_size))
        read = _reader() if order.read else None
        _ready()
        held = os.fdopen(file, "rb", closefd=False)
        data = mmap.mmap(file, 0, access=mmap.ACCESS_COPY)
        jail.close(order.limits.memory, order.limits.seconds, len(data))
        for page in _pages(held, data, order, read):
            answering.write(frames.page_frame(page))
    except Refused as refused:
        return frames.refusal_frame(refused.code)
    except MemoryError:
        return frames.refusal_frame("file-too-heavy")
    except Exception:  # noqa: BLE001 - whatever a decoder says about a broken file is for nobody
        return frames.refusal_frame("file-broken")
    return frames.END


def _ready() -> None:
    """What would be loaded later, when files can no longer be opened."""
    Image._initialized = 2  # or `save` loads the formats that we do not want
    Image.MAX_IMAGE_PIXELS = None  # our own bounds are lower, and differ by format
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    for name in ("ascii", "latin-1", "utf-8", "utf-16", "utf-16-be", "cp932"):
        "".encode(name)


def _reader() -> Read | None:
    """Tesseract, where this machine has it."""
    from vault.storage.sandbox import reading
    return reading.reader()


def _pages(
    file: BinaryIO, data: mmap.mmap, order: orders.Order, read: Read | None
) -> Iterator[frames.PageImage]:
    if order.blacken:
        return iter([_blackened(data, order)])
    kind = kinds.of(data[: kinds.FIRST_BYTES])
    if kind is None:
        raise Refused("file-unknown")
    if kind == "pdf":
        return pdf.pages(data, order.password, order.limits.pages, read)
    return pictures.pages(file, kind, order.limits.pages, read)


def _blackened(data: mmap.mmap, order: orders.Order) -> frames.PageImage:
    image = pictures.DECODERS["jpeg"](BytesIO(data))
    image.load()
    painted = image if image.mode in ("L", "RGB") else image.convert("RGB")
    brush = ImageDraw.Draw(painted)
    for left, top, width, height in order.areas:
        brush.rectangle((left, top, left + width - 1, top + height - 1), fill=0 if painted.mode == "L" else (0, 0, 0))
    return drawn.page(painted, 1, 1)
