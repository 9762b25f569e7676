"""Sixty policies on one sheet: heads on every page, no row cut in two, totals once, nothing lost at an edge."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import Desk
from tests.support import forms, pdf

pytestmark = pytest.mark.browser
COUNT = 60
HEADS = (
    "保険会社",
    "種類・商品名",
    "証券番号",
    "契約者",
    "被保険者",
    "契約日",
    "保険期間(満期)",
    "保険料",
    "主な保障",
    "状態",
)
LONG = "三井住友海上あいおい生命保険株式会社"
PERSONS = [
    ("長宗我部 信之介", "チョウソカベ シンノスケ"),
    ("山田 太郎", "ヤマダ タロウ"),
    ("勅使河原 三津五郎", "テシガワラ ミツゴロウ"),
]


def _policy(n: int) -> dict[str, Any]:
    """Long and short rows in turn; every text of a row carries its number, so that a cut row shows."""
    name = PERSONS[n % 3][0]
    kind = ("終身", "医療", "養老", "がん")[n % 4]
    return {
        "kind": kind,
        "insurer": LONG if n % 5 == 0 else "日本生命",
        "policy_number": f"TEST-{n:03d}-{'9' * (n % 12)}",
        "product": f"商品{n:03d}" + "長い名前の商品" * (n % 3),
        "state": "失効" if n % 13 == 0 else "有効",
        "handled_by": "自社",
        "contract_date": f"20{10 + n % 10}-0{1 + n % 9}-01",
        "term": "終身" if kind != "養老" else "20年",
        "premium": f"{1000 + n:,}",
        "mode": "月",
        "roles": [{"role": "契約者", "name": name}, {"role": "被保険者", "name": name}],
        "coverages": [
            {"name": f"保障{n:03d}の{i}" + "特に長い名称" * (n % 2), "amount": f"{n + 1}00"}
            for i in range(1 + n % 6)
        ],
    }


@pytest.fixture(scope="module")
def sheet(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> Path:
    page = desk.page
    members = [
        {"name": name, "kana": kana, "relationship": "本人" if n == 0 else ""}
        for n, (name, kana) in enumerate(PERSONS)
    ]
    client = forms.add_client(
        page, desk.instance, {"name": "長宗我部 信之介", "kana": "チョウソカベ", "members": members}
    )
    for n in range(COUNT):
        forms.add_policy(page, desk.instance, client, _policy(n))
    made = tmp_path_factory.mktemp("sheet") / "sheet.pdf"
    _print(page, desk, client, made)
    return made


def _print(page: Page, desk: Desk, client: str, made: Path) -> None:
    page.goto(f"{desk.instance.address}/prints?client={client.split('/')[-1]}")
    page.locator("#purpose").select_option("社内利用")
    page.keyboard.press("Control+s")
    page.wait_for_selector("main.paper")
    page.pdf(path=made, prefer_css_page_size=True)


@pytest.fixture(scope="module")
def texts(sheet: Path) -> list[str]:
    return [pdf.squeezed(pdf.raw(sheet, n + 1)) for n in range(pdf.page_count(sheet))]


def test_every_page_has_its_heads_number_and_count(texts: list[str]) -> None:
    assert len(texts) >= 5
    for n, text in enumerate(texts, 1):
        assert [head for head in HEADS if text.count(head) < 1] == []
        assert f"{n}/{len(texts)}ページ" in text
        assert "印刷番号P-" in text and "目的:社内利用印刷:佐々木恵" in text
        assert ("保険証券一覧表長宗我部信之介様" in text) == (n > 1)


def test_no_row_is_cut_and_none_is_lost(texts: list[str]) -> None:
    for n in range(COUNT):
        policy = _policy(n)
        (where,) = [text for text in texts if policy["policy_number"] in text]
        told = [policy["product"], policy["premium"] + "円", *(row["name"] for row in policy["coverages"])]
        assert [words for words in told if words not in where] == [], policy["policy_number"]
        assert where.count(policy["coverages"][0]["name"]) == 1


def test_totals_stand_once_and_never_alone_on_the_last_page(texts: list[str]) -> None:
    whole = "".join(texts)
    living = [1000 + n for n in range(COUNT) if n % 13]
    assert whole.count("月払合計") == 1
    assert f"契約{len(living)}件月払合計{sum(living):,}円年換算{sum(living) * 12:,}円" in texts[0]
    assert "TEST-" in texts[-1]
    assert whole.count("正確な内容は保険証券・約款をご確認ください") == 1


def test_a_title_of_a_section_is_followed_by_its_rows(texts: list[str]) -> None:
    (where,) = [text for text in texts if "終了・失効した契約" in text]
    assert "TEST-" in where.partition("終了・失効した契約")[2]


def test_nothing_runs_over_an_edge_or_over_its_neighbour(sheet: Path) -> None:
    for number, (width, height, words) in enumerate(pdf.words(sheet), 1):
        for word in words:
            assert (
                word.left > 20 and word.right < width - 20 and word.top > 10 and word.bottom < height - 10
            ), (number, word)
        overlapping = [(a.text, b.text) for i, a in enumerate(words) for b in words[i + 1 :] if a.overlaps(b)]
        assert overlapping == [], number
