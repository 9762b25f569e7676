"""Tables out of spreadsheets: every cell as a person sees it, whatever program wrote the file and however it is called."""

from pathlib import Path

import pytest
from python_calamine import load_workbook

from tests.support import catalogue
from tests.support.workbooks import MAIN, container, worksheet, xls, xlsx, zipped
from vault.domain.importing import MACROS, Table
from vault.errors import Refused
from vault.storage.sandbox import process, sheets, table_frames
from vault.storage.sandbox.table_frames import REFUSALS, Sheet, tables_frame
from vault.storage.spreadsheets import BYTES, read_tables

SAMPLES = Path(__file__).parents[1] / "samples"
LIST, CORPORATIONS = SAMPLES / "満期一覧_混在.xlsx", SAMPLES / "法人契約_cp932.csv"


def only(data: bytes) -> Table:
    (table,) = read_tables(data)
    return table


def within(data: bytes) -> list[list[list[str]]]:
    """The rows of each table as the child finds them, without one: a start of Python for each file would take its time."""
    frame = sheets.answer(data)
    assert frame[:1] == table_frames.TABLES, frame
    return [sheet.rows for sheet in table_frames._DECODER.decode(frame[9:])]


def code(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        read_tables(data)
    return refused.value.code


def test_the_list_of_an_office_comes_as_it_looks_in_excel() -> None:
    policies, families = read_tables(LIST.read_bytes())
    assert (policies.name, families.name) == ("満期一覧", "家族")
    assert policies.merged == [(0, 0, 0, 11)] and set(policies.rows[0][:12]) == {"みなと保険事務所　満期・契約一覧（2026年11月作成）"}
    assert policies.formulas == {(10, 1)} and policies.rows[10][1] == ""
    assert policies.rows[5][:4] == ["3", "木村　さくら", "キムラ　サクラ", "1988/7/7"]
    assert policies.rows[6][11] == "3410" and policies.rows[5][11] == "3,410円"
    assert len({len(row) for row in policies.rows}) == 1 and len(policies.rows) == 12
    assert not policies.hidden and policies.remarks == ()
    assert families.rows[3] == ["山田　一", "山田　二", "ヤマダ ジ", "弟", "S50.1.1", "男"]


def test_what_we_read_of_it_ourselves_is_what_another_reader_reads() -> None:
    book = load_workbook(str(LIST))
    for table in read_tables(LIST.read_bytes()):
        rows = book.get_sheet_by_name(table.name).to_python(skip_empty_area=False)
        texts = [[cell for cell in row if isinstance(cell, str) and cell] for row in rows]
        assert all(cell.strip() in ours for row, ours in zip(texts, table.rows, strict=True) for cell in row)


def test_a_list_in_cp932_keeps_line_breaks_within_its_cells() -> None:
    table = only(CORPORATIONS.read_bytes())
    assert len(table.rows) == 4 and table.rows[1][13] == "返戻率は設計書より\n要確認"
    assert table.rows[1][0] == "株式会社髙嶋商事" and table.rows[1][10] == "1,200,000"


TEXT = "氏名,備考\n髙橋①,\"a\"\"b,\n二行\"\n"
WANTED = [["氏名", "備考"], ["髙橋①", 'a"b,\n二行']]


@pytest.mark.parametrize("data", [
    TEXT.encode(), TEXT.encode("utf-8-sig"), TEXT.encode("utf-16"), TEXT.encode("utf-16-le"), TEXT.encode("utf-16-be"), TEXT.encode("cp932"),
    TEXT.replace("\n", "\r\n").encode("cp932"), TEXT.replace(",", "\t").replace('b\t', "b,").encode("utf-16"),
    TEXT.replace(",", ";").replace("b;", "b,").encode(), TEXT.encode("cp932").replace(b"\x87\x40", b"\x87\x40") + b"\n\n,,,\n\x1a",
    TEXT.replace(",\n二行", ",\x0b二行").encode(),
], ids=["utf-8", "utf-8-mark", "utf-16", "utf-16-le", "utf-16-be", "cp932", "cp932-crlf", "tabs", "semicolons", "empty-tail", "vertical-tab"])
def test_csv_is_read_in_every_coding_that_offices_meet(data: bytes) -> None:
    assert within(data) == [WANTED]


def test_letters_that_a_machine_made_up_or_cut_in_two_do_not_lose_the_file() -> None:
    lines = b"".join("佐藤 花子,東京都千代田区丸の内1-1\n".encode("cp932") for _ in range(40))
    table = only(lines + b"\xf0\x40\x8d,\x8d\n")
    assert table.rows[0] == ["佐藤 花子", "東京都千代田区丸の内1-1"] and "\ue000" in table.rows[40][0] and "\ufffd" in table.rows[40][1]


def test_numbers_are_shown_as_their_formats_say() -> None:
    formats = ["0.0%", "0%", "yyyy/m/d", '[$-411]ggge"年"m"月"d"日"', "000-0000", "[<=999]000;[<=9999]000\\-00;000\\-0000", "h:mm", "#,##0",
               '0000"番"', "[h]:mm", "yyyy/m/d h:mm"]
    values = [0.849, 0.85, 46347, 46347, 230023, 2310023, 0.5, 1234567, 12, 1.25, 46347.75]
    cells = "".join(f'<c r="{chr(65 + n)}1" s="{n + 1}"><v>{value}</v></c>' for n, value in enumerate(values))
    plain = "".join(f'<c r="{chr(65 + n)}2"><v>{value}</v></c>' for n, value in enumerate(
        ["3410", "0.1", "0.84899999999999998", "123456789012345", "1E-3", "1.5E+20", "-2500"]))
    table = only(xlsx({"x": worksheet(f'<row r="1">{cells}</row><row r="2">{plain}</row>')}, formats=formats))
    assert table.rows[0] == ["84.9%", "85%", "2026/11/21", "2026/11/21", "023-0023", "231-0023", "12:00", "1234567", "12", "1900/1/1 06:00",
                             "2026/11/21 18:00"]
    assert table.rows[1][:7] == ["3410", "0.1", "0.849", "123456789012345", "0.001", "150000000000000000000", "-2500"]
    old = xlsx({"x": worksheet('<row r="1"><c r="A1" s="1"><v>44885</v></c></row>')}, formats=["yyyy/m/d"], since_1904=True)
    assert within(old) == [[["2026/11/21"]]]


def test_cells_of_every_sort_are_told_apart() -> None:
    inner = """<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2" t="b"><v>1</v></c><c r="C2" t="e"><v>#N/A</v></c><c r="D2" t="str"><f>A1</f>
    <v>結果</v></c><c r="E2"><f>SUM(1)</f><v>7</v></c><c r="F2"><f>SUM(1)</f><v/></c><c r="G2" t="str"><f>IF(1,"")</f><v></v></c>
    <c t="inlineStr"><is><r><t>二つ</t></r><r><t xml:space="preserve">の字 </t></r></is></c><c r="I2" t="d"><v>2026-11-21T00:00:00Z</v></c></row>"""
    table = only(xlsx({"x": worksheet(inner)}, strings=["<t>髙橋</t><rPh sb='0' eb='1'><t>タカハシ</t></rPh><r><t>_x000D_\n花</t></r>"]))
    assert table.rows == [[""] * 9, ["髙橋\n花", "TRUE", "#N/A", "結果", "7", "", "", "二つの字", "2026/11/21"]]
    assert table.formulas == {(1, 5)}


def test_merged_cells_have_their_value_in_each_cell_and_hidden_things_are_told() -> None:
    after = '<mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="A1:C1"/><mergeCell ref="A9:ZZ9999"/></mergeCells>'
    rows = '<row r="1"><c r="A1" t="str"><v>題</v></c></row><row r="2"><c r="A2" t="str"><v>石川</v></c><c r="B2"><v>1</v></c></row>' \
           '<row r="3" hidden="1"><c r="B3"><v>2</v></c><c r="C3"><v>3</v></c></row><row r="1048576"><c r="XFD1048576"/></row>'
    shown, secret = read_tables(xlsx({"表": worksheet(rows, after), "控え": worksheet([["a", "b"]])}, hidden=["控え"]))
    assert shown.rows == [["題", "題", "題"], ["石川", "1", ""], ["石川", "2", "3"]]
    assert shown.merged == [(1, 0, 2, 0), (0, 0, 0, 2)] and shown.hidden_rows == {2}
    assert (shown.hidden, secret.hidden) == (False, True) and secret.rows == [["a", "b"]]


def test_a_file_with_macros_is_read_without_them_and_says_so() -> None:
    macros = xlsx({"x": worksheet([["a", "b"]])}, parts={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0 Sub Auto_Open()"})
    assert only(macros).remarks == (MACROS,) and only(macros).rows == [["a", "b"]]
    assert only(xls([["a", "b"]], macros=True)).remarks == (MACROS,)


def test_older_files_are_read_with_their_formats_merged_cells_and_hidden_rows() -> None:
    rows = [["氏名", "率", "契約日", "〒"], ["髙橋", 0.849, 46347.0, 230023.0], ["", 5.0, 1.5, 7.0]]
    table = only(xls(rows, formats=["0.0%", "yyyy/m/d", "000-0000"], styled={(1, 1): 1, (1, 2): 2, (1, 3): 3},
                     hidden_rows=[2], merged=[(1, 0, 2, 0)]))
    assert table.rows == [rows[0], ["髙橋", "84.9%", "2026/11/21", "023-0023"], ["髙橋", "5", "1.5", "7"]]
    assert within(xls(rows, small=True)) == [[[*rows[0]], ["髙橋", "0.849", "46347", "230023"], ["", "5", "1.5", "7"]]]
    assert table.name == "一覧" and table.hidden_rows == {2} and table.merged == [(1, 0, 2, 0)]


def test_files_under_a_password_say_so() -> None:
    encrypted = container({"EncryptionInfo": b"x" * 5000, "EncryptedPackage": b"y" * 9000})
    assert code(encrypted) == code(xls([["a"]], locked=True)) == "spreadsheet-locked"


@pytest.mark.parametrize("data", [
    b"%PDF-1.7\n1 0 obj", b"<html><table><tr><td>a</td></tr></table>", b"<?xml version='1.0'?><Workbook/>", b"\x89PNG\r\n\x1a\n\0\0",
    zipped({"word/document.xml": "<w/>"}), zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": "<a/>"}),
    zipped({"xl/workbook.bin": b"\x83\1"}), b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\xfe\x00", bytes(range(256)) * 40,
    b"{\\rtf1 a}", container({"WordDocument": b"z" * 5000}), b"a,b\n\x00\x00\x00",
], ids=["pdf", "html", "xml", "png", "docx", "ods", "xlsb", "half-zip", "half-ole", "half-utf-16", "noise", "rtf", "doc", "zeros"])
def test_what_is_no_table_is_refused_whatever_its_name_said(data: bytes) -> None:
    assert sheets.answer(data) == table_frames.refusal_frame("spreadsheet-unreadable")


def test_empty_files_and_files_that_are_too_large_are_refused_before_anything_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    assert code(xlsx({"x": worksheet("")})) == "spreadsheet-empty"
    assert within(b"\n\n,,\n") == []
    monkeypatch.setattr(process, "BOOT", "not Python")
    assert code(b"") == "spreadsheet-empty"
    assert code(bytes(BYTES + 1)) == "spreadsheet-too-large"


def test_columns_of_individual_numbers_are_gone_before_anybody_sees_them() -> None:
    numbers = ["123456789018", "1234-5678-9018", "１２３４５６７８９０１８"]
    told = "".join(f"石川,{number},メモ {number}\n" for number in numbers)
    table = only(f"氏名,番号,備考\n{told}佐藤,,普通\n".encode())
    assert table.refused_columns == {1} and table.refused_cells == {(1, 2), (2, 2), (3, 2)}
    assert table.rows[4] == ["佐藤", "", "普通"]
    assert table.rows[0] == ["氏名", "番号", "備考"] and not any("9018" in cell for row in table.rows for cell in row)


ANSWER = Sheet("a", [["x"]], [], [], False, [], False)
LIES = {
    "nothing": b"", "noise": b"\x93" * 4096, "a length without an end": b"T" + b"\xff" * 8, "half a table": tables_frame([ANSWER])[:-3],
    "another type": b"T" + (1).to_bytes(8, "big") + b"\x01", "an unknown refusal": b"R\x05hello",
    "a cell that is no text": tables_frame([ANSWER]).replace(b"\xa1x", b"\xc3\xc3"),
    "no text at all": tables_frame([ANSWER]).replace(b"\xa1x", b"\xa1\xff"),
}


@pytest.mark.parametrize("lie", LIES, ids=str)
def test_a_lying_child_is_not_believed(lie: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "BOOT", f"import os\ndata = {LIES[lie]!r}\nwhile data: data = data[os.write(1, data):]")
    assert code(b"a") in ("spreadsheet-unreadable", "spreadsheet-too-heavy")


def test_marks_outside_of_the_table_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    lie = ANSWER._replace(merged=[(0, 0, 9, 9), (-1, 0, 0, 0), (0, 0, 0, 0)], formulas=[(5, 5), (0, 0)], hidden_rows=[-1, 0, 7], name="a\0\u202eb")
    monkeypatch.setattr(process, "BOOT", f"import os\nos.write(1, {tables_frame([lie])!r})")
    table = only(b"a")
    assert (table.merged, table.formulas, table.hidden_rows, table.name) == ([(0, 0, 0, 0)], {(0, 0)}, {0}, "ab")


def test_every_refusal_has_its_sentence_with_its_number() -> None:
    for language in ("ja", "en"):
        words = catalogue.read(catalogue.ROOT, language)
        for refusal, most in REFUSALS.items():
            text = catalogue.words(words[f"error.{refusal}"])[0]
            assert ("%(most)s" in text) == (most is not None)
    assert table_frames.refusal("spreadsheet-too-many-rows").facts == {"most": "50,000"}


def test_sheets_are_found_by_what_the_book_says_not_by_their_names() -> None:
    table = only(zipped({
        "[Content_Types].xml": "<a/>", "\\_rels\\.rels": "<Relationships><Relationship Id='r' Type='x/officeDocument' Target='/book/B.XML'/>"
        "</Relationships>", "book/b.xml": f"<x:workbook xmlns:x={MAIN[6:]} xmlns:q='q'><x:sheets><x:sheet name='一' q:id='z'/></x:sheets>"
        "</x:workbook>", "book/_rels/b.xml.rels": "<Relationships><Relationship Id='z' Type='y' Target='../data/one.xml'/></Relationships>",
        "data/one.xml": f"<x:worksheet xmlns:x={MAIN[6:]}><x:sheetData><x:row><x:c><x:v>5</x:v></x:c></x:row></x:sheetData></x:worksheet>",
    }))
    assert (table.name, table.rows) == ("一", [["5"]])
