"""What is said of a scanned paper, and what its pages add up to."""

from __future__ import annotations

from dataclasses import replace

from vault.domain import fields
from vault.domain.documents import ELECTRONIC, KINDS, ORIGINALS, Document, Page
from vault.domain.fields import Reading

TYPED = {"kind": KINDS[0], "title": "終身の証券", "date": "R5.4.1", "original": ORIGINALS[0], "note": "二枚目は裏面"}


def read(**typed: str) -> Reading[Document]:
    return fields.read(Document, {**TYPED, **typed})


def test_what_was_typed_is_the_document() -> None:
    record = read().record
    assert record is not None and record.date is not None
    assert (record.kind, record.title, record.original, record.note) == ("保険証券", "終身の証券", "お客様", "二枚目は裏面")
    assert record.date.value.isoformat() == "2023-04-01"
    assert record.pages == () and record.policy == ""


def test_pages_and_policy_are_no_boxes_of_the_form() -> None:
    assert not {"pages", "policy"} & set(fields.by_name(Document))
    record = read(pages="x", policy="ab" * 16).record
    assert record is not None and record.pages == () and record.policy == ""


def test_without_a_kind_or_with_one_that_nobody_offers_it_is_refused() -> None:
    for kind in ("", "運転免許証"):
        reading = read(kind=kind)
        assert reading.record is None and "kind" in reading.faults


def test_a_paper_is_not_a_file() -> None:
    reading = read(electronic=ELECTRONIC[0])
    assert reading.record is None and "electronic" in reading.faults
    said = Document(kind=KINDS[0], original=ORIGINALS[0], electronic=ELECTRONIC[0])
    assert [(box, fault.code) for box, fault in said.faults()] == [("electronic", "paper-or-file")]
    for typed in ({"original": "", "electronic": ELECTRONIC[0]}, {"original": ORIGINALS[1], "electronic": ""}):
        assert read(**typed).record is not None


def test_a_title_that_is_too_long_and_a_day_that_is_none_are_refused() -> None:
    assert read(title="あ" * 120).record is not None
    assert "title" in read(title="あ" * 121).faults
    assert "date" in read(date="R5.2.30").faults


def test_held_pages_are_counted_from_nought_and_sizes_are_added_up() -> None:
    here, waits = Page(object="ab" * 16, width=10, height=20, size=500), Page(object="", width=10, height=20, held=True)
    document = Document(kind=KINDS[0], pages=(here, waits, replace(here, size=7), waits))
    assert document.held == [1, 3] and document.size == 507
    assert Document(kind=KINDS[0]).held == [] and Document(kind=KINDS[0]).size == 0
