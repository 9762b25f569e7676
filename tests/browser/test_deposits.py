"""Originals taken in by keyboard, the receipt on paper, some and then all of it given back."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_axe import Looker
from tests.support import forms, pdf

pytestmark = pytest.mark.browser
JAPAN = timezone(timedelta(hours=9))
REMARK = "表紙に折れ目があります。" * 4


def _take_in(page: Page, looker: Looker, client: str) -> None:
    """From the client's page: two rows by keyboard, the first by choosing the policy."""
    page.goto(looker.instance.address + client)
    page.get_by_role("link", name="証券をお預かりする").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/deposits/new")
    looker.look(page, "new receipt")
    expect(page.locator("#received")).to_be_focused()
    page.keyboard.press("Control+s")
    expect(page.locator("#faults")).to_be_visible()
    looker.look(page, "new receipt with faults")
    page.locator("#purpose").fill("分析のため")
    page.locator("#place").fill("鍵のかかる書庫")
    page.locator("#items-0-paper").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    page.locator("#items-0-sheets").fill("2")
    page.locator("#items-0-note").fill(REMARK)
    page.keyboard.press("Enter")
    expect(page.locator("#items-1-paper")).to_be_focused()
    page.keyboard.press("End")
    page.locator("#items-1-note").fill("印鑑証明書")
    page.keyboard.press("Control+s")
    page.wait_for_url(re.compile(r"/deposits/[0-9a-f]{32}$"))


def test_originals_are_taken_in_printed_and_given_back(desk: Desk, client: str, tmp_path: Path) -> None:
    page, looker = desk.page, Looker(desk.instance, tmp_path)
    page.emulate_media(reduced_motion="reduce")  # a colour on its way from one to another is neither
    _take_in(page, looker, client)
    looker.look(page, "receipt")
    receipt = page.url.removeprefix(desk.instance.address)
    expect(page.locator("main")).to_contain_text("D-000001")
    expect(page.locator("main")).to_contain_text("1234-567890")

    page.keyboard.press("p")
    page.wait_for_url("**/prints?*")
    looker.look(page, "print the receipt")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    looker.sheet(page, "receipt on paper", REMARK)
    made = looker.folder / "sheet.pdf"
    assert pdf.page_count(made) == 2
    for n, (word, place) in enumerate([("お客様控", False), ("当社控", True)], 1):
        text = pdf.squeezed(pdf.raw(made, n))
        for told in (word, "保険証券お預り証", "D-000001", "日本生命", "1234-567890", "印鑑証明書", "お預かり印", "受領日", "様"):
            assert told in text, told
        assert ("鍵のかかる書庫" in text) == place

    looker.go(page, receipt)
    page.keyboard.press("r")
    page.wait_for_url("**/back")
    looker.look(page, "give back")
    page.locator("[name=item]").nth(1).uncheck()
    page.keyboard.press("Control+s")
    page.wait_for_url(f"**{receipt}")
    looker.look(page, "partly given back")
    expect(page.locator("main")).to_contain_text("お返しした書類")
    for path in ("/deposits", client, f"{receipt}/edit", f"{receipt}/versions/2", "/today", f"{client}/erase", f"{client}/bin"):
        looker.go(page, path)
    forms.fill_in(page, f"{desk.instance.address}{receipt}/back", {"to": "𠮷田 茜", "way": "書留郵便"})
    expect(page.locator("main")).to_contain_text("すべてお返ししました")
    looker.look(page, "closed")
    looker.go(page, "/deposits", "nothing is here")
    expect(page.locator("#late ~ .table")).to_contain_text("𠮷田 茜")
    assert looker.wrong == []


def test_what_is_overdue_stands_on_the_first_page(desk: Desk, client: str, tab: Page) -> None:
    began = datetime.now(JAPAN) - timedelta(days=20)
    typed = {
        "received": f"{began:%Y/%m/%d}", "due": f"{began + timedelta(days=14):%Y/%m/%d}", "giver": "𠮷田 葵", "purpose": "分析のため",
        "items": [{"paper": "保険証券", "insurer": "日本生命", "policy_number": "1234-567890"}],
    }  # fmt: skip
    tab.goto(desk.instance.address + client)
    assert forms.post(tab, desk.instance, f"{client}/deposits/new", typed).ok
    tab.goto(f"{desk.instance.address}/today")
    tab.get_by_role("link", name="お預かり中の証券 1件(期限を過ぎたもの 1件)").click()
    tab.wait_for_url("**/deposits")
    expect(tab.locator("#deposits tbody")).to_contain_text("6日経過")
    tab.locator("#filter-deposits").focus()
    tab.keyboard.insert_text("1234-5678")
    expect(tab.locator("#deposits tbody tr:visible")).to_have_count(1)
    tab.keyboard.insert_text("8")
    expect(tab.locator("#deposits tbody tr:visible")).to_have_count(0)
