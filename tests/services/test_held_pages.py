"""Pages with a number on them: held outside everything, until it is black or somebody has looked."""

from __future__ import annotations

import time

import pytest

from tests.support import documents as papers
from tests.support.offices import Office
from tests.support.refusals import refused
from vault.domain.erasures import ErasureOrder
from vault.domain.scans import Area
from vault.errors import Conflict, Malformed, NotFound
from vault.services import bin, documents, erasing, held_pages, what_goes

pytestmark = pytest.mark.usefixtures("without_reading")
ORDER = ErasureOrder(reason="誤った登録")
DAY = 24 * 60 * 60
THREE = papers.pdf("one", "two", "three")


def numbered(office: Office) -> bytes:
    """A document whose second page of three has a number on it."""
    return papers.add(office, papers.pdf("before", papers.NUMBERED, "after"))


def test_a_page_with_a_number_is_held_and_the_others_are_not(office: Office) -> None:
    client, document = office.facts.clients[0], numbered(office)
    found = papers.held(office, document).document
    assert found.held == [1] and [bool(page.object) for page in found.pages] == [True, False, True]
    assert len(papers.rows(office)) == 2
    with pytest.raises(NotFound):
        documents.page(office.desk(), client, document, 1)
    content = held_pages.page(office.desk(), client, document, 1)
    assert "".join(word.text for word in content.words).endswith(papers.MY_NUMBER.replace(" ", ""))
    [area] = content.numbers
    for word in content.words[1:]:
        assert area.left <= word.left and word.left + word.width <= area.left + area.width
        assert area.top <= word.top and word.top + word.height <= area.top + area.height
    for number in (0, 2, 3, -1):
        with pytest.raises(NotFound):
            held_pages.page(office.desk(), client, document, number)


def test_released_the_number_is_gone_from_picture_and_words(office: Office) -> None:
    from io import BytesIO

    from PIL import Image

    client, document = office.facts.clients[0], numbered(office)
    before = held_pages.page(office.desk(), client, document, 1)
    assert held_pages.release(office.desk(), client, document, 1, before.numbers, 1) == 2
    found = papers.held(office, document)
    assert found.document.held == [] and found.version == 2 and found.document.pages[1].words == 1
    after = documents.page(office.desk(), client, document, 1)
    assert [word.text for word in after.words] == ["Number"] and after.numbers == ()
    [area] = before.numbers
    corner = (area.left, area.top, area.left + area.width, area.top + area.height)
    dark, light = (Image.open(BytesIO(content.image)).convert("L") for content in (after, before))
    assert dark.size == light.size
    assert dark.crop(corner).getextrema()[1] < 40 and light.crop(corner).getextrema()[1] > 200  # type: ignore[operator]
    small = Image.open(BytesIO(after.thumb)).convert("L")
    scale = small.width / dark.width
    assert small.getpixel((int((area.left + area.width / 2) * scale), int((area.top + area.height / 2) * scale))) < 100  # type: ignore[operator]
    assert papers.on_the_way(office) == []
    with pytest.raises(NotFound):
        held_pages.page(office.desk(), client, document, 1)
    with pytest.raises(NotFound):
        held_pages.release(office.desk(), client, document, 1, before.numbers, 2)
    papers.assert_nothing_half(office)


def test_released_without_an_area_somebody_has_looked(office: Office) -> None:
    client, document = office.facts.clients[0], numbered(office)
    before = held_pages.page(office.desk(), client, document, 1)
    held_pages.release(office.desk(), client, document, 1, [], 1)
    after = documents.page(office.desk(), client, document, 1)
    assert (after.image, after.words) == (before.image, before.words) and after.numbers == ()


def test_every_page_is_held_where_somebody_says_so(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, THREE, hold=True)
    assert papers.held(office, document).document.held == [0, 1, 2] and papers.rows(office) == []
    assert held_pages.page(office.desk(), client, document, 0).numbers == ()
    base = 1
    for number in (2, 0):
        base = held_pages.release(office.desk(), client, document, number, [], base)
    assert held_pages.leave_out(office.desk(), client, document, 1, base) == 4
    assert [bool(page.object) for page in papers.held(office, document).document.pages] == [True, False, True]
    assert papers.words_of(office, document) == ["one", "three"] and papers.on_the_way(office) == []
    with pytest.raises(NotFound):
        documents.page(office.desk(), client, document, 1)
    for act in (
        lambda: held_pages.leave_out(office.desk(), client, document, 1, 4),
        lambda: held_pages.release(office.desk(), client, document, 0, [], 4),
        lambda: held_pages.leave_out(office.desk(), client, document, 0, 4),  # a page that was let in is not taken out
        lambda: held_pages.leave_out(office.desk(), client, document, 9, 4),
    ):
        with pytest.raises(NotFound):
            act()


def test_a_page_left_out_leaves_nothing(office: Office) -> None:
    client, document = office.facts.clients[0], numbered(office)
    held_pages.leave_out(office.desk(), client, document, 1, 1)
    assert papers.on_the_way(office) == [] and len(papers.rows(office)) == 2
    papers.assert_nothing_half(office)


