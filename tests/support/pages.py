"""What a person does on Kura's pages, found by what is written on them."""

import re
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from tests.support.instance import Instance

PASSWORD = "みかん 電車 くじら 夕焼け"


@dataclass(frozen=True)
class RecoverySheet:
    """What a person reads off the printed recovery sheet."""

    groups: tuple[str, ...]
    device_code: str
    login_id: str


@dataclass(frozen=True)
class Begun:
    """What the administrator holds after the first day."""

    login_id: str
    password: str
    sheet: RecoverySheet


def press(page: Page, name: str) -> None:
    """Presses the button; a key printed on it (Ctrl+S) is part of its name, so the beginning counts."""
    page.get_by_role("button", name=re.compile(rf"^{re.escape(name)}(\s|$)")).click()


def sign_in(page: Page, instance: Instance, login_id: str, password: str) -> None:
    page.goto(f"{instance.address}/session/new")
    page.get_by_label("ログインID").fill(login_id)
    page.get_by_label("パスワード", exact=True).fill(password)
    press(page, "ログイン")


def first_sign_in(page: Page, instance: Instance) -> None:
    """With what the login sheet says; leaves the page that asks for an own password."""
    if instance.hand_over is None:
        raise ValueError("the instance was not initialised here")
    sign_in(page, instance, instance.hand_over.login_id, instance.hand_over.password)
    expect(page.get_by_role("heading", name="新しいパスワードを決める")).to_be_visible()


def choose_password(page: Page, password: str) -> None:
    """Leaves the recovery sheet."""
    page.get_by_label("新しいパスワード", exact=True).fill(password)
    page.get_by_label("新しいパスワード(確認)", exact=True).fill(password)
    press(page, "決定して鍵を作る")
    expect(page.get_by_role("heading", name="復旧用紙", exact=True)).to_be_visible(timeout=30_000)


def read_sheet(page: Page) -> RecoverySheet:
    return RecoverySheet(
        groups=tuple(page.locator("ol.groups .code").all_inner_texts()),
        device_code=page.locator("#spare-code").inner_text(),
        login_id=page.locator("dl div", has_text="ログインID").locator("dd").inner_text(),
    )


def confirm_sheet(page: Page, sheet: RecoverySheet, password: str | None = None) -> None:
    """Types back the two groups that the page asks for."""
    for name in ("first", "second"):
        box = page.locator(f"#{name}")
        label = page.locator(f"label[for={name}]").inner_text()
        asked = re.search(r"\d+", label)
        if asked is None:
            raise ValueError(f"no group number in {label!r}")
        box.fill(sheet.groups[int(asked[0]) - 1])
    if password is not None:
        page.get_by_label("パスワード", exact=True).fill(password)
    press(page, "確認して進む")


def enter_particulars(page: Page, office: str, kind: str, person: str) -> None:
    """The last form of the first day; `kind` is 保険代理店 or 会計事務所."""
    page.locator("#name").fill(office)
    page.locator("#kind").select_option(label=kind)
    page.locator("#own_name").fill(person)
    press(page, "登録する")
    expect(page.get_by_role("button", name="ログアウト")).to_be_visible()


def begin(
    page: Page, instance: Instance, *, password: str = PASSWORD, office: str = "さくら保険事務所",
    kind: str = "保険代理店", person: str = "佐々木 恵",
) -> Begun:
    """The whole first day; leaves the first page inside. The page's browser is then the registered device."""
    first_sign_in(page, instance)
    choose_password(page, password)
    sheet = read_sheet(page)
    confirm_sheet(page, sheet)
    enter_particulars(page, office, kind, person)
    return Begun(sheet.login_id, password, sheet)


def register_browser(page: Page, instance: Instance, begun: Begun, code: str | None = None) -> None:
    """Makes another browser a registered device, by default with the spare code of the recovery sheet."""
    page.goto(f"{instance.address}/register")
    page.get_by_label("端末登録コード").fill(code or begun.sheet.device_code)
    page.get_by_label("ログインID").fill(begun.login_id)
    page.get_by_label("パスワード", exact=True).fill(begun.password)
    press(page, "登録してログイン")
    expect(page.get_by_role("button", name="ログアウト")).to_be_visible()


def sign_out(page: Page) -> None:
    press(page, "ログアウト")
    expect(page.get_by_label("ログインID")).to_be_visible()
