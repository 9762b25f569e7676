"""Papers on their way in, over the wire as the page's script sends them, and in one form without it."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.support import documents as papers
from tests.support.offices import Office
from tests.support.visits import Visit
from tests.web.test_crawl import check
from vault.services import uploads

_TOLD = re.compile(r'data-([a-z]+)="([^"]*)"')
SAID = {"kind": "保険証券", "title": "終身の証券", "original": "お客様"}


def told(answer: TestResponse) -> dict[str, str]:
    """What the last part of an answer that is meant for scripts carries."""
    last = answer.get_data(as_text=True).strip().splitlines()[-1]
    return dict(_TOLD.findall(last))


def steps(answer: TestResponse) -> list[dict[str, str]]:
    return [dict(_TOLD.findall(line)) for line in answer.get_data(as_text=True).strip().splitlines()]


def begin(visit: Visit, data: bytes, **said: str) -> TestResponse:
    form = {**SAID, "name": "scan.pdf", "size": str(len(data)), **said}
    return visit.post(visit.client_page() + "/uploads", form)


def piece(visit: Visit, address: str, data: bytes) -> TestResponse:
    return visit.open(
        address, method="POST", data=data, content_type="application/octet-stream", headers={"X-Kura-Csrf": visit.token})


def sent(visit: Visit, data: bytes, **said: str) -> dict[str, str]:
    """Announced, with all pieces there."""
    visit.get(visit.client_page() + "/documents/new")
    found = told(begin(visit, data, **said))
    for number, part in enumerate(papers.pieces(data), 1):
        assert piece(visit, found["piece"][:-1] + str(number), part).status_code == 204
    return found


def test_a_file_comes_in_pieces_and_is_told_page_by_page(visit: Visit) -> None:
    found = sent(visit, papers.pdf("first", "second", "third"))
    answer = visit.post(found["take"])
    check(answer, "take")
    *pages, last = steps(answer)
    assert [(each["answer"], each["number"], each["of"]) for each in pages] == [("step", str(n), "3") for n in (1, 2, 3)]
    assert (last["answer"], last["of"], last["held"]) == ("done", "3", "0")
    shown = visit.get(last["url"]).get_data(as_text=True)
    assert "終身の証券" in shown and "用紙 1 / 3" in shown


def test_what_is_missing_is_told_so_that_it_can_go_on(visit: Visit, office: Office) -> None:
    data = papers.heavy_pdf(2_500_000, "marker")
    visit.get(visit.client_page() + "/documents/new")
    found = told(begin(visit, data))
    assert found["missing"] == "1 2 3" and int(found["size"]) == uploads.PIECE
    assert piece(visit, found["piece"][:-1] + "2", papers.pieces(data)[1]).status_code == 204
    assert told(visit.get(found["state"]))["missing"] == "1 3"
    early = visit.post(found["take"])
    assert early.status_code == 400 and told(early)["code"] == "upload-unfinished"


@pytest.mark.parametrize(("number", "data"), [("1", b"short"), ("9", b"x" * 10), ("0", b"x" * 10)])
def test_a_piece_that_does_not_fit_is_refused(visit: Visit, number: str, data: bytes) -> None:
    visit.get(visit.client_page() + "/documents/new")
    found = told(begin(visit, papers.pdf("a page")))
    answer = piece(visit, found["piece"][:-1] + number, data)
    assert answer.status_code == 400
    check(answer, "piece")


def test_boxes_that_are_not_understood_are_told_by_name(visit: Visit, office: Office) -> None:
    visit.get(visit.client_page() + "/documents/new")
    answer = begin(visit, b"x", kind="", date="昨日のどこか")
    check(answer, "begin")
    assert answer.status_code == 400
    assert set(re.findall(r'data-box="([a-z]+)"', answer.get_data(as_text=True))) == {"kind", "date"}
    assert papers.on_the_way(office) == []


@pytest.mark.parametrize(("size", "code"), [("0", "file-empty"), ("62914560", "upload-too-large"), ("many", "file-empty")])
def test_a_size_that_cannot_be_is_refused_before_anything_is_sent(visit: Visit, office: Office, size: str, code: str) -> None:
    visit.get(visit.client_page() + "/documents/new")
    answer = begin(visit, b"x", size=size)
    assert answer.status_code == 400 and told(answer)["code"] == code
    assert papers.on_the_way(office) == []


def test_a_foreign_file_is_refused_in_words_and_leaves_nothing(visit: Visit, office: Office) -> None:
    answer = visit.post(sent(visit, b"PK\x03\x04" + bytes(5000))["take"])
    assert told(answer)["code"] == "file-unknown" and "取り込めるのは" in answer.get_data(as_text=True)
    assert papers.on_the_way(office) == [] and papers.of_client(office) == []


def test_a_locked_file_asks_for_its_password_and_goes_on_with_it(visit: Visit, office: Office) -> None:
    found = sent(visit, papers.locked_pdf("secret page"))
    assert told(visit.post(found["take"]))["code"] == "file-locked"
    assert told(visit.post(found["take"], {"password": "wrong"}))["code"] == "file-password-wrong"
    assert told(visit.post(found["take"], {"password": papers.PASSWORD}))["answer"] == "done"
    assert len(papers.of_client(office)) == 1


def test_giving_up_leaves_nothing(visit: Visit, office: Office) -> None:
    found = sent(visit, papers.pdf("a page"))
    assert papers.on_the_way(office) != []
    assert visit.post(found["cancel"]).status_code == 204
    assert papers.on_the_way(office) == []
    assert visit.get(found["state"]).status_code == 404
    assert visit.post(found["take"]).status_code == 404


def test_taking_in_twice_makes_one_document(visit: Visit, office: Office) -> None:
    """The answer to the first may have been lost on its way."""
    found = sent(visit, papers.pdf("a page"))
    first, again = told(visit.post(found["take"])), told(visit.post(found["take"]))
    assert first["url"] == again["url"] and len(papers.of_client(office)) == 1


def test_a_browser_that_goes_away_in_the_middle_leaves_nothing_half_done(visit: Visit, office: Office) -> None:
    found = sent(visit, papers.pdf("first", "second", "third"))
    answer = visit.client.post(
        found["take"], base_url="https://localhost", data={"csrf_token": visit.token}, environ_overrides={"REMOTE_ADDR": visit.address})
    assert 'data-number="1"' in next(answer.iter_encoded()).decode()
    answer.close()
    assert papers.of_client(office) == []
    papers.assert_nothing_half(office)
    assert told(visit.post(found["take"]))["answer"] == "done"  # and it can go on


def test_pieces_carry_the_sessions_token_like_every_change(visit: Visit) -> None:
    visit.get(visit.client_page() + "/documents/new")
    found = told(begin(visit, papers.pdf("a page")))
    data = papers.pdf("a page")
    bare: dict[str, Any] = {"method": "POST", "data": data, "content_type": "application/octet-stream"}
    assert visit.open(found["piece"][:-1] + "1", **bare).status_code == 403
    assert visit.open(found["piece"][:-1] + "1", **bare, headers={"X-Kura-Csrf": "0" * 64}).status_code == 403


def test_an_upload_belongs_to_its_client(visit: Visit, office: Office) -> None:
    found = sent(visit, papers.pdf("a page"))
    other = office.facts.clients[1].hex()
    elsewhere = found["take"].replace(office.facts.clients[0].hex(), other)
    assert visit.post(elsewhere).status_code == 404


def test_a_policy_of_another_client_is_not_there(visit: Visit, office: Office) -> None:
    visit.get(visit.client_page() + "/documents/new")
    for policy in (office.facts.policies[1][0].hex(), "0" * 32, "no id"):
        assert begin(visit, b"x" * 10, policy=policy).status_code == 404


# --- without scripts


def plain(visit: Visit, data: bytes, **said: str) -> TestResponse:
    visit.get(visit.client_page() + "/documents/new")
    form = {"csrf_token": visit.token, **SAID, **said, "file": (BytesIO(data), "scan.pdf")}
    return visit.open(visit.client_page() + "/documents/new", method="POST", data=form, content_type="multipart/form-data")


def test_without_scripts_one_file_goes_with_the_form(visit: Visit, office: Office) -> None:
    answer = plain(visit, papers.photograph())
    assert answer.status_code == 303 and "用紙 1 / 1" in visit.get(answer.location).get_data(as_text=True)
    assert papers.on_the_way(office) == []


def test_without_scripts_a_locked_file_comes_with_its_password(visit: Visit, office: Office) -> None:
    refused = plain(visit, papers.locked_pdf("a page"))
    assert refused.status_code == 400 and "パスワードがかかっています" in refused.get_data(as_text=True)
    assert 'value="終身の証券"' in refused.get_data(as_text=True)
    assert papers.on_the_way(office) == []
    assert plain(visit, papers.locked_pdf("a page"), password=papers.PASSWORD).status_code == 303


def test_without_scripts_a_form_without_a_file_says_so_and_keeps_what_was_typed(visit: Visit) -> None:
    visit.get(visit.client_page() + "/documents/new")
    answer = visit.post(visit.client_page() + "/documents/new", SAID)
    assert answer.status_code == 400 and 'value="終身の証券"' in answer.get_data(as_text=True)


def test_the_page_begins_with_the_policy_that_led_there(visit: Visit, office: Office) -> None:
    policy = office.facts.policies[0][1].hex()
    page = visit.get(f"{visit.client_page()}/documents/new?policy={policy}").get_data(as_text=True)
    assert f'<option value="{policy}" selected>' in page
    assert "電子帳簿保存法" in page
