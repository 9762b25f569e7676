"""A policy entered at the keyboard alone, counted key by key; and what the form does meanwhile."""

from __future__ import annotations

import re
import socket
import time
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Desk
from tests.support import axe, forms, ime
from tests.support.browser import office_context
from vault.domain.policies import KINDS

pytestmark = pytest.mark.browser
KEYS = Path(__file__).parents[1] / "samples" / "keys_life_policy.txt"
MOST = 150
NAMES = {"Down": "ArrowDown", "Ctrl+S": "Control+s"}
FAMILY = {
    "name": "山田 太郎", "kana": "ヤマダ タロウ",
    "members": [
        {"name": "山田 太郎", "kana": "ヤマダ タロウ", "relationship": "本人", "birth": "S54.5.3"},
        {"name": "山田 蓮", "kana": "ヤマダ レン", "relationship": "長男", "birth": "H20.6.1"},
        {"name": "山田 花子", "kana": "ヤマダ ハナコ", "relationship": "妻", "birth": "S56.1.2"},
    ],
}  # fmt: skip


TYPED = {"insurer": "日本生命", "contract_date": "H20.6.1", "premium": "1,000"}


def lines() -> list[tuple[str, list[str]]]:
    """(what is converted, or nothing; the keys) of each line of the list."""
    found = []
    for line in KEYS.read_text("utf-8").splitlines():
        if line and not line.startswith(("#", "most")):
            first, *rest = re.split(r"\s{2,}", line)
            found.append((first, rest[0].split()) if "|" in first else ("", first.split()))
    return found


def counted(keys: list[str]) -> int:
    return sum(key.count("+") + 1 for key in keys)


def press(page: Page, keys: list[str]) -> None:
    for key in keys:
        if key not in ("Zenkaku",):
            page.keyboard.press(NAMES.get(key, key))


@pytest.fixture(scope="module")
def family(desk: Desk) -> str:
    return forms.add_client(desk.page, desk.instance, FAMILY)


def test_a_life_policy_with_two_riders_takes_no_more_keys_than_it_did(desk: Desk, family: str) -> None:
    most = int(next(line for line in KEYS.read_text("utf-8").splitlines() if line.startswith("most")).split()[1])
    assert sum(counted(keys) for _, keys in lines()) == most <= MOST
    page = desk.page
    page.goto(desk.instance.address + family)
    for converted, keys in lines():
        if converted:
            kana, word = converted.split("|")
            ime.type_converted(page, kana, word)
        elif keys == ["n"]:
            page.keyboard.press("n")
            page.wait_for_url("**/policies/new")
        elif keys == ["Ctrl+S"]:
            with page.expect_navigation():
                page.keyboard.press("Control+s")
        else:
            press(page, keys)
    expect(page.locator("#faults")).to_have_count(0)
    expect(page.locator(".notice.good")).to_contain_text("保存しました")
    page.goto(f"{desk.instance.address}{page.locator('#policies tbody a').first.get_attribute('href')}/edit")
    saved = forms.read_back(page)
    assert {name: saved[name] for name in ("kind", "insurer", "policy_number", "product", "contract_date", "term", "payment_term", "premium", "mode", "route", "state", "handled_by")} == {
        "kind": "終身", "insurer": "日本生命", "policy_number": "1234567890", "product": "ニッセイ終身", "contract_date": "20080601",
        "term": "終身", "payment_term": "60歳まで", "premium": "12,480", "mode": "月", "route": "口座振替", "state": "有効", "handled_by": "自社",
    }  # fmt: skip
    assert [(row["role"], row["name"], row["relationship"], row["share"]) for row in saved["roles"]] == [
        ("契約者", "山田 太郎", "", ""), ("被保険者", "山田 太郎", "", ""), ("死亡受取人", "山田 花子", "妻", "100"),
    ]  # fmt: skip
    assert [(row["name"], row["kind"], row["amount"], row["unit"], row["premium"]) for row in (*saved["coverages"], *saved["riders"])] == [
        ("死亡保険金", "死亡", "500", "一時金", "9,000"), ("災害割増特約", "災害死亡", "500", "一時金", "1,000"),
        ("入院特約", "入院日額 疾病", "5,000円", "日額", "2,480"),
    ]  # fmt: skip


# --- proposals


@pytest.fixture
def form(desk: Desk, tab: Page, family: str) -> Page:
    tab.goto(f"{desk.instance.address}{family}/policies/new")
    expect(tab.locator("#kind")).to_be_focused()
    return tab


def listed(page: Page) -> list[str]:
    return page.locator("#proposals [role=option]").all_inner_texts()


def test_a_kind_is_chosen_by_its_sound_or_its_code(form: Page) -> None:
    kind, codes = form.locator("#kind"), list(KINDS)
    for keys in ("iryo", "teiki", "youro", "12"):
        form.wait_for_timeout(1300)  # a pause begins another word
        form.keyboard.type(keys)
        assert kind.input_value() == {"iryo": "医療", "teiki": "定期", "youro": "養老"}.get(keys, codes[11])


