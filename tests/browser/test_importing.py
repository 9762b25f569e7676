"""A spreadsheet imported as a person does it: chosen, its columns looked at, rows put right in place, run, taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Desk
from tests.support import axe

pytestmark = pytest.mark.browser
SAMPLES = Path(__file__).parents[1] / "samples"
POLICIES, CORPORATIONS = SAMPLES / "満期一覧_混在.xlsx", SAMPLES / "法人契約_cp932.csv"


def read(page: Page, address: str, file: Path) -> None:
    """From the list of clients to the columns of a file, by keyboard."""
    page.goto(address + "/clients")
    page.get_by_role("link", name="表から取り込む").click()
    page.wait_for_url("**/imports")  # and its scripts have run: the key is theirs
    page.keyboard.press("n")
    page.wait_for_url("**/imports/new")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="ファイルを選ぶ").click()
    chooser.value.set_files(str(file))
    expect(page.get_by_role("button", name="読み取る")).to_be_focused()
    page.keyboard.press("Control+s")
    page.wait_for_url("**/columns")


def look_at_rows(page: Page) -> None:
    page.keyboard.press("Control+s")
    expect(page.locator("#rows-form")).to_be_visible(timeout=20_000)
    page.wait_for_load_state()  # a button that is pressed before the script is there sends the whole form


def row(page: Page, number: int) -> str:
    """The selector of a row by its number in the sheet."""
    return f'tr[data-row="0-{number - 1}"]'


def no_sideways(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_the_two_samples_come_in_as_they_are_with_their_traps_told(desk: Desk) -> None:
    page = desk.page
    read(page, desk.instance.address, POLICIES)
    expect(page.locator("#column-0-7")).to_have_value("policy.policy_number")
    expect(page.locator("#column-1-3")).to_have_value("member.relationship")
    axe.check(page)
    no_sideways(page)
    look_at_rows(page)
    axe.check(page)
    no_sideways(page)
    for number, told in ((7, "同じ契約とみられる行"), (8, "存在しない日付"), (10, "存在しない日付"), (11, "計算式"), (12, "合計")):
        expect(page.locator(row(page, number))).to_contain_text(told)
    _put_right(page)
    page.keyboard.press("Control+s")
    page.wait_for_url("**/result")
    expect(page.locator(".notice.good")).to_contain_text("新しいお客様3件、新しい契約4件")
    axe.check(page)
    page.keyboard.press("/")
    page.keyboard.type("みどり")
    expect(page.locator("#found [role=option]").first).to_contain_text("みどり商店")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="取り込み全体を元に戻す").click()
    expect(page.locator(".notice.good")).to_contain_text("この取り込みは元に戻しました")


def _put_right(page: Page) -> None:
    """The row without a closing month and with a day that does not exist: Enter takes a box and goes on to the next."""
    place = page.locator(row(page, 8))
    place.get_by_role("textbox", name="決算日・決算月(法人)").fill("3月")
    page.keyboard.press("Enter")
    day = place.get_by_role("textbox", name="契約日・始期")
    expect(day).to_be_focused()
    day.fill("2026/2/28")
    page.keyboard.press("Enter")
    expect(place).to_contain_text("新しいお客様")
    expect(page.locator('[data-piece="count"]')).to_contain_text("取り込む行は6行")


def test_a_question_is_answered_for_all_rows_at_once_and_a_row_can_be_left_out(desk: Desk) -> None:
    page = desk.page
    read(page, desk.instance.address, CORPORATIONS)
    look_at_rows(page)
    expect(page.locator("button[form=run-form]")).to_be_disabled()
    page.locator(row(page, 2)).get_by_role("button", name="同じことを尋ねている行をすべて").click()
    expect(page.locator('[data-piece="count"]')).to_contain_text("取り込む行は3行")
    page.locator(row(page, 4)).get_by_role("button", name="4行目を直す").click()
    box = page.locator('input[name="fix-0-3-policy.premium"]')
    box.fill("51,000")
    page.keyboard.press("Enter")
    expect(box).to_have_value("51,000")
    page.locator(row(page, 4)).get_by_role("button", name="4行目の入力を終える").click()
    expect(page.locator(row(page, 4))).to_contain_text("51,000")
    page.locator(row(page, 4)).locator("[name=on]").uncheck()
    expect(page.locator('[data-piece="count"]')).to_contain_text("取り込む行は2行")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/result")
    expect(page.locator(".notice.good")).to_contain_text("新しいお客様1件、新しい契約2件")
    page.get_by_role("link", name="残りの行を見る").click()
    expect(page.locator(row(page, 2))).to_contain_text("取り込み済み", timeout=20_000)
    expect(page.locator(row(page, 4)).locator("[name=on]")).not_to_be_checked()


def test_next_month_the_same_layout_matches_by_itself_and_a_broken_connection_loses_nothing(desk: Desk) -> None:
    page = desk.page
    read(page, desk.instance.address, CORPORATIONS)
    expect(page.locator("main")).to_contain_text("前回と同じに合わせました")
    look_at_rows(page)
    page.locator(row(page, 4)).get_by_role("button", name="同じことを尋ねている行をすべて").click()
    expect(page.locator('[data-piece="count"]')).to_contain_text("取り込む行は1行")

    def broken(route: Route) -> None:
        route.abort("connectionfailed")

    page.route("**/run", broken)
    page.keyboard.press("Control+s")
    expect(page.locator("#run-form [data-said]")).to_contain_text("続きから始められます")
    page.unroute("**/run", broken)
    page.keyboard.press("Control+s")
    page.wait_for_url("**/result")
    expect(page.locator(".notice.good")).to_contain_text("新しいお客様1件")
