"""The tools for browser tests do what they promise, under the CSP that Kura sends."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.support import axe, ime, pdf
from tests.support.site import served

pytestmark = pytest.mark.browser

PAGE = """<!doctype html><html lang="ja"><head><title>試し</title><script type="module" src="/log.js"></script></head>
<body><main><h1>試し</h1><label for="name">氏名</label> <input id="name"><p id="log"></p></main></body></html>"""
LOG = """const log = document.getElementById('log');
for (const kind of ['compositionstart', 'compositionupdate', 'compositionend', 'keydown'])
  document.getElementById('name').addEventListener(kind, e =>
    log.textContent += kind + ':' + (kind === 'keydown' ? e.keyCode : e.data) + ' ');"""
SPOILED = PAGE.replace('<label for="name">氏名</label>', "氏名")


@pytest.fixture
def site() -> Iterator[str]:
    files = {"/": ("text/html", PAGE), "/log.js": ("text/javascript", LOG), "/spoiled": ("text/html", SPOILED)}
    with served(files) as address:
        yield address


def test_a_converted_word_fires_the_events_of_a_real_input_method(page: Page, site: str) -> None:
    page.goto(f"{site}/")
    page.get_by_label("氏名").focus()
    ime.type_converted(page, "やまだ", "山田")
    log = page.locator("#log").text_content() or ""
    assert page.get_by_label("氏名").input_value() == "山田"
    assert [word for word in log.split() if not word.startswith("keydown")] == [
        "compositionstart:", "compositionupdate:や", "compositionupdate:やま", "compositionupdate:やまだ",
        "compositionupdate:山田", "compositionupdate:山田", "compositionend:山田",
    ]
    assert log.count("keydown:229") == 5


def test_a_cancelled_composition_leaves_nothing(page: Page, site: str) -> None:
    page.goto(f"{site}/")
    page.get_by_label("氏名").focus()
    ime.compose(page, "やま")
    assert page.get_by_label("氏名").input_value() == "やま"
    ime.cancel(page)
    assert page.get_by_label("氏名").input_value() == ""


def test_axe_passes_a_sound_page_and_names_a_field_without_a_label(page: Page, site: str) -> None:
    page.goto(f"{site}/")
    axe.check(page)
    page.goto(f"{site}/spoiled")
    assert "label" in {found.rule for found in axe.violations(page)}


def test_japanese_is_printed_with_the_fonts_of_the_offices(page: Page, tmp_path: Path) -> None:
    page.set_content("<body style='font-family: \"BIZ UDPGothic\"'>保険証券一覧表 <b>髙橋</b>"
                     "<p style='break-before: page; font-family: \"Noto Sans CJK JP\"'>𠮷田")
    sheet = tmp_path / "sheet.pdf"
    page.pdf(path=sheet, format="A4")
    first, second = pdf.pages(sheet)
    assert pdf.squeezed(first) == "保険証券一覧表髙橋"
    assert pdf.squeezed(second) == "𠮷田"
    assert any("BIZUDPGothic" in font for font in pdf.fonts(sheet))
    assert [picture.stat().st_size > 1000 for picture in pdf.render(sheet, tmp_path / "png")] == [True, True]
