"""Scanned papers on paper: as many pages as the scan has, each whole, with its watermark, and none without its picture."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Page, Route, expect

from tests.support import axe, pdf
from tests.support.kept_scans import A4, ACROSS, BUSINESS_CARD, keep, picture
from tests.support.offices import Office, full_office
from tests.support.served import at_desk

pytestmark = pytest.mark.browser
TEN = [picture(A4, f"page {n}") for n in range(1, 11)]
WAITING = "写しの画像を読み込んでいます。"
FAILED = "写しの画像を読み込めないため、印刷できません。"
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


class Desk:
    """An office with three papers, and the browser before which somebody sits."""

    def __init__(self, office: Office, page: Page, address: str) -> None:
        self.office, self.page, self.address = office, page, address
        page.emulate_media(reduced_motion="reduce")  # a colour on its way from one to another is neither
        self.ten = keep(office, *[A4] * 10, title="十枚", pictures=TEN)
        sizes = (A4, ACROSS, BUSINESS_CARD)
        self.mixed = keep(office, *sizes, title="いろいろ", pictures=[picture(size) for size in sizes])
        self.held = keep(office, A4, A4, A4, client=1, title="保留", held=[0], pictures=TEN[:3])

    def open(self, document: bytes, client: int = 0, pages: str = "") -> None:
        """Order the sheet the way a person does, from the print centre on."""
        self.page.goto(f"{self.address}/prints?client={self.office.facts.clients[client].hex()}&document={document.hex()}")
        self.page.locator("#purpose").select_option("社内利用")
        self.page.locator("#pages").fill(pages)
        self.page.keyboard.press("Control+s")
        self.page.locator("[data-print]").wait_for()

    def printed(self, into: Path) -> Path:
        expect(self.page.locator("[data-print]")).to_be_enabled(timeout=30_000)
        self.page.pdf(path=into, prefer_css_page_size=True)
        return into


@pytest.fixture(scope="module")
def desk(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    office = full_office(tmp_path_factory.mktemp("office"))
    office.instance = office.worker()
    with at_desk(browser, office) as (page, address):
        yield Desk(office, page, address)


def serial_of(page: Page) -> str:
    return str(page.locator("html").get_attribute("data-serial")).removeprefix("印刷番号 ")


def frame_of(rendered: Path) -> tuple[float, float]:
    """Width and height in millimetres of the frame that stands at the edge of the picture, whole on every side."""
    red, green, blue = Image.open(rendered).convert("RGB").split()
    magenta = ImageChops.multiply(ImageChops.multiply(red.point(_bright), blue.point(_bright)), green.point(_dark))
    box = magenta.getbbox()
    assert box is not None
    left, top, right, bottom = box
    sides = [magenta.crop(each).getbbox() for each in (
        (left, top, right, top + 4), (left, bottom - 4, right, bottom), (left, top, left + 4, bottom), (right - 4, top, right, bottom))]
    assert all(side is not None for side in sides)
    assert left > 30 and right < magenta.width - 30 and top > 60 and bottom < magenta.height - 50, "within the margins"
    return (right - left) * 25.4 / 96, (bottom - top) * 25.4 / 96


def _bright(value: int) -> int:
    return 255 if value > 170 else 0


def _dark(value: int) -> int:
    return 255 if value < 130 else 0


def test_ten_pages_are_ten_pages_with_number_and_watermark_on_each(desk: Desk, tmp_path: Path) -> None:
    desk.open(desk.ten)
    serial = serial_of(desk.page)
    made = desk.printed(tmp_path / "ten.pdf")
    assert pdf.page_count(made) == 10
    for n in range(1, 11):
        text = pdf.squeezed(pdf.raw(made, n))
        assert f"印刷番号{serial}" in text and f"{n}/10ページ" in text and f"用紙{n}/10" in text, n
        assert "目的:社内利用" in text and "志摩海斗様" in text and "保険証券十枚" in text, n
        assert f"{serial}佐々木恵令和8年11月18日" in text, "the watermark"
    for rendered in pdf.render(made, tmp_path):
        width, height = frame_of(rendered)
        assert abs(width / height - A4[0] / A4[1]) < 0.01 and height > 240


def test_some_pages_are_those_pages(desk: Desk, tmp_path: Path) -> None:
    desk.open(desk.ten, pages="2、9-10")
    told = [re.findall(r"用紙(\d+)/10", pdf.squeezed(text)) for text in pdf.pages(desk.printed(tmp_path / "some.pdf"))]
    assert told == [["2"], ["9"], ["10"]]


def test_what_only_another_sheet_asks_for_stays_away(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.address}/prints?client={desk.office.facts.clients[0].hex()}")
    for sheet, asked in [("保険証券一覧表", set()), ("証券詳細", {"policy"}), ("書類(写し)", {"document", "pages"}), ("顧客カルテ", set())]:
        page.locator("#sheet").select_option(sheet)
        for name in ("policy", "document", "pages"):
            expect(page.locator(f"#{name}")).to_be_visible(visible=name in asked)
    page.locator("#sheet").select_option("書類(写し)")
    page.locator("#pages").fill("2")
    page.locator("#sheet").select_option("証券詳細")
    expect(page.locator("#pages")).to_be_visible()  # nothing that is typed goes along unseen


def test_a_wide_page_lies_across_and_a_small_picture_stays_small(desk: Desk, tmp_path: Path) -> None:
    desk.open(desk.mixed)
    made = desk.printed(tmp_path / "mixed.pdf")
    sizes = [(round(width), round(height)) for width, height, _ in pdf.words(made)]
    assert sizes == [(595, 842), (842, 595), (595, 842)]
    _, across, small = pdf.render(made, tmp_path)
    width, height = frame_of(across)
    assert abs(width / height - ACROSS[0] / ACROSS[1]) < 0.01 and width > 215
    width, height = frame_of(small)
    assert abs(width - BUSINESS_CARD[0] * 25.4 / 96) < 2 and abs(height - BUSINESS_CARD[1] * 25.4 / 96) < 2


def test_a_page_that_is_held_is_named_and_the_others_are_whole(desk: Desk, tmp_path: Path) -> None:
    desk.open(desk.held, client=1)
    made = desk.printed(tmp_path / "held.pdf")
    first, second = map(pdf.squeezed, pdf.pages(made))
    assert "用紙1は、個人番号を塗りつぶすまで印刷できません。" in first and "用紙2/3" in first and "用紙3/3" in second
    for rendered in pdf.render(made, tmp_path):
        width, height = frame_of(rendered)
        assert abs(width / height - A4[0] / A4[1]) < 0.01


def test_the_sheet_waits_for_its_pictures(desk: Desk, tmp_path: Path) -> None:
    waiting: list[Route] = []
    desk.page.route("**/pages/*", lambda route: waiting.append(route))
    desk.open(desk.ten, pages="1-2")
    page, button = desk.page, desk.page.locator("[data-print]")
    expect(page.locator("[data-pictures]")).to_contain_text(WAITING)
    expect(button).to_be_disabled()
    page.pdf(path=tmp_path / "early.pdf", prefer_css_page_size=True)  # the browser's own menu
    text = pdf.squeezed(pdf.raw(tmp_path / "early.pdf"))
    assert "写しの画像がそろっていないため、印刷できません" in text and "志摩海斗様保険証券" not in text and "用紙" not in text
    while len(waiting) < 2:
        page.wait_for_timeout(50)
    for route in waiting:
        route.continue_()
    page.unroute("**/pages/*")
    expect(button).to_be_enabled()
    expect(button).to_be_focused()
    expect(page.locator("[data-pictures]")).to_be_hidden()


def test_a_picture_that_does_not_come_stops_the_print_with_a_sentence(desk: Desk, tmp_path: Path) -> None:
    answered: list[str] = []

    def lose_the_second(route: Route) -> None:
        answered.append(route.request.url)
        if len(answered) == 2:
            route.fulfill(status=410, content_type="text/html", body="")
        else:
            route.continue_()

    desk.page.route("**/pages/*", lose_the_second)
    desk.open(desk.ten, pages="1-3")
    expect(desk.page.locator("[data-no-pictures]")).to_contain_text(FAILED)
    expect(desk.page.locator("[data-print]")).to_be_disabled()
    assert [str(found) for found in axe.violations(desk.page)] == []
    desk.page.pdf(path=tmp_path / "lost.pdf", prefer_css_page_size=True)
    assert "用紙" not in pdf.raw(tmp_path / "lost.pdf")
    desk.page.unroute("**/pages/*")


def test_the_sheet_is_clear_to_everybody_and_goes_over_no_edge(desk: Desk) -> None:
    desk.open(desk.mixed)
    expect(desk.page.locator("[data-print]")).to_be_enabled()
    assert [str(found) for found in axe.violations(desk.page)] == []
    assert desk.page.evaluate(SIDEWAYS) <= 0
    assert desk.page.locator("img[data-page]").first.get_attribute("alt") == "保険証券　いろいろ 用紙 1 / 3"


def test_the_copy_of_everything_has_every_page_once(desk: Desk, tmp_path: Path) -> None:
    page, found = desk.page, Counter[str]()
    for number in range(5):
        page.goto(f"{desk.address}/prints/whole-office")
        if not page.locator("#whole-form").count():
            break
        with page.expect_navigation():
            page.keyboard.press("Control+s")
        made = desk.printed(tmp_path / f"whole-{number}.pdf")
        for text in map(pdf.squeezed, pdf.pages(made)):
            found.update(told_of(text))
    wanted = [*(f"十枚 {n}" for n in range(1, 11)), *(f"いろいろ {n}" for n in (1, 2, 3)), "保留 2", "保留 3"]
    assert found == Counter(wanted)


def told_of(text: str) -> list[str]:
    """Which page of which paper a page of the sheet says that it is."""
    numbers, titles = re.findall(r"用紙(\d+)/\d+", text), re.findall(r"保険証券(十枚|いろいろ|保留)", text)
    return [f"{title} {number}" for title, number in zip(titles, numbers, strict=True)]


def test_the_page_of_what_takes_how_much_is_clear_to_everybody(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.address}/office")
    page.get_by_role("link", name="使っている容量").click()
    expect(page.locator("#space tbody tr")).to_have_count(2)
    expect(page.get_by_role("meter", name="書類の容量")).to_be_visible()
    assert [str(found) for found in axe.violations(page)] == []
    assert page.evaluate(SIDEWAYS) <= 0
    page.keyboard.press("Escape")
    page.wait_for_url("**/office")
