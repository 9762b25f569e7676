"""Papers on their way in: in pieces, redrawn, saved whole; or nothing of them stays."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.support import documents as papers
from tests.support import watching
from tests.support.offices import Office
from tests.support.people import join
from tests.support.refusals import refused
from vault.config import MIB
from vault.domain.access import Permission, Role
from vault.domain.documents import Document, Intake
from vault.domain.erasures import ErasureOrder
from vault.errors import Forbidden, NotFound, Refused, Throttled, Unwritable
from vault.services import bin, documents, held_pages, intake, uploads
from vault.services.accounts import compartments
from vault.services.audit import Event
from vault.services.safe import Desk
from vault.services.uploads import PIECE

pytestmark = pytest.mark.usefixtures("without_reading")
ORDER = ErasureOrder(reason="誤った登録")
DAY = 24 * 60 * 60
THREE = papers.pdf("one", "two", "three")


def events(office: Office, event: Event) -> int:
    return int(office.sql("SELECT count(*) FROM journal WHERE event = ?", event.value)[0][0])


# --- pieces


def test_a_file_becomes_a_document_with_a_page_for_each_page(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, THREE, replace(papers.POLICY, note="裏面なし"))
    steps = list(intake.take_in(desk, client, arrived))
    assert [(step.number, step.of, bool(step.document)) for step in steps] == [
        (1, 3, False), (2, 3, False), (3, 3, False), (3, 3, True),
    ]  # fmt: skip
    document = papers.held(office, steps[-1].document).document
    assert (document.kind, document.title, document.note) == ("保険証券", "終身の証券", "裏面なし")
    assert [(page.exact, page.words, page.held) for page in document.pages] == [(True, 1, False)] * 3
    assert papers.words_of(office, steps[-1].document) == ["one", "two", "three"]
    assert papers.on_the_way(office) == []
    papers.assert_nothing_half(office)
    assert events(office, Event.UPLOAD_BEGUN) == 1 and events(office, Event.DOCUMENT_SAVED) == 1


def test_pieces_come_in_any_order_and_again(office: Office) -> None:
    data = papers.heavy_pdf(3 * MIB, "marker", "in order")
    desk, client = office.desk(), office.facts.clients[0]
    found = papers.announce(desk, client, data)
    assert (found.of, found.missing) == (4, [1, 2, 3, 4])
    parts = papers.pieces(data)
    for number in (3, 1, 3):
        uploads.put_piece(desk, client, found.id, number, parts[number - 1])
    assert uploads.arriving(desk, client, found.id).missing == [2, 4]
    refused("upload-unfinished", lambda: list(intake.take_in(desk, client, found.id)))
    for number in (4, 2, 1):  # after a dropped connection: what is missing, and one of them again
        uploads.put_piece(office.desk(), client, found.id, number, parts[number - 1])
    assert uploads.arriving(desk, client, found.id).missing == []
    assert papers.words_of(office, papers.take(office.desk(), client, found.id).document) == ["in order"]


WRONG = ((0, PIECE), (-1, PIECE), (3, PIECE), (1, PIECE - 1), (1, PIECE + 1), (1, 0), (2, 99), (2, 101), (2, PIECE))


def test_a_piece_of_another_number_or_size_is_refused(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    found = papers.announce(desk, client, bytes(PIECE + 100))
    for number, size in WRONG:
        with pytest.raises(Refused, match="upload-piece"):
            uploads.put_piece(desk, client, found.id, number, bytes(size))
    assert uploads.arriving(desk, client, found.id).there == frozenset()
    uploads.put_piece(desk, client, found.id, 1, bytes(PIECE))
    uploads.put_piece(desk, client, found.id, 2, bytes(100))


def test_a_piece_moved_to_another_place_does_not_pass(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    data = papers.heavy_pdf(2 * MIB, "marker")
    arrived, other = papers.upload(desk, client, data), papers.upload(desk, client, data)
    place = office.settings.uploads / client.hex() / arrived.hex()
    first, second = (place / "1").read_bytes(), (place / "2").read_bytes()
    (place / "1").write_bytes(second)
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)
    (place / "1").write_bytes((office.settings.uploads / client.hex() / other.hex() / "1").read_bytes())
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)
    (place / "1").write_bytes(first[:-1] + bytes([first[-1] ^ 1]))
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)
    (place / "1").write_bytes(first)
    papers.take(desk, client, arrived)


def test_an_upload_is_of_one_client_alone(office: Office) -> None:
    first, second = office.facts.clients
    desk = office.desk()
    arrived = papers.upload(desk, first, THREE)
    for act in (
        lambda: uploads.arriving(desk, second, arrived),
        lambda: uploads.put_piece(desk, second, arrived, 1, THREE),
        lambda: list(intake.take_in(desk, second, arrived)),
    ):
        with pytest.raises(NotFound):
            act()
    uploads.cancel(desk, second, arrived)  # nothing to do
    papers.take(desk, first, arrived)
    assert papers.of_client(office, 1) == []


def test_nobody_puts_a_file_there_that_was_not_announced(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    for unknown in (bytes(16), b"", client):
        for act in (
            lambda upload=unknown: uploads.put_piece(desk, client, upload, 1, b"x"),
            lambda upload=unknown: list(intake.take_in(desk, client, upload)),
            lambda upload=unknown: uploads.arriving(desk, client, upload),
        ):
            with pytest.raises(NotFound):
                act()
        uploads.cancel(desk, client, unknown)
    assert papers.on_the_way(office) == []


# --- who may


def acts_of_an_upload(desk: Desk, client: bytes, arrived: bytes, document: bytes) -> Iterator[Callable[[], object]]:
    yield lambda: papers.announce(desk, client, THREE)
    yield lambda: uploads.arriving(desk, client, arrived)
    yield lambda: uploads.put_piece(desk, client, arrived, 1, THREE)
    yield lambda: list(intake.take_in(desk, client, arrived))
    yield lambda: uploads.cancel(desk, client, arrived)
    yield lambda: held_pages.page(desk, client, document, 0)
    yield lambda: held_pages.release(desk, client, document, 0, [], 1)
    yield lambda: held_pages.leave_out(desk, client, document, 0, 1)
    yield lambda: documents.save(desk, client, document, papers.POLICY, 1)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.AUDITOR])
def test_who_only_reads_brings_nothing_in(role: Role, office: Office) -> None:
    client, desk = office.facts.clients[0], office.desk()
    arrived, document = papers.upload(desk, client, THREE), papers.add(office, papers.pdf("x"), hold=True)
    member = join(office, role, tuple(desk.client_compartments()))
    before = papers.on_the_way(office)
    for act in acts_of_an_upload(member.desk(office), client, arrived, document):
        with pytest.raises(Forbidden):
            act()
    assert papers.on_the_way(office) == before
    papers.take(office.desk(), client, arrived)


def test_who_is_outside_the_compartment_finds_nothing(office: Office) -> None:
    client, desk = office.facts.clients[0], office.desk()
    arrived, document = papers.upload(desk, client, THREE), papers.add(office, papers.pdf("x"), hold=True)
    outside = join(office, Role.HANDLER, (compartments.make(office.desk(), "支店"),))
    before = papers.on_the_way(office)
    for act in acts_of_an_upload(outside.desk(office), client, arrived, document):
        with pytest.raises(NotFound):
            act()
    assert papers.on_the_way(office) == before and papers.held(office, document).version == 1


# --- announced


def test_the_largest_file_is_taken_and_one_byte_more_is_not(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    most = office.instance.settings.upload_bytes
    found = uploads.begin(desk, client, Intake(document=papers.POLICY, name="x", size=most))
    assert found.of == most // PIECE
    told = refused("upload-too-large", lambda: uploads.begin(desk, client, replace(found.intake, size=most + 1)))
    assert told.facts == {"most": most // MIB, "size": most // MIB + 1}
    for size in (0, -1):
        refused("file-empty", lambda size=size: uploads.begin(desk, client, replace(found.intake, size=size)))


def test_a_name_of_any_length_is_kept_short(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    found = uploads.begin(desk, client, Intake(document=papers.POLICY, name="写" * 4000, size=5))
    assert uploads.arriving(desk, client, found.id).intake.name == "写" * 255


def test_files_that_are_on_their_way_in_have_a_bound_together(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 2)
    office.instance.settings = replace(office.instance.settings, upload_bytes=MIB)
    papers.upload(desk, client, bytes(MIB))
    second = papers.upload(desk, client, bytes(MIB - 8 * 1024))  # sealing adds a little
    refused("uploads-too-many", lambda: papers.announce(desk, client, bytes(8 * 1024)))
    refused("uploads-too-many", lambda: papers.announce(desk, office.facts.clients[1], bytes(MIB)))
    uploads.cancel(desk, client, second)
    papers.announce(desk, client, bytes(MIB // 2))


def test_a_policy_that_is_not_his_is_refused_at_the_door_and_at_the_end(office: Office) -> None:
    desk, first = office.desk(), office.facts.clients[0]
    mine, theirs = office.facts.policies[0][0], office.facts.policies[1][0]
    for named in (theirs.hex(), first.hex(), "zz", "ab" * 16):
        with pytest.raises(NotFound):
            papers.announce(desk, first, THREE, replace(papers.POLICY, policy=named))
    assert papers.on_the_way(office) == []
    arrived = papers.upload(desk, first, THREE, replace(papers.POLICY, policy=mine.hex()))
    bin.put(office.desk(), first, mine, 2)
    with pytest.raises(NotFound):
        papers.take(office.desk(), first, arrived)
    papers.assert_nothing_half(office)
    bin.bring_back(office.desk(), first, mine)
    papers.take(office.desk(), first, arrived)
    assert papers.of_client(office)[0].document.policy == mine.hex()


def test_what_was_begun_and_forgotten_is_swept_with_the_next_one(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    papers.upload(desk, client, THREE)
    late = papers.upload(desk, client, THREE)
    for path in papers.on_the_way(office):
        if late.hex() not in str(path):
            os.utime(path, (time.time() - 2 * DAY,) * 2)
    papers.announce(desk, client, THREE)
    assert {path.parent.name for path in papers.on_the_way(office)} > {late.hex()}
    assert len({path.parent.name for path in papers.on_the_way(office)}) == 2
    papers.take(desk, client, late)


# --- given up


def test_a_cancelled_upload_leaves_nothing(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, THREE)
    uploads.cancel(desk, client, arrived)
    assert list(office.settings.uploads.iterdir()) == []
    uploads.cancel(desk, client, arrived)
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)


def test_cancelling_takes_no_document_with_it(office: Office) -> None:
    """A held page lies in the same folder under its document's id."""
    desk, client = office.desk(), office.facts.clients[0]
    document = papers.add(office, papers.pdf("x"), hold=True)
    uploads.cancel(desk, client, document)
    assert held_pages.page(desk, client, document, 0).words


