"""What rows of an office's list mean, and what is odd about them: the two samples as they are, then one trap at a time."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support import catalogue, codes
from vault.domain import fields
from vault.domain.clients import Corporation, Household
from vault.domain.fields import Fault
from vault.domain.importing import (
    CLIENTS,
    CORPORATION,
    HOUSEHOLD,
    NOTHING,
    PEOPLE,
    POLICIES,
    TARGETS,
    Grouped,
    Matching,
    Read,
    Table,
    grouped,
    insurer_proposals,
    kind_proposals,
    label,
    onto,
    policy_key,
    proposed,
    read_rows,
    refused,
    screened,
    signature,
)
from vault.domain.policies import KINDS, read_policy, typed_policy
from vault.storage.spreadsheets import read_tables

SAMPLES = Path(__file__).parents[1] / "samples"


def table(text: str, **told: object) -> Table:
    """Rows by line, cells by stroke."""
    rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    width = max(map(len, rows))
    return screened(Table(name="表", rows=[row + [""] * (width - len(row)) for row in rows], **told))


def reads(text: str, **told: object) -> list[Read]:
    made = table(text, **told)
    return read_rows(made, proposed(made))


def codes_of(faults: Sequence[tuple[str, Fault]]) -> list[tuple[str, str]]:
    return [(target, fault.code) for target, fault in faults]


HEAD = "契約者|カナ|保険会社|証券番号|種目|始期|満期|保険料|払方"


def one(cells: str, head: str = HEAD) -> Read:
    return reads(f"{head}\n{cells}")[0]


@pytest.fixture(scope="module")
def mixed() -> list[Table]:
    return read_tables((SAMPLES / "満期一覧_混在.xlsx").read_bytes())


@pytest.fixture(scope="module")
def corporations() -> Table:
    return read_tables((SAMPLES / "法人契約_cp932.csv").read_bytes())[0]


# --- the first sample

def test_the_headings_are_found_under_the_title_and_every_column_is_known(mixed: list[Table]) -> None:
    policies, families = map(proposed, mixed)
    assert (policies.what, policies.first_row) == (POLICIES, 2) and (families.what, families.first_row) == (PEOPLE, 0)
    assert list(policies.columns.values()) == [
        "client.name", "client.kana", "client.birth", "client.postal_code", "client.address", "policy.insurer", "policy.policy_number",
        "policy.kind", "policy.begins", "policy.ends", "policy.premium", "policy.mode", "client.handler"]
    assert list(policies.columns) == list(range(1, 14))
    assert list(families.columns.values()) == [
        "client.name", "member.name", "member.kana", "member.relationship", "member.birth", "member.sex"]


def test_every_trap_of_the_list_is_told_by_its_row(mixed: list[Table]) -> None:
    rows = {row.number: row for row in read_rows(mixed[0], proposed(mixed[0]))}
    assert sorted(rows) == [4, 5, 6, 7, 8, 9, 10, 11, 12]
    assert {number: codes_of(row.faults) for number, row in rows.items()} == {
        4: [], 5: [], 6: [], 7: [],
        8: [("client.closing_day", "required"), ("policy.begins", "date-nonexistent")],
        9: [], 10: [("client.birth", "date-nonexistent"), ("policy.premium", "yen-negative")], 11: [("client.name", "cell-formula")], 12: [],
    }
    assert {number: row.left_out.code for number, row in rows.items() if row.left_out} == {9: "row-empty", 12: "row-total"}
    assert ("policy.policy_number", Fault("double-in-file", {"rows": "7"})) in rows[6].remarks
    assert ("policy.policy_number", Fault("double-in-file", {"rows": "6"})) in rows[7].remarks
    assert rows[12].remarks == [("policy.premium", Fault("total-differs", {"told": "330,870", "counted": "325,550"}))]


def test_the_rows_of_the_list_become_clients_with_their_families(mixed: list[Table]) -> None:
    told = grouped([read_rows(each, proposed(each)) for each in mixed])
    assert [group.client.get("name") for group in told.groups] == ["石川　直樹", "木村　さくら", "㈱みどり商店", "小川 明", None]
    ishikawa, kimura, midori, *_ = told.groups
    assert [member["name"] for member in ishikawa.client["members"]] == ["石川　直樹", "石川　真由美", "石川　湊"]
    assert [(line.table, line.read.number) for line in ishikawa.lines] == [(0, 4), (0, 5), (1, 2), (1, 3)]
    assert (len(ishikawa.policies), len(kimura.policies), len(kimura.client["members"])) == (2, 2, 1)
    assert (midori.kind, midori.client["legal_form"], midori.client["members"]) == (CORPORATION, "株式会社", [])
    (nobody,) = told.nobodys
    assert (nobody.table, nobody.read.number) == (1, 4)
    assert nobody.faults == [("client.name", Fault("family-of-nobody", {"name": "山田　一"}))]


def test_what_has_no_fault_is_taken_by_the_forms(mixed: list[Table]) -> None:
    told = grouped([read_rows(each, proposed(each)) for each in mixed])
    form = {**told.groups[0].client, "compartment": "本社"}
    client = fields.read(Household, form).record
    assert client and client.kana == "イシカワ ナオキ" and [member.relationship for member in client.members] == ["本人", "妻", "長男"]
    car, fire = (read_policy(line.read.policy, client=client).record for line in told.groups[0].policies)
    assert car and (car.kind, car.premium, car.mode, car.policy_number) == ("自動車", 58_230, "年", "Ｕ５５１２−００１")
    assert fire and (fire.premium, fire.end.value.year, fire.roles[1].member) == (98_000, 2028, client.members[0].id)
    # And what is in the office already is not new when it comes again.
    assert onto(typed_policy(car, client), told.groups[0].policies[0].read.policy) == typed_policy(car, client)


# --- the second sample

def test_the_list_of_corporations_comes_in_with_rates_terms_and_closing_months(corporations: Table) -> None:
    matching = proposed(corporations)
    assert matching.what == POLICIES and len(matching.columns) == corporations.width == 14
    first, second, cat = rows = read_rows(corporations, matching)
    assert all(row.kind == CORPORATION and row.left_out is None for row in rows)
    assert {row.client["closing_day"] for row in (first, second)} == {"3月31日"} and cat.client["closing_day"] == "12月31日"
    assert first.member == {"name": "髙嶋 進", "position": "役員"} and "birth" not in first.member
    assert [codes_of(row.faults) for row in rows] == [[("member.kana", "member-kana-missing")]] * 3
    assert all(fault.ask for row in rows for _, fault in row.faults)
    assert first.policy["notes"] == "返戻率は設計書より\n要確認" and first.policy["contract_date"] == "R3.5.1"
    client = fields.read(Corporation, {**first.client, "compartment": "本社"}).record
    assert client
    read = [read_policy(row.policy, client=client).record for row in (first, second)]
    assert [str(policy.best_rate) for policy in read if policy] == ["84.9", "96.2"]
    assert [policy.premium for policy in read if policy] == [1_200_000, 2_400_000]


def test_a_reading_typed_for_the_insured_makes_him_a_member(corporations: Table) -> None:
    matching = proposed(corporations)
    rows = read_rows(corporations, matching, {(1, "member.kana"): "タカシマ ススム"})
    takashima, cat = grouped([rows]).groups
    assert takashima.client["members"] == [{"name": "髙嶋 進", "kana": "タカシマ ススム", "position": "役員"}]
    assert [line.faults for line in takashima.lines] == [[], []] and cat.client["members"] == []


# --- finding columns

def test_a_layout_is_known_again_by_its_headings_whatever_stands_under_them() -> None:
    one_month = table("満期一覧 10月\n\n契約者名|ﾌﾘｶﾞﾅ|証券No.|保険会社\n石川|イシカワ|1|日本生命")
    another = table("契約者名|フリガナ|証券ＮＯ|保険会社|\n佐藤|サトウ|2|第一生命")
    assert signature(one_month) == signature(another) == "契約者名|フリガナ|証券no|保険会社"
    assert signature(table("1|2\n3|4")) == ""


@pytest.mark.parametrize(("heading", "target"), [
    ("保険料(円)", "policy.premium"), ("Ｐ", "policy.premium"), ("証券No.", "policy.policy_number"), ("ご契約者様", "client.name"),
    ("ﾌﾘｶﾞﾅ", "client.kana"), ("TEL", "client.telephone"), ("〒", "client.postal_code"), ("払込方法（回数）", "policy.mode"), ("保険終期", "policy.ends"),
    ("担当者", "client.handler"), ("備　考", "policy.notes"), ("被保険者", "policy.insured"), ("ピーク時返戻率", "policy.best_rate"),
])
def test_headings_are_known_in_the_words_that_people_use(heading: str, target: str) -> None:
    assert target in proposed(table(f"証券番号|保険会社|契約者|{heading}\n1|日本生命|石川|x" if target not in ("policy.policy_number", "client.name")
                                    else f"保険会社|種目|{heading}\n日本生命|終身|x")).columns.values()


def test_whose_birthday_it_is_depends_on_the_name_before_it() -> None:
    columns = proposed(table("契約者|カナ|生年月日|被保険者|カナ|生年月日|続柄|証券番号\na|b|c|d|e|f|g|h")).columns
    assert list(columns.values()) == ["client.name", "client.kana", "client.birth", "policy.insured", "member.kana", "member.birth",
                                      "member.relationship", "policy.policy_number"]
    merged = table("被保険者|被保険者|契約者|契約者|\n氏名|生年月日|氏名|生年月日|証券番号\na|b|c|d|e", merged=[(0, 0, 0, 1), (0, 2, 0, 3)])
    assert list(proposed(merged).columns.values()) == ["policy.insured", "member.birth", "client.name", "client.birth", "policy.policy_number"]


def test_columns_without_headings_are_known_by_what_stands_in_them() -> None:
    rows = "\n".join(f"石川 直樹|ｲｼｶﾜ ﾅｵｷ|S52.3.9|231-002{n}|東京海上日動|U55-{n}001|自動車保険|R8.4.1|R9.4.1|58,230|年払" for n in range(4))
    matching = proposed(table(rows))
    assert matching.first_row == -1 and list(matching.columns.values()) == [
        "client.name", "client.kana", "client.birth", "client.postal_code", "policy.insurer", "policy.policy_number", "policy.kind",
        "policy.begins", "policy.ends", "policy.premium", "policy.mode"]
    assert read_rows(table(rows), matching)[0].faults == []


def test_a_list_of_clients_and_a_sheet_that_is_no_list() -> None:
    (row,) = reads("お客様名|フリガナ|住所|電話|携帯|備考\n石川 直樹 様|イシカワ ナオキ|横浜市|045-1-1|090-1-1|紹介")
    assert row.what == CLIENTS and row.client == {
        "name": "石川 直樹", "kana": "イシカワ ナオキ", "address": "横浜市", "notes": "紹介",
        "telephones": [{"number": "045-1-1", "place": "自宅"}, {"number": "090-1-1", "place": "携帯"}]}
    assert proposed(table("使い方|この表は\n1|まず")).what == NOTHING


# --- reading rows

@pytest.mark.parametrize(("cells", "box", "wanted"), [
    ("石川|イ|日本生命|1|終身保険|R1.5.1|終身|1|月払", "kind", "終身"), ("石川|イ|日本生命|1|ガン|R1.5.1|終身|1|月々", "kind", "がん"),
    ("石川|イ|日本生命|1|傷害保険|R1.5.1||1|月", "kind", "傷害"), ("石川|イ|損保ジャパン|1|傷害保険|R1.5.1||1|月", "kind", "傷害 (損害)"),
    ("石川|イ|損保ジャパン|1|自動車(任意)|R1.5.1||1|12回払", "mode", "月"), ("石川|イ|日本生命|1|医療|43586|終身|1|年1回", "contract_date", "2019/5/1"),
    ("石川|イ|日本生命|1|医療|2019/5/1 0:00:00|終身|1|半年払", "contract_date", "2019/5/1"), ("石川|イ|日本生命|1|医療|R1.5.1(水)|終身|1|月払(口振)", "route", "口座振替"),
    ("石川|イ|日本生命|1|無解約返戻金型終身ガン保険|R1.5.1|終身|1|月", "product", "無解約返戻金型終身ガン保険"),
])
def test_the_words_of_lists_are_turned_into_those_of_the_forms(cells: str, box: str, wanted: str) -> None:
    row = one(cells)
    assert row.policy[box] == wanted and row.faults == []


def test_kinds_that_nobody_knows_stay_a_fault_with_proposals() -> None:
    row = one("石川|イ|ほしぞら保険|1|まるごと安心|R1.5.1|終身|1|月")
    assert ("policy.kind", "choice-unknown") in codes_of(row.faults) and ("policy.insurer", "insurer-unknown") in codes_of(row.remarks)
    assert kind_proposals("終身がん定期")[0] == "定期" and set(kind_proposals("まるごと安心")) == set(KINDS)
    assert insurer_proposals("東京海上")[0].startswith("東京海上") and insurer_proposals("日本生名")[0] == "日本生命"


@pytest.mark.parametrize(("told", "nonlife", "state", "reason"), [
    ("解約", True, "解約", None), ("解約済", False, "消滅", "解約"), ("満期", False, "消滅", "満期"), ("継続中", True, "有効", None),
    ("払込終了", False, "払込満了", None), ("失効", False, "失効", None),
])
def test_states_depend_on_what_is_insured(told: str, nonlife: bool, state: str, reason: str | None) -> None:
    kind, insurer = ("自動車", "損保ジャパン") if nonlife else ("終身", "日本生命")
    row = one(f"石川|イ|{insurer}|1|{kind}|R1.5.1||1|月|{told}", HEAD + "|状態")
    assert (row.policy["state"], row.policy.get("end_reason")) == (state, reason) and "state" not in row.assumed


def test_money_is_read_in_the_unit_of_its_heading() -> None:
    row = one("石川|イ|日本生命|1|終身|R1.5.1|終身|12.5|月|500", HEAD.replace("保険料", "保険料(千円)") + "|保険金額(万円)")
    assert row.policy["premium"] == "12,500" and row.policy["coverages"] == [{"name": "死亡", "amount": "500"}]
    assert one("石川|イ|日本生命|1|終身|R1.5.1|終身|1|月|5000000", HEAD + "|保険金額").policy["coverages"][0]["amount"] == "5,000,000円"
    rated = one("石川|イ|日本生命|1|定期|R1.5.1|20年|1|年|0.849", HEAD + "|返戻率")
    assert rated.policy["best_rate"] == "84.9" and ("policy.best_rate", "rate-of-part") in codes_of(rated.remarks)


def test_terms_and_spans_say_when_a_policy_ends() -> None:
    head = HEAD.replace("満期", "保険期間")
    assert one("石川|イ|損保ジャパン|1|自動車|R8.4.1|1年|1|年", head).policy["end"] == "令和9年4月1日"
    span = one("石川|イ|損保ジャパン|1|火災||2026/4/1～2031/4/1|1|年", head).policy
    assert (span["start"], span["end"]) == ("2026/4/1", "2031/4/1")
    assert one("石川|イ|日本生命|1|定期|R8.4.1|60歳まで|1|年", head).policy["term"] == "60歳まで"


def test_beneficiaries_come_with_their_shares() -> None:
    roles = one("石川|イ|日本生命|1|終身|R1.5.1|終身|1|月|石川真由美（妻）60%、石川湊(長男) 40％", HEAD + "|受取人").policy["roles"]
    assert roles[2:] == [{"role": "死亡受取人", "name": "石川真由美", "relationship": "妻", "share": "60%"},
                         {"role": "死亡受取人", "name": "石川湊", "relationship": "長男", "share": "40%"}]


def test_an_insured_person_is_the_client_or_somebody_of_his_family() -> None:
    head = HEAD + "|被保険者|続柄|被保険者カナ"
    own, wife = reads(f"{head}\n石川 直樹|イ|日本生命|1|終身|R1.5.1|終身|1|月|石川　直樹|本人|\n石川 直樹|イ|日本生命|2|終身|R1.5.1|終身|1|月|石川 真由美|妻|イシカワ マユミ")
    assert own.member == {} and own.faults == [] and wife.member == {"name": "石川 真由美", "kana": "イシカワ マユミ", "relationship": "妻"}
    firm = one("㈱青葉|アオバ|日本生命|1|終身|R1.5.1|終身|1|月||役員|", head)
    assert ("policy.insured", "role-missing") in codes_of(firm.faults)


def test_cells_that_say_nothing_or_the_same_as_above() -> None:
    first, second, error, odd = reads(f"""{HEAD}
