"""The search box and its page: what is asked is posted, what is found is linked, and why."""

from __future__ import annotations

import re

import pytest

from tests.support.offices import Office
from tests.support.visits import Visit
from vault.domain.access import Permission
from vault.domain.deposits import Deposit, DepositItem
from vault.domain.documents import Document
from vault.domain.values import read_date
from vault.services import payloads
from vault.services.audit import Event
from vault.services.holdings import DEPOSIT, DOCUMENT


def text(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined, no-any-return]


def test_the_box_stands_on_every_page_of_who_may_search(visit: Visit) -> None:
    for path in ("/today", "/clients", visit.client_page(), "/office"):
        assert 'data-find="/search/found"' in text(visit.get(path))
    assert 'data-find' not in text(visit.get("/search"))  # which has a box of its own


def test_what_is_found_is_linked_and_says_why(visit: Visit) -> None:
    page = text(visit.post("/search", {"words": "しま n01"}))
    assert f'href="{visit.policy_page()}"' in page and "<mark>シマ</mark>" in page and "<mark>N-01</mark>" in page
    assert "契約・書類 1件" in page and visit.policy_page(1) not in page
    assert 'value="しま n01"' in page


def test_a_scanned_paper_and_a_receipt_are_linked_too(visit: Visit, office: Office) -> None:
    client, day = office.facts.clients[0], read_date("R8.11.1")
    with office.desk().act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        paper = act.add(client, DOCUMENT, payloads.encode(Document(kind="手紙・通知", title="春のお知らせ")))
        item = DepositItem(id="00" * 16, paper="保険証券")
        receipt = Deposit(number=7, received=day, giver="志摩 海斗", purpose="分析のため", due=day, items=(item,))
        deposit = act.add(client, DEPOSIT, payloads.encode(receipt))
    for path in ("/search", "/search/found"):
        page = text(visit.post(path, {"words": "志摩"}))
        assert f'href="{visit.client_page()}/documents/{paper.hex()}"' in page and "春のお知らせ" in page
        assert f'href="{visit.client_page()}/deposits/{deposit.hex()}"' in page and "D-000007" in page


def test_while_somebody_types_a_few_are_listed(visit: Visit) -> None:
    page = text(visit.post("/search/found", {"words": "日本生命"}))
    assert page.count('role="option"') == 2 and visit.policy_page() in page
    nothing = text(visit.post("/search/found", {"words": "ない言葉"}))
    assert 'role="option"' not in nothing and "あてはまるものがありません" in nothing


def test_conditions_alone_find_and_words_that_cannot_be_meant_are_said(visit: Visit) -> None:
    page = text(visit.post("/search", {"insurer": "日生", "state": "有効", "what": "policy"}))
    assert "契約・書類 2件" in page
    refused = visit.post("/search", {"words": "志摩", "closing_month": "13"})
    assert refused.status_code == 400 and "月は1から12まで" in text(refused) and 'value="志摩"' in text(refused)
    for empty in ({"words": " "}, {"what": "policy"}):
        assert "探す言葉か条件を入れてください" in text(visit.post("/search", empty))


def test_a_search_is_put_by_under_a_name_opened_and_taken_away(visit: Visit, office: Office) -> None:
    answer = visit.post("/search/keep", {"words": "日本", "state": "有効", "begins_from": "H20.6.1", "name": "有効な契約"})
    assert re.fullmatch(r"/search\?kept=[0-9a-f]{32}", answer.location)
    page = text(visit.get(answer.location))
    assert "契約・書類 2件" in page and 'value="H20.6.1"' in page and "有効な契約" in page
    again = visit.post("/search/keep", {"words": "明治", "name": "有効な契約"})
    assert again.location != answer.location and visit.get(answer.location).status_code == 404
    assert text(visit.get("/search")).count("有効な契約") == 1
    assert visit.post("/search/keep", {"words": "明治", "name": ""}).status_code == 400
    assert visit.post("/search/drop", {"kept": again.location[-32:]}).location == "/search"
    assert "有効な契約" not in text(visit.get("/search"))


def test_no_word_stands_in_an_address_or_in_the_log(visit: Visit, office: Office, capfd: pytest.CaptureFixture[str]) -> None:
    visit.post("/search", {"words": "たいへん珍しい言葉"})
    visit.post("/search/found", {"words": "たいへん珍しい言葉"})
    assert visit.get("/search?words=志摩").get_data(as_text=True).count("シマ") == 0
    clear = b"".join(row[0] for row in office.sql("SELECT clear FROM journal"))
    assert "珍しい".encode() not in clear and clear.count(b"searched") >= 2
    told = capfd.readouterr()
    assert "珍しい" not in told.out + told.err
