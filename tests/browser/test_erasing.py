"""Into the bin and back, a policy, a person and a client erased: by keyboard, at the width of the offices, and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_axe import Looker
from tests.samples import typing as samples
from tests.support import forms, pages, pdf
from tests.support.office_pages import five_minutes_pass

pytestmark = pytest.mark.browser
LONG_NOTE = "お電話でご本人から請求があり、窓口で本人確認のうえ承りました。" * 3


def _client(page: Page, desk: Desk, name: str) -> str:
    client = samples.client_named(name)
    typed = samples.typed_client(client)
    del typed["compartment"]
    made = forms.add_client(page, desk.instance, typed)
    for policy in client["policies"]:
        forms.add_policy(page, desk.instance, made, samples.typed_policy(policy))
    return made


def _policies(page: Page, desk: Desk, client: str) -> list[str]:
    page.goto(desk.instance.address + client)
    found: list[str] = page.locator("#policies tbody a").evaluate_all("links => links.map(a => a.getAttribute('href'))")
    return found


def _confirm(page: Page, typed: str, password: bool) -> None:
    """The form from its first box to its button, by keyboard alone."""
    page.locator("#reason").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    page.keyboard.insert_text(LONG_NOTE)
    page.keyboard.press("Tab")
    page.keyboard.insert_text(typed)
    page.keyboard.press("Tab")
    if password:
        page.keyboard.insert_text(pages.PASSWORD)
        page.keyboard.press("Tab")
    expect(page.locator("button.bad")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/erasures/certificate?n=*")


def test_into_the_bin_and_back_and_gone(desk: Desk, tmp_path: Path) -> None:
    page, looker = desk.page, Looker(desk.instance, tmp_path)
    page.emulate_media(reduced_motion="reduce")  # a colour on its way from one to another is neither
    client = _client(page, desk, "山田 太郎")
    first, second, *_ = _policies(page, desk, client)

    looker.go(page, f"{first}/bin")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/bin?put=policy")
    looker.look(page, "bin")
    assert first not in _policies(page, desk, client)
    looker.go(page, f"{client}/bin")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/bin?put=client")
    looker.look(page, "bin with a client")
    expect(page.locator("main table")).to_contain_text("山田 太郎")
    for _ in range(2):  # the client; then the policy, which comes to sight with him
        page.goto(f"{desk.instance.address}/bin")
        page.locator("main td button").first.focus()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("/clients/"))
    assert first in _policies(page, desk, client)

    five_minutes_pass(desk.instance)
    looker.go(page, f"{second}/erase")
    page.locator("button.bad").click()
    expect(page.locator("#faults")).to_be_visible()
    looker.look(page, "policy to be erased with faults")
    _confirm(page, "山田 太郎", password=True)
    looker.look(page, "certificate")
    assert second not in _policies(page, desk, client)

    looker.go(page, f"{client}/erase/member")
    page.locator("main .todo a").last.click()
    looker.look(page, "member to be erased")
    name = page.locator("#typed-note").inner_text()
    _confirm(page, name, password=False)
    page.goto(desk.instance.address + client)
    expect(page.locator("main")).not_to_contain_text(name)

    looker.go(page, f"{client}/erase")
    _confirm(page, "山田 太郎", password=False)
    expect(page.locator("h1")).to_contain_text("E-000003")
    page.go_back()  # the way back does not lead into the form again
    page.goto(desk.instance.address + client + "/erase")
    expect(page.locator("h1")).to_contain_text("E-000003")
    looker.go(page, "/erasures")
    looker.go(page, "/retention")

    page.goto(f"{desk.instance.address}/erasures/certificate?n=3")
    page.keyboard.press("p")
    expect(page.locator("#purpose")).to_have_value("お客様へ交付")
    forms.fill_in(page, page.url, {"addressee": "勅使河原 三津五郎左衛門之助 様"})
    looker.sheet(page, "certificate on paper", "E-000003")
    made = pdf.squeezed(pdf.raw(tmp_path / "sheet.pdf"))
    for told in ("消去証明書", "勅使河原三津五郎左衛門之助様", "暗号化消去", "すべてのバックアップ", "対象ではありません"):
        assert told in made, told
    assert pdf.page_count(tmp_path / "sheet.pdf") == 1
    assert looker.wrong == []
