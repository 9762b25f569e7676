"""How many policies an office may register: a notice near the limit, new ones wait at it, and nothing else ever does."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest

from tests.support import importing as sheets
from tests.support.contracts import tell
from tests.support.importing import car
from tests.support.offices import NAMES, Office, household, policy
from vault.domain.capacity import Capacity
from vault.errors import Refused
from vault.services import bin, capacity, clients, contract, policies, today
from vault.services.importing import checking, drafts, running
from vault.services.importing.settling import Settled
from vault.services.safe import Desk

THERE = 4  # policies that the office begins with
ISHIKAWA, KIMURA = ("石川 直樹", "イシカワ ナオキ", "S52.3.9"), ("木村 さくら", "キムラ サクラ", "S63.7.7")


def register(desk: Desk, office: Office, number: str = "N-77") -> bytes:
    return policies.create(desk, office.facts.clients[0], policy(household(NAMES[0], "シマ カイト"), "日本生命", number))


def room(office: Office) -> Capacity:
    return capacity.look(office.instance)


def remarks(office: Office) -> list[tuple[str, int]]:
    return [(each.code, each.n) for each in today.today(office.desk()).remarks if each.code.startswith("policies-")]


def test_at_the_limit_new_ones_wait_and_everything_else_goes_on(office: Office) -> None:
    tell(office, policies=THERE + 1)
    desk, client = office.desk(), office.facts.clients[0]
    made = register(desk, office)
    entries = office.sql("SELECT count(*) FROM journal")
    with pytest.raises(Refused, match="capacity-full") as caught:
        register(desk, office, "N-78")
    assert caught.value.facts == {"most": THERE + 1} and office.sql("SELECT count(*) FROM journal") == entries
    held = policies.get(desk, client, made).held
    assert policies.save(desk, client, made, replace(held.policy, notes="直した"), 1) == 2
    assert len(clients.get(desk, client).policies) == 3
    bin.put(desk, client, made, 2)
    assert room(office) == Capacity(THERE + 1, THERE)
    register(desk, office, "N-79")


def test_what_comes_back_from_the_bin_always_comes_back(office: Office) -> None:
    desk, client, first = office.desk(), office.facts.clients[0], office.facts.policies[0][1]
    bin.put(desk, client, first, 1)
    tell(office, policies=THERE - 1)
    assert room(office).full
    bin.bring_back(desk, client, first)
    assert room(office) == Capacity(THERE - 1, THERE)
    with pytest.raises(Refused, match="capacity-full"):
        register(desk, office)


def test_a_client_in_the_bin_takes_no_room_with_all_that_is_his(office: Office) -> None:
    tell(office, policies=THERE)
    bin.put(office.desk(), office.facts.clients[1], office.facts.clients[1], 1)
    assert room(office) == Capacity(THERE, 2)


def test_a_lowered_limit_locks_nothing(office: Office) -> None:
    tell(office, policies=1)
    desk, client = office.desk(), office.facts.clients[0]
    held = clients.get(desk, client).policies[0]
    policies.save(desk, client, held.id, replace(held.policy, notes="まだ直せる"), held.version)
    assert len(clients.list_clients(desk)) == 2 and room(office).per_cent == 400
    with pytest.raises(Refused, match="capacity-full"):
        register(desk, office)
    tell(office, policies=0)
    register(desk, office)


@pytest.mark.parametrize("said", ["", "{", "[]", '{"policies": "20"}', '{"policies": true}', '{"policies": -1}', '{"policies": 1.5}'])
def test_what_cannot_be_read_limits_nobody(office: Office, said: str) -> None:
    tell(office)
    (office.settings.told / "contract.json").write_text(said)
    assert room(office) == Capacity() and contract.told(office.instance) == contract.Told()
    register(office.desk(), office)


def test_two_at_once_do_not_both_take_the_last_place(office: Office) -> None:
    tell(office, policies=THERE + 1)
    desks, ended = [office.desk(office.worker()) for _ in range(2)], []

    def at_it(desk: Desk, number: str) -> None:
        try:
            register(desk, office, number)
            ended.append("")
        except Refused as error:
            ended.append(error.code)

    threads = [threading.Thread(target=at_it, args=(desk, f"N-8{n}")) for n, desk in enumerate(desks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ended) == ["", "capacity-full"] and room(office).used == THERE + 1


def test_near_the_limit_the_administrator_is_told_on_his_first_page(office: Office) -> None:
    tell(office, policies=6)
    assert remarks(office) == []
    tell(office, policies=5)
    assert remarks(office) == []
    register(office.desk(), office)
    assert remarks(office) == [("policies-full", 5)]
    tell(office, policies=20)
    for n in range(13):
        register(office.desk(), office, f"X-{n}")
    assert remarks(office) == [("policies-nearly-full", 2)]


# --- a file of many


def test_of_a_file_as_many_come_in_as_there_is_room_for_and_the_rest_stays(office: Office) -> None:
    desk = office.desk()
    rows = [car(*ISHIKAWA, "U-1"), car(*ISHIKAWA, "U-2"), car(*KIMURA, "U-3")]
    upload = sheets.checked(desk, sheets.table(*rows))
    tell(office, policies=THERE + 1)
    shown = sheets.page(desk, upload)
    assert (shown.adds, shown.over, shown.capacity.left) == (3, 2, 1)
    list(running.run(desk, upload))
    assert running.waiting(desk, upload) == 2 and room(office) == Capacity(THERE + 1, THERE + 1)
    list(checking.check(desk, upload))
    assert sheets.states(desk, upload) == {2: "done", 3: "policy", 4: "new"}
    assert sheets.page(desk, upload).over == 2
    with pytest.raises(Refused, match="capacity-import"):
        list(running.run(desk, upload))
    assert "木村 さくら" not in {head.client.name for head in clients.list_clients(desk)}
    tell(office, policies=20)
    list(running.run(desk, upload))
    assert room(office).used == THERE + 3 and running.waiting(desk, upload) == 0
    with pytest.raises(Exception, match="not-found"):  # all of the file is done: it is gone
        drafts.opened(desk, upload)


def test_at_the_limit_a_file_still_changes_what_is_there(office: Office) -> None:
    desk = office.desk()
    sheets.imported(desk, sheets.table(car(*ISHIKAWA, "U-1")))
    later = sheets.checked(desk, sheets.table(car(*ISHIKAWA, "U-1", "60,000"), car(*KIMURA, "U-3")))
    tell(office, policies=THERE + 1)
    list(running.run(desk, later))
    [found] = [head.id for head in clients.list_clients(desk) if head.client.name == "石川 直樹"]
    assert [held.policy.premium for held in clients.get(desk, found).policies] == [60_000]
    assert running.waiting(desk, later) == 1 and room(office).used == THERE + 1


def test_who_registers_between_planning_and_writing_is_counted(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office.desk()
    upload = sheets.checked(desk, sheets.table(car(*ISHIKAWA, "U-1"), car(*KIMURA, "U-2")))
    tell(office, policies=THERE + 2)
    keys = running._Writing._with_keys

    def meanwhile(self: running._Writing, planned: list[Settled]) -> bool:
        assert len(planned) == 2
        register(office.desk(office.worker()), office)
        return keys(self, planned)

    monkeypatch.setattr(running._Writing, "_with_keys", meanwhile)
    list(running.run(desk, upload))
    assert room(office).used == THERE + 2 and running.waiting(desk, upload) == 1
