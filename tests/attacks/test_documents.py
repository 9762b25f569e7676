"""Who attacks scanned papers: by numbers that slip through, by floods, by old addresses, and in the middle of an erasure."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO

import pytest
from flask import Flask
from PIL import Image, ImageDraw

from tests.support import documents as papers
from tests.support.offices import Office
from tests.support.people import Member, join
from tests.support.refusals import refused
from tests.support.visits import Visit
from tests.web.test_documents import NUMBERED, black_form, first, page_of, text
from tests.web.test_uploads import sent, steps
from vault.config import MIB
from vault.domain import readings
from vault.domain.access import Role
from vault.domain.erasures import ErasureOrder
from vault.domain.scans import Area, Word
from vault.errors import NotFound, NotReady
from vault.services import bin, closing, documents, erasing, held_pages, intake, rekeying, uploads, what_goes
from vault.services.accounts import compartments, people
from vault.services.documents import Content
from vault.services.safe import Desk
from vault.storage import sandbox
from vault.storage.sandbox import PageImage
from vault.storage.uploads import HELD_DAYS, UploadFiles

pytestmark = pytest.mark.usefixtures("without_reading")
ORDER = ErasureOrder(reason="誤った登録")
DAY = 24 * 60 * 60
TWO = papers.pdf("first page", NUMBERED)
DIGITS = papers.MY_NUMBER.replace(" ", "")


# --- a number that slips through


def test_black_beside_the_number_lets_it_in_only_when_somebody_says_that_he_has_looked(
    visit: Visit, office: Office
) -> None:
    document = papers.add(office, TWO)
    address, asked = black_form(visit, document, 2)
    corner = {"version": "1", "act": "black", "area": "0,0,9,9"}
    answer = visit.post(address, corner)
    assert answer.status_code == 400 and "確かめてから" in text(answer) and 'value="0,0,9,9"' in text(answer)
    assert papers.held(office, document).document.held == [1]
    found = [int(each) for each in first(r'name="area" value="([0-9,]+)"', asked).split(",")]
    half = f"{found[0]},{found[1]},{found[2] // 2},{found[3]}"
    assert visit.post(address, {**corner, "area": half}).status_code == 400
    moved = f"{found[0] + 3},{found[1] + 1},{found[2]},{found[3]}"
    assert visit.post(address, {**corner, "area": moved}).status_code == 303
    assert all(DIGITS[-4:] not in words for words in papers.words_of(office, document))


def test_who_has_looked_may_black_out_something_else(visit: Visit, office: Office) -> None:
    document = papers.add(office, TWO)
    address, _ = black_form(visit, document, 2)
    looked = {"version": "1", "act": "black", "area": "0,0,9,9", "looked": "1"}
    assert visit.post(address, looked).status_code == 303
    assert papers.held(office, document).document.held == []


def lettered(digits: str) -> bytes:
    """A grey picture of a page with some digits at a place that no block of a JPEG begins at."""
    page = Image.new("L", (1700, 2200), 235)
    pen = ImageDraw.Draw(page)
    pen.text((300, 300), "a line above that stays", fill=20, font_size=40)
    pen.text((403, 503), digits, fill=20, font_size=40)
    into = BytesIO()
    page.save(into, "PNG")
    return into.getvalue()


def test_around_the_black_nothing_tells_what_is_below_it(office: Office) -> None:
    """A JPEG keeps pixels in blocks: what stands at the edge of one leaves traces in all of it."""
    client, seen = office.facts.clients[0], []
    for digits in ("0000 1234 5674", "9988 7766 5544"):
        document = papers.add(office, lettered(digits), hold=True)
        held_pages.release(office.desk(), client, document, 0, [Area(402, 510, 301, 33)], 1)
        seen.append(documents.page(office.desk(), client, document, 0))
    assert seen[0].image == seen[1].image and seen[0].thumb == seen[1].thumb


def test_a_page_with_more_letters_than_any_paper_is_held_unread(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """They would keep a worker at work for as long as somebody likes, and hide a number behind the last that is read."""
    crowd = tuple(Word("1a" * 50, 10, 10 + number % 900, 100, 10) for number in range(1000))
    monkeypatch.setattr(sandbox, "redraw", with_words(sandbox.redraw, crowd))
    began = time.monotonic()
    document = papers.add(office, papers.pdf("x"))
    assert time.monotonic() - began < 5
    assert papers.held(office, document).document.held == [0]


def with_words(real: Callable[..., Iterator[PageImage]], words: tuple[Word, ...]) -> Callable[..., Iterator[PageImage]]:
    """The sandbox, with other words on every page."""
    def redraw(*arguments: object, **options: object) -> Iterator[PageImage]:
        for page in real(*arguments, **options):
            yield page._replace(words=words)

    return redraw


def test_looking_for_numbers_ends_by_the_clock(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object) -> list[Area]:
        time.sleep(0.06)
        return []

    monkeypatch.setattr(readings, "my_numbers", slow)
    monkeypatch.setattr(intake, "LOOKING_SECONDS", 0.1)
    refused("file-too-long", lambda: papers.add(office, papers.pdf("one", "two", "three")))
    papers.assert_nothing_half(office)
    assert papers.on_the_way(office) == [] and papers.of_client(office) == []


def test_a_held_page_that_could_not_be_removed_is_shown_to_nobody(
    visit: Visit, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = papers.add(office, TWO)
    address, asked = black_form(visit, document, 2)
    picture = first(r'<image href="([^"]+)"', asked)
    assert visit.get(picture).status_code == 200
    with monkeypatch.context() as patch:
        patch.setattr(UploadFiles, "remove", fails)
        area = first(r'name="area" value="([0-9,]+)"', asked)
        assert visit.post(address, {"version": "1", "act": "black", "area": area}).status_code == 303
    assert [path.name for path in papers.on_the_way(office)] == ["held-1"]
    assert visit.get(picture).status_code == 404


def fails(*_: object) -> None:
    raise OSError("no such disk")


def test_a_held_page_in_the_bin_is_shown_to_nobody(visit: Visit, office: Office) -> None:
    document = papers.add(office, TWO)
    picture = first(r'<image href="([^"]+)"', black_form(visit, document, 2)[1])
    bin.put(office.desk(), office.facts.clients[0], document, 1)
    assert visit.get(picture).status_code == 404


def test_a_held_page_put_in_the_place_of_another_is_not_found(office: Office) -> None:
    client = office.facts.clients[0]
    one, other = (papers.add(office, papers.pdf("one", "two"), hold=True) for _ in range(2))
    files = office.instance.uploads
    for document, name, there, instead in ((one, "held-0", one, "held-1"), (one, "held-0", other, "held-0")):
        files.write(client, there, instead, files.read(client, document, name))
        with pytest.raises(NotFound):
            held_pages.page(office.desk(), client, there, int(instead[-1]))


# --- floods


def test_what_was_announced_early_does_not_come_in_beyond_the_bound(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_AT_ONCE", 2)
    office.instance.settings = replace(office.instance.settings, upload_bytes=MIB)
    desk, client = office.desk(), office.facts.clients[0]
    begun = [papers.announce(desk, client, bytes(MIB)).id for _ in range(5)]
    uploads.put_piece(desk, client, begun[0], 1, bytes(MIB))
    for upload in begun[1:]:
        refused("uploads-too-many", lambda upload=upload: uploads.put_piece(desk, client, upload, 1, bytes(MIB)))
    uploads.put_piece(desk, client, begun[0], 1, bytes(MIB))  # again is no harm
    assert office.instance.uploads.arriving() < 2 * MIB


def test_pages_that_are_held_have_a_bound_together(office: Office) -> None:
    papers.add(office, papers.pdf("one", "two"), hold=True)
    taken = office.instance.uploads.held()
    papers.limited(office, taken * 2)
    papers.add(office, papers.pdf("one"), hold=True)
    refused("uploads-too-many", lambda: papers.add(office, papers.pdf("one", "two"), hold=True))
    papers.assert_nothing_half(office)
    assert office.instance.uploads.held() <= taken * 2


def test_with_every_permit_taken_one_is_told_soon_and_can_still_black_out(office: Office) -> None:
    """A worker has four threads: who waits in one of them keeps everybody's pages waiting."""
    client, document = office.facts.clients[0], papers.add(office, papers.pdf("x"), hold=True)
    uploads = [papers.upload(office.desk(), client, TWO) for _ in range(3)]
    runs = [intake.take_in(office.desk(), client, each) for each in uploads]
    for run in runs[:2]:
        next(run)
    began = time.monotonic()
    with pytest.raises(Exception, match="busy"):
        next(runs[2])
    held_pages.release(office.desk(), client, document, 0, [Area(0, 0, 9, 9)], 1)
    assert time.monotonic() - began < 8
    for run in runs[:2]:
        run.close()  # type: ignore[attr-defined]


