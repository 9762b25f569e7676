"""Where the people of a household are drawn, and which lines join them."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vault.domain import family_graph as drawing
from vault.domain.box_lines import LETTERS, name_lines, note_line
from vault.domain.clients import Member
from vault.domain.family_graph import HEIGHT, WIDTH, Box, Graph, household
from vault.domain.officers_graph import OFFICERS, corporation
from vault.domain.relationships import RELATIONSHIPS


def people(*relationships: str, **more: str) -> list[Member]:
    return [Member(id=f"{n:032x}", name=word or "無印", kana="カナ", relationship=word, **more) for n, word in enumerate(relationships)]


def placed(*relationships: str) -> tuple[Graph, dict[str, Box]]:
    graph = household(people(*relationships))
    boxes = {box.id: box for box in graph.boxes}
    return graph, {word: boxes[f"{n:032x}"] for n, word in enumerate(relationships)}


def ends(graph: Graph, kind: str) -> list[tuple[tuple[float, float], ...]]:
    return [line.points for line in graph.lines if line.kind == kind]


def hangs(graph: Graph, child: Box, start: tuple[float, float]) -> bool:
    """Whether lines lead from a point down to a box's top."""
    reached, lines = {start}, ends(graph, "descent")
    for _ in lines:
        for points in lines:
            a, b = points[0], points[-1]
            if any(_on(point, points) for point in reached):
                reached |= {a, b}
            reached |= {p for p in (a, b) if any(_on(p, other) and set(other) & reached for other in lines)}
    return (child.middle, child.y) in reached


def _on(point: tuple[float, float], line: tuple[tuple[float, float], ...]) -> bool:
    (ax, ay), (bx, by) = line[0], line[-1]
    return min(ax, bx) <= point[0] <= max(ax, bx) and min(ay, by) <= point[1] <= max(ay, by)


def test_generations_stand_below_each_other_the_spouse_at_the_right_and_children_under_both() -> None:
    graph, at = placed("長女", "本人", "長男", "妻", "父", "母")
    assert at["父"].y == at["母"].y < at["本人"].y == at["妻"].y < at["長女"].y == at["長男"].y
    assert at["本人"].x + WIDTH < at["妻"].x
    tie = ((at["本人"].x + WIDTH, at["本人"].y + HEIGHT / 2), (at["妻"].x, at["妻"].y + HEIGHT / 2))
    assert tie in ends(graph, "married")
    middle = (tie[0][0] + tie[1][0]) / 2
    assert (at["長女"].middle + at["長男"].middle) / 2 == middle
    assert all(hangs(graph, at[child], (middle, tie[0][1])) for child in ("長女", "長男"))
    assert not hangs(graph, at["妻"], ((at["父"].middle + at["母"].middle) / 2, at["父"].y + HEIGHT / 2))
    assert hangs(graph, at["本人"], ((at["父"].middle + at["母"].middle) / 2, at["父"].y + HEIGHT / 2))


def test_the_parents_of_the_spouse_stand_over_the_spouse() -> None:
    graph, at = placed("本人", "妻", "父", "母", "義父", "義母", "弟")
    assert max(at["父"].x, at["母"].x) + WIDTH < min(at["義父"].x, at["義母"].x)
    assert hangs(graph, at["妻"], ((at["義父"].middle + at["義母"].middle) / 2, at["義父"].y + HEIGHT / 2))
    assert hangs(graph, at["弟"], ((at["父"].middle + at["母"].middle) / 2, at["父"].y + HEIGHT / 2))
    assert len(ends(graph, "married")) == 3


@pytest.mark.parametrize("other", ["孫", "子の配偶者", "おじ", "祖母", "義兄", "おい", "いとこ", "養父", "同居人"])
def test_no_line_is_drawn_where_the_word_leaves_it_open(other: str) -> None:
    graph, at = placed("本人", other)
    assert graph.lines == () and at[other] != at["本人"]


def test_a_partners_children_hang_below_the_head_alone() -> None:
    graph, at = placed("本人", "パートナー", "長女")
    assert len(ends(graph, "partners")) == 1 and not ends(graph, "married")
    assert hangs(graph, at["長女"], (at["本人"].middle, at["本人"].y + HEIGHT))


