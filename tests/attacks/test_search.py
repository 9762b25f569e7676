"""The cross search against somebody who has the disk, a leaver with a key, and forms made by hand."""

from __future__ import annotations

import os
import random
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import pytest
from flask import Flask

from tests.support.endings import destroy, furnished, let_go, moved, opener, target_of
from tests.support.offices import NAMES, Office, household, policy
from tests.support.people import Member, join
from tests.support.searching import TODAY, naive
from tests.support.visits import Visit
from vault.crypto.envelope import open_sealed
from vault.crypto.keys import SEGMENTS, signing_public
from vault.domain.access import Permission, Role, may
from vault.domain.erasures import ErasureOrder
from vault.domain.search import KeptSearch, Query
from vault.errors import KuraError, NotFound, Unwritable
from vault.services import certificates, clients, erasing, packing, policies, unpacking
from vault.services.accounts import compartments, people
from vault.services.destroying import Order
from vault.services.safe import Desk
from vault.services.search import finding, index, kept
from vault.services.search.state import Room

ORDER = ErasureOrder(reason="誤った登録")


def found(desk: Desk, words: str) -> list[tuple[bytes, bytes]]:
    results = finding.search(desk, Query(words=words), TODAY, limit=1000)
    assert results.pending == 0 and results.total == len(results.hits)
    return [(hit.client_id, hit.record) for hit in results.hits]


def right(office: Office, words: str = "日本") -> None:
    """What is found is what there is."""
    assert found(office.desk(), words) == naive(office.desk(), Query(words=words)) != []


def sell(office: Office, number: str, client: int = 0) -> None:
    record = household(NAMES[client], "シマ カイト")
    policies.create(office.desk(), office.facts.clients[client], policy(record, "日本生命", number))
    found(office.desk(), number)


def room_of(desk: Desk, compartment: bytes) -> Room:
    room = index.room_of(desk, compartment)
    assert room is not None
    return room


def spoil(office: Office, statement: str, *values: object) -> None:
    """One statement on the file of segments, outside Kura."""
    office.instance.segments.close()
    connection = sqlite3.connect(office.settings.segments, isolation_level=None)
    connection.execute(statement, values)
    connection.close()


def sealed(office: Office) -> list[tuple[bytes, bytes, int, int, bytes]]:
    office.instance.segments.close()
    connection = sqlite3.connect(office.settings.segments)
    rows = connection.execute("SELECT * FROM segments ORDER BY number").fetchall()
    connection.close()
    return rows


def raw_bytes(office: Office) -> bytes:
    return b"".join(path.read_bytes() for path in office.settings.segments.parent.glob("segments.db*"))


# --- who has left


LEAVING: dict[str, Callable[[Office, Member, bytes], object]] = {
    "stopped": lambda office, member, _room: people.stop(office.desk(), member.person),
    "no member any more": lambda office, _member, room: compartments.set_members(office.desk(), room, []),
    "an auditor now": lambda office, member, _room: people.change(office.desk(), member.person, Role.AUDITOR, ()),
    "made anew": lambda office, member, _room: people.reenrol(office.desk(), member.person),
}


@pytest.mark.parametrize("how", list(LEAVING))
def test_a_segment_key_that_a_leaver_has_kept_opens_nothing_that_is_written_later(office: Office, how: str) -> None:
    [main] = office.desk().client_compartments()
    member = join(office, Role.HANDLER, (main,))
    found(member.desk(office), "志摩")
    known = room_of(member.desk(office), main)
    office.instance.keyring.let_go()
    LEAVING[how](office, member, main)
    made = clients.create(office.desk(), main, household("後藤 後子", "ゴトウ ノチコ"))
    assert found(office.desk(), "後藤") == [(made, made)]
    assert room_of(office.desk(), main).key != known.key
    for compartment, key, number, _base, each in sealed(office):
        assert (compartment, key) == (main, room_of(office.desk(), main).id)
        with pytest.raises(KuraError):
            open_sealed(known.key, each, known.context(office.instance, number))
    right(office)


# --- what stands in the file is not what was written


