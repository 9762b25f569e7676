"""Doubles: two spellings of one client, person or policy are found together, and two that differ are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain import signs
from vault.domain.clients import Client, Corporation, Household, Member, RelatedClient, Telephone
from vault.domain.doubles import (
    CLIENT,
    PERSON,
    POLICY,
    Known,
    Pair,
    Place,
    client_reasons,
    policy_reasons,
    strength,
)
from vault.domain.policies import Policy
from vault.domain.spelling import bare_name, digits, loose_kana, place
from vault.domain.uniting import (
    BOTH,
    GOES,
    STAYS,
    Choice,
    chosen,
    compared,
    ids_changed,
    linked_anew,
    proposed_people,
    united,
    without_person,
)
from vault.domain.values import TypedDate, fold

ROOM = "00" * 16


def person(name: str = "渡辺 健", kana: str = "ワタナベ ケン", birth: date | None = date(1979, 5, 3), **more: str) -> Member:
    id = more.pop("id", f"{abs(hash((name, kana, birth))):032x}"[:32])
    return Member(id=id, name=name, kana=kana, birth=TypedDate.of(birth) if birth else None, **more)  # type: ignore[arg-type]


def household(head: Member, *others: Member, telephone: str = "", address: str = "") -> Household:
    return Household(
        name=head.name, kana=head.kana, compartment=ROOM, members=(replace(head, relationship="本人"), *others),
        telephones=(Telephone(number=telephone),) if telephone else (), address=address,
    )  # fmt: skip


def corporation(name: str, number: str = "", **more: str) -> Corporation:
    return Corporation(name=name, kana="ミナトセッケイ", compartment=ROOM, closing_day="3月末", corporate_number=number, **more)  # type: ignore[arg-type]


def contract(insurer: str = "日本生命", number: str = "123-456", begins: date = date(2010, 6, 1)) -> Policy:
    return Policy(
        insurer=insurer, policy_number=number, kind="終身", state="有効", handled_by="自社", premium=1000, mode="月",
        contract_date=TypedDate.of(begins),
    )  # fmt: skip


def known(*all_clients: Client) -> Known:
    found = Known()
    for number, client in enumerate(all_clients):
        found.add_client(bytes([number]), signs.of_client(client))
    return found


# --- spellings


@pytest.mark.parametrize(
    ("one", "other"),
    [("サトウ", "さとー"), ("オオノ ユウコ", "オーノユーコ"), ("ワタナベ", "ワタナヘ"), ("ハットリ", "ハツトリ"),
     ("ミヅノ", "ミズノ"), ("ケイコ", "ケエコ"), ("ﾎﾝﾀﾞ ｹﾝ", "ホンタケン"), ("カヲル", "カオル")],
)  # fmt: skip
def test_readings_that_are_heard_alike_are_one(one: str, other: str) -> None:
    assert loose_kana(one) == loose_kana(other)


@pytest.mark.parametrize(("one", "other"), [("サトウ", "サイトウ"), ("ケン", "ケイコ"), ("カオル", "カオリ")])
def test_readings_that_differ_stay_two(one: str, other: str) -> None:
    assert loose_kana(one) != loose_kana(other)


@pytest.mark.parametrize("name", ["株式会社みなと設計", "㈱みなと設計", "みなと設計(株)", "みなと設計 株式会社", "ミナト設計"])
def test_a_firm_is_one_with_and_without_its_legal_form(name: str) -> None:
    assert bare_name(name) == fold("みなと設計")


def test_a_firm_named_by_its_form_alone_keeps_it() -> None:
    assert bare_name("管理組合") == fold("管理組合")


@pytest.mark.parametrize("address", ["東京都渋谷区渋谷9丁目99番1号", "渋谷区渋谷９－９９－１", "東京都 渋谷区渋谷九丁目99番地1"])
def test_an_address_is_one_in_its_spellings(address: str) -> None:
    assert place(address) == place("渋谷区渋谷9-99-1")


def test_telephones_are_told_by_their_digits_and_short_ones_not_at_all() -> None:
    assert digits("０３(5555)0101") == digits("03-5555-0101") and digits("内線 12") == ""


SAME = {"髙": "高", "﨑": "崎", "邉": "辺", "邊": "辺", "斎": "斉", "齋": "斉", "齊": "斉", "濵": "浜", "澤": "沢"}
LETTERS = st.text("高崎辺斉浜沢渡山川田中村木健一郎花子", min_size=2, max_size=6)


@st.composite
def spelled(draw: st.DrawFn) -> tuple[str, str]:
    """A name, and the same name as somebody else types it."""
    name = draw(LETTERS)
    older = {new: old for old, new in SAME.items()}
    typed = "".join(older.get(c, c) if draw(st.booleans()) else c for c in name)
    at = draw(st.integers(0, len(typed)))
    return name, typed[:at] + draw(st.sampled_from(["", " ", "　"])) + typed[at:]


@given(spelled(), st.dates(date(1900, 1, 1), date(2030, 1, 1)), st.integers(0, 5), st.integers(0, 5))
def test_a_planted_double_is_always_found_and_either_way_round(
    names: tuple[str, str], birth: date, before: int, between: int
) -> None:
    one, other = (household(person(name, "ワタナベ ケン", birth)) for name in names)
    strangers = [household(person(f"他人{n}", f"タニン{'アイウエオカキクケコ'[n]}", birth)) for n in range(before + between)]
    every = [*strangers[:before], one, *strangers[before:], other]
    pairs = [(pair.one.owner[0], pair.other.owner[0]) for pair in known(*every).pairs() if pair.what == CLIENT]
    assert (before, before + between + 1) in pairs and len(pairs) == 1
    assert client_reasons(one, other) == client_reasons(other, one) and "head" in client_reasons(one, other)


@given(st.data())
def test_no_pair_of_another_birth_another_address_and_another_number_is_proposed(data: st.DataObject) -> None:
    births = data.draw(st.lists(st.dates(date(1900, 1, 1), date(2030, 1, 1)), min_size=2, max_size=6, unique=True))
    found = known(*(household(person("渡辺 健", birth=birth), telephone=f"03-5555-{n:04}", address=f"港区{n}-1")
                    for n, birth in enumerate(births)))  # fmt: skip
    for n in range(len(births)):
        found.add_policy(Place(bytes([n]), bytes([n])), "日本生命", f"1000{n}", 0)
    assert found.pairs() == []


@given(LETTERS)
def test_folding_a_name_is_symmetric_and_settles(name: str) -> None:
    assert fold(fold(name)) == fold(name) and loose_kana(loose_kana(name)) == loose_kana(name)


# --- why, and how strongly


def test_what_speaks_for_a_household() -> None:
    one = household(person(), telephone="03-5555-0101", address="東京都港区1-2-3")
    for other, reasons in (
        (household(person("渡邉健")), ("head",)),
        (household(person("渡部 健", "ワタベ ケン")), ()),
        (household(person("渡部 健", "ワタナベ ケン")), ("head-kana",)),
        (household(person(birth=date(1980, 1, 1)), telephone="03 5555 0101"), ("name-telephone",)),
        (household(person(birth=None), address="港区1丁目2番3号"), ("name-place",)),
        (household(person("渡部 健", birth=None), telephone="0355550101", address="港区1-2-3"), ("kana-telephone", "kana-place")),
        (household(person("渡辺 花子", "ワタナベ ハナコ", date(1981, 1, 1)), person(relationship="夫")), ("person",)),
        (household(person(birth=None)), ()),
    ):
        assert client_reasons(one, other) == reasons, other
    assert [strength(r) for r in (("head",), ("head-kana",), ("person",), ("name-telephone", "name-place"), ())] == [3, 2, 1, 3, 0]


def test_what_speaks_for_a_corporation() -> None:
    one = corporation("株式会社みなと設計", "7000012050002")
    assert client_reasons(one, corporation("港設計", "7000012050002")) == ("corporate-number",)
    assert client_reasons(one, corporation("㈱みなと設計")) == ("company",)
    assert client_reasons(one, corporation("みなと設備")) == ()
    officer = person()
    both = [replace(each, members=(officer,)) for each in (one, corporation("べつの会社"))]
    assert client_reasons(*both) == (), "one person is an officer of several"
    assert client_reasons(household(officer), both[0]) == ()


@pytest.mark.parametrize(
    ("insurer", "number", "found"),
    [("ニッセイ", "１２３４５６", True), ("日本生命保険相互会社", "00123456", True), ("日本生命", "123-457", False),
     ("第一生命", "123-456", False), ("日本生命", "不明", False)],
)  # fmt: skip
def test_a_policy_is_told_by_insurer_and_number(insurer: str, number: str, found: bool) -> None:
    reasons = policy_reasons(contract(), contract(insurer, number), True)
    assert reasons == (("policy-number",) if found else ())


def test_a_contract_made_anew_and_one_of_two_clients_are_told_apart() -> None:
    assert policy_reasons(contract(), contract(begins=date(2020, 6, 1)), True) == ("other-start",)
    assert policy_reasons(contract(), contract(), False) == ("other-client",)
    found = Known()
    for owner, record, day in ((b"a", b"1", 5), (b"a", b"2", 5), (b"b", b"3", 5), (b"a", b"4", 9)):
        found.add_policy(Place(owner, record), "日本生命", "123456", day)
    told = {(pair.one.record, pair.other.record): pair.reasons[0] for pair in found.pairs()}
    assert told == {
        (b"1", b"2"): "policy-number", (b"1", b"3"): "other-client", (b"2", b"3"): "other-client",
        (b"1", b"4"): "other-start", (b"2", b"4"): "other-start", (b"4", b"3"): "other-start",
    }  # fmt: skip
    assert found.pairs()[0].strength == 3 and found.pairs()[-1].strength == 1


def test_a_hundred_alike_are_paired_with_their_neighbours_only() -> None:
    found = Known()
    for n in range(100):
        found.add_policy(Place(bytes([n]), b"p"), "日本生命", "123456", 0)
    assert len(found.pairs()) == 99


def test_people_of_one_client_are_proposed_once() -> None:
    twice = household(person(id="1" * 32), person("渡邉 健", birth=None, id="2" * 32), person("渡辺 蓮", "ワタナベ レン", id="3" * 32))
    [pair] = known(twice).pairs()
    assert pair == Pair(PERSON, Place(b"\0", b"1" * 32), Place(b"\0", b"2" * 32), ("person-twice",))


def test_who_is_about_to_be_entered_is_found_by_what_is_there() -> None:
    found = known(household(person()), household(person("渡辺 健", "ワタナベ ケン", date(1990, 1, 1))), corporation("渡辺"))
    alike = found.clients_like(household(person("渡邉 健")))
    assert [(each.owner, each.strength) for each in alike] == [(b"\0", 3), (b"\1", 0)]
    found.add_policy(Place(b"a", b"b"), "日本生命", "123456", 0)
    assert found.policies_like(contract("ニッセイ", "123456")) == [Place(b"a", b"b")] and POLICY == "policy"
    assert found.policies_like(contract(number="不明")) == []


# --- two made one


def test_what_one_side_leaves_empty_is_taken_from_the_other_and_else_the_newer_stays() -> None:
    stays = replace(household(person()), mail="", address="港区1", notes="一", client_number="7")
    goes = replace(household(person()), mail="a@example.com", address="港区2", notes="二", client_number="7")
    told = {each.box.name: (each.side, each.differs) for each in compared(stays, goes, GOES, rows=False)}
    assert told == {
        "name": (STAYS, False), "kana": (STAYS, False), "mail": (GOES, True), "address": (GOES, True),
        "notes": (BOTH, True), "client_number": (STAYS, False),
    }  # fmt: skip
    made = chosen(stays, goes, STAYS, {"mail": STAYS, "notes": GOES, "address": "nonsense"}, rows=False)
    assert (made.mail, made.notes, made.address) == ("", "二", "港区1")


def test_a_day_typed_in_another_way_is_no_difference() -> None:
    one, other = (replace(contract(), contract_date=TypedDate(typed, date(2010, 6, 1))) for typed in ("H22.6.1", "2010/6/1"))
    assert not any(each.differs for each in compared(one, other, GOES))


def test_nobody_and_nothing_of_a_table_is_lost() -> None:
    wife = person("渡辺 花子", "ワタナベ ハナコ", date(1981, 1, 1), relationship="妻", id="a" * 32)
    stays = household(person(id="1" * 32), telephone="03-5555-0101")
    goes = household(person("渡邉 健", id="2" * 32, occupation="医師"), wife, telephone="０３-5555-0101")
    goes = replace(goes, telephones=(*goes.telephones, Telephone(number="090-5555-0001")),
                   related=(RelatedClient(client="01" * 16), RelatedClient(client="02" * 16)))  # fmt: skip
    assert proposed_people(stays, goes) == {"2" * 32: "1" * 32}
    made = united(stays, goes, STAYS, Choice({}, {"2" * 32: "1" * 32}, {}), ("01" * 16, "03" * 16))
    assert [member.id for member in made.members] == ["1" * 32, "a" * 32] and made.members[0].occupation == "医師"
    assert [each.number for each in made.telephones] == ["03-5555-0101", "090-5555-0001"]
    assert [link.client for link in made.related] == ["02" * 16]


def test_a_household_never_gets_a_second_head() -> None:
    stays, goes = household(person(id="1" * 32)), household(person("渡辺 花子", "ワタナベ ハナコ", id="2" * 32))
    made = united(stays, goes, STAYS, Choice({}, {}, {}), ("01" * 16, "02" * 16))
    assert [member.relationship for member in made.members] == ["本人", ""]


def test_links_people_and_ids_follow() -> None:
    links = (RelatedClient(client="a" * 32, link="親会社"), RelatedClient(client="b" * 32))
    assert linked_anew(links, "b" * 32, "a" * 32) == links[:1]
    assert linked_anew(links[1:], "b" * 32, "c" * 32) == (RelatedClient(client="c" * 32),)
    two = household(person(id="1" * 32), person(id="2" * 32))
    assert [m.id for m in without_person(two, two.members[0], "2" * 32).members] == ["1" * 32]
    assert ids_changed(b'{"policy":"' + b"a" * 32 + b'","n":1}', {"a" * 32: "b" * 32}) == b'{"policy":"' + b"b" * 32 + b'","n":1}'


@pytest.mark.parametrize("newer", [STAYS, GOES])
@pytest.mark.parametrize(
    ("name", "one", "other", "side"),
    [
        ("retention_years", 3, 15, GOES), ("retention_years", 15, 3, STAYS), ("retention_years", None, 3, STAYS),
        ("retention_years", 3, None, GOES), ("retention_years", None, 20, GOES),
        ("retention_until", TypedDate.of(date(2030, 1, 1)), TypedDate.of(date(2040, 1, 1)), GOES),
        ("retention_until", TypedDate.of(date(2040, 1, 1)), TypedDate.of(date(2030, 1, 1)), STAYS),
        ("retention_until", None, TypedDate.of(date(2040, 1, 1)), GOES),
    ],
)  # fmt: skip
def test_whichever_was_saved_last_the_longer_term_is_proposed(
    newer: str, name: str, one: object, other: object, side: str
) -> None:
    plain = Household(name="志摩 海斗", kana="シマ カイト", compartment="")
    stays, goes = (replace(plain, **{name: said}) for said in (one, other))  # type: ignore[arg-type]
    [found] = [each for each in compared(stays, goes, newer) if each.box.name == name]
    assert found.side == side and found.sides == (STAYS, GOES)
