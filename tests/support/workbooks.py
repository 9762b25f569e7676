"""Spreadsheets made by hand, part by part, so that a test can say exactly what is wrong with one."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONS = 'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"'
_PACKAGE = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
Row = Sequence[str | float]


def letters(column: int) -> str:
    """A, B … AA of 0, 1 … 26."""
    return (letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def cell(row: int, column: int, value: str | float) -> str:
    """One cell as Excel writes it: a number, or a text of its own."""
    at = f"{letters(column)}{row + 1}"
    if isinstance(value, str):
        return f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>' if value else ""
    return f'<c r="{at}"><v>{value}</v></c>'


def data(rows: Sequence[Row]) -> str:
    return "".join(
        f'<row r="{n + 1}">' + "".join(cell(n, c, value) for c, value in enumerate(row)) + "</row>" for n, row in enumerate(rows)
    )


def worksheet(rows: str | Sequence[Row], after: str = "") -> str:
    """XML of a sheet: rows, or the inside of sheetData as it is."""
    inner = rows if isinstance(rows, str) else data(rows)
    return f"<worksheet {MAIN}><sheetData>{inner}</sheetData>{after}</worksheet>"


def xlsx(
    sheets: Mapping[str, str], strings: Sequence[str] = (), formats: Sequence[str] = (), hidden: Sequence[str] = (),
    parts: Mapping[str, str | bytes] | None = None, since_1904: bool = False, stored: bool = False,
) -> bytes:
    """`sheets`: XML by name. `formats`: number formats, of which style 1 is the first. `strings`: XML inside each si."""
    names = list(sheets)
    tabs = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}"{" state=" + chr(34) + "hidden" + chr(34) if name in hidden else ""} r:id="r{n}"/>'
        for n, name in enumerate(names, 1)
    )
    relations = "".join(f'<Relationship Id="r{n}" Type="{_TYPES}/worksheet" Target="worksheets/s{n}.xml"/>' for n in range(1, len(names) + 1))
    files: dict[str, str | bytes] = {
        "xl/workbook.xml": f'<workbook {MAIN} {_RELATIONS}><workbookPr{" date1904=" + chr(34) + "1" + chr(34) if since_1904 else ""}/>'
                           f"<sheets>{tabs}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f"<Relationships {_PACKAGE}>{relations}</Relationships>",
        "_rels/.rels": f'<Relationships {_PACKAGE}><Relationship Id="a" Type="{_TYPES}/officeDocument" Target="xl/workbook.xml"/>'
                       "</Relationships>",
        "xl/styles.xml": _styles(formats),
        "xl/sharedStrings.xml": f"<sst {MAIN}>{''.join(f'<si>{each}</si>' for each in strings)}</sst>",
        **{f"xl/worksheets/s{n}.xml": sheets[name] for n, name in enumerate(names, 1)},
        **(parts or {}),
    }
    return zipped(files, stored)


def _styles(formats: Sequence[str]) -> str:
    codes = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{escape(code, {chr(34): "&quot;"})}"/>' for n, code in enumerate(formats))
    cells = '<xf numFmtId="0"/>' + "".join(f'<xf numFmtId="{164 + n}"/>' for n in range(len(formats)))
    return f"<styleSheet {MAIN}><numFmts>{codes}</numFmts><cellXfs>{cells}</cellXfs></styleSheet>"


def zipped(files: Mapping[str, str | bytes], stored: bool = False) -> bytes:
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED) as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


def unzipped(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(archive)) as opened:
        return {name: opened.read(name) for name in opened.namelist()}


# --- Excel's older files: a container of streams, in it records of (number, length, body)

_FREE, _END, _FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def container(streams: Mapping[str, bytes], small: bool = False) -> bytes:
    """OLE with large streams, each filled up; with `small` its one stream lies in the part for short ones."""
    sectors: list[bytes] = []
    chains: list[int] = []

    def add(body: bytes) -> int:
        first, count = len(sectors), -(-len(body) // 512)
        sectors.extend(body[at : at + 512].ljust(512, b"\0") for at in range(0, len(body), 512))
        chains.extend([*range(first + 1, first + count), _END])
        return first

    root, pieces, entries = (_END, 0), _END, []
    for number, (name, body) in enumerate(streams.items(), 1):
        right = number + 1 if number < len(streams) else _FREE
        if small:
            root, count = (add(body), len(body)), -(-len(body) // 64)
            pieces = add(struct.pack(f"<{count}I", *range(1, count), _END))
            entries.append(_entry(name, 2, 0, len(body), right))
        else:
            entries.append(_entry(name, 2, add(body.ljust(4096, b"\0")), max(4096, len(body)), right))
    folder = b"".join([_entry("Root Entry", 5, *root, child=1), *entries])
    first = add(folder.ljust(-(-len(folder) // 512) * 512, b"\0"))
    fats = -(-(len(sectors) + 1) // 127)
    chains += [_FAT] * fats
    table = struct.pack(f"<{len(chains)}I", *chains).ljust(fats * 512, b"\xff")
    where = [*range(len(sectors), len(sectors) + fats), *[_FREE] * (109 - fats)]
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack(
        "<HHHHH6xIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, fats, first, 0, 4096, pieces, int(small), _END, 0)
    return head + struct.pack("<109I", *where) + b"".join(sectors) + table


def _entry(name: str, sort: int, first: int, size: int, right: int = _FREE, child: int = _FREE) -> bytes:
    told = name.encode("utf-16-le") + b"\0\0"
    return struct.pack("<64sHBBIII16xI16xIQ", told, len(told), sort, 1, _FREE, right, child, 0, first, size)


def record(number: int, body: bytes = b"") -> bytes:
    return struct.pack("<HH", number, len(body)) + body


def _text(text: str) -> bytes:
    return struct.pack("<HB", len(text), 1) + text.encode("utf-16-le")


def xls(
    rows: Sequence[Row], name: str = "一覧", formats: Sequence[str] = (), styled: Mapping[tuple[int, int], int] | None = None,
    hidden_rows: Sequence[int] = (), merged: Sequence[tuple[int, int, int, int]] = (), locked: bool = False, macros: bool = False,
    small: bool = False,
) -> bytes:
    """One sheet. `styled`: the number of a cell's format in `formats`, from 1."""
    begin = record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0))
    head = begin + (record(0x2F, struct.pack("<H", 0) + bytes(4)) if locked else b"")
    head += b"".join(record(0x41E, struct.pack("<H", 164 + n) + _text(code)) for n, code in enumerate(formats))
    head += b"".join(record(0xE0, struct.pack("<HHH", 0, 164 + n - 1 if n else 0, 0).ljust(20, b"\0")) for n in range(len(formats) + 1))
    told = struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
    place = len(head) + 4 + 6 + len(told) + 4
    book = head + record(0x85, struct.pack("<IBB", place, 0, 0) + told) + record(0x0A)
    sheet = record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 0))
    sheet += record(0x200, struct.pack("<IIHHH", 0, len(rows), 0, max(map(len, rows), default=0), 0))
    for number, row in enumerate(rows):
        sheet += record(0x208, struct.pack("<HHHHHHI", number, 0, len(row), 255, 0, 0, 0x20 if number in hidden_rows else 0))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            at = struct.pack("<HHH", number, column, (styled or {}).get((number, column), 0))
            if isinstance(value, str):
                sheet += record(0x204, at + _text(value)) if value else b""
            else:
                sheet += record(0x203, at + struct.pack("<d", value))
    areas = b"".join(struct.pack("<HHHH", top, bottom, left, right) for top, left, bottom, right in merged)
    sheet += record(0xE5, struct.pack("<H", len(merged)) + areas) + record(0x0A)
    streams = {"Workbook": book + sheet} | ({"_VBA_PROJECT": b"x"} if macros else {})
    return container(streams, small)
