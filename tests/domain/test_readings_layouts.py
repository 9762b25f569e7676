"""How well printed and scanned policies are read: insurers that do not exist, papers as those that do print them.

`pytest -s` shows the figures. What a box is worth is counted by the first proposal alone: a person looks at it first.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.support import layouts
from vault.domain.readings import my_numbers, propose

# Two papers that say how scans are read without minutes of reading: small letters in many cells, and large ones.
SAMPLE = ("auto", "whole_life")


@pytest.fixture(scope="module")
def papers(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return layouts.printed(browser, tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def digital(papers: dict[str, Path]) -> dict[str, layouts.Score]:
    return {name: _score(name, [paper.read_bytes()]) for name, paper in papers.items()}


def _score(name: str, files: list[bytes]) -> layouts.Score:
    pages = [page for file in files for page in layouts.words(file)]
    assert all(my_numbers(page) == [] for page in pages), name
    return layouts.score(layouts.expected(name), propose(pages))


def _scanned(papers: dict[str, Path], names: tuple[str, ...], folder: Path) -> dict[str, layouts.Score]:
    return {name: _score(name, layouts.scanned(papers[name], folder / name)) for name in names}


def _together(scores: dict[str, layouts.Score], names: tuple[str, ...], title: str) -> layouts.Score:
    chosen = {name: scores[name] for name in names}
    print(layouts.table(title, chosen))
    return layouts.total(chosen.values())


@pytest.mark.browser
def test_papers_with_text_are_read_right(digital: dict[str, layouts.Score]) -> None:
    score = _together(digital, layouts.KNOWN, "text inside the PDF")
    assert len(layouts.KNOWN) >= 10
    assert score.first / score.boxes > 0.98, score.missed
    assert len(score.false) <= 2, score.false


@pytest.mark.browser
def test_papers_with_text_that_nobody_wrote_a_rule_for_are_read_mostly_right(digital: dict[str, layouts.Score]) -> None:
    score = _together(digital, layouts.UNSEEN, "text inside the PDF, unseen layouts")
    assert score.first / score.boxes > 0.75, score.missed
    assert len(score.false) <= 2, score.false


@pytest.mark.browser
def test_clean_scans_are_read_right(papers: dict[str, Path], tmp_path: Path) -> None:
    score = _together(_scanned(papers, SAMPLE, tmp_path), SAMPLE, "scans")
    assert score.first / score.boxes > 0.85, score.missed
    assert len(score.false) <= 2, score.false


@pytest.mark.browser
@pytest.mark.long
def test_scans_are_read_right_for_the_most_part(papers: dict[str, Path], tmp_path: Path) -> None:
    scores = _scanned(papers, layouts.NAMES, tmp_path)
    known = _together(scores, layouts.KNOWN, "scans")
    unseen = _together(scores, layouts.UNSEEN, "scans, unseen layouts")
    assert known.first / known.boxes > 0.8, known.missed
    assert unseen.first / unseen.boxes > 0.45, unseen.missed
    # One proposal in ten at most says what the paper does not.
    assert len(known.false) + len(unseen.false) < (known.boxes + unseen.boxes) / 10, (known.false, unseen.false)
