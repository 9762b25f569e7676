"""Scanned papers on sheets: which pages of a document are printed, and which cannot be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vault.domain import page_ranges
from vault.domain.documents import Document
from vault.domain.prints import PrintOrder
from vault.errors import NotFound, Refused
from vault.services.clients import Page
from vault.services.holdings import HeldDocument


@dataclass(frozen=True)
class Scan:
    """A document on a sheet, and the pages (from 0) that were asked for. A page that is held for its number, or was left
    out, is named and not shown."""

    held: HeldDocument
    asked: Sequence[int]

    @property
    def document(self) -> Document:
        return self.held.document

    @property
    def shown(self) -> list[int]:
        """The pages that are printed."""
        return [number for number in self.asked if self.document.pages[number].object]

    @property
    def waiting(self) -> list[int]:
        """Those that wait for a number to be blacked out."""
        return [number for number in self.asked if self.document.pages[number].held]

    @property
    def left_out(self) -> list[int]:
        """Those that the office has done without."""
        pages = self.document.pages
        return [number for number in self.asked if not pages[number].object and not pages[number].held]

    @property
    def told(self) -> str:
        """What the ledger says of it: kind and title, of some pages also which."""
        count = len(self.document.pages)
        pages = f"{page_ranges.written(self.asked)}/{count}" if len(self.asked) < count else ""
        return " ".join(filter(None, (self.document.kind, self.document.title, pages)))


def scan_of(page: Page, order: PrintOrder) -> Scan:
    """The document that an order is about; raises NotFound, Unreadable("pages-beyond"), and Refused where none of its
    pages can be printed."""
    held = next((held for held in page.documents if held.id.hex() == order.document), None)
    if held is None:
        raise NotFound("not-found")
    found = Scan(held, page_ranges.pages(order.pages, len(held.document.pages)))
    if not found.shown:
        raise Refused("print-no-pages")
    return found


def every_scan(documents: Iterable[HeldDocument]) -> list[Scan]:
    """All pages of all of them."""
    return [Scan(held, range(len(held.document.pages))) for held in documents]


def stretch(scans: Iterable[Scan], start: int, count: int) -> list[Scan]:
    """Of all pages that are printed of some documents the `count` ones from `start` (0) on; with the first page of a
    document those of it that cannot be printed. A document of which none can be belongs to the beginning."""
    found, at = [], 0
    for scan in scans:
        shown, end = scan.shown, at + len(scan.shown)
        mine = shown[max(0, start - at) : max(0, start + count - at)]
        first = (not shown and start == 0) or (bool(shown) and start <= at < start + count)
        if mine or first:
            found.append(Scan(scan.held, sorted([*mine, *(scan.waiting + scan.left_out if first else [])])))
        at = end
    return found