# --- old addresses, and who has gone


def opened(app: Flask, office: Office) -> tuple[Visit, Member, bytes, list[str]]:
    """A handler's browser with a document open, and every address that its pages gave him."""
    member = join(office, Role.HANDLER, tuple(office.desk().client_compartments()))
    visit, document = Visit(app, office).with_device(member.device), papers.add(office, TWO)
    visit.sign_in(member.login_id, member.password)
    shown, held = visit.get(page_of(visit, document)), black_form(visit, document, 2)[1]
    pane = visit.get(page_of(visit, document, "/beside"))
    found = re.findall(r'(?:src|href|data-again|data-readings)="(/(?:pages|documents)/[^"]+)"', text(shown) + text(held) + text(pane))
    assert len({each.split("/")[1] + each.split("/")[2][:5] for each in found}) >= 3
    assert all(visit.get(each).status_code == 200 for each in found)
    return visit, member, document, found


def lock(visit: Visit, member: Member, document: bytes) -> None:
    visit.post("/session/lock")


def sign_out(visit: Visit, member: Member, document: bytes) -> None:
    visit.post("/session/end")


def stop(visit: Visit, member: Member, document: bytes) -> None:
    people.stop(visit.office.desk(), member.person)


def move_out(visit: Visit, member: Member, document: bytes) -> None:
    people.change(visit.office.desk(), member.person, Role.HANDLER, ())


