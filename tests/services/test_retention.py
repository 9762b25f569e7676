"""Who is due is found a part at a time; many go at once; parts of a client go with every version of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.support import documents as papers
from tests.support.offices import Office, household
from tests.support.twins import unite
from vault.domain.clients import Client, Hold, Member, RelatedClient
from vault.domain.erasures import MEMBER, PART, ErasureOrder
from vault.domain.policies.choices import ENDED
from vault.domain.retention import OFFICE_YEARS, OWN_DAY
from vault.domain.values import TypedDate
from vault.errors import Forbidden, NotFound, Refused
from vault.services import backups, bin, clients, erasing, policies, rekeying, retention, what_goes
from vault.services.accounts import rules
from vault.services.backups import folder_of
from vault.services.safe import Desk
from vault.services.today import today

DAY = 24 * 60 * 60
ORDER = ErasureOrder(reason="保存期限の満了")


def typed(day: date) -> TypedDate:
    return TypedDate(day.isoformat(), day)


def change_client(office: Office, client: bytes, **fields: object) -> None:
    page = clients.get(office.desk(), client)
    clients.save(office.desk(), client, replace(page.client, **fields), page.version)  # type: ignore[arg-type]


def end_policies(office: Office, client: bytes, on: date) -> None:
    for held in clients.get(office.desk(), client).policies:
        over = replace(held.policy, state=ENDED, state_date=typed(on))
        policies.save(office.desk(), client, held.id, over, held.version)


# --- who is due


def test_nobody_is_due_while_policies_live(office: Office) -> None:
    found = retention.look(office.desk())
    assert found.rows == [] and found.total == 0 and found.whole and found.at == office.instance.now()


def test_who_is_due_says_since_when_and_why(office: Office) -> None:
    first, second = office.facts.clients
    end_policies(office, first, date(2010, 4, 1))
    [row] = retention.look(office.desk()).rows
    assert (row.id, row.since, row.why, row.policies) == (first, date(2020, 4, 2), OFFICE_YEARS, 2)
    end_policies(office, second, date(2024, 4, 1))
    change_client(office, second, retention_until=typed(date(2024, 12, 31)), holds=(Hold(reason="調停中"),))
    rows = retention.look(office.desk()).rows
    assert [(row.id, row.why, [h.reason for h in row.holds]) for row in rows] == [
        (first, OFFICE_YEARS, []), (second, OWN_DAY, ["調停中"]),
    ]  # fmt: skip
    assert today(office.desk()).due == (2, office.instance.now())


def test_the_offices_rule_counts(office: Office) -> None:
    first = office.facts.clients[0]
    end_policies(office, first, date(2023, 4, 1))
    assert retention.look(office.desk()).total == 0
    rules.save(office.desk(), replace(rules.read(office.desk()), retention_years=2))
    assert retention.look(office.desk()).total == 1


def test_what_lies_in_the_bin_is_not_on_the_list(office: Office) -> None:
    first = office.facts.clients[0]
    end_policies(office, first, date(2010, 4, 1))
    bin.put(office.desk(), first, first, clients.get(office.desk(), first).version)
    assert retention.look(office.desk()).total == 0


def test_a_large_office_is_reckoned_part_by_part(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk = office.desk()
    for n in range(3):
        made = clients.create(desk, desk.client_compartments()[0], household(f"古い 家{n}", "フルイ イエ"))
        change_client(office, made, retention_until=typed(date(2020, 1, 1)), retention_years=0)
    office.clock.tick(2 * DAY)
    monkeypatch.setattr(retention, "BUDGET", 2)
    seen = [(found.done, found.whole, found.total) for found in (retention.look(office.desk()) for _ in range(4))]
    assert seen == [(2, False, 0), (4, False, 0), (5, True, 3), (5, True, 3)]
    at = retention.look(office.desk()).at
    office.clock.tick(60)
    assert retention.look(office.desk()).at == at  # within the day nothing is reckoned again unless asked for
    assert not retention.look(office.desk(), on=True).whole
    monkeypatch.setattr(retention, "ON_A_PAGE", 2)
    pages = [retention.look(office.desk(), number) for number in (1, 2, 9)]
    assert [len(page.rows) for page in pages] == [2, 1, 1] and {page.pages for page in pages} == {2}


def test_the_first_page_reckons_once_a_day(office: Office) -> None:
    end_policies(office, office.facts.clients[0], date(2010, 4, 1))
    retention.daily(office.desk())
    assert today(office.desk()).due == (1, office.instance.now())
    at = office.instance.now()
    end_policies(office, office.facts.clients[1], date(2010, 4, 1))
    retention.daily(office.desk())
    assert today(office.desk()).due == (1, at)
    office.clock.tick(DAY)
    retention.daily(office.desk())
    assert today(office.desk()).due == (2, office.instance.now())


# --- many at once


def test_many_go_with_one_epoch_and_a_certificate_each(office: Office) -> None:
    for client in office.facts.clients:
        end_policies(office, client, date(2010, 4, 1))
    assert retention.look(office.desk()).total == 2
    before = office.desk().stored.keystore.epoch
    numbers = retention.erase(office.desk(), office.facts.clients, ORDER)
    assert numbers == [1, 2] and office.desk().stored.keystore.epoch == before + 1
    assert clients.list_clients(office.desk()) == [] and retention.look(office.desk()).total == 0
    told = [erasing.certificate(office.desk(), number) for number in numbers]
    assert len({each.epoch for each in told}) == 1 and all(erasing.is_vouched(office.desk(), each) for each in told)
    assert retention.erase(office.desk(), office.facts.clients, ORDER) == [1, 2]  # the second click
    assert len(erasing.listed(office.desk())) == 2


def test_one_who_is_to_be_kept_keeps_all_of_them(office: Office) -> None:
    first, second = office.facts.clients
    end_policies(office, first, date(2010, 4, 1))
    with pytest.raises(Refused) as refused:
        retention.erase(office.desk(), [first, second], ORDER)
    assert refused.value.code == "not-due"
    end_policies(office, second, date(2010, 4, 1))
    change_client(office, second, holds=(Hold(reason="訴訟中", since=typed(date(2026, 1, 5))),))
    with pytest.raises(Refused) as refused:
        retention.erase(office.desk(), [first, second], ORDER)
    assert (refused.value.code, refused.value.facts["reason"], refused.value.facts["since"]) == ("held", "訴訟中", "2026-01-05")
    assert {head.id for head in clients.list_clients(office.desk())} == {first, second}
    assert erasing.listed(office.desk()) == []


def test_only_administrators_see_the_list(office: Office) -> None:
    from tests.support.people import join

    member = join(office, compartments=tuple(office.desk().client_compartments()))
    with pytest.raises(Forbidden):
        retention.look(member.desk(office))
    assert today(member.desk(office)).due is None


def test_a_changed_certificate_is_not_vouched_for(office: Office) -> None:
    [number] = erasing.erase_clients(office.desk(), office.facts.clients[:1], ORDER)
    done = erasing.certificate(office.desk(), number)
    assert erasing.is_vouched(office.desk(), done)
    assert not erasing.is_vouched(office.desk(), replace(done, records=done.records + 1))


def test_who_has_gone_into_another_since_the_list_was_made_is_kept_with_him(office: Office) -> None:
    first, second = office.facts.clients
    for client in (first, second):
        end_policies(office, client, date(2010, 4, 1))
    assert retention.look(office.desk()).total == 2
    unite(office.desk(), first, second)
    with pytest.raises(NotFound):
        retention.erase(office.desk(), [second], ORDER)
    assert office.desk().can_open(second)
    assert len(retention.erase(office.desk(), [first, second], ORDER)) == 1


def test_a_second_administrator_finds_the_first_ones_erasure(office: Office) -> None:
    """His desk is from before: what it knows of the keys is over."""
    client, late = office.facts.clients[0], office.desk()
    assert erasing.erase_clients(office.desk(), [client], ORDER) == [1]
    assert erasing.erase_clients(late, [client], ORDER) == [1]
    assert len(erasing.listed(office.desk())) == 1


def test_two_administrators_at_once_make_one_erasure(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second asks while the first has noted what he wants and no key is gone yet; both get the same certificate."""
    client, second, finish, numbers = office.facts.clients[0], office.desk(), erasing.finish, []

    def meanwhile(desk: Desk) -> None:
        monkeypatch.setattr(erasing, "finish", finish)
        numbers.append(erasing.erase_clients(second, [client], ORDER))
        finish(desk)

    monkeypatch.setattr(erasing, "finish", meanwhile)
    numbers.append(erasing.erase_clients(office.desk(), [client], ORDER))
    assert numbers == [[1], [1]]
    assert len(erasing.listed(office.desk())) == 1 and not erasing.is_pending(office.desk())
    with pytest.raises(NotFound):
        clients.get(office.desk(), client)


