"""Scanned papers in a browser: taken in, looked at, blacked out, typed from; by keyboard and by pointer, and when things go wrong."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, Route, expect
from pypdf import PdfWriter

from tests.browser.conftest import Desk
from tests.support import documents as papers
from tests.support import layouts, pages
from tests.support.browser import office_context

pytestmark = pytest.mark.browser
NUMBERED = f"Name\nMy number {papers.MY_NUMBER}\nend"


def files(folder: Path, **named: bytes) -> list[str]:
    """Files on somebody's desktop: `a_pdf=…` is a.pdf."""
    made = []
    for name, data in named.items():
        path = folder / ".".join(name.rsplit("_", 1))
        path.write_bytes(data)
        made.append(str(path))
    return made


def choose(page: Page, paths: list[str]) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="ファイルを選ぶ").click()
    chooser.value.set_files(paths)


def begin(page: Page, client: str, paths: list[str]) -> None:
    page.goto(f"{client}/documents/new")
    page.locator("#kind").select_option("保険証券")
    choose(page, paths)
    page.keyboard.press("Control+s")


def row(page: Page, name: str) -> Locator:
    return page.locator("li.file", has=page.locator(f'[data-name]:text-is("{name}")'))


def take_in(page: Page, client: str, paths: list[str]) -> list[str]:
    """Onto the client's page, whose address is given; the addresses of the documents."""
    begin(page, client, paths)
    for path in paths:
        expect(row(page, Path(path).name).locator("[data-open]")).to_be_visible(timeout=30_000)
    links = [row(page, Path(path).name).locator("[data-open]") for path in paths]
    return [link.evaluate("link => link.href") for link in links]


def one(page: Page, client: str, folder: Path, data: bytes) -> str:
    [made] = take_in(page, client, files(folder, scan_pdf=data))
    return made


def lock(page: Page, desk: Desk) -> None:
    """On the server, as another tab of the session does it."""
    token = page.locator("meta[name=csrf]").get_attribute("content") or ""
    assert page.request.post(f"{desk.instance.address}/session/lock", headers={"X-Kura-Csrf": token}).ok


def unlock(page: Page, desk: Desk) -> None:
    # The page's own clock would open this dialog; nobody waits for it here.
    page.evaluate("() => { document.documentElement.classList.add('locked'); document.getElementById('lock').showModal(); }")
    page.locator("#lock-id").fill(desk.begun.login_id)
    page.locator("#lock-password").fill(pages.PASSWORD)
    pages.press(page, "再開する")


@pytest.fixture
def there(desk: Desk, client: str) -> str:
    """The address of the client's page."""
    return desk.instance.address + client


# --- taken in


def test_several_files_at_once_each_with_its_own_end(tab: Page, there: str, tmp_path: Path) -> None:
    paths = files(
        tmp_path, policy_pdf=papers.pdf("one", "two", "three"), photo_jpg=papers.photograph(), letter_docx=b"PK\x03\x04" + bytes(3000),
        empty_pdf=b"", locked_pdf=papers.locked_pdf("secret"), number_pdf=papers.pdf(NUMBERED), huge_pdf=b"%PDF-1.4" + bytes(51 * 1024 * 1024),
    )  # fmt: skip
    begin(tab, there, paths)
    for name, said in [
        ("policy.pdf", "取り込みました(用紙3枚)"), ("photo.jpg", "取り込みました(用紙1枚)"), ("letter.docx", "このファイルは取り込めません"),
        ("empty.pdf", "ページがありません"), ("locked.pdf", "パスワードを入力してください"), ("number.pdf", "1枚は個人番号が"), ("huge.pdf", "1つ50MBまで"),
    ]:  # fmt: skip
        expect(row(tab, name).locator("[data-said]")).to_contain_text(said, timeout=30_000)
    assert row(tab, "policy.pdf").locator("[data-title]").input_value() == "policy"
    secret = row(tab, "locked.pdf").get_by_label("ファイルのパスワード")
    secret.fill("wrong")
    secret.press("Enter")
    expect(row(tab, "locked.pdf").locator("[data-said]")).to_contain_text("パスワードが違います")
    secret.fill(papers.PASSWORD)
    secret.press("Enter")
    expect(row(tab, "locked.pdf").locator("[data-open]")).to_be_visible()
    expect(row(tab, "letter.docx").get_by_role("button", name="もう一度")).to_be_hidden()
    expect(row(tab, "letter.docx").get_by_role("alert")).to_contain_text("取り込めません")
    row(tab, "letter.docx").get_by_role("button", name="一覧から外す").click()
    expect(row(tab, "letter.docx")).to_have_count(0)
    expect(tab.locator("#said")).to_have_text("一覧から外しました。")
    tab.goto(there)
    expect(tab.locator("#documents-title")).to_contain_text("4件")


