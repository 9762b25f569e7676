"""書類(写し) without Chromium: ordering it, its head and watermark, and the addresses of its pictures."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.kept_scans import A4, ACROSS, BUSINESS_CARD, keep, picture
from tests.support.offices import NAMES, PASSWORD, Office
from tests.support.people import join
from tests.support.visits import Visit
from vault.domain.access import Role
from vault.domain.prints import FINAL_PURPOSE, SCANS
from vault.services.accounts import rules
from vault.services.sessions import PROOF_SECONDS
from vault.web.page_addresses import SECONDS
from vault.web.scan_sheets import ACROSS as ROOM_ACROSS
from vault.web.scan_sheets import UPRIGHT, fitted, places

ORDER = {"sheet": SCANS, "purpose": "社内利用", "addressee": "志摩 海斗 様", "copies": "1"}
FINAL = {"purpose": FINAL_PURPOSE, "addressee": "みなと保険事務所", "copies": "1"}
MARK = "P-000001 佐々木 恵 令和8年11月18日"


def order(visit: Visit, document: bytes, told: Mapping[str, str] | None = None) -> TestResponse:
    return visit.post("/prints", {**ORDER, "client": visit.office.facts.clients[0].hex(), "document": document.hex(), **(told or {})})


def body_of(answer: TestResponse) -> str:
    assert answer.status_code == 200, answer.status_code
    return unescape(answer.get_data(as_text=True))


def pictures(answer: TestResponse) -> list[str]:
    return re.findall(r'<img src="(/pages/[^"]+)"', body_of(answer))


def prints(office: Office) -> int:
    return int(office.sql("SELECT count(*) FROM ledger")[0][0])


# --- ordering


def test_the_print_centre_offers_papers_where_there_are_any(visit: Visit, office: Office) -> None:
    client = office.facts.clients[0].hex()
    assert SCANS not in body_of(visit.get(f"/prints?client={client}"))
    document = keep(office, A4).hex()
    body = body_of(visit.get(f"/prints?client={client}&document={document}"))
    assert f'<option value="{SCANS}" selected>' in body and f'<option value="{document}" selected>' in body
    assert 'name="pages"' in body


@pytest.mark.parametrize(
    ("told", "sentence"),
    [({"document": ""}, "印刷する書類を選んでください。"), ({"pages": "4"}, "この書類の用紙は3枚です。"),
     ({"pages": "x"}, "「1,3-5」のように")],
)  # fmt: skip
def test_what_is_wrong_is_said_beside_its_box_and_uses_no_number_up(
    told: dict[str, str], sentence: str, visit: Visit, office: Office
) -> None:
    answer = order(visit, keep(office, *[A4] * 3), told)
    assert answer.status_code == 400 and sentence in answer.get_data(as_text=True)
    assert 'value="志摩 海斗 様"' in answer.get_data(as_text=True), "nothing that was typed is lost"
    assert prints(office) == 0


def test_where_another_has_to_approve_it_no_picture_leaves_before(visit: Visit, office: Office) -> None:
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))
    answer = order(visit, keep(office, A4))
    assert answer.status_code == 303 and answer.location == "/ledger/1"
    assert "対象の書類" in body_of(visit.get("/ledger/1")) and "/pages/" not in body_of(visit.get("/ledger/1"))


# --- the sheet


def test_each_page_says_whose_it_is_and_has_the_watermark_all_over(visit: Visit, office: Office) -> None:
    body = body_of(order(visit, keep(office, *[A4] * 3, held=[1])))
    assert re.findall(r"用紙 (\d) / 3</p>", body) == ["1", "3"]
    assert "用紙 2 は、個人番号を塗りつぶすまで印刷できません。" in body
    texts = [re.findall(r"<text [^>]*>([^<]*)</text>", part) for part in body.split("<section ")[1:]]
    assert len(texts) == 2 and all(len(each) > 10 and all(t.startswith(MARK) for t in each) for each in texts)
    assert body.count("<h1>") == 1 and NAMES[0] in body


def test_a_reprint_is_a_new_number(visit: Visit, office: Office) -> None:
    document = keep(office, A4)
    assert "P-000001" in body_of(order(visit, document))
    again = body_of(order(visit, document))
    assert "P-000002" in again and "P-000001" not in again


@pytest.mark.parametrize(
    ("size", "room", "fits"),
    [(A4, UPRIGHT, (654, 926)), (ACROSS, ROOM_ACROSS, (844, 597)), (BUSINESS_CARD, UPRIGHT, BUSINESS_CARD),
     ((4000, 10), UPRIGHT, (717, 1)), ((1, 20_000), UPRIGHT, (1, 926))],
)  # fmt: skip
def test_a_picture_fits_into_the_page_and_is_never_enlarged(
    size: tuple[int, int], room: tuple[int, int], fits: tuple[int, int]
) -> None:
    found = fitted(*size, room)
    assert all(abs(a - b) <= 1 for a, b in zip(found, fits, strict=True))
    assert found[0] <= room[0] and found[1] <= room[1]


def test_a_wide_page_lies_in_landscape_and_a_small_one_does_not(visit: Visit, office: Office) -> None:
    body = body_of(order(visit, keep(office, A4, ACROSS, BUSINESS_CARD)))
    assert re.findall(r'<section class="scan (\w+)"', body) == ["upright", "across", "upright"]


@pytest.mark.parametrize("size", [A4, ACROSS, BUSINESS_CARD, (50, 2000)])
def test_one_watermark_stands_in_the_middle_of_every_picture(size: tuple[int, int]) -> None:
    width, height = fitted(*size, UPRIGHT)
    assert (width // 2, height // 2) in places(width, height, MARK)


# --- pictures


def test_a_picture_comes_as_it_is_kept_and_is_no_file(visit: Visit, office: Office) -> None:
    shown = picture(BUSINESS_CARD)
    (address,) = pictures(order(visit, keep(office, BUSINESS_CARD, pictures=[shown])))
    answer = visit.get(address)
    assert (answer.status_code, answer.mimetype, answer.get_data()) == (200, "image/jpeg", shown)
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Disposition" not in answer.headers
    assert visit.open(address, method="POST", data={"csrf_token": visit.token}).status_code == 405


def test_an_address_is_good_for_ten_minutes(visit: Visit, office: Office) -> None:
    (address,) = pictures(order(visit, keep(office, A4)))
    office.clock.tick(SECONDS)
    assert visit.get(address).status_code == 200
    office.clock.tick(1)
    assert visit.get(address).status_code == 410


def test_an_address_opens_nothing_for_anybody_else(app: Flask, visit: Visit, office: Office) -> None:
    (address,) = pictures(order(visit, keep(office, A4)))
    member = join(office, Role.ADMINISTRATOR, (), "管理 二子")
    other = Visit(app, office).with_device(member.device)
    other.sign_in(member.login_id, member.password)
    assert other.get(address).status_code == 404
    again = Visit(app, office).with_device()
    office.clock.tick(1)
    again.sign_in()
    assert again.get(address).status_code == 404, "nor for himself in another session"
    assert Visit(app, office).get(address).location == "/session/new"


@pytest.mark.parametrize("place", [0, 5, 20, 40, -1])
def test_an_address_that_was_changed_opens_nothing(place: int, visit: Visit, office: Office) -> None:
    (address,) = pictures(order(visit, keep(office, *[A4] * 2), {"pages": "1"}))
    token = list(address.removeprefix("/pages/"))
    token[place] = "A" if token[place] != "A" else "B"
    assert visit.get("/pages/" + "".join(token)).status_code in (404, 410)


@pytest.mark.parametrize("token", ["a", "=", "%00", "ü", "A" * 103, "A" * 5000])
def test_what_is_no_address_is_not_found(token: str, visit: Visit) -> None:
    assert visit.get(f"/pages/{token}").status_code == 404


# --- everything


def test_the_copy_of_everything_has_the_pictures_although_the_password_was_typed(visit: Visit, office: Office) -> None:
    """The session goes on under another id from that very answer on."""
    keep(office, *[A4] * 3, pictures=[picture(A4)] * 3)
    office.clock.tick(PROOF_SECONDS)
    visit.get("/prints/whole-office")
    first = {"first": office.facts.clients[0].hex(), "part": "0", "password": PASSWORD}
    answer = visit.post("/prints/whole-office", {**FINAL, **first})
    addresses = pictures(answer)
    assert len(addresses) == 3 and [visit.get(each).status_code for each in addresses] == [200] * 3
    body = body_of(answer)
    assert body.index("顧客カルテ</span>") < body.index("証券詳細 2/2") < body.index("用紙 1 / 3") < body.index(f"{NAMES[1]} 様")


def test_a_client_with_many_pages_is_printed_in_parts(visit: Visit, office: Office) -> None:
    keep(office, *[A4] * 50)
    seen = []
    for _ in range(3):
        page = body_of(visit.get("/prints/whole-office"))
        sent = dict(re.findall(r'name="(first|part)" value="([^"]*)"', page))
        if not sent:
            break
        seen.append(body_of(visit.post("/prints/whole-office", {**FINAL, **sent})))
    assert [each.count("data-page>") for each in seen] == [40, 10] and "(続き)" in seen[1]
    assert [each.count("顧客カルテ</span>") for each in seen] == [1, 1], "his in the first, the other one's in the second"
