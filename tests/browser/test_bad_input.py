"""What people and strangers type: refused beside its box, or kept literally and harmless on screen and paper."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CLIENT, POLICY, Desk, save
from tests.support import forms, office_pages, pdf

pytestmark = pytest.mark.browser

REFUSED = [
    ("insurer", "日本\x07生命", "使えない文字"), ("insurer", "日本\x00生命", ""), ("product", "終身\u202eFDP", "使えない文字"),
    ("contract_date", "2月30日", ""), ("contract_date", "2023-02-30", ""), ("contract_date", "令和1年4月30日", ""),
    ("contract_date", "=TODAY()", ""), ("premium", "-12,480", "マイナス"), ("premium", "▲12,480円", "マイナス"), ("premium", "いちまん円", ""),
    ("premium", "1e5", ""), ("premium", "99999999999999", ""), ("mode", "毎日", ""), ("kind", "存在しない保険", ""),
    ("policy_number", "9" * 61, ""), ("roles-0-name", "123456789018", "マイナンバー"), ("policy_number", "123456789018", "マイナンバー"),
    ("coverages-0-amount", "▲500", "マイナス"), ("product", "マイナンバー123456789018", "マイナンバー"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "text", "said"), REFUSED)
def test_what_no_paper_says_is_refused_beside_its_box(
    desk: Desk, client: str, path: str, text: str, said: str
) -> None:
    sent = {**forms.flat({**POLICY, "policy_number": "BAD-1"}), path: text}
    answer = forms.post(desk.page, desk.instance, f"{client}/policies/new", sent)
    assert answer.status == 400
    html = answer.text()
    fault = re.search(rf'<p class="fault" id="{path}-fault">([^<]+)', html)
    assert fault is not None or path == "kind"
    assert said in (fault[1] if fault else said)
    assert "fault." not in (fault[1] if fault else "")
    assert "はじめの備考" in html and "終身保険" in html or path == "product"


LITERAL = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "=1+1", "=HYPERLINK(\"http://x\")", "@SUM(A1)", "+81", "{{7*7}}",
    "{% raw %}", "%(name)s", "'; DROP TABLE records;--", "../../etc/passwd", "\\u0000", "&lt;b&gt;", "𠮷野家", "葛󠄀西", "髙﨑", "契約👨‍👩‍👧😀",
    "ｶﾅ半角", "ﷺ", "é", "javascript:alert(1)",
]  # fmt: skip


def test_odd_words_are_kept_literally_and_do_nothing(
    desk: Desk, tab: Page, client: str, tmp_path: Path
) -> None:
    opened: list[str] = []
    tab.on("dialog", lambda dialog: opened.append(dialog.message))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    person: dict[str, Any] = {
        "name": LITERAL[0],
        "kana": "スクリプト",
        "relationship": "本人",
        "notes": "\n".join(LITERAL),
    }
    path = forms.add_client(
        desk.page,
        desk.instance,
        {"name": LITERAL[0], "kana": "スクリプト", "members": [person], "notes": "\n".join(LITERAL)},
    )
    for n, text in enumerate(LITERAL):
        roles = [{"role": role, "name": text} for role in ("契約者", "被保険者")]
        odd = {
            "product": text,
            "insurer": text,
            "policy_number": f"{n} {text}",
            "roles": roles,
            "notes": text,
        }
        forms.add_policy(
            desk.page, desk.instance, path, {**POLICY, **odd, "coverages": [{"name": text, "amount": text}]}
        )
    tab.goto(desk.instance.address + path)
    numbers = tab.locator("#policies tbody tr td:nth-child(3)").all_text_contents()
    assert sorted(numbers) == sorted(f"{n} {text}" for n, text in enumerate(LITERAL))
    links = tab.locator("#policies tbody a").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    for link in links:
        tab.goto(f"{desk.instance.address}{link}/edit")
        found = forms.read_back(tab)
        text = found["policy_number"].partition(" ")[2]
        assert found["product"] == found["insurer"] == found["notes"] == text
        assert found["coverages"][0]["name"] == found["coverages"][0]["amount"] == text
        tab.goto(desk.instance.address + link)
        assert text in tab.locator("main").inner_text()
    tab.goto(f"{desk.instance.address}/prints?client={path.split('/')[-1]}")
    tab.locator("#purpose").select_option("社内利用")
    save(tab)
    tab.pdf(path=tmp_path / "sheet.pdf", prefer_css_page_size=True)
    text = pdf.squeezed(pdf.raw(tmp_path / "sheet.pdf"))
    for words in LITERAL:
        # What fonts join into one shape, or lack, is looked at with the eye.
        if words.isascii() or words in ("𠮷野家", "髙﨑", "ｶﾅ半角"):
            assert pdf.squeezed(words) in text, words
    for place in ("/clients", "/ledger", "/prints"):
        tab.goto(desk.instance.address + place)
        expect(tab.locator("main")).to_contain_text(LITERAL[0])
    assert opened == []
    assert [url for url in asked if not url.startswith(desk.instance.address)] == []


def test_odd_words_about_the_office_are_kept_literally_and_do_nothing(desk: Desk, tab: Page) -> None:
    """People, compartments, devices, things taken out: on their own pages, on lists, in the log and on paper."""
    opened: list[str] = []
    tab.on("dialog", lambda dialog: opened.append(dialog.message))
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    at, name, words = desk.instance.address, LITERAL[0], "\n".join(LITERAL)
    room = office_pages.only_room(desk.page, desk.instance).split("/")[-1]
    forms.fill_in(tab, f"{at}/people/new", {"name": name, "role": "viewer", "compartments": room})
    expect(tab.locator("main")).to_contain_text(f"{name} 様")
    person = tab.url.removesuffix("/sheet")
    trainings = [{"on": "R8.4.1", "subject": text} for text in LITERAL]
    sent = {"name": name, "version": "1", "note": words, "trainings": trainings}
    assert forms.post(tab, desk.instance, f"{person.removeprefix(at)}/edit", sent).ok
    for text in LITERAL[:4]:
        forms.fill_in(tab, f"{at}/compartments/new", {"name": text})
        expect(tab.locator("h1")).to_have_text(text)
        forms.fill_in(tab, f"{at}/ledger/take-out", {**TAKEN, "description": text, "addressee": text})
        expect(tab.locator("main")).to_contain_text(text)
    tab.goto(f"{at}/own")
    forms.fill_in(tab, at + (tab.locator("#devices a").first.get_attribute("href") or ""), {"name": LITERAL[1]})
    shown = {
        "/people": [name], person.removeprefix(at): LITERAL, "/compartments": LITERAL[:4], "/devices": [LITERAL[1]],
        "/own": [LITERAL[1]], "/ledger": LITERAL[:4], "/log": [name, LITERAL[1]], "/data-ledger": LITERAL[:4],
        "/today": [],
    }  # fmt: skip
    for path, texts in shown.items():
        tab.goto(at + path)
        said = tab.locator("main").inner_text()
        assert [text for text in texts if text not in said] == [], path
    assert opened == []
    assert [url for url in asked if not url.startswith(at)] == []


RULES = {
    "password_shortest": "12", "password_days": "0", "idle_minutes": "15", "session_hours": "10", "log_days": "396",
    "print_ledger_days": "1830", "bin_days": "30", "retention_years": "10",
}  # fmt: skip
TAKEN = {"thing": "書類", "people": "3", "purpose": "社外での作業", "place": "出張先"}
REFUSED_OF_THE_OFFICE = [
    ("/people/new", "name", "山田123456789018", "マイナンバー"), ("/people/new", "pledged", "2月30日", ""),
    ("/compartments/new", "name", "本\u202e店", "使えない文字"), ("/compartments/new", "name", "", "入力"),
    ("/office/rules", "hours_from", "25:00", ""), ("/office/rules", "networks", "203.0.113.0/99", "203.0.113.0/99"),
    ("/office/rules", "idle_minutes", "4", "5"), ("/office/rules", "log_days", "395", "396"),
    ("/office/rules", "password_shortest", "11", "12"), ("/ledger/take-out", "people", "-1", "数字"),
    ("/ledger/take-out", "due", "2001-01-01", ""), ("/log", "since", "2月30日", ""),
]  # fmt: skip


@pytest.mark.parametrize(("path", "box", "text", "said"), REFUSED_OF_THE_OFFICE)
def test_what_no_office_lays_down_is_refused_beside_its_box(
    desk: Desk, path: str, box: str, text: str, said: str
) -> None:
    filled = {"role": "auditor", "name": "鳥羽 渚", **TAKEN, "description": "申込書"} | RULES
    answer = forms.post(desk.page, desk.instance, path, {**filled, box: text})
    assert answer.status == 400
    fault = re.search(rf'<p class="fault" id="{box}-fault">([^<]+)', answer.text())
    assert fault is not None and said in fault[1] and "fault." not in fault[1]


@pytest.mark.parametrize("name", ["123456789018", "山田 1234 5678 9018", "山田123456789018"])
def test_an_individual_number_is_no_name(desk: Desk, client: str, name: str) -> None:
    sent = forms.flat({**CLIENT, "name": name})
    answer = forms.post(desk.page, desk.instance, "/clients/new/Household", sent)
    assert answer.status == 400
    fault = re.search(r'<p class="fault" id="name-fault">([^<]+)', answer.text())
    assert fault is not None and "マイナンバー" in fault[1]
