"""Every word that a form offers is found by how it is said."""

from __future__ import annotations

import re

import pytest

from vault.domain import insurers, spoken
from vault.domain.policies import KINDS
from vault.domain.policies import choices as c
from vault.domain.relationships import RELATIONSHIPS

LISTS = (
    c.ROLES, c.STATES, c.MODES, c.ROUTES, c.HANDLED_BY, c.GROUP_HANDLING, c.COVERS, c.NONLIFE_COVERS, c.COVER_NAMES, c.RIDERS,
    c.UNITS, c.CLASSES, c.NO_NUMBER, c.ANNUITIES, c.END_REASONS, c.CHANGES, RELATIONSHIPS, tuple(KINDS), insurers.proposals(),
)  # fmt: skip


def test_no_word_of_a_list_is_without_its_reading() -> None:
    silent = [word for words in LISTS for word in words if not spoken.readings(word)]
    assert silent == []
    assert not any(re.search("[ァ-ヶ一-鿿]", each) for words in LISTS for word in words for each in spoken.readings(word))


@pytest.mark.parametrize(
    ("word", "reading"),
    [("日本生命", "にほんせいめい"), ("日本生命", "にっぽんせいめい"), ("日本生命", "にっせい"), ("日本生命", "日生"), ("メットライフ生命", "めっとらいふせいめい"),
     ("SOMPOひまわり生命", "sompoひまわりせいめい"), ("三大疾病保障特約", "さんだいしっぺいほしょうとくやく"), ("アリコ", "ありこ"), ("妻", "つま")],
)  # fmt: skip
def test_a_word_carries_its_readings_and_those_of_its_other_names(word: str, reading: str) -> None:
    assert reading in spoken.said(word).split(" ")


def test_what_has_no_reading_has_none_and_a_former_name_does_not_speak_for_its_successor() -> None:
    assert spoken.said("鰐淵") == ""
    assert "めっとらいふせいめい" not in spoken.said("アリコ")
