"""From words on a page to proposals for the policy form: by labels, by titles, and never what the form cannot read."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.domain import fields, kinds_of_field
from vault.domain.policies import KINDS, Policy
from vault.domain.policies import choices as c
from vault.domain.readings import Proposal, labels, propose, shapes
from vault.domain.readings.labels_table import LABELS, OTHERS
from vault.domain.readings.lines import lines
from vault.domain.scans import Area, Word
from vault.domain.values import Unreadable

SIZE = 20


def at(text: str, left: int, top: int, size: int = SIZE) -> Word:
    """A word in letters as wide as high."""
    return Word(text, left, top, size * len(text), size)


def page(*rows: Sequence[tuple[int, str]]) -> list[Word]:
    """Words in rows, 60 pixels apart, each at its own distance from the left."""
    return [at(text, left, 60 * (number + 1)) for number, row in enumerate(rows) for left, text in row]


def told(*pages: Sequence[Word]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for proposal in propose(pages):
        found.setdefault(proposal.box, []).append(proposal.value)
    return found


def test_a_value_stands_right_of_its_label() -> None:
    words = page([(100, "証券番号"), (300, "A12-3456-7890"), (800, "契約日"), (950, "令和2年10月1日")])
    assert told(words) == {"policy_number": ["A12-3456-7890"], "contract_date": ["令和2年10月1日"]}


def test_a_value_stands_below_its_label() -> None:
    words = page(
        [(100, "契約者"), (500, "被保険者"), (900, "死亡保険金受取人")],
        [(90, "株式会社つばめ精機"), (500, "石田"), (560, "鉄平"), (610, "様"), (950, "法定相続人")],
    )
    assert told(words) == {
        "roles-契約者-name": ["株式会社つばめ精機"], "roles-被保険者-name": ["石田 鉄平"],
        "roles-死亡受取人-name": ["法定相続人"],
    }


def test_a_proposal_names_the_place_of_its_value_and_the_label_beside_it() -> None:
    first = page([(100, "ご案内")])
    second = page([(100, "保"), (160, "険"), (220, "料"), (400, "23,450円")])
    assert propose([first, second]) == [
        Proposal("premium", "23,450", 1, Area(400, 60, 7 * SIZE, SIZE), "保険料"),
    ]


@pytest.mark.parametrize("text", [
    "証券番号:77-123456", "証券番号 : 77-123456", "証券番号77-123456", "【証券番号】 77-123456", "ご証券番号|77-123456",
])
def test_label_and_value_may_touch(text: str) -> None:
    assert told([at(text, 100, 100)]) == {"policy_number": ["77-123456"]}


def test_a_label_that_wraps_is_one() -> None:
    words = [at("死亡共済金受取", 100, 100), at("人", 100, 126), at("小野寺", 400, 112), at("実様", 480, 112)]
    assert told(words) == {"roles-死亡受取人-name": ["小野寺 実"]}


def test_a_value_that_wraps_beside_its_label_is_one() -> None:
    words = [at("合計保険料", 100, 112), at("312,480", 400, 100), at("円", 500, 126)]
    assert told(words) == {"premium": ["312,480"]}


def test_a_page_that_lies_askew_is_read_in_lines() -> None:
    straight = page(
        [(100, "証券番号"), (900, "77-123456")], [(100, "契約日"), (900, "2020年4月1日")], [(100, "保険料"), (900, "5,000円")],
    )
    askew = [word._replace(top=word.top + word.left // 50) for word in straight]
    assert told(askew) == told(straight) != {}


def test_clauses_say_nothing_about_this_contract() -> None:
    words = page(
        [(100, "第1条"), (220, "契約者は、被保険者の同意を得て、受取人を変更できます。")],
        [(100, "第2条"), (220, "保険料"), (300, "契約日は2020年4月1日とします。")],
        [(100, "保険期間"), (300, "保険証券に記載のとおりとします。")],
    )
    assert told(words) == {}


@pytest.mark.parametrize(("printed", "value"), [
    ("住友生命保険相互会社", "住友生命"),
    ("安田火災海上保険株式会社", "安田火災海上"),
    ("引受保険会社 みさき生命保険株式会社", "みさき生命"),
    ("アフラッワ生命保険株式会社", "アフラック生命"),
])
def test_the_insurer_is_found_by_name_as_printed(printed: str, value: str) -> None:
    assert told([at(printed, 100, 100)])["insurer"] == [value]


@pytest.mark.parametrize("line", ["生命保険契約者保護機構", "損害保険代理店 有限会社例示", "あなたの生命保険"])
def test_no_insurer_is_made_up(line: str) -> None:
    assert "insurer" not in told([at(line, 100, 100)])


def test_the_kind_is_what_the_large_letters_say() -> None:
    words = [at("終身保険証券", 100, 100, size=50), at("医療保険特約", 100, 300), at("がん保険のご案内", 100, 400)]
    assert told(words)["kind"][0] == "終身"


def test_boxes_that_the_kind_does_not_have_are_not_proposed() -> None:
    period = page([(100, "保険期間"), (300, "2025年6月1日午後4時から2026年6月1日午後4時まで")])
    life, car = [*period, at("終身保険証券", 100, 5, 40)], [*period, at("自動車保険証券", 100, 5, 40)]
    assert told(car)["start"] == ["2025年6月1日"]
    assert told(car)["start_time"] == told(car)["end_time"] == ["16時"]
    assert "start" not in told(life)


def test_who_gets_the_money_is_called_as_the_form_of_the_kind_calls_them() -> None:
    beneficiary = page([(100, "死亡保険金受取人"), (500, "法定相続人")])
    assert "roles-死亡受取人-name" in told([*beneficiary, at("終身保険証券", 100, 5, 40)])
    assert "roles-保険金受取人-name" in told([*beneficiary, at("普通傷害保険証券", 100, 5, 40)])


def test_the_same_person_is_proposed_by_name() -> None:
    words = page([(100, "被保険者:川村 秋江 様")], [(100, "給付金受取人:被保険者")], [(100, "年金受取人:被保険者に同じ")])
    assert set(told(words)) == {"roles-被保険者-name", "roles-給付金受取人-name", "roles-年金受取人-name"}
    assert {name for several in told(words).values() for name in several} == {"川村 秋江"}


def test_the_reading_above_a_name_is_not_the_name() -> None:
    words = [at("契約者", 100, 110), at("クリハラ サトシ", 400, 94, 14), at("栗原", 400, 116), at("悟志", 450, 116)]
    assert told(words)["roles-契約者-name"][0] == "栗原 悟志"


def test_covers_stand_with_their_amounts_and_not_with_their_prices() -> None:
    words = page(
        [(100, "疾病入院給付金日額"), (900, "10,000円"), (1200, "1入院60日")],
        [(100, "先進医療給付金"), (900, "技術料と同額"), (1300, "通算2,000万円")],
        [(100, "災害割増特約"), (900, "500万円"), (1200, "350円")],
        [(100, "傷害特約"), (900, "180円")],
        [(100, "免責金額"), (300, "1事故"), (450, "5万円")],
    )
    assert told(words) == {
        "limit_days": ["60"], "coverages-入院日額 疾病-amount": ["10,000円"], "riders-災害割増特約-amount": ["500万円"],
    }


@pytest.mark.parametrize(("shape", "text", "value"), [
    ("yen", "23.450円", "23,450"), ("yen", "¥24,600", "24,600"), ("yen", "US$4,812.50", "4,812.50"), ("yen", "18円", None),
    ("amount", "1.000万円", "1,000万円"), ("amount", "無制限(免責金額 0円)", "無制限"), ("amount", "約款のとおり 5万円", None),
    ("day", "2019年(平成31年) 4月 1日", "2019年4月1日"), ("day", "2026年3月31昌", "2026年3月31日"),
    ("day", "2020年4月1日から2021年4月1日", None), ("first-time", "2026/01/15 16:00 から", "16時"),
    ("second-time", "2025年6月1日 午後4時 から 2026年6月1日 正午 まで", "12時"),
    ("mode", "月払(口座振替)", "月"), ("mode", "半年払", "半年"), ("mode", "月払、半年払または年払", None),
    ("person", "青木　春男　様（昭和45年8月12日生）", "青木 春男"), ("person", "青木 春男 欄", "青木 春男"),
    ("person", "静岡県静岡市見本区3-2-1", None), ("person", "2020年4月1日", None), ("person", "株 式 会 社 つばめ", "株式会社つばめ"),
    ("number", "契約日", None), ("number", "2020/04/01", None), ("term", "65歳満了", "65歳満了"), ("annuity", "10年確定年金", "確定10年"),
])
def test_what_is_read_is_what_a_person_would_type(shape: str, text: str, value: str | None) -> None:
    assert shapes.read(shape, text) == value


def test_no_more_than_three_of_a_box_are_proposed_and_each_once() -> None:
    rows = [[(100, "保険料"), (300, f"{n},000円")] for n in (1, 1, 2, 3, 4, 5)]
    assert told(page(*rows)) == {"premium": ["1,000", "2,000", "3,000"]}


def _rules() -> list[tuple[str, str]]:
    return [(line.split("|")[0].strip(), line.split("|")[1].strip()) for line in LABELS.splitlines() if "|" in line]


@pytest.mark.parametrize(("box", "shape"), _rules())
def test_every_label_leads_to_a_box_of_the_form(box: str, shape: str) -> None:
    assert shape in shapes.SHAPES
    head, *path = box.split("-")
    found = fields.by_name(Policy)[head]
    if path:
        assert found.of is not None and path[-1] in fields.by_name(found.of)
        assert head != "roles" or path[0] in c.ROLES


def test_no_label_is_the_head_of_another_column() -> None:
    for name in OTHERS.split():
        found = labels.label(name)
        assert found is not None and found.rules == (), name


TEXTS = st.sampled_from([
    "契約者", "被保険者", "保険料", "契約日", "保険期間", "満期日", "保険金額", "払込方法", "死亡保険金", "証券番号", "年金受取人",
    "平成40年4月1日", "令和99年99月99日", "9,999,999,999,999,999円", "月払", "100歳", "様", "123456789018", "1234-5678", "〒000",
    "終身保険証券", "自動車保険証券", "株式会社", "ほしぞら生命保険株式会社", "車台番号", "等級", "99等級", "建物", "2,000万円",
])
WORDS = st.builds(
    Word, TEXTS | st.text(min_size=1, max_size=12),
    st.integers(0, 1500), st.integers(0, 2000), st.integers(1, 400), st.integers(1, 60),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(WORDS, max_size=25), max_size=3))
def test_nothing_is_proposed_that_the_form_would_not_read_or_that_is_not_on_the_page(pages: list[list[Word]]) -> None:
    proposals = propose(pages)
    kind = next((each.value for each in proposals if each.box == "kind"), "")
    currency = next((each.value for each in proposals if each.box == "currency"), "")
    for each in proposals:
        head, *path = each.box.split("-")
        assert len(path) in {0, 2}
        assert not kind or head in KINDS[kind].boxes
        box = fields.by_name(Policy)[head]
        if path:
            assert box.of is not None
            box = fields.by_name(box.of)[path[1]]
        assert _reads(box, each.value, currency), each
        assert _within(each.area, pages[each.page])


def _reads(box: fields.Field, value: str, currency: str) -> bool:
    try:
        kinds_of_field.read_value(box, value, currency)
    except Unreadable as refused:
        return refused.means is not None
    return True


def _within(area: Area, words: list[Word]) -> bool:
    return (
        area.left >= min(word.left for word in words) and area.top >= min(word.top for word in words)
        and area.left + area.width <= max(word.left + word.width for word in words)
        and area.top + area.height <= max(word.top + word.height for word in words)
    )


@pytest.mark.parametrize("word", ["契約者 " * 40, "保険金", "1", "死亡"])
def test_a_page_that_is_made_to_take_long_does_not(word: str) -> None:
    words = [Word(word, n * 37 % 3990, n * 101 % 3990, 40, 1 + n % 50) for n in range(6_000)]
    began = time.process_time()  # whatever else the machine does meanwhile
    propose([words])
    assert time.process_time() - began < 10


def test_lines_hold_what_stands_side_by_side_whatever_order_the_words_come_in() -> None:
    words = page([(100, "あ"), (300, "い"), (500, "う")], [(100, "え"), (300, "お")])
    assert [[piece.text for piece in line] for line in lines(reversed(words))] == [["あ", "い", "う"], ["え", "お"]]
