"""Foreign files in, pictures of their pages out.

A PDF or a picture is a program for whoever opens it. So it is opened by a process that has nothing: no file but the system's
fonts, no network, no other process, a bounded part of memory and time (`jail`). What comes back is pixels, encoded anew, and
the words that stand on them; the parent believes nothing of it before it has been checked byte by byte (`frames`, `jpeg`).
The foreign bytes lie in memory only, and are gone with the child.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from vault.domain.scans import Area
from vault.errors import Refused
from vault.storage.sandbox import process, reading
from vault.storage.sandbox.frames import PageImage
from vault.storage.sandbox.limits import LIMITS, Limits
from vault.storage.sandbox.orders import Order
from vault.storage.sandbox.permits import permit

__all__ = ["LIMITS", "Limits", "PageImage", "blacken", "can_read", "redraw"]


def redraw(
    pieces: Iterable[bytes], size: int, password: str = "", read: bool = False, limits: Limits = LIMITS,
    permits: Path | None = None,
) -> Iterator[PageImage]:
    """Each page of a PDF, JPEG, PNG, TIFF or WebP of `size` bytes as soon as it is drawn.

    With `read`, pages without text of their own are read by Tesseract, where there is one. `permits` is the folder of lock
    files over which an instance's processes share the right to run a child. The child lives until the iterator is used up
    or closed: close it. Raises Refused (`file-...`, `sandbox-missing`), Throttled when all permits stay taken.
    """
    if size <= 0:
        raise Refused("file-empty")
    allowed = limits.for_reading() if read else limits
    with permit(permits), process.child(Order(allowed, password, read), pieces, size) as running:
        yield from running.pages()


def blacken(
    image: bytes, areas: Sequence[Area], limits: Limits = LIMITS, permits: Path | None = None
) -> PageImage:
    """A page with some areas painted black, encoded anew; raises as `redraw` does."""
    order = Order(limits, blacken=True, areas=tuple(areas))
    # By permits of its own: a moment's work that would else stand behind scans that are read for half an hour.
    with permit(permits, "blacken"), process.child(order, [image], len(image)) as running:
        return next(running.pages())


def can_read() -> bool:
    """Whether this machine has Tesseract with Japanese."""
    return reading.available()
