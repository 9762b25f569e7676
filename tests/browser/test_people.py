"""A new colleague, from the form to the first client he opens: handed a sheet, in on his own browser."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import Desk
from tests.support import axe, pages, pdf
from tests.support.instance import Instance

pytestmark = pytest.mark.browser
_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
OTHERS = (
    "/office", "/own", "/own/password", "/own/device-code", "/own/spare-code", "/devices", "/compartments",
    "/compartments/new", "/office/rules",
)  # fmt: skip
NAME, PASSWORD = "髙橋 美咲", "ぶどう 自転車 らくだ 朝焼け"


def _make(page: Page, instance: Instance) -> None:
    """By keyboard alone: N, the names, the role (the one compartment is chosen already), Ctrl+S."""
    page.goto(f"{instance.address}/people")
    expect(page.locator(".notice.warn")).to_contain_text("管理者が1人だけです")
    axe.check(page)
    page.keyboard.press("n")
    expect(page.locator("#name")).to_be_focused()
    page.wait_for_load_state()  # Enter goes forward from when the scripts are there
    page.keyboard.insert_text(NAME)
    for text in ("タカハシ ミサキ", "R8.11.20"):
        page.keyboard.press("Enter")
        page.keyboard.insert_text(text)
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    expect(page.get_by_role("radio", name=re.compile("^担当者"))).to_be_checked()
    expect(page.get_by_role("checkbox", name="本社")).to_be_checked()
    axe.check(page)
    page.keyboard.press("Control+s")
    page.wait_for_url("**/sheet")


def _printed(page: Page, made: Path) -> dict[str, str]:
    """The sheet on paper: one page, everything in it whole and apart. Returns what a person reads off it."""
    expect(page.locator("[data-print]")).to_be_focused()
    page.pdf(path=made, prefer_css_page_size=True)
    assert pdf.page_count(made) == 1
    read = {name: page.locator(f"#sheet-{name}").inner_text() for name in ("code", "login-id", "password")}
    [(width, height, words)] = pdf.words(made)
    assert all(0 < w.left and w.right < width and 0 < w.top and w.bottom < height for w in words)
    assert not [(a.text, b.text) for i, a in enumerate(words) for b in words[:i] if a.overlaps(b)]
    said = {word.text for word in words}
    assert set(read.values()) <= said, "each stands on one line, in one piece"
    whole = pdf.squeezed(pdf.raw(made))
    for text in (
        f"{NAME}様",
        "ログイン情報通知書",
        "はじめ方",
        "してはいけないこと",
        "まで",
        "1/1ページ",
        "本人に手渡し",
    ):
        assert pdf.squeezed(text) in whole, text
    assert "渡しました" not in whole
    return read


def _enter(page: Page, instance: Instance, sheet: dict[str, str]) -> None:
    """With the sheet in the hand, as its four steps say."""
    page.goto(instance.address)
    page.get_by_role("link", name="端末登録コードでこのブラウザーを登録する").click()
    page.get_by_label("端末登録コード").fill(sheet["code"])
    page.get_by_label("ログインID").fill(sheet["login-id"])
    page.get_by_label("パスワード", exact=True).fill(sheet["password"])
    pages.press(page, "登録してログイン")
    page.locator("#password").fill(PASSWORD)
    page.goto(f"{instance.address}/clients")
    expect(page.locator("#again"), "nothing opens before there is a password of his own").to_be_visible()
    page.locator("#password").fill(PASSWORD)
    page.locator("#again").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="ログアウト")).to_be_visible()


def test_a_colleague_is_made_handed_a_sheet_and_comes_in(
    desk: Desk, client: str, new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    mine, instance = desk.page, desk.instance
    _make(mine, instance)
    person = mine.url.removesuffix("/sheet")
    sheet = _printed(mine, tmp_path / "sheet.pdf")
    pages.press(mine, "渡しました")
    expect(mine.locator(".notice.good")).to_be_visible()
    mine.go_back()
    mine.wait_for_load_state()
    expect(mine.locator("body")).not_to_contain_text(sheet["password"])

    theirs = new_context().new_page()
    _enter(theirs, instance, sheet)
    pages.sign_out(theirs)
    pages.sign_in(theirs, instance, sheet["login-id"], PASSWORD)
    theirs.goto(instance.address + client)
    expect(theirs.locator("h1")).to_contain_text("𠮷田 葵")
    expect(theirs.get_by_role("link", name=re.compile("契約を登録"))).to_be_visible()

    mine.goto(f"{person}/role")
    expect(mine.get_by_role("radio", name=re.compile("^担当者"))).to_be_focused()
    mine.keyboard.press("ArrowDown")
    with mine.expect_navigation(url="**done=role"):
        mine.keyboard.press("Control+s")
    expect(mine.locator(".badge")).to_have_text("閲覧者")
    theirs.reload()
    expect(theirs.get_by_label("ログインID")).to_be_visible()
    pages.sign_in(theirs, instance, sheet["login-id"], PASSWORD)
    theirs.goto(instance.address + client)
    expect(theirs.locator("h1")).to_contain_text("𠮷田 葵")
    expect(theirs.get_by_role("link", name=re.compile("契約を登録"))).to_have_count(0)

    mine.goto(f"{instance.address}/own/password")
    for box, text in (("old", "not the password"), ("new", PASSWORD), ("again", PASSWORD)):
        expect(mine.locator(f"#{box}")).to_be_focused()
        mine.keyboard.insert_text(text)
        if box != "again":
            mine.keyboard.press("Enter")
    with mine.expect_navigation():
        mine.keyboard.press("Enter")
    expect(mine.locator("#error")).to_have_text("パスワードが違います。もう一度入力してください。")

    mine.goto(f"{person}/stop")
    pages.press(mine, f"{NAME}さんの利用を止める")
    expect(mine.locator(".facts")).to_contain_text("利用停止")
    theirs.reload()
    pages.sign_in(theirs, instance, sheet["login-id"], PASSWORD)
    expect(theirs.locator("#error")).to_be_visible()


def test_the_other_pages_of_the_office_are_whole_at_1366_and_at_twice_the_zoom(desk: Desk, tab: Page) -> None:
    room = desk.page.request.get(f"{desk.instance.address}/compartments").text()
    [found] = set(re.findall(r'href="(/compartments/[0-9a-f]{32})"', room))
    for path in (*OTHERS, found, f"{found}/name"):
        tab.set_viewport_size({"width": 1366, "height": 768})
        tab.goto(desk.instance.address + path)
        axe.check(tab)
        for width in (1366, 683):
            tab.set_viewport_size({"width": width, "height": width * 768 // 1366})
            assert tab.evaluate(_SIDEWAYS) <= 0, (path, width)