石川|イシカワ|日本生命|1|終身|R1.5.1|終身|1,000|月
〃|同上|〃|2|〃|R2.5.1|終身|2,000|〃
石川|イシカワ|日本生命|3|終身|R2.5.1|-|#N/A|月
石\ue000川|イシカワ|日本生命|4|終身|R2.5.1|―|3,000|月""")
    assert second.policy["insurer"] == "日本生命" and second.client == first.client and second.faults == []
    assert ("policy.kind", Fault("cell-ditto", {"text": "終身"})) in second.remarks
    assert error.faults == [("policy.premium", Fault("cell-error", {"typed": "#N/A"}))] and "term" not in error.policy
    assert odd.faults == [("client.name", Fault("letter-unknown", {"place": 2}, ask=True))]


def test_a_name_written_once_for_several_rows_is_proposed_and_asked_about() -> None:
    rows = reads(f"{HEAD}\n石川|イ|日本生命|1|終身|R1.5.1|終身|1|月\n||日本生命|2|終身|R1.5.1|終身|1|月\n||日本生命|3|終身|R1.5.1|終身|1|月")
    assert [codes_of(row.faults) for row in rows] == [[], [("client.name", "name-from-above")], [("client.name", "name-from-above")]]
    assert rows[2].client == rows[0].client and rows[1].faults[0][1].ask
    alone = reads(f"{HEAD}\n石川|イ|日本生命|1|終身|R1.5.1|終身|1|月\n||日本生命|2|終身|R1.5.1|終身|1|月")
    assert ("client.name", "required") in codes_of(alone[1].faults) and alone[1].client == {}


def test_merged_and_hidden_rows_are_taken_and_told() -> None:
    rows = reads(f"{HEAD}\n石川|イ|日本生命|1|終身|R1.5.1|終身|1|月\n石川|イ|日本生命|2|終身|R1.5.1|終身|1|月\n注|注|注||||||",
                 merged=[(1, 0, 2, 0), (1, 1, 2, 1), (3, 0, 3, 2)], hidden_rows=frozenset({2}))
    assert ("client.name", "cell-merged") in codes_of(rows[1].remarks) and ("", "row-hidden") in codes_of(rows[1].remarks)
    assert rows[2].left_out == Fault("row-note", {"text": "注"})


def test_totals_repeated_headings_and_notes_are_left_out_and_told() -> None:
    rows = reads(f"""{HEAD}
