"""Who attacks what is on its way in: without keys, with every check patched, with all the disk, and while it is written."""

from __future__ import annotations

import http.client
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import CLIENT
from tests.support import documents as papers
from tests.support import forms, leaks, watching
from tests.support.instance import Instance
from tests.support.offices import Office
from tests.support.pages import begin
from tests.support.people import Member, join
from vault.config import MIB
from vault.crypto.directory import Directory
from vault.crypto.envelope import Context, open_sealed
from vault.domain.access import Role
from vault.errors import KuraError, NotFound, SealBroken, Untrusted
from vault.services import backups, documents, held_pages, intake, uploads
from vault.services.accounts import compartments
from vault.services.safe import Desk
from vault.services.uploads import PIECE

pytestmark = pytest.mark.usefixtures("without_reading")
TWO = papers.pdf("first page", papers.NUMBERED)
DIGITS = papers.MY_NUMBER.replace(" ", "")


# --- without the key


@pytest.fixture
def everything_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions say yes to everybody, and the directory is said to want everybody to hold everything."""
    monkeypatch.setattr(Desk, "may", lambda self, permission: True)
    monkeypatch.setattr(Desk, "require", lambda self, permission: None)
    monkeypatch.setattr(Directory, "holds", lambda self, person, compartment: True)


def outsider(office: Office, role: Role = Role.HANDLER) -> Member:
    rooms = (compartments.make(office.desk(), "支店"),) if role is not Role.AUDITOR else ()
    return join(office, role, rooms, f"外の {role.value}")


@pytest.mark.parametrize("role", [Role.HANDLER, Role.VIEWER, Role.AUDITOR])
def test_with_every_check_saying_yes_nothing_of_another_compartment_opens(
    role: Role, office: Office, request: pytest.FixtureRequest
) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    arrived = papers.upload(office.desk(), client, TWO)
    member = outsider(office, role)
    before = papers.on_the_way(office)
    request.getfixturevalue("everything_allowed")
    desk = member.desk(office)
    for act in (
        lambda: papers.announce(desk, client, TWO),
        lambda: uploads.arriving(desk, client, arrived),
        lambda: uploads.put_piece(desk, client, arrived, 1, TWO),
        lambda: list(intake.take_in(desk, client, arrived)),
        lambda: uploads.cancel(desk, client, arrived),
        lambda: held_pages.page(desk, client, document, 1),
        lambda: held_pages.release(desk, client, document, 1, [], 1),
        lambda: held_pages.leave_out(desk, client, document, 1, 1),
        lambda: documents.get(desk, client, document),
        lambda: documents.page(desk, client, document, 0),
        lambda: documents.proposals(desk, client, document),
        lambda: documents.save(desk, client, document, papers.POLICY, 1),
    ):
        with pytest.raises((NotFound, Untrusted)):
            act()
    assert papers.on_the_way(office) == before
    assert papers.held(office, document).version == 1


def keys_of(desk: Desk) -> Iterator[bytes]:
    """Every key that somebody's own slot leads to."""
    for compartment in desk.client_compartments():
        yield desk.compartment_key(compartment)
        ring = desk.ring(compartment)
        for owner in ring.owners():
            yield desk.folder_in(compartment, owner).key


