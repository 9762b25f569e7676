"""A whole office typed by keyboard, the server started anew, every value read back in another browser, and printed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Office, save
from tests.samples import typing as samples
from tests.support import forms, pages, pdf
from tests.support.browser import office_context
from tests.support.keyboard import Typist
from tests.support.records import lost, shown
from vault.domain.clients import Corporation, Household
from vault.domain.policies import Policy

pytestmark = pytest.mark.browser
NOTE = "証券の記載にもとづき作成しています。正確な内容は保険証券・約款をご確認ください。"
ONLY = "印刷は「印刷」からお願いします"


@pytest.fixture(scope="module")
def elsewhere(browser: Browser, typed_office: Office) -> Iterator[Page]:
    """A page in a browser that has never been here, registered with the code on the recovery sheet."""
    context = office_context(browser)
    page = context.new_page()
    pages.register_browser(page, typed_office.instance, typed_office.begun)
    yield page
    context.close()


def test_names_bring_their_reading_along(typed_office: Office) -> None:
    # What a person had to correct: only that lists are sorted without the legal form.
    assert typed_office.suggested == {
        "アオバセイサクショ": "カブシキガイシャアオバセイサクショ",
        "ハナミズキ": "ユウゲンガイシャハナミズキ",
    }


def test_a_number_like_an_individual_number_is_asked_about_once(typed_office: Office) -> None:
    (asked,) = typed_office.asked
    assert "マイナンバー" in asked or "個人番号" in asked


@pytest.mark.parametrize("client", samples.clients(), ids=lambda client: client["client_number"])
def test_every_value_of_a_client_is_read_back(
    typed_office: Office, elsewhere: Page, client: dict[str, Any]
) -> None:
    address = typed_office.instance.address + typed_office.clients[client["name"]]
    typed = samples.typed_client(client)
    del typed["compartment"]
    owner = Corporation if client["kind"] == "corporation" else Household
    elsewhere.goto(address + "/edit")
    assert lost(owner, typed, forms.read_back(elsewhere)) == []
    elsewhere.goto(address)
    said = pdf.squeezed(elsewhere.locator("body").inner_text())
    assert [
        name
        for name in (client["name"], client["kana"], client["client_number"])
        if pdf.squeezed(name) not in said
    ] == []
    for person in client["persons"]:
        assert pdf.squeezed(person["name"]) in said


@pytest.mark.parametrize("client", samples.clients(), ids=lambda client: client["client_number"])
def test_every_value_of_a_policy_is_read_back(
    typed_office: Office, elsewhere: Page, client: dict[str, Any]
) -> None:
    for n, policy in enumerate(client["policies"]):
        address = typed_office.instance.address + typed_office.policies[client["name"], n]
        typed = samples.typed_policy(policy)
        elsewhere.goto(address + "/edit")
        assert lost(Policy, typed, forms.read_back(elsewhere)) == [], policy["policy_number"]
        elsewhere.goto(address)
        said = pdf.squeezed(elsewhere.locator("body").inner_text())
        missing = [text for text in shown(Policy, typed) if pdf.squeezed(text) not in said]
        assert missing == [], policy["policy_number"]


# --- prints


def _print(page: Page, address: str, folder: Path) -> Path:
    """By keyboard, from the client's page through the print centre."""
    page.goto(address)
    page.keyboard.press("p")
    page.wait_for_url("**/prints?client=*")
    typist = Typist(page, {})
    expect(page.locator("#purpose")).to_be_focused()
    typist.choose("客先持参")
    save(page)
    expect(page.locator("[data-print]")).to_be_focused()
    made = folder / "sheet.pdf"
    page.pdf(path=made, prefer_css_page_size=True)
    return made


TOTALS = {
    "山田 太郎": ("山田太郎様", "月払合計36,470円", "年換算523,580円"),
    "髙橋 美咲": (
        "髙橋美咲様",
        "月払合計12,000円",
        "年換算192,600円",
        "米ドル建月払152.40米ドル",
        "年換算1,828.80米ドル",
    ),
    "渡邉 一郎": ("渡邉一郎様", "月払合計0円"),
    "𠮷田 葵": ("𠮷田葵様", "年換算38,400円"),
    "株式会社青葉製作所": ("株式会社青葉製作所御中", "月払合計108,960円", "年換算7,828,820円"),
    "有限会社はなみずき": ("有限会社はなみずき御中", "月払合計22,000円", "年換算544,000円"),
}


@pytest.mark.parametrize("client", samples.clients(), ids=lambda client: client["client_number"])
def test_the_list_of_policies_is_printed(
    typed_office: Office, elsewhere: Page, client: dict[str, Any], tmp_path: Path
) -> None:
    made = _print(elsewhere, typed_office.instance.address + typed_office.clients[client["name"]], tmp_path)
    sheets = [pdf.squeezed(pdf.raw(made, n + 1)) for n in range(pdf.page_count(made))]
    whole = "".join(sheets)
    assert [words for words in TOTALS[client["name"]] if words not in whole] == []
    assert NOTE in sheets[-1]
    for policy in client["policies"]:
        assert pdf.squeezed(policy["insurer"]) in whole
        assert pdf.squeezed(policy["policy_number"]) in whole
    serial = elsewhere.locator("html").get_attribute("data-serial") or ""
    for n, text in enumerate(sheets, 1):
        assert pdf.squeezed(serial) in text
        assert "目的:客先持参印刷:佐々木恵令和" in text
        assert f"{n}/{len(sheets)}ページ" in text
    ended = whole.partition("終了・失効した契約")[2]
    for policy in client["policies"]:
        over = policy.get("state") in ("失効", "消滅")
        assert (pdf.squeezed(policy["policy_number"]) in ended) == over or policy["policy_number"] in (
            "なし",
            "不明",
        )

    elsewhere.goto(f"{typed_office.instance.address}/ledger")
    row = elsewhere.locator("tr", has_text=serial.split()[-1])
    for words in ("保険証券一覧表", client["name"], "客先持参", "佐々木 恵"):
        expect(row).to_contain_text(words)
    expect(row.locator("td").nth(4)).to_have_text(str(len(client["persons"])))


def test_the_browsers_own_print_of_other_pages_says_where_to_print(
    typed_office: Office, elsewhere: Page, tmp_path: Path
) -> None:
    client = typed_office.clients["山田 太郎"]
    places = [
        "/clients",
        client,
        f"{client}/edit",
        f"{client}/policies/new",
        "/prints",
        "/ledger",
        "/ledger/1",
        "/office",
        "/help",
    ]
    places += [
        typed_office.policies["山田 太郎", 0],
        f"{client}/versions/1",
        f"/prints?client={client.split('/')[-1]}",
    ]
    for place in places:
        elsewhere.goto(typed_office.instance.address + place)
        made = tmp_path / "page.pdf"
        elsewhere.pdf(path=made, prefer_css_page_size=True)
        assert pdf.squeezed(pdf.text(made)) == ONLY, place
        assert pdf.page_count(made) == 1