石川|イ|日本生命|1|終身|R1.5.1|終身|1,000|月
小計|||||||1,000|
{HEAD}
佐藤|サ|日本生命|2|終身|R1.5.1|終身|2,000|月
佐藤 計|||||||2,000|
合計|||||||3,001|
※ 保険料は概算です||||||||
山本会計|ヤ|日本生命|3|終身|R1.5.1|終身|1,000|月""")
    assert [row.left_out.code if row.left_out else "" for row in rows] == [
        "", "row-total", "row-headings", "", "row-total", "row-total", "row-note", ""]
    assert [codes_of(row.remarks) for row in rows if row.left_out] == [[], [], [], [("policy.premium", "total-differs")], []]


def test_a_digit_too_many_is_told() -> None:
    premiums = ["10,000", "12,000", "11,500", "9,000", "115,000", "850"]
    rows = reads(HEAD + "".join(f"\n石川|イ|日本生命|{n}|終身|R1.5.1|終身|{premium}|月" for n, premium in enumerate(premiums)))
    told = [codes_of(row.remarks).count(("policy.premium", "factor-ten")) for row in rows]
    assert told == [0, 0, 0, 0, 0, 1]
    rows = reads(HEAD + "".join(f"\n石川|イ|日本生命|{n}|終身|R1.5.1|終身|{premium}|月" for n, premium in enumerate([*premiums[:4], "120,000"])))
    assert codes_of(rows[4].remarks)[-1] == ("policy.premium", "factor-ten")


def test_what_a_kind_does_not_ask_for_is_left_out_and_told() -> None:
    row = one("石川|イ|損保ジャパン|1|火災|R1.5.1|R2.5.1|1|年|99|横浜 300 あ 1", HEAD + "|返戻率|登録番号")
    assert row.faults == [] and "best_rate" not in row.policy
    assert {("policy.best_rate", "not-for-kind"), ("policy.registration", "not-for-kind")} <= set(codes_of(row.remarks))
    dollars = one("石川|イ|日本生命|1|終身|R1.5.1|終身|1|月|米ドル", HEAD + "|通貨")
    assert ("policy.kind", "currency-not-for-kind") in codes_of(dollars.faults)


def test_what_was_corrected_counts_and_what_holds_for_all_fills_the_gaps() -> None:
    made = table(f"{HEAD}\n石川|イ||1|終身|2026/2/30|終身|-5|")
    matching = proposed(made)
    (row,) = read_rows(made, matching, {(1, 5): "2026/2/28", (1, "policy.premium"): "5"}, {"policy.insurer": "日本生命", "policy.mode": "月"})
    assert row.faults == [] and row.values["policy.begins"] == "2026/2/28" and row.policy["premium"] == "5"
    assert row.policy["insurer"] == "日本生命" and row.policy["mode"] == "月"


def test_the_forms_own_contradictions_are_told_in_the_columns_of_the_sheet() -> None:
    row = one("石川|イ|はなさく生命|1|終身|H1.5.1|S60.5.1|1|月")
    assert codes_of(row.faults) == [("policy.insurer", "insurer-younger"), ("policy.ends", "end-before-start")]


# --- individual numbers

NUMBER, OTHER = "123456789018", "1234-5678-9018"


def test_a_column_of_individual_numbers_is_refused_by_its_heading_or_by_what_it_holds() -> None:
    headed = table("氏名|個人番号\n石川|秘密\n佐藤|")
    assert headed.refused_columns == {1} and headed.rows[1] == ["石川", ""]
    assert refused(headed) == {1: Fault("column-my-number", {"heading": "個人番号"})}
    unsaid = table(f"石川|{NUMBER}\n佐藤|{OTHER}\n鈴木|{NUMBER}")
    assert unsaid.refused_columns == {1} and refused(unsaid)[1].facts == {"heading": "B"}
    made = table(f"契約者|カナ|証券番号|備考\n石川|イ|A1|{NUMBER}")
    assert not any(NUMBER in cell for row in made.rows for cell in row)


def test_a_single_individual_number_refuses_its_cell() -> None:
    made = table(f"{HEAD}|備考\n石川|イ|日本生命|1|終身|R1.5.1|終身|1|月|番号は {OTHER}\n佐藤|サ|日本生命|2|終身|R1.5.1|終身|1|月|普通")
    rows = read_rows(made, proposed(made))
    assert rows[0].faults == [("policy.notes", Fault("my-number"))] and "notes" not in rows[0].policy
    assert rows[1].policy["notes"] == "普通" and OTHER not in str(rows)


def test_policy_numbers_of_twelve_digits_are_asked_about_as_in_the_forms() -> None:
    numbers = ["100000000001", NUMBER, "100000000003", "100000000004", "100000000006"]
    made = table(HEAD + "".join(f"\n石川|イ|日本生命|{number}|終身|R1.5.1|終身|1|月" for number in numbers))
    assert not made.refused_columns and not made.refused_cells
    asked = [row for row in read_rows(made, proposed(made)) if row.faults]
    assert [(row.policy["policy_number"], codes_of(row.faults)) for row in asked] == [(NUMBER, [("policy.policy_number", "my-number-ask")])]
    unknown = table("".join(f"石川|{number}\n" for number in numbers))
    assert not unknown.refused_columns and not unknown.refused_cells


# --- bringing rows together

def together(text: str) -> Grouped:
    return grouped([reads(text)])


def test_one_client_in_several_spellings_is_one() -> None:
    head = HEAD + "|住所"
    told = together(f"""{head}
