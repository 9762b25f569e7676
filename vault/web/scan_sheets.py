"""Pictures of scanned pages on paper: how large each is, and what is written across it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from vault.domain import page_ranges
from vault.domain.documents import Page
from vault.services.scan_sheets import Scan
from vault.web import page_addresses

# In pixels of CSS, 96 to the inch: what is left of A4 within the margins of static/css/print.css, under the head of a page.
UPRIGHT, ACROSS = (717, 926), (1046, 597)
# The lines that say which pages are missing take so much of it.
MISSING = 34
MOST_NAMED = 60  # characters of page numbers
# The watermark: rows that rise to the right, as far apart as leaves every line of the paper readable.
LETTER, LINE, BETWEEN = 15, 150, 90


@dataclass(frozen=True)
class Scanned:
    """One page on paper: the address of its picture, its width and height in pixels of CSS, number and count of pages.

    `across`: it is printed on a page in landscape. `words`: where the watermark stands, in the same pixels.
    """

    address: str
    width: int
    height: int
    across: bool
    number: int
    of: int
    words: list[tuple[int, int]]


def mark_of(marks: Mapping[str, str]) -> str:
    """What the watermark says, of what stands on every page of a sheet (web/orders.py `marks`)."""
    return f"{marks['serial']} {marks['printed_by']} {marks['printed_at']}"


def scanned(scan: Scan, client: bytes, mark: str) -> dict[str, Any]:
    """A document for prints/scan_parts.html. Each page as large as fits and never larger than its own pixels."""
    return {
        "document": scan.document, "pages": [_page(scan, client, number, mark) for number in scan.shown],
        "waiting": _named(scan.waiting), "left_out": _named(scan.left_out),
    }  # fmt: skip


def _named(numbers: Sequence[int]) -> str:
    told = page_ranges.written(numbers)
    return told if len(told) <= MOST_NAMED else told[:MOST_NAMED].rpartition(",")[0] + ",…"


def _page(scan: Scan, client: bytes, number: int, mark: str) -> Scanned:
    page = scan.document.pages[number]
    told = MISSING if number == scan.shown[0] and (scan.waiting or scan.left_out) else 0
    (width, height), across = _larger(page, told)
    address = page_addresses.address(client, scan.held.id, number)
    return Scanned(address, width, height, across, number + 1, len(scan.document.pages), places(width, height, mark))


def _larger(page: Page, told: int) -> tuple[tuple[int, int], bool]:
    """(the size of a page's picture, whether its sheet of paper lies in landscape): as it is larger, else upright."""
    upright, across = (fitted(page.width, page.height, (wide, high - told)) for wide, high in (UPRIGHT, ACROSS))
    return max((upright, False), (across, True), key=lambda each: each[0][0])


def fitted(width: int, height: int, room: tuple[int, int]) -> tuple[int, int]:
    """The size of a picture that has to fit into a room: never cut, never enlarged."""
    scale = min(1.0, room[0] / max(1, width), room[1] / max(1, height))
    return max(1, int(width * scale)), max(1, int(height * scale))


def places(width: int, height: int, mark: str) -> list[tuple[int, int]]:
    """Where the middle of a watermark is, again and again, so that every part of a picture has one: in coordinates that
    are turned around the picture's own middle, where one of them is."""
    reach = (width**2 + height**2) ** 0.5 / 2
    step = sum(LETTER if ord(letter) > 0xFF else LETTER * 6 // 10 for letter in mark) + BETWEEN
    rows, columns = ceil(reach / LINE), ceil(reach / step)
    return [
        (width // 2 + column * step + row % 2 * step // 2, height // 2 + row * LINE)
        for row in range(-rows, rows + 1)
        for column in range(-columns - 1, columns + 1)
    ]
