"""An office typed once, by keyboard, for all tests that want a full one; and one begun and empty for each that asks."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Error, Page, expect

from tests.samples import typing as samples
from tests.support import forms, pages
from tests.support.browser import office_context
from tests.support.instance import Instance
from tests.support.keyboard import Paste, Typist

# Read aloud the legal form comes first; the list is sorted without it, so a person takes it out again.
SPOKEN = {
    "株式会社青葉製作所": "カブシキガイシャアオバセイサクショ",
    "有限会社はなみずき": "ユウゲンガイシャハナミズキ",
    "佐々木": "ササキ",
    "小林": "コバヤシ",
}
SURRENDER_HEAD = {
    "policy_year": "経過年数",
    "premiums_paid": "払込保険料累計(円)",
    "surrender_value": "解約返戻金(円)",
}

# Forms of which every box is passed, up to the button that saves: one of each shape.
WALKED = ("H-0001", "C-0001", "終身", "自動車", "団信")


@dataclass
class Office:
    """`clients` and `policies` are the addresses of their pages, by name and by the name with the policy's place."""

    instance: Instance
    begun: pages.Begun
    context: BrowserContext
    clients: dict[str, str] = field(default_factory=dict)
    policies: dict[tuple[str, int], str] = field(default_factory=dict)
    suggested: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)


def readings() -> dict[str, str]:
    found = {person["name"]: person["kana"] for client in samples.clients() for person in client["persons"]}
    return found | {client["name"]: client["kana"] for client in samples.clients()} | SPOKEN


def copy(page: Page, text: str) -> None:
    """Puts text on the clipboard, as copying from a spreadsheet in another window does."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.evaluate("text => navigator.clipboard.writeText(text)", text)


def spreadsheet(rows: list[dict[str, str]]) -> str:
    """A block with its heads as a spreadsheet copies it: tabs, and figures with separators and signs."""
    block = io.StringIO()
    writer = csv.writer(block, dialect="excel-tab", lineterminator="\r\n")
    writer.writerow([SURRENDER_HEAD[name] for name in rows[0]])
    writer.writerows(
        [[f"¥{v}" if name == "surrender_value" else v for name, v in row.items()] for row in rows]
    )
    return block.getvalue()


def paste(typist: Typist, table: str) -> Paste:
    """Copies the rows as a spreadsheet would and pastes them into the first cell of the table."""

    def into(rows: list[Any]) -> None:
        copy(typist.page, spreadsheet(rows))
        typist.press("Control+v")
        expect(typist.page.locator(f"[data-row-note={table}]")).to_contain_text(
            f"{len(rows)}件を貼り付けました"
        )

    return into


def save(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Control+s")


def follow(page: Page, key: str, url: str) -> None:
    """Presses a page's key and arrives; once more where the browser gave the first navigation up, as people do."""
    page.keyboard.press(key)
    try:
        page.wait_for_url(url)
    except Error as error:
        if "ERR_ABORTED" not in str(error):
            raise
        page.wait_for_load_state()
        if not fnmatch(page.url, url):
            page.keyboard.press(key)
        page.wait_for_url(url)


def home(page: Page) -> None:
    """To the first page, where clients are registered: the second stop of every page is the product's name."""
    for key in ("Tab", "Tab"):
        page.keyboard.press(key)
    follow(page, "Enter", "**/today")


def type_client(page: Page, typist: Typist, client: dict[str, Any]) -> None:
    corporation = client["kind"] == "corporation"
    follow(page, "m" if corporation else "n", f"**/clients/new/{'Corporation' if corporation else 'Household'}")
    typed = samples.typed_client(client)
    del typed["compartment"]  # there is one, and the form has chosen it
    typist.fill(typed, to_the_end=client["client_number"] in WALKED)
    save(page)
    expect(page.locator("h1")).to_contain_text(client["name"])


