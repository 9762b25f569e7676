"""The pages of an office's own affairs, as its people use them: a colleague let in, a month that is over."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from playwright.sync_api import Page, expect

from tests.support import pages
from tests.support.instance import Instance

JAPAN = timezone(timedelta(hours=9))
DAYS_AGO = 45
OWN_PASSWORD = "ぶどう 自転車 らくだ 朝焼け"


@dataclass(frozen=True)
class LoginSheet:
    """What a person reads off the ログイン情報通知書."""

    code: str
    login_id: str
    password: str


def read_login_sheet(page: Page) -> LoginSheet:
    """Off the page that shows it."""
    told = [page.locator(f"#sheet-{name}").inner_text() for name in ("code", "login-id", "password")]
    return LoginSheet(*told)


def come_in(page: Page, instance: Instance, sheet: LoginSheet) -> None:
    """On a browser of one's own, up to the page that asks for a password."""
    page.goto(f"{instance.address}/register")
    page.get_by_label("端末登録コード").fill(sheet.code)
    page.get_by_label("ログインID").fill(sheet.login_id)
    page.get_by_label("パスワード", exact=True).fill(sheet.password)
    pages.press(page, "登録してログイン")
    expect(page.locator("#again")).to_be_visible()


def choose_own_password(page: Page) -> None:
    """Leaves the first page inside."""
    page.locator("#password").fill(OWN_PASSWORD)
    page.locator("#again").fill(OWN_PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="ログアウト")).to_be_visible()


def only_room(page: Page, instance: Instance) -> str:
    """The path of the page of the office's one compartment."""
    listed = page.request.get(f"{instance.address}/compartments").text()
    [found] = set(re.findall(r'href="(/compartments/[0-9a-f]{32})"', listed))
    return found


def began_earlier(instance: Instance) -> str:
    """As if the office had begun before last month, which it can inspect then. Returns that month as 2026-10."""
    begun = int(time.time()) - DAYS_AGO * 24 * 60 * 60
    with closing(sqlite3.connect(instance.folder / "data" / "kura.db", timeout=15)) as database, database:
        database.execute("UPDATE meta SET value = ? WHERE name = 'begun'", (begun.to_bytes(8, "big"),))
    first = datetime.now(JAPAN).replace(day=1)
    return f"{first - timedelta(days=1):%Y-%m}"


def five_minutes_pass(instance: Instance) -> None:
    """The password was typed a while ago: noted so in the server's file of sessions."""
    [path] = (instance.home / "run").rglob("sessions.db")
    with closing(sqlite3.connect(path, timeout=15)) as database, database:
        database.execute("UPDATE sessions SET proved = proved - 360")
