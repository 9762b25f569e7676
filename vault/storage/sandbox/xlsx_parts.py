"""What stands around the sheets of an xlsx: their names, the shared texts, the number formats. Runs in the child only."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import NamedTuple, Protocol

from vault.storage.sandbox.cell_texts import Show, number, shown_by
from vault.storage.sandbox.table_frames import LETTERS, refusal

# Each text stands there once, however many cells show it.
TEXTS, TEXT_LETTERS, FORMATS = 1_000_000, 64_000_000, 70_000
_TRUE = {"1", "true", "on"}


class Parts(Protocol):
    """The part of `xlsx.Book` that is asked here."""

    def __contains__(self, part: str) -> bool: ...

    def walk(
        self, part: str, start: Callable[[str, dict[str, str]], None], end: Callable[[str], None],
        text: Callable[[str], None],
    ) -> None: ...  # fmt: skip


class Named(NamedTuple):
    """A sheet of the workbook, and the part that holds it."""

    name: str
    part: str
    hidden: bool
    since_1904: bool


def _nothing(_told: str) -> None:
    pass


def attribute(attributes: dict[str, str], name: str) -> str:
    """By its name without namespace."""
    return next((value for key, value in attributes.items() if key.rpartition("}")[2] == name), "")


def _relations(book: Parts, of: str) -> dict[str, str]:
    """Target of each relation of a part, by its id; of the archive itself, by the last word of its type."""
    folder, name = posixpath.split(of)
    part = posixpath.join(folder, "_rels", f"{name}.rels")
    found: dict[str, str] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "Relationship":
            target = attributes.get("Target", "")
            place = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found[attributes.get("Id", "") if of else posixpath.basename(attributes.get("Type", ""))] = place

    if part in book:
        book.walk(part, start, _nothing, _nothing)
    return found


def workbook(book: Parts) -> str:
    """The part that names the sheets."""
    return _relations(book, "").get("officeDocument", "xl/workbook.xml")


def sheets_of(book: Parts) -> list[Named]:
    """In the order of their tabs."""
    part = workbook(book)
    parts = _relations(book, part)
    found: list[Named] = []
    since: list[bool] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "workbookPr":
            since.append(attributes.get("date1904", "").lower() in _TRUE)
        if name == "sheet":
            hidden = attributes.get("state", "visible") not in ("visible", "")
            target = parts.get(attribute({k: v for k, v in attributes.items() if "}" in k}, "id"), "")
            if "chartsheet" not in target and "dialogsheet" not in target:
                found.append(Named(attributes.get("name", ""), target, hidden, any(since)))

    if part in book:
        book.walk(part, start, _nothing, _nothing)
    return found


def _beside(book: Parts, name: str) -> str:
    return posixpath.join(posixpath.dirname(workbook(book)), name)


def shared_strings(book: Parts) -> list[str]:
    """Without the readings that Japanese Excel keeps beside kanji."""
    part = _beside(book, "sharedStrings.xml")
    texts = Texts()
    if part in book:
        book.walk(part, texts.start, texts.end, texts.text)
    return texts.found


class Texts:
    """Collects `si`, each one text of runs."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._run: list[str] = []
        self._aside, self._within, self._letters = 0, False, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "si":
            self._run = []
        elif name == "rPh":
            self._aside += 1
        self._within = name == "t" and not self._aside

    def end(self, name: str) -> None:
        self._within = False
        if name == "rPh":
            self._aside -= 1
        elif name == "si":
            self.found.append(cleaned("".join(self._run)))
            if len(self.found) > TEXTS:
                raise refusal("spreadsheet-too-heavy")

    def text(self, told: str) -> None:
        if self._within:
            self._run.append(told)
            self._letters += len(told)
            if self._letters > TEXT_LETTERS:
                raise refusal("spreadsheet-too-heavy")


def cleaned(text: str) -> str:
    """As it is meant: line ends as one character, Excel's way to write them undone, outer blanks gone."""
    if len(text) > LETTERS:
        raise refusal("spreadsheet-cell-too-long")
    if "_x000" in text:
        text = text.replace("_x000D_", "").replace("_x000d_", "").replace("_x000A_", "\n").replace("_x0009_", " ")
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def formats(book: Parts, since_1904: bool) -> list[Show]:
    """How each cell style shows a number."""
    part = _beside(book, "styles.xml")
    codes: dict[int, str] = {}
    styles: list[int] = []
    within: list[bool] = []

    def start(name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            codes[int(attributes["numFmtId"])] = attributes.get("formatCode", "")[:300]
        elif name == "cellXfs":
            within.append(True)
        elif name == "xf" and within:
            styles.append(int(attributes.get("numFmtId") or 0))
        if len(styles) + len(codes) > FORMATS:
            raise refusal("spreadsheet-too-heavy")

    def end(name: str) -> None:
        if name == "cellXfs":
            within.clear()

    if part in book:
        book.walk(part, start, end, _nothing)
    made = {each: shown_by(each, codes.get(each, ""), since_1904) for each in set(styles)}
    return [made[each] for each in styles] or [number]