def test_twenty_files_are_dropped_on_the_page(tab: Page, there: str) -> None:
    tab.goto(f"{there}/documents/new")
    tab.locator("#kind").select_option("控除証明書")
    tab.evaluate(
        """data => { const all = new DataTransfer();
        for (let n = 0; n < 20; n += 1) all.items.add(new File([data], `paper ${n}.pdf`));
        document.querySelector('h1').dispatchEvent(new DragEvent('drop', {dataTransfer: all, bubbles: true, cancelable: true})); }""",
        papers.pdf("a page").decode("latin-1"))
    assert tab.url.endswith("/documents/new")
    expect(tab.locator("li.file")).to_have_count(20)
    tab.keyboard.press("Control+s")
    expect(tab.locator("[data-open]:visible")).to_have_count(20, timeout=60_000)


def test_boxes_are_mended_and_nothing_is_chosen_again(tab: Page, there: str, tmp_path: Path) -> None:
    tab.goto(f"{there}/documents/new")
    choose(tab, files(tmp_path, scan_pdf=papers.pdf("a page")))
    tab.locator("#date").fill("きのう")
    tab.keyboard.press("Control+s")
    expect(tab.locator("#kind")).to_have_attribute("aria-invalid", "true")
    expect(tab.locator("#kind")).to_be_focused()
    expect(tab.locator("#date-said")).to_contain_text("日付として読めません")
    tab.locator("#kind").select_option("その他")
    tab.locator("#date").fill("R8.10.1")
    tab.keyboard.press("Control+s")
    expect(tab.locator("[data-open]")).to_be_visible(timeout=30_000)
    expect(tab.locator("[aria-invalid]")).to_have_count(0)


def test_what_is_lost_on_the_way_is_sent_again(tab: Page, there: str, tmp_path: Path) -> None:
    lost: list[str] = []

    def lose_once(route: Route) -> None:
        first = route.request.url not in lost
        lost.append(route.request.url)
        route.abort() if first else route.continue_()

    tab.route("**/pieces/2", lose_once)
    tab.route("**/take", lose_once)
    begin(tab, there, files(tmp_path, scan_pdf=papers.heavy_pdf(2_500_000, "marker")))
    expect(tab.locator("[data-said]")).to_contain_text("通信が切れました", timeout=30_000)
    sent = [url for url in lost if url.endswith("/pieces/2")]
    assert len(sent) == 2
    tab.get_by_role("button", name="もう一度").click()
    expect(tab.locator("[data-open]")).to_be_visible(timeout=30_000)
    assert len([url for url in lost if url.endswith("/pieces/2")]) == 2  # what was there was not sent anew


def test_after_the_lock_it_goes_on_by_itself(tab: Page, desk: Desk, there: str, tmp_path: Path) -> None:
    tab.goto(f"{there}/documents/new")
    tab.locator("#kind").select_option("保険証券")
    choose(tab, files(tmp_path, scan_pdf=papers.pdf("a page")))
    lock(tab, desk)
    tab.keyboard.press("Control+s")
    expect(tab.locator("[data-said]")).to_contain_text("ロックかログアウト")
    unlock(tab, desk)
    expect(tab.locator("[data-open]")).to_be_visible(timeout=30_000)


def test_without_scripts_a_file_goes_with_the_form(browser: Browser, desk: Desk, there: str, tmp_path: Path) -> None:
    context = office_context(browser, java_script_enabled=False, storage_state=desk.page.context.storage_state())
    page = context.new_page()
    page.goto(f"{there}/documents/new")
    expect(page.get_by_role("button", name="ファイルを選ぶ")).to_be_hidden()
    page.locator("#kind").select_option("手紙・通知")
    page.locator("#title").fill("お知らせ")
    page.locator("#file").set_input_files(files(tmp_path, scan_pdf=papers.pdf("one", NUMBERED)))
    page.get_by_role("button", name="取り込む").click()
    expect(page.locator("[data-counter]")).to_have_text("用紙 1 / 2")
    page.locator(".strip a").nth(1).click()
    page.locator("[data-black-link]").click()
    expect(page.locator("rect.black").first).to_be_visible()
    expect(page.locator("[name=area]").first).to_be_checked()
    page.get_by_role("button", name="塗りつぶして保存").click()
    expect(page.locator("[data-picture]")).to_be_visible()
    context.close()


# --- looked at


