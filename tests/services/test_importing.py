"""A spreadsheet becomes clients and policies: what is told of each row, what is written, and how all of it is taken back."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import date

import pytest

from tests.support import importing as sheets
from tests.support.importing import CORPORATIONS, POLICIES, Place, car
from tests.support.offices import NAMES, Office
from tests.support.people import join
from vault.domain.access import Role
from vault.domain.importing import POLICIES as KIND_OF_POLICIES
from vault.domain.search import Query
from vault.errors import Forbidden, NotFound, Refused
from vault.services import bin, clients, policies
from vault.services.accounts import compartments
from vault.services.importing import (
    checking,
    columns,
    drafts,
    listing,
    noted,
    results,
    running,
    showing,
    undoing,
)
from vault.services.importing.columns import Said
from vault.services.importing.drafts import Fix
from vault.services.safe import Desk
from vault.services.search import index
from vault.services.search.finding import search

DAY = 24 * 60 * 60
TODAY = date(2026, 11, 22)
ISHIKAWA = car("石川 直樹", "イシカワ ナオキ", "S52.3.9", "U-1")
KIMURA = car("木村 さくら", "キムラ サクラ", "S63.7.7", "U-2")


def names(desk: Desk) -> set[str]:
    return {head.client.name for head in clients.list_clients(desk)}


def of(desk: Desk, name: str) -> clients.Page:
    [found] = [head.id for head in clients.list_clients(desk) if head.client.name == name]
    return clients.get(desk, found)


def test_the_samples_tell_their_traps_row_by_row_and_the_rest_comes_in(office: Office) -> None:
    desk = office.desk()
    upload = sheets.checked(desk, sheets.sample(POLICIES), POLICIES)
    assert sheets.states(desk, upload) == {
        4: "new", 5: "new", 6: "new", 7: "double", 8: "fault", 9: "left", 10: "fault", 11: "fault", 12: "left"
    }
    assert sheets.states(desk, upload, 1) == {2: "new", 3: "new", 4: "fault"}
    list(running.run(desk, upload))
    page = of(desk, "石川\u3000直樹")
    assert [member.relationship for member in page.client.members] == ["本人", "妻", "長男"]
    assert sorted(held.policy.kind for held in page.policies) == ["火災", "自動車"]
    assert {held.policy.roles[0].member for held in page.policies} == {page.client.members[0].id}
    assert sheets.states(desk, upload) == {  # the file stays while rows of it are left
        4: "new", 5: "new", 6: "new", 7: "double", 8: "fault", 9: "left", 10: "fault", 11: "fault", 12: "left"
    }
    assert showing.look(desk, upload, sheets.ALL) is None  # and is compared anew before it is shown
    list(checking.check(desk, upload))
    assert sheets.states(desk, upload)[4] == "done" and sheets.states(desk, upload)[7] == "double"


def test_a_row_is_put_right_by_a_cell_and_by_a_box_that_the_sheet_has_no_column_for(office: Office) -> None:
    desk = office.desk()
    upload = sheets.checked(desk, sheets.sample(POLICIES), POLICIES)
    checking.correct(desk, upload, [
        Fix(table=0, row=7, target="client.closing_day", text="3月"), Fix(table=0, row=7, target="policy.begins", text="2026/2/28"),
    ])  # fmt: skip
    assert sheets.states(desk, upload)[8] == "new"
    checking.correct(desk, upload, [Fix(table=0, row=7, target="policy.begins", text="2026/2/31")])
    assert sheets.states(desk, upload)[8] == "fault"
    checking.correct(desk, upload, [Fix(table=0, row=7, target="policy.begins", text="2026/2/28")])
    list(running.run(desk, upload))
    assert of(desk, "㈱みどり商店").policies[0].policy.start is not None


def test_what_is_asked_is_answered_for_one_row_or_for_all_and_asked_again_of_another_value(office: Office) -> None:
    desk = office.desk()
    upload = sheets.checked(desk, sheets.sample(CORPORATIONS), CORPORATIONS)
    assert set(sheets.states(desk, upload).values()) == {"fault"}
    same = checking.same_question(desk, upload, (0, 1, "member.kana"))
    assert [row for _, row, _ in same] == [1, 2, 3]
    checking.correct(desk, upload, [], given=same)
    assert set(sheets.states(desk, upload).values()) == {"new"}
    checking.correct(desk, upload, [], withdrawn=[same[2]])
    assert sheets.states(desk, upload)[4] == "fault"
    list(running.run(desk, upload))
    page = of(desk, "株式会社髙嶋商事")
    assert [held.policy.best_rate is not None for held in page.policies] == [True, True]
    with pytest.raises(NotFound):
        of_missing = drafts.opened(desk, bytes(16))
        assert not of_missing
    assert [each.rows for each in listing.everything(desk)[0]] == [2]


def test_next_month_the_same_list_changes_only_what_it_says_otherwise(office: Office) -> None:
    desk = office.desk()
    sheets.imported(desk, sheets.table(ISHIKAWA, KIMURA))
    later = sheets.checked(desk, sheets.table(
        car("石川\u3000直樹", "ｲｼｶﾜ ﾅｵｷ", "1977/3/9", "Ｕ－１", "60,000", "横浜市中区３−４"), ["木村さくら", *KIMURA[1:]],
        car("木村 さくら", "キムラ サクラ", "S63.7.7", "U-3"),
    ))  # fmt: skip
    assert sheets.states(desk, later) == {2: "changed", 3: "same", 4: "policy"}
    [line] = [line for line in sheets.lines(desk, later) if line.row == 1]
    assert {(path, new) for _, path, _, new in line.changes} == {("address", "横浜市中区３−４"), ("premium", "60,000")}
    list(running.run(desk, later))
    page = of(desk, "石川 直樹")  # a spelling is no correction
    assert page.version == 2 and page.policies[0].version == 2 and page.policies[0].policy.policy_number == "U-1"
    assert len(of(desk, "木村 さくら").policies) == 2
    with pytest.raises(NotFound):  # all of the file is done: it is gone
        drafts.opened(desk, later)


def test_an_empty_cell_takes_nothing_away_and_a_state_that_is_not_told_stays(office: Office) -> None:
    desk = office.desk()
    sheets.imported(desk, sheets.table(ISHIKAWA))
    page = of(desk, "石川 直樹")
    lapsed = replace(page.policies[0].policy, state="失効", notes="電話で確認")
    policies.save(desk, page.id, page.policies[0].id, lapsed, 1)
    again = sheets.checked(desk, sheets.table([*ISHIKAWA[:3], "", *ISHIKAWA[4:9], "61,000", ""]))
    list(running.run(desk, again))
    now = of(desk, "石川 直樹").policies[0].policy
    assert (now.state, now.notes, now.mode, now.premium) == ("失効", "電話で確認", "年", 61_000)
    assert of(desk, "石川 直樹").client.address


def test_two_of_one_name_are_asked_about_and_other_clients_policies_are_told(office: Office) -> None:
    desk = office.desk()
    sheets.imported(desk, sheets.table(ISHIKAWA, [*car("石川 直樹", "イシカワ ナオキ", "H10.1.1", "U-9")]))
    assert len([head for head in clients.list_clients(desk) if head.client.name == "石川 直樹"]) == 2
    unknown = sheets.checked(desk, sheets.table([*car("石川 直樹", "イシカワ ナオキ", "", "U-10")], car("別 人", "ベツ ジン", "S30.1.1", "U-1")))
    first, second = sheets.lines(desk, unknown)
    assert [(target, fault.code) for target, fault in first.faults] == [("client.name", "client-several")]
    assert second.state == "double" and second.twin[0]
    assert not running.chosen(drafts.state(desk, drafts.opened(desk, unknown)))(second)


def test_a_matching_is_remembered_by_the_headings_and_can_be_said_otherwise(office: Office) -> None:
    desk = office.desk()
    upload = sheets.matched(desk, sheets.table(ISHIKAWA))
    state, _ = columns.look(desk, upload)
    chosen = {**state.sheets[0].matching.columns, 3: "policy.original_place"}
    columns.match(desk, upload, desk.client_compartments()[0], "", [Said(True, 0, KIND_OF_POLICIES, chosen)], True)
    list(checking.check(desk, upload))
    other, _ = columns.look(desk, drafts.begin(desk, desk.client_compartments()[0], sheets.table(KIMURA), "next.csv"))
    assert other.sheets[0].remembered and other.sheets[0].matching.columns[3] == "policy.original_place"
    with pytest.raises(Refused, match="import-no-table"):
        columns.match(desk, upload, desk.client_compartments()[0], "", [Said(False, 0, KIND_OF_POLICIES, chosen)], True)


def test_undone_an_import_is_in_the_bin_or_as_before_and_what_was_touched_since_stays(office: Office) -> None:
    desk = office.desk()
    sheets.imported(desk, sheets.table(ISHIKAWA))
    before = of(desk, "石川 直樹")
    upload = sheets.imported(desk, sheets.table([*ISHIKAWA[:9], "60,000", "年払"], KIMURA, car("山田 一", "ヤマダ ハジメ", "S50.1.1", "U-7")))
    yamada = of(desk, "山田 一")
    policies.save(desk, yamada.id, yamada.policies[0].id, replace(yamada.policies[0].policy, notes="触った"), 1)
    list(undoing.undo(desk, upload))
    told = results.look(desk, upload, 1)
    assert told.over and {each.why for each in told.left} == {undoing.CHANGED} and told.clients == 2
    page = of(desk, "石川 直樹")
    assert (page.policies[0].policy, page.policies[0].version) == (before.policies[0].policy, 3)
    assert names(desk) == {*NAMES, "石川 直樹", "山田 一"}
    assert [item.name for item in bin.listed(desk)] == ["木村 さくら"]
    assert list(undoing.undo(desk, upload))[-1].done == list(undoing.undo(desk, upload))[-1].of


def test_after_thirty_days_an_import_can_no_longer_be_taken_back(office: Office) -> None:
    desk = office.desk()
    upload = sheets.imported(desk, sheets.table(ISHIKAWA))
    office.clock.tick(noted.UNDO_DAYS * DAY + 1)
    desk = office.desk()
    assert listing.everything(desk)[1] == []
    with pytest.raises(NotFound):
        list(undoing.undo(desk, upload))
    sheets.imported(desk, sheets.table(KIMURA))  # and its notes are forgotten with the next
    kinds = office.sql("SELECT count(*) FROM records WHERE kind = ?", noted.PART)
    assert kinds == [(1,)]


def test_search_finds_at_once_what_came_in_and_no_longer_what_was_taken_back(office: Office) -> None:
    desk = office.desk()
    assert search(desk, Query(words="木村"), TODAY).total == 0
    upload = sheets.imported(desk, sheets.table(KIMURA))
    assert search(desk, Query(words="木村"), TODAY).clients == 1
    list(undoing.undo(desk, upload))
    assert search(desk, Query(words="木村"), TODAY).total == 0


def test_somebody_who_saves_meanwhile_is_not_written_over(office: Office) -> None:
    desk = office.desk()
    sheets.imported(desk, sheets.table(ISHIKAWA))
    upload = sheets.checked(desk, sheets.table([*ISHIKAWA[:9], "60,000", "年払"], KIMURA))
    page = of(desk, "石川 直樹")
    policies.save(desk, page.id, page.policies[0].id, replace(page.policies[0].policy, premium=70_000), 1)
    list(running.run(desk, upload))
    assert of(desk, "石川 直樹").policies[0].policy.premium == 70_000
    assert "木村 さくら" in names(desk)
    list(checking.check(desk, upload))
    assert sheets.states(desk, upload) == {2: "changed", 3: "done"}


def test_ticks_are_kept_and_stopping_in_the_middle_loses_and_doubles_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "AT_ONCE", 1)
    desk = office.desk()
    rows = [car(f"名前 {n}", "ナマエ", f"S50.1.{n}", f"U-{n}") for n in range(1, 6)]
    upload = sheets.checked(desk, sheets.table(*rows))
    showing.tick(desk, upload, [], [(0, 5)])
    steps = running.run(desk, upload)
    assert [next(steps).done for _ in range(3)] == [0, 1, 2]
    steps.close()
    office.restart()
    desk = office.desk()
    assert sheets.page(desk, upload, Place(0, "new", 1)) is not None if showing.look(desk, upload, sheets.ALL) else True
    list(running.run(desk, upload))
    assert {name for name in names(desk) if name.startswith("名前")} == {f"名前 {n}" for n in range(1, 5)}
    assert results.look(desk, upload, 1).rows == 4
    list(checking.check(desk, upload))
    assert sheets.page(desk, upload).chosen == 0
    showing.tick_all(desk, upload, sheets.ALL, True)
    list(running.run(desk, upload))
    assert len([name for name in names(desk) if name.startswith("名前")]) == 5


def test_an_import_is_its_own_persons_and_its_compartments_alone(office: Office) -> None:
    desk = office.desk()
    branch = compartments.make(desk, "支店")
    desk = office.desk()
    upload = sheets.matched(desk, sheets.table(KIMURA), room=branch)
    list(checking.check(desk, upload))
    colleague = join(office, Role.HANDLER, tuple(c for c in desk.client_compartments() if c != branch), "担当 外男").desk(office)
    for act in (drafts.opened, columns.look, lambda d, u: list(checking.check(d, u)), lambda d, u: list(running.run(d, u))):
        with pytest.raises(NotFound):
            act(colleague, upload)
    with pytest.raises(Refused, match="import-compartment"):
        drafts.begin(colleague, branch, sheets.table(ISHIKAWA), "list.csv")
    list(running.run(desk, upload))
    assert listing.everything(colleague) == ([], [])
    with pytest.raises(NotFound):
        results.look(colleague, upload, 1)
    with pytest.raises(NotFound):
        list(undoing.undo(colleague, upload))
    viewer = join(office, Role.VIEWER, (branch,), "閲覧 内子").desk(office)
    with pytest.raises(Forbidden):
        drafts.begin(viewer, branch, sheets.table(ISHIKAWA), "list.csv")


def test_a_column_of_individual_numbers_is_refused_whole_and_one_cannot_be_typed_in(office: Office) -> None:
    desk = office.desk()
    head = (*sheets.HEAD, "マイナンバー")
    upload = sheets.checked(desk, sheets.table([*ISHIKAWA, "123456789018"], [*KIMURA, "1234 5678 9018"], head=head))
    [table] = drafts.tables(desk, drafts.opened(desk, upload))
    assert not any("9018" in cell for row in table.rows for cell in row) and table.refused_columns == {11}
    with pytest.raises(Refused, match="import-number"):
        checking.correct(desk, upload, [Fix(table=0, row=1, target="policy.notes", text="番号は123456789018")])


def test_a_file_that_nobody_finishes_is_gone_after_a_week(office: Office) -> None:
    desk = office.desk()
    upload = sheets.matched(desk, sheets.table(ISHIKAWA))
    for path in sheets.on_the_way(office):
        os.utime(path, (time.time() - (drafts.DAYS - 0.5) * DAY,) * 2)
    drafts.sweep(desk)
    assert [each.id for each in listing.everything(desk)[0]] == [upload]
    for path in sheets.on_the_way(office):
        os.utime(path, (time.time() - (drafts.DAYS + 0.5) * DAY,) * 2)
    drafts.sweep(desk)
    assert listing.everything(desk)[0] == [] and sheets.on_the_way(office) == []
    other = sheets.matched(desk, sheets.table(ISHIKAWA))
    drafts.drop(desk, other)
    assert sheets.on_the_way(office) == []


def test_many_clients_at_once_are_indexed_to_the_last_whatever_is_merged_meanwhile(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, few in (("AT_ONCE", 2), ("LEAST", 1), ("A_FEW", 1), ("CHUNK", 2)):
        monkeypatch.setattr(index, name, few)
    desk = office.desk()
    search(desk, Query(words="木村"), TODAY)
    sheets.imported(desk, sheets.table(*(car(f"名前 {n}", "ナマエ", f"S50.1.{n}", f"U-{n}") for n in range(1, 8))))
    [room] = [index.made_room(desk, each) for each in desk.client_compartments()]
    assert index.work_off(desk, room, time.monotonic() + 60, 0) == 0
    assert search(desk, Query(words="名前"), TODAY).clients == 7
