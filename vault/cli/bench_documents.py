"""What a scanned paper costs: redrawn against PDFium alone in a script that trusts whatever it is given, sealed and opened
against a plain file, and taken in as a person waits for it."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from unittest.mock import patch

from vault.cli.bench_figure import Figure
from vault.cli.bench_office import Measured
from vault.cli.bench_rounds import Rounds
from vault.crypto.keys import new_id
from vault.domain.access import Permission
from vault.domain.documents import KINDS, Document, Intake
from vault.errors import Refused
from vault.services import documents, intake, objects, uploads
from vault.services.audit import Event
from vault.services.safe import Desk
from vault.storage import sandbox

MIB = 1024 * 1024
_A4 = (2480, 3508)  # 300 dpi, as an office's scanner makes it
_NOISE = 12.0
# Draws at the size at which we draw, writes what we write, and tells how long that took without starting up.
_BARE = """
import io, sys, time
import PIL.Image, PIL.JpegImagePlugin, pypdfium2
began = time.perf_counter()
for page in pypdfium2.PdfDocument(sys.argv[1]):
    page.render(scale=200 / 72).to_pil().save(io.BytesIO(), "JPEG", quality=85)
print(time.perf_counter() - began)
"""


def figures(office: Measured, desk: Desk, place: Path) -> Iterator[Figure]:
    """A scan of some pages and a large object; `place` is for what is made and thrown away."""
    scan = _scan(office.rounds.scan_pages)
    yield from _redrawing(scan, place, office.rounds)
    yield from _large(office, desk, place)
    yield from _taken_in(office, desk, scan)


# --- redrawn


def _redrawing(scan: bytes, place: Path, rounds: Rounds) -> Iterator[Figure]:
    """By turns on the same file."""
    path = place / "scan.pdf"
    path.write_bytes(scan)
    starts, ours, theirs = [], [], []
    for _ in range(rounds.scans):
        starts.append(_redrawn(b"GIF89a"))  # refused by its first bytes: a start, a jail, and nothing drawn
        ours.append(_redrawn(scan))
        theirs.append(_bare(path))
    path.unlink()
    start, own, bare = (statistics.median(each) for each in (starts, ours, theirs))
    yield Figure("redraw_start", round(1000 * start, 1), "ms", 170)
    yield Figure("redraw_page", round(1000 * (own - start) / rounds.scan_pages, 1), "ms")
    yield Figure("redraw_quotient", round((own - start) / bare, 3), "×", 1.3)


def _redrawn(data: bytes) -> float:
    began = time.perf_counter()
    with suppress(Refused):
        for _ in sandbox.redraw([data], len(data)):
            pass
    return time.perf_counter() - began


def _bare(path: Path) -> float:
    told = subprocess.run([sys.executable, "-I", "-c", _BARE, str(path)], capture_output=True, text=True, check=True)
    return float(told.stdout)


def _scan(pages: int) -> bytes:
    """Pages of lines and grain in colour, each a JPEG, as scanners put them into a PDF."""
    from PIL import Image, ImageDraw
    page = Image.merge("RGB", [Image.effect_noise(_A4, _NOISE).point(lambda value: value // 4 + 220) for _ in range(3)])
    brush = ImageDraw.Draw(page)
    for line in range(300, 3200, 60):
        brush.line((250, line, 2200, line), fill=(20, 20, 30), width=6)
    brush.ellipse((1800, 2800, 2100, 3100), outline="red", width=12)
    into = BytesIO()
    page.save(into, "PDF", resolution=300, quality=80, save_all=True, append_images=[page] * (pages - 1))
    return into.getvalue()


# --- sealed and opened


def _large(office: Measured, desk: Desk, place: Path) -> Iterator[Figure]:
    """Durable on the same disk, and read back while the system has it in memory: what differs is the sealing."""
    data, plain = os.urandom(office.rounds.large * MIB), place / "plain.bin"
    folder = desk.folder(office.client)
    sealed = [_seconds(lambda: _put(office, desk, data)) for _ in range(3)]
    written = [_seconds(lambda: _write(plain, data)) for _ in range(3)]
    row = objects.seal_into_file(office.instance, folder, new_id(), [data], len(data))
    with desk.act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, office.client) as act:
        objects.enter(act, act.writable(office.client), row)
    opened = [_seconds(lambda: _open(office, desk, row.id)) for _ in range(3)]
    read = [_seconds(plain.read_bytes) for _ in range(3)]
    plain.unlink()
    yield Figure("seal_large", round(statistics.median(sealed) / statistics.median(written), 2), "×")
    yield Figure("open_large", round(statistics.median(opened) / statistics.median(read), 2), "×")


def _seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _put(office: Measured, desk: Desk, data: bytes) -> None:
    row = objects.seal_into_file(office.instance, desk.folder(office.client), new_id(), [data], len(data))
    office.instance.objects.remove(row.file)


def _write(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data)
        os.fsync(file.fileno())


def _open(office: Measured, desk: Desk, name: bytes) -> None:
    with desk.look(Permission.READ_DOCUMENTS, office.client) as act:
        objects.read(act, office.client, name)


# --- taken in


def _taken_in(office: Measured, desk: Desk, scan: bytes) -> Iterator[Figure]:
    """From the first piece to a page that can be looked at, without and with reading; what it adds to the worker's memory."""
    before = _resident()
    with patch.object(sandbox, "can_read", lambda: False):
        first, whole, most = _upload(office, desk, scan)
    yield Figure("upload_first", round(first, 2), "s")
    yield Figure("upload_whole", round(whole, 2), "s")
    yield Figure("upload_memory", round(max(0.1, (most - before) / MIB), 1), "MiB")
    yield Figure("upload_child_memory", round(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024, 1), "MiB")
    if sandbox.can_read():
        yield Figure("upload_read", round(_upload(office, desk, scan)[1], 2), "s")


def _resident() -> int:
    """Bytes of memory that this process has now."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * resource.getpagesize()


def _upload(office: Measured, desk: Desk, scan: bytes) -> tuple[float, float, int]:
    """Seconds until the first page is drawn, and until the document is there and a page of it has been opened; the most
    memory seen on the way, in bytes."""
    began = time.perf_counter()
    found = uploads.begin(desk, office.client, Intake(document=Document(kind=KINDS[0]), name="scan.pdf", size=len(scan)))
    for number in range(found.of):
        uploads.put_piece(desk, office.client, found.id, number + 1, scan[number * uploads.PIECE : (number + 1) * uploads.PIECE])
    first, document, most = 0.0, b"", _resident()
    for step in intake.take_in(desk, office.client, found.id):
        first, document, most = first or time.perf_counter() - began, step.document, max(most, _resident())
    documents.page(desk, office.client, document, 0)
    return first, time.perf_counter() - began, most