def test_an_older_segment_beside_newer_ones_is_noticed(office: Office) -> None:
    """Each opens, and the numbers are those that should stand there."""
    found(office.desk(), "志摩")
    states = []
    for number in range(4):
        sell(office, f"OLD-{number}")
        states.append({row[2]: row for row in sealed(office)})
    tried = 0
    for older in states[:-1]:
        for number in older.keys() & states[-1].keys():
            if older[number] != states[-1][number]:
                for each in sealed(office):
                    spoil(office, "DELETE FROM segments WHERE number=?", each[2])
                for each in {**states[-1], number: older[number]}.values():
                    spoil(office, "INSERT INTO segments VALUES (?,?,?,?,?)", *each)
                right(office)
                tried += 1
    # Whatever numbers they bear: the older one instead of the newer.
    for number in states[0].keys() & {row[2] for row in sealed(office)} | {max(row[2] for row in sealed(office)) - 1}:
        spoil(office, "UPDATE segments SET sealed=? WHERE number=?", next(iter(states[0].values()))[4], number)
        right(office)
        tried += 1
    assert tried


def test_no_number_is_given_twice_so_that_nobody_takes_one_segment_for_another(office: Office) -> None:
    seen: dict[int, bytes] = {}
    found(office.desk(), "志摩")
    for number in range(4):
        sell(office, f"NEW-{number}")
        for row in sealed(office):
            assert seen.setdefault(row[2], row[4]) == row[4]


def test_segments_of_another_compartment_do_not_count(office: Office) -> None:
    [main] = office.desk().client_compartments()
    branch = compartments.make(office.desk(), "支店")
    office.instance.keyring.let_go()
    compartments.move_client(office.desk(), office.facts.clients[1], branch)
    right(office)
    rooms = {c: room_of(office.desk(), c) for c in (main, branch)}
    rows = sealed(office)
    spoil(office, "DELETE FROM segments")
    for compartment, _key, number, base, each in rows:
        other = rooms[branch if compartment == main else main]
        spoil(office, "INSERT INTO segments VALUES (?,?,?,?,?)", other.compartment, other.id, number, base, each)
    right(office)
    member = join(office, Role.HANDLER, (branch,))
    assert {client for client, _ in found(member.desk(office), "日本")} == {office.facts.clients[1]}


GARBAGE = {
    "text for bytes": "UPDATE segments SET sealed='これは文字'",
    "a number for bytes": "UPDATE segments SET sealed=7",
    "text for a number": "UPDATE segments SET number='十' WHERE number=1",
    "bytes for a number": "UPDATE segments SET number=x'ff' WHERE number=1",
    "half a number": "UPDATE segments SET number=1.5 WHERE number=1",
    "a number below nothing": "UPDATE segments SET number=-1 WHERE number=1",
    "the largest number": "UPDATE segments SET number=9223372036854775807 WHERE number=1",
    "an empty segment": "UPDATE segments SET sealed=x''",
    "another table": "ALTER TABLE segments RENAME COLUMN sealed TO other",
    "a table too wide": "ALTER TABLE segments ADD COLUMN more",
    "a view": "DROP TABLE segments",
}


def garbled(office: Office, how: str) -> None:
    with suppress(sqlite3.OperationalError):  # it is so already
        spoil(office, GARBAGE[how])
    if how == "a view":
        spoil(office, "CREATE VIEW segments AS SELECT 1 AS compartment")


@pytest.mark.parametrize("how", list(GARBAGE))
def test_garbage_in_the_file_is_made_anew_and_keeps_nobody_from_erasing(office: Office, how: str) -> None:
    sell(office, "NEW-1")
    garbled(office, how)
    right(office)
    garbled(office, how)
    office.instance.keyring.let_go()
    erasing.erase_clients(office.desk(), [office.facts.clients[1]], ORDER)
    right(office)
    garbled(office, how)
    sell(office, "NEW-2")
    right(office, "new")