def test_two_administrators_at_once_at_one_policy_make_one_erasure(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    late = office.desk()
    what_goes.erase_policy(office.desk(), client, policy, ORDER)
    with pytest.raises(NotFound):
        what_goes.erase_policy(late, client, policy, ORDER)
    with pytest.raises(NotFound):  # past the look too
        rekeying.erase_part(late, client, {policy}, ORDER)
    assert len(clients.get(office.desk(), client).policies) == 1 and len(erasing.listed(office.desk())) == 1


def test_a_linked_client_reads_erased(office: Office) -> None:
    first, second = office.facts.clients
    change_client(office, second, related=(RelatedClient(client=first.hex(), link="親族の世帯"),))
    assert [name for _, _, name in clients.get(office.desk(), second).related] == ["志摩 海斗"]
    erasing.erase_clients(office.desk(), [first], ORDER)
    assert clients.get(office.desk(), second).related == [(first, "親族の世帯", "")]


# --- parts


def with_wife(office: Office) -> tuple[bytes, Member]:
    client = office.facts.clients[0]
    page = clients.get(office.desk(), client)
    wife = Member(id="ab" * 16, name="志摩 みさき", kana="シマ ミサキ", relationship="妻")
    change_client(office, client, members=(*page.client.members, wife))
    change_client(office, client, notes="三度目")
    held = clients.get(office.desk(), client).policies[0]
    roles = tuple(replace(role, member=wife.id, name=wife.name) for role in held.policy.roles)
    policies.save(office.desk(), client, held.id, replace(held.policy, roles=roles), held.version)
    return client, wife


def raw_files(office: Office) -> list[tuple[Path, bytes]]:
    return [(path, path.read_bytes()) for path in office.folder.rglob("*") if path.is_file()]


def test_a_person_is_gone_from_every_version(office: Office) -> None:
    client, wife = with_wife(office)
    before = clients.versions(office.desk(), client, client)
    [naming] = what_goes.naming(what_goes.preview(office.desk(), client).page, wife.id)
    old = office.desk().folder(client)
    number = what_goes.erase_member(office.desk(), client, wife.id, [naming.id], ORDER)
    after = clients.versions(office.desk(), client, client)
    assert [(v.number, v.at, v.author) for v in after] == [(v.number, v.at, v.author) for v in before]
    for was, now in zip(before, after, strict=True):
        assert isinstance(was.record, Client) and isinstance(now.record, Client)
        assert now.record == replace(was.record, members=tuple(m for m in was.record.members if m.id != wife.id))
    assert naming.id not in {held.id for held in clients.get(office.desk(), client).policies}
    for path, raw in raw_files(office):
        assert old.key not in raw, path
    told = erasing.certificate(office.desk(), number)
    assert (told.what, told.records, told.versions) == (MEMBER, 1, 2)
    with pytest.raises(NotFound):  # the second click
        what_goes.erase_member(office.desk(), client, wife.id, [], ORDER)


def test_a_policy_that_is_kept_goes_on_naming_him(office: Office) -> None:
    client, wife = with_wife(office)
    what_goes.erase_member(office.desk(), client, wife.id, [], ORDER)
    page = clients.get(office.desk(), client)
    assert page.client.member(wife.id) is None and len(page.policies) == 2
    assert [held.policy.roles[0].name for held in what_goes.naming(page, wife.id)] == [wife.name]


def test_a_policy_goes_with_its_versions_and_what_lies_in_the_bin_stays_there(office: Office) -> None:
    client, (first, second) = office.facts.clients[0], office.facts.policies[0]
    bin.put(office.desk(), client, second, 1)
    number = what_goes.erase_policy(office.desk(), client, first, ORDER)
    assert clients.get(office.desk(), client).policies == []
    told = erasing.certificate(office.desk(), number)
    assert (told.what, told.records, told.versions, told.objects) == (PART, 1, 1, 0)
    bin.bring_back(office.desk(), client, second)
    assert [held.id for held in clients.get(office.desk(), client).policies] == [second]
    with pytest.raises(NotFound):
        what_goes.erase_policy(office.desk(), client, first, ORDER)


def test_a_document_goes_and_the_others_stay(office: Office) -> None:
    client = office.facts.clients[0]
    scan, other = (papers.add(office, papers.pdf(text)) for text in ("scan of one", "scan of another"))
    number = what_goes.erase_document(office.desk(), client, scan, ORDER)
    told = erasing.certificate(office.desk(), number)
    assert (told.what, told.records, told.versions, told.objects) == (PART, 1, 0, 1)
    assert papers.words_of(office, other) == ["scan of another"]
    assert len(list(office.instance.objects.names())) == 1 and len(clients.get(office.desk(), client).policies) == 2
    with pytest.raises(NotFound):
        what_goes.erase_document(office.desk(), client, scan, ORDER)


def test_a_damaged_client_keeps_nobody_from_the_list_or_the_first_page(office: Office) -> None:
    first, second = office.facts.clients
    for client in (first, second):
        end_policies(office, client, date(2010, 4, 1))
    bin.put(office.desk(), first, office.facts.policies[0][0], 3)
    office.sql("UPDATE contents SET sealed = zeroblob(200) WHERE owner=?", first)
    assert [row.id for row in retention.look(office.desk()).rows] == [second]
    office.clock.tick(40 * DAY)
    retention.daily(office.desk())
    assert bin.sweep(office.desk()) == 0
    assert today(office.desk()).due == (1, office.instance.now())


def test_a_hold_keeps_the_parts_too(office: Office) -> None:
    client, wife = with_wife(office)
    change_client(office, client, holds=(Hold(reason="訴訟中"),))
    assert [hold.reason for hold in what_goes.preview(office.desk(), client).holds] == ["訴訟中"]
    for erase in (lambda: what_goes.erase_policy(office.desk(), client, office.facts.policies[0][0], ORDER),
                  lambda: what_goes.erase_member(office.desk(), client, wife.id, [], ORDER)):  # fmt: skip
        with pytest.raises(Refused, match="held"):
            erase()
    page = clients.get(office.desk(), client)
    assert page.client.member(wife.id) == wife
    change_client(office, client, holds=(), notes="終わった")
    what_goes.erase_member(office.desk(), client, wife.id, [], ORDER)


def test_a_backup_is_made_where_one_can_be(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    what_goes.erase_policy(office.desk(), office.facts.clients[0], office.facts.policies[0][0], ORDER)
    assert bin.back_up(office.desk()) and len(folder_of(office.instance).names()) == 1

    def away(instance: object) -> None:
        raise OSError("the disk is away")

    monkeypatch.setattr(backups, "make", away)
    assert not bin.back_up(office.desk())
