"""axe-core on every page, at the width of the offices and at twice the zoom, and every stop of the keyboard in sight."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.test_documents import begin
from tests.browser.test_importing import CORPORATIONS, look_at_rows, read, row
from tests.samples import typing as samples
from tests.support import axe, forms, office_pages, pages, pdf, told
from tests.support import documents as papers
from tests.support.instance import ROOT, Instance
from vault.domain.operator.incidents import Incident, Report
from vault.domain.operator.notices import Notice

pytestmark = pytest.mark.browser
WIDE, ZOOMED = {"width": 1366, "height": 768}, {"width": 683, "height": 384}
# Answers without a page of their own, which lead on to one; and what only a passkey has, looked at in test_passkeys.py.
LEADING = {"/", "/own/passkeys/remove"}
# Pictures, and parts of pages that a script asks for: looked at where they stand.
PARTS = {"/pages/<token>", "/documents/pages/<token>", "/documents/readings/<token>", "/clients/<client>/uploads/<upload>"}
LONG = "勅使河原 三津五郎左衛門之助"
BRANCH = "東京都千代田区丸の内・日本橋地域法人開発支店(第二営業部)"

_SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# A table wider than its box would hide columns at the width that offices have.
_WIDER = """() => [...document.querySelectorAll('main .table')].filter(box => box.scrollWidth > box.clientWidth)
    .map(box => box.querySelector('table').id || box.querySelector('th').textContent.trim())"""
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

    def __init__(self, instance: Instance, folder: Path) -> None:
        self.instance = instance
        self.folder = folder
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
        self.wrong += [f"{name}: the table {table} is wider than the page" for table in page.evaluate(_WIDER)]
        page.set_viewport_size(ZOOMED)
        if page.evaluate(_SIDEWAYS) > 0:
            self.wrong.append(f"{name}: scrolls sideways at {ZOOMED['width']} px")
        page.set_viewport_size(WIDE)

    def faulty(self, page: Page, path: str) -> None:
        """The page as it is, and with what it says to a form without anything in it."""
        self.go(page, path)
        boxes = page.locator("main form [aria-required=true]:is(input, textarea)")
        for n in range(boxes.count()):
            boxes.nth(n).fill("")
        with page.expect_navigation():
            page.keyboard.press("Control+s")
        expect(page.locator("main .fault").first).to_be_visible()
        self.look(page, f"{path} with faults")

    def sheet(self, page: Page, name: str, words: str) -> None:
        """A sheet as wide as its paper: what axe finds, and each page of it on paper whole, numbered and named."""
        expect(page.locator("[data-print]")).to_be_enabled()
        self.seen.add(re.sub(r"https?://[^/]+", "", page.url).partition("?")[0])
        self.wrong += [f"{name}: {found}" for found in axe.violations(page)]
        made = self.folder / "sheet.pdf"
        page.pdf(path=made, prefer_css_page_size=True)
        serial = pdf.squeezed(page.locator("html").get_attribute("data-serial") or "")
        texts, every = [pdf.squeezed(text) for text in pdf.pages(made)], pdf.words(made)
        for n, (text, (width, height, found)) in enumerate(zip(texts, every, strict=True), 1):
            if not serial or serial not in text or f"{n}/{len(texts)}ページ" not in text:
                self.wrong.append(f"{name}: page {n} has no number or no serial")
            out = [w.text for w in found if w.left < 0 or w.top < 0 or w.right > width or w.bottom > height]
            over = [(a.text, b.text) for i, a in enumerate(found) for b in found[:i] if a.overlaps(b)]
            self.wrong += [f"{name}: page {n}: {each}" for each in (out, over) if each]
        if pdf.squeezed(words) not in pdf.squeezed(pdf.raw(made)):
            self.wrong.append(f"{name}: {words} is not on it")

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
    return [rule for rule in found if rule not in LEADING | PARTS]


def _stops(page: Page, most: int = 60) -> list[str]:
    """Tabs through the page; what is wrong with any stop."""
    wrong, seen = [], set()
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(_FOCUS)
        if at is None and seen:
            break
        if at is None:
            continue  # the focus stood on the last stop of the page already
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


def _search(looker: Looker, page: Page) -> None:
    """The box in the top bar with what it found, the page with all conditions, what answers them, one put by."""
    page.goto(looker.instance.address + "/clients")
    page.keyboard.press("/")
    page.keyboard.type("やまだ")
    expect(page.locator("#found [role=option]").first).to_be_visible()
    looker.wrong += [f"what is found while typing: {found}" for found in axe.violations(page)]
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#hits")).to_be_visible()
    page.locator("summary").first.click()
    looker.look(page, "search results")
    page.locator("#name").fill("山田様")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    looker.look(page, "a search put by")
    page.locator("summary").first.click()
    page.locator("#closing_month").fill("13")
    with page.expect_navigation():
        page.locator("#words").press("Enter")
    expect(page.locator("main .fault").first).to_be_visible()
    looker.look(page, "search with faults")
    looker.go(page, "/search")


def _deposits(looker: Looker, page: Page, client: str) -> None:
    """Originals with long names are taken in, and one of them goes back."""
    at = looker.instance.address
    looker.faulty(page, f"{client}/family/new")
    looker.faulty(page, f"{client}/deposits/new")
    paper = {"insurer": "三井住友海上あいおい生命保険株式会社", "note": "備考の長い例。" * 12, "paper": "保険証券", "sheets": "2"}
    rows = {f"items-{n}-{name}": text for n in range(2) for name, text in paper.items()}
    said = {"purpose": "保険金・給付金の請求手続き", "place": BRANCH, "giver": LONG * 2, "note": "メモの長い例。" * 40}
    typed = forms.nested({**said, "received": "R8.1.5", "due": "R8.1.19", **rows, "items-2-note": ""})
    assert forms.post(page, looker.instance, f"{client}/deposits/new", typed).ok
    looker.go(page, client, "client with a receipt")
    receipt = page.locator("a", has_text="D-000001").get_attribute("href") or ""
    looker.faulty(page, f"{receipt}/back")
    page.goto(f"{at}{receipt}/back")
    page.locator("[name=item]").first.uncheck()
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    looker.look(page, "receipt, partly given back")
    looker.wrong += _stops(page)
    for path in (f"{receipt}/edit", f"{receipt}/back"):
        looker.go(page, path)
        looker.wrong += _stops(page)
    for path in (f"{receipt}/versions/2", "/deposits", "/today", f"{client}/erase"):
        looker.go(page, path)
    order = {"sheet": "保険証券お預り証", "purpose": "お客様へ交付", "addressee": LONG * 3}
    forms.fill_in(page, f"{at}/prints?client={client.split('/')[-1]}&deposit={receipt.split('/')[-1]}", order)
    looker.sheet(page, "receipt on paper", BRANCH)


def _documents(looker: Looker, page: Page, client: str, policy: str) -> None:
    """Papers with long names are taken in; a page of one waits, and another lies beside the form."""
    at, there = looker.instance.address, looker.instance.address + client
    looker.go(page, f"{client}/documents/new")
    names = [f"{LONG * 2}の保険証券.pdf", "控え.pdf", "手紙.docx"]
    data = [papers.pdf("one", f"My number {papers.MY_NUMBER}", "three"), papers.pdf("a page"), b"PK"]
    paths = [looker.folder / name for name in names]
    for path, content in zip(paths, data, strict=True):
        path.write_bytes(content)
    begin(page, there, [str(path) for path in paths])
    expect(page.locator("[data-open]:visible")).to_have_count(2, timeout=30_000)
    expect(page.locator("li.file .fault:visible")).to_have_count(1, timeout=30_000)
    looker.look(page, "files taken in")
    looker.wrong += _stops(page)
    [first, second] = [link.get_attribute("href") or "" for link in page.locator("[data-open]:visible").all()]
    for path in (client, policy, first, f"{first}?p=2", f"{first}/edit", f"{first}/held/2", f"{first}/bin", f"{first}/erase"):
        looker.go(page, path)
        looker.wrong += _stops(page)
    page.goto(at + second)
    page.locator("[data-do=turn]").click()
    looker.look(page, "a page turned")
    page.goto(f"{at}{policy}/edit")
    page.locator("[data-open-pane]").click()
    expect(page.locator("#pane [data-viewer]")).to_be_visible()
    page.locator("[data-read]").click()
    expect(page.locator("[data-readings-box]")).not_to_be_empty()
    looker.look(page, "a paper beside the policy form")


def _work(looker: Looker, page: Page, client: str) -> None:
    """今日の仕事 with a long task and a long line, what is done about them, the same by months and on paper."""
    looker.faulty(page, f"{client}/tasks/new")
    task = {"what": LONG * 3, "due": "R8.12.1", "note": "メモの長い例。" * 30, "assignee": LONG}
    assert forms.post(page, looker.instance, f"{client}/tasks/new", task).ok
    looker.go(page, client, "client with a task")
    looker.go(page, page.locator('main a[href*="/tasks/"]:not([href$="new"])').first.get_attribute("href") or "", "task")
    for part in ("soon", "late", "birthday", "done"):
        looker.go(page, f"/today?part={part}")
    looker.go(page, f"{client}/due/birthday/{client.split('/')[-1]}/2027", "line")
    looker.wrong += _stops(page)
    for path in ("/today/calendar", "/today/closings", "/today/print", "/today/closings/print"):
        looker.go(page, path)
        looker.wrong += _stops(page)


def _imports(looker: Looker, page: Page) -> None:
    """A sheet is read, its columns and rows are looked at, its clients come in."""
    for path in ("/imports", "/imports/new"):
        looker.go(page, path)
        looker.wrong += _stops(page)
    read(page, looker.instance.address, CORPORATIONS)
    looker.look(page, "columns of a sheet")
    looker.wrong += _stops(page)
    look_at_rows(page)
    looker.look(page, "rows of a sheet")
    page.locator(row(page, 2)).get_by_role("button", name="同じことを尋ねている行をすべて").click()
    expect(page.locator('[data-piece="count"]')).to_contain_text("取り込む行は3行")
    page.keyboard.press("Control+s")
    page.wait_for_url("**/result")
    expect(page.locator(".notice.good")).to_be_visible()
    looker.look(page, "what came in")
    looker.go(page, "/imports", "imports, one of them done")


def _doubles(looker: Looker, page: Page, household: dict[str, Any], policy: dict[str, Any]) -> None:
    """Somebody stands twice, with a policy and a member twice; one pair of each sort beside each other, and made one."""
    at, again = looker.instance.address, {**household["members"][0], "relationship": ""}
    said = {**household, "notes": "備考の長い例。" * 30, "address": BRANCH * 3}
    one = forms.add_client(page, looker.instance, {**said, "name": LONG, "members": [*household["members"], again]})
    other = forms.add_client(page, looker.instance, {**said, "name": f"{LONG} 様", "notes": ""})
    for number in ("9-001", "9001"):
        forms.add_policy(page, looker.instance, other, {**policy, "policy_number": number}, ["policy_number"])
    looker.go(page, "/doubles")
    looker.wrong += _stops(page)
    sides = page.locator('main a[href^="/doubles/"]').evaluate_all("links => links.map(a => a.getAttribute('href'))")
    ours = [path for path in sides if other.split("/")[-1] in path or one.split("/")[-1] in path]
    wanted = [next(path for path in ours if path.split("/")[2] == sort) for sort in ("people", "policies")]
    wanted.append(f"/doubles/clients/{one.split('/')[-1]}/{other.split('/')[-1]}")
    for path in wanted:
        looker.go(page, path)
        looker.wrong += _stops(page)
        forms.fill_in(page, at + path, {})
    looker.look(page, "two made one")
    page.goto(at + one)
    for _ in range(2):
        page.locator('main a[href*="/merged/"]').first.click()
        looker.look(page, "what was before")


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


def _people(looker: Looker, page: Page, room: str) -> office_pages.LoginSheet:
    """A colleague with a long name; returns what he is handed."""
    at = looker.instance.address
    looker.go(page, "/people")
    office_pages.five_minutes_pass(looker.instance)  # the password is asked for again
    looker.faulty(page, "/people/new")
    role = {"role": "handler", "compartments": room.split("/")[-1], "password": pages.PASSWORD}
    names = {"name": LONG, "kana": "テシガワラ ミツゴロウザエモンノスケ", "pledged": "R8.4.1"}
    forms.fill_in(page, f"{at}/people/new", {**names, **role})
    looker.sheet(page, "login sheet", LONG)
    sheet, person = office_pages.read_login_sheet(page), page.url.removesuffix("/sheet").removeprefix(at)
    pages.press(page, "渡しました")
    looker.look(page, "person handed his sheet")
    looker.faulty(page, f"{person}/edit")
    training = {"trainings-0-on": "R8.4.1", "trainings-0-subject": "個人データの取扱いの研修 " * 4}
    forms.fill_in(page, f"{at}{person}/edit", {"note": "長い備考の例。" * 30, **training})
    for path in ("", "/role", "/stop", "/re-enrol", "/sheet"):
        looker.go(page, person + path)
    looker.go(page, "/people", "people, two of them")
    return sheet


def _own_settings(looker: Looker, page: Page) -> None:
    at = looker.instance.address
    for path in ("/own", "/own/password", "/own/device-code", "/own/spare-code", "/own/passkeys/new", "/devices"):
        looker.go(page, path)
    looker.faulty(page, page.locator("main td a").first.get_attribute("href") or "")
    for path in ("device", "spare"):
        page.goto(f"{at}/own/{path}-code")
        page.locator("#password").fill(pages.PASSWORD)
        with page.expect_navigation():
            page.locator("#password").press("Enter")
        if path == "device":
            looker.look(page, "device code")
    looker.sheet(page, "spare code", "予備")


def _rooms(looker: Looker, page: Page, room: str, client: str) -> None:
    looker.faulty(page, "/compartments/new")
    forms.fill_in(page, f"{looker.instance.address}/compartments/new", {"name": BRANCH})
    looker.look(page, "new compartment")
    for path in ("/compartments", room, f"{room}/name", f"/compartments/move/{client.split('/')[-1]}"):
        looker.go(page, path)
    looker.faulty(page, "/office/rules")
    forms.fill_in(page, f"{looker.instance.address}/office/rules", {"print_approval": "はい"})
    looker.look(page, "rules saved")


def _order(looker: Looker, page: Page, path: str, typed: dict[str, str], words: str) -> None:
    """A sheet about the office, ordered and on paper."""
    looker.faulty(page, path)
    forms.fill_in(page, looker.instance.address + path, {"addressee": LONG * 3, "place": BRANCH, **typed})
    looker.sheet(page, path, words)


def _records(looker: Looker, page: Page, month: str) -> None:
    """The log, the inspections, the ledger of personal data."""
    at = looker.instance.address
    for path in ("/log", "/log?what=printed", "/log?unusual=1&since=2026-01-01", "/inspections", "/data-ledger"):
        looker.go(page, path)
    forms.fill_in(page, f"{at}/log", {"client": "山田 太郎"}, key="Enter")
    looker.look(page, "two clients of one name")
    looker.faulty(page, f"/inspections/month?m={month}")
    said = {"findings": "確かめたことの長い例。" * 20, "result": "要対応", "decided": "決めたこと。" * 20}
    forms.fill_in(page, f"{at}/inspections/month?m={month}", said)
    looker.look(page, "month signed")
    _order(looker, page, f"/inspections/print?m={month}", {}, "確かめたことの長い例。")
    _order(looker, page, "/data-ledger/print", {}, LONG)
    _order(looker, page, "/ledger/print", {"since": "R8.1.1", "until": "R18.12.31"}, BRANCH[:12])


def _two_persons(looker: Looker, mine: Page, theirs: Page, sheet: office_pages.LoginSheet, client: str) -> None:
    """In with the login sheet; an order waits, is approved, another declined; a thing is taken out."""
    at = looker.instance.address
    office_pages.come_in(theirs, looker.instance, sheet)
    looker.look(theirs, "own password")
    office_pages.choose_own_password(theirs)
    for n in (1, 2):
        order = {"purpose": "客先持参", "addressee": LONG * 2, "place": BRANCH}
        forms.fill_in(theirs, f"{at}/prints?client={client.split('/')[-1]}", order)
        looker.look(theirs, "order waiting")
        waiting = theirs.url.removeprefix(at)
        looker.go(mine, waiting, "order to approve")
        if n == 2:
            mine.locator("#reason").fill("却下の理由の長い例。" * 9)
        pages.press(mine, "承認する" if n == 1 else "却下する")
        looker.look(mine, "order settled")
        looker.go(theirs, waiting, "one's own order settled")
    for path in ("/today", "/office", "/own"):
        looker.go(theirs, path, f"{path} of a handler")
    looker.faulty(theirs, "/ledger/take-out")
    taken = {"thing": "書類", "description": "申込書の控え。" * 8, "people": "3", "purpose": "社外での作業", "place": BRANCH}
    forms.fill_in(theirs, f"{at}/ledger/take-out", taken)
    looker.look(theirs, "taken out")


def _leaving(looker: Looker, page: Page, client: str, policy: str) -> None:
    """Into the bin, erased, due to be erased: the pages that ask, and a certificate of a policy that went."""
    for path in (f"{client}/bin", f"{policy}/bin", f"{client}/erase", f"{client}/erase/member", "/bin", "/retention"):
        looker.go(page, path)
    looker.go(page, f"{policy}/erase")
    pages.press(page, "この契約を消去する")
    looker.look(page, "to be erased with faults")
    page.locator("#reason").select_option("誤った登録")
    page.locator("#typed").fill(page.locator("#typed-note").inner_text())
    if page.locator("#password").count():
        page.locator("#password").fill(pages.PASSWORD)
    pages.press(page, "この契約を消去する")
    looker.look(page, "certificate")
    for path in ("/erasures", "/erasures/print?n=1"):
        looker.go(page, path)


def _told(looker: Looker, page: Page) -> None:
    """What the operator says: a stop to come, a notice of now, an incident with long texts, read and on paper."""
    now, there = int(time.time()), looker.instance.folder / "told"
    said = {"situation": "外からの通信を止めて、原因を調べています。" * 20, "scope": BRANCH * 3}
    reports = (Report(1, "first", now - 9000, {}), Report(2, "interim", now - 60, said))
    found = Incident(number=12, kind="leak-suspected", what=LONG * 5, aware=now - 90_000, began=now - 95_000, reports=reports)
    told.tell(there, found, replace(found, number=9, kind="outage", closed=now, recovered=now - 600))
    stop = Notice(id="1", planned=True, begins=now + 1800, ends=now + 9000, announce=now, ja="装置を取り替えます。" * 20)
    told.announce(there, stop, Notice(id="2", planned=False, begins=now - 60, ends=None, announce=now - 60, ja=LONG * 5))
    for path in ("/today", "/office/incidents", "/office/incidents/12"):
        looker.go(page, path)
        looker.wrong += _stops(page)
    _order(looker, page, "/office/incidents/12/print", {}, BRANCH)
    page.goto(f"{looker.instance.address}/office/incidents/12")
    pages.press(page, "報告を確認しました")
    looker.look(page, "an incident, read")
    looker.go(page, "/today", "today, with an incident that was read")


def _contract(looker: Looker, page: Page, client: str) -> None:
    """A contract told with long texts, whose limit of policies is passed: the office's page, the space, the form that waits."""
    there, diagnosis = looker.instance.folder / "told", {"day": "2026-10-05", "by": BRANCH, "result": "指摘はありません。" * 30}
    facts = {"contract": "K-" + "2026" * 9, "place": BRANCH, "data_centre": BRANCH * 2, "operator": BRANCH, "diagnosis": diagnosis}
    told.say(there, "contract.json", {**facts, "policies": 1, "telephone": "03-0000-0001", "certificate_until": "2027-01-31"})
    months = [[f"2026-{month:02d}", [2_000_000, 3_600, 7_200, 60_000], [900_000, 3_599, 0, 60]] for month in range(1, 13)]
    told.say(there, "availability.json", {"at": int(time.time()), "months": months})
    for path in ("/office", "/office/space", "/today", f"{client}/policies/new"):
        looker.go(page, path, f"{path}, at the limit")
    told.say(there, "contract.json", facts)