髙嶋　進|タカシマ ススム|日本生命|1|終身|R1.5.1|終身|1|月|横浜市
高嶋進|ﾀｶｼﾏ ｽｽﾑ|日本生命|2|終身|R1.5.1|終身|1|月|川崎市
㈱青葉|アオバ|日本生命|3|終身|R1.5.1|終身|1|月|
株式会社青葉|アオバ|日本生命|4|終身|R1.5.1|終身|1|月|""")
    assert [(group.kind, len(group.lines)) for group in told.groups] == [(HOUSEHOLD, 2), (CORPORATION, 2)]
    second = told.groups[0].lines[1]
    assert ("client.name", Fault("client-spelling", {"name": "髙嶋　進", "row": 2})) in second.remarks
    assert ("client.address", Fault("client-differs", {"other": "横浜市", "row": 2})) in second.remarks
    assert told.groups[0].client["address"] == "横浜市" and len(told.groups[0].client["members"]) == 1


def test_two_of_one_name_stay_two() -> None:
    head = HEAD + "|生年月日|お客様番号"
    told = together(f"""{head}
田中 一|タナカ ハジメ|日本生命|1|終身|R1.5.1|終身|1|月|S40.1.1|
田中 一|タナカ ハジメ|日本生命|2|終身|R1.5.1|終身|1|月|S60.1.1|
田中 一|タナカ イチ|日本生命|3|終身|R1.5.1|終身|1|月||
佐藤 花|サトウ ハナ|日本生命|4|終身|R1.5.1|終身|1|月||H-1
佐藤 花|サトウ ハナ|日本生命|5|終身|R1.5.1|終身|1|月||H-2
|ナナシ|日本生命|6|終身|R1.5.1|終身|1|月||
|ナナシ|日本生命|7|終身|R1.5.1|終身|1|月||""")
    assert [len(group.lines) for group in told.groups] == [1] * 7


def test_a_list_adds_and_corrects_and_takes_nothing_away() -> None:
    before = {"state": "失効", "premium": "1,000", "notes": "大事", "roles": [
        {"role": "契約者", "name": "石川 直樹"}, {"role": "被保険者", "name": "石川 湊"}, {"role": "死亡受取人", "name": "母"}]}
    row = one("石川　直樹|イ|日本生命|1|終身|R1.5.1|終身|2,000|月")
    after = onto(before, row.policy, row.assumed)
    assert (after["state"], after["premium"], after["notes"], after["insurer"]) == ("失効", "2,000", "大事", "日本生命")
    assert after["roles"] == before["roles"]
    told = onto(before, one("石川|イ|日本生命|1|終身|R1.5.1|終身|1|月|有効|石川 花", HEAD + "|状態|被保険者").policy)
    assert told["state"] == "有効" and [role["name"] for role in told["roles"]] == ["石川", "石川 花", "母"]
    members = onto({"members": [{"name": "石川 湊", "birth": "H24.1.15"}]}, {"members": [{"name": "石川　湊", "sex": "男"}, {"name": "石川 花"}]})
    assert members == {"members": [{"name": "石川 湊", "birth": "H24.1.15", "sex": "男"}, {"name": "石川 花"}]}


def test_a_policy_is_known_by_insurer_and_number_in_any_spelling() -> None:
    assert policy_key("損保ジャパン日本興亜", "ａ-１") == policy_key("損害保険ジャパン", "A1") is not None
    assert policy_key("日本生命", "申込中") is None and policy_key("日本生命", "") is None


# --- words, and time

def test_every_target_and_fault_has_its_words() -> None:
    words = catalogue.read(catalogue.ROOT, "ja")
    assert [target.name for target in TARGETS if target.label not in words] == []
    assert label("policy.term") == "field.Policy.term" in words
    assert {f"fault.{code}" for code in ("member-kana-missing", "factor-ten", "row-total")} <= set(codes.faults()) & set(words)


@pytest.mark.long
def test_twenty_thousand_rows_are_read_in_ten_seconds() -> None:
    rows = [HEAD.split("|")] + [["石川 直樹" + str(n // 4), "イシカワ ナオキ", "東京海上日動", f"U-{n}", "自動車", "R8.4.1", "R9.4.1", "58,230", "年払"]
                                for n in range(20_000)]
    made = Table(name="表", rows=rows)
    began = time.process_time()
    told = read_rows(screened(made), proposed(made))
    assert len(told) == 20_000 and time.process_time() - began < 10
    began = time.process_time()
    assert len(grouped([told]).groups) == 5_000 and time.process_time() - began < 5


def test_a_matching_that_does_not_fit_the_table_harms_nothing() -> None:
    made = table("a|b\nc|d")
    assert read_rows(made, Matching(first_row=-1, columns={7: "client.name", -1: "client.kana"}, what=POLICIES)) != []
    assert read_rows(made, Matching(first_row=90, columns={}, what=CLIENTS)) == []
