"""axe-core on every page, at the width of the offices and at twice the zoom, and every stop of the keyboard in sight."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.samples import typing as samples
from tests.support import axe, forms, pages
from tests.support.instance import ROOT, Instance

pytestmark = pytest.mark.browser
WIDE, ZOOMED = {"width": 1366, "height": 768}, {"width": 683, "height": 384}
# Answers without a page of their own: they lead on to one.
LEADING = {"/"}

_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# The focus is drawn, in the window, and not under something else.
_FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  const style = getComputedStyle(at), box = at.getBoundingClientRect();
  const x = Math.min(Math.max(box.left + box.width / 2, 1), innerWidth - 1);
  const y = Math.min(Math.max(box.top + Math.min(box.height / 2, 12), 1), innerHeight - 1);
  const hit = document.elementFromPoint(x, y);
  return {
    what: `${at.tagName} ${at.id || at.name || at.textContent.trim().slice(0, 20)}`,
    drawn: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
    inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    free: Boolean(hit) && (at.contains(hit) || hit.contains(at) || hit.closest('label')?.control === at),
  };
}"""


class Looker:
    """Looks at pages and remembers which rules of the address map it has seen, and all that was wrong."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance
        self.seen: set[str] = set()
        self.wrong: list[str] = []

    def go(self, page: Page, path: str, name: str = "") -> None:
        page.goto(self.instance.address + path)
        self.look(page, name or path)

    def look(self, page: Page, name: str) -> None:
        page.wait_for_load_state()  # words may stand before the styles that size them
        self.seen.add(re.sub(r"https?://[^/]+", "", page.url).partition("?")[0])
        self.wrong += [f"{name}: {found}" for found in axe.violations(page)]
        if page.evaluate(_SIDEWAYS) > 0:
            self.wrong.append(f"{name}: scrolls sideways at {WIDE['width']} px")
        page.set_viewport_size(ZOOMED)
        if page.evaluate(_SIDEWAYS) > 0:
            self.wrong.append(f"{name}: scrolls sideways at {ZOOMED['width']} px")
        page.set_viewport_size(WIDE)

    def unseen(self) -> list[str]:
        """Rules that answer GET and that no page looked at matches."""
        rules = [re.compile(re.sub(r"<[^>]+>", "[^/]+", rule)) for rule in _rules()]
        return [rule.pattern for rule in rules if not any(rule.fullmatch(path) for path in self.seen)]


def _rules() -> list[str]:
    """Every address of a page, out of the sources."""
    found = []
    for path in sorted((ROOT / "vault" / "web").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        prefix = re.search(r'url_prefix="([^"]+)"', text)
        found += [
            (prefix[1] if prefix else "") + rule for rule in re.findall(r'blueprint\.get\("([^"]*)"\)', text)
        ]
    return [rule for rule in found if rule not in LEADING]


def _stops(page: Page, most: int = 60) -> list[str]:
    """Tabs through the page; what is wrong with any stop."""
    wrong, seen = [], set()
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUS)
        if at is None:
            break
        seen.add(at["what"])
        wrong += [f"{page.url}: {at['what']} {name}" for name in ("drawn", "inside", "free") if not at[name]]
    assert len(seen) > 2, "the keyboard goes nowhere"
    return wrong


def _first_day(looker: Looker, page: Page) -> pages.Begun:
    instance = looker.instance
    looker.go(page, "/session/new", "first sign-in")
    for path in ("/cookies", "/register", "/recover"):
        looker.go(page, path)
    pages.first_sign_in(page, instance)
    looker.look(page, "first password")
    pages.choose_password(page, pages.PASSWORD)
    looker.look(page, "recovery sheet")
    sheet = pages.read_sheet(page)
    pages.confirm_sheet(page, sheet)
    looker.look(page, "particulars")
    pages.enter_particulars(page, "さくら保険事務所", "保険代理店", "佐々木 恵")
    looker.look(page, "no clients")
    return pages.Begun(sheet.login_id, pages.PASSWORD, sheet)


def _typed(name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    client = samples.client_named(name)
    typed = samples.typed_client(client)
    del typed["compartment"]
    return typed, [samples.typed_policy(policy) for policy in client["policies"]]


def _print(looker: Looker, page: Page, client: str) -> None:
    looker.go(page, f"/prints?client={client.split('/')[-1]}", "print choose")
    page.keyboard.press("Control+s")
    expect(page.locator("#faults")).to_be_visible()
    looker.look(page, "print choose with faults")
    page.locator("#purpose").select_option("客先持参")
    page.keyboard.press("Control+s")
    expect(page.locator("[data-print]")).to_be_enabled()
    # On the screen a sheet is as wide as the paper; only its finds count.
    looker.wrong += [f"sheet: {found}" for found in axe.violations(page)]


def _faults(looker: Looker, page: Page, client: str, policy: str) -> None:
    page.goto(f"{looker.instance.address}{client}/edit")
    page.locator("#name").fill("")
    page.locator("#members-0-birth").fill("2月30日")
    page.keyboard.press("Control+s")
    expect(page.locator("#faults")).to_be_visible()
    looker.look(page, "client with faults")
    page.goto(f"{looker.instance.address}{policy}/edit")
    page.locator("#premium").fill("▲500")
    page.locator("#riders-0-amount").fill("-5")
    page.keyboard.press("Control+s")
    expect(page.locator("#faults")).to_be_visible()
    looker.look(page, "policy with faults")


def _conflict(looker: Looker, page: Page, policy: str) -> None:
    page.goto(f"{looker.instance.address}{policy}/edit")
    other = page.context.new_page()
    other.goto(f"{looker.instance.address}{policy}/edit")
    for at, text in ((other, "先の人"), (page, "後の人")):
        at.locator("#notes").fill(text)
        with at.expect_navigation():
            at.keyboard.press("Control+s")
    other.close()
    expect(page.locator("body")).to_contain_text("先に保存")
    looker.look(page, "conflict")


def test_every_page(
    new_instance: Callable[..., Instance], new_context: Callable[..., BrowserContext]
) -> None:
    instance = new_instance(workers=2)
    # A colour on its way from one to another is neither.
    looker, page = Looker(instance), new_context(reduced_motion="reduce").new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    _first_day(looker, page)

    household, its_policies = _typed("山田 太郎")
    client = forms.add_client(page, instance, household)
    for typed in its_policies:
        forms.add_policy(page, instance, client, typed)
    company, its_policies = _typed("株式会社青葉製作所")
    corporation = forms.add_client(page, instance, company, "Corporation")
    for typed in its_policies:
        forms.add_policy(page, instance, corporation, typed)
    looker.go(page, client)
    policies = page.locator("#policies tbody a").evaluate_all(
        "links => links.map(a => a.getAttribute('href'))"
    )
    policy = policies[0]

    for path in ("/clients", "/clients/new/Household", "/clients/new/Corporation", corporation, f"{corporation}/edit",
                 f"{client}/edit", f"{client}/policies/new", policy, *(f"{each}/edit" for each in policies), "/office",
                 "/office/particulars", "/office/recovery-sheet", "/prints", "/help", "/cookies", "/attention",
                 "/ledger", "/clients?initial=わ", "/nowhere", "/clients/" + "0" * 32):  # fmt: skip
        looker.go(page, path)
    for name in ("個人年金", "外貨建", "積立", "業務災害"):
        answer = forms.post(page, instance, f"{client}/policies/new/kind", {"kind": name})
        assert answer.ok
    _faults(looker, page, client, policy)
    _conflict(looker, page, policy)
    for path in (f"{policy}/versions/2", f"{client}/versions/1"):
        looker.go(page, path)
    _print(looker, page, client)
    for path in ("/ledger", "/ledger/1"):
        looker.go(page, path)

    for path in (
        "/clients",
        client,
        f"{client}/edit",
        f"{policies[0]}/edit",
        policy,
        "/office",
        "/ledger/1",
        "/help",
    ):
        page.goto(instance.address + path)
        looker.wrong += _stops(page)
    pages.sign_out(page)
    looker.look(page, "sign-in")
    looker.wrong += _stops(page)
    assert looker.wrong == [], "\n".join(looker.wrong)
    assert looker.unseen() == []
