"""証券詳細, 顧客カルテ and everything in one go, as paper: nothing that was typed is missing, nothing is cut or clipped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Desk
from tests.samples import every_kind
from tests.samples import typing as samples
from tests.support import axe, forms, pdf
from tests.support.records import shown
from vault import catalogue
from vault.domain import fields
from vault.domain.clients import Corporation, Household
from vault.domain.policies import Policy
from vault.domain.prints import CLIENT_CARD, POLICY_DETAIL

pytestmark = pytest.mark.browser
HEALTH = "糖尿病のため通院中"
MANY = 60
MANY_NAME = "長宗我部 信之介"
KINDS_NAME = "全種 揃"
# How each page of the whole print begins: what it is, and whose.
HEAD = re.compile(r"\d\d:\d\d(顧客カルテ|証券詳細\d+/\d+)(.+?)(?:様|御中)")
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass
class Typed:
    """What was typed of each client, and where his page is."""

    clients: list[dict[str, Any]] = field(default_factory=list)
    policies: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)


def _clients() -> Iterator[tuple[dict[str, Any], list[tuple[dict[str, Any], frozenset[str]]], str]]:
    """Those of office.json, one of them with something sensitive."""
    for client in samples.clients():
        typed = samples.typed_client(client)
        del typed["compartment"]  # there is one, and the form has chosen it
        if client["name"] == "山田 太郎":
            typed["members"][1]["health"] = HEALTH
        told = [(samples.typed_policy(policy), samples.confirmed(policy)) for policy in client["policies"]]
        yield typed, told, "Corporation" if client["kind"] == "corporation" else "Household"


def _many(n: int) -> dict[str, Any]:
    """Long and short rows in turn; every text of a row carries its number, so that a cut row shows."""
    return {
        "kind": ("終身", "医療")[n % 2], "insurer": "三井住友海上あいおい生命保険株式会社" if n % 5 == 0 else "日本生命",
        "policy_number": f"TEST-{n:03d}", "product": f"商品{n:03d}" + "長い名前の商品" * (n % 3),
        "state": "失効" if n % 13 == 0 else "有効", "handled_by": "自社", "contract_date": f"20{10 + n % 10}-0{1 + n % 9}-01",
        "term": "終身", "premium": f"{1000 + n:,}", "mode": "月",
        "roles": [{"role": "契約者", "name": MANY_NAME}, {"role": "被保険者", "name": MANY_NAME}],
        "coverages": [{"name": f"保障{n:03d}の{i}", "amount": f"{n + 1}00"} for i in range(1 + n % 4)],
    }  # fmt: skip


@pytest.fixture(scope="module")
def typed(desk: Desk) -> Typed:
    """The office of office.json, a client with sixty policies, and one with a policy of each kind, all boxes filled."""
    made = Typed()
    for client, policies, owner in _clients():
        path = forms.add_client(desk.page, desk.instance, client, owner)
        for policy, confirmed in policies:
            forms.add_policy(desk.page, desk.instance, path, policy, confirmed)
        made.clients.append({**client, "owner": owner})
        made.policies[client["name"]] = [policy for policy, _ in policies]
        made.pages[client["name"]] = path
    head = {"name": MANY_NAME, "kana": "チョウソカベ", "relationship": "本人", "notes": "長い備考。" * 150}
    staff = [{"name": f"家族 {n:02d}", "kana": "カゾク", "relationship": "その他親族", "occupation": f"職業{n:02d}", "notes": f"メモ{n:02d}"} for n in range(40)]
    made.pages[MANY_NAME] = _add(desk, {"name": MANY_NAME, "kana": "チョウソカベ", "members": [head, *staff]}, map(_many, range(MANY)))
    people = [{"name": n, "kana": "カナ", "relationship": r} for n, r in ((every_kind.INSURED, "本人"), (every_kind.OTHER, "母"))]
    made.pages[KINDS_NAME] = _add(desk, {"name": KINDS_NAME, "kana": "ゼンシュ", "members": people}, map(every_kind.filled, every_kind.KINDS))
    return made


def _add(desk: Desk, client: dict[str, Any], policies: Iterator[dict[str, Any]]) -> str:
    path = forms.add_client(desk.page, desk.instance, client)
    for policy in policies:
        answer = forms.post(desk.page, desk.instance, f"{path}/policies/new", policy)
        asked = re.findall(r'id="([^"]+)-fault"', answer.text())
        if asked:
            forms.add_policy(desk.page, desk.instance, path, policy, asked)
    return path


def print_sheet(desk: Desk, client: str, sheet: str, made: Path, sensitive: bool = False) -> Path:
    """By way of the print centre."""
    page = desk.page
    page.goto(f"{desk.instance.address}/prints?client={client.split('/')[-1]}&sheet={sheet}")
    assert [str(found) for found in axe.violations(page)] == [] and page.evaluate(SIDEWAYS) == 0
    page.locator("#purpose").select_option("お客様へ交付")
    if sensitive:
        page.get_by_label("要配慮情報も印刷する").check()
    return _opened(page, made)


def _opened(page: Page, made: Path) -> Path:
    with page.expect_navigation():
        page.keyboard.press("Control+s")
    page.wait_for_selector("main.paper")
    page.pdf(path=made, prefer_css_page_size=True)
    return made


@pytest.fixture(scope="module")
def whole(typed: Typed, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Everything, piece by piece, until the page says that it is done; between two pieces the browser goes elsewhere."""
    made: list[Path] = []
    folder = tmp_path_factory.mktemp("whole")
    while True:
        desk.page.goto(f"{desk.instance.address}/prints/whole-office")
        assert [str(found) for found in axe.violations(desk.page)] == [] and desk.page.evaluate(SIDEWAYS) == 0
        if "全部の印刷が終わりました" in desk.page.locator("main").inner_text():
            return made
        made.append(_opened(desk.page, folder / f"piece-{len(made)}.pdf"))
        assert len(made) < 9


