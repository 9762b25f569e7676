"""Scanned papers for the tests: small files, and the way of one into an office, piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from random import Random

import pytest
from pypdf import PdfWriter

from tests.support import scans
from tests.support.offices import Office
from vault.domain.documents import Document, Intake
from vault.services import documents, held_pages, intake, uploads
from vault.services.holdings import HeldDocument
from vault.services.intake import Step
from vault.services.safe import Desk
from vault.services.uploads import PIECE, Arriving
from vault.storage import sandbox

# The check digit is right, and nobody has it: it begins like no number that was ever given out.
MY_NUMBER = "0000 1234 5674"
NUMBERED = f"Number\n\n{MY_NUMBER}"  # far enough below that only it is blacked out
PASSWORD = "himitsu"
POLICY = Document(kind="保険証券", title="終身の証券")


@pytest.fixture
def without_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading pictures takes seconds a page and has tests of its own."""
    monkeypatch.setattr(sandbox, "can_read", lambda: False)


def pdf(*pages: str) -> bytes:
    """A PDF with a page of Helvetica for each text."""
    made = scans.Pdf()
    font = made.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    for text in pages:
        made.page(scans.drawn_text(text.split("\n")), b"/Font << /F1 %d 0 R >>" % font)
    return made.made()


def locked_pdf(*pages: str) -> bytes:
    """The same, opened by `PASSWORD` only."""
    writer = PdfWriter(clone_from=BytesIO(pdf(*pages)))
    writer.encrypt(PASSWORD)
    into = BytesIO()
    writer.write(into)
    return into.getvalue()


def heavy_pdf(size: int, marker: str, text: str = "a page") -> bytes:
    """A PDF of a page and of an attachment that no program packs: noise with the marker in each 64 KiB of it."""
    made = scans.Pdf()
    font = made.add(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>")
    made.page(scans.drawn_text([text]), b"/Font << /F1 %d 0 R >>" % font)
    noise = Random(5).randbytes(64 * 1024 - len(marker.encode()))
    made.stream((noise + marker.encode()) * (size // (64 * 1024)), packed=False)
    return made.made()


def photograph() -> bytes:
    """A JPEG of a page."""
    return scans.encoded(scans.paper(), "JPEG")


# --- on the way in


def pieces(data: bytes) -> list[bytes]:
    return [data[at : at + PIECE] for at in range(0, len(data), PIECE)]


def announce(desk: Desk, client: bytes, data: bytes, said: Document = POLICY, hold: bool = False) -> Arriving:
    return uploads.begin(desk, client, Intake(document=said, name="scan.pdf", size=len(data), hold=hold))


def upload(desk: Desk, client: bytes, data: bytes, said: Document = POLICY, hold: bool = False) -> bytes:
    """A file with all its pieces there; returns the upload's id."""
    arriving = announce(desk, client, data, said, hold)
    for number, piece in enumerate(pieces(data), 1):
        uploads.put_piece(desk, client, arriving.id, number, piece)
    return arriving.id


def take(desk: Desk, client: bytes, arrived: bytes, password: str = "") -> Step:
    """Redrawn and saved; the last step."""
    *_, last = intake.take_in(desk, client, arrived, password)
    assert last.document
    return last


def add(office: Office, data: bytes, said: Document = POLICY, client: int = 0, hold: bool = False) -> bytes:
    """A document of one of an office's clients, by the whole way; returns its id."""
    desk, owner = office.desk(), office.facts.clients[client]
    return take(desk, owner, upload(desk, owner, data, said, hold)).document


# --- what is there


def held(office: Office, document: bytes, client: int = 0) -> HeldDocument:
    return documents.get(office.desk(), office.facts.clients[client], document).held


def of_client(office: Office, client: int = 0) -> list[HeldDocument]:
    from vault.services import clients

    return clients.get(office.desk(), office.facts.clients[client]).documents


def words_of(office: Office, document: bytes, client: int = 0) -> list[str]:
    """The words of each page that can be looked at."""
    owner, desk = office.facts.clients[client], office.desk()
    pages = documents.get(desk, owner, document).held.document.pages
    found = [documents.page(desk, owner, document, n) for n, page in enumerate(pages) if page.object]
    return [" ".join(word.text for word in content.words) for content in found]


def object_files(office: Office) -> set[bytes]:
    """The names of all files of objects."""
    return set(office.instance.objects.names())


def rows(office: Office) -> list[tuple[bytes, bytes, int]]:
    """(id, file, size) of every object that the database knows."""
    return [(bytes(i), bytes(f), int(s)) for i, f, s in office.sql("SELECT id, file, size FROM objects ORDER BY created, id")]


def on_the_way(office: Office) -> list[Path]:
    """Every file below the folder of uploads."""
    return sorted(path for path in office.settings.uploads.rglob("*") if path.is_file())


def raw_files(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in folder.rglob("*"):
        if path.is_file():
            yield path, path.read_bytes()


def assert_nothing_half(office: Office) -> None:
    """Every page of every document is there or is held, each file of an object has its row, nothing is on its way in."""
    assert object_files(office) == {file for _, file, _ in rows(office)}
    for number, _ in enumerate(office.facts.clients):
        assert_pages_open(office, number)


def assert_pages_open(office: Office, client: int = 0) -> None:
    """Every page of a client's documents can be looked at, or is held and can be looked at there."""
    owner, desk = office.facts.clients[client], office.desk()
    for each in of_client(office, client):
        for number, page in enumerate(each.document.pages):
            if page.held:
                assert held_pages.page(desk, owner, each.id, number).image.startswith(b"\xff\xd8")
            elif page.object:
                assert documents.page(desk, owner, each.id, number).image.startswith(b"\xff\xd8")


def limited(office: Office, documents_bytes: int) -> Office:
    """The office with another limit for all its documents."""
    office.instance.settings = replace(office.instance.settings, documents_bytes=documents_bytes)
    return office
