"""Reading pictures: what is installed is found, the jail holds, and the words come as a person reads them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Browser

from tests.support import layouts
from vault.domain.readings import my_numbers
from vault.storage import sandbox
from vault.storage.sandbox import tesseract
from vault.storage.sandbox.bleached import bleached
from vault.storage.sandbox.limits import WORD_LETTERS

PAGE = """<!doctype html><meta charset="utf-8"><style>@page { size: A5 } body { font: 14pt "Noto Sans CJK JP" }
b { display: block; font-weight: normal; color: #fff; background: #145; padding: 3mm; margin: 8mm 0 }</style>
<p>証券番号　77-0011223<b>保険期間　2025年6月1日から</b><p>個人番号　1234 5678 9018"""


@pytest.fixture(scope="module")
def scan(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A page as a scanner sends it, with white letters on a dark ground and a number nobody may keep."""
    folder = tmp_path_factory.mktemp("scan")
    page = browser.new_page()
    page.set_content(PAGE)
    page.pdf(path=folder / "page.pdf", prefer_css_page_size=True, print_background=True)
    page.close()
    return layouts.scanned(folder / "page.pdf", folder)[0]


@pytest.mark.browser
def test_a_scan_is_read_within_the_jail(scan: bytes) -> None:
    (page,) = sandbox.redraw([scan], len(scan), read=True)
    text = "".join(word.text for word in page.words).replace(" ", "")
    assert "証券番号77-0011223" in text
    assert "保険期間" in text and "2025年6月1日" in text
    assert not page.exact


@pytest.mark.browser
def test_an_individual_number_on_a_scan_is_found_where_it_stands(scan: bytes) -> None:
    (page,) = sandbox.redraw([scan], len(scan), read=True)
    areas = my_numbers(page.words)
    assert len(areas) == 1
    black = sandbox.blacken(page.image, areas)
    (after,) = sandbox.redraw([black.image], len(black.image), read=True)
    text = "".join(word.text for word in after.words).replace(" ", "")
    assert "9018" not in text and "5678" not in text and "証券番号" in text


@pytest.mark.browser
def test_a_single_line_on_a_page_is_read(browser: Browser, tmp_path: Path) -> None:
    page = browser.new_page()
    page.set_content("<!doctype html><meta charset='utf-8'><p style='font: 9pt \"Noto Serif CJK JP\"'>個人番号 1234 5678 9018")
    page.pdf(path=tmp_path / "line.pdf", format="A5")
    page.close()
    (scanned,) = layouts.scanned(tmp_path / "line.pdf", tmp_path)
    (read,) = sandbox.redraw([scanned], len(scanned), read=True)
    assert len(my_numbers(read.words)) == 1


@pytest.mark.browser
def test_nothing_is_read_unless_it_is_asked_for(scan: bytes) -> None:
    (page,) = sandbox.redraw([scan], len(scan))
    assert page.words == ()


@pytest.mark.browser
def test_every_word_stands_on_the_page(scan: bytes) -> None:
    image = Image.open(io.BytesIO(scan))
    with closing(tesseract.load()) as reader:
        words = reader.words(image, layouts.DPI)
    width, height = image.size
    assert words
    for word in words:
        assert word.left >= 0 and word.top >= 0 and word.width > 0 and word.height > 0
        assert word.left + word.width <= width and word.top + word.height <= height


def test_what_is_missing_is_said_without_loading_anything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert tesseract.available()
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    assert tesseract.trained_data() is None
    assert not tesseract.available()
    with pytest.raises(OSError, match="not installed"):
        tesseract.load()


def test_library_and_data_are_found_where_they_were_unpacked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in (tesseract.LIBRARY, f"{tesseract.LANGUAGE}.traineddata"):
        (tmp_path / name).write_bytes(b"")
    monkeypatch.setenv("TESSDATA_PREFIX", str(tmp_path))
    monkeypatch.setenv("LD_LIBRARY_PATH", f"/nowhere:{tmp_path}")
    assert tesseract.trained_data() == tmp_path
    assert tesseract.library() == tmp_path / tesseract.LIBRARY




def bit(text: str, left: int, confidence: float = 90.0, line: int = 1) -> tesseract.Bit:
    return tesseract.Bit((1, 1, line), left, 100, 20 * len(text), 20, confidence, text)


def joined(*bits: tesseract.Bit) -> list[str]:
    given: Iterator[tesseract.Bit] = iter(bits)
    return [word.text for word in tesseract.runs(given)]


def test_letters_that_stand_together_are_one_word() -> None:
    assert joined(bit("保", 100), bit("険料", 122), bit("23,450円", 300)) == ["保険料", "23,450円"]


def test_a_small_gap_is_a_blank_and_another_line_another_word() -> None:
    assert joined(bit("青木", 100), bit("春男", 152), bit("様", 200, line=2)) == ["青木 春男", "様"]


def test_what_was_hardly_recognised_is_dropped_as_a_whole() -> None:
    assert joined(bit("罫", 100, 10.0), bit("契約", 300, 80.0), bit("者", 342, 5.0)) == ["契約者"]


def test_no_word_is_longer_than_the_parent_takes() -> None:
    assert all(len(text) <= WORD_LETTERS for text in joined(*(bit("あい", 40 * n) for n in range(500))))


@pytest.mark.parametrize(("width", "height", "dpi", "factor"), [
    (1654, 2339, 200, 1.5), (2480, 3508, 300, 1.0), (4960, 7016, 600, 1.0), (3000, 4000, 72, 1.25), (2000, 1000, 0, 2.5),
])
def test_a_page_is_enlarged_as_far_as_it_helps_and_no_further(width: int, height: int, dpi: int, factor: float) -> None:
    assert tesseract.enlarging(width, height, dpi) == pytest.approx(factor)


def picture(ground: int, letters: int) -> Image.Image:
    image = Image.new("L", (400, 200), 230)
    draw = ImageDraw.Draw(image)
    draw.rectangle((20, 40, 380, 130), fill=ground)
    draw.text((40, 60), "ABC 123", fill=letters, font=ImageFont.load_default(40))
    return image


def test_light_letters_on_a_dark_cell_come_out_dark_on_light() -> None:
    image = bleached(picture(ground=70, letters=230))
    within = image.crop((30, 50, 370, 120))
    light = sum(within.histogram()[200:])
    assert light > 0.6 * within.width * within.height
    assert within.getextrema()[0] < 60


def test_an_almost_empty_page_keeps_its_paper() -> None:
    page = Image.new("L", (600, 800), 225)
    page.paste(Image.effect_noise((600, 800), 12).point([value + 90 for value in range(256)]))
    ImageDraw.Draw(page).text((40, 60), "ABC 123", fill=40, font=ImageFont.load_default(30))
    image = bleached(page)
    assert sum(image.histogram()[128:]) > 0.98 * image.width * image.height
    assert image.crop((40, 60, 200, 100)).getextrema()[0] < 60


def test_dark_letters_on_light_paper_stay_so_and_the_page_itself_is_not_touched() -> None:
    page = picture(ground=230, letters=30)
    before = page.tobytes()
    image = bleached(page)
    assert sum(image.histogram()[200:]) > 0.8 * image.width * image.height
    assert image.getextrema()[0] < 60
    assert page.tobytes() == before
