"""On the phone: from the client's page to a contact that is saved, by keyboard; and every page of the four kinds looked at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.browser.test_axe import Looker
from tests.support import forms
from tests.support.dealings import typed
from vault.domain.dealings import CLAIM, CONTACT, INTENTION, KINDS, PROVISION
from vault.web.dealing_rows import PLACES

pytestmark = pytest.mark.browser
LONG = "転居のご連絡です。新しい住所は来週お知らせいただきます。" * 6


def _on_the_phone(page: Page, said: str) -> int:
    """Returns how many keys it took besides what was said."""
    page.keyboard.press("c")
    page.wait_for_url("**/contacts/new*")
    expect(page.locator("#told")).to_be_focused()
    page.keyboard.insert_text(said)
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    return 2


def test_a_call_is_noted_with_two_keys_and_every_page_stands_well(desk: Desk, client: str, tmp_path: Path) -> None:
    page, looker = desk.page, Looker(desk.instance, tmp_path)
    page.emulate_media(reduced_motion="reduce")
    page.goto(desk.instance.address + client)
    assert _on_the_phone(page, LONG) == 2
    page.wait_for_url(f"**{client}#contacts-title")
    expect(page.locator("#contacts-title")).to_be_focused()
    expect(page.locator("main")).to_contain_text("転居のご連絡です。")

    page.locator("#policies a").first.click()
    page.wait_for_url("**/policies/*")
    page.keyboard.press("c")
    page.wait_for_url("**/contacts/new*")
    expect(page.locator("[name=about]:checked")).to_have_count(1)
    page.locator("#next").fill("書類を送る")
    page.keyboard.press("Control+s")
    expect(page.locator("#faults")).to_be_visible()
    expect(page.locator("[name=about]:checked")).to_have_count(1)
    looker.look(page, "contact with faults")

    far = {CONTACT: {"next_day": ""}, INTENTION: {"first": LONG, "final": LONG + "入院も。"}, PROVISION: {}, CLAIM: {}}
    for kind in KINDS:
        for when in (typed(kind, with_whom="勅使河原 三津五郎左衛門之助", **far[kind]), typed(kind)):
            assert forms.post(page, desk.instance, f"{client}/{PLACES[kind]}/new", _past(when)).ok
        looker.go(page, f"{client}/{PLACES[kind]}/new", f"new {kind}")
        looker.go(page, f"{client}/{PLACES[kind]}", f"all of {kind}")
        record = page.locator("#dealings a").first.get_attribute("href") or ""
        further = ("/edit", "/versions/1", "/bin") if kind == PROVISION else ()
        for more in ("", *further):
            looker.go(page, record + more, kind + more)
    looker.go(page, client, "the client's page")
    assert looker.wrong == []


def _past(form: dict[str, object]) -> dict[str, object]:
    """Days of the samples lie before the day on which the test runs, whenever that is."""
    return {
        name: re.sub(r"^2026/11/", "2020/11/", value) if isinstance(value, str) else value for name, value in form.items()
    }  # fmt: skip