def type_policy(office: Office, page: Page, typist: Typist, policy: dict[str, Any]) -> None:
    follow(page, "n", "**/policies/new")
    typed = samples.typed_policy(policy)
    if typist.where()["value"] != typed["kind"]:
        typist.choose(typed["kind"])
        with page.expect_navigation():
            typist.press("Tab")
    expect(page.locator("#kind")).to_be_focused()
    expect(page.locator("#kind")).to_have_value(typed["kind"])
    table = "surrender_promised"
    typist.fill(typed, {table: paste(typist, table)}, to_the_end=policy["kind"] in WALKED)
    save(page)
    _answer(office, page, typist, samples.confirmed(policy))
    expect(page.locator("#faults")).to_have_count(0)
    page.wait_for_url("**/clients/*")


def _answer(office: Office, page: Page, typist: Typist, confirmed: frozenset[str]) -> None:
    """Kura asks about what looks doubtful: the box has the focus, the tick comes next."""
    if not confirmed:
        return
    (path,) = confirmed
    expect(page.locator(f"#{path}")).to_be_focused()
    office.asked.append(page.locator(f"#{path}-fault").inner_text())
    typist.press("Tab", "Space")
    save(page)


def type_office(office: Office, page: Page) -> None:
    typist = Typist(page, readings())
    for client in samples.clients():
        home(page)
        type_client(page, typist, client)
        office.clients[client["name"]] = page.url.removeprefix(office.instance.address)
        for policy in client["policies"]:
            type_policy(office, page, typist, policy)
        for n, policy in enumerate(client["policies"]):
            number = policy["policy_number"]
            link = page.locator("tr", has=page.locator(f'td:text-is("{number}")')).locator("a").first
            office.policies[client["name"], n] = link.get_attribute("href") or ""
    office.suggested = typist.suggested


@pytest.fixture(scope="session")
def typed_office(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """office.json as a person types it, then the server started anew; `context` is the browser it was typed in."""
    if "PYTEST_XDIST_WORKER" in os.environ:  # whose folders lie side by side
        (tmp_path_factory.getbasetemp().parent / "an office was typed").touch(exist_ok=False)
    place = tmp_path_factory.mktemp("typed")
    instance = Instance(folder=place / "instance", home=place / "home", workers=2)
    instance.init()
    instance.start()
    context = office_context(browser)
    try:
        page = context.new_page()
        office = Office(instance, pages.begin(page, instance, office="みなと保険事務所"), context)
        type_office(office, page)
        page.close()
        instance.restart()
        yield office
    finally:
        context.close()
        instance.stop()


@dataclass(frozen=True)
class Desk:
    """A page of an office that has just begun."""

    instance: Instance
    begun: pages.Begun
    page: Page


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One office for the tests of a module, begun and empty, and the page that began it."""
    place = tmp_path_factory.mktemp("desk")
    instance = Instance(folder=place / "instance", home=place / "home", workers=2)
    instance.init()
    instance.start()
    context = office_context(browser)
    page = context.new_page()
    yield Desk(instance, pages.begin(page, instance), page)
    context.close()
    instance.stop()


# --- one household with one policy, posted

CLIENT = {
    "name": "𠮷田 葵",
    "kana": "ヨシダ アオイ",
    "members": [{"name": "𠮷田 葵", "kana": "ヨシダ アオイ", "relationship": "本人"}],
}
POLICY = {
    "kind": "終身", "insurer": "日本生命", "policy_number": "1234-567890", "product": "終身保険", "state": "有効", "handled_by": "自社",
    "contract_date": "2008-06-01", "term": "終身", "premium": "12,480", "mode": "月", "notes": "はじめの備考",
    "roles": [{"role": "契約者", "name": "𠮷田 葵"}, {"role": "被保険者", "name": "𠮷田 葵"}],
    "coverages": [{"name": "死亡保険金", "amount": "500"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def client(desk: Desk) -> str:
    """Path of a client's page with one policy."""
    path = forms.add_client(desk.page, desk.instance, CLIENT)
    forms.add_policy(desk.page, desk.instance, path, POLICY)
    return path


@pytest.fixture
def tab(desk: Desk) -> Iterator[Page]:
    page = desk.page.context.new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    yield page
    page.close()
