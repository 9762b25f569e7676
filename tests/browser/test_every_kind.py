"""Every kind of insurance, every box of its form filled: saved, the server started anew, read back equal, printed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.conftest import Desk
from tests.samples.every_kind import INSURED, OTHER, filled
from tests.support import forms, pdf
from tests.support.records import lost
from vault.domain.policies import KINDS, Policy

pytestmark = pytest.mark.browser
PEOPLE = [
    {"name": INSURED, "kana": "タカハシ ミサキ", "relationship": "本人", "birth": "昭和60年12月31日"},
    {"name": OTHER, "kana": "サイトウ ヒサコ", "relationship": "母", "birth": "昭和29年4月5日"},
]


@pytest.fixture(scope="module")
def saved(desk: Desk) -> dict[str, str]:
    """Kind -> address of the form of the saved policy, after a restart."""
    page = desk.page
    client = forms.add_client(
        page, desk.instance, {"name": INSURED, "kana": "タカハシ ミサキ", "members": PEOPLE}
    )
    for name in KINDS:
        forms.add_policy(page, desk.instance, client, filled(name))
    desk.instance.restart()
    page.goto(desk.instance.address + client)
    links = page.locator("tr", has_text="KIND-").evaluate_all(
        "rows => rows.map(row => [row.cells[1].textContent.trim(), row.querySelector('a').getAttribute('href')])"
    )
    assert {kind for kind, _ in links} == set(KINDS)
    return dict(links)


@pytest.mark.parametrize("name", KINDS)
def test_every_box_is_read_back(desk: Desk, saved: dict[str, str], name: str) -> None:
    desk.page.goto(f"{desk.instance.address}{saved[name]}/edit")
    found = forms.read_back(desk.page)
    assert lost(Policy, filled(name), found) == []
    wanted = {box for box in KINDS[name].boxes}
    assert {box for box in wanted if not found.get(box)} == set()
    desk.page.goto(desk.instance.address + saved[name])
    assert desk.page.locator("h1").inner_text().startswith("みなと生命")


def test_every_kind_is_printed(desk: Desk, saved: dict[str, str], tmp_path: Path) -> None:
    page = desk.page
    client = saved["終身"].split("/")[2]
    page.goto(f"{desk.instance.address}/prints?client={client}")
    page.locator("#purpose").select_option("社内利用")
    page.keyboard.press("Control+s")
    page.wait_for_selector("main.paper")
    made = tmp_path / "sheet.pdf"
    page.pdf(path=made, prefer_css_page_size=True)
    text = pdf.squeezed(pdf.raw(made))
    for name in KINDS:
        typed = filled(name)
        assert f"{pdf.squeezed(name)}{typed['product']}{typed['policy_number']}" in text, name