def move_client(visit: Visit, member: Member, document: bytes) -> None:
    branch = compartments.make(visit.office.desk(), "支店")
    compartments.move_client(visit.office.desk(), visit.office.facts.clients[0], branch)


def put_away(visit: Visit, member: Member, document: bytes) -> None:
    bin.put(visit.office.desk(), visit.office.facts.clients[0], document, 1)


def erase(visit: Visit, member: Member, document: bytes) -> None:
    what_goes.erase_document(visit.office.desk(), visit.office.facts.clients[0], document, ORDER)


def erase_client(visit: Visit, member: Member, document: bytes) -> None:
    erasing.erase_clients(visit.office.desk(), [visit.office.facts.clients[0]], ORDER)


@pytest.mark.parametrize("happens", [lock, sign_out, stop, move_out, move_client, put_away, erase, erase_client])
def test_no_address_of_a_picture_outlives_the_right_to_it(
    happens: Callable[[Visit, Member, bytes], None], app: Flask, office: Office
) -> None:
    visit, member, document, found = opened(app, office)
    happens(visit, member, document)
    visit.instance = office.worker()
    for address in found:
        answer = visit.get(address)
        assert answer.status_code in (303, 404), (address, answer.status_code)
        assert DIGITS not in text(answer) and "first" not in text(answer)


def test_a_viewer_gets_no_picture_of_a_held_page(app: Flask, visit: Visit, office: Office) -> None:
    """Nor by an address that he was given while he might still black out."""
    mine, member, document, _ = opened(app, office)
    held = first(r'<image href="([^"]+)"', black_form(mine, document, 2)[1])
    people.change(office.desk(), member.person, Role.VIEWER, tuple(office.desk().client_compartments()))
    assert mine.get(held).status_code in (303, 403)


def test_who_signs_out_while_his_paper_is_redrawn_leaves_no_work_behind(visit: Visit, office: Office) -> None:
    """Without a session no key is held, however many pages are still to be read."""
    found = sent(visit, papers.pdf("one", "two", "three"))
    answer = visit.client.post(
        found["take"], base_url="https://localhost", data={"csrf_token": visit.token},
        environ_overrides={"REMOTE_ADDR": visit.address},
    )  # fmt: skip
    lines = answer.iter_encoded()
    assert 'data-number="1"' in next(lines).decode()
    office.instance.sessions.end_of_person(office.facts.person)
    rest = b"".join(lines).decode()
    assert 'data-code="session-ended"' in rest and 'data-answer="done"' not in rest
    assert papers.of_client(office) == []
    papers.assert_nothing_half(office)


def test_typing_the_password_again_meanwhile_ends_nothing(visit: Visit, office: Office) -> None:
    found = sent(visit, papers.pdf("one", "two"))
    answer = visit.client.post(
        found["take"], base_url="https://localhost", data={"csrf_token": visit.token},
        environ_overrides={"REMOTE_ADDR": visit.address},
    )  # fmt: skip
    lines = answer.iter_encoded()
    next(lines)
    visit.post("/session/lock")
    assert 'data-answer="done"' in b"".join(lines).decode()


# --- in the middle of an erasure


