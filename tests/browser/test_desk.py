"""At the desk: left alone, signed out, two tabs, mistakes, and everything that people and strangers type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import Desk
from tests.support import forms, pages, pdf
from tests.support.browser import office_context

pytestmark = pytest.mark.browser
CLIENT = {"name": "𠮷田 葵", "kana": "ヨシダ アオイ", "members": [{"name": "𠮷田 葵", "kana": "ヨシダ アオイ", "relationship": "本人"}]}
POLICY = {
    "kind": "終身", "insurer": "日本生命", "policy_number": "1234-567890", "product": "終身保険", "state": "有効", "handled_by": "自社",
    "contract_date": "2008-06-01", "term": "終身", "premium": "12,480", "mode": "月", "notes": "はじめの備考",
    "roles": [{"role": "契約者", "name": "𠮷田 葵"}, {"role": "被保険者", "name": "𠮷田 葵"}],
    "coverages": [{"name": "死亡保険金", "amount": "500"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def client(desk: Desk) -> str:
    """Path of a client's page with one policy."""
    path = forms.add_client(desk.page, desk.instance, CLIENT)
    forms.add_policy(desk.page, desk.instance, path, POLICY)
    return path


@pytest.fixture
def policy(desk: Desk, client: str) -> str:
    """Path of a policy of the test's own."""
    number = f"{client[-6:]}-{len(_numbers(desk, client))}"
    forms.add_policy(desk.page, desk.instance, client, {**POLICY, "policy_number": number})
    desk.page.goto(desk.instance.address + client)
    link = desk.page.locator("#policies tr", has_text=number).locator("a").get_attribute("href")
    assert link
    return link


def _numbers(desk: Desk, client: str) -> list[str]:
    return re.findall(r'href="(/clients/[0-9a-f]+/policies/[0-9a-f]{32})"', desk.page.request.get(desk.instance.address + client).text())


@pytest.fixture
def tab(desk: Desk) -> Iterator[Page]:
    page = desk.page.context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    page.close()


