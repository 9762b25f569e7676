"""Spreadsheets that were made to do harm: tables or a sentence come out, in bounded time and memory, and nothing else."""

import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest

from tests.attacks.test_uploads_hostile import MIB, watched
from tests.support.mutations import mutated
from tests.support.workbooks import MAIN, record, unzipped, worksheet, xls, xlsx, zipped
from vault.errors import Refused
from vault.storage import spreadsheets
from vault.storage.sandbox import process
from vault.storage.sandbox.table_frames import COLUMNS, LETTERS, REFUSALS, ROWS
from vault.storage.spreadsheets import LIMITS, read_tables

SAMPLES = Path(__file__).parents[1] / "samples"
LIST = (SAMPLES / "満期一覧_混在.xlsx").read_bytes()
CORPORATIONS = (SAMPLES / "法人契約_cp932.csv").read_bytes()
TABLES = "tables"


def worked(data: bytes, most_seconds: float = LIMITS.seconds + 5, limits: spreadsheets.Limits = LIMITS) -> str:
    """"tables" or the code of the refusal. Whatever it was, it took neither too long nor too much memory."""
    began = time.monotonic()
    with watched() as peaks:
        try:
            tables, said = read_tables(data, limits=limits), TABLES
        except Refused as refused:
            tables, said = [], refused.code
    assert said in {TABLES, "spreadsheet-empty", *REFUSALS}
    assert max(peaks, default=0) < LIMITS.memory + len(data)
    assert time.monotonic() - began < most_seconds
    for table in tables:
        assert 0 < len(table.rows) <= ROWS and table.width <= COLUMNS and {len(row) for row in table.rows} == {table.width}
    return said


def sheet(inner: str | bytes, after: str = "") -> bytes:
    """A workbook whose one sheet has this inside."""
    body = worksheet("@", after).encode().split(b"@")
    return xlsx({"x": ""}, parts={"xl/worksheets/s1.xml": body[0] + (inner.encode() if isinstance(inner, str) else inner) + body[1]})


def blanks(megabytes: int) -> bytes:
    """A workbook whose one sheet is nothing but blanks: packed piece by piece, for the test's own memory is watched too."""
    out = BytesIO(xlsx({"x": ""}, parts={"xl/worksheets/s1.xml": b""}))
    with zipfile.ZipFile(out, "a", zipfile.ZIP_DEFLATED, compresslevel=1) as archive, archive.open("xl/worksheets/s1.xml", "w") as part:
        part.write(f"<worksheet {MAIN}>".encode())
        for _ in range(megabytes):
            part.write(b" " * MIB)
        part.write(b"</worksheet>")
    return out.getvalue()


