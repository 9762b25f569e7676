"""家族図 in a browser: drawn whole, chosen by keys, put right, somebody added, the same on paper; and English beside it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.support import axe, forms

pytestmark = pytest.mark.browser
HEAD = "勅使河原 三津五郎左衛門之助"
MEMBERS: list[dict[str, Any]] = [
    {"name": HEAD, "kana": "テシガワラ ミツゴロウザエモンノスケ", "relationship": "本人", "birth": "S50.5.3", "sex": "男"},
    {"name": "勅使河原 花", "kana": "テシガワラ ハナ", "relationship": "妻", "birth": "S52.11.23", "sex": "女"},
    {"name": "勅使河原 蓮", "kana": "テシガワラ レン", "relationship": "長男", "birth": "H15.8.30", "sex": "男"},
    {"name": "勅使河原 陽菜", "kana": "テシガワラ ヒナ", "relationship": "長女", "birth": "H18.2.14", "sex": "女"},
    {"name": "勅使河原 正", "kana": "テシガワラ タダシ", "relationship": "父", "birth": "S20.1.2", "death": "R2.3.4", "sex": "男"},
    {"name": "勅使河原 ウメ", "kana": "テシガワラ ウメ", "relationship": "母", "birth": "S23.4.5", "sex": "女"},
    {"name": "羽黒 武", "kana": "ハグロ タケシ", "relationship": "義父", "birth": "S22.6.7", "sex": "男"},
    {"name": "勅使河原 さくら", "kana": "テシガワラ サクラ", "relationship": "孫", "birth": "R7.8.9", "sex": "女"},
]  # fmt: skip
# Words of the picture that do not fit into their boxes, and boxes that lie over each other.
_OVER = """() => {
  const boxes = [...document.querySelectorAll('.kin-box')];
  const wide = boxes.flatMap(b => { const frame = b.querySelector('.shape').getBBox();
    return [...b.querySelectorAll('text')].filter(t => { const at = t.getBBox();
      return at.x < frame.x + 1 || at.x + at.width > frame.x + frame.width - 1 || at.y < frame.y || at.y + at.height > frame.y + frame.height;
    }).map(t => t.textContent); });
  return wide;
}"""


@pytest.fixture(scope="module")
def household(desk: Desk) -> str:
    """Path of a household of four generations."""
    path = forms.add_client(desk.page, desk.instance, {"name": HEAD, "kana": MEMBERS[0]["kana"], "members": MEMBERS})
    roles = [{"role": "契約者", "name": HEAD}, {"role": "被保険者", "name": "勅使河原 花"}]
    forms.add_policy(desk.page, desk.instance, path, {
        "kind": "終身", "insurer": "日本生命", "policy_number": "1234-567890", "state": "有効", "handled_by": "自社",
        "contract_date": "2008-06-01", "term": "終身", "premium": "12,480", "mode": "月", "roles": roles,
    })  # fmt: skip
    return path


def test_chosen_by_keys_and_told_from_there(desk: Desk, household: str) -> None:
    page = desk.page
    page.goto(desk.instance.address + household)
    assert not axe.violations(page) and page.evaluate(_OVER) == []
    page.locator("svg.kin a", has_text="勅使河原 正").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"\?m=[0-9a-f]{32}#family$"))
    chosen = page.locator("svg.kin a[aria-current]")
    expect(chosen).to_be_focused()
    expect(chosen).to_have_text("勅使河原 正 この方 死亡")
    expect(page.locator("svg.kin a", has_text="陽菜")).to_contain_text("孫")
    expect(page.locator("svg.kin a", has_text="さくら")).to_contain_text("ひ孫")
    page.locator("svg.kin a", has_text="勅使河原 花").click()
    facts = page.locator(".kin-facts")
    expect(facts).to_contain_text("被保険者")
    expect(facts.locator("a", has_text="日本生命 終身")).to_have_attribute("href", re.compile(rf"{household}/policies/"))
    assert not axe.violations(page) and page.evaluate(_OVER) == []


def test_the_table_of_relationships_can_be_unfolded_and_reached(desk: Desk, household: str) -> None:
    page = desk.page
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(desk.instance.address + household)
    page.locator("#family summary").press("Enter")
    expect(page.locator("#kin-table tbody tr").nth(1).locator("td").first).to_have_text("夫")
    expect(page.locator(".kin-place", has=page.locator("#kin-table"))).to_have_attribute("tabindex", "0")
    assert not axe.violations(page)
    page.set_viewport_size({"width": 1366, "height": 768})


def test_a_picture_wider_than_the_screen_moves_in_its_own_box(desk: Desk, household: str) -> None:
    page = desk.page
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(desk.instance.address + household)
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
    place = page.locator(".kin-place").first
    assert place.evaluate("box => box.scrollWidth > box.clientWidth")
    page.locator("svg.kin a", has_text="羽黒 武").focus()
    assert page.locator("svg.kin a", has_text="羽黒 武").evaluate(
        "a => { const at = a.getBoundingClientRect(); return at.left >= 0 && at.right <= innerWidth + 1; }"
    )
    page.set_viewport_size({"width": 1366, "height": 768})


def test_a_relationship_is_put_right_and_a_daughter_added_without_the_pointer(desk: Desk, household: str) -> None:
    page = desk.page
    page.goto(desk.instance.address + household)
    page.locator("svg.kin a", has_text="勅使河原 花").click()
    page.get_by_role("link", name="続柄を直す").click()
    expect(page.locator("#members-1-relationship")).to_be_focused()
    page.go_back()
    page.get_by_role("link", name="家族を追加").press("Enter")
    expect(page.locator("#step")).to_be_focused()
    assert not axe.violations(page)
    page.keyboard.press("Enter")
    page.keyboard.type("勅使河原 凛")
    page.locator("#kana").fill("テシガワラ リン")
    page.locator("#sex").select_option("女")
    page.locator("#birth").fill("H22.7.7")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    expect(page.locator("svg.kin a[aria-current]")).to_contain_text("勅使河原 凛")
    expect(page.locator(".kin-facts h3")).to_contain_text("次女")


def test_the_record_on_paper_has_the_same_picture(desk: Desk, household: str) -> None:
    page = desk.page
    page.goto(f"{desk.instance.address}/prints?client={household.rsplit('/', 1)[1]}&sheet=顧客カルテ")
    page.locator("#sheet").select_option("顧客カルテ")
    page.locator("#purpose").select_option("社内利用")
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    expect(page.locator("main svg.kin .kin-box")).to_have_count(9)
    assert page.evaluate(_OVER) == []
    page.emulate_media(media="print")
    box = page.locator("main svg.kin").bounding_box()
    assert box is not None and box["width"] <= page.locator("main").bounding_box()["width"] + 1  # type: ignore[index]
    page.emulate_media(media="screen")


def choose(page: Page, desk: Desk, language: str, shortcuts: str) -> None:
    page.goto(desk.instance.address + "/own")
    page.locator(f"input[name=language][value={language}]").check()
    page.locator(f"input[name=shortcuts][value={shortcuts}]").check()
    with page.expect_navigation():
        page.keyboard.press("Control+s")


def test_english_and_single_keys_as_chosen(desk: Desk, household: str) -> None:
    page = desk.page
    choose(page, desk, "en", "off")
    assert not axe.violations(page)
    page.goto(desk.instance.address + household)
    expect(page.locator("#family-title")).to_contain_text("Family tree")
    wider = "() => [...document.querySelectorAll('main .table:not(.kin-place)')].filter(b => b.scrollWidth > b.clientWidth).length"
    assert page.evaluate(wider) == 0
    assert not axe.violations(page) and page.evaluate(_OVER) == []
    page.keyboard.press("e")
    expect(page).to_have_url(desk.instance.address + household)
    choose(page, desk, "ja", "on")
    page.goto(desk.instance.address + household)
    page.keyboard.press("e")
    page.wait_for_url("**/edit")
