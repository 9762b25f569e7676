"""Typed insurers are found under the company that carries their policies on."""

from __future__ import annotations

from datetime import date

import pytest

from vault.domain import insurers


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("アリコ", "メットライフ生命"),
        ("アリコジャパン", "メットライフ生命"),
        ("日本興亜", "損保ジャパン"),
        ("損保ジャパン日本興亜", "損保ジャパン"),
        ("損害保険ジャパン日本興亜株式会社", "損保ジャパン"),
        ("安田生命", "明治安田生命"),
        ("安田生命(現 明治安田生命)", "明治安田生命"),
        ("安田火災", "損保ジャパン"),
        ("三井生命", "大樹生命"),
        ("きらめき生命", "三井住友海上あいおい生命"),
        ("日生", "日本生命"),
        ("ﾆｯｾｲ", "日本生命"),
        ("日本生命保険相互会社", "日本生命"),
        ("東京海上日動火災保険株式会社", "東京海上日動"),
        ("東京海上", "東京海上日動"),
        ("アメリカンファミリー", "アフラック生命"),
        ("富士火災", "AIG損保"),
        ("セゾン自動車火災", "SOMPOダイレクト"),
        ("全労済", "こくみん共済coop"),
        ("ＪＡ", "JA共済"),
        ("全国共済(神奈川)", "神奈川県民共済"),
        ("都民共済", "都民共済"),
        ("大阪府民共済", "大阪府民共済"),
        ("CO・OP共済", "コープ共済"),
    ],
)
def test_is_found_by_former_name_abbreviation_or_full_name(typed: str, name: str) -> None:
    found = insurers.find(typed)
    assert found is not None
    assert found.name == name
    assert insurers.matched(typed) == insurers.matched(name)


@pytest.mark.parametrize("typed", ["生命", "日本", "ほげ生命", "(", "", "保険"])
def test_an_unknown_name_is_nobody(typed: str) -> None:
    assert insurers.find(typed) is None
    assert insurers.kind(typed) == ""


def test_no_two_companies_share_a_name() -> None:
    index: dict[str, str] = {}
    for insurer in insurers.insurers():
        for name in (insurer.name, *insurer.others, *(former.name for former in insurer.former)):
            assert insurers.find(name) == insurer, name
            assert index.setdefault(name, insurer.name) == insurer.name


def test_former_names_are_many_and_each_has_its_day() -> None:
    former = [each for insurer in insurers.insurers() for each in insurer.former]
    assert len({each.name for each in former}) >= 25
    assert all(date(1980, 1, 1) < each.since < date(2026, 12, 31) for each in former)


def test_each_kind_of_insurer_is_there() -> None:
    kinds = [insurer.kind for insurer in insurers.insurers()]
    assert kinds.count("生命") >= 40
    assert kinds.count("損害") >= 30
    assert kinds.count("少短") >= 20
    assert kinds.count("共済") >= 47 + 4


def test_proposals_name_today_s_companies_first() -> None:
    assert "日本生命" in insurers.proposals()
    assert insurers.proposals().index("明治安田生命") < insurers.proposals().index("安田生命")
    assert len(set(insurers.proposals())) == len(insurers.proposals())