@pytest.fixture(scope="module")
def sheets(whole: list[Path]) -> dict[tuple[str, str], str]:
    """The squeezed text of each sheet in the whole print, by the name of the client and what its pages' heads say."""
    found: dict[tuple[str, str], str] = {}
    for made in whole:
        for text in texts(made):
            head = HEAD.search(text)
            if head:
                found[head[2], head[1]] = found.get((head[2], head[1]), "") + text
    return found


@cache
def texts(made: Path) -> list[str]:
    return [pdf.squeezed(pdf.raw(made, n + 1)) for n in range(pdf.page_count(made))]


# --- every value that was typed


def labelled(cls: type[Any], told: dict[str, Any]) -> Iterator[str]:
    """Each filled box of the record itself as the paper says it: its label, then its value."""
    words = catalogue.load("ja")
    for name, text in told.items():
        box = fields.by_name(cls).get(name)
        if box is not None and box.kind != "rows" and text:
            (said,) = shown(cls, {name: text}, told.get("currency", ""))
            yield pdf.squeezed(words.gettext(f"field.{cls.__name__}.{name}") + words.gettext(said))


def of_rows(cls: type[Any], told: dict[str, Any]) -> Iterator[str]:
    """Each value in a table of the record."""
    rows = {name: rows for name, rows in told.items() if isinstance(rows, list)}
    yield from (pdf.squeezed(text) for text in shown(cls, rows, told.get("currency", "")))


def missing(wanted: Iterator[str], text: str) -> list[str]:
    return [words for words in wanted if words not in text]


