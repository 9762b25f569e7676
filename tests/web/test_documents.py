"""Scanned papers on the pages: looked at, described, blacked out, typed from, put away."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support import documents as papers
from tests.support.offices import PASSWORD, Office
from tests.support.people import join
from tests.support.visits import Visit
from tests.web.test_crawl import check
from vault.domain.access import Role
from vault.domain.documents import Document
from vault.domain.scans import Area
from vault.services import documents, held_pages, policies
from vault.web import page_addresses

NUMBERED = f"Name\nMy number {papers.MY_NUMBER}\nend"


def page_of(visit: Visit, document: bytes, more: str = "") -> str:
    return f"{visit.client_page()}/documents/{document.hex()}{more}"


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def first(pattern: str, answer: TestResponse) -> str:
    found = re.search(pattern, text(answer))
    assert found, pattern
    return found[1].replace("&amp;", "&")


def black_form(visit: Visit, document: bytes, number: int = 1) -> tuple[str, TestResponse]:
    address = page_of(visit, document, f"/held/{number}")
    return address, visit.get(address)


@pytest.fixture
def document(office: Office) -> bytes:
    """A document of two pages."""
    return papers.add(office, papers.pdf("Policy number 12-345-678", "second page"))


@pytest.fixture
def numbered(office: Office) -> bytes:
    """A document whose second page shows an individual number."""
    return papers.add(office, papers.pdf("first page", NUMBERED))


# --- looked at


def test_a_document_is_shown_with_its_pages_and_their_words(visit: Visit, document: bytes) -> None:
    answer = visit.get(page_of(visit, document))
    assert answer.status_code == 200
    assert "用紙 1 / 2" in text(answer) and "12-345-678" in text(answer) and "second page" not in text(answer)
    assert "second page" in text(visit.get(page_of(visit, document, "?p=2")))


@pytest.mark.parametrize("asked", ["0", "3", "-1", "99999", "two"])
def test_a_page_that_is_not_there_is_the_first(visit: Visit, document: bytes, asked: str) -> None:
    assert "用紙 1 / 2" in text(visit.get(page_of(visit, document, f"?p={asked}")))


def test_its_pictures_come_as_pictures_and_never_as_a_file(visit: Visit, document: bytes) -> None:
    shown = visit.get(page_of(visit, document))
    pictures = set(re.findall(r'src="(/pages/[^"]+)"', text(shown)))
    assert len(pictures) == 3  # the large one, and a small one of each page
    for each in pictures:
        answer = visit.get(each)
        check(answer, each)
        assert answer.mimetype == "image/jpeg" and answer.get_data().startswith(b"\xff\xd8")
        assert answer.headers["Cache-Control"] == "no-store" and "Content-Disposition" not in answer.headers


def test_an_address_ends_after_ten_minutes_and_another_is_given_for_it(visit: Visit, office: Office, document: bytes) -> None:
    shown = visit.get(page_of(visit, document))
    picture, again = first(r'data-picture src="([^"]+)"', shown), first(r'data-again="([^"]+)"', shown)
    office.clock.tick(page_addresses.SECONDS + 1)
    late = visit.get(picture)
    assert late.status_code == 410
    check(late, "late")
    part = visit.get(again)
    check(part, "again")
    assert "12-345-678" in text(part)
    assert visit.get(first(r'data-address="([^"]+)"', part)).mimetype == "image/jpeg"
    assert visit.get(first(r'data-small="([^"]+)"', part)).mimetype == "image/jpeg"


def test_an_address_is_good_in_its_own_session_only(app: Flask, visit: Visit, office: Office, document: bytes) -> None:
    shown = visit.get(page_of(visit, document))
    member = join(office, Role.ADMINISTRATOR, (), "管理 二子")
    other = Visit(app, office).with_device(member.device)
    other.sign_in(member.login_id, member.password)
    for pattern in (r'data-picture src="([^"]+)"', r'data-again="([^"]+)"'):
        address = first(pattern, shown)
        assert visit.get(address).status_code == 200
        assert other.get(address).status_code == 404
        assert Visit(app, office).get(address).location == "/session/new"


@pytest.mark.parametrize("change", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: t[:30] + t[31:], lambda t: "A" * len(t)])
def test_a_forged_address_is_no_address(visit: Visit, document: bytes, change) -> None:  # type: ignore[no-untyped-def]
    shown = visit.get(page_of(visit, document))
    for pattern in (r'data-picture src="/pages/([^"]+)"', r'data-again="/documents/pages/([^"]+)"'):
        token = change(first(pattern, shown))
        for route in ("/pages/", "/documents/pages/", "/documents/readings/"):
            assert visit.get(route + token).status_code == 404


def test_opening_stands_in_the_log_and_its_pictures_do_not(visit: Visit, office: Office, document: bytes) -> None:
    def opened() -> int:
        return office.sql("SELECT count(*) FROM journal")[0][0]

    before = opened()
    shown = visit.get(page_of(visit, document))
    after = opened()
    assert after == before + 1
    for pattern in (r'data-picture src="([^"]+)"', r'data-again="([^"]+)"'):
        visit.get(first(pattern, shown))
    assert opened() == after


# --- described


def test_what_is_said_of_it_is_changed(visit: Visit, office: Office, document: bytes) -> None:
    policy = office.facts.policies[0][0].hex()
    visit.get(page_of(visit, document, "/edit"))
    said = {"kind": "控除証明書", "title": "令和8年分", "date": "R8.10.20", "electronic": "保険会社のマイページ", "policy": policy, "version": "1"}
    assert visit.post(page_of(visit, document, "/edit"), said).status_code == 303
    held = papers.held(office, document)
    assert (held.document.kind, held.document.title, held.document.policy, len(held.document.pages)) == ("控除証明書", "令和8年分", policy, 2)
    assert "令和8年分" in text(visit.get(f"{visit.client_page()}/policies/{policy}"))
    assert "令和8年分" in text(visit.get(visit.client_page()))


def test_a_paper_is_not_a_file(visit: Visit, document: bytes) -> None:
    visit.get(page_of(visit, document, "/edit"))
    answer = visit.post(page_of(visit, document, "/edit"), {
        "kind": "保険証券", "original": "お客様", "electronic": "その他", "title": "どちら", "version": "1"})
    assert answer.status_code == 400 and "どちらか一方" in text(answer) and 'value="どちら"' in text(answer)


def test_on_top_of_somebody_elses_change_both_are_shown(visit: Visit, office: Office, document: bytes) -> None:
    visit.get(page_of(visit, document, "/edit"))
    theirs = replace(papers.held(office, document).document, title="別の人の題名")
    documents.save(office.desk(), office.facts.clients[0], document, theirs, 1)
    mine = {"kind": "保険証券", "title": "わたしの題名", "version": "1", "policy": office.facts.policies[0][0].hex()}
    answer = visit.post(page_of(visit, document, "/edit"), mine)
    assert answer.status_code == 409
    assert "別の人の題名" in text(answer) and "わたしの題名" in text(answer) and "日本生命 終身 N-01" in text(answer)
    assert visit.post(page_of(visit, document, "/edit"), {**mine, "version": "2"}).status_code == 303
    assert papers.held(office, document).document.title == "わたしの題名"


def test_a_save_of_what_is_gone_keeps_what_was_typed(visit: Visit, office: Office, document: bytes) -> None:
    visit.get(page_of(visit, document, "/bin"))
    visit.post(page_of(visit, document, "/bin"), {"version": "1"})
    answer = visit.post(page_of(visit, document, "/edit"), {
        "kind": "保険証券", "title": "書きかけの題名", "electronic": "", "version": "1"})
    assert answer.status_code == 404 and "書きかけの題名" in text(answer) and "ごみ箱に入れました" in text(answer)


# --- pages that wait


def test_a_page_with_a_number_waits_and_is_not_shown(visit: Visit, numbered: bytes) -> None:
    shown = visit.get(page_of(visit, numbered, "?p=2"))
    assert "塗りつぶし待ち" in text(shown) and "塗りつぶしへ" in text(shown)
    assert "5674" not in text(shown) and 'data-picture src="' not in text(shown)
    assert "塗りつぶし待ち 1枚" in text(visit.get(visit.client_page()))


def test_what_was_found_is_proposed_and_blacked_out(visit: Visit, office: Office, numbered: bytes) -> None:
    address, asked = black_form(visit, numbered, 2)
    areas = re.findall(r'name="area" value="([0-9,]+)"', text(asked))
    assert areas and visit.get(first(r'<image href="([^"]+)"', asked)).mimetype == "image/jpeg"
    answer = visit.post(address, {"version": "1", "act": "black", "area": areas[0]})
    assert answer.status_code == 303 and answer.location.endswith("?p=2")
    assert papers.held(office, numbered).document.held == []
    assert all("5674" not in words for words in papers.words_of(office, numbered))
    assert visit.get(answer.location).status_code == 200
    assert visit.post(address, {"version": "1", "act": "black", "area": areas[0]}).status_code == 303  # a second click


def test_nothing_blacked_out_is_asked_about(visit: Visit, office: Office, numbered: bytes) -> None:
    address, _ = black_form(visit, numbered, 2)
    for sent in ({"act": "black"}, {"act": "black", "area": "1,2,3"}, {"act": "black", "area": "1,2,0,9"}, {"act": "clear"}, {"act": ""}):
        answer = visit.post(address, {"version": "1", **sent})
        assert answer.status_code == 400 and 'role="alert"' in text(answer), sent
    assert papers.held(office, numbered).document.held == [1]


def test_an_area_beside_the_page_blacks_nothing_out(visit: Visit, office: Office, numbered: bytes) -> None:
    address, _ = black_form(visit, numbered, 2)
    answer = visit.post(address, {"version": "1", "act": "black", "area": "99990,99990,99999,99999"})
    assert answer.status_code == 400
    assert papers.held(office, numbered).document.held == [1]
    over = visit.post(address, {"version": "1", "act": "black", "area": "0,0,99999,99999"})  # and one larger than it, all
    assert over.status_code == 303 and papers.words_of(office, numbered)[1] == ""


def test_somebody_has_looked_and_there_is_no_number(visit: Visit, office: Office, numbered: bytes) -> None:
    address, _ = black_form(visit, numbered, 2)
    assert visit.post(address, {"version": "1", "act": "clear", "looked": "1"}).status_code == 303
    assert papers.held(office, numbered).document.held == []


def test_a_page_is_left_out_and_the_next_one_follows(visit: Visit, office: Office) -> None:
    document = papers.add(office, papers.pdf("one", "two", "three"), hold=True)
    address, _ = black_form(visit, document, 1)
    left = visit.post(address, {"version": "1", "act": "leave"})
    assert left.location.endswith("/held/2")
    follows = visit.get(left.location)
    assert "保留している用紙 2枚" in text(follows)
    done = visit.post(left.location, {"version": "2", "act": "clear", "looked": "1"})
    assert done.location.endswith("/held/3")
    shown = text(visit.get(page_of(visit, document)))
    assert "用紙 2 / 3" in shown and "用紙 1 / 3" not in shown and "取り除いた用紙 1枚" in shown  # numbered as an order for a print is


def test_somebody_was_faster(visit: Visit, office: Office) -> None:
    document = papers.add(office, papers.pdf("one", "two"), hold=True)
    address, _ = black_form(visit, document, 1)
    held_pages.leave_out(office.desk(), office.facts.clients[0], document, 1, 1)
    answer = visit.post(address, {"version": "1", "act": "black", "area": "10,20,30,40"})
    assert answer.status_code == 409 and 'value="10,20,30,40"' in text(answer) and 'name="version" value="2"' in text(answer)


def test_a_page_that_has_waited_too_long_can_only_be_left_out(visit: Visit, office: Office, numbered: bytes) -> None:
    for path in papers.on_the_way(office):
        path.unlink()
    address, asked = black_form(visit, numbered, 2)
    assert asked.status_code == 200 and "残っていません" in text(asked) and "<image" not in text(asked)
    assert visit.post(address, {"version": "1", "act": "leave"}).status_code == 303
    assert papers.held(office, numbered).document.held == []


# --- beside the policy form


def test_the_form_offers_the_clients_papers_and_one_begins_from_a_document(visit: Visit, office: Office, document: bytes) -> None:
    assert "書類を横に出す" in text(visit.get(visit.policy_page() + "/edit"))
    policy = office.facts.policies[0][0].hex()
    own = papers.add(office, papers.pdf("its own"), replace(papers.POLICY, title="この契約の証券", policy=policy))
    papers.add(office, papers.pdf("another"))
    form = text(visit.get(visit.policy_page() + "/edit"))
    assert re.findall(r'data-document="([0-9a-f]+)"', form)[0] == own.hex()  # those of the policy come first
    asked = visit.get(f"{visit.client_page()}/policies/new?document={document.hex()}")
    assert f'name="document" value="{document.hex()}"' in text(asked)
    beside = visit.get(page_of(visit, document, "/beside"))
    check(beside, "beside")
    assert "<html" not in text(beside) and "用紙 1 / 2" in text(beside)


def test_the_document_belongs_to_the_policy_that_was_typed_from_it(visit: Visit, office: Office, document: bytes) -> None:
    visit.get(f"{visit.client_page()}/policies/new?document={document.hex()}")
    form = {
        "kind": "終身", "insurer": "日本生命", "policy_number": "12-345-678", "state": "有効", "handled_by": "自社", "premium": "10,000", "mode": "月",
        "contract_date": "H20.6.1", "roles-0-role": "契約者", "roles-0-name": "志摩 海斗", "roles-1-role": "被保険者", "roles-1-name": "志摩 海斗",
        "document": document.hex(), "beside": document.hex(),
    }  # fmt: skip
    again = visit.post(f"{visit.client_page()}/policies/new", {**form, "insurer": ""})
    assert again.status_code == 400 and f'name="beside" value="{document.hex()}"' in text(again)
    assert visit.post(f"{visit.client_page()}/policies/new", form).status_code == 303
    policy = papers.held(office, document).document.policy
    assert policies.get(office.desk(), office.facts.clients[0], bytes.fromhex(policy)).held.policy.policy_number == "12-345-678"


def test_what_was_read_is_proposed_with_its_piece_of_the_picture(
    visit: Visit, document: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vault.domain.readings import Proposal

    found = [
        Proposal("policy_number", "12-345-678", 0, Area(200, 100, 150, 20), "証券番号"),
        Proposal("roles-契約者-name", "志摩 <海斗>", 1, Area(0, 0, 150, 20), "ご契約者"),
    ]
    monkeypatch.setattr(documents, "proposals", lambda *_: found)
    address = first(r'data-readings="([^"]+)"', visit.get(page_of(visit, document, "/beside")))
    answer = visit.get(address)
    check(answer, "readings")
    assert 'data-box="policy_number" data-value="12-345-678"' in text(answer) and "証券番号" in text(answer)
    assert 'data-box="roles-契約者-name"' in text(answer) and "契約者 氏名・名称" in text(answer) and "<海斗>" not in text(answer)
    left, top, width, height = map(int, first(r'viewBox="([^"]+)"', answer).split())
    assert (left <= 200 and top <= 100) and left + width >= 350 and top + height >= 120
    assert visit.get(first(r'<image href="([^"]+)"', answer)).mimetype == "image/jpeg"


def test_of_a_pile_one_page_is_read_at_a_time(visit: Visit, office: Office) -> None:
    pile = papers.add(office, papers.pdf(NUMBERED, "PolicyNo 12-345-671", "PolicyNo 12-345-672"))
    held_pages.leave_out(office.desk(), office.facts.clients[0], pile, 0, 1)
    shown = visit.get(page_of(visit, pile, "/beside"))
    address = first(r'data-readings="([^"]+)"', shown)
    whole = text(visit.get(address))
    assert "12-345-671" in whole and "12-345-672" in whole and "data-only>" in whole
    assert re.findall(r"用紙 (\d)</span>", whole) == ["2", "3"]
    third = text(visit.get(f"{address}?page=3"))
    assert 'data-page="3"' in text(shown) and "12-345-672" in third and "12-345-671" not in third and "data-only checked" in third
    assert visit.get(f"{address}?page=9").status_code == 404
    assert "data-only" not in text(visit.get(first(
        r'data-readings="([^"]+)"', visit.get(page_of(visit, papers.add(office, papers.pdf("Policy")), "/beside")))))


def test_a_real_reading_reaches_the_page(visit: Visit, office: Office) -> None:
    """Whatever is found in it: the way from the words of a document to the page is whole."""
    document = papers.add(office, papers.pdf("Policy"))
    address = first(r'data-readings="([^"]+)"', visit.get(page_of(visit, document, "/beside")))
    assert "data-answer=\"readings\"" in text(visit.get(address))


# --- in the bin, and gone


def test_a_document_goes_into_the_bin_and_comes_back(visit: Visit, office: Office, document: bytes) -> None:
    asked = visit.get(page_of(visit, document, "/bin"))
    assert "終身の証券" in text(asked)
    assert visit.post(page_of(visit, document, "/bin"), {"version": "1"}).location == "/bin?put=document"
    assert visit.get(page_of(visit, document)).status_code == 404
    listed = visit.get("/bin")
    assert "終身の証券" in text(listed)
    back = visit.post("/bin/back", {"client": office.facts.clients[0].hex(), "record": document.hex(), "what": "document"})
    assert visit.get(back.location).status_code == 200


def test_a_document_is_erased_with_its_pages(visit: Visit, office: Office, document: bytes) -> None:
    kept = papers.add(office, papers.pdf("another"))
    asked = visit.get(page_of(visit, document, "/erase"))
    assert "終身の証券" in text(asked)
    order = {"reason": "保存期限の満了", "typed": "志摩 海斗", "password": PASSWORD}
    answer = visit.post(page_of(visit, document, "/erase"), order)
    assert answer.status_code == 303 and answer.location.startswith("/erasures/certificate"), text(answer)
    assert [each.id for each in papers.of_client(office)] == [kept] and len(papers.rows(office)) == 1
    assert visit.get(page_of(visit, document)).status_code == 404


def test_who_only_reads_is_shown_no_way_to_change(app: Flask, visit: Visit, office: Office, numbered: bytes) -> None:
    rooms = tuple(office.desk().directory.of_clients())
    member = join(office, Role.VIEWER, rooms)
    reader = Visit(app, office).with_device(member.device)
    reader.sign_in(member.login_id, member.password)
    shown = text(reader.get(page_of(visit, numbered)))
    assert "用紙 1 / 2" in shown
    for word in ("塗りつぶしへ", "/edit", "/bin", "/erase", "この書類から契約を入力"):
        assert word not in shown, word


def test_a_title_is_shown_as_it_was_typed_and_nothing_more(visit: Visit, office: Office) -> None:
    said = Document(kind="その他", title="<b>太字</b>&copy;")
    document = papers.add(office, papers.pdf("a page"), said)
    for path in (page_of(visit, document), visit.client_page(), page_of(visit, document, "/edit")):
        assert "&lt;b&gt;太字&lt;/b&gt;&amp;copy;" in text(visit.get(path)) and "<b>太字" not in text(visit.get(path))
