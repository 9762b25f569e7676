"""The search over sealed segments finds what opening everything would find, whatever was done and wherever it stopped."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from tests.support import importing, killing, searching
from tests.support.authority import tended
from tests.support.offices import NAMES, Office, copied, household, policy
from tests.support.people import join
from tests.support.searching import TODAY, naive
from vault.crypto.envelope import open_sealed
from vault.domain.access import Permission, Role
from vault.domain.deposits import Deposit, DepositItem
from vault.domain.documents import Document
from vault.domain.erasures import ErasureOrder
from vault.domain.prints import TakeOut
from vault.domain.search import Query
from vault.domain.values import TypedDate, fold
from vault.domain.worklist import Choice, Sort
from vault.errors import Forbidden, Refused
from vault.services import (
    acts,
    backups,
    bin,
    clients,
    confirming,
    erasing,
    ledger_notes,
    ledger_rows,
    payloads,
    policies,
    restore_confirming,
    restoring,
    retention,
    what_goes,
)
from vault.services.accounts import compartments
from vault.services.audit import Event
from vault.services.holdings import DEPOSIT, DOCUMENT, POLICY
from vault.services.importing import drafts, listing, running, undoing
from vault.services.instance import Instance
from vault.services.safe import Desk
from vault.services.search import finding, index
from vault.services.search.finding import Results, search
from vault.services.search.state import Room
from vault.services.worklist import tasks
from vault.services.worklist.gathering import Want, gathered
from vault.storage.segments import SegmentFile

LINES = (Sort.MATURITY, Sort.PEAK, Sort.CLOSING, Sort.AGE, Sort.BIRTHDAY, Sort.TASK, Sort.PRINT, Sort.RETENTION)
ORDER = ErasureOrder(reason="誤った登録")
EVERYTHING = Query(begins_from=searching._typed(searching.date(1900, 1, 1)))


def asked(desk: Desk, words: str = "", **more: Any) -> Results:
    return search(desk, Query(words=words, **more), TODAY)


def found(desk: Desk, query: Query) -> list[tuple[bytes, bytes]]:
    """(client, record) of all that the search finds; the counts agree with it."""
    results = search(desk, query, TODAY, limit=10_000)
    assert results.pending == 0 and results.total == len(results.hits)
    assert results.clients == sum(hit.record == hit.client_id for hit in results.hits)
    return [(hit.client_id, hit.record) for hit in results.hits]


def room_of(desk: Desk, compartment: bytes) -> Room:
    room = index.room_of(desk, compartment)
    assert room is not None
    return room


# --- like opening everything, whatever is done


class AgainstTheNaiveScan(RuleBasedStateMachine):
    """Any order of acts on four workers, a lost or an older file of segments; then any query."""

    template: Office

    def __init__(self) -> None:
        super().__init__()
        self.place = tempfile.TemporaryDirectory(prefix="kura-search-")
        self.office = copied(self.template, Path(self.place.name))
        self.workers = [self.office.instance, *(self.office.worker() for _ in range(3))]
        self.rooms = [self.office.desk().client_compartments()[0], compartments.make(self.office.desk(), "支店")]
        self.member = join(self.office, Role.VIEWER, tuple(self.rooms))
        self.copy: dict[str, bytes] = {}
        # With ids in the order of their making an example is the same when it is run again.
        numbers, self.patch = count(1), pytest.MonkeyPatch()
        for room in (clients, acts, ledger_rows, running, drafts):
            self.patch.setattr(room, "new_id", lambda: next(numbers).to_bytes(16, "big"))

    def teardown(self) -> None:
        for worker in self.workers:
            worker.engine.dispose()
            worker.keyring.let_go()
            worker.segments.close()
        self.place.cleanup()
        self.patch.undo()

    def desk(self, at: int) -> Desk:
        return self.office.desk(self.workers[at % 4])

    def alone(self, at: int) -> Desk:
        """Whoever ends an epoch waits for the workers that hold it open."""
        for worker in [self.office.instance, *self.workers]:
            worker.keyring.let_go()
        return self.desk(at)

    def some(self, desk: Desk, pick: int) -> clients.Page | None:
        listed = [head.id for head in clients.list_clients(desk)]
        return clients.get(desk, sorted(listed)[pick % len(listed)]) if listed else None

    numbers = st.integers(0, 1000)

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        for at in range(3):
            self.enter(data, at)

    @rule(data=st.data(), at=numbers)
    def enter(self, data: st.DataObject, at: int) -> None:
        desk = self.desk(at)
        record = data.draw(searching.clients())
        made = clients.create(desk, self.rooms[at % 2], record)
        policies.create(desk, made, data.draw(searching.policies(record)))

    @rule(data=st.data(), at=numbers, pick=numbers)
    def change(self, data: st.DataObject, at: int, pick: int) -> None:
        desk = self.desk(at)
        page = self.some(desk, pick)
        if page is None:
            return
        new = data.draw(searching.clients())
        names = {"name": new.name, "kana": new.kana, "notes": new.notes, "handler": new.handler, "members": new.members,
                 "retention_until": new.retention_until}  # fmt: skip
        if page.policies and pick % 2:
            held = page.policies[pick % len(page.policies)]
            policies.save(desk, page.id, held.id, data.draw(searching.policies(page.client)), held.version)
        else:
            clients.save(desk, page.id, replace(page.client, **names), page.version)

    @rule(data=st.data(), at=numbers, pick=numbers)
    def sell(self, data: st.DataObject, at: int, pick: int) -> None:
        desk = self.desk(at)
        page = self.some(desk, pick)
        if page is not None:
            policies.create(desk, page.id, data.draw(searching.policies(page.client)))

    @rule(at=numbers, pick=numbers)
    def hide(self, at: int, pick: int) -> None:
        desk = self.desk(at)
        page = self.some(desk, pick)
        if page is None:
            return
        if page.policies and pick % 3:
            held = page.policies[pick % len(page.policies)]
            bin.put(desk, page.id, held.id, held.version)
        else:
            bin.put(desk, page.id, page.id, page.version)

    @rule(data=st.data(), at=numbers, pick=numbers)
    def write_down_what_is_to_be_done(self, data: st.DataObject, at: int, pick: int) -> None:
        """It goes into the bin, into other compartments and away with its client."""
        desk = self.desk(at)
        page = self.some(desk, pick)
        if page is not None:
            tasks.create(desk, page.id, data.draw(searching.tasks([held.id for held in page.policies])))

    @rule(at=numbers, pick=numbers)
    def take_something_out(self, at: int, pick: int) -> None:
        desk = self.desk(at)
        page = self.some(desk, pick)
        due = TypedDate.of(TODAY + timedelta(days=pick % 120))
        thing = TakeOut(thing="書類", description="封筒", people=1, purpose="客先持参", place="渋谷", due=due)
        ledger_notes.take_out(desk, thing, page.id if page is not None and pick % 5 != 1 else b"")

    @rule(at=numbers, rows=searching.sheet_rows())
    def import_a_list(self, at: int, rows: list[list[str]]) -> None:
        """Rows with faults stay behind; the others make clients and policies, or change them."""
        upload = importing.checked(self.desk(at), importing.table(*rows))
        with suppress(Refused):  # nothing of it is fit
            list(running.run(self.desk(at), upload))
        drafts.drop(self.desk(at), upload)

    @rule(at=numbers, pick=numbers)
    def take_an_import_back(self, at: int, pick: int) -> None:
        there = listing.everything(self.desk(at))[1]
        if there:
            list(undoing.undo(self.desk(at), there[pick % len(there)].id))

    @rule(at=numbers, pick=numbers)
    def bring_back(self, at: int, pick: int) -> None:
        desk = self.desk(at)
        items = bin.listed(desk)
        if items:
            bin.bring_back(desk, items[pick % len(items)].client, items[pick % len(items)].record)

    @rule(at=numbers, pick=numbers)
    def move(self, at: int, pick: int) -> None:
        desk = self.alone(at)
        page = self.some(desk, pick)
        if page is not None:
            compartments.move_client(self.alone(at), page.id, self.rooms[pick % 2])

    @rule(at=numbers, pick=numbers)
    def erase(self, at: int, pick: int) -> None:
        page = self.some(self.alone(at), pick)
        if page is None:
            return
        if page.policies and pick % 2:
            what_goes.erase_policy(self.alone(at), page.id, page.policies[pick % len(page.policies)].id, ORDER)
        else:
            erasing.erase_clients(self.alone(at), [page.id], ORDER)

    @rule(at=numbers, pick=numbers)
    def let_somebody_come_and_go(self, at: int, pick: int) -> None:
        """Who loses a compartment takes its segment key with him, so there is another."""
        persons = [] if pick % 3 else [self.member.person]
        compartments.set_members(self.alone(at), self.rooms[pick % 2], persons)

    @rule(at=numbers)
    def restart(self, at: int) -> None:
        self.workers[at % 4].keyring.let_go()
        self.workers[at % 4].segments.close()
        self.workers[at % 4] = self.office.worker()

    @rule()
    def keep_a_copy(self) -> None:
        for worker in self.workers:
            worker.segments.close()
        self.copy = segment_files(self.office)

    @rule()
    def put_the_copy_back(self) -> None:
        lose(self.office, self.workers)
        for name, data in self.copy.items():
            (self.office.settings.segments.parent / name).write_bytes(data)

    @rule(at=numbers, queries=st.lists(searching.queries(), min_size=1, max_size=4))
    def search(self, at: int, queries: list[Any]) -> None:
        for each in queries:
            if not each.empty:
                assert found(self.desk(at), each) == naive(self.desk(at), each)

    @rule(at=numbers, first=searching.days, length=st.sampled_from((30, 400, 4000)), sort=st.sampled_from(LINES))
    def look_at_the_work_list(self, at: int, first: date, length: int, sort: Sort) -> None:
        last = first + timedelta(days=length if not sort.yearly else length % 500)
        if sort in (Sort.PRINT, Sort.RETENTION):  # terms as of the last reckoning, which looks ahead so far
            retention.look(self.desk(at))
            first, last = min(first, TODAY - timedelta(days=length)), TODAY + timedelta(days=100)
        lines = gathered(self.desk(at), Choice(), [Want(sort, first, last)]).lines
        there = searching.naive_lines(self.desk(at), sort, first, last)
        assert sorted((line.day, line.owner, line.record) for line in lines) == there
        event(f"{min(len(there), 5)} {sort.word} due")

    @rule(at=numbers, pick=numbers, later=st.integers(1, 400), sort=st.sampled_from(LINES))
    def see_to_a_line(self, at: int, pick: int, later: int, sort: Sort) -> None:
        lines = gathered(self.desk(at), Choice(), [Want(sort, date(2026, 1, 1), date(2031, 1, 1))]).lines
        if lines and lines[pick % len(lines)].day <= date(2030, 1, 1):
            line = lines[pick % len(lines)].line
            if pick % 2:
                tasks.put_off(self.desk(at), line, line.day + timedelta(days=later))
            else:
                tasks.finish(self.desk(at), line, TODAY)

    @rule(at=numbers, word=st.sampled_from((*searching.KANAS, "カ", "シ")), what=st.sampled_from(("", "client", "policy")))
    def search_for_a_name(self, at: int, word: str, what: str) -> None:
        asked = Query(words=word, what=what)
        there = naive(self.desk(at), asked)
        assert found(self.desk(at), asked) == there
        event(f"{min(len(there), 5)} found")

    @invariant()
    def nothing_stands_under_a_key_that_is_gone(self) -> None:
        keys = {room: self.office.desk().ring(room).segments() for room in self.rooms}
        there = rows(self.office, "SELECT DISTINCT compartment, key FROM segments")
        assert all(keys[room] is not None and keys[room][0] == key for room, key in there) or not self.copy_is_fresh()

    def copy_is_fresh(self) -> bool:
        """Whether no older file was ever put back: what that holds no key opens."""
        return not self.copy


def segment_files(office: Office) -> dict[str, bytes]:
    folder = office.settings.segments.parent
    return {path.name: path.read_bytes() for path in folder.glob("segments.db*")}


def lose(office: Office, workers: list[Instance]) -> None:
    for worker in workers:
        worker.segments.close()
    for name in segment_files(office):
        (office.settings.segments.parent / name).unlink(missing_ok=True)


def rows(office: Office, statement: str) -> list[tuple[Any, ...]]:
    if not office.settings.segments.exists():
        return []
    connection = sqlite3.connect(office.settings.segments)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


def test_search_equals_the_naive_scan_in_any_order_of_acts(templates: list[Office], request: pytest.FixtureRequest) -> None:
    AgainstTheNaiveScan.template = templates[0]
    long = request.config.getoption("--long")
    run_state_machine_as_test(AgainstTheNaiveScan, settings=settings(
        max_examples=150 if long else 10, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],  # a shorter example would take longer than it is worth
    ))  # fmt: skip


# --- what a save leaves to be found


def test_a_clients_new_name_stands_in_the_rows_of_his_policies(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[1]
    assert asked(desk, "羽黒").others == 2
    page = clients.get(desk, client)
    members = tuple(replace(member, name="改名 颯太") for member in page.client.members)
    clients.save(desk, client, replace(page.client, name="改名 颯太", kana="カイメイ", members=members), page.version)
    assert (asked(desk, "改名").clients, asked(desk, "改名").others, asked(desk, "羽黒").total) == (1, 2, 0)


def test_papers_are_found_by_what_is_said_of_them_and_by_their_client(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    day = searching._typed(TODAY)
    assert day is not None
    with desk.act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, client) as act:
        act.add(client, DOCUMENT, payloads.encode(Document(kind="控除証明書", title="令和8年分", note="ﾎﾟｽﾄに届いた")))
        item = DepositItem(id="00" * 16, paper="保険証券", insurer="日本生命", policy_number="N-01")
        receipt = Deposit(number=7, received=day, giver="志摩 海斗", purpose="分析のため", due=day, place="金庫", items=(item,))
        act.add(client, DEPOSIT, payloads.encode(receipt))
    for words, kinds in {"控除": [DOCUMENT], "ぽすと": [DOCUMENT], "金庫": [DEPOSIT], "N01 しま": [POLICY, DEPOSIT], "カイト": ["", POLICY, POLICY, DOCUMENT, DEPOSIT]}.items():
        hits = asked(desk, words).hits
        assert [POLICY if hit.policy else {Document: DOCUMENT, Deposit: DEPOSIT}.get(type(hit.paper), "") for hit in hits] == kinds, words
        assert found(desk, Query(words=words)) == naive(desk, Query(words=words))
    assert [hit.paper for hit in asked(desk, "志摩", what="deposit").hits] == [receipt]
    assert asked(desk, "", handler="誰か").total == 0


def test_after_a_save_no_more_is_searched_again_than_has_to_be(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """With counts and first results told apart by owner, and where there are too many for that."""
    desk, record = office.desk(), household("志摩 海斗", "シマ")
    for many in (2000, 0):
        monkeypatch.setattr("vault.services.search.scanning.MANY", many)
        for limit in (1, 3, 50):
            policies.create(desk, office.facts.clients[0], policy(record, "日本生命", f"NEW-{many}-{limit}"))
            told, there = search(desk, Query(words="日本"), TODAY, limit), naive(desk, Query(words="日本"))
            assert [(hit.client_id, hit.record) for hit in told.hits] == there[:limit]
            assert (told.total, told.clients) == (len(there), 0)


def test_many_saves_are_put_together_and_come_into_the_base(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LEAST", 8)
    monkeypatch.setattr(index, "CHUNK", 5)
    monkeypatch.setattr(index, "A_FEW", 0)
    desk, client = office.desk(), office.facts.clients[0]
    record = household("志摩 海斗", "シマ")
    for number in range(30):
        policies.create(desk, client, policy(record, "日本生命", f"MANY-{number:02}"))
        assert asked(desk, f"many{number:02}").total == 1
    there = rows(office, "SELECT base, count(*) FROM segments GROUP BY base")
    assert dict(there)[1] > 1 and dict(there).get(0, 0) < 12
    assert found(desk, Query(words="many")) == naive(desk, Query(words="many"))
    hits = search(desk, Query(words="志摩"), TODAY, limit=3)
    assert (hits.clients, hits.others, [hit.record == hit.client_id for hit in hits.hits]) == (1, 32, [True, False, False])


@pytest.mark.parametrize("spoil", ["lost", "no database", "a flipped byte", "a row taken out", "another form"])
def test_segments_that_are_not_what_was_written_are_made_anew(office: Office, spoil: str, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, path = office.desk(), office.settings.segments
    asked(desk, "志摩")
    for number in range(3):
        policies.create(desk, office.facts.clients[0], policy(household("志摩 海斗", "シマ"), "日本生命", f"S-{number}"))
    office.instance.segments.close()
    if spoil == "lost":
        lose(office, [office.instance])
    elif spoil == "no database":
        lose(office, [office.instance])
        path.write_bytes(os.urandom(50_000))
    elif spoil == "another form":
        monkeypatch.setattr("vault.services.search.state.FORM", 99)
        monkeypatch.setattr(index, "FORM", 99)
    else:
        change = "DELETE FROM segments WHERE number=(SELECT min(number)+1 FROM segments)"
        if spoil == "a flipped byte":
            change = "UPDATE segments SET sealed=zeroblob(length(sealed)) WHERE number=(SELECT max(number) FROM segments)"
        connection = sqlite3.connect(path)
        connection.execute(change)
        connection.commit()
        connection.close()
    results = asked(desk, "志摩")
    assert results.total == 6 and results.pending == 0


def test_a_file_put_back_tells_nothing_old(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    asked(desk, "志摩")
    office.instance.segments.close()
    before = segment_files(office)
    changed = household("志摩 海斗", "シマ カイト")
    policies.save(desk, client, office.facts.policies[0][1], policy(changed, "日本生命", "NEW-1"), 1)
    asked(desk, "志摩")
    lose(office, [office.instance])
    for name, data in before.items():
        (office.settings.segments.parent / name).write_bytes(data)
    assert asked(desk, "new1").total == 1 and asked(desk, "M-02").total == 0


def test_a_client_who_cannot_be_read_hides_nobody_else(office: Office) -> None:
    desk = office.desk()
    asked(desk, "志摩")
    office.sql("UPDATE contents SET sealed=zeroblob(length(sealed)) WHERE owner=?", office.facts.clients[0])
    office.instance.keyring.let_go()
    desk = office.desk()
    assert [hit.client.name for hit in asked(desk, "日本生命").hits] == [NAMES[1]]


@pytest.mark.parametrize("undone", [False, True])
def test_after_a_restore_what_is_there_again_is_found_and_what_went_is_not(office: Office, undone: bool) -> None:
    desk = office.desk()
    backups.make(office.instance)
    office.clock.tick(24 * 60 * 60)
    added = clients.create(desk, desk.client_compartments()[0], household("後藤 後子", "ゴトウ ノチコ"))
    policies.create(desk, added, policy(household("後藤 後子", "ゴトウ"), "日本生命", "LATER-1"))
    clients.save(desk, office.facts.clients[0], household("改名 海斗", "カイメイ"), 2)
    assert (asked(desk, "後藤").total, asked(desk, "改名").clients) == (2, 1)
    for undo in (False, True) if undone else (False,):
        with restoring.prepared(office.instance, "" if undo else "2026-11-18", undo) as job:
            restoring.carry_out(job)
        office.clock.tick(60)
    restore_confirming.confirm(office.desk())
    desk = office.desk()
    assert (asked(desk, "後藤").total, asked(desk, "改名").clients, asked(desk, "志摩").clients) == ((2, 1, 0) if undone else (0, 0, 1))
    assert found(desk, Query(words="日本")) == naive(desk, Query(words="日本"))


def test_after_a_database_was_put_back_the_segments_of_the_future_do_not_count(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    asked(desk, "志摩")
    copy = office.copy_database()
    for _ in range(60):
        clients.get(desk, client)
    policies.create(desk, client, policy(household("志摩 海斗", "シマ"), "日本生命", "FUTURE-1"))
    assert asked(desk, "future1").total == 1
    office.put_database_back(copy)
    office.restart()
    confirming.confirm_whole(office.desk())
    for number in range(3):  # the journal goes on to where the segments stand, and tells other things there
        policies.create(office.desk(), client, policy(household("志摩 海斗", "シマ"), "日本生命", f"AGAIN-{number}"))
    for words in ("future1", "again", "志摩"):
        assert found(office.desk(), Query(words=words)) == naive(office.desk(), Query(words=words))


# --- who finds what


def test_nobody_finds_what_lies_in_a_compartment_that_he_does_not_hold(office: Office) -> None:
    desk = office.desk()
    [main] = desk.client_compartments()
    branch = compartments.make(desk, "支店")
    member = join(office, Role.HANDLER, (main,), "担当 外男")
    auditor = join(office, Role.AUDITOR, (), "監査 三郎")
    office.instance.keyring.let_go()
    compartments.move_client(office.desk(), office.facts.clients[0], branch)
    assert asked(office.desk(), "志摩").total == 3
    assert asked(member.desk(office), "志摩").total == 0 and asked(member.desk(office), "羽黒").total == 3
    assert asked(office.desk(), "日本生命", compartment=branch.hex()).others == 1
    with pytest.raises(Forbidden):
        asked(auditor.desk(office), "志摩")


def test_the_journal_holds_counts_and_no_file_the_word(office: Office) -> None:
    desk, word = office.desk(), "探している珍しい言葉"
    asked(desk, word)
    office.instance.segments.close()
    told = [path for path in office.folder.rglob("*") if path.is_file() and (word.encode() in path.read_bytes() or fold(word).encode() in path.read_bytes())]
    assert told == []
    [[clear]] = office.sql("SELECT clear FROM journal WHERE event='searched' ORDER BY position DESC LIMIT 1")
    assert b"searched" in clear


# --- what goes


def opened_with_every_key(office: Office) -> list[bytes]:
    """Every segment that any key of any ring opens, whatever it stands under."""
    desk, opened = office.desk(), []
    keys = [Room(room, *found) for room in desk.client_compartments() if (found := desk.ring(room).segments())]
    for _compartment, _key, number, sealed in rows(office, "SELECT compartment, key, number, sealed FROM segments"):
        for room in keys:
            try:
                opened.append(open_sealed(room.key, sealed, room.context(office.instance, number)))
            except Exception:  # noqa: BLE001, S112 - not under this key
                continue
    return opened


@pytest.mark.parametrize("how", ["whole", "part", "moved"])
def test_after_an_erasure_no_segment_holds_the_name_or_opens(office: Office, how: str) -> None:
    desk, [client, _other], name = office.desk(), office.facts.clients, fold("日本生命").encode()
    branch = compartments.make(desk, "支店")
    asked(office.desk(), "志摩")
    for number in range(3):
        policies.create(desk, client, policy(household("志摩 海斗", "シマ"), "日本生命", f"GONE-{number}"))
    main = desk.folder(client).compartment
    before, old = rows(office, f"SELECT sealed FROM segments WHERE compartment=x'{main.hex()}'"), room_of(office.desk(), main)
    assert before
    office.instance.keyring.let_go()
    if how == "whole":
        erasing.erase_clients(office.desk(), [client], ORDER)
        gone = ["志摩", "GONE", "シマ"]
    elif how == "part":
        held = [each.id for each in clients.get(office.desk(), client).policies if each.policy.policy_number.startswith("GONE")]
        office.instance.keyring.let_go()
        for each in held:
            what_goes.erase_policy(office.desk(), client, each, ORDER)
            office.instance.keyring.let_go()
        gone = ["GONE"]
    else:
        compartments.move_client(office.desk(), client, branch)
        gone = []
    new = room_of(office.desk(), main)
    assert new.key != old.key
    office.instance.segments.close()
    raw = b"".join(segment_files(office).values())
    left = [sealed for [sealed] in before if any(sealed[at : at + 64] in raw for at in range(0, len(sealed) - 64, 64))]
    assert left == []
    for plain in opened_with_every_key(office):
        assert not any(fold(word).encode() in plain for word in gone)
    # What stays was carried over, not made again one by one, and all of it is found.
    assert name in b"".join(opened_with_every_key(office))
    assert found(office.desk(), Query(words="日本")) == naive(office.desk(), Query(words="日本"))
    assert asked(office.desk(), "羽黒").total == 3 and asked(office.desk(), "gone").total == (3 if how == "moved" else 0)


def test_a_search_that_a_change_of_keys_overtakes_begins_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    asked(desk, "志摩")
    other = office.worker()
    real, done = index.work_off, list[bool]()

    def overtaken(*told: Any) -> int:
        if not done:
            done.append(True)
            office.instance.keyring.let_go()
            erasing.erase_clients(office.desk(other), [client], ORDER)
        return real(*told)

    monkeypatch.setattr(index, "work_off", overtaken)
    assert asked(desk, "志摩").total == 0
    now = office.desk()  # what the erasure has carried over stands
    assert rows(office, "SELECT DISTINCT key FROM segments") == [(room_of(now, now.client_compartments()[0]).id,)]


# --- killed, and many at once

ACTS: dict[str, Callable[[Office], None]] = {
    "a save": lambda office: clients.save(
        office.desk(), office.facts.clients[0], household("改名 海斗", "カイメイ"), 2) and None,
    "a search that makes good": lambda office: asked(office.desk(), "志摩") and None,
    "an erasure": lambda office: erasing.erase_clients(office.desk(), [office.facts.clients[0]], ORDER) and None,
    "a part erased": lambda office: what_goes.erase_policy(office.desk(), office.facts.clients[0], office.facts.policies[0][0], ORDER) and None,
    "a move": lambda office: compartments.move_client(
        office.desk(), office.facts.clients[0], next(c for c in office.desk().client_compartments() if not len(office.desk().ring(c).owners()))),
}  # fmt: skip


@pytest.mark.parametrize("name", list(ACTS))
def test_killed_at_any_step_the_search_finds_what_there_is(templates: list[Office], tmp_path: Path, name: str, request: pytest.FixtureRequest) -> None:
    (tmp_path / "first").mkdir()
    office = copied(templates[0], tmp_path / "first")
    compartments.make(office.desk(), "支店")
    erasing.ensure_folder(office.desk())
    asked(office.desk(), "志摩")
    policies.create(office.desk(), office.facts.clients[0], policy(household("志摩 海斗", "シマ"), "日本生命", "NEW-1"))
    office.instance.keyring.let_go()
    office.instance.engine.dispose()
    office.instance.segments.close()
    steps = run_counted(copied_for(office, tmp_path / "count"), ACTS[name], killing.EVERY)
    assert steps
    every = 1 if request.config.getoption("--long") else max(1, steps // 9)
    for fatal in range(1, steps + 1, every):
        copy = copied_for(office, tmp_path / f"at-{fatal}")
        assert run_counted(copy, ACTS[name], fatal) is None
        erasing.finish(copy.desk())
        for word in ("志摩", "日本", "改名", "new1"):
            copy.instance.keyring.let_go()
            assert found(copy.desk(), Query(words=word)) == naive(copy.desk(), Query(words=word)), (fatal, word)
        copy.instance.engine.dispose()
        copy.instance.segments.close()


def copied_for(office: Office, root: Path) -> Office:
    root.mkdir()
    return copied(office, root)


def run_counted(office: Office, act: Callable[[Office], None], fatal: int) -> int | None:
    """As in `killing`, with a step before and behind every change of the segments too."""

    def prepare() -> Callable[[], object]:
        for name in ("append", "replace", "drop_others"):
            setattr(SegmentFile, name, stepped(getattr(SegmentFile, name), office.folder))
        return lambda: act(office)

    return killing.run_prepared(prepare, fatal)


def stepped(real: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    def call(*told: Any, **more: Any) -> Any:
        handle = os.open(folder, os.O_RDONLY)
        os.fsync(handle)
        done = real(*told, **more)
        os.fsync(handle)
        os.close(handle)
        return done

    return call


def test_four_workers_at_once_leave_segments_that_say_what_the_records_say(office: Office) -> None:
    workers = [office.instance, *(office.worker() for _ in range(3))]
    desks = [office.desk(worker) for worker in workers]
    asked(desks[0], "志摩")
    faults: list[BaseException] = []

    def work(at: int) -> None:
        try:
            desk, mine = desks[at], office.facts.clients[at % 2]
            for number in range(8):
                policies.create(desk, mine, policy(household(NAMES[at % 2], "カナ"), "日本生命", f"W{at}-{number}"))
                assert asked(desk, f"W{at}-{number}").total == 1
                assert asked(desk, f"W{at}-").total == number + 1
        except BaseException as error:  # noqa: BLE001 - told below
            faults.append(error)

    with tended(*workers):
        threads = [threading.Thread(target=work, args=(at,)) for at in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert faults == []
    assert found(office.desk(), Query(words="日本")) == naive(office.desk(), Query(words="日本"))


def test_a_client_who_came_in_while_somebody_searched_is_found_by_the_next(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """His key was not among those with which the first search began, though its moment of the records has him."""
    other, room = office.desk(office.worker()), office.desk().client_compartments()[0]
    asked(office.desk(), "志摩")
    whole = index.work_off

    def meanwhile(*args: Any) -> int:
        monkeypatch.setattr(index, "work_off", whole)
        left = whole(*args)
        policies.create(other, office.facts.clients[0], policy(household(NAMES[0], "シマ"), "日本生命", "W-1"))
        clients.create(other, room, household("八重樫 健", "ヤエガシ"))
        return left

    monkeypatch.setattr(index, "work_off", meanwhile)
    assert asked(office.desk(), "W-1").total == 1
    assert asked(office.desk(), "八重樫").total == 1


def test_an_office_too_large_to_be_made_ready_at_once_is_made_ready_bit_by_bit(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "PATIENCE", 0.0)
    monkeypatch.setattr(finding, "FEW", 0)
    monkeypatch.setattr(index, "AT_ONCE", 1)
    desk = office.desk()
    told = [asked(desk, "日本生命") for _ in range(4)]
    assert told[0].pending > 0 and told[-1].pending == 0
    assert [each.others for each in told][-1] == 2