def test_every_value_of_every_client_is_on_paper(typed: Typed, sheets: dict[tuple[str, str], str]) -> None:
    assert len(typed.clients) == len(samples.clients())
    for client in typed.clients:
        cls = Corporation if client["owner"] == "Corporation" else Household
        text = sheets[pdf.squeezed(client["name"]), "顧客カルテ"]
        assert missing(labelled(cls, client), text) == [], client["name"]
        assert missing(of_rows(cls, client), text) == [], client["name"]
        for member in client["members"]:
            said = [wanted for name in ("smoker", "dependant", "living_together") if name in member
                    for wanted in [f"{catalogue.load('ja').gettext(f'field.Member.{name}')}:{member[name]}"]]  # fmt: skip
            assert missing(iter(said), text) == [], member["name"]


def test_every_value_of_every_policy_is_on_paper(typed: Typed, sheets: dict[tuple[str, str], str]) -> None:
    count = 0
    for name, policies in typed.policies.items():
        of_client = [text for (who, what), text in sheets.items() if who == pdf.squeezed(name) and what != "顧客カルテ"]
        assert len(of_client) == len(policies)
        for policy in policies:
            wanted = [*labelled(Policy, policy), *of_rows(Policy, policy)]
            lost = min((missing(iter(wanted), text) for text in of_client), key=len)
            assert lost == [], (name, policy["policy_number"])
            count += 1
    assert count == sum(len(client["policies"]) for client in samples.clients())


def test_every_box_of_every_kind_is_on_paper(typed: Typed, sheets: dict[tuple[str, str], str]) -> None:
    of_client = [text for (who, _), text in sheets.items() if who == pdf.squeezed(KINDS_NAME)]
    for kind in every_kind.KINDS:
        told = every_kind.filled(kind)
        (text,) = [text for text in of_client if pdf.squeezed(f"証券番号{told['policy_number']}") in text]
        assert missing(labelled(Policy, told), text) == [], kind
        assert missing(of_rows(Policy, told), text) == [], kind


def test_what_is_sensitive_is_on_the_whole_print_and_on_a_card_only_when_ticked(
    typed: Typed, desk: Desk, sheets: dict[tuple[str, str], str], tmp_path: Path
) -> None:
    assert HEALTH in sheets["山田太郎", "顧客カルテ"]
    client = typed.pages["山田 太郎"]
    for sensitive in (False, True):
        made = print_sheet(desk, client, CLIENT_CARD, tmp_path / f"card-{sensitive}.pdf", sensitive)
        assert (HEALTH in "".join(texts(made))) == sensitive
        assert "山田太郎様顧客カルテ" in texts(made)[0].replace("\n", "")


# --- paper


def look(made: Path, running: str) -> None:
    """Number, purpose, name and count on every page; nothing over an edge or over its neighbour."""
    pages = texts(made)
    for n, text in enumerate(pages, 1):
        assert re.search(r"印刷番号P-\d{6}", text) and f"{n}/{len(pages)}ページ" in text, n
        assert "印刷:佐々木恵令和" in text and "目的:" in text and (n == 1 or running in text), n
    for number, (width, height, words) in enumerate(pdf.words(made), 1):
        for word in words:
            assert word.left > 20 and word.right < width - 20 and word.top > 10 and word.bottom < height - 10, (number, word)
        # A rare character comes from another font, whose box is taller than what it draws.
        common = [word for word in words if all(ord(c) < 0x10000 for c in word.text)]
        overlapping = [(a.text, b.text) for i, a in enumerate(common) for b in common[i + 1 :] if a.overlaps(b)]
        assert overlapping == [], number


