"""A spreadsheet over the wire: as the page's script sends it, and in plain forms without it; nothing of it in the clear."""

from __future__ import annotations

import re
import tempfile
from io import BytesIO
from pathlib import Path
from urllib.parse import urlencode

from werkzeug.test import TestResponse

from tests.support import importing as sheets
from tests.support import watching
from tests.support.importing import CORPORATIONS, POLICIES
from tests.support.offices import Office
from tests.support.visits import Visit
from tests.web.test_crawl import check
from vault.services.importing import drafts

ROOM = re.compile(r'<option value="(\w{32})"')
URL = re.compile(r'data-url="([^"]+)"')
CHOSEN = re.compile(r'<select class="input" id="[^"]*" name="([^"]+)"[^>]*>(.*?)</select>', re.DOTALL)


def told(answer: TestResponse) -> str:
    """The words of a page, without its marks."""
    text = answer.get_data(as_text=True)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text[text.find("<main") :]))


def send(visit: Visit, data: bytes, name: str = "list.csv", room: str = "") -> TestResponse:
    """As the script does: one line of boxes, then the file as it is."""
    room = room or ROOM.findall(visit.get("/imports/new").get_data(as_text=True))[0]
    body = urlencode({"compartment": room, "name": name}).encode() + b"\n" + data
    return visit.open(
        "/imports/send", method="POST", data=body, content_type="application/octet-stream", headers={"X-Kura-Csrf": visit.token}
    )  # fmt: skip


def steps(visit: Visit, path: str) -> list[str]:
    """What the script is told, line by line."""
    answer = visit.open(path, method="POST", headers={"X-Kura-Csrf": visit.token})
    check(answer, path)
    return answer.get_data(as_text=True).split("\n")


def fragment(visit: Visit, path: str, **said: str) -> TestResponse:
    return visit.open(path, method="POST", data=said, headers={"X-Kura-Csrf": visit.token})


def as_proposed(visit: Visit, url: str) -> str:
    """The columns as they are proposed; the address of the rows."""
    page = visit.get(url)
    check(page, url)
    text = page.get_data(as_text=True)
    form = {name: "1" for name in re.findall(r'name="(used-\d)" value="1" checked', text)} | {"then": "check"}
    for name, options in CHOSEN.findall(text):
        form[name] = (re.findall(r'value="([^"]*)" selected', options) or [""])[0]
    answer = visit.post(url, form)
    assert answer.status_code == 303, told(answer)
    return str(answer.location)


def looked_at(visit: Visit, data: bytes, name: str = "list.csv") -> str:
    """A file with its rows compared; the address of the rows."""
    rows = as_proposed(visit, URL.findall(send(visit, data, name).get_data(as_text=True))[0])
    assert "確かめる" in told(visit.get(rows))
    assert 'data-answer="done"' in steps(visit, rows + "/check")[-2]
    return rows


