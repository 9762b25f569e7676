"""使っている容量: what takes how much, who may know whose it is, and the word when it gets full."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from tests.support.kept_scans import A4, keep
from tests.support.offices import NAMES, Office
from tests.support.people import join
from tests.support.visits import Visit
from tests.web.test_sheets import text_of
from vault.domain.access import Role
from vault.domain.prints import client_number
from vault.services import bin, space
from vault.services.operations import plain_state
from vault.services.today import today
from vault.web.space import size

ALMOST = "書類の容量が残り少なくなっています。"
FULL = "書類の容量がいっぱいです。"


def limited(office: Office, limit: int) -> None:
    office.instance.settings = replace(office.instance.settings, documents_bytes=limit)


def taken(office: Office) -> int:
    return int(office.sql("SELECT coalesce(sum(size), 0) FROM objects")[0][0])


def test_an_office_without_papers_is_told_so(visit: Visit) -> None:
    assert "取り込んだ書類はまだありません。" in text_of(visit.get("/office/space"))


def test_who_has_the_most_stands_first_with_papers_pages_and_size(visit: Visit, office: Office) -> None:
    keep(office, A4, A4, client=1, pictures=[bytes(3000)] * 2)
    keep(office, A4)
    keep(office, *[A4] * 3, client=1, held=[2])
    told = text_of(visit.get("/office/space"))
    assert "上限 20 GBのうち" in told and "2件" in told and "5枚" in told
    assert told.index(NAMES[1]) < told.index(NAMES[0])
    of = {each.name: (each.documents, each.pages) for each in space.look(office.desk()).clients}
    assert of == {NAMES[1]: (2, 4), NAMES[0]: (1, 1)}
    assert sum(each.size for each in space.look(office.desk()).clients) == taken(office) > 6000


def test_who_may_not_know_a_client_reads_his_number(app: Flask, office: Office) -> None:
    keep(office, A4)
    auditor, viewer = join(office, Role.AUDITOR, (), "監査 三郎"), join(office, Role.VIEWER, (), "閲覧 外男")
    for member in (auditor, viewer):
        visit = Visit(app, office).with_device(member.device)
        visit.sign_in(member.login_id, member.password)
        told = text_of(visit.get("/office/space"))
        assert f"番号 {client_number(office.facts.clients[0].hex())}" in told and NAMES[0] not in told


def test_papers_in_the_bin_still_take_room(office: Office) -> None:
    document = keep(office, A4)
    before = space.look(office.desk()).taken
    bin.put(office.desk(), office.facts.clients[0], document, 1)
    found = space.look(office.desk())
    assert (found.taken, found.clients[0].pages) == (before, 1) and before > 0


@pytest.mark.parametrize(("tenths", "says"), [(8, None), (9, ALMOST), (10, FULL)])
def test_it_is_said_when_it_gets_full_and_to_administrators_on_the_first_page(
    tenths: int, says: str | None, visit: Visit, office: Office
) -> None:
    keep(office, A4)
    limited(office, taken(office) * 10 // tenths)
    told = text_of(visit.get("/office/space"))
    assert [each for each in (ALMOST, FULL) if each in told] == ([says] if says else [])
    assert ("documents_gb" in told) == bool(says)
    remarks = [each.n for each in today(office.desk()).remarks if each.code == "documents-full"]
    assert remarks == ([tenths * 10] if says else [])
    assert ("容量の上限の" in text_of(visit.get("/today"))) == bool(says)
    handler = join(office, Role.HANDLER, (), "担当 外男")
    assert "documents-full" not in [each.code for each in today(handler.desk(office)).remarks]


def test_an_office_that_takes_no_papers_is_not_full(office: Office) -> None:
    limited(office, 0)
    assert not space.look(office.desk()).nearly_full
    keep(office, A4)
    assert space.look(office.desk()).nearly_full


def test_the_state_tells_how_much_is_taken_and_how_much_may_be(office: Office) -> None:
    keep(office, A4)
    limited(office, 5)
    state = plain_state(office.instance)
    assert (state.documents_bytes, state.documents_limit) == (taken(office), 5)


@pytest.mark.parametrize(
    ("count", "words"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KB"), (150 * 1024, "150 KB"), (1024**2 * 5 // 2, "2.5 MB"), (3 * 1024**4, "3,072 GB")],
)
def test_bytes_are_told_as_people_read_them(count: int, words: str) -> None:
    assert size(count) == words
