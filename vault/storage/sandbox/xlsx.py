"""Excel's files of today. Runs in the child only.

Read here and not by the library that reads the older ones, for it tells neither formulas without a result nor hidden rows
nor that 0.849 is shown as 84.9%, and it lays out the whole area that a file claims to use.
"""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Callable
from io import BytesIO
from xml.parsers import expat

from vault.storage.sandbox import cell_texts, xlsx_parts
from vault.storage.sandbox.table_frames import SHEETS, Sheet, refusal
from vault.storage.sandbox.xlsx_rows import Rows

# A list of 50,000 rows has some 60 MB; formats of a million empty rows some more.
PART_BYTES, ALL_BYTES, PARTS = 192 * 1024 * 1024, 384 * 1024 * 1024, 3_000
_PIECE = 256 * 1024
_TAKEN = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_LOCKED = 1  # of a member's flags
Start = Callable[[str, dict[str, str]], None]


def sheets(data: bytes) -> list[Sheet]:
    """Every sheet with cells, also hidden ones; raises Refused and whatever a broken file makes of itself."""
    book = Book(data)
    named = xlsx_parts.sheets_of(book)
    if not named:
        raise refusal("spreadsheet-unreadable")
    if len(named) > SHEETS:
        raise refusal("spreadsheet-too-many-sheets")
    since_1904 = any(each.since_1904 for each in named)
    shows = xlsx_parts.formats(book, since_1904)
    strings = xlsx_parts.shared_strings(book)
    return [_sheet(book, each, strings, shows) for each in named if each.part in book]


def _sheet(
    book: Book, named: xlsx_parts.Named, strings: list[str], shows: list[cell_texts.Show]
) -> Sheet:
    rows = Rows(strings, shows)
    book.walk(named.part, rows.start, rows.end, rows.text)
    return rows.made(named.name, named.hidden, book.macros)


class Book:
    """The parts of the archive, each unpacked piece by piece against the bounds: what an archive says of sizes is not
    believed."""

    def __init__(self, data: bytes) -> None:
        self._archive = zipfile.ZipFile(BytesIO(data))
        members = self._archive.infolist()
        if len(members) > PARTS:
            raise refusal("spreadsheet-too-heavy")
        self._parts = {_plain(each.filename): each for each in members}
        self._left = ALL_BYTES
        self.macros = any(name.endswith("vbaproject.bin") for name in self._parts)

    def __contains__(self, part: str) -> bool:
        return _plain(part) in self._parts

    def walk(self, part: str, start: Start, end: Callable[[str], None], text: Callable[[str], None]) -> None:
        """Through the XML of a part. Names come without their namespace."""
        parser = expat.ParserCreate(None, "}")
        parser.buffer_text = True
        parser.StartElementHandler = lambda name, attributes: start(name.rpartition("}")[2], attributes)
        parser.EndElementHandler = lambda name: end(name.rpartition("}")[2])
        parser.CharacterDataHandler = text
        # No spreadsheet declares a type of its own, and entities are what bombs are made of.
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        self._feed(part, parser)

    def _feed(self, part: str, parser: expat.XMLParserType) -> None:
        member = self._parts[_plain(part)]
        if member.flag_bits & _LOCKED:
            raise refusal("spreadsheet-locked")
        if member.compress_type not in _TAKEN:
            raise refusal("spreadsheet-unreadable")
        left = PART_BYTES
        with self._archive.open(member) as packed:
            while piece := packed.read(_PIECE):
                left -= len(piece)
                self._left -= len(piece)
                if min(left, self._left) < 0:
                    raise refusal("spreadsheet-too-heavy")
                parser.Parse(piece, False)
        parser.Parse(b"", True)


def _plain(name: str) -> str:
    """Archives of other programs begin names with a stroke, write them with backslashes, or in other letters."""
    return posixpath.normpath(name.replace("\\", "/").lstrip("/")).lower()


def _refuse(*_declared: object) -> None:
    raise refusal("spreadsheet-unreadable")
