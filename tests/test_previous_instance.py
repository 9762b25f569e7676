"""An instance that the previous issue's last commit made opens, shows and prints everything once brought up to date.

One that cannot be brought up to date stays as it was.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.support import documents as papers
from tests.support.instance import Instance as Command
from tests.support.offices import ORIGIN, PASSWORD, Office, no_keeper
from tests.support.previous import Previous, copied, unpacked
from tests.support.reader import Disk
from tests.support.verifiers import found_in, script
from tests.support.visits import Visit
from vault.cli.serving import make_ready
from vault.errors import NotReady
from vault.services import clients, documents, policies, sessions
from vault.services.accounts import recovery
from vault.services.safe import Desk
from vault.storage import database, sandbox, schema
from vault.web.app import create_app

__all__ = ["no_keeper"]
NEW_BROWSER = bytes(range(32))


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Previous:
    return unpacked(tmp_path_factory.mktemp("previous"))


@pytest.fixture
def previous(original: Previous, tmp_path: Path) -> Previous:
    return copied(original, tmp_path)


@pytest.fixture
def office(previous: Previous) -> Iterator[Office]:
    """The instance after `kura serve` has made it ready."""
    told: list[str] = []
    make_ready(previous.office().settings, lambda: told.append("upgrading"))
    assert told == ["upgrading"]
    made = previous.office()
    yield made
    made.instance.engine.dispose()


@pytest.fixture
def app(office: Office) -> Flask:
    return create_app(office.instance)


def browser(app: Flask, office: Office, previous: Previous, number: int = 0) -> Visit:
    """One of the two registered browsers, signed in."""
    visit = Visit(app, office).with_device(previous.devices[number])
    assert visit.sign_in().status_code == 303
    return visit


def shown(visit: Visit, path: str) -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, (path, answer.status_code, answer.headers.get("Location"))
    return answer.get_data(as_text=True)


@pytest.fixture
def visit(app: Flask, office: Office, previous: Previous) -> Visit:
    return browser(app, office, previous)


# --- what it has


def test_it_is_what_the_previous_issue_made(original: Previous) -> None:
    assert Disk(original.folder).keystore["format"] == "kura keystore 1"
    assert any("alembic_version" in line and "'0001'" in line for line in original.dump())
    assert not any('"visits"' in line or "TABLE visits" in line for line in original.dump())


@pytest.mark.parametrize("number", [0, 1])
def test_every_client_and_every_policy_opens_on_both_browsers(number: int, app: Flask, office: Office, previous: Previous) -> None:
    visit = browser(app, office, previous, number)
    listed = shown(visit, "/clients")
    for client in previous.held["clients"]:
        assert client["name"] in listed
        page = shown(visit, f"/clients/{client['id']}")
        assert client["name"] in page
        for policy in client["policies"]:
            page = shown(visit, f"/clients/{client['id']}/policies/{policy['id']}")
            assert policy["insurer"] in page and policy["number"] in page


def test_every_earlier_version_opens(visit: Visit, office: Office, previous: Previous) -> None:
    first, policy = previous.held["clients"][0], previous.held["clients"][0]["policies"][0]
    assert "1度目の変更" in shown(visit, f"/clients/{first['id']}/versions/2")
    assert "度目の変更" not in shown(visit, f"/clients/{first['id']}/versions/1")
    assert "書き替えた契約" not in shown(visit, f"/clients/{first['id']}/policies/{policy['id']}/versions/1")
    desk = desk_of(office, previous)
    page = clients.get(desk, office.facts.clients[0])
    assert page.client.notes == "2度目の変更"
    held = policies.get(desk, office.facts.clients[0], office.facts.policies[0][0]).held
    assert held.policy.notes == "書き替えた契約"


def desk_of(office: Office, previous: Previous) -> Desk:
    return sessions.desk(office.instance, office.sign_in(device=previous.devices[0]).session, ORIGIN)


def test_what_was_entered_can_be_changed_and_keeps_its_history(office: Office, previous: Previous) -> None:
    desk, client = desk_of(office, previous), office.facts.clients[0]
    page = clients.get(desk, client)
    assert clients.save(desk, client, replace(page.client, notes="新しい版で"), page.version) == 4
    assert [version.number for version in clients.versions(desk, client, client)] == [4, 3, 2, 1]


def test_the_ledger_goes_on_with_its_numbers_and_a_sheet_is_printed(visit: Visit, previous: Previous) -> None:
    book = shown(visit, "/ledger")
    assert all(serial in book for serial in ("P-000001", "P-000002", "P-000003"))
    assert "全部そろっていた" in shown(visit, "/ledger/1")
    client = previous.held["clients"][1]
    order = {"client": client["id"], "sheet": "保険証券一覧表", "purpose": "社内利用", "addressee": "経理", "copies": "1"}
    answer = visit.post("/prints", order)
    sheet = answer.get_data(as_text=True)
    assert answer.status_code == 200 and "P-000004" in sheet and client["name"] in sheet
    assert sum(policy["number"] in sheet for policy in client["policies"]) >= 5
    assert "P-000004" in shown(visit, "/ledger")


# --- what its people hold


def test_the_unused_spare_code_registers_a_browser_and_the_used_one_does_not(app: Flask, office: Office, previous: Previous) -> None:
    def registered(code: str) -> tuple[int, Visit]:
        stranger = Visit(app, office, address="198.51.100.9")
        stranger.get("/register")
        typed = {"code": code, "login_id": previous.held["login_id"], "password": PASSWORD}
        return stranger.post("/register", typed).status_code, stranger

    assert registered(previous.held["used_code"])[0] == 403
    status, fresh = registered(previous.held["unused_code"])
    assert status in (200, 303)
    assert previous.held["clients"][0]["name"] in shown(fresh, "/clients")
    assert fresh.sign_in().status_code == 303  # this ends the registration and uses the code up
    office.instance.keyring.let_go()
    assert registered(previous.held["unused_code"])[0] == 403
    assert Disk(office.folder).keystore["format"] != "kura keystore 1"
    for number in (0, 1):  # and the two others go on
        assert previous.held["clients"][0]["name"] in shown(browser(app, office, previous, number), "/clients")


def test_the_newest_recovery_sheet_opens_the_office_and_the_one_before_does_not(app: Flask, office: Office, previous: Previous) -> None:
    def recovered(groups: list[str]) -> int:
        stranger = Visit(app, office, address="198.51.100.9")
        ticket, _ = recovery.issue_ticket(office.instance)
        stranger.get("/recover")
        chosen = PASSWORD + "!"
        typed = {"recovery": " ".join(groups), "ticket": ticket, "password": chosen, "again": chosen}
        return stranger.post("/recover", typed).status_code

    assert recovered(previous.held["old_groups"]) == 403
    assert recovered(previous.held["groups"]) == 200


def test_the_log_is_whole_before_and_after_and_tells_of_the_old_entries(office: Office, original: Previous, tmp_path: Path, visit: Visit) -> None:
    assert agreed_before(original, tmp_path) is None
    [(position,)] = office.sql("SELECT max(position) FROM journal")
    assert position > 60 and found_in(office) is None
    assert office.sql("SELECT count(*) FROM journal WHERE event='client-saved' AND at IS NOT NULL")[0][0] >= 5
    office.sql("UPDATE journal SET clear=zeroblob(length(clear)) WHERE position=9")
    assert found_in(office) == (9, "edited")


def agreed_before(original: Previous, scratch: Path) -> tuple[int, str] | None:
    """The script alone knows the columns of the older database too."""
    raw = (original.folder / "keys" / "a" / "head").read_bytes()
    office = Disk(original.folder).office
    notes = [(int.from_bytes(raw[:8], "big"), raw[8:]), script.mark(original.folder / "keys" / "a", office)]
    return script.read(original.database, notes, scratch)[2]


# --- bringing it up to date


def test_every_command_but_serve_says_what_to_do_first(previous: Previous, tmp_path: Path) -> None:
    before = previous.dump()
    command = Command(previous.folder, tmp_path / "home")
    for arguments in (("status",), ("ticket",), ("verify-log",), ("init", "--again")):
        said = command.kura(*arguments, code=1)
        assert "前の版" in said and "kura serve" in said and "Traceback" not in said
    assert previous.dump() == before


def test_two_servers_started_at_once_both_serve_it_and_one_of_them_upgrades(previous: Previous, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    servers = [Command(previous.folder, home), Command(previous.folder, home)]
    started = [threading.Thread(target=server.start) for server in servers]
    try:
        for thread in started:
            thread.start()
        for thread in started:
            thread.join()
        assert all(server.process is not None for server in servers)
        assert servers[0].log.read_text("utf-8").count("新しい形に直しています") in (1, 2)  # said before it is waited for
    finally:
        for server in servers:
            server.stop()
    facts = json.loads(servers[0].kura("status", "--json"))
    assert facts["begun"] and facts["clients"] == 3 and facts["prints"] == 3 and facts["journal_whole"] is True
    assert json.loads(servers[0].kura("verify-log", "--json"))["whole"] is True


def refused(previous: Previous) -> str:
    with pytest.raises(NotReady) as found:
        make_ready(previous.office().settings, lambda: None)
    return found.value.code


def test_a_failed_upgrade_leaves_the_old_database_whole_and_a_later_one_succeeds(previous: Previous) -> None:
    with sqlite3.connect(previous.database) as connection:
        connection.execute("CREATE TABLE visits (x)")  # in the way of the last step
    connection.close()
    before = previous.dump()
    assert refused(previous) == "upgrade-failed"
    assert previous.dump() == before
    with sqlite3.connect(previous.database) as connection:
        connection.execute("DROP TABLE visits")
    connection.close()
    make_ready(previous.office().settings, lambda: None)
    assert any(f"'{schema.HEAD}'" in line for line in previous.dump() if "alembic_version" in line)


def test_an_upgrade_of_a_full_disk_leaves_the_old_database_whole(previous: Previous, monkeypatch: pytest.MonkeyPatch) -> None:
    before, migrate = previous.dump(), database.migrate

    def full(connection: Any, revision: str = "head") -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages + 1}")
        migrate(connection, revision)

    monkeypatch.setattr(database, "migrate", full)
    assert refused(previous) == "upgrade-failed"
    assert previous.dump() == before


def test_an_entry_edited_before_does_not_keep_the_office_out_and_is_named_after(previous: Previous) -> None:
    with sqlite3.connect(previous.database) as connection:
        connection.execute("UPDATE journal SET clear='gone' WHERE position=11")
    connection.close()
    make_ready(previous.office().settings, lambda: None)
    assert found_in(previous.office()) == (11, "edited")


def test_the_newest_database_is_served_without_an_upgrade(office: Office) -> None:
    told: list[str] = []
    make_ready(office.settings, lambda: told.append("upgrading"))
    assert told == []


def test_it_takes_in_scanned_papers(office: Office, previous: Previous, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "can_read", lambda: False)
    desk, client = desk_of(office, previous), office.facts.clients[0]
    step = papers.take(desk, client, papers.upload(desk, client, papers.pdf("first page", "second page")))
    [held] = clients.get(desk_of(office, previous), client).documents
    assert held.id == step.document and len(held.document.pages) == 2
    assert documents.page(desk_of(office, previous), client, held.id, 1).image.startswith(b"\xff\xd8")