def strings(inner: bytes) -> bytes:
    return xlsx({"x": worksheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>')}, parts={"xl/sharedStrings.xml": inner})


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
NAMED = f'<!DOCTYPE sst [<!ENTITY l0 "ha">{LAUGHS}]>'
ENTITIES: dict[str, bytes] = {
    "a billion laughs in the texts": f"{NAMED}<sst {MAIN}><si><t>&l11;</t></si></sst>".encode(),
    "a file of the server": f'<!DOCTYPE s [<!ENTITY f SYSTEM "file:///etc/passwd">]><sst {MAIN}><si><t>&f;</t></si></sst>'.encode(),
    "an address": f'<!DOCTYPE s SYSTEM "http://127.0.0.1:9/x.dtd"><sst {MAIN}><si><t>a</t></si></sst>'.encode(),
    "one large entity, often": f'<!DOCTYPE s [<!ENTITY b "{"b" * 50_000}">]><sst {MAIN}><si><t>{"&b;" * 50_000}</t></si></sst>'.encode(),
}


@pytest.mark.parametrize("name", ENTITIES, ids=str)
def test_entities_are_not_even_declared(name: str) -> None:
    assert worked(strings(ENTITIES[name])) == "spreadsheet-unreadable"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_bomb_of_a_zip_stays_packed_and_its_sizes_are_not_believed() -> None:
    bomb = blanks(194)
    assert len(bomb) < 2 * MIB and worked(bomb) == "spreadsheet-too-heavy"
    told = struct.pack("<I", 194 * MIB + len(f"<worksheet {MAIN}></worksheet>"))
    assert bomb.count(told) >= 1
    assert worked(bomb.replace(told, struct.pack("<I", 100))) in ("spreadsheet-too-heavy", "spreadsheet-unreadable")


def test_many_parts_and_many_sheets_are_refused() -> None:
    assert worked(xlsx({"x": worksheet([["a"]])}, parts={f"xl/media/{n}.png": b"" for n in range(4_000)})) == "spreadsheet-too-heavy"
    assert worked(xlsx({f"s{n}": worksheet([["a"]]) for n in range(101)})) == "spreadsheet-too-many-sheets"
    tabs = "".join(f"<sheet name='{n}' r:id='r1'/>" for n in range(90))
    again = xlsx({"x": worksheet([["a" * 30_000] * 150])}, parts={
        "xl/workbook.xml": f"<workbook {MAIN} xmlns:r='r'><sheets>{tabs}</sheets></workbook>"})
    assert worked(again) in ("spreadsheet-too-heavy", "spreadsheet-unreadable")


LARGE: dict[str, tuple[Callable[[], bytes], str]] = {
    "rows": (lambda: sheet(f'<row r="{ROWS + 1}"><c r="A{ROWS + 1}"><v>1</v></c></row>'), "spreadsheet-too-many-rows"),
    "the last cell of all": (lambda: sheet('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "spreadsheet-too-many-rows"),
    "columns": (lambda: sheet('<row r="1"><c r="GS1"><v>1</v></c></row>'), "spreadsheet-too-many-columns"),
    "area": (lambda: sheet(f'<row r="1"><c r="GR1"><v>1</v></c></row><row r="{ROWS}"><c r="A{ROWS}"><v>1</v></c></row>'),
             "spreadsheet-too-many-cells"),
    "a cell": (lambda: sheet(f'<row r="1"><c r="A1" t="str"><v>{"長" * (LETTERS + 1)}</v></c></row>'), "spreadsheet-cell-too-long"),
    "a text": (lambda: strings(f"<sst {MAIN}><si><t>{'長' * (LETTERS + 1)}</t></si></sst>".encode()), "spreadsheet-cell-too-long"),
    "texts": (lambda: strings(f"<sst {MAIN}>{'<si/>' * 1_000_001}</sst>".encode()), "spreadsheet-too-heavy"),
    "formats": (lambda: xlsx({"x": worksheet([["a"]])}, parts={"xl/styles.xml": f"<s><cellXfs>{'<xf/>' * 80_000}</cellXfs></s>"}),
                "spreadsheet-too-heavy"),
    "merged areas": (lambda: sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="9000"><c r="CV9000"><v>1</v></c></row>',
                                   "<mergeCells>" + "<mergeCell ref='A1:CV9000'/>" * 50_000 + "</mergeCells>"),
                     "spreadsheet-too-heavy"),
    "rows of CSV": (lambda: b"a,b\n" * (ROWS + 1), "spreadsheet-too-many-rows"),
    "columns of CSV": (lambda: b"a," * 300 + b"a\n", "spreadsheet-too-many-columns"),
    "a quotation that nobody ends": (lambda: b'a,"' + b"b,c\n" * 20_000, "spreadsheet-cell-too-long"),
    "rows of an older file": (lambda: xls([["a"]] + [[]] * ROWS + [[1.0]]), "spreadsheet-too-many-rows"),
}


@pytest.mark.parametrize("name", LARGE, ids=str)
def test_what_is_too_large_is_told_with_its_bound(name: str) -> None:
    made, code = LARGE[name]
    assert worked(made()) == code


@pytest.mark.parametrize("inner", [
    "<row/>" * 1_000_000, '<row r="1"/>' * 1_000_000, "<row>" + "<c/>" * 1_000_000 + "</row>",
    "<row r='1'>" + "<c r='A1' t='str'><v></v></c>" * 100_000 + "</row>",
    "<a>" * 100_000 + "</a>" * 100_000, "<row r='1'><c r='A1'>" + "<v>1</v>" * 100_000 + "</c></row>",
    "<row r='1'><c r='A1' t='s'><v>999999999</v></c></row>", "<row r='0'><c r='A0'><v>1</v></c></row>", "<row r='-5'><c r='!!'><v>1</v></c></row>",
    "<row r='1'><c r='A1'><v>1e999</v></c><c r='B1'><v>nan</v></c></row>", "<row r='1'><c r='A1' s='99999'><v>5</v></c></row>",
    "<row r='1'><c r='A1'><v>" + "9" * 30_000 + "</v></c></row>", "<row r='99999999999999999999'><c><v>1</v></c></row>",
], ids=["a million empty rows", "the same row a million times", "a million empty cells", "nothing at all", "deep", "many values", "no such text", "row 0",
        "no row", "no numbers", "no such style", "a long number", "a row far away"])
def test_odd_rows_and_cells_are_tables_or_a_sentence(inner: str) -> None:
    assert worked(sheet(inner)) in (TABLES, "spreadsheet-empty", "spreadsheet-unreadable", "spreadsheet-cell-too-long")


def test_a_sheet_that_claims_a_larger_area_than_it_has_is_read_as_it_is() -> None:
    data = xlsx({"x": worksheet([["a", "b"]]).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')})
    assert worked(data) == TABLES


def test_an_older_file_that_claims_every_cell_stays_within_memory() -> None:
    wide = xls([["a"]]).replace(record(0x200, struct.pack("<IIHHH", 0, 1, 0, 1, 0)), record(0x200, struct.pack("<IIHHH", 0, 65_536, 0, 256, 0)))
    assert worked(wide) in (TABLES, "spreadsheet-unreadable", "spreadsheet-too-many-rows")


def test_a_container_whose_sectors_go_in_a_circle_ends() -> None:
    data = bytearray(xls([["a", 1.0]] * 50))
    table = struct.unpack_from("<I", data, 76)[0]
    for number in range(20):
        struct.pack_into("<I", data, (table + 1) * 512 + 4 * number, number % 3)
    assert worked(bytes(data)) in (TABLES, "spreadsheet-unreadable", "spreadsheet-empty")


def test_time_that_is_over_is_a_sentence() -> None:
    many = sheet("<row>" + "<c/>" * 8_000_000 + "</row>")
    assert worked(many, 6, LIMITS._replace(page_seconds=1.0, seconds=1.0)) == "spreadsheet-too-long"


def test_scripts_and_commands_in_cells_are_letters() -> None:
    cells = ["=cmd|'/c calc'!A1", "<script>alert(1)</script>", "@SUM(1+1)", "+1", "{{7*7}}", "%(most)s"]
    (table,) = read_tables(xlsx({"<b>": worksheet([cells])}))
    assert table.rows == [cells] and table.name == "<b>"


# --- broken by chance

SEEDS: dict[str, list[bytes]] = {
    "xlsx": [LIST, xlsx({"x": worksheet([["氏名", 1.5], ["a", "b"]], '<mergeCells><mergeCell ref="A1:A2"/></mergeCells>')}, strings=["<t>x</t>"])],
    "xls": [xls([["氏名", "契約日"], ["髙橋", 46347.0]], formats=["yyyy/m/d"], styled={(1, 1): 1}, merged=[(0, 0, 1, 0)], hidden_rows=[1]),
            xls([["a"]], macros=True)],
    "csv": [CORPORATIONS, "氏名\t備考\n髙橋\t\"二\n行\"\n".encode("utf-16")],
}
# One child for many files: a start of Python for each would take minutes.
MANY = """
import sys; sys.path.insert(0, sys.argv[1])
from vault.storage.sandbox import sheets
usual = sheets.answer
def answer(data):
    at, told = 4, []
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        frame, at = usual(data[at + 4 : at + 4 + size]), at + 4 + size
        told.append([frame[2:].decode() if frame[:1] == b"R" else "tables"])
    return sheets.table_frames.tables_frame([sheets.Sheet("told", told, [], [], False, [], False)])
sheets.answer = answer
sheets.main(int(sys.argv[2]))
"""


def broken(kind: str, number: int) -> bytes:
    """Every second xlsx is broken in one of its parts, for a broken archive is hardly ever opened at all."""
    seed = SEEDS[kind][number // 2 % 2]
    if kind != "xlsx" or number % 2:
        return mutated(seed, number)
    parts = unzipped(seed)
    name = sorted(parts)[number // 4 % len(parts)]
    return zipped({**parts, name: mutated(parts[name], number)})


def batch(files: list[bytes], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What each came to; where the child dies, each by itself."""
    data = struct.pack(">I", len(files)) + b"".join(struct.pack(">I", len(file)) + file for file in files)
    try:
        with monkeypatch.context() as patch:
            patch.setattr(process, "BOOT", MANY)
            return [row[0] for row in read_tables(data)[0].rows]
    except Refused:
        if len(files) == 1:
            return [worked(files[0])]
        half = len(files) // 2
        return batch(files[:half], monkeypatch) + batch(files[half:], monkeypatch)


def all_told(kind: str, numbers: range, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    files = [broken(kind, number) for number in numbers]
    told = [each for at in range(0, len(files), 250) for each in batch(files[at : at + 250], monkeypatch)]
    assert len(told) == len(files) and set(told) <= {TABLES, "spreadsheet-empty", *REFUSALS}
    return set(told)


@pytest.mark.parametrize("kind", SEEDS)
def test_two_hundred_broken_files_of_a_kind_are_tables_or_a_sentence(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {TABLES, "spreadsheet-unreadable"} <= all_told(kind, range(200), monkeypatch)


@pytest.mark.long
@pytest.mark.parametrize("kind", SEEDS)
def test_twenty_thousand_broken_files_of_a_kind_harm_nobody(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert TABLES in all_told(kind, range(200, 20_500), monkeypatch)


@pytest.mark.long
def test_the_largest_that_is_let_in_stays_within_its_bounds() -> None:
    row = ["山田 太郎", "ヤマダ タロウ", "S52.3.9", "231-0023", "神奈川県横浜市中区山下町1-2", "東京海上日動", "U5512-001", "自動車", "R8.4.1",
           "R9.4.1", "58,230", "年払", "佐々木"] + [f"備考{n}" for n in range(27)]
    assert worked(xlsx({"x": worksheet([row] * ROWS)}), 40) == TABLES


def test_noise_and_packed_noise_are_no_tables() -> None:
    noise = b"".join(zlib.crc32(struct.pack("<I", n)).to_bytes(4, "big") for n in range(50_000))
    for data in (noise, b"PK\x03\x04" + noise, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + noise, zipped({"xl/workbook.xml": noise})):
        assert worked(data) == "spreadsheet-unreadable"