def test_insurers_are_found_by_sound_letters_and_kanji_and_literal_words_stay(form: Page) -> None:
    box = form.locator("#insurer")
    box.focus()
    for typed in ("nih", "にほ", "ﾆﾎ"):
        box.fill("")
        form.keyboard.insert_text(typed)
        assert listed(form)[0] == "日本生命", typed
        expect(box).to_have_attribute("aria-activedescendant", "proposal-0")
    box.fill("")
    ime.compose(form, "めいじ")
    assert "明治安田生命" in listed(form)
    ime.cancel(form)
    box.fill("")
    form.keyboard.insert_text("日本")
    assert listed(form)[0] == "日本生命" and box.get_attribute("aria-activedescendant") is None
    form.keyboard.press("ArrowDown")
    form.keyboard.press("Enter")
    expect(box).to_have_value("日本生命")
    expect(form.locator("#policy_number")).to_be_focused()
    for literal in ("アリコ", "日本なんとか", "NN", "ニッセイ"):
        box.focus()
        box.fill("")
        form.keyboard.insert_text(literal)
        form.keyboard.press("Enter")
        expect(box).to_have_value(literal)


def test_escape_closes_the_list_and_nothing_else_and_the_page_is_accessible(form: Page) -> None:
    box = form.locator("#insurer")
    box.focus()
    form.keyboard.press("ArrowDown")
    assert len(listed(form)) == 10
    assert axe.violations(form) == []
    form.keyboard.press("Escape")
    expect(form.locator("#proposals")).to_be_hidden()
    expect(box).to_be_focused()
    form.keyboard.press("Escape")
    expect(form.locator("[data-esc]")).to_be_focused()


def test_terms_are_taken_from_their_number_and_kanji_numbers_are_understood(form: Page) -> None:
    for box, typed, wanted in (("term", "20", "20年"), ("payment_term", "65", "65歳まで"), ("payment_term", "z", "全期"), ("term", "終身", "終身")):
        form.locator(f"#{box}").fill("")
        form.keyboard.insert_text(typed)
        form.keyboard.press("Enter")
        expect(form.locator(f"#{box}")).to_have_value(wanted)
    form.locator("#premium").fill("一万二千")
    expect(form.locator("#premium-note")).to_contain_text("144,000")


def test_two_beneficiaries_share_equally_until_somebody_says_otherwise(form: Page) -> None:
    form.locator("#roles-3-role").select_option("死亡受取人")
    for row, name in ((2, "山田 花子"), (3, "山田 蓮")):
        form.locator(f"#roles-{row}-name").fill(name)
        form.keyboard.press("Tab")
    told = [[form.locator(f"#roles-{row}-{cell}").input_value() for cell in ("relationship", "share")] for row in (2, 3)]
    assert told == [["妻", "50"], ["長男", "50"]]
    form.locator("#roles-2-share").fill("70")
    form.locator("#roles-1-name").fill("山田 蓮")
    form.keyboard.press("Tab")
    expect(form.locator("#roles-2-relationship")).to_have_value("母")
    expect(form.locator("#roles-2-share")).to_have_value("70")
    expect(form.locator("#roles-3-share")).to_have_value("50")


def test_ctrl_and_the_arrows_go_from_group_to_group(form: Page) -> None:
    seen = []
    for _ in range(4):
        form.keyboard.press("Control+ArrowDown")
        seen.append(form.evaluate("document.activeElement.id"))
    assert seen == ["roles-2-name", "contract_date", "premium", "coverages-0-amount"]
    form.keyboard.press("Control+ArrowUp")
    expect(form.locator("#premium")).to_be_focused()


def test_without_a_script_the_browser_proposes_and_the_form_saves(desk: Desk, browser: Browser, family: str) -> None:
    context = office_context(browser, java_script_enabled=False, storage_state=desk.page.context.storage_state())
    page = context.new_page()
    page.goto(f"{desk.instance.address}{family}/policies/new")
    assert page.locator("#insurer").get_attribute("list") == "insurer-list"
    for box, text in {"insurer": "日本生命", "policy_number": "OHNE-1", "contract_date": "H20.6.1", "premium": "1,000"}.items():
        page.locator(f"#{box}").fill(text)
    page.get_by_role("button", name="登録する").click()
    expect(page.locator("#policies")).to_contain_text("OHNE-1")
    context.close()


# --- readings, typed through the input method


@pytest.fixture
def person(desk: Desk, tab: Page) -> Page:
    tab.goto(f"{desk.instance.address}/clients/new/Household")
    expect(tab.locator("#name")).to_be_focused()
    return tab


def test_a_name_of_two_conversions_brings_its_whole_reading(person: Page) -> None:
    ime.type_converted(person, "たかはし", "髙橋")
    person.keyboard.type(" ")
    ime.type_converted(person, "みさき", "美咲")
    expect(person.locator("#kana")).to_have_value("タカハシ ミサキ")