def test_no_key_of_another_compartment_opens_a_piece_or_a_held_page(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    arrived = papers.upload(office.desk(), client, TWO)
    folder, inside = office.desk().folder(client), office.desk()
    tried = 0
    for upload, name, number in ((arrived, "1", 1), (arrived, "order", 0), (document, "held-1", 1)):
        sealed = office.instance.uploads.read(client, upload, name)
        context = Context(office.instance.office, "draft", (folder.id, upload, number))
        assert open_sealed(folder.key, sealed, context)
        for key in keys_of(outsider_with_a_client(office).desk(office)):
            tried += 1
            with pytest.raises((SealBroken, KuraError)):
                open_sealed(key, sealed, context)
    assert tried and folder.key in set(keys_of(inside)), "the keys tried are those of a ring"


def outsider_with_a_client(office: Office) -> Member:
    from tests.support.offices import household
    from vault.services import clients

    number = len(compartments.listed(office.desk()))
    room = compartments.make(office.desk(), f"支店{number}")
    clients.create(office.desk(), room, household("支店 一郎", "シテン イチロウ"))
    return join(office, Role.HANDLER, (room,), f"支店の {number}")


def test_another_offices_folder_opens_nothing_of_it(office: Office, other_office: Office) -> None:
    client = office.facts.clients[0]
    arrived = papers.upload(office.desk(), client, TWO)
    theirs = other_office.facts.clients[0]
    place = other_office.settings.uploads / theirs.hex()
    place.mkdir(parents=True)
    os.rename(office.settings.uploads / client.hex() / arrived.hex(), place / arrived.hex())
    with pytest.raises(NotFound):
        uploads.arriving(other_office.desk(), theirs, arrived)


def test_no_number_or_id_leads_out_of_the_folder(office: Office) -> None:
    """Names in the folder are made of ids and numbers: what is none of these never becomes a path."""
    client = office.facts.clients[0]
    arrived = papers.upload(office.desk(), client, TWO)
    for number in (-1, 0, 2, 10**30):
        with pytest.raises(KuraError):
            uploads.put_piece(office.desk(), client, arrived, number, TWO)
    for name in (b"../order", b"order/../1", b"/etc/passwd", b"0", b"1\0", b""):
        with pytest.raises(NotFound):
            uploads.arriving(office.desk(), client, name)
    assert {path.name for path in papers.on_the_way(office)} == {"order", "1"}


# --- with all of the disk


def test_a_held_number_stands_nowhere_and_is_gone_once_it_is_black(office: Office) -> None:
    client, document = office.facts.clients[0], papers.add(office, TWO)
    backups.make(office.instance)
    words = [DIGITS, papers.MY_NUMBER, "Number"]
    leaks.check([office.folder, office.settings.run], words)
    for place in (office.settings.objects, office.settings.backups):  # not even sealed
        held = [raw for _, raw in papers.raw_files(office.settings.uploads)]
        assert not any(each in raw for _, raw in papers.raw_files(place) for each in held)
    content = held_pages.page(office.desk(), client, document, 1)
    held_pages.release(office.desk(), client, document, 1, content.numbers, 1)
    backups.make(office.instance)
    leaks.check([office.folder, office.settings.run], words)
    # Whoever has the key too finds the words of the page, and not the number.
    assert papers.words_of(office, document) == ["first page", "Number"]
    assert papers.on_the_way(office) == []


def test_what_was_given_up_cannot_be_read_with_all_of_the_disk(office: Office) -> None:
    marker = "unfinished business of the customer"
    data = papers.heavy_pdf(2 * MIB, marker)
    found = papers.announce(office.desk(), office.facts.clients[0], data)
    uploads.put_piece(office.desk(), office.facts.clients[0], found.id, 1, data[:PIECE])
    steps = intake.take_in(office.desk(), office.facts.clients[0], papers.upload(office.desk(), office.facts.clients[0], data))
    next(steps)
    leaks.check([office.folder, office.settings.run], [marker, "終身の証券", "scan.pdf"])
    steps.close()
    leaks.check([office.folder, office.settings.run], [marker, "終身の証券", "scan.pdf"])


# --- memory


LARGE = 50 * MIB
# A piece and what is sealed of it, a page and its encoding; pages of the allocator that were free before.
MOST_MEMORY = 32 * MIB


def test_fifty_megabytes_are_taken_in_a_piece_at_a_time(office: Office, capsys: pytest.CaptureFixture[str]) -> None:
    """The file itself lies in memory that is no process's own, and is gone with the sandbox."""
    desk, client = office.desk(), office.facts.clients[0]
    arrived = papers.upload(desk, client, papers.heavy_pdf(LARGE - 64 * 1024, "marker"))
    before = watching.memory(os.getpid())
    watching.forget_most_memory(os.getpid())
    papers.take(desk, client, arrived)
    most = watching.most_memory(os.getpid()) - before
    with capsys.disabled():
        print(f"\ntake_in of 50 MB: at most {most / MIB:.1f} MB more than before")
    assert most < MOST_MEMORY


# --- while it is written


MARKER = "whole life 1234-5678 of Mr. Nobody"


class Sender:
    """Sends as the page's script does, with the cookies and the token of a page; slowly, so that one can look meanwhile."""

    def __init__(self, page: Page, instance: Instance) -> None:
        self.instance, self.token = instance, forms.token(page)
        self.cookies = "; ".join(f"{each['name']}={each['value']}" for each in page.context.cookies())
        self.nameless: set[str] = set()

    def ask(self, method: str, path: str, body: bytes = b"", kind: str = "application/octet-stream") -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("localhost", self.instance.port, timeout=120)
        connection.putrequest(method, path)
        head = {"Cookie": self.cookies, "X-Kura-Csrf": self.token, "Origin": self.instance.address,
                "Referer": self.instance.address + "/", "Content-Type": kind, "Content-Length": str(len(body))}  # fmt: skip
        for name, value in head.items():
            connection.putheader(name, value)
        connection.endheaders()
        connection.send(body[: len(body) // 2])
        self.look()
        connection.send(body[len(body) // 2 :])
        answer = connection.getresponse()
        read = answer.status, answer.read()
        connection.close()
        return read

    def form(self, path: str, **typed: str) -> tuple[int, str]:
        status, answer = self.ask("POST", path, urlencode(typed).encode(), "application/x-www-form-urlencoded")
        return status, answer.decode()

    def look(self) -> None:
        """What the server holds open without a name in this moment."""
        assert self.instance.process is not None
        time.sleep(0.01)
        self.nameless |= watching.nameless(watching.family(self.instance.process.pid))


def told(answer: str, name: str) -> str:
    found = re.search(rf'data-{name}="([^"]*)"', answer)
    assert found, answer
    return found[1].replace("&amp;", "&")


@pytest.mark.browser
@pytest.mark.parametrize("size", [6 * MIB, pytest.param(LARGE - 64 * 1024, marks=pytest.mark.long)], ids=["6 MB", "50 MB"])
def test_nothing_of_a_file_is_written_in_the_clear_while_it_comes_in_or_is_looked_at(
    size: int, new_instance: Callable[..., Instance], new_context: Callable[..., BrowserContext],
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    instance, page = new_instance(workers=2), new_context().new_page()
    begin(page, instance)
    client = forms.add_client(page, instance, CLIENT)
    sender, data = Sender(page, instance), papers.heavy_pdf(size, MARKER, "Confidential first page")
    flat = [Path(tempfile.gettempdir()), Path("/var/tmp"), Path("/dev/shm"), Path.home()]
    words = [MARKER.encode(), b"Confidential", data[-600:-560], data[:40]]
    assert instance.process is not None
    with watching.watching([instance.folder, instance.home], flat) as watch:
        status, answer = sender.form(f"{client}/uploads", kind="保険証券", title="終身の証券", name="scan.pdf", size=str(len(data)))
        assert status == 201, answer
        for number, piece in enumerate(papers.pieces(data), 1):
            path = told(answer, "piece").removesuffix("/0") + f"/{number}"
            assert sender.ask("POST", path, piece)[0] == 204
        leaks.check([instance.folder, instance.home], [MARKER, "終身の証券", "Confidential", "scan.pdf"])
        on_disk = sum(path.stat().st_size for path in (instance.folder / "data" / "uploads").rglob("*") if path.is_file())
        status, done = sender.form(told(answer, "take"))
        assert status == 200 and 'data-answer="done"' in done, done
        picture = looked_at(sender, told(done, "url"))
        watch.end()
        found = watch.having([*words, picture[300:340], picture[-200:-160]])
        assert found == set()
        assert sender.nameless == set(), "written to the disk without a name"
        # Or nothing was watched: every sealed piece and the page's object passed by.
        assert len([path for path in watch.seen if "/data/uploads/" in str(path)]) >= len(papers.pieces(data))
        assert any("/objects/" in str(path) for path in watch.seen) and on_disk > size
        assert len(watch.seen) > len(papers.pieces(data))
    peaks = [watching.most_memory(pid) // MIB for pid in watching.family(instance.process.pid)]
    with capsys.disabled():
        print(f"\n{size // MIB} MB by HTTP, two workers: most memory of each process {peaks} MB")
    assert max(peaks) < 400
    leaks.check([instance.folder, instance.home], [MARKER, "終身の証券", "Confidential", "scan.pdf"])
    assert not list((instance.folder / "data" / "uploads").glob("*"))


def looked_at(sender: Sender, address: str) -> bytes:
    """The picture of a document's first page, as its page shows it."""
    status, shown = sender.ask("GET", address)
    assert status == 200
    found = re.search(r'data-picture[^>]* src="(/pages/[^"]+)"', shown.decode())
    assert found, shown.decode()[:3000]
    status, picture = sender.ask("GET", found[1])
    assert status == 200 and picture.startswith(b"\xff\xd8")
    return picture


@pytest.mark.parametrize("way", ["named for a moment", "moved in", "below a new folder", "never named"])
def test_the_watch_would_see_it(way: str, tmp_path: Path) -> None:
    """What another process writes and takes away again at once is found all the same."""
    (tmp_path / "below").mkdir()
    (tmp_path / "elsewhere").mkdir()
    do = {
        "named for a moment": "p = f / 'below' / 'x'; p.write_bytes(word); time.sleep(.05); p.unlink()",
        "moved in": "p = e / 'x'; p.write_bytes(word); p.rename(f / 'y'); time.sleep(.05); (f / 'y').unlink()",
        "below a new folder": "(f / 'n' / 'm').mkdir(parents=True); p = f / 'n' / 'm' / 'x'; p.write_bytes(word)",
        "never named": "h = os.open(f, os.O_TMPFILE | os.O_RDWR); os.write(h, word); time.sleep(2)",
    }[way]
    code = (
        "import os, sys, time; from pathlib import Path; "
        f"f, e, word = Path(sys.argv[1]), Path(sys.argv[2]), {MARKER!r}.encode(); {do}"
    )
    with watching.watching([tmp_path / "below", tmp_path] if way != "moved in" else [tmp_path]) as watch:
        running = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(tmp_path / "elsewhere")])
        seen: set[str] = set()
        while running.poll() is None and not (way == "never named" and seen):
            seen |= watching.nameless(watching.family(os.getpid())[1:])
            time.sleep(0.02)
        running.kill()
        running.wait()
        watch.end()
        assert seen if way == "never named" else watch.having([MARKER.encode()])
        assert not watch.having([b"a word that nobody wrote"])