def test_a_page_let_in_while_its_document_is_erased_goes_with_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client, document, stays = office.facts.clients[0], papers.add(office, TWO), papers.add(office, papers.pdf("stays"))
    real, colleague = rekeying.erase_part, office.desk(office.worker())

    def meanwhile(*arguments: object, **options: object) -> int:
        held_pages.release(colleague, client, document, 1, [], 1)
        colleague.instance.keyring.let_go()
        return real(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(rekeying, "erase_part", meanwhile)
    number = what_goes.erase_document(office.desk(), client, document, ORDER)
    assert erasing.certificate(office.desk(), number).objects == 2
    named = {page.object for page in papers.held(office, stays).document.pages}
    assert {row.hex() for row, _, _ in papers.rows(office)} == named
    papers.assert_nothing_half(office)


def test_a_page_held_as_soon_as_the_new_key_stands_is_not_removed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client, real, saved = office.facts.clients[0], erasing._drop_keys, []
    desk = join(office, Role.HANDLER, tuple(office.desk().client_compartments())).desk(office, office.worker())
    desk.instance.keyring.let_go()

    def then(*arguments: object) -> None:
        real(*arguments)  # type: ignore[arg-type]
        desk.refresh()
        saved.append(papers.take(desk, client, papers.upload(desk, client, TWO, hold=True)).document)
        desk.instance.keyring.let_go()

    monkeypatch.setattr(erasing, "_drop_keys", then)
    rekeying.erase_part(office.desk(), client, {office.facts.policies[0][1]}, ORDER)
    assert papers.held(office, saved[0]).document.held == [0, 1]
    papers.assert_pages_open(office)


def test_a_page_that_nobody_looks_at_does_not_keep_the_bin_full_for_ever(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    document = papers.add(office, papers.pdf("x"), hold=True)
    bin.put(office.desk(), client, policy, 2)
    office.clock.tick(40 * DAY)
    assert bin.sweep(office.desk()) == 0  # the page would not open any more under another key
    for path in papers.on_the_way(office):
        os.utime(path, (time.time() - (HELD_DAYS + 1) * DAY,) * 2)
    office.instance.uploads.sweep(time.time())
    office.clock.tick(DAY)
    assert bin.sweep(office.desk()) == 1
    held_pages.leave_out(office.desk(), client, document, 0, 1)


@pytest.mark.parametrize("what", [closing.RESTORE, closing.PACKED, closing.ENDED])
def test_what_is_still_redrawn_when_the_door_is_closed_is_not_saved(what: str, office: Office) -> None:
    """It would be told as saved, and be missing on the server that the office has moved to."""
    run = intake.take_in(office.desk(), office.facts.clients[0], papers.upload(office.desk(), office.facts.clients[0], TWO))
    next(run)
    closing.close(office.instance, what)
    with pytest.raises(NotReady, match="closed"):
        list(run)
    closing.reopen(office.instance, what)
    assert papers.of_client(office) == []
    papers.assert_nothing_half(office)


# --- letters that would be more than letters

HOSTILE = ['"><script>alert(1)</script>', "' onerror='alert(1)", "{{7*7}}%(n)s", "]]><svg/onload=alert(1)>", "<!--", "\u202e反転"]


def test_what_stands_on_a_page_is_text_wherever_it_is_shown(
    visit: Visit, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = tuple(
        Word(each, 10 + 400 * column, 10 + 60 * row, 300, 40)
        for row, hostile in enumerate(HOSTILE) for column, each in enumerate(("証券番号", hostile, "12-345-678"))
    )  # fmt: skip
    monkeypatch.setattr(sandbox, "redraw", with_words(sandbox.redraw, words))
    said = replace(papers.POLICY, title=HOSTILE[0], note=HOSTILE[3])
    document = papers.add(office, papers.pdf("x"), said)
    shown, pane = visit.get(page_of(visit, document)), visit.get(page_of(visit, document, "/beside"))
    again = visit.get(first(r'data-again="([^"]+)"', shown))
    reading = visit.get(first(r'data-readings="([^"]+)"', pane))
    for answer in (shown, pane, again, reading, visit.get(page_of(visit, document, "/edit")), visit.get(visit.client_page())):
        assert answer.status_code == 200
        for raw in ("<script>alert", "' onerror='", "<svg/onload", "]]><", "<!--"):
            assert raw not in text(answer), raw
    assert "&lt;script&gt;alert(1)" in text(again) and "{{7*7}}%(n)s" in text(again)
    assert "12-345-678" in text(reading)


def test_a_files_name_is_never_shown_and_any_letters_pass(visit: Visit, office: Office) -> None:
    found = sent(visit, papers.pdf("x"), name="\x00\u202e\ud83d'><script>.pdf".encode("utf-8", "replace").decode())
    arriving = visit.get(found["state"])
    assert "script" not in text(arriving)
    assert steps(visit.post(found["take"]))[-1]["answer"] == "done"


def test_the_content_of_a_page_says_nothing_of_the_number_once_it_is_black(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    before: Content = held_pages.page(office.desk(), client, document, 1)
    held_pages.release(office.desk(), client, document, 1, before.numbers, 1)
    desk: Desk = office.desk()
    after = documents.page(desk, client, document, 1)
    assert after.numbers == () and DIGITS[-4:] not in "".join(word.text for word in after.words)
    assert DIGITS not in repr(documents.proposals(desk, client, document))
    assert DIGITS not in repr(documents.get(desk, client, document))
