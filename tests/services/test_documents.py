"""Documents of a client: listed, described, read page by page as they were drawn; gone when they are erased."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.services import test_packing, test_restoring
from tests.support import documents as papers
from tests.support import endings
from tests.support.offices import Office
from tests.support.people import join
from vault.domain.access import Role
from vault.domain.documents import KINDS, Document
from vault.domain.erasures import BIN, PART, ErasureOrder
from vault.domain.values import TypedDate
from vault.errors import Conflict, Damaged, Forbidden, NotFound, RolledBack
from vault.services import (
    backups,
    bin,
    clients,
    confirming,
    data_ledger,
    documents,
    erasing,
    held_pages,
    log,
    objects,
    what_goes,
)
from vault.services.accounts import compartments
from vault.services.audit import Event
from vault.services.log_walk import Query
from vault.storage import sandbox
from vault.storage.sandbox import PageImage

pytestmark = pytest.mark.usefixtures("without_reading")
ORDER = ErasureOrder(reason="誤った登録")
DAY = 24 * 60 * 60
TWO = papers.pdf("first page", "second page")


def of_day(day: str) -> Document:
    from datetime import date

    return replace(papers.POLICY, title=day, date=TypedDate(day, date.fromisoformat(day)))


def page_file(office: Office, document: bytes, number: int = 0, client: int = 0) -> Path:
    name = bytes.fromhex(papers.held(office, document, client).document.pages[number].object)
    [(file,)] = office.sql("SELECT file FROM objects WHERE id = ?", name)
    return office.instance.objects.path_of(file)


# --- looked at


def test_a_page_read_back_is_what_was_drawn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[PageImage] = []
    real = sandbox.redraw

    def listening(*arguments: object, **options: object) -> object:
        for page in real(*arguments, **options):  # type: ignore[arg-type]
            drawn.append(page)
            yield page

    monkeypatch.setattr(sandbox, "redraw", listening)
    client, document = office.facts.clients[0], papers.add(office, TWO)
    entries = papers.held(office, document).document.pages
    for number, page in enumerate(drawn):
        found = documents.page(office.desk(), client, document, number)
        assert (found.image, found.thumb, found.words, found.numbers) == (page.image, page.thumb, page.words, ())
        assert (entries[number].width, entries[number].height) == (page.width, page.height)
    for number in (-1, 2, 10**6):
        with pytest.raises(NotFound):
            documents.page(office.desk(), client, document, number)


def test_a_photograph_is_a_document_of_one_page(office: Office) -> None:
    [page] = papers.held(office, papers.add(office, papers.photograph())).document.pages
    assert (page.width, page.height, page.words, page.exact) == (620, 877, 0, False)


def test_the_bytes_that_were_sent_lie_nowhere(office: Office) -> None:
    sent = papers.photograph()
    papers.add(office, sent)
    for path, raw in papers.raw_files(office.folder.parent):
        assert sent[100:400] not in raw, path


def test_the_clients_page_lists_them_with_the_newest_day_first(office: Office) -> None:
    client = office.facts.clients[0]
    days = ("2024-05-01", "2026-01-31", "2019-12-01")
    made = {day: papers.add(office, papers.pdf("x"), of_day(day)) for day in days}
    undated = papers.add(office, papers.pdf("x"))  # counts by the day it was written
    listed = papers.of_client(office)
    assert [each.id for each in listed] == [undated, made[days[1]], made[days[0]], made[days[2]]]
    assert papers.of_client(office, 1) == []
    page = documents.get(office.desk(), client, made[days[0]])
    assert page.client.name == clients.get(office.desk(), client).client.name
    assert [each.id for each in page.others] == [undated, made[days[1]], made[days[2]]]
    assert {held.id for held in page.policies} == set(office.facts.policies[0])


def test_what_is_said_of_it_has_versions_and_the_pages_stay(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    pages = papers.held(office, document).document.pages
    said = Document(kind=KINDS[3], title="控除証明書", policy=office.facts.policies[0][0].hex())
    assert documents.save(office.desk(), client, document, said, 1) == 2
    found = documents.get(office.desk(), client, document)
    assert found.held.document == replace(said, pages=pages) and found.held.version == 2
    assert [(number, author) for number, _, author in found.written] == [(2, "佐々木 恵"), (1, "佐々木 恵")]
    with pytest.raises(Conflict):
        documents.save(office.desk(), client, document, said, 1)
    forged = replace(said, pages=(replace(pages[0], object="ab" * 16),))
    documents.save(office.desk(), client, document, forged, 2)
    assert papers.held(office, document).document.pages == pages


def test_a_policy_that_is_not_his_is_not_found(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    for named in (office.facts.policies[1][0].hex(), document.hex(), "ab" * 16, "終身"):
        with pytest.raises(NotFound):
            documents.save(office.desk(), client, document, replace(papers.POLICY, policy=named), 1)
    assert papers.held(office, document).version == 1


def test_another_kind_of_record_is_no_document(office: Office) -> None:
    client = office.facts.clients[0]
    for record in (office.facts.policies[0][0], client, bytes(16)):
        for act in (
            lambda record=record: documents.get(office.desk(), client, record),
            lambda record=record: documents.page(office.desk(), client, record, 0),
            lambda record=record: documents.save(office.desk(), client, record, papers.POLICY, 1),
            lambda record=record: documents.proposals(office.desk(), client, record),
            lambda record=record: what_goes.erase_document(office.desk(), client, record, ORDER),
        ):
            with pytest.raises(NotFound):
                act()


def test_a_page_of_a_pile_is_read_by_itself(office: Office) -> None:
    """Several policies go through the scanner as one file; the first of them must not speak for all."""
    client = office.facts.clients[0]
    pile = papers.add(office, papers.pdf(*(f"PolicyNo 12-345-67{n}" for n in range(6))))
    said = [documents.proposals(office.desk(), client, pile, n) for n in range(6)]
    assert [[(each.value, each.page) for each in found] for found in said] == [[(f"12-345-67{n}", n)] for n in range(6)]
    for number in (-1, 6):
        with pytest.raises(NotFound):
            documents.proposals(office.desk(), client, pile, number)


def test_who_may_look_and_who_may_not(office: Office) -> None:
    client, document, rooms = office.facts.clients[0], papers.add(office, TWO), tuple(office.desk().client_compartments())
    viewer = join(office, Role.VIEWER, rooms, "見る 人")
    assert documents.page(viewer.desk(office), client, document, 0).image
    auditor = join(office, Role.AUDITOR, (), "監査 人")
    with pytest.raises(Forbidden):
        documents.page(auditor.desk(office), client, document, 0)
    outside = join(office, Role.HANDLER, (compartments.make(office.desk(), "支店"),), "外の 人")
    for act in (documents.page, lambda desk, *_: documents.get(desk, client, document)):
        with pytest.raises(NotFound):
            act(outside.desk(office), client, document, 0)


def test_another_clients_document_is_not_found_under_this_one(office: Office) -> None:
    first, second = office.facts.clients
    document = papers.add(office, TWO)
    for act in (documents.page, lambda desk, *_: documents.get(desk, second, document)):
        with pytest.raises(NotFound):
            act(office.desk(), second, document, 0)
    assert documents.page(office.desk(), first, document, 0).image


def test_the_log_tells_who_opened_it_and_what_it_was_called(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    before = office.sql("SELECT max(position) FROM journal")[0][0]
    documents.get(office.desk(), client, document)
    told = [row[0] for row in office.sql("SELECT event FROM journal WHERE position > ?", before)]
    assert told.count(Event.DOCUMENT_OPENED.value) == 1
    for event in (Event.DOCUMENT_OPENED, Event.DOCUMENT_SAVED):
        [line] = log.page(office.desk(), Query(events=(event,), subject=client)).lines
        assert "保険証券 終身の証券" in str(line.subject)


# --- spoiled


@pytest.mark.parametrize("spoil", ["flip", "cut", "longer", "swap", "gone", "another client's"])
def test_any_other_bytes_of_a_page_are_refused(spoil: str, office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    theirs = page_file(office, papers.add(office, TWO, client=1), client=1)
    path, other = page_file(office, document), page_file(office, document, 1)
    raw = path.read_bytes()
    if spoil == "gone":
        path.unlink()
    else:
        path.write_bytes({
            "flip": raw[:-1] + bytes([raw[-1] ^ 1]), "cut": raw[:-16], "longer": raw + bytes(16),
            "swap": other.read_bytes(), "another client's": theirs.read_bytes(),
        }[spoil])  # fmt: skip
    with pytest.raises(Damaged):
        documents.page(office.desk(), client, document, 0)
    assert documents.page(office.desk(), client, document, 1).image
    assert clients.get(office.desk(), client).documents  # the rest of the client is read as before


def test_rows_of_two_pages_exchanged_by_hand_are_refused(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    [(one, file, size), (two, other, more)] = papers.rows(office)
    [(hash_one,), (hash_two,)] = (office.sql("SELECT hash FROM objects WHERE id = ?", each) for each in (one, two))
    office.sql("UPDATE objects SET file = ?, size = ?, hash = ? WHERE id = ?", bytes(16), more, hash_two[0], one)
    office.sql("UPDATE objects SET file = ?, size = ?, hash = ? WHERE id = ?", file, size, hash_one[0], two)
    office.sql("UPDATE objects SET file = ? WHERE id = ?", other, one)
    for number in (0, 1):
        with pytest.raises(Damaged):
            documents.page(office.desk(), client, document, number)


def test_other_bytes_sealed_under_the_very_key_of_the_page_are_refused(office: Office) -> None:
    """Whoever has the key and the disk: the contents list names these bytes and no others."""
    client, document = office.facts.clients[0], papers.add(office, TWO)
    name, old, _ = papers.rows(office)[0]
    forged = objects.seal_into_file(office.instance, office.desk().folder(client), name, [b"another page"], 12)
    office.sql("UPDATE objects SET file = ?, size = ?, hash = ? WHERE id = ?", forged.file, forged.size, forged.hash, name)
    numbers = [bytes.fromhex(page.object) for page in papers.held(office, document).document.pages]
    with pytest.raises(Damaged):
        documents.page(office.desk(), client, document, numbers.index(name))
    [(digest,)] = office.sql("SELECT hash FROM objects WHERE id = ?", name)
    assert digest == forged.hash and office.instance.objects.path_of(old).is_file()


def test_a_row_of_a_page_taken_away_by_hand_is_damage(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    office.sql("DELETE FROM objects WHERE id = ?", papers.rows(office)[0][0])
    with pytest.raises(Damaged):
        for number in (0, 1):
            documents.page(office.desk(), client, document, number)


def test_an_earlier_contents_list_without_the_document_is_refused(office: Office) -> None:
    client = office.facts.clients[0]
    [(version, sealed)] = office.sql("SELECT version, sealed FROM contents WHERE owner = ?", client)
    document = papers.add(office, TWO)
    [now] = office.sql("SELECT version, sealed FROM contents WHERE owner = ?", client)
    office.sql("UPDATE contents SET version = ?, sealed = ? WHERE owner = ?", version, sealed, client)
    with pytest.raises(RolledBack):
        documents.page(office.desk(), client, document, 0)
    office.sql("UPDATE contents SET version = ?, sealed = ? WHERE owner = ?", *now, client)
    assert documents.page(office.desk(), client, document, 0).image
    [(row,)] = office.sql("SELECT sealed FROM records WHERE id = ?", document)
    office.sql("UPDATE records SET sealed = ? WHERE id = ?", row[:-1] + bytes([row[-1] ^ 1]), document)
    with pytest.raises(Damaged):
        documents.page(office.desk(), client, document, 0)


def test_a_client_confirmed_after_a_rollback_keeps_his_documents(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    office.sql("DELETE FROM contents WHERE owner = ?", client)
    with pytest.raises(RolledBack):
        papers.held(office, document)
    confirming.confirm_client(office.desk(), client)
    assert papers.words_of(office, document) == ["first page", "second page"]


# --- erased


def test_an_erased_document_is_gone_live_and_in_the_backups(office: Office) -> None:
    client = office.facts.clients[0]
    document, stays = papers.add(office, TWO), papers.add(office, papers.pdf("stays"))
    documents.save(office.desk(), client, document, replace(papers.POLICY, title="二度目"), 1)
    folder = office.desk().folder(client)
    sealed = [page_file(office, document, n).read_bytes() for n in (0, 1)]
    name = backups.make(office.instance).name
    number = what_goes.erase_document(office.desk(), client, document, ORDER)
    told = erasing.certificate(office.desk(), number)
    assert (told.what, told.records, told.versions, told.objects) == (PART, 1, 1, 2)
    assert erasing.is_vouched(office.desk(), told)
    assert [each.id for each in papers.of_client(office)] == [stays]
    assert papers.words_of(office, stays) == ["stays"]
    papers.assert_nothing_half(office)
    assert len(papers.rows(office)) == 1
    live = [office.settings.objects, office.settings.database.parent]
    assert not any(each in raw for place in live for _, raw in papers.raw_files(place) for each in sealed)
    for path, raw in papers.raw_files(office.folder):  # what a backup still has, no key opens
        assert folder.key not in raw, path
    office.clock.tick(DAY)
    test_restoring.restore(office, name)
    test_restoring.confirm(office)
    assert [each.id for each in papers.of_client(office)] == [stays]
    with pytest.raises(NotFound):
        what_goes.erase_document(office.desk(), client, document, ORDER)


def test_an_erased_client_takes_documents_held_pages_and_uploads_along(office: Office) -> None:
    client = office.facts.clients[0]
    papers.add(office, TWO)
    papers.add(office, papers.pdf(papers.NUMBERED))
    papers.upload(office.desk(), client, TWO)
    theirs = papers.add(office, TWO, client=1, hold=True)
    folder = office.desk().folder(client)
    [number] = erasing.erase_clients(office.desk(), [client], ORDER)
    assert erasing.certificate(office.desk(), number).objects == 2
    assert not (office.settings.uploads / client.hex()).exists()
    assert papers.object_files(office) == set() and papers.rows(office) == []
    for path, raw in papers.raw_files(office.folder):
        assert folder.key not in raw, path
    assert held_pages.page(office.desk(), office.facts.clients[1], theirs, 0).words


def test_in_the_bin_it_is_hidden_and_comes_back_as_it_was(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    before = papers.held(office, document)
    with pytest.raises(Conflict):
        bin.put(office.desk(), client, document, 7)
    bin.put(office.desk(), client, document, 1)
    assert papers.of_client(office) == [] and bin.lies_there(office.desk(), client, document)
    [item] = bin.listed(office.desk())
    assert item.document == before.document and item.policy is None and not item.whole
    for act in (
        lambda: papers.held(office, document),
        lambda: documents.page(office.desk(), client, document, 0),
        lambda: documents.save(office.desk(), client, document, papers.POLICY, 1),
    ):
        with pytest.raises(NotFound):
            act()
    bin.bring_back(office.desk(), client, document)
    assert papers.held(office, document) == before
    papers.assert_nothing_half(office)


def test_what_has_lain_in_the_bin_long_enough_goes_with_its_pages(office: Office) -> None:
    client = office.facts.clients[0]
    document, stays = papers.add(office, TWO), papers.add(office, papers.pdf("stays"))
    bin.put(office.desk(), client, document, 1)
    office.clock.tick(bin.days(office.desk()) * DAY + DAY)
    assert bin.sweep(office.desk()) == 1
    told = erasing.certificate(office.desk(), 1)
    assert (told.what, told.records, told.objects) == (BIN, 1, 2)
    assert bin.listed(office.desk()) == [] and papers.words_of(office, stays) == ["stays"]
    papers.assert_nothing_half(office)
    assert len(papers.rows(office)) == 1


def test_a_policy_erased_leaves_the_document_that_named_it(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    document = papers.add(office, TWO, replace(papers.POLICY, policy=policy.hex()))
    what_goes.erase_policy(office.desk(), client, policy, ORDER)
    found = papers.held(office, document)
    assert papers.words_of(office, document) == ["first page", "second page"]
    documents.save(office.desk(), client, document, replace(found.document, policy=""), found.version)


# --- backups, the way back, the way to another server


def test_a_backup_brings_documents_back_with_their_pages(office: Office) -> None:
    client = office.facts.clients[0]
    document, held = papers.add(office, TWO), papers.add(office, papers.pdf(papers.NUMBERED))
    made = backups.make(office.instance)
    assert made.lost == 0 and backups.drill(office.instance).faults == ()
    office.clock.tick(DAY)
    documents.save(office.desk(), client, document, replace(papers.POLICY, title="あとで"), 1)
    later = papers.add(office, papers.pdf("later"))
    for path in list(office.settings.objects.rglob("*")):
        if path.is_file():
            path.unlink()
    test_restoring.restore(office, made.name)
    test_restoring.confirm(office)
    assert papers.held(office, document).document.title == "終身の証券"
    assert papers.words_of(office, document) == ["first page", "second page"]
    with pytest.raises(NotFound):
        papers.held(office, later)
    assert held_pages.page(office.desk(), client, held, 0).numbers  # of today: no backup has it
    assert backups.drill(office.instance, backups.make(office.instance).name).faults == ()


def test_what_is_on_its_way_in_or_held_is_in_no_backup(office: Office) -> None:
    client = office.facts.clients[0]
    papers.add(office, papers.pdf("first", papers.NUMBERED))
    papers.upload(office.desk(), client, TWO)
    backups.make(office.instance)
    way = {raw for _, raw in papers.raw_files(office.settings.uploads)}
    assert len(way) == 3  # the held page, the order, the piece
    kept = [raw for _, raw in papers.raw_files(office.settings.backups)]
    assert kept and not any(each in raw or raw in each for each in way for raw in kept if len(raw) > 64)


def test_a_pack_carries_documents_to_another_server(office: Office) -> None:
    document = papers.add(office, TWO)
    held = papers.add(office, papers.pdf("x"), hold=True)
    endings.let_go(office)
    test_packing.unpack(office, test_packing.pack(office).code)
    there = test_packing.unpacked(office)
    assert papers.words_of(there, document) == ["first page", "second page"]
    with pytest.raises(NotFound):  # what is on its way in stays behind, and can be done without
        held_pages.page(there.desk(), there.facts.clients[0], held, 0)
    held_pages.leave_out(there.desk(), there.facts.clients[0], held, 0, 1)
    papers.assert_nothing_half(there)
    endings.let_go(there)


def test_the_data_ledger_counts_documents(office: Office) -> None:
    assert data_ledger.data_ledger(office.desk()).documents == 0
    papers.add(office, TWO)
    papers.add(office, TWO, client=1)
    assert data_ledger.data_ledger(office.desk()).documents == 2


def test_a_policy_in_the_bin_keeps_its_document_though_no_form_can_choose_it(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    document = papers.add(office, TWO, replace(papers.POLICY, policy=policy.hex()))
    page = clients.get(office.desk(), client)
    bin.put(office.desk(), client, policy, next(held.version for held in page.policies if held.id == policy))
    documents.save(office.desk(), client, document, replace(papers.POLICY, title="later", policy=""), 1)
    held = papers.held(office, document).document
    assert (held.title, held.policy) == ("later", policy.hex())
    bin.bring_back(office.desk(), client, policy)
    documents.save(office.desk(), client, document, replace(papers.POLICY, policy=""), 2)
    assert papers.held(office, document).document.policy == ""
