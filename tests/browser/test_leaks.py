"""After an office was typed, printed and started anew, nothing of it lies anywhere in the clear."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.conftest import CLIENT, Office
from tests.samples import typing as samples
from tests.support import forms, leaks, office_pages
from tests.support.browser import office_context
from tests.support.instance import Instance
from tests.support.pages import PASSWORD, begin, press, sign_in, sign_out

pytestmark = pytest.mark.browser
# Shorter than this, bytes of a cipher text would be found by chance, and words of the paper are no secret.
SHORTEST = 4


def _of_clients() -> Iterator[str]:
    for client in samples.clients():
        yield from (
            client.get(name, "")
            for name in ("name", "kana", "address", "telephone", "client_number", "trade_name")
        )
        for person in client["persons"]:
            yield from (person["name"], person["kana"], person["name"].replace(" ", ""))
        for policy in client["policies"]:
            yield from (
                policy["policy_number"],
                policy.get("product", ""),
                policy.get("vehicle", {}).get("registration", ""),
            )


def _secrets(office: Office) -> Iterator[str]:
    begun, hand_over = office.begun, office.instance.hand_over
    assert hand_over is not None
    yield from (
        begun.password,
        begun.sheet.device_code,
        begun.sheet.device_code.replace("-", ""),
        hand_over.password,
    )
    yield from begun.sheet.groups
    yield from ("".join(begun.sheet.groups), "-".join(begun.sheet.groups))


def _places(instance: Instance) -> list[Path]:
    """Data, home, log, temporary and run folder; and whatever this user's servers left in shared memory, but for folders
    in which tests lie (the words they look for, too)."""
    shared = Path("/dev/shm")
    own = (
        [p for p in shared.glob("*") if p.is_dir() and p.stat().st_uid == os.getuid() and not p.name.startswith("tests.")]
        if shared.is_dir()
        else []
    )
    return [instance.folder, instance.home, *own]


def test_nothing_typed_lies_anywhere_in_the_clear(typed_office: Office) -> None:
    instance = typed_office.instance
    context = office_context(typed_office.context.browser)  # type: ignore[arg-type]
    page = typed_office.context.new_page()
    sign_in(page, instance, typed_office.begun.login_id, typed_office.begun.password)
    client = typed_office.clients["山田 太郎"]
    page.goto(instance.address + client)
    order = {
        "client": client.split("/")[-1],
        "sheet": "保険証券一覧表",
        "purpose": "客先持参",
        "addressee": "山田 太郎 様",
        "copies": "1",
    }
    assert "1234-567890" in forms.post(page, instance, "/prints", order).text()
    assert "山田 太郎" in page.request.get(instance.address + "/ledger").text()
    # People type names and passwords where they do not belong.
    sign_in(context.new_page(), instance, "山田 太郎", typed_office.begun.password)
    page.request.get(f"{instance.address}/clients?name=山田 太郎")

    wanted = {word for word in (*_of_clients(), *_secrets(typed_office)) if len(word) >= SHORTEST}
    assert len(wanted) > 100
    leaks.check(_places(instance), wanted)
    sign_out(page)
    instance.stop()
    leaks.check(_places(instance), wanted)
    instance.start()
    context.close()


# --- what an office writes about itself

NAME, KANA, NOTE, SUBJECT = "蔵持 汐路", "クラモチ シオジ", "水曜は潮見台へ出る", "個人情報の研修 初級甲種"
BRANCH, DEVICE, NETWORK = "潮見台支店", "潮の間のノートパソコン", "198.51.100.77"
REASON, OUTCOME = "宛先が古い住所のため却下", "控えを金庫の二段目へ"
FINDINGS, DECIDED, ADDED = "深夜の閲覧は決算の作業", "閲覧者を一人減らす", "翌月に減らした"
SHEET_ADDRESSEE, PLACE = "監査法人みさき 御中", "潮見台の会議室"
TAKEN = {"thing": "書類", "description": "申込書の控え束", "people": "3", "purpose": "社外での作業", "place": "桟橋出張所",
         "addressee": "桟橋の受付係"}  # fmt: skip
ORDERED = {"purpose": "客先持参", "addressee": "汐留の奥様", "place": "汐留のご自宅"}
SEARCHED = "蔵前の尋ね人"


def _people_and_places(page: Page, at: str, room: str) -> office_pages.LoginSheet:
    forms.fill_in(page, f"{at}/compartments/new", {"name": BRANCH})
    role = {"role": "handler", "compartments": room.split("/")[-1]}
    forms.fill_in(page, f"{at}/people/new", {"name": NAME, "kana": KANA, **role})
    sheet = office_pages.read_login_sheet(page)
    person = page.url.removesuffix("/sheet")
    press(page, "渡しました")
    training = {"trainings-0-on": "R8.4.1", "trainings-0-subject": SUBJECT}
    forms.fill_in(page, f"{person}/edit", {"note": NOTE, **training})
    page.goto(f"{at}/own")
    forms.fill_in(page, at + (page.locator("#devices a").first.get_attribute("href") or ""), {"name": DEVICE})
    networks = f"127.0.0.1\n::1\n{NETWORK}"
    forms.fill_in(page, f"{at}/office/rules", {"networks": networks, "print_approval": "はい"})
    return sheet


def _papers(mine: Page, theirs: Page, at: str, client: str) -> None:
    """An order that the other person declines, a thing taken out and what became of it, the ledger searched."""
    forms.fill_in(theirs, f"{at}/prints?client={client.split('/')[-1]}", ORDERED)
    mine.goto(f"{at}/ledger/1")
    mine.locator("#reason").fill(REASON)
    press(mine, "却下する")
    expect(mine.locator(".notice.bad")).to_contain_text(REASON)
    forms.fill_in(theirs, f"{at}/ledger/take-out", TAKEN)
    forms.fill_in(theirs, theirs.url, {"outcome": "保管", "note": OUTCOME})
    mine.goto(f"{at}/ledger")
    mine.locator("[name=text]").fill(SEARCHED)
    with mine.expect_navigation():
        mine.keyboard.press("Enter")


def _inspected(page: Page, at: str, month: str) -> None:
    said = {"findings": FINDINGS, "result": "要対応", "decided": DECIDED}
    forms.fill_in(page, f"{at}/inspections/month?m={month}", said)
    forms.fill_in(page, f"{at}/inspections/month?m={month}", {"text": ADDED})
    order = {"addressee": SHEET_ADDRESSEE, "place": PLACE}
    forms.fill_in(page, f"{at}/inspections/print?m={month}", order)
    expect(page.locator("main")).to_contain_text(FINDINGS)
    page.goto(f"{at}/log")
    page.locator("#client").fill(SEARCHED)
    with page.expect_navigation():
        page.locator("#client").press("Enter")


def test_nothing_an_office_writes_about_itself_lies_anywhere_in_the_clear(
    new_instance: Callable[..., Instance], new_context: Callable[..., BrowserContext]
) -> None:
    instance = new_instance(workers=2)
    at, mine, theirs = instance.address, new_context().new_page(), new_context().new_page()
    begin(mine, instance)
    client = forms.add_client(mine, instance, CLIENT)
    sheet = _people_and_places(mine, at, office_pages.only_room(mine, instance))
    office_pages.come_in(theirs, instance, sheet)
    office_pages.choose_own_password(theirs)
    _papers(mine, theirs, at, client)
    _inspected(mine, at, office_pages.began_earlier(instance))

    wanted = {
        NAME, KANA, NOTE, SUBJECT, BRANCH, DEVICE, NETWORK, REASON, OUTCOME, FINDINGS, DECIDED, ADDED, SHEET_ADDRESSEE,
        PLACE, SEARCHED, *ORDERED.values(), TAKEN["description"], TAKEN["place"], TAKEN["addressee"], PASSWORD,
        office_pages.OWN_PASSWORD, sheet.password, sheet.code, sheet.code.replace("-", ""), NAME.replace(" ", ""),
    }  # fmt: skip
    leaks.check(_places(instance), wanted)
    sign_out(theirs)
    instance.stop()
    leaks.check(_places(instance), wanted)
