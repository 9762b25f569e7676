"""Passkeys in Chromium, with the authenticator it keeps for tests: made, asked before a sensitive act, after the lock."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import CDPSession, Page, expect

from tests.browser.conftest import Desk
from tests.support import axe, pages
from tests.support.pages import PASSWORD

pytestmark = pytest.mark.browser
LATER = 6 * 60


@dataclass
class Key:
    """Chromium's virtual authenticator."""

    cdp: CDPSession
    id: str

    def forges(self, yes: bool) -> None:
        """Signs with what is no signature of its key."""
        self.cdp.send("WebAuthn.setResponseOverrideBits", {"authenticatorId": self.id, "isBogusSignature": yes})

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.id})["credentials"]
        return found


def plugged_in(page: Page, prf: bool = True) -> Key:
    """Plugged in until another session of the developer tools on this page ends: axe comes last."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2", "ctap2Version": "ctap2_1", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
        "isUserVerified": True, "automaticPresenceSimulation": True, "hasPrf": prf,
    }  # fmt: skip
    return Key(cdp, cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"])


@pytest.fixture
def page(desk: Desk) -> Iterator[Page]:
    """A page of the office's browser that has been left without a passkey."""
    made = desk.page.context.new_page()
    yield made
    while _takes_one_away(made, desk):
        pass
    made.close()


def _takes_one_away(page: Page, desk: Desk) -> bool:
    """Whether there was one, or nobody was signed in to see it."""
    page.goto(f"{desk.instance.address}/own")
    if page.get_by_label("ログインID").is_visible():
        pages.sign_in(page, desk.instance, desk.begun.login_id, PASSWORD)
        expect(page.get_by_role("button", name="ログアウト")).to_be_visible()
        return True
    expect(page.locator("#passkeys")).to_be_visible()
    links = page.locator("#passkeys a", has_text=re.compile("^外す$"))
    if not links.count():
        return False
    with page.expect_navigation():
        links.first.click()
    if page.locator("#password").is_visible():
        page.locator("#password").fill(PASSWORD)
    with page.expect_navigation():
        pages.press(page, "このパスキーを外す")
    return True


def add(page: Page, desk: Desk) -> None:
    """By keyboard alone."""
    page.goto(f"{desk.instance.address}/own/passkeys/new")
    expect(page.locator("#password")).to_be_focused()
    page.keyboard.insert_text(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/own?done=passkey*")
    expect(page.locator("#passkeys .notice.good")).to_be_visible()


def time_passes(desk: Desk) -> None:
    """The password was typed more than five minutes ago: noted so in the server's file of sessions."""
    [path] = (desk.instance.home / "run").rglob("sessions.db")
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE sessions SET proved = proved - ?", (LATER,))
    connection.close()


def lock(page: Page) -> None:
    """Nobody at the PC for a quarter of an hour, by the page's clock."""
    page.clock.fast_forward(16 * 60_000)
    expect(page.locator("dialog#lock")).to_be_visible()


def test_a_passkey_is_made_by_keyboard_and_listed(desk: Desk, page: Page) -> None:
    key = plugged_in(page)
    page.goto(f"{desk.instance.address}/own/passkeys/new")
    expect(page.locator("[data-no-passkeys]")).to_be_hidden()
    add(page, desk)
    expect(page.locator("#passkeys td", has_text="画面のロックの解除")).to_be_visible()
    [made] = key.credentials()
    assert made["rpId"] == "localhost" and made["userName"] == desk.begun.login_id
    page.goto(f"{desk.instance.address}/own/passkeys/new")
    page.locator("#password").fill(PASSWORD)
    pages.press(page, "パスキーを登録する")
    expect(page.locator("#error")).to_have_text("このパスキーは、このブラウザーに登録済みです。")
    assert len(key.credentials()) == 1
    page.goto(f"{desk.instance.address}/own")
    page.locator("#passkeys a", has_text=re.compile("^外す$")).click()
    pages.press(page, "このパスキーを外す")
    expect(page.locator("#passkeys .notice.good")).to_have_text("パスキーを外しました。")


def test_a_wrong_password_makes_no_passkey(desk: Desk, page: Page) -> None:
    key = plugged_in(page)
    page.goto(f"{desk.instance.address}/own/passkeys/new")
    page.locator("#password").fill("not the password at all")
    pages.press(page, "パスキーを登録する")
    expect(page.locator("#error")).to_have_text("パスワードが違います。もう一度入力してください。")
    expect(page.get_by_role("button", name="パスキーを登録する")).to_be_enabled()
    expect(page.locator("#password")).to_be_focused()
    assert key.credentials() == []


def test_a_passkey_saves_the_password_and_nothing_typed_is_lost(desk: Desk, page: Page) -> None:
    key = plugged_in(page)
    add(page, desk)
    time_passes(desk)
    other = page.context.new_page()
    other.goto(f"{desk.instance.address}/own/password")
    page.goto(f"{desk.instance.address}/office/rules")
    page.locator("#idle_minutes").fill("20")
    button = page.get_by_role("button", name="パスキーで確認")
    key.forges(True)
    button.click()
    expect(page.locator(".proof .fault")).to_have_text("パスキーで確認できませんでした。もう一度試すか、パスワードを入力してください。")
    expect(button).to_be_enabled()
    key.forges(False)
    button.click()
    expect(page.get_by_text("確認しました。続けて操作してください。").first).to_be_visible()
    expect(page.locator("#password")).to_have_count(0)
    expect(page.locator("#idle_minutes")).to_have_value("20")
    expect(page.locator(":focus")).to_have_attribute("type", "submit")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".notice.good")).to_have_text("保存しました。")
    expect(page.locator("#idle_minutes")).to_have_value("20")
    # The token was renewed under the other tab: its form goes out all the same.
    other.locator("#old").fill("x")
    with other.expect_navigation():
        pages.press(other, "パスワードを変える")
    expect(other.locator("#old")).to_be_visible()
    other.close()