def test_two_fathers_are_no_couple() -> None:
    graph = household(people("本人", "父", "父"))
    assert not ends(graph, "married")


@settings(deadline=None)
@given(st.lists(st.sampled_from([*RELATIONSHIPS, "", "又従兄弟"]), max_size=30))
def test_everybody_has_a_box_of_his_own_within_the_picture(relationships: list[str]) -> None:
    members = people(*relationships)
    graph = household(members)
    assert sorted(box.id for box in graph.boxes) == sorted(m.id for m in members)
    for box in graph.boxes:
        assert 0 <= box.x and box.x + WIDTH <= graph.width and 0 <= box.y and box.y + HEIGHT <= graph.height
    for one, other in combinations(graph.boxes, 2):
        assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT, (one, other)
    for line in graph.lines:
        assert all(0 <= x <= graph.width and 0 <= y <= graph.height for x, y in line.points)


def test_a_corporation_stands_over_its_officers_and_their_households_beside_them() -> None:
    officers = people("", "", "", position="役員") + [Member(id="e" * 32, name="社員", kana="シャイン", position="一般")]
    graph = corporation(officers, [("a" * 32, officers[1].id), ("b" * 32, officers[1].id), ("c" * 32, "")])
    at = {box.id: box for box in graph.boxes}
    assert set(at) == {"", *(m.id for m in officers[:3]), "a" * 32, "b" * 32, "c" * 32}
    assert at["a" * 32].y == at[officers[1].id].y < at["b" * 32].y < at[officers[2].id].y < at["c" * 32].y
    assert len(ends(graph, "link")) == 2 and graph.left_out == 1
    for one, other in combinations(graph.boxes, 2):
        assert abs(one.x - other.x) >= WIDTH or abs(one.y - other.y) >= HEIGHT, (one, other)


def test_of_a_thousand_employees_the_picture_has_a_few_and_says_how_many_it_leaves_out() -> None:
    graph = corporation(people(*[""] * 1000), [])
    assert len(graph.boxes) == OFFICERS + 1 and graph.left_out == 1000 - OFFICERS


def test_related_clients_stand_in_a_column_beside_the_family() -> None:
    graph = household(people("本人", "妻"))
    wide = drawing.beside(graph, ["a" * 32, "b" * 32])
    assert [box.id for box in wide.boxes[2:]] == ["a" * 32, "b" * 32]
    assert all(box.x > graph.width and box.x + WIDTH <= wide.width for box in wide.boxes[2:])
    assert drawing.beside(graph, []) == graph


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("志摩 海斗", ("志摩 海斗",)),
        ("アレクサンドル ヴァシリエフ", ("アレクサンドル", "ヴァシリエフ")),
        ("Alexander Hamilton", ("Alexander", "Hamilton")),
        ("寿限無寿限無五劫の擦り切れ", ("寿限無寿限無五劫", "の擦り切れ")),
        ("寿限無寿限無五劫の擦り切れ海砂利水魚", ("寿限無寿限無五劫", "の擦り切れ海砂…")),
    ],
)
def test_a_long_name_takes_two_lines(name: str, lines: tuple[str, ...]) -> None:
    assert name_lines(name) == lines


@given(st.text(st.characters(categories=["L", "Zs"]), max_size=60))
def test_no_line_is_wider_than_its_box(name: str) -> None:
    lines = name_lines(name)
    assert len(lines) <= 2 and all(len(line) <= LETTERS / 0.6 + 1 for line in lines)


def test_a_long_note_is_pressed_together_and_then_cut() -> None:
    assert note_line("長男 13歳") == ("長男 13歳", False)
    assert note_line("Grandfather 81") == ("Grandfather 81", False)
    assert note_line("Eldest daughter 16")[1] and note_line("Eldest daughter 16")[0] == "Eldest daughter 16"
    assert note_line("同居している母方の遠い親戚のおばあさん 81歳") == ("同居している母方の遠い親…", True)