def test_the_viewer_by_keyboard(tab: Page, there: str, tmp_path: Path) -> None:
    tab.goto(one(tab, there, tmp_path, papers.pdf("first page", "second page", "third page")))
    counter, picture, words = tab.locator("[data-counter]"), tab.locator("[data-picture]"), tab.locator("#page-words")
    expect(words).to_contain_text("first page")
    for key, place, said in [("PageDown", 2, "second"), ("ArrowRight", 3, "third"), ("PageDown", 3, "third"), ("ArrowLeft", 2, "second")]:
        tab.keyboard.press(key)
        expect(counter).to_have_text(f"用紙 {place} / 3")
        expect(words).to_contain_text(said)
        expect(tab.locator(".strip [aria-current]")).to_contain_text(f"用紙 {place}")
    assert tab.url.endswith("?p=2")
    before = tab.locator("[data-paper]").bounding_box()
    middle = """() => { const s = document.querySelector('[data-stage]'), p = s.querySelector('[data-paper]').getBoundingClientRect();
        const r = s.getBoundingClientRect(); return (r.top + s.clientHeight / 2 - p.top) / p.height; }"""
    tab.evaluate("() => document.querySelector('[data-stage]').scrollTo(0, 250)")
    looked_at = tab.evaluate(middle)
    tab.keyboard.press("+")
    assert abs(tab.evaluate(middle) - looked_at) < 0.01
    larger = tab.locator("[data-paper]").bounding_box()
    tab.keyboard.press("0")
    whole, stage = tab.locator("[data-paper]").bounding_box(), tab.locator("[data-stage]").bounding_box()
    tab.keyboard.press("r")
    turned = tab.locator("[data-paper]").bounding_box()
    assert before and larger and whole and stage and turned
    assert larger["width"] > before["width"] * 1.2
    assert whole["height"] <= stage["height"] and turned["width"] > turned["height"]
    assert picture.evaluate("img => img.naturalWidth") > 500
    tab.reload()
    expect(counter).to_have_text("用紙 2 / 3")


