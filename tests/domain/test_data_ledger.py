"""Which kinds of personal data the forms ask for: every box belongs somewhere, and everybody is counted once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.support import catalogue, codes
from vault.domain import fields
from vault.domain.clients import Client, Corporation, Household, Member
from vault.domain.data_ledger import Category, category_of, items, people_of, sensitive, tally

ROOM = "00" * 16


def client(cls: type[Any], **typed: Any) -> Client:
    reading = fields.read(cls, {"name": "志摩", "kana": "シマ", "compartment": ROOM, **typed})
    assert reading.record is not None, reading.faults
    return reading.record


def family(*members: dict[str, str], **typed: Any) -> Client:
    told = [{"name": "志摩", "kana": "シマ", **member} for member in members]
    return client(Household, members=told, **typed)


@pytest.mark.parametrize("cls", codes.records(), ids=lambda cls: cls.__name__)
def test_every_box_of_every_form_belongs_to_a_category_or_is_said_to_be_nobodys(cls: type[Any]) -> None:
    for box in fields.fields(cls):
        if box.of is not Member:
            category_of(cls, box)


def test_a_box_that_nobody_has_thought_of_is_found() -> None:
    @dataclass(frozen=True, kw_only=True)
    class Neighbour:
        name: str = fields.name()

    @dataclass(frozen=True, kw_only=True)
    class Taller(Member):
        height: str = fields.text()

    with pytest.raises(KeyError, match=r"Neighbour\.name"):
        category_of(Neighbour, fields.fields(Neighbour)[0])
    with pytest.raises(KeyError, match=r"Taller\.height"):
        category_of(Taller, fields.by_name(Taller)["height"])


@pytest.mark.parametrize("language", ["ja", "en"])
def test_every_category_and_each_of_its_items_has_words(language: str) -> None:
    known = catalogue.read(catalogue.ROOT, language)
    for category in Category:
        assert f"category.{category.value}" in known
        assert items(category) and all(key in known for key in items(category))


def test_what_is_hidden_until_asked_for_makes_its_category_sensitive() -> None:
    assert [category for category in Category if sensitive(category)] == [Category.HEALTH]


def test_of_what_is_said_of_single_members_only_these_are_counted() -> None:
    found = people_of(family({"relationship": "本人", "birth": "S54.5.3", "health": "良好"}, {"relationship": "妻"}))
    assert (found[Category.NAMES], found[Category.BIRTH], found[Category.HEALTH]) == (2, 1, 1)
    assert found[Category.FAMILY] == 2 and found[Category.CONTACT] == found[Category.NOTES] == 0


def test_what_is_said_of_the_client_counts_for_all_its_members_and_once() -> None:
    found = people_of(family(
        {"relationship": "本人", "notes": "電話は夕方に"}, {"relationship": "妻"}, notes="二世帯", address="東京都港区1",
        telephones=[{"number": "03-0000-0000"}], consents=[{"purpose": "税務・会計"}],
    ))  # fmt: skip
    assert (found[Category.NOTES], found[Category.CONTACT], found[Category.CONSENT]) == (2, 2, 2)


def test_a_corporation_is_one_and_nobody_where_it_names_nobody() -> None:
    found = people_of(client(Corporation, name="志摩商会", closing_day="3月31日", capital="1000万", address="東京都港区1"))
    assert found == {Category.CORPORATE: 1}


def test_clients_people_policies_and_compartments_are_counted() -> None:
    lasting = replace(family({"relationship": "本人"}), retention_years=10)
    found = tally([
        ("a", family({"relationship": "本人"}, {"relationship": "長男"}), 3), ("b", lasting, 0),
        ("a", client(Corporation, name="志摩商会", closing_day="3月31日"), 1),
    ])  # fmt: skip
    assert (found.clients, found.people, found.policies, found.termed) == (3, 3, 4, 1)
    assert found.rooms == {"a": 2, "b": 1}
    assert found.categories["names"] == 3 and found.categories["corporate"] == 1


def test_nothing_counts_as_nothing() -> None:
    assert tally([]).people == 0 and tally([]).rooms == {}
