"""How much scanned papers may take: exactly so much, whoever else is at it, and nothing that no row names counts."""

from __future__ import annotations

import pytest

from tests.support import documents as papers
from tests.support.offices import NAMES, Office
from tests.support.people import join
from vault.config import MIB
from vault.domain.access import Role
from vault.domain.erasures import ErasureOrder
from vault.errors import Refused
from vault.services import held_pages, intake, space, uploads, what_goes

pytestmark = pytest.mark.usefixtures("without_reading")
TWO = papers.pdf("first page", "second page")


def taken(office: Office) -> int:
    return sum(size for _, _, size in papers.rows(office))


def full(office: Office, data: bytes = TWO) -> Refused:
    with pytest.raises(Refused) as caught:
        papers.add(office, data)
    assert caught.value.code == "office-full"
    return caught.value


def test_what_is_left_is_the_limit_less_what_rows_name(office: Office) -> None:
    limit = office.instance.settings.documents_bytes
    assert space.left(office.instance) == limit
    papers.add(office, TWO)
    assert taken(office) > 0 and space.left(office.instance) == limit - taken(office)
    names = {path.name: path.stat().st_size for path in office.settings.objects.rglob("*") if path.is_file()}
    assert sum(names.values()) == taken(office)


def test_files_that_no_row_names_do_not_count(office: Office) -> None:
    before = space.left(office.instance)
    office.instance.objects.put(bytes(16), [bytes(5 * MIB)])
    papers.add(office, TWO, hold=True)
    papers.upload(office.desk(), office.facts.clients[0], TWO)
    assert space.left(office.instance) == before


def test_exactly_at_the_limit_it_fits_and_a_byte_less_does_not(office: Office) -> None:
    papers.add(office, TWO)
    each = taken(office)
    papers.limited(office, 2 * each)
    papers.add(office, TWO)
    assert space.left(office.instance) == 0
    assert full(office).facts == {"most": 2 * each // MIB}
    what_goes.erase_document(
        office.desk(), office.facts.clients[0], papers.of_client(office)[0].id, ErasureOrder(reason="誤った登録")
    )
    papers.limited(office, 2 * each - 1)
    full(office)
    papers.assert_nothing_half(office)
    assert len(papers.of_client(office)) == 1 and papers.on_the_way(office) == []
    papers.limited(office, 2 * each)
    papers.add(office, TWO)


def test_it_is_over_in_the_middle_of_a_file(office: Office) -> None:
    papers.add(office, papers.pdf("x"))
    papers.limited(office, taken(office) * 3)
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, papers.pdf(*["x"] * 9))
    pages = []
    with pytest.raises(Refused, match="office-full"):
        for step in intake.take_in(desk, client, arrived):
            pages.append(step.number)
    assert pages == [1, 2]  # no more of it was drawn
    papers.assert_nothing_half(office)
    assert papers.on_the_way(office) == [] and len(papers.of_client(office)) == 1


def test_two_at_once_do_not_take_the_same_room(office: Office) -> None:
    papers.add(office, TWO)
    each = taken(office)
    papers.limited(office, 2 * each)
    desk, client = office.desk(), office.facts.clients[0]
    runs = [intake.take_in(desk, client, papers.upload(desk, client, TWO)) for _ in range(2)]
    for run in runs:
        next(run)
        next(run)
    assert list(runs[0])[-1].document
    with pytest.raises(Refused, match="office-full"):
        list(runs[1])
    assert space.left(office.instance) == 0
    papers.assert_nothing_half(office)


def test_a_held_page_is_let_in_only_where_there_is_room(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, papers.pdf("x"), hold=True)
    size = len(held_pages.page(office.desk(), client, document, 0).image)
    papers.limited(office, size)
    with pytest.raises(Refused, match="office-full"):
        held_pages.release(office.desk(), client, document, 0, [], 1)
    papers.assert_nothing_half(office)
    assert papers.held(office, document).document.held == [0]
    papers.limited(office, 10 * size)
    held_pages.release(office.desk(), client, document, 0, [], 1)
    papers.limited(office, taken(office))
    assert space.left(office.instance) == 0


def test_where_there_is_no_room_nothing_is_begun(office: Office) -> None:
    papers.add(office, TWO)
    for limit in (taken(office), taken(office) - 1, 0):  # lowered afterwards too
        papers.limited(office, limit)
        with pytest.raises(Refused, match="office-full"):
            papers.announce(office.desk(), office.facts.clients[0], TWO)
    assert papers.on_the_way(office) == []
    assert papers.words_of(office, papers.of_client(office)[0].id) == ["first page", "second page"]


def test_with_no_room_left_a_held_page_can_still_be_left_out(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO, hold=True)
    papers.limited(office, 0)
    assert held_pages.leave_out(office.desk(), client, document, 0, 1) == 2


# --- the page of what takes how much


def test_the_page_tells_what_takes_how_much(office: Office) -> None:
    papers.add(office, TWO)
    theirs = papers.add(office, papers.pdf("x"), client=1)
    arrived = papers.upload(office.desk(), office.facts.clients[0], bytes(10_000))
    room = space.look(office.desk())
    assert (room.pages, room.taken, room.limit) == (3, taken(office), office.instance.settings.documents_bytes)
    assert [(each.name, each.documents, each.pages) for each in room.clients] == [(NAMES[0], 1, 2), (NAMES[1], 1, 1)]
    assert room.owners == 2 and sum(each.size for each in room.clients) == room.taken
    assert 10_000 < room.arriving < 30_000 and room.database > 0 and room.backup == 0 and room.free > 0
    uploads.cancel(office.desk(), office.facts.clients[0], arrived)
    size = papers.held(office, theirs, 1).document.size
    assert space.look(office.desk()).arriving == 0 and room.clients[1].size == size
    papers.limited(office, room.taken)
    assert space.look(office.desk()).per_cent == 100 and space.look(office.desk()).nearly_full


def test_whoever_may_not_read_clients_sees_sizes_and_no_names(office: Office) -> None:
    papers.add(office, TWO)
    for role in (Role.AUDITOR, Role.HANDLER):  # the handler has no compartment
        member = join(office, role, (), f"{role.value} 花")
        [each] = space.look(member.desk(office)).clients
        assert each.name == "" and each.pages == 2 and each.size == taken(office)
