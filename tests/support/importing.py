"""Spreadsheets on their way into an office, as a person takes them through, step by step."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from tests.support.offices import Office
from vault.services.importing import checking, columns, drafts, running, showing
from vault.services.importing.checking import Line
from vault.services.importing.columns import Said
from vault.services.importing.showing import Place
from vault.services.safe import Desk

SAMPLES = Path(__file__).parents[1] / "samples"
POLICIES, CORPORATIONS = "満期一覧_混在.xlsx", "法人契約_cp932.csv"
HEAD = ("契約者名", "フリガナ", "生年月日", "住所", "保険会社", "証券番号", "種目", "始期", "満期", "保険料", "払方")
ALL = Place(0, "", 1)


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def table(*rows: Sequence[str], head: Sequence[str] = HEAD) -> bytes:
    """A CSV file of policies."""
    made = io.StringIO()
    csv.writer(made).writerows([head, *rows])
    return made.getvalue().encode()


def car(name: str, kana: str, birth: str, number: str, premium: str = "58,230", place: str = "横浜市中区1-2") -> list[str]:
    """A row of a car policy."""
    return [name, kana, birth, place, "東京海上日動", number, "自動車", "R8.4.1", "R9.4.1", premium, "年払"]


def matched(desk: Desk, data: bytes, file: str = "list.csv", room: bytes = b"") -> bytes:
    """A file with its columns as they are proposed."""
    room = room or desk.client_compartments()[0]
    upload = drafts.begin(desk, room, data, file)
    state, _ = columns.look(desk, upload)
    said = [Said(s.used, s.matching.first_row, s.matching.what, s.matching.columns) for s in state.sheets]
    columns.match(desk, upload, room, "", said, True)
    return upload


def checked(desk: Desk, data: bytes, file: str = "list.csv") -> bytes:
    """The same with its rows compared."""
    upload = matched(desk, data, file)
    list(checking.check(desk, upload))
    return upload


def imported(desk: Desk, data: bytes, file: str = "list.csv") -> bytes:
    """The same with all that is proposed written."""
    upload = checked(desk, data, file)
    list(running.run(desk, upload))
    return upload


def lines(desk: Desk, upload: bytes) -> list[Line]:
    """Every row, of all tables."""
    return checking.lines_of(desk, drafts.opened(desk, upload))


def states(desk: Desk, upload: bytes, number: int = 0) -> dict[int, str]:
    """What becomes of each row of a table, by its number in the sheet."""
    return {line.row + 1: line.state for line in lines(desk, upload) if line.table == number}


def page(desk: Desk, upload: bytes, place: Place = ALL) -> showing.Rows:
    found = showing.look(desk, upload, place)
    assert found is not None
    return found


def on_the_way(office: Office) -> list[Path]:
    return sorted(path for path in office.settings.uploads.rglob("*") if path.is_file())