def test_whatever_bytes_are_spoiled_the_search_finds_what_there_is(office: Office) -> None:
    for number in range(3):
        sell(office, f"NEW-{number}")
    dice, path = random.Random(7), office.settings.segments
    office.instance.segments.close()
    whole = path.read_bytes()
    for turn in range(40):
        office.instance.segments.close()
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        torn = bytearray(whole)
        for _ in range(dice.choice((1, 3, 200))):
            torn[dice.randrange(100 if turn < 15 else len(torn))] = dice.randrange(256)
        path.write_bytes(torn[: dice.choice((len(torn), len(torn) // 2, 4096, 99, 0))] if turn % 4 == 0 else torn)
        if turn % 5 == 0:
            path.with_name(path.name + "-wal").write_bytes(os.urandom(9000))
        right(office)


def test_what_is_no_file_at_all_is_said_and_keeps_nobody_from_saving(office: Office) -> None:
    path = office.settings.segments
    path.unlink(missing_ok=True)
    path.mkdir()
    with pytest.raises(Unwritable):
        found(office.desk(), "日本")
    client = office.facts.clients[0]
    policies.create(office.desk(), client, policy(household(NAMES[0], "シマ"), "日本生命", "NEW-1"))
    office.instance.keyring.let_go()
    erasing.erase_clients(office.desk(), [office.facts.clients[1]], ORDER)
    path.rmdir()
    right(office)


def test_where_nothing_more_can_be_written_saving_goes_on_and_the_search_says_so(office: Office) -> None:
    found(office.desk(), "日本")
    full = office.instance.segments
    with full._open() as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count={pages}")
    client = office.facts.clients[0]
    for number in range(40):
        policies.create(office.desk(), client, policy(household(NAMES[0], "シマ"), "日本生命", f"FULL-{number}"))
    assert len(found(office.desk(), "full")) == 40
    clients.save(office.desk(), client, replace(household(NAMES[0], "シマ カイト"), notes="満杯でも"), 2)
    assert found(office.desk(), "満杯でも") == [(client, client)]
    full.close()
    right(office)


# --- the segments' own place in the ring is nobody's


def test_no_form_made_by_hand_takes_the_segment_key_for_a_client(office: Office) -> None:
    [main] = office.desk().client_compartments()
    branch = compartments.make(office.desk(), "支店")
    found(office.desk(), "志摩")
    before = {c: office.desk().ring(c) for c in (main, branch)}
    acts: list[Callable[[], object]] = [
        lambda: compartments.move_client(office.desk(), SEGMENTS, branch),
        lambda: erasing.erase_clients(office.desk(), [SEGMENTS], ORDER),
        lambda: clients.get(office.desk(), SEGMENTS),
        lambda: policies.create(office.desk(), SEGMENTS, policy(household("志摩", "シマ"), "日本生命", "X-1")),
        lambda: clients.save(office.desk(), SEGMENTS, household("志摩", "シマ"), 0),
    ]
    for act in acts:
        office.instance.keyring.let_go()
        with pytest.raises(NotFound):
            act()
    assert {c: office.desk().ring(c) for c in (main, branch)} == before
    assert not office.desk().can_open(SEGMENTS)


# --- people and their pages


def test_a_search_that_somebody_else_has_kept_is_not_there(office: Office, app: Flask, visit: Visit) -> None:
    [main] = office.desk().client_compartments()
    member = join(office, Role.VIEWER, (main,))
    mine = kept.keep(member.desk(office), KeptSearch(name="自分の検索", query=Query(words="志摩")))
    assert visit.get(f"/search?kept={mine.hex()}").status_code == 404
    assert visit.post("/search/drop", {"kept": mine.hex()}).status_code == 404
    assert "自分の検索" not in visit.get("/search").get_data(as_text=True)
    assert [each.search.name for each in kept.listed(member.desk(office))] == ["自分の検索"]


def test_names_that_look_like_a_page_stay_names(office: Office, visit: Visit) -> None:
    evil = '<script>alert("志摩")</script>%(n)s %s &amp; {{ 7*7 }}'
    made = clients.create(office.desk(), office.desk().client_compartments()[0], replace(household("志摩", "シマ"), name=evil))
    policies.create(office.desk(), made, replace(policy(household("志摩", "シマ"), "日本生命", "X-1"), product=evil, state=""))
    visit.post("/search/keep", {"words": "alert", "name": evil[:40]})
    for path, data in (("/search", {"words": "alert 志摩"}), ("/search/found", {"words": "alert"}), ("/search", {"words": evil})):
        page = visit.post(path, data).get_data(as_text=True)
        assert "&lt;script&gt;" in page and '<script>alert' not in page and "Content-Type:" not in page
        assert page.count("<script") == page.count('<script type="module" src=') + page.count("<script src=")


def test_a_search_without_the_token_is_refused(visit: Visit) -> None:
    for path in ("/search", "/search/found", "/search/keep", "/search/drop"):
        visit.token = ""
        assert visit.post(path, {"words": "志摩", "name": "x"}).status_code == 403


BOMBS = {
    "long": "志" * 10_000, "very long": "志" * 3_000_000, "accents": "a" + "\u0301\u0323" * 100_000,
    "at most": "e" + "\u0301\u0323" * 99, "ligatures": "\ufdfa" * 200, "many words": "a " * 100, "selectors": "\ufe0f" * 200,
    "nothing": "・ー-" * 60, "surrogates": "\ud800志摩", "controls": "志\x00摩\n\x1f", "regular": "(a+)+$[志.*" * 10,
}  # fmt: skip


@pytest.mark.parametrize("name", list(BOMBS))
def test_no_word_keeps_the_search_busy_or_breaks_it(visit: Visit, name: str, office: Office) -> None:
    clients.save(office.desk(), office.facts.clients[1], replace(household(NAMES[1], "ハグロ"), notes="e" + "\u0301\u0323" * 1990), 1)
    word = BOMBS[name].encode("utf-8", "surrogatepass")
    office.clock.tick(1)
    for path in ("/search", "/search/found"):
        begun = os.times().user
        answer = visit.open(path, method="POST", data={"csrf_token": visit.token, "words": word})
        assert answer.status_code in (200, 400, 413)
        assert os.times().user - begun < 3
    conditions = {box: "1" * 5000 for box in (*(f"insurer{n}" for n in range(300)), "handler", "insurer", "begins_from", "matures_within")}
    assert visit.post("/search", conditions).status_code == 400


def test_who_became_an_auditor_reads_nothing_by_searching(office: Office, app: Flask) -> None:
    [main] = office.desk().client_compartments()
    member = join(office, Role.HANDLER, (main,))
    visit = Visit(app, office, address="198.51.100.9").with_device(member.device)
    visit.sign_in(member.login_id, member.password)
    visit.get("/search")
    assert NAMES[0] in visit.post("/search", {"words": "志摩"}).get_data(as_text=True)
    office.instance.keyring.let_go()
    people.change(office.desk(), member.person, Role.AUDITOR, ())
    for path in ("/search", "/search/found"):
        answer = visit.post(path, {"words": "志摩"})
        assert answer.status_code in (303, 403) and NAMES[0] not in answer.get_data(as_text=True)


def test_health_and_what_is_hidden_is_not_searched(office: Office) -> None:
    """It is shown when asked for, to those who may; a word of it must not find whom it belongs to."""
    record = household(NAMES[0], "シマ カイト")
    members = tuple(replace(member, health="高血圧の薬") for member in record.members)
    clients.save(office.desk(), office.facts.clients[0], replace(record, members=members), 2)
    assert found(office.desk(), "高血圧") == []


# --- moving away, the end


def test_a_moved_office_searches_without_the_file_and_destroying_takes_it(office: Office) -> None:
    private = furnished(office)
    office.restart()
    found(office.desk(), "日本")
    let_go(office)
    office.instance.segments.close()
    worker = office.worker()
    pack, new = office.folder.parent / "office.pack", office.folder.parent / "new" / "instance"
    code = packing.pack(worker, pack).code
    worker.engine.dispose()
    worker.keyring.let_go()
    new.parent.mkdir()
    receipt = unpacking.unpack(pack, code, new, None, opener(office)).receipt
    assert not list(new.rglob("segments.db*"))
    there = moved(office, new)
    right(there)
    let_go(there)
    there.instance.segments.close()
    assert office.settings.segments.exists()
    told = dict(certificates.check(destroy(office, Order(private, target_of(office), receipt=receipt)), signing_public(private)))
    assert not office.folder.exists() and told["why"] == "moved"


def test_who_may_search_may_read_all_that_is_found() -> None:
    """The search asks for its own permission only; a role with that and less of the rest would need more of it."""
    rest = (Permission.READ_CLIENTS, Permission.READ_DOCUMENTS)
    assert all(may(role, each) for role in Role if may(role, Permission.SEARCH) for each in rest)
