"""What happens while a file is redrawn: rights, keys and the client are those of the moment in which it is saved."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.support import documents as papers
from tests.support.offices import Office
from tests.support.people import Member, join
from vault.domain.access import Role
from vault.domain.erasures import ErasureOrder
from vault.errors import Conflict, Forbidden, NotFound
from vault.services import bin, clients, erasing, rekeying
from vault.services.accounts import compartments, people
from vault.services.safe import Desk
from vault.storage import sandbox
from vault.storage.sandbox import PageImage

pytestmark = pytest.mark.usefixtures("without_reading")
ORDER = ErasureOrder(reason="誤った登録")
DAY = 24 * 60 * 60
THREE = papers.pdf("one", "two", "three")


class Meanwhile:
    """Redraws as the sandbox does, with something that happens once after a page."""

    def __init__(self, happens: Callable[[], object], after: int = 1) -> None:
        self.happens, self.after, self.real = happens, after, sandbox.redraw

    def __call__(self, *arguments: object, **options: object) -> Iterator[PageImage]:
        for page in self.real(*arguments, **options):  # type: ignore[arg-type]
            yield page
            if page.number == self.after:
                self.after = 0
                self.happens()


def redraw_while(monkeypatch: pytest.MonkeyPatch, desk: Desk, happens: Callable[[], object]) -> None:
    """What happens while the one at the desk redraws; his worker's keeper lets go of its keys within a second."""

    def and_let_go() -> None:
        desk.instance.keyring.let_go()
        happens()

    monkeypatch.setattr(sandbox, "redraw", Meanwhile(and_let_go))


def handler(office: Office) -> Member:
    return join(office, Role.HANDLER, tuple(office.desk().client_compartments()))


def of_a_member(office: Office, hold: bool = False) -> tuple[Desk, bytes, bytes]:
    """A handler's desk, the client, and an upload of his."""
    desk, client = handler(office).desk(office, office.worker()), office.facts.clients[0]
    return desk, client, papers.upload(desk, client, THREE, hold=hold)


def assert_not_saved(office: Office) -> None:
    assert papers.of_client(office) == []
    assert papers.object_files(office) == set() and papers.rows(office) == []
    assert [path for path in papers.on_the_way(office) if "held" in path.name] == []


@pytest.mark.parametrize("hold", [False, True], ids=["saved at once", "held"])
def test_who_is_stopped_meanwhile_saves_nothing(hold: bool, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, client, arrived = of_a_member(office, hold)
    redraw_while(monkeypatch, desk, lambda: people.stop(office.desk(), desk.person))
    with pytest.raises(Forbidden) as caught:
        papers.take(desk, client, arrived)
    assert caught.value.code == "stopped"
    assert_not_saved(office)


@pytest.mark.parametrize("hold", [False, True], ids=["saved at once", "held"])
def test_whose_role_writes_no_more_saves_nothing(hold: bool, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, client, arrived = of_a_member(office, hold)
    rooms = tuple(office.desk().client_compartments())
    redraw_while(monkeypatch, desk, lambda: people.change(office.desk(), desk.person, Role.VIEWER, rooms))
    with pytest.raises(Forbidden):
        papers.take(desk, client, arrived)
    assert_not_saved(office)


def test_who_lost_the_compartment_saves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, client, arrived = of_a_member(office)
    redraw_while(monkeypatch, desk, lambda: people.change(office.desk(), desk.person, Role.HANDLER, ()))
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)
    assert_not_saved(office)


def test_a_client_moved_away_meanwhile_gets_nothing_from_who_stays_outside(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, client, arrived = of_a_member(office)
    branch = compartments.make(office.desk(), "支店")
    redraw_while(monkeypatch, desk, lambda: compartments.move_client(office.desk(), client, branch))
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)
    assert_not_saved(office)


def test_a_client_moved_where_one_may_go_too_gets_his_document(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client, branch = office.facts.clients[0], compartments.make(office.desk(), "支店")
    desk = office.desk(office.worker())
    arrived = papers.upload(desk, client, THREE)
    redraw_while(monkeypatch, desk, lambda: compartments.move_client(office.desk(), client, branch))
    papers.take(desk, client, arrived)
    assert clients.get(office.desk(), client).compartment == "支店"
    papers.assert_nothing_half(office)


@pytest.mark.parametrize("hold", [False, True], ids=["saved at once", "held"])
def test_a_client_erased_meanwhile_gets_nothing_and_his_folder_goes(
    hold: bool, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, desk = office.facts.clients[0], office.desk(office.worker())
    arrived = papers.upload(desk, client, THREE, hold=hold)

    def happens() -> None:
        erasing.erase_clients(office.desk(), [client], ORDER)
        assert not (office.settings.uploads / client.hex()).exists()

    redraw_while(monkeypatch, desk, happens)
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)
    assert not (office.settings.uploads / client.hex()).exists()
    assert papers.object_files(office) == set() and papers.rows(office) == []
    assert office.sql("SELECT count(*) FROM records WHERE owner = ?", client) == [(0,)]


@pytest.mark.parametrize("hold", [False, True], ids=["saved at once", "held"])
def test_a_client_sealed_anew_meanwhile_is_a_conflict(hold: bool, office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client, desk = office.facts.clients[0], office.desk(office.worker())
    arrived = papers.upload(desk, client, THREE, hold=hold)

    def happens() -> None:
        rekeying.erase_part(office.desk(), client, {office.facts.policies[0][1]}, ORDER)

    redraw_while(monkeypatch, desk, happens)
    with pytest.raises(Conflict):
        papers.take(desk, client, arrived)
    assert_not_saved(office)
    assert papers.on_the_way(office) == []  # nothing of it would open any more
    papers.add(office, THREE)


def test_a_client_put_into_the_bin_meanwhile_gets_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client, desk = office.facts.clients[0], office.desk()
    arrived = papers.upload(desk, client, THREE)
    redraw_while(monkeypatch, desk, lambda: bin.put(office.desk(), client, client, 2))
    with pytest.raises(NotFound):
        papers.take(desk, client, arrived)
    assert papers.object_files(office) == set()
    with pytest.raises(NotFound):
        papers.announce(office.desk(), client, THREE)
    bin.bring_back(office.desk(), client, client)
    assert_not_saved(office)


def test_what_others_save_of_the_client_meanwhile_is_no_conflict(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client, desk = office.facts.clients[0], office.desk()
    arrived = papers.upload(desk, client, THREE)

    def happens() -> None:
        page = clients.get(office.desk(), client)
        clients.save(office.desk(), client, replace(page.client, notes="その間に"), page.version)

    redraw_while(monkeypatch, desk, happens)
    papers.take(desk, client, arrived)
    assert clients.get(office.desk(), client).client.notes == "その間に" and len(papers.of_client(office)) == 1


def test_nobody_waits_for_the_database_while_a_file_is_redrawn(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    client, desk = office.facts.clients[0], office.desk()
    arrived = papers.upload(desk, client, THREE)
    took: list[float] = []

    def happens() -> None:
        began = time.monotonic()
        other = threading.Thread(target=lambda: clients.get(office.desk(office.worker()), client))
        other.start()
        other.join()
        took.append(time.monotonic() - began)

    redraw_while(monkeypatch, desk, happens)
    papers.take(desk, client, arrived)
    assert took and took[0] < 5  # SQLite would wait for 15 seconds