def test_released_by_two_at_once_one_is_told_and_no_file_stays(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, THREE, hold=True)
    held_pages.release(office.desk(), client, document, 0, [], 1)
    with pytest.raises(Conflict):
        held_pages.release(office.desk(), client, document, 1, [], 1)
    with pytest.raises(Conflict):
        held_pages.leave_out(office.desk(), client, document, 1, 1)
    papers.assert_nothing_half(office)
    assert papers.held(office, document).document.held == [1, 2]


def test_an_area_that_is_none_releases_nothing(office: Office) -> None:
    client, document = office.facts.clients[0], numbered(office)
    for area in ((-1, 0, 5, 5), (0, -1, 5, 5), (0, 0, -5, 5), (0, 0, 0, 5), (0, 0, 5, 0)):
        with pytest.raises(Malformed):
            held_pages.release(office.desk(), client, document, 1, [Area(*area)], 1)
    assert papers.held(office, document).document.held == [1]
    papers.assert_nothing_half(office)


def test_an_area_that_reaches_beyond_the_page_is_black_as_far_as_there_is_paper(office: Office) -> None:
    client, document = office.facts.clients[0], numbered(office)
    held_pages.release(office.desk(), client, document, 1, [Area(0, 0, 2**31, 2**31)], 1)
    assert documents.page(office.desk(), client, document, 1).words == ()


def test_a_held_page_swept_away_can_still_be_left_out(office: Office) -> None:
    client, document = office.facts.clients[0], numbered(office)
    office.instance.uploads.sweep(time.time() + 31 * DAY)
    for act in (
        lambda: held_pages.page(office.desk(), client, document, 1),
        lambda: held_pages.release(office.desk(), client, document, 1, [], 1),
    ):
        with pytest.raises(NotFound):
            act()
    held_pages.leave_out(office.desk(), client, document, 1, 1)
    assert papers.held(office, document).document.held == []


def test_a_held_page_put_in_the_place_of_another_does_not_open(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, THREE, hold=True)
    place = office.settings.uploads / client.hex() / document.hex()
    first, second = (place / "held-0").read_bytes(), (place / "held-1").read_bytes()
    (place / "held-0").write_bytes(second)
    with pytest.raises(NotFound):
        held_pages.page(office.desk(), client, document, 0)
    (place / "held-0").write_bytes(first[:-1] + bytes([first[-1] ^ 1]))
    with pytest.raises(NotFound):
        held_pages.release(office.desk(), client, document, 0, [], 1)
    other = papers.add(office, papers.pdf("x"), hold=True)
    (place / "held-0").write_bytes((place.parent / other.hex() / "held-0").read_bytes())
    with pytest.raises(NotFound):
        held_pages.page(office.desk(), client, document, 0)


# --- sealed anew


def test_a_client_is_not_sealed_anew_while_a_page_of_his_is_held(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][1]
    document, other = numbered(office), papers.add(office, THREE)
    for erase in (
        lambda: what_goes.erase_policy(office.desk(), client, policy, ORDER),
        lambda: what_goes.erase_document(office.desk(), client, other, ORDER),
    ):
        refused("pages-held", erase)
    assert erasing.listed(office.desk()) == [] and held_pages.page(office.desk(), client, document, 1).words
    held_pages.release(office.desk(), client, document, 1, [], 1)
    what_goes.erase_policy(office.desk(), client, policy, ORDER)
    assert papers.words_of(office, document) == ["before", f"Number {papers.MY_NUMBER}", "after"]
    assert papers.words_of(office, other) == ["one", "two", "three"]
    papers.assert_nothing_half(office)


def test_a_held_page_in_the_bin_holds_too(office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][1]
    document = numbered(office)
    bin.put(office.desk(), client, document, 1)
    refused("pages-held", lambda: what_goes.erase_policy(office.desk(), client, policy, ORDER))
    bin.bring_back(office.desk(), client, document)
    assert held_pages.page(office.desk(), client, document, 1).words


def test_a_document_with_a_held_page_is_erased_with_it(office: Office) -> None:
    client, document = office.facts.clients[0], numbered(office)
    number = what_goes.erase_document(office.desk(), client, document, ORDER)
    told = erasing.certificate(office.desk(), number)
    assert (told.records, told.versions, told.objects) == (1, 0, 2)
    assert papers.on_the_way(office) == [] and papers.of_client(office) == []
    assert papers.object_files(office) == set()


def test_an_upload_does_not_outlive_the_key_that_it_was_sealed_under(office: Office) -> None:
    client, desk = office.facts.clients[0], office.desk()
    arrived = papers.upload(desk, client, THREE)
    what_goes.erase_policy(office.desk(), client, office.facts.policies[0][1], ORDER)
    assert papers.on_the_way(office) == []
    with pytest.raises(NotFound):
        papers.take(office.desk(), client, arrived)