@pytest.mark.parametrize(("after", "hold"), [(0, False), (1, True), (2, False)], ids=["first", "held", "last"])
def test_given_up_in_the_middle_no_page_stays_and_it_can_go_on(after: int, hold: bool, office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, THREE, hold=hold)
    before, family = papers.on_the_way(office), watching.family(os.getpid())
    steps = intake.take_in(desk, client, arrived)
    for _ in range(after + 1):
        next(steps)
    assert papers.object_files(office) or papers.on_the_way(office) != before
    assert after == 2 or len(watching.family(os.getpid())) > len(family)
    steps.close()
    assert papers.object_files(office) == set() and papers.on_the_way(office) == before
    assert set(watching.family(os.getpid())) <= set(family), "the sandbox went with it"
    assert papers.rows(office) == [] and papers.of_client(office) == []
    assert papers.take(office.desk(), client, arrived).held == (3 if hold else 0)


def test_cancelled_while_it_is_redrawn_it_is_not_saved(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, THREE)
    steps = intake.take_in(desk, client, arrived)
    next(steps)
    uploads.cancel(office.desk(), client, arrived)
    with pytest.raises(NotFound):
        list(steps)
    assert papers.of_client(office) == [] and papers.object_files(office) == set() and papers.on_the_way(office) == []