def test_every_page(
    new_instance: Callable[..., Instance], new_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    instance = new_instance(workers=2)
    # A colour on its way from one to another is neither.
    looker, page = Looker(instance, tmp_path), new_context(reduced_motion="reduce").new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    _first_day(looker, page)

    household, its_policies = _typed("山田 太郎")
    typed_policies = list(its_policies)
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
    page.goto(instance.address + corporation)
    corporation_policy = page.locator("#policies tbody a").first.get_attribute("href") or ""
    policy = policies[0]

    for path in ("/clients", "/clients/new/Household", "/clients/new/Corporation", corporation, f"{corporation}/edit",
                 f"{client}/edit", f"{client}/policies/new", policy, *(f"{each}/edit" for each in policies), "/office", "/office/space",
                 "/office/particulars", "/office/recovery-sheet", "/prints", "/help", "/cookies", "/healthz", "/readyz", "/attention",
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
    _search(looker, page)
    _doubles(looker, page, household, typed_policies[0])
    _work(looker, page, client)
    _imports(looker, page)
    _deposits(looker, page, client)
    _documents(looker, page, client, policy)
    for path in ("/ledger", "/ledger/1"):
        looker.go(page, path)

    month, room = office_pages.began_earlier(instance), office_pages.only_room(page, instance)
    forms.add_client(page, instance, household)
    sheet = _people(looker, page, room)
    _rooms(looker, page, room, client)
    _own_settings(looker, page)
    _two_persons(looker, page, new_context(reduced_motion="reduce").new_page(), sheet, client)
    _records(looker, page, month)
    _leaving(looker, page, corporation, corporation_policy)
    _told(looker, page)
    _contract(looker, page, client)
    for path in ("/today", "/ledger", "/ledger?state=out", "/prints/whole-office", "/office/cancellation"):
        looker.go(page, path)

    for path in (
        "/clients", client, f"{client}/edit", f"{policies[0]}/edit", policy, "/office", "/ledger/1", "/help", "/today",
        "/people", "/people/new", "/own", "/devices", room, "/office/rules", "/log", f"/inspections/month?m={month}",
        "/data-ledger", "/ledger/take-out", "/search",
    ):  # fmt: skip
        page.goto(instance.address + path)
        looker.wrong += _stops(page)
    pages.sign_out(page)
    looker.look(page, "sign-in")
    looker.wrong += _stops(page)
    assert looker.wrong == [], "\n".join(looker.wrong)
    assert looker.unseen() == []
