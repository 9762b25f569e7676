"""The search in the top bar: found while typing, chosen by keys, and the page with conditions."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import POLICY, Desk
from tests.support import axe, forms, ime

pytestmark = pytest.mark.browser
NUMBER = "SRCH-2718-28"


@pytest.fixture(scope="module")
def found_client(desk: Desk, client: str) -> str:
    """Path of a client with one policy of a number of its own."""
    forms.add_policy(desk.page, desk.instance, client, {**POLICY, "policy_number": f"{NUMBER}-{client[-4:]}"})
    return client


def open_box(desk: Desk) -> Page:
    page = desk.page
    page.goto(desk.instance.address + "/today")
    page.keyboard.press("/")
    expect(page.locator("#find")).to_be_focused()
    return page


def test_typed_found_chosen_opened_without_the_pointer(desk: Desk, found_client: str) -> None:
    page = open_box(desk)
    page.keyboard.type(f"srch2718 {found_client[-4:]}")
    option = page.locator("#found [role=option]")
    expect(option).to_have_count(1)
    expect(option).to_contain_text(NUMBER)
    expect(page.locator("#find")).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("#find")).to_have_attribute("aria-activedescendant", "found-0")
    assert not axe.violations(page)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(rf"{found_client}/policies/[0-9a-f]{{32}}$"))


def test_in_a_conversion_it_asks_for_kana_only_and_enter_is_the_conversions_own(desk: Desk, found_client: str) -> None:
    page = open_box(desk)
    ime.compose(page, "よしだ")
    expect(page.locator("#found [role=option]").first).to_contain_text("𠮷田 葵")
    ime.cancel(page)
    ime.type_converted(page, "よしだ", "吉田")
    expect(page.locator("#found [role=option]").first).to_contain_text("𠮷田 葵")
    expect(page).to_have_url(desk.instance.address + "/today")


def test_escape_closes_the_list_and_enter_goes_to_the_page(desk: Desk, found_client: str) -> None:
    page = open_box(desk)
    page.keyboard.type("srch2718")
    expect(page.locator("#found [role=option]").first).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#found")).to_be_hidden()
    expect(page.locator("#find")).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page).to_have_url(desk.instance.address + "/search")
    expect(page.locator("#hits")).to_contain_text(NUMBER)
    expect(page.locator("#hits mark").first).to_have_text("SRCH-2718")


def test_the_page_with_conditions_finds_keeps_and_has_no_faults(desk: Desk, found_client: str) -> None:
    page = desk.page
    page.goto(desk.instance.address + "/search")
    expect(page.locator("#words")).to_be_focused()
    page.locator("#words").fill("２７１８")
    page.locator("summary", has_text="くわしい条件").click()
    page.locator("#insurer").fill(POLICY["insurer"])
    with page.expect_navigation():
        page.locator("#words").press("Enter")
    expect(page.locator("#hits")).to_contain_text(NUMBER)
    assert not axe.violations(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1366
    page.locator("#name").fill("二七一八の契約")
    with page.expect_navigation():
        page.locator("#name").press("Enter")
    expect(page.locator("[aria-labelledby=kept]")).to_contain_text("二七一八の契約")
    expect(page.locator("#hits")).to_contain_text(NUMBER)
    assert page.url.startswith(desk.instance.address + "/search?kept=") and "2718" not in page.url


def test_nothing_that_was_searched_for_stands_in_the_address_or_the_history(desk: Desk, found_client: str) -> None:
    page = open_box(desk)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.keyboard.type("srch2718")
    expect(page.locator("#found [role=option]").first).to_be_visible()
    page.keyboard.press("Enter")
    expect(page.locator("#hits")).to_be_visible()
    assert asked and not any("2718" in url.lower() for url in asked)
