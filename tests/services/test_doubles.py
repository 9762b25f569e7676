"""Doubles: what is proposed, and that uniting two records loses nothing of either."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.support.forging import stolen_keystore
from tests.support.offices import Office, copied, household, policy
from tests.support.people import join
from tests.support.twins import SCAN, TWIN, Twins, twins_in, union, unite
from vault.crypto.keys import new_id
from vault.domain.access import Permission, Role
from vault.domain.clients import Client, Hold, Household
from vault.domain.doubles import CLIENT, PERSON, POLICY
from vault.domain.erasures import ErasureOrder
from vault.domain.prints import POLICY_LIST, WITHDRAWN, PrintOrder
from vault.domain.values import TypedDate
from vault.errors import Conflict, Forbidden, NotFound, Refused
from vault.services import (
    backups,
    bin,
    clients,
    doubles,
    drafts_kept,
    erasing,
    ledger,
    merged,
    objects,
    policies,
    printing,
    rekeying,
    restore_confirming,
    restoring,
    undoing,
    uniting,
    uniting_within,
    what_goes,
)
from vault.services.accounts import compartments, rules
from vault.services.audit import Event
from vault.services.clients import Page
from vault.services.drafts_kept import CLIENT as KEPT_CLIENT
from vault.services.drafts_kept import POLICY as KEPT_POLICY
from vault.services.drafts_kept import Draft
from vault.services.log_names import Names
from vault.services.safe import Desk
from vault.services.uniting import Base

ORDER = ErasureOrder(reason="誤った登録")
@pytest.fixture(scope="module")
def template(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Twins:
    office = copied(templates[0], tmp_path_factory.mktemp("twins"))
    made = twins_in(office)
    office.instance.engine.dispose()
    office.instance.keyring.let_go()
    return made


@pytest.fixture
def twins(template: Twins, tmp_path: Path) -> Iterator[Twins]:
    made = replace(template, office=copied(template.office, tmp_path))
    yield made
    made.office.instance.engine.dispose()


def one_of(client: Client) -> Household:
    assert isinstance(client, Household)
    return client


# --- what is proposed


def test_a_client_in_two_spellings_is_proposed_with_why(twins: Twins) -> None:
    found = doubles.proposed(twins.office.desk())
    [pair] = [each for each in found.shown if each.what == CLIENT]
    assert {pair.one.client_id, pair.other.client_id} == {twins.first, twins.twin}
    assert pair.reasons == ("head", "name-place") and pair.strength == 3 and (found.total, found.pending) == (1, 0)


def test_what_was_said_to_be_two_is_never_proposed_again(twins: Twins) -> None:
    desk = twins.office.desk()
    for pair in [(twins.twin.hex(), twins.first.hex()), (twins.first.hex(), twins.twin.hex())]:
        doubles.keep_apart(desk, CLIENT, *pair)
    assert doubles.proposed(desk).shown == [] and doubles.proposed(desk).total == 0
    said = twins.office.sql("SELECT count(*) FROM records WHERE kind='apart'")
    assert said == [(1,)]
    for what, one, other in ((CLIENT, "no id", "at all"), (PERSON, "", twins.first.hex()), (CLIENT, "ab" * 9000, "cd" * 16)):
        with pytest.raises(NotFound):
            doubles.keep_apart(desk, what, one, other)


def test_a_policy_and_a_person_entered_twice_are_proposed_and_no_other(office: Office) -> None:
    desk, first = office.desk(), office.facts.clients[0]
    record = clients.get(desk, first).client
    again = replace(record.members[0], id=new_id().hex(), relationship="")
    clients.save(desk, first, replace(record, members=(*record.members, again)), 2)
    made = policies.create(desk, first, policy(one_of(record), "ニッセイ", "n01"))
    found = {each.what: each for each in doubles.proposed(desk).shown}
    assert set(found) == {POLICY, PERSON}
    assert {found[POLICY].one.record, found[POLICY].other.record} == {office.facts.policies[0][0], made}
    assert {found[PERSON].one.id, found[PERSON].other.id} == {record.members[0].id, again.id}
    doubles.keep_apart(desk, PERSON, again.id, record.members[0].id)
    assert [each.what for each in doubles.proposed(desk).shown] == [POLICY]


def test_nothing_of_a_compartment_that_one_cannot_open_is_proposed(twins: Twins) -> None:
    desk = twins.office.desk()
    [main] = desk.client_compartments()
    branch = compartments.make(desk, "支店")
    compartments.move_client(twins.office.desk(), twins.twin, branch)
    inside = join(twins.office, Role.HANDLER, (main, branch), "両方 一子").desk(twins.office)
    outside = join(twins.office, Role.HANDLER, (main,), "本店 二子").desk(twins.office)
    assert doubles.proposed(inside).total == 1 and doubles.proposed(outside).total == 0
    with pytest.raises(Refused, match="doubles-rooms"):
        doubles.two_clients(inside, twins.first, twins.twin)
    with pytest.raises(Forbidden):
        doubles.proposed(join(twins.office, Role.VIEWER, (main,), "閲覧 三子").desk(twins.office))


# --- two clients


def test_all_of_both_is_there_afterwards_in_every_version(twins: Twins) -> None:
    office, desk = twins.office, twins.office.desk()
    own = clients.get(desk, twins.first)
    before = clients.versions(desk, twins.first, twins.first)
    theirs = clients.versions(desk, twins.twin, twins.twin)
    versions = clients.versions(desk, twins.twin, twins.policy)
    unite(desk, twins.first, twins.twin)
    desk = office.desk()
    page: Page = clients.get(desk, twins.first)
    assert {held.id for held in page.policies} == {*(held.id for held in own.policies), twins.policy}
    assert page.client.mail == "shima@example.com" and page.client.notes == "二度目\n支店で聞いたこと"
    assert len(page.client.members) == 1 and page.client.members[0].id == own.client.members[0].id
    assert [held.id for held in page.deposits] == [twins.deposit] and [held.id for held in page.documents] == [twins.document]
    assert clients.versions(desk, twins.first, twins.first)[1:] == before
    [kept] = merged.versions(desk, twins.first).values()
    assert kept == theirs and page.merged == 1
    now = clients.versions(desk, twins.first, twins.policy)
    assert now[1:] == versions  # it names the person who stays, which is one version more
    assert [role.member for role in now[0].record.roles] == [page.client.members[0].id] * 2  # type: ignore[union-attr]
    with desk.act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, twins.first) as act:
        assert [objects.read(act, twins.first, name) for name in objects.names(act, twins.first)] == [SCAN]
    assert [item.client for item in bin.listed(desk)] == [twins.first]


def test_the_one_that_went_is_nowhere_and_nothing_can_be_written_for_him(twins: Twins) -> None:
    desk = twins.office.desk()
    page = clients.get(desk, twins.twin)
    handler = join(twins.office, Role.HANDLER, tuple(desk.client_compartments()), "担当 一子").desk(twins.office)
    unite(handler, twins.first, twins.twin)
    desk = twins.office.desk()
    assert {head.id for head in clients.list_clients(desk)} == set(twins.office.facts.clients)
    for act in (
        lambda: clients.get(desk, twins.twin), lambda: clients.save(desk, twins.twin, page.client, page.version),
        lambda: policies.create(desk, twins.twin, page.policies[0].policy), lambda: unite(desk, twins.first, twins.twin),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            act()
    for table in ("records", "history", "objects"):
        assert twins.office.sql(f"SELECT count(*) FROM {table} WHERE owner=?", twins.twin) == [(0,)]
    assert doubles.proposed(desk).total == 0
    assert [room.clients for room in compartments.listed(desk)] == [2]
    twins.office.restart()
    assert len(clients.list_clients(twins.office.desk())) == 2


def test_links_and_printed_paper_are_the_others_from_then_on(twins: Twins) -> None:
    desk, second = twins.office.desk(), twins.office.facts.clients[1]
    assert [link.client for link in clients.get(desk, second).client.related] == [twins.twin.hex()]
    unite(desk, twins.first, twins.twin)
    [link] = clients.get(desk, second).client.related
    assert link.client == twins.first.hex()
    [mine] = clients.get(desk, twins.first).client.related
    assert (mine.client, mine.member) == (second.hex(), clients.get(desk, twins.first).client.members[0].id)
    told = ledger.one(desk, twins.serial)
    assert told.entry.client == twins.first.hex() and told.names is not None and told.names.client == TWIN


def test_two_entries_in_the_journal_tell_of_both(twins: Twins) -> None:
    unite(twins.office.desk(), twins.first, twins.twin)
    told = twins.office.sql("SELECT subject FROM journal WHERE event='clients-united' ORDER BY position")
    assert {bytes(subject) for (subject,) in told} >= {twins.first, twins.twin}


@pytest.mark.parametrize("which", ["stays", "goes"])
def test_nothing_is_done_when_somebody_has_saved_either(twins: Twins, which: str) -> None:
    desk = twins.office.desk()
    record, same, sides = union(desk, twins.first, twins.twin)
    page = getattr(sides, which)
    clients.save(desk, page.id, replace(page.client, notes="今しがた"), page.version)
    before = list(twins.office.instance.objects.names())
    with pytest.raises(Conflict):
        uniting.unite_clients(
            desk, Base(twins.first, sides.stays.version), Base(twins.twin, sides.goes.version), record, same
        )
    assert clients.get(desk, twins.twin).client.name == TWIN
    assert list(twins.office.instance.objects.names()) == before


def test_a_household_never_goes_into_itself_nor_into_a_corporation(twins: Twins) -> None:
    desk = twins.office.desk()
    with pytest.raises(Refused, match="doubles-same"):
        uniting.unite_clients(desk, Base(twins.first, 2), Base(twins.first, 2), household("志摩", "シマ"), {})
    with pytest.raises(Refused, match="doubles-same"):
        doubles.two_clients(desk, twins.first, twins.first)


# --- afterwards


def key_of(desk: Desk, client: bytes) -> bytes:
    return desk.folder(client).key


@pytest.mark.parametrize("whole", [True, False])
def test_erasing_him_or_a_part_of_him_leaves_nothing_that_opens_what_went_into_him(twins: Twins, whole: bool) -> None:
    office, desk = twins.office, twins.office.desk()
    key = key_of(desk, twins.twin)
    unite(desk, twins.first, twins.twin)
    assert key_of(office.desk(), twins.twin) == key, "earlier backups open until then"
    if whole:
        erasing.erase_clients(office.desk(), [twins.first], ORDER)
    else:
        rekeying.erase_part(office.desk(), twins.first, {twins.policy}, ORDER)
    desk = office.desk()
    assert twins.twin not in stolen_ring(office, desk)
    assert office.sql("SELECT count(*) FROM contents WHERE owner=?", twins.twin) == [(0,)]
    assert all(key not in path.read_bytes() for path in office.folder.rglob("*") if path.is_file())
    left = {twins.first} if not whole else set()
    assert {head.id for head in clients.list_clients(desk)} == {office.facts.clients[1], *left}
    if not whole:
        assert [versions[0].record.name for versions in merged.versions(desk, twins.first).values()] == [TWIN]  # type: ignore[union-attr]


def test_a_person_who_is_erased_is_in_no_version_of_what_went_into_the_client(twins: Twins) -> None:
    desk = twins.office.desk()
    there, gone = (clients.get(desk, each).client.members[0] for each in (twins.first, twins.twin))
    again = replace(there, id=new_id().hex(), relationship="")
    record = clients.get(desk, twins.first).client
    clients.save(desk, twins.first, replace(record, members=(there, again)), 2)
    uniting_within.unite_people(desk, twins.first, 3, there, again.id)
    unite(desk, twins.first, twins.twin)
    kept = next(iter(merged.versions(desk, twins.first).values()))
    told = [*kept, *clients.versions(desk, twins.first, twins.first)]
    ids = {member.id for version in told for member in version.record.members}  # type: ignore[union-attr]
    what_goes.erase_member(twins.office.desk(), twins.first, there.id, [], ORDER)
    desk = twins.office.desk()
    [kept] = merged.versions(desk, twins.first).values()
    told = [*kept, *clients.versions(desk, twins.first, twins.first)]
    assert len(told) == 7 and gone.id != there.id
    left = {member.id for version in told for member in version.record.members}  # type: ignore[union-attr]
    assert left.isdisjoint({there.id, again.id, gone.id}) and ids > {there.id, again.id, gone.id}


def stolen_ring(office: Office, desk: Desk) -> list[bytes]:
    stolen_keystore(office)
    return [owner for room in desk.client_compartments() for owner in desk.ring(room).owners()]


def test_his_key_goes_where_the_other_goes(twins: Twins) -> None:
    desk = twins.office.desk()
    unite(desk, twins.first, twins.twin)
    branch = compartments.make(twins.office.desk(), "支店")
    compartments.move_client(twins.office.desk(), twins.first, branch)
    desk = twins.office.desk()
    assert {owner for owner in desk.ring(branch).owners()} == {twins.first, twins.twin}
    assert len(clients.list_clients(desk)) == 2 and clients.get(desk, twins.first).compartment == "支店"


def test_what_went_into_somebody_goes_on_with_him(twins: Twins) -> None:
    """Two in a row: the second uniting takes along what the first one kept."""
    desk, second = twins.office.desk(), twins.office.facts.clients[1]
    unite(desk, twins.first, twins.twin)
    unite(desk, second, twins.first)
    found = merged.versions(twins.office.desk(), second)
    assert sorted(len(versions) for versions in found.values()) == [2, 3] and second not in found
    assert len(clients.get(twins.office.desk(), second).policies) == 5
    erasing.erase_clients(twins.office.desk(), [second], ORDER)
    assert stolen_ring(twins.office, twins.office.desk()) == []


def test_a_backup_from_before_brings_both_back_and_taking_that_back_makes_them_one_again(twins: Twins) -> None:
    office = twins.office
    name = backups.make(office.instance).name
    office.clock.tick(24 * 60 * 60)
    unite(office.desk(), twins.first, twins.twin)
    with restoring.prepared(office.instance, "2026-11-18") as job:
        assert job.plan.returning == (twins.twin,) and job.plan.erased == 0 and job.held.name == name
        restoring.carry_out(job)
    restore_confirming.confirm(office.desk())
    desk = office.desk()
    assert [len(clients.get(desk, each).policies) for each in (twins.first, twins.twin)] == [2, 1]
    clients.save(desk, twins.twin, clients.get(desk, twins.twin).client, 2)
    assert scans_of(desk, twins.twin) == [SCAN] and len(bin.listed(desk)) == 1
    unite(office.desk(), twins.first, twins.twin)
    assert scans_of(office.desk(), twins.first) == [SCAN]


def test_a_restore_that_is_taken_back_makes_them_one_again(twins: Twins) -> None:
    office = twins.office
    backups.make(office.instance)
    office.clock.tick(24 * 60 * 60)
    unite(office.desk(), twins.first, twins.twin)
    for undo in (False, True):
        with restoring.prepared(office.instance, "2026-11-18", undo) as job:
            restoring.carry_out(job)
    restore_confirming.confirm(office.desk())
    desk = office.desk()
    assert twins.twin not in {head.id for head in clients.list_clients(desk)}
    assert len(clients.get(desk, twins.first).policies) == 3 and scans_of(desk, twins.first) == [SCAN]
    with pytest.raises(NotFound):
        policies.create(desk, twins.twin, clients.get(desk, twins.first).policies[0].policy)


def scans_of(desk: Desk, client: bytes) -> list[bytes]:
    with desk.act(Event.CLIENT_OPENED, Permission.READ_DOCUMENTS, client) as act:
        return [objects.read(act, client, name) for name in objects.names(act, client)]


def test_what_was_approved_of_the_one_that_goes_opens_nothing_of_the_other(twins: Twins) -> None:
    office, desk = twins.office, twins.office.desk()
    rules.save(desk, replace(rules.read(desk), print_approval=True))
    asker = join(office, Role.HANDLER, tuple(desk.client_compartments()), "担当 一子")
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="社内", copies=1)
    approved, waiting = (printing.request(asker.desk(office), twins.twin, order) for _ in range(2))
    printing.approve(office.desk(), approved, 1)
    unite(asker.desk(office), twins.first, twins.twin)
    for act in (
        lambda: printing.print_approved(asker.desk(office), approved), lambda: printing.approve(office.desk(), waiting, 2),
    ):  # fmt: skip
        with pytest.raises(Conflict, match="order-settled"):
            act()
    assert ledger.one(office.desk(), waiting).entry.outcome == WITHDRAWN
    assert ledger.one(office.desk(), twins.serial).entry.outcome == "", "that paper is out, and asked after as before"


def test_nobody_is_told_that_who_went_into_another_was_erased(twins: Twins) -> None:
    """Neither by the log, nor by a client of another compartment whose link could not be mended."""
    office, second = twins.office, twins.office.facts.clients[1]
    [main] = office.desk().client_compartments()
    branch = compartments.make(office.desk(), "支店")
    compartments.move_client(office.desk(), second, branch)
    unite(join(office, Role.HANDLER, (main,), "本店 一子").desk(office), twins.first, twins.twin)
    desk = office.desk()
    assert clients.get(desk, second).related == []
    with desk.act(Event.LOG_OPENED, Permission.READ_AUDIT_LOG) as act:
        assert Names(act).client(twins.twin).kind == "united"
    erasing.erase_clients(office.desk(), [twins.first], ORDER)
    desk = office.desk()
    with desk.act(Event.LOG_OPENED, Permission.READ_AUDIT_LOG) as act:
        assert {Names(act).client(each).kind for each in (twins.first, twins.twin)} == {"erased"}


def test_an_erasure_that_was_cut_off_leaves_no_list_of_who_went_in(twins: Twins, monkeypatch: pytest.MonkeyPatch) -> None:
    office = twins.office
    unite(office.desk(), twins.first, twins.twin)
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(erasing, "_drop_rows", killed)
        erasing.erase_clients(office.desk(), [twins.first], ORDER)
    erasing.finish(office.desk())
    assert office.sql("SELECT count(*) FROM contents WHERE owner IN (?, ?)", twins.first, twins.twin) == [(0,)]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_no_certificate_says_that_he_was_erased_while_the_other_has_all_of_his(twins: Twins) -> None:
    unite(twins.office.desk(), twins.first, twins.twin)
    with pytest.raises(NotFound):
        erasing.erase_clients(twins.office.desk(), [twins.twin], ORDER)
    assert twins.office.desk().can_open(twins.twin)


def test_nothing_is_taken_back_that_knows_ids_of_before(twins: Twins) -> None:
    desk = twins.office.desk()
    unite(desk, twins.first, twins.twin)
    desk = twins.office.desk()
    page = clients.get(desk, twins.first)
    moved = next(held for held in page.policies if held.id == twins.policy)
    for record, version in ((twins.first, page.version), (twins.policy, moved.version)):
        with pytest.raises(Refused, match="undo-over"):
            undoing.undo(desk, twins.first, record, version)
    twins.office.clock.tick(2)
    clients.save(desk, twins.first, replace(page.client, notes="danach"), page.version)
    undoing.undo(twins.office.desk(), twins.first, twins.first, page.version + 1)
    now = clients.get(twins.office.desk(), twins.first).client
    assert (now.notes, now.members) == (page.client.notes, page.client.members)


# --- within a client


def test_two_policies_become_one_and_the_other_lies_in_the_bin(twins: Twins) -> None:
    desk, office = twins.office.desk(), twins.office
    record = clients.get(desk, twins.twin).client
    other = policies.create(desk, twins.twin, policy(one_of(record), "日本生命", "K77", "8,800"))
    stays, goes, _, newer = doubles.two_policies(desk, twins.twin, other, twins.policy)
    assert (stays.id, goes.id, newer) == (other, twins.policy, "stays")
    said = replace(stays.policy, notes="合わせた")
    uniting_within.unite_policies(desk, twins.twin, Base(other, 1), Base(twins.policy, 2), said)
    page = clients.get(office.desk(), twins.twin)
    assert [(held.id, held.policy.notes) for held in page.policies] == [(other, "合わせた")]
    assert page.documents[0].document.policy == other.hex()
    [item] = [item for item in bin.listed(desk) if item.record == twins.policy]
    assert item.into is not None and item.into.policy_number == "K77"
    bin.bring_back(desk, twins.twin, twins.policy)
    assert len(clients.versions(desk, twins.twin, twins.policy)) == 2
    for bad, error in ((Base(other, 2), Refused), (Base(twins.policy, 1), Conflict)):
        with pytest.raises(error):
            uniting_within.unite_policies(desk, twins.twin, Base(other, 2), bad, said)


def test_no_policy_of_somebody_who_is_held_goes_into_the_bin_by_going_into_another(twins: Twins) -> None:
    desk, page = twins.office.desk(), clients.get(twins.office.desk(), twins.twin)
    other = policies.create(desk, twins.twin, policy(one_of(page.client), "日本生命", "K77", "8,800"))
    hold = Hold(reason="訴訟中", since=TypedDate.of(date(2026, 1, 5)))
    clients.save(desk, twins.twin, replace(page.client, holds=(hold,)), page.version)
    with pytest.raises(Refused) as refused:
        uniting_within.unite_policies(desk, twins.twin, Base(other, 1), Base(twins.policy, 2), page.policies[0].policy)
    assert refused.value.code == "held"
    assert {held.id for held in clients.get(twins.office.desk(), twins.twin).policies} == {other, twins.policy}


def test_what_colleagues_type_of_a_policy_goes_along_and_of_the_client_is_told_before(twins: Twins) -> None:
    office, goes = twins.office, twins.twin.hex()
    colleague = join(office, Role.HANDLER, (office.desk().client_compartments()[0],), "担当 三子")
    new, changed = Draft(KEPT_POLICY, "ab" * 16, goes, "Policy", "三子の新しい契約"), Draft(KEPT_POLICY, twins.policy.hex(), goes, "Policy", "直し", 2)
    own = Draft(KEPT_CLIENT, goes, goes, "Household", "三子の書きかけ", 2)
    for draft in (new, changed, own):
        drafts_kept.keep(colleague.desk(office), draft)
    assert uniting.typing(office.desk(), twins.twin) == ["担当 三子"]
    unite(office.desk(), twins.first, twins.twin)
    kept = drafts_kept.listed(colleague.desk(office))
    assert {(each.client, each.record, each.title) for each in kept} == {
        (twins.first.hex(), new.record, new.title), (twins.first.hex(), changed.record, changed.title)
    }
    assert drafts_kept.listed(office.desk()) == [] and not (office.settings.uploads / goes).exists()


def test_two_people_become_one_and_policies_name_him(office: Office) -> None:
    desk, first = office.desk(), office.facts.clients[0]
    record = clients.get(desk, first).client
    again = replace(record.members[0], id=new_id().hex(), name="志摩 かいと", relationship="", occupation="会社員")
    clients.save(desk, first, replace(record, members=(*record.members, again)), 2)
    twice = policy(one_of(record), "住友生命", "S-1")
    made = policies.create(desk, first, replace(twice, roles=tuple(replace(r, member=again.id) for r in twice.roles)))
    own = replace(record.members[0], occupation="会社員")
    uniting_within.unite_people(desk, first, 3, own, again.id)
    page = clients.get(office.desk(), first)
    assert page.client.members == (own,)
    [held] = [held for held in page.policies if held.id == made]
    assert {role.member for role in held.policy.roles} == {own.id} and held.version == 2
    for gone, base, error in ((again.id, 4, NotFound), (own.id, 4, Refused)):
        with pytest.raises(error):
            uniting_within.unite_people(desk, first, base, own, gone)