# --- once


def test_taken_in_twice_it_is_one_document(office: Office) -> None:
    """The connection dropped before the last line came: the browser asks again, and is told."""
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, THREE)
    first = papers.take(desk, client, arrived)
    assert list(intake.take_in(office.desk(), client, arrived)) == [first]
    assert len(papers.of_client(office)) == 1
    with pytest.raises(NotFound):
        list(intake.take_in(office.desk(), office.facts.clients[1], arrived))


def test_what_a_kill_after_the_save_has_left_is_not_taken_in_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, papers.pdf("a", papers.NUMBERED))
    with monkeypatch.context() as patched:
        patched.setattr(type(office.instance.uploads), "drop", lambda self, client, upload: None)
        first = papers.take(desk, client, arrived)
    assert papers.take(office.desk(), client, arrived) == first and first.held == 1
    assert len(papers.of_client(office)) == 1 and not (office.settings.uploads / client.hex() / arrived.hex()).exists()
    papers.assert_pages_open(office)


def test_at_an_upload_there_is_one_at_a_time(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, THREE)
    steps = intake.take_in(desk, client, arrived)
    next(steps)
    with pytest.raises(Throttled):
        papers.take(office.desk(), client, arrived)
    *_, last = steps
    assert papers.take(office.desk(), client, arrived) == last
    assert len(papers.of_client(office)) == 1


