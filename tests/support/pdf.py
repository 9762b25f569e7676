"""What stands on a printed PDF: its text as laid out, its pages, its picture."""

import re
import subprocess
from dataclasses import dataclass
from html import unescape
from pathlib import Path


def _run(program: str, *arguments: str | Path) -> bytes:
    return subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, timeout=120).stdout


def text(pdf: Path, page: int | None = None) -> str:
    """The text in the order it is seen, columns kept apart by blanks; of one page (counted from 1) or of all."""
    pages = () if page is None else ("-f", str(page), "-l", str(page))
    return _run("pdftotext", "-layout", "-enc", "UTF-8", *pages, pdf, "-").decode()


def raw(pdf: Path, page: int | None = None) -> str:
    """The text in the order of the document: what wraps within a cell stays together."""
    pages = () if page is None else ("-f", str(page), "-l", str(page))
    return _run("pdftotext", "-raw", "-enc", "UTF-8", *pages, pdf, "-").decode()


def page_count(pdf: Path) -> int:
    found = re.search(rb"^Pages:\s+(\d+)$", _run("pdfinfo", pdf), re.MULTILINE)
    if found is None:
        raise ValueError("pdfinfo names no page count")
    return int(found[1])


def pages(pdf: Path) -> list[str]:
    """The text of each page."""
    return [text(pdf, number) for number in range(1, page_count(pdf) + 1)]


def fonts(pdf: Path) -> list[str]:
    """The fonts used, as pdffonts names them: a missing font shows here before it shows in the picture."""
    return [line.split()[0] for line in _run("pdffonts", pdf).decode().splitlines()[2:]]


def render(pdf: Path, folder: Path, dpi: int = 96) -> list[Path]:
    """One PNG per page, in order, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    _run("pdftoppm", "-png", "-r", str(dpi), pdf, folder / pdf.stem)
    return sorted(folder.glob(f"{pdf.stem}-*.png"))


def squeezed(laid_out: str) -> str:
    """Without any white space: where a line breaks or how wide a gap is says nothing about the words."""
    return re.sub(r"\s+", "", laid_out)

_WORD = re.compile(r'<word xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*)</word>')


@dataclass(frozen=True)
class Word:
    """Where a word stands, in points from the upper left corner."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Word", tolerance: float = 1.5) -> bool:
        """Printed over each other; boxes of neighbouring lines touch, so a little does not count."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > tolerance and down > (self.bottom - self.top) / 2


def words(pdf: Path) -> list[tuple[float, float, list[Word]]]:
    """Of each page: width, height, words."""
    found: list[tuple[float, float, list[Word]]] = []
    for line in _run("pdftotext", "-bbox", "-enc", "UTF-8", pdf, "-").decode().splitlines():
        if sheet := re.search(r'<page width="([\d.]+)" height="([\d.]+)"', line):
            found.append((float(sheet[1]), float(sheet[2]), []))
        elif word := _WORD.search(line):
            found[-1][2].append(Word(unescape(word[5]), *(float(word[n]) for n in range(1, 5))))
    return found