def _save(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Control+s")


# --- left alone


@pytest.fixture
def alone(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    """The desk's device with a session of its own, so that locking it locks nobody else."""
    state = desk.page.context.storage_state()
    state["cookies"] = [cookie for cookie in state["cookies"] if cookie.get("name") == "__Host-device"]
    context = office_context(browser, storage_state=state)
    yield context
    context.close()


def test_a_page_left_alone_is_blank_keeps_what_was_typed_and_goes_on(alone: BrowserContext, desk: Desk, policy: str) -> None:
    page = alone.new_page()
    page.clock.install()
    pages.sign_in(page, desk.instance, desk.begun.login_id, desk.begun.password)
    page.goto(f"{desk.instance.address}{policy}/edit")
    page.locator("#notes").fill("席を立つ前に入力した備考")
    page.clock.run_for(60_000)
    expect(page.locator("#lock")).to_be_hidden()
    page.clock.fast_forward("15:30")
    expect(page.locator("#lock")).to_be_visible()
    assert "𠮷田" not in page.locator("body").inner_text()
    assert page.locator("body > :visible").evaluate_all("all => all.map(el => el.id)") == ["lock"]
    page.keyboard.press("Escape")
    expect(page.locator("#lock")).to_be_visible()
    # The server has let go of the keys as well: another tab of the same browser is not in either.
    other = alone.new_page()
    other.goto(desk.instance.address + policy)
    assert "𠮷田" not in other.locator("body").inner_text()

    page.locator("#lock-id").fill(desk.begun.login_id)
    page.locator("#lock-password").fill("ちがうパスワード です")
    page.keyboard.press("Enter")
    expect(page.locator("#lock-said")).to_contain_text("違います")
    page.locator("#lock-password").fill(desk.begun.password)
    page.keyboard.press("Enter")
    expect(page.locator("#lock")).to_be_hidden()
    expect(page.locator("#notes")).to_have_value("席を立つ前に入力した備考")
    expect(page.locator("#notes")).to_be_focused()
    _save(page)
    expect(page.locator("main")).to_contain_text("席を立つ前に入力した備考")


def test_after_signing_out_the_back_button_shows_nothing(alone: BrowserContext, desk: Desk, client: str, policy: str) -> None:
    page = alone.new_page()
    pages.sign_in(page, desk.instance, desk.begun.login_id, desk.begun.password)
    page.goto(desk.instance.address + client)
    page.goto(desk.instance.address + policy)
    pages.sign_out(page)
    for _ in range(2):
        page.go_back()
        page.wait_for_load_state()
        assert "𠮷田" not in page.locator("body").inner_text()
        assert "1234-567890" not in page.content()
    page.goto(desk.instance.address + policy)
    expect(page.get_by_label("ログインID")).to_be_visible()


# --- two tabs


def test_a_second_tab_sees_both_versions_and_loses_nothing(desk: Desk, tab: Page, policy: str) -> None:
    first, second = desk.page, tab
    for page in (first, second):
        page.goto(f"{desk.instance.address}{policy}/edit")
    first.locator("#notes").fill("先に保存した備考")
    first.locator("#coverages-0-amount").fill("600")
    _save(first)
    second.locator("#notes").fill("後から保存した備考")
    second.locator("#premium").fill("13,000")
    _save(second)

    rows = second.locator(".notice.warn tbody tr").evaluate_all("rows => rows.map(r => [...r.cells].map(c => c.textContent))")
    assert ["備考", "先に保存した備考", "後から保存した備考"] in rows
    assert ["保険料(1回分)", "12,480", "13,000"] in rows
    assert any(row[0].startswith("主契約の保障・補償 1行目") and row[1:] == ["600", "500"] for row in rows)
    expect(second.locator("#notes")).to_have_value("後から保存した備考")
    expect(second.locator("#premium")).to_have_value("13,000")
    second.locator("#coverages-0-amount").fill("600")
    _save(second)
    expect(second.locator("main")).to_contain_text("後から保存した備考")
    expect(second.locator("main")).to_contain_text("600万円")

    for number, said in ((1, "はじめの備考"), (2, "先に保存した備考"), (3, "後から保存した備考")):
        second.goto(f"{desk.instance.address}{policy}/versions/{number}")
        expect(second.locator("section", has=second.locator("#whole"))).to_contain_text(said)
    changes = second.locator("section", has=second.locator("#changes"))
    expect(changes).to_contain_text("先に保存した備考")


def test_a_second_tab_at_a_client(desk: Desk, tab: Page, client: str) -> None:
    for page in (desk.page, tab):
        page.goto(f"{desk.instance.address}{client}/edit")
    desk.page.locator("#address").fill("東京都葛󠄀飾区")
    _save(desk.page)
    tab.locator("#handler").fill("小林")
    _save(tab)
    expect(tab.locator(".notice.warn")).to_contain_text("東京都葛󠄀飾区")
    expect(tab.locator("#handler")).to_have_value("小林")
    tab.locator("#address").fill("東京都葛󠄀飾区")
    _save(tab)
    expect(tab.locator("main")).to_contain_text("小林")
    expect(tab.locator("main")).to_contain_text("東京都葛󠄀飾区")


# --- mistakes


def test_errors_stand_beside_their_boxes_and_nothing_typed_is_lost(tab: Page, desk: Desk, client: str) -> None:
    tab.goto(f"{desk.instance.address}{client}/policies/new")
    typed = {
        "#insurer": "日本生命", "#policy_number": "", "#product": "残る商品名", "#contract_date": "2月30日", "#premium": "▲500",
        "#roles-0-name": "𠮷田 葵", "#roles-1-name": "𠮷田 葵", "#coverages-0-name": "残る保障", "#coverages-0-amount": "-5", "#notes": "残る備考",
    }
    for box, text in typed.items():
        tab.locator(box).fill(text)
    tab.keyboard.press("Control+s")
    faults = tab.locator("#faults li")
    expect(faults).to_have_count(4)
    for path in ("policy_number", "contract_date", "premium", "coverages-0-amount"):
        expect(tab.locator(f"#{path}-fault")).to_be_visible()
        assert f"{path}-fault" in (tab.locator(f"#{path}").get_attribute("aria-describedby") or "")
    expect(tab.locator("#policy_number")).to_be_focused()
    for box, text in typed.items():
        expect(tab.locator(box)).to_have_value(text)
    tab.locator("#policy_number").fill("NEW-1")
    tab.locator("#contract_date").fill("H20.2.29")
    tab.locator("#premium").fill("500")
    tab.locator("#coverages-0-amount").fill("5")
    _save(tab)
    expect(tab.locator("#policies")).to_contain_text("NEW-1")


REFUSED = [
    ("insurer", "日本\x07生命", "使えない文字"), ("insurer", "日本\x00生命", ""), ("product", "終身\u202eFDP", "使えない文字"),
    ("contract_date", "2月30日", ""), ("contract_date", "2023-02-30", ""), ("contract_date", "令和1年4月30日", ""),
    ("contract_date", "=TODAY()", ""), ("premium", "-12,480", "マイナス"), ("premium", "▲12,480円", "マイナス"), ("premium", "一万円", ""),
    ("premium", "1e5", ""), ("premium", "99999999999999", ""), ("mode", "毎日", ""), ("kind", "存在しない保険", ""),
    ("policy_number", "9" * 61, ""), ("roles-0-name", "123456789018", "マイナンバー"), ("policy_number", "123456789018", "マイナンバー"),
    ("coverages-0-amount", "▲500", "マイナス"), ("product", "マイナンバー123456789018", "マイナンバー"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "said"), REFUSED)
def test_what_no_paper_says_is_refused_beside_its_box(desk: Desk, client: str, path: str, text: str, said: str) -> None:
    sent = {**forms.flat({**POLICY, "policy_number": "BAD-1"}), path: text}
    answer = forms.post(desk.page, desk.instance, f"{client}/policies/new", sent)
    assert answer.status == 400
    html = answer.text()
    fault = re.search(rf'<p class="fault" id="{path}-fault">([^<]+)', html)
    assert fault is not None or path == "kind"
    assert said in (fault[1] if fault else said)
    assert "fault." not in (fault[1] if fault else "")
    assert "はじめの備考" in html and "終身保険" in html or path == "product"


LITERAL = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=1+1", "=HYPERLINK(\"http://x\")", "@SUM(A1)", "+81", "{{7*7}}",
    "{% raw %}", "%(name)s", "'; DROP TABLE records;--", "../../etc/passwd", "\\u0000", "&lt;b&gt;", "𠮷野家", "葛󠄀西", "髙﨑", "契約👨‍👩‍👧😀",
    "ｶﾅ半角", "ﷺ", "é", "javascript:alert(1)",
]  # fmt: skip


def test_odd_words_are_kept_literally_and_do_nothing(desk: Desk, tab: Page, client: str, tmp_path: Path) -> None:
    opened: list[str] = []
    tab.on("dialog", lambda dialog: opened.append(dialog.message))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    person: dict[str, Any] = {"name": LITERAL[0], "kana": "スクリプト", "relationship": "本人", "notes": "\n".join(LITERAL)}
    path = forms.add_client(desk.page, desk.instance, {"name": LITERAL[0], "kana": "スクリプト", "members": [person], "notes": "\n".join(LITERAL)})
    for n, text in enumerate(LITERAL):
        roles = [{"role": role, "name": text} for role in ("契約者", "被保険者")]
        odd = {"product": text, "insurer": text, "policy_number": f"{n} {text}", "roles": roles, "notes": text}
        forms.add_policy(desk.page, desk.instance, path, {**POLICY, **odd, "coverages": [{"name": text, "amount": text}]})
    tab.goto(desk.instance.address + path)
    numbers = tab.locator("#policies tbody tr td:nth-child(3)").all_text_contents()
    assert sorted(numbers) == sorted(f"{n} {text}" for n, text in enumerate(LITERAL))
    links = tab.locator("#policies tbody a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    for link in links:
        tab.goto(f"{desk.instance.address}{link}/edit")
        found = forms.read_back(tab)
        text = found["policy_number"].partition(" ")[2]
        assert found["product"] == found["insurer"] == found["notes"] == text
        assert found["coverages"][0]["name"] == found["coverages"][0]["amount"] == text
        tab.goto(desk.instance.address + link)
        assert text in tab.locator("main").inner_text()
    tab.goto(f"{desk.instance.address}/prints?client={path.split('/')[-1]}")
    tab.locator("#purpose").select_option("社内利用")
    _save(tab)
    tab.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    text = pdf.squeezed(pdf.raw(tmp_path / "sheet.pdf"))
    for words in LITERAL:
        # What fonts join into one shape, or lack, is looked at with the eye.
        if words.isascii() or words in ("𠮷野家", "髙﨑", "ｶﾅ半角"):
            assert pdf.squeezed(words) in text, words
    for place in ("/clients", "/ledger", "/prints"):
        tab.goto(desk.instance.address + place)
        expect(tab.locator("main")).to_contain_text(LITERAL[0])
    assert opened == []
    assert [url for url in asked if not url.startswith(desk.instance.address)] == []


@pytest.mark.parametrize("name", ["123456789018", "山田 1234 5678 9018", "山田123456789018"])
def test_an_individual_number_is_no_name(desk: Desk, client: str, name: str) -> None:
    sent = forms.flat({**CLIENT, "name": name})
    answer = forms.post(desk.page, desk.instance, "/clients/new/Household", sent)
    assert answer.status == 400
    fault = re.search(r'<p class="fault" id="name-fault">([^<]+)', answer.text())
    assert fault is not None and "マイナンバー" in fault[1]


def test_no_language_mixes_into_the_pages(desk: Desk, client: str, policy: str, tab: Page) -> None:
    """No key of a catalogue is shown as it is."""
    for path in ("/clients", client, f"{client}/edit", policy, f"{policy}/edit", "/office", "/ledger", "/prints", "/help", f"{client}/policies/new"):
        tab.goto(desk.instance.address + path)
        shown = tab.locator("body").inner_text()
        assert re.findall(r"\b(?:field|fault|error|group|choice)\.[A-Za-z0-9_.-]+", shown) == [], path