def test_single_keys_do_nothing_for_who_switched_them_off(tab: Page, there: str, tmp_path: Path) -> None:
    address = one(tab, there, tmp_path, papers.pdf("a page"))

    def switched_off(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(response=answer, body=answer.text().replace("<body ", "<body data-no-shortcuts ", 1))

    tab.route(address, switched_off)
    tab.goto(address)
    expect(tab.locator("[data-zoom]")).to_contain_text("%")
    before = tab.locator("[data-zoom]").inner_text()
    for key in "+-0r":
        tab.keyboard.press(key)
    assert tab.locator("[data-zoom]").inner_text() == before
    tab.get_by_role("button", name="全体").click()
    expect(tab.locator("[data-zoom]")).not_to_have_text(before)


def test_a_picture_that_does_not_come_is_asked_for_again_and_then_told(tab: Page, there: str, tmp_path: Path) -> None:
    address = one(tab, there, tmp_path, papers.pdf("a page"))
    refused: list[str] = []

    def refuse_first(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=410, body="") if len(refused) == 1 else route.continue_()

    tab.route("**/pages/*", lambda route: refuse_first(route) if route.request.resource_type == "image" else route.continue_())
    tab.goto(address)
    expect(tab.locator("[data-failed]")).to_be_hidden()
    expect(tab.locator("[data-stage]")).to_be_visible()
    tab.unroute_all()
    tab.route("**/pages/*", lambda route: route.abort())
    tab.goto(address)
    expect(tab.locator("[data-failed]")).to_be_visible()
    tab.unroute_all()
    tab.locator("[data-failed]").get_by_role("button", name="もう一度").click()
    expect(tab.locator("[data-failed]")).to_be_hidden()
    expect(tab.locator("[data-picture]")).to_be_visible()


def test_after_the_lock_one_looks_on_at_the_page_that_was_asked_for(tab: Page, desk: Desk, there: str, tmp_path: Path) -> None:
    """The addresses of a page end with the session that they were made for."""
    tab.goto(one(tab, there, tmp_path, papers.pdf("first", "second", "third")))
    tab.keyboard.press("PageDown")
    expect(tab.locator("#page-words")).to_contain_text("second")
    lock(tab, desk)
    with tab.expect_navigation():
        unlock(tab, desk)
    expect(tab.locator("[data-counter]")).to_have_text("用紙 2 / 3")
    tab.keyboard.press("PageDown")
    expect(tab.locator("[data-counter]")).to_have_text("用紙 3 / 3")
    expect(tab.locator("#page-words")).to_contain_text("third")
    expect(tab.locator("[data-failed]")).to_be_hidden()
    assert tab.locator("[data-picture]").evaluate("img => img.decode().then(() => img.naturalWidth)") > 500


# --- blacked out


def test_a_number_is_blacked_out_by_keyboard(tab: Page, desk: Desk, there: str, tmp_path: Path) -> None:
    tab.goto(one(tab, there, tmp_path, papers.pdf(NUMBERED)))
    expect(tab.locator("[data-stage]")).to_be_hidden()
    tab.locator("[data-black-link]").press("Enter")
    areas = tab.locator("input[name=area]")
    expect(tab.locator("[data-area-row]")).to_have_count(0)  # the ticks of a page without scripts: replaced once they run
    expect(areas).to_have_count(1)
    proposed = areas.first.input_value()
    tab.keyboard.press("b")
    expect(areas).to_have_count(2)
    made = [int(n) for n in areas.nth(1).input_value().split(",")]
    for key in ("ArrowDown", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowDown"):
        tab.keyboard.press(key)
    moved = [int(n) for n in areas.nth(1).input_value().split(",")]
    assert all(now > then for now, then in zip(moved, made, strict=True))
    tab.keyboard.press("Delete")
    expect(areas).to_have_count(1)
    assert areas.first.input_value() == proposed
    tab.keyboard.press("Control+s")
    expect(tab.locator("[data-picture]")).to_be_visible()
    left, top, width, height = map(int, proposed.split(","))
    answer = tab.request.get(desk.instance.address + (tab.locator("[data-picture]").get_attribute("src") or ""))
    with Image.open(BytesIO(answer.body())) as picture:
        assert picture.convert("L").crop((left + 8, top + 8, left + width - 8, top + height - 8)).getextrema()[1] < 24
    expect(tab.locator("#page-words")).not_to_contain_text("5674")
    expect(tab.locator("#page-words")).to_contain_text("Name")


def test_a_box_is_drawn_by_pointer_in_pixels_of_the_page(tab: Page, there: str, tmp_path: Path) -> None:
    tab.goto(one(tab, there, tmp_path, papers.pdf(NUMBERED)))
    tab.locator("[data-black-link]").click()
    drawing = tab.locator("[data-drawing]")
    expect(drawing).to_be_visible()
    tab.wait_for_load_state()  # and its script has run
    box, wide = drawing.bounding_box(), int(tab.locator("#black-form").get_attribute("data-width") or 0)
    assert box
    tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + 300)
    tab.mouse.down()
    tab.mouse.move(box["x"] + box["width"] * 3 / 4, box["y"] + 340)
    tab.mouse.up()
    left, _, width, _ = map(int, tab.locator("input[name=area]").nth(1).input_value().split(","))
    assert abs(left - wide / 2) < wide / 50 and abs(width - wide / 4) < wide / 50
    tab.mouse.click(box["x"] + 20, box["y"] + 20)  # a click alone is no box
    expect(tab.locator("input[name=area]")).to_have_count(2)
    tab.get_by_role("button", name="黒塗り 2 消す").click()
    expect(tab.locator("input[name=area]")).to_have_count(1)


# --- beside the policy form


def test_a_policy_is_typed_from_what_was_read(tab: Page, browser: Browser, there: str, tmp_path: Path) -> None:
    made = layouts.printed(browser, tmp_path, ["endowment"])["endowment"]
    document = one(tab, there, tmp_path, made.read_bytes())
    tab.goto(document)
    tab.keyboard.press("n")
    tab.wait_for_url("**/policies/new?document=*")
    pane = tab.locator("#pane")
    expect(pane.locator("[data-picture]")).to_be_visible()
    # The kind brings the form of its own, and the paper still lies beside it.
    tab.locator("#kind").select_option("養老")
    with tab.expect_navigation():
        tab.keyboard.press("Tab")
    expect(pane.locator("[data-picture]")).to_be_visible()
    pane.get_by_role("button", name="読み取り").click()
    number = pane.locator('[data-box="policy_number"]')
    wanted = number.get_attribute("data-value") or ""
    expect(tab.locator("#policy_number")).to_have_value("")  # nothing goes in by itself
    number.get_by_role("button", name="この値を入れる").click()
    expect(tab.locator("#policy_number")).to_have_value(wanted)
    expect(tab.locator("#policy_number")).to_have_class("input from-scan")
    tab.locator("#policy_number").focus()
    tab.locator("#insurer").focus()
    expect(tab.locator("#policy_number")).to_have_class("input")
    holder = pane.locator('[data-box="roles-契約者-name"]').first
    holder.get_by_role("button", name="この値を入れる").click()
    assert tab.locator("#roles-0-name").input_value() == holder.get_attribute("data-value")
    # What somebody typed is not typed over without a question.
    tab.locator("#policy_number").fill("手で入れた番号")
    number.get_by_role("button", name="この値を入れる").click()
    expect(number.locator("[data-now]")).to_have_text("手で入れた番号")
    number.get_by_role("button", name="やめる").click()
    expect(tab.locator("#policy_number")).to_have_value("手で入れた番号")
    number.get_by_role("button", name="この値を入れる").click()
    number.get_by_role("button", name="置き換える").click()
    expect(tab.locator("#policy_number")).to_have_value(wanted)
    for box, text in (("insurer", "とうげ生命"), ("premium", "24,950"), ("contract_date", "H18.2.1"), ("roles-1-name", "山根 勇")):
        tab.locator(f"#{box}").fill(text)
    with tab.expect_navigation():
        tab.keyboard.press("Control+s")
    tab.goto(document)
    expect(tab.locator(".facts")).to_contain_text("とうげ生命 養老")


def test_a_pile_of_policies_is_typed_page_by_page(tab: Page, browser: Browser, there: str, tmp_path: Path) -> None:
    made = layouts.printed(browser, tmp_path, ["endowment", "cancer"])
    pile = PdfWriter()
    for name in ("endowment", "cancer"):
        pile.append(made[name])
    pile.write(tmp_path / "pile.pdf")
    [document] = take_in(tab, there, [str(tmp_path / "pile.pdf")])
    tab.goto(document)
    tab.keyboard.press("n")
    tab.wait_for_url("**/policies/new?document=*")
    pane = tab.locator("#pane")
    pane.get_by_role("button", name="読み取り").click()
    expect(pane.locator('[data-box="kind"]')).to_have_count(2)
    pane.locator("[data-page]").nth(1).click()
    pane.get_by_label("いま見ている用紙の読み取りだけを出す").check()
    expect(pane.locator('[data-box="kind"]')).to_have_count(1)
    expect(pane.locator("[data-only]")).to_be_focused()
    pane.get_by_role("button", name="前へ").click()
    expect(pane.locator('[data-box="kind"]')).to_have_attribute("data-value", "養老")
    pane.get_by_role("button", name="次へ").click()
    expect(pane.locator('[data-box="kind"]')).to_have_attribute("data-value", "がん")
    # Nobody has chosen the kind that a new form begins with, so nobody is asked; and one goes on where one was.
    with tab.expect_navigation():
        pane.locator('[data-box="kind"]').get_by_role("button", name="この値を入れる").click()
    expect(tab.locator("#kind")).to_have_value("がん")
    expect(pane.locator("[data-counter]")).to_have_text("用紙 2 / 2")
    expect(pane.locator("[data-only]")).to_be_checked()
    expect(pane.locator("[data-proposal]:not([data-box=kind]) [data-put]").first).to_be_focused()
    # A kind that somebody chose is somebody's.
    pane.get_by_role("button", name="前へ").click()
    expect(pane.locator('[data-box="kind"]')).to_have_attribute("data-value", "養老")
    pane.locator('[data-box="kind"]').get_by_role("button", name="この値を入れる").click()
    expect(pane.locator('[data-box="kind"] [data-now]')).to_have_text("がん")


def test_the_pane_is_opened_changed_and_closed_without_a_pointer(tab: Page, desk: Desk, there: str, tmp_path: Path) -> None:
    one(tab, there, tmp_path, papers.pdf("first", "second"))
    tab.goto(there)
    policy = tab.locator("#policies tbody a").first.get_attribute("href") or ""
    tab.goto(f"{desk.instance.address}{policy}/edit")
    opener = tab.get_by_role("button", name="書類を横に出す")
    opener.press("Enter")
    expect(tab.locator("#paper-choice")).to_be_focused()
    expect(opener).to_have_attribute("aria-expanded", "true")
    tab.locator("#paper-choice").select_option(index=tab.locator("#paper-choice option").count() - 1)
    expect(tab.locator("#pane [data-counter]")).to_contain_text("用紙 1 / ")
    form, pane = tab.locator("#policy-form").bounding_box(), tab.locator("#pane").bounding_box()
    assert form and pane and form["x"] + form["width"] <= pane["x"]
    tab.set_viewport_size({"width": 1000, "height": 700})
    form, pane = tab.locator("#policy-form").bounding_box(), tab.locator("#pane").bounding_box()
    assert form and pane and form["y"] + form["height"] <= pane["y"] + 1
    tab.set_viewport_size({"width": 1366, "height": 768})
    tab.get_by_role("button", name="閉じる").press("Enter")
    expect(tab.locator("#pane")).to_be_hidden()
    expect(opener).to_be_focused()