def test_a_passkey_with_prf_ends_the_lock_and_the_page_goes_on(desk: Desk, page: Page) -> None:
    key = plugged_in(page)
    add(page, desk)
    page.clock.install()
    page.goto(f"{desk.instance.address}/clients/new/Household")
    page.locator("#name").fill("途中の入力")
    lock(page)
    key.forges(True)
    button = page.get_by_role("button", name="パスキーで再開")
    button.click()
    expect(page.locator("#lock-said")).to_have_text("パスキーで確認できませんでした。もう一度試すか、パスワードを入力してください。")
    key.forges(False)
    before = {c["name"]: c["value"] for c in page.context.cookies()}
    button.click()
    expect(page.locator("dialog#lock")).to_be_hidden()
    expect(page.locator("#name")).to_have_value("途中の入力")
    after = {c["name"]: c["value"] for c in page.context.cookies()}
    assert after["__Host-session"] != before["__Host-session"] and after["__Host-device"] == before["__Host-device"]
    page.keyboard.press("Control+s")
    expect(page.locator(".fault").first).to_be_visible()  # the form was taken, with its own faults
    expect(page.locator("#name")).to_have_value("途中の入力")


def test_a_passkey_without_prf_is_not_offered_at_the_lock(desk: Desk, page: Page) -> None:
    plugged_in(page, prf=False)
    add(page, desk)
    expect(page.locator("#passkeys td", has_text="大切な操作の前の確認")).to_be_visible()
    page.clock.install()
    page.goto(f"{desk.instance.address}/clients")
    lock(page)
    expect(page.get_by_role("button", name="再開する")).to_be_visible()
    expect(page.get_by_role("button", name="パスキーで再開")).to_have_count(0)


def test_a_browser_without_passkeys_asks_for_the_password_as_before(desk: Desk, page: Page) -> None:
    plugged_in(page)
    add(page, desk)
    time_passes(desk)
    page.add_init_script("delete window.PublicKeyCredential")
    page.goto(f"{desk.instance.address}/own/passkeys/new")
    expect(page.locator("[data-no-passkeys]")).to_be_visible()
    expect(page.locator("#password")).to_be_hidden()
    page.goto(f"{desk.instance.address}/office/rules")
    expect(page.locator("#password")).to_be_visible()
    expect(page.get_by_role("button", name="パスキーで確認")).to_be_hidden()


def test_the_pages_are_whole_at_1366_and_at_twice_the_zoom_and_without_barriers(desk: Desk, page: Page) -> None:
    plugged_in(page)
    add(page, desk)
    time_passes(desk)
    removing = page.locator("#passkeys a", has_text=re.compile("^外す$")).get_attribute("href") or ""
    for path in ("/own", "/own/passkeys/new", removing, "/office/rules"):
        page.goto(desk.instance.address + path)
        for width in (1366, 683):
            page.set_viewport_size({"width": width, "height": width * 768 // 1366})
            sideways = page.evaluate("() => document.documentElement.scrollWidth - document.documentElement.clientWidth")
            assert sideways <= 0, (path, width)
        axe.check(page)
    page.clock.install()
    page.reload()
    lock(page)
    expect(page.get_by_role("button", name="パスキーで再開")).to_be_visible()
    axe.check(page)