def test_a_file_goes_from_the_wire_to_the_records_and_back_and_is_never_in_the_clear_on_a_disk(visit: Visit, office: Office) -> None:
    data = sheets.sample(POLICIES)
    flat = [Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/dev/shm")]
    words = [text.encode() for text in ("木村", "2210-998871", "山下町", "満期一覧")] + [data[:40], data[-400:-360]]
    with watching.watching([office.folder, office.settings.run], flat) as watch:
        rows = looked_at(visit, data, "満期一覧_混在.xlsx")
        page = visit.get(rows)
        check(page, rows)
        assert "2026/2/30" in told(page) and "取り込む行は5行" in told(page)
        fixed = fragment(visit, rows + "/rows", at="0::1", **{"fix-0-7-client.closing_day": "3月", "fix-0-7-policy.begins": "2026/2/28"})
        assert fixed.status_code == 200 and "取り込む行は6行" in fixed.get_data(as_text=True)
        assert 'data-number="6" data-of="6"' in steps(visit, rows + "/run")[-3]
        result = told(visit.get(rows + "/result"))
        assert "新しいお客様3件、新しい契約4件" in result and "みどり商店" in result
        steps(visit, rows + "/undo")
        watch.end()
        assert watch.having(words) == set()
        assert any(path.name == drafts.CELLS or "table-" in path.name for path in watch.seen), "nothing was watched"
    assert "元に戻しました" in told(visit.get(rows + "/result"))
    assert "木村" not in told(visit.get("/clients"))
    assert "元に戻しました" in told(visit.get("/imports"))


def test_without_scripts_the_same_is_done_by_plain_forms(visit: Visit) -> None:
    room = ROOM.findall(visit.get("/imports/new").get_data(as_text=True))[0]
    file = (BytesIO(sheets.sample(CORPORATIONS)), CORPORATIONS)
    made = visit.open(
        "/imports/new", method="POST", data={"csrf_token": visit.token, "compartment": room, "file": file},
        content_type="multipart/form-data",
    )  # fmt: skip
    assert made.status_code == 303
    rows = as_proposed(visit, str(made.location))
    assert visit.post(rows + "/check").location == rows
    page = visit.post(rows + "/rows", {"at": "0::1", "ask": "0-1-member.kana", "fix-0-2-member.kana": "", "fix-0-3-member.kana": "ネコタ タマ"})
    assert page.status_code == 200 and "取り込む行は2行" in told(page)
    page = visit.post(rows + "/rows", {"at": "0::1", "edit": "0-2", "on": "0-1"})
    assert "取り込む行は1行" in told(page) and 'name="fix-0-2-policy.premium"' in page.get_data(as_text=True)
    assert visit.post(rows + "/run").location == rows + "/result"
    assert "1行を取り込みました" in told(visit.get(rows + "/result"))
    assert visit.post(rows + "/undo").location == rows + "/result"
    assert visit.post(rows + "/drop").location == "/imports?dropped=1"
    assert visit.get(rows).status_code == 404


def test_what_cannot_be_read_is_told_in_a_sentence_and_nothing_of_it_stays(visit: Visit, office: Office) -> None:
    for data, word in ((b"", "何も書かれていません"), (b"MZ" + bytes(99), "読み取れません"), (b"\0" * (drafts.LARGEST + 1), "大きすぎます")):
        answer = send(visit, data)
        assert answer.status_code == 400 and word in answer.get_data(as_text=True), answer.get_data(as_text=True)
    assert send(visit, b"x" * (drafts.LARGEST + 8192)).status_code == 413
    assert send(visit, sheets.sample(CORPORATIONS), room="00" * 16).status_code == 400
    assert sheets.on_the_way(office) == []


def test_what_was_typed_stands_in_no_address_and_a_number_that_nobody_may_keep_is_refused(visit: Visit) -> None:
    rows = looked_at(visit, sheets.sample(CORPORATIONS), "髙嶋さんの表.csv")
    links = re.findall(r'(?:href|action|data-\w+)="(/imports[^"]*)"', visit.get(rows).get_data(as_text=True))
    assert links and not any("%" in link or "髙" in link for link in links)
    answer = fragment(visit, rows + "/rows", at="0::1", **{"fix-0-1-policy.notes": "123456789018"})
    assert answer.status_code == 400 and "マイナンバー" in answer.get_data(as_text=True)
    assert "123456789018" not in visit.get(rows).get_data(as_text=True)


def test_an_import_that_is_not_there_or_not_compared_runs_nothing(visit: Visit) -> None:
    nowhere = "/imports/" + "0" * 32
    for path in ("/run", "/check", "/undo", "/rows", "/columns"):
        assert fragment(visit, nowhere + path).status_code == 404
    rows = as_proposed(visit, URL.findall(send(visit, sheets.sample(CORPORATIONS)).get_data(as_text=True))[0])
    assert fragment(visit, rows + "/run").status_code == 404
    steps(visit, rows + "/check")
    nothing = fragment(visit, rows + "/run")
    assert nothing.status_code == 400 and "取り込む行がありません" in nothing.get_data(as_text=True)