def test_what_was_taken_back_during_a_composition_is_not_read(person: Page) -> None:
    ime.compose(person, "やまだあ")
    ime.compose_on(person, "やまだ")
    ime.commit(person, "山田")
    expect(person.locator("#kana")).to_have_value("ヤマダ")
    ime.type_converted(person, "はなこ", "花子")
    for _ in "花子":
        person.keyboard.press("Backspace")
    ime.type_converted(person, "たろう", "太郎")
    expect(person.locator("#name")).to_have_value("山田太郎")
    expect(person.locator("#kana")).to_have_value("ヤマダタロウ")


def test_half_width_kana_are_read_and_a_cancelled_composition_is_not(person: Page) -> None:
    ime.compose(person, "さとう")
    ime.cancel(person)
    ime.type_converted(person, "ﾜﾀﾅﾍﾞ", "渡邉")
    expect(person.locator("#kana")).to_have_value("ワタナベ")


def test_a_reading_that_was_corrected_stays(person: Page) -> None:
    ime.type_converted(person, "かどの", "角野")
    person.locator("#kana").fill("スミノ")
    person.locator("#name").focus()
    person.keyboard.press("End")
    ime.type_converted(person, "えいこ", "栄子")
    expect(person.locator("#name")).to_have_value("角野栄子")
    expect(person.locator("#kana")).to_have_value("スミノ")


def test_rows_that_enter_adds_bring_their_readings_too(person: Page) -> None:
    person.locator("#members-1-name").focus()
    for n, (kana, word) in enumerate((("はなこ", "花子"), ("れん", "蓮")), 1):
        expect(person.locator(f"#members-{n}-name")).to_be_focused()
        ime.type_converted(person, kana, word)
        expect(person.locator(f"#members-{n}-kana")).to_have_value({"花子": "ハナコ", "蓮": "レン"}[word])
        row = person.locator("#members tbody tr").nth(n)
        row.locator("select, input:not([type=hidden])").and_(person.locator(":visible")).last.focus()
        person.keyboard.press("Enter")
    expect(person.locator("#members-3-name")).to_be_focused()


def test_a_postal_code_brings_its_address_but_never_over_a_typed_one(person: Page) -> None:
    person.locator("#postal_code").focus()
    person.keyboard.type("150-0002")
    expect(person.locator("#address")).to_have_value("東京都渋谷区渋谷")
    person.locator("#address").fill("東京都渋谷区渋谷1-2-3")
    person.locator("#postal_code").fill("1000001")
    person.locator("#address").focus()
    person.wait_for_timeout(500)
    expect(person.locator("#address")).to_have_value("東京都渋谷区渋谷1-2-3")


# --- drafts


def test_what_is_wrong_is_said_while_typing_and_goes_when_it_is_mended(form: Page) -> None:
    form.locator("#premium").fill("▲500")
    form.keyboard.press("Tab")
    expect(form.locator("#premium-typing")).to_contain_text("マイナス")
    expect(form.locator("#kept")).to_contain_text("下書きを保存しました")
    assert "premium-typing" in (form.locator("#premium").get_attribute("aria-describedby") or "")
    form.locator("#premium").fill("500")
    form.keyboard.press("Tab")
    expect(form.locator("#premium-typing")).to_have_count(0)


def test_a_save_is_taken_back_by_one_key(desk: Desk, tab: Page, family: str) -> None:
    tab.goto(f"{desk.instance.address}{family}/policies/new")
    for box, text in {**TYPED, "policy_number": "UNDO-2"}.items():
        tab.locator(f"#{box}").fill(text)
    with tab.expect_navigation():
        tab.keyboard.press("Control+s")
    expect(tab.locator("#policies")).to_contain_text("UNDO-2")
    with tab.expect_navigation():
        tab.keyboard.press("z")
    expect(tab.locator("main")).not_to_contain_text("UNDO-2")


def test_what_was_typed_a_moment_before_the_page_is_left_is_kept(form: Page, desk: Desk) -> None:
    address = form.url
    form.locator("#product").fill("急に閉じた商品")
    form.goto(f"{desk.instance.address}/help")
    form.wait_for_timeout(500)  # what is sent on the way out is answered to nobody
    form.goto(address)
    with form.expect_navigation():
        form.locator(".offer").first.get_by_role("link", name="続ける").click()
    expect(form.locator("#product")).to_have_value("急に閉じた商品")


def _until_gone(port: int) -> None:
    """The workers of a killed master end by themselves; until then they answer on its port."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("localhost", port), timeout=1).close()
        except OSError:
            return
        time.sleep(0.1)


def test_a_killed_server_loses_nothing_that_was_kept(desk: Desk, tab: Page, family: str) -> None:
    tab.goto(f"{desk.instance.address}{family}/policies/new")
    tab.locator("#product").fill("途中の商品")
    expect(tab.locator("#kept")).to_contain_text("下書きを保存しました", timeout=10_000)
    desk.instance.kill()
    _until_gone(desk.instance.port)
    desk.instance.start()
    tab.goto(f"{desk.instance.address}{family}/policies/new")
    offer = tab.locator(".offer", has_text="山田 太郎 終身").first
    with tab.expect_navigation():
        offer.get_by_role("link", name="続ける").click()
    expect(tab.locator("#product")).to_have_value("途中の商品")
    expect(tab.locator("#kept")).to_contain_text("の下書きの続きです")