@pytest.fixture(scope="module")
def card(typed: Typed, desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return print_sheet(desk, typed.pages[MANY_NAME], CLIENT_CARD, tmp_path_factory.mktemp("card") / "card.pdf")


def test_sixty_policies_on_a_card_are_all_there_and_none_is_cut(card: Path) -> None:
    pages = texts(card)
    assert len(pages) >= 6
    for n in range(MANY):
        policy = _many(n)
        (where,) = [text for text in pages if policy["policy_number"] in text]
        told = [policy["product"], policy["premium"] + "円", *(row["name"] for row in policy["coverages"])]
        assert [words for words in told if words not in where] == [], policy["policy_number"]
        assert "主な保障" in where, "the head is repeated"
    living = [1000 + n for n in range(MANY) if n % 13]
    assert f"契約{len(living)}件月払合計{sum(living):,}円年換算{sum(living) * 12:,}円" in "".join(pages)
    assert "終了・失効した契約5件・合計に含みません" in "".join(pages)


def test_forty_people_on_a_card_are_all_there_and_none_is_cut(card: Path) -> None:
    pages = texts(card)
    for n in range(40):
        (where,) = [text for text in pages if f"備考:メモ{n:02d}" in text]
        assert f"職業{n:02d}" in where and f"家族{n:02d}" in where and "続柄・役職" in where, n


def test_no_table_leaves_its_head_behind(card: Path, whole: list[Path]) -> None:
    for made in (card, *whole):
        for n, text in enumerate(texts(made), 1):
            for head in ("主な保障保険料", "版日時書いた人変わったところ", "経過年数払込保険料累計解約返戻金返戻率", "立場氏名・名称"):
                assert not re.search(re.escape(head) + r"(目的:|$)", text), (made.name, n, head)


@pytest.mark.parametrize(
    ("name", "sheet"),
    [(MANY_NAME, CLIENT_CARD), (KINDS_NAME, POLICY_DETAIL), ("株式会社青葉製作所", CLIENT_CARD), ("株式会社青葉製作所", POLICY_DETAIL),
     ("髙橋 美咲", CLIENT_CARD), ("髙橋 美咲", POLICY_DETAIL)],
)  # fmt: skip
def test_every_page_of_a_sheet_is_whole(name: str, sheet: str, typed: Typed, desk: Desk, tmp_path: Path) -> None:
    made = print_sheet(desk, typed.pages[name], sheet, tmp_path / "sheet.pdf")
    look(made, f"{sheet}{pdf.squeezed(name)}")
    honorific = "御中" if name.startswith("株式会社") else "様"
    assert pdf.squeezed(f"{name}{honorific}") in texts(made)[0]


def test_every_page_of_the_whole_print_is_whole_and_says_whose_it_is(whole: list[Path], sheets: dict[tuple[str, str], str]) -> None:
    for made in whole:
        look(made, "全顧客の控え")
        assert "目的:契約終了時の控え" in texts(made)[0]
        for n, text in enumerate(texts(made)[1:], 2):
            assert HEAD.search(text), n


@pytest.mark.parametrize("sheet", [CLIENT_CARD, POLICY_DETAIL])
def test_a_sheet_on_the_screen_is_clear_to_everybody(sheet: str, typed: Typed, desk: Desk, tmp_path: Path) -> None:
    print_sheet(desk, typed.pages["株式会社青葉製作所"], sheet, tmp_path / "sheet.pdf")
    assert [str(found) for found in axe.violations(desk.page)] == []


def test_the_whole_print_is_black_on_white(whole: list[Path], tmp_path: Path) -> None:
    ppm = tmp_path / "page"
    pdf._run("pdftoppm", "-r", "40", "-f", "2", "-l", "2", whole[0], ppm)
    (page,) = tmp_path.glob("page*.ppm")
    data = page.read_bytes().split(b"\n", 3)[3]
    assert all(max(data[i : i + 3]) - min(data[i : i + 3]) < 12 for i in range(0, len(data), 3))


def test_how_far_it_is_is_known_to_another_browser(whole: list[Path], desk: Desk) -> None:
    page = desk.page.context.new_page()
    page.goto(f"{desk.instance.address}/prints/whole-office")
    expect(page.locator("main")).to_contain_text("8件のうち8件が済み")
    expect(page.locator("main table tbody tr")).to_have_count(len(whole))
    page.close()
