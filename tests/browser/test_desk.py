"""At the desk: left alone, signed out, two tabs, earlier versions, mistakes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from tests.browser.conftest import POLICY, Desk, save
from tests.support import forms, pages
from tests.support.browser import office_context

pytestmark = pytest.mark.browser


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
    return re.findall(
        r'href="(/clients/[0-9a-f]+/policies/[0-9a-f]{32})"',
        desk.page.request.get(desk.instance.address + client).text(),
    )


# --- left alone


@pytest.fixture
def alone(browser: Browser, desk: Desk) -> Iterator[BrowserContext]:
    """The desk's device with a session of its own, so that locking it locks nobody else."""
    state = desk.page.context.storage_state()
    state["cookies"] = [cookie for cookie in state["cookies"] if cookie.get("name") == "__Host-device"]
    context = office_context(browser, storage_state=state)
    yield context
    context.close()


def test_a_page_left_alone_is_blank_keeps_what_was_typed_and_goes_on(
    alone: BrowserContext, desk: Desk, policy: str
) -> None:
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
    save(page)
    expect(page.locator("main")).to_contain_text("席を立つ前に入力した備考")


def test_after_signing_out_the_back_button_shows_nothing(
    alone: BrowserContext, desk: Desk, client: str, policy: str
) -> None:
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


# --- before the scripts are there


def test_a_key_pressed_before_the_scripts_are_there_does_what_it_says(desk: Desk, policy: str, tab: Page) -> None:
    held: list[Route] = []

    def press(path: str, box: str, *keys: str) -> None:
        tab.route("**/js/main.js", lambda route: held.append(route), times=1)
        tab.goto(desk.instance.address + path, wait_until="commit")
        tab.locator(box).focus()
        for key in keys:
            tab.keyboard.press(key)
        while not held:
            tab.wait_for_timeout(20)
        assert tab.url == desk.instance.address + path  # nothing half typed was sent
        with tab.expect_navigation():
            held.pop().continue_()

    press(f"{policy}/edit", "#product", "End", "1", "Enter", "Control+s")
    expect(tab.locator("main")).to_contain_text("終身保険1")
    press(policy, "#main", "e")
    expect(tab.locator("#product")).to_have_value("終身保険1")
    press(f"{policy}/edit", "#main", "Escape")
    assert tab.url == desk.instance.address + policy


# --- two tabs


def test_a_second_tab_sees_both_versions_and_loses_nothing(desk: Desk, tab: Page, policy: str) -> None:
    first, second = desk.page, tab
    for page in (first, second):
        page.goto(f"{desk.instance.address}{policy}/edit")
    first.locator("#notes").fill("先に保存した備考")
    first.locator("#coverages-0-amount").fill("600")
    save(first)
    second.locator("#notes").fill("後から保存した備考")
    second.locator("#premium").fill("13,000")
    save(second)

    rows = second.locator(".notice.warn tbody tr").evaluate_all(
        "rows => rows.map(r => [...r.cells].map(c => c.textContent))"
    )
    assert ["備考", "先に保存した備考", "後から保存した備考"] in rows
    assert ["保険料(1回分)", "12,480", "13,000"] in rows
    assert any(row[0].startswith("主契約の保障・補償 1行目") and row[1:] == ["600", "500"] for row in rows)
    expect(second.locator("#notes")).to_have_value("後から保存した備考")
    expect(second.locator("#premium")).to_have_value("13,000")
    second.locator("#coverages-0-amount").fill("600")
    save(second)
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
    save(desk.page)
    tab.locator("#handler").fill("小林")
    save(tab)
    expect(tab.locator(".notice.warn")).to_contain_text("東京都葛󠄀飾区")
    expect(tab.locator("#handler")).to_have_value("小林")
    tab.locator("#address").fill("東京都葛󠄀飾区")
    save(tab)
    expect(tab.locator("main")).to_contain_text("小林")
    expect(tab.locator("main")).to_contain_text("東京都葛󠄀飾区")


# --- mistakes


def test_errors_stand_beside_their_boxes_and_nothing_typed_is_lost(
    tab: Page, desk: Desk, client: str
) -> None:
    tab.goto(f"{desk.instance.address}{client}/policies/new")
    typed = {
        "#insurer": "日本生命",
        "#policy_number": "",
        "#product": "残る商品名",
        "#contract_date": "2月30日",
        "#premium": "▲500",
        "#roles-0-name": "𠮷田 葵",
        "#roles-1-name": "𠮷田 葵",
        "#coverages-0-name": "残る保障",
        "#coverages-0-amount": "-5",
        "#notes": "残る備考",
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
    # What was typed and one row to go on with: a table does not grow with every mistake.
    expect(tab.locator("#coverages tbody tr")).to_have_count(2)
    tab.locator("#policy_number").fill("NEW-1")
    tab.locator("#contract_date").fill("H20.2.29")
    tab.locator("#premium").fill("500")
    tab.locator("#coverages-0-amount").fill("5")
    save(tab)
    expect(tab.locator("#policies")).to_contain_text("NEW-1")


def test_no_language_mixes_into_the_pages(desk: Desk, client: str, policy: str, tab: Page) -> None:
    """No key of a catalogue is shown as it is."""
    for path in (
        "/clients",
        client,
        f"{client}/edit",
        policy,
        f"{policy}/edit",
        "/office",
        "/ledger",
        "/prints",
        "/help",
        f"{client}/policies/new",
    ):
        tab.goto(desk.instance.address + path)
        shown = tab.locator("body").inner_text()
        assert re.findall(r"\b(?:field|fault|error|group|choice)\.[A-Za-z0-9_.-]+", shown) == [], path