def test_when_the_pieces_cannot_be_removed_the_document_is_there_all_the_same(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(self: object, client: bytes, upload: bytes) -> None:
        raise Unwritable("unwritable", place="x")

    monkeypatch.setattr(type(office.instance.uploads), "drop", refuses)
    document = papers.add(office, THREE)
    assert papers.held(office, document).version == 1


# --- what the sandbox says


def test_a_locked_file_asks_for_its_password_once(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, papers.locked_pdf("behind the lock"))
    refused("file-locked", lambda: papers.take(desk, client, arrived))
    refused("file-password-wrong", lambda: papers.take(desk, client, arrived, "あけて"))
    assert uploads.arriving(desk, client, arrived).missing == []
    document = papers.take(desk, client, arrived, papers.PASSWORD).document
    assert papers.words_of(office, document) == ["behind the lock"]
    papers.assert_nothing_half(office)
    assert papers.on_the_way(office) == []


@pytest.mark.parametrize(
    ("data", "code"),
    [(b"MZ" + bytes(200), "file-unknown"), (b"%PDF-1.7\n" + bytes(200), "file-broken"),
     (papers.pdf(*["x"] * 301), "file-too-many-pages"), (papers.photograph()[:9000], "file-broken")],
    ids=["a program", "no pages", "too many", "cut off"],
)  # fmt: skip
def test_what_is_refused_leaves_nothing(data: bytes, code: str, office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, data)
    refused(code, lambda: papers.take(desk, client, arrived))
    assert papers.on_the_way(office) == [] and papers.object_files(office) == set()
    with pytest.raises(NotFound):
        uploads.arriving(desk, client, arrived)


def test_when_all_permits_are_taken_the_upload_waits(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from vault.storage.sandbox import permits

    monkeypatch.setattr(permits, "WAIT", 0.05)
    desk, client = office.desk(), office.facts.clients[0]
    runs = [intake.take_in(desk, client, papers.upload(desk, client, THREE)) for _ in range(permits.AT_ONCE)]
    for run in runs:
        next(run)
    waits = papers.upload(desk, client, THREE)
    with pytest.raises(Throttled):
        papers.take(desk, client, waits)
    for run in runs:
        assert list(run)[-1].document
    papers.take(desk, client, waits)
    assert len(papers.of_client(office)) == 3


# --- told


def test_nothing_is_taken_in_without_an_entry_in_the_journal(office: Office) -> None:
    before = office.sql("SELECT max(position) FROM journal")[0][0]
    document = papers.add(office, papers.pdf("x"), hold=True)
    held_pages.release(office.desk(), office.facts.clients[0], document, 0, [], 1)
    told = [row[0] for row in office.sql("SELECT event FROM journal WHERE position > ? ORDER BY position", before)]
    assert [e for e in told if e.startswith(("upload", "document"))] == ["upload-begun", "document-saved", "document-saved"]
    with office.desk().act(Event.CLIENT_OPENED, Permission.READ_CLIENTS, office.facts.clients[0]) as act:
        assert act.contents(office.facts.clients[0]).entries[document][:2] == ("document", 2)


def test_what_is_said_of_it_waits_sealed_too(office: Office) -> None:
    desk, client = office.desk(), office.facts.clients[0]
    uploads.begin(desk, client, Intake(document=Document(kind="その他", title="秘密の題名"), name="秘密.pdf", size=9))
    [order] = papers.on_the_way(office)
    assert order.name == "order" and "秘密".encode() not in order.read_bytes()
