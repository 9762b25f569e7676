"""`kura bench`: what the vault costs on this machine, each limit as a quotient of two things measured in one run."""

from __future__ import annotations

import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, insert, update

from vault import catalogue
from vault.cli import bench_backup, bench_documents, bench_people, bench_search
from vault.cli.bench_figure import Figure
from vault.cli.bench_office import HERE, PASSWORD, Measured, make
from vault.cli.bench_plain import plain_row
from vault.cli.bench_server import Browser, Server
from vault.config import load
from vault.crypto import unlock
from vault.crypto.keys import new_id, new_key
from vault.domain.access import Permission
from vault.domain.policies import Policy
from vault.services import payloads, policies
from vault.services.accounts import signing_in
from vault.services.audit import Event
from vault.services.holdings import POLICY
from vault.services.safe import OFFICE_PAGE
from vault.storage import schema
from vault.storage.database import create_tables, open_database, transaction

WRITES, LISTS = 5, 4
REST_SECONDS = 6.0


def run(clients: int, as_json: bool, people: int, objects: int, search_only: bool = False) -> Iterator[str]:
    """The lines to print: figures as they come, or one JSON list of all."""
    # On the disk of the current folder: what is measured is this disk, and memory would flatter it.
    with tempfile.TemporaryDirectory(prefix=".kura-bench.", dir=Path.cwd()) as place:
        found = _of_search(Path(place), clients) if search_only else _figures(Path(place), clients, people, objects)
        if as_json:
            yield json.dumps([{**asdict(figure), "ok": figure.ok} for figure in found])
            return
        for figure in found:
            yield _line(figure)


def _line(figure: Figure) -> str:
    say = catalogue.load("ja").gettext
    told = f"{say('bench.' + figure.name).replace('%%', '%')}: {figure.value:g} {figure.unit}".rstrip()
    if figure.limit is None:
        return told
    bound = say("%(limit)s以上") if figure.least else say("%(limit)s以下")
    return f"{told} ({bound % {'limit': f'{figure.limit:g}'}}) {'○' if figure.ok else '×'}"


def _figures(place: Path, clients: int, people: int, objects: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        office = make(place / "sealed", clients)
        stack.callback(shutil.rmtree, office.instance.settings.run, ignore_errors=True)
        twin = _plain_copy(office, place / "plain")
        stack.callback(shutil.rmtree, load(twin).run, ignore_errors=True)
        with Server(place / "sealed", "bench_probe") as server:
            yield from _served(server, office, twin)
        yield from _sign_ins(office)
        yield from _saves(office, place)
        yield from _keystore_writes(office)
        yield from _searches(office, place, clients, stack)
        yield from bench_documents.figures(office, office.desk, place)
        yield from bench_people.figures(office, people, lambda: Server(place / "sealed", "bench_memory"))
        yield from bench_backup.figures(office, objects, place, lambda: Server(place / "sealed", "bench_memory"))


def _of_search(place: Path, clients: int) -> Iterator[Figure]:
    with ExitStack() as stack:
        office = make(place / "sealed", clients)
        stack.callback(shutil.rmtree, office.instance.settings.run, ignore_errors=True)
        yield from _searches(office, place, clients, stack)


def _searches(office: Measured, place: Path, clients: int, stack: ExitStack) -> Iterator[Figure]:
    """Held against an office of a tenth of the clients."""
    smaller = make(place / "smaller", max(1, clients // bench_search.TENTH))
    stack.callback(shutil.rmtree, smaller.instance.settings.run, ignore_errors=True)
    yield from bench_search.figures(office, place, smaller)
    yield from bench_search.at_once(office, lambda: Server(place / "sealed", "bench_memory"))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _milliseconds(name: str, samples: list[float]) -> Figure:
    return Figure(name, round(1000 * statistics.median(samples), 2), "ms")


def _quotient(name: str, ours: list[float], theirs: list[float], limit: float) -> Figure:
    return Figure(name, round(statistics.median(ours) / statistics.median(theirs), 3), "×", limit)


# --- pages


def _plain_copy(office: Measured, folder: Path) -> Path:
    """A copy of the instance in which every row that a client's page reads stands unsealed."""
    # Closing any handle of a database file drops this process's locks on it, so none may be open while it is copied.
    office.instance.engine.dispose()
    shutil.copytree(office.instance.settings.folder, folder)
    with office.desk.act(Event.CLIENT_OPENED, Permission.READ_CLIENTS) as act:
        rows = [each for owner in (office.client, OFFICE_PAGE, office.desk.person) for each in act.read(owner)]
    engine = open_database(folder / "data" / "kura.db")
    table = schema.records
    with transaction(engine) as connection:
        for each in rows:
            written = plain_row(each.author, each.payload)
            connection.execute(update(table).where(table.c.id == each.row.id).values(sealed=written))
    engine.dispose()
    return folder


def _served(server: Server, office: Measured, twin: Path) -> Iterator[Figure]:
    page = f"/clients/{office.client.hex()}"
    browser = Browser(server.port, office.device_secret)
    yield _milliseconds("sign_in", [browser.sign_in(office.login_id) for _ in range(office.rounds.sign_ins)])
    yield from _memory(server, browser, office, page)
    with Server(twin, "bench_plain") as plain_server:
        plain = Browser(plain_server.port, office.device_secret)
        plain.sign_in(office.login_id)
        yield from _pages(browser, plain, page, office.rounds.pages)


def _memory(server: Server, browser: Browser, office: Measured, page: str) -> Iterator[Figure]:
    """With all pages opened on both workers, lists of all clients included; and when nobody has worked for a while."""
    lists = []
    for _ in range(LISTS):
        browser.pause()  # the next connection may be the other worker's
        lists.append(_timed(lambda: browser.get("/clients")))
        for path in (page, f"{page}/policies/{office.policies[0].hex()}", f"{page}/edit"):
            browser.pause()
            browser.get(path)
    yield _milliseconds("client_list", lists)
    yield Figure("working_memory", round(server.memory(), 1), "MiB")
    time.sleep(REST_SECONDS)
    yield Figure("idle_memory", round(server.memory(), 1), "MiB", 90)
    browser.pause()


def _pages(browser: Browser, plain: Browser, page: str, times: int) -> Iterator[Figure]:
    """The same page of both servers by turns, so that whatever else this machine does befalls both."""
    for each in (browser, plain):
        for _ in range(times // 20):
            each.get(page)
    sealed_times, plain_times = [], []
    for _ in range(times):
        sealed_times.append(_timed(lambda: browser.get(page)))
        plain_times.append(_timed(lambda: plain.get(page)))
    yield _milliseconds("client_page", sealed_times)
    yield _milliseconds("client_page_plain", plain_times)
    yield _quotient("client_page_quotient", sealed_times, plain_times, 1.15)


# --- signing in and writing


def _sign_ins(office: Measured) -> Iterator[Figure]:
    """Of each whole act of signing in, the part between Argon2id's beginning and its end."""
    inside: list[float] = []

    def stretch(*given: Any) -> bytes:
        began = time.perf_counter()
        made = unlock.stretch(*given)
        inside.append(time.perf_counter() - began)
        return made

    def sign_in() -> None:
        signing_in.sign_in(office.instance, office.login_id, PASSWORD, office.device_secret, HERE)

    with patch.object(signing_in, "stretch", stretch):
        whole = [_timed(sign_in) for _ in range(office.rounds.sign_ins)]
    share = statistics.median(part / all_of_it for part, all_of_it in zip(inside, whole, strict=True))
    yield Figure("sign_in_argon2", round(100 * share, 1), "%", 85, least=True)


def _saves(office: Measured, place: Path) -> Iterator[Figure]:
    """The whole act of saving a policy that somebody has open, by turns with one plain row of the same size.

    The act: rights, the contents list checked and sealed anew, the version before kept, the next one sealed, the
    journal entry, one durable transaction. The keys were opened for the page that it is saved from. The plain row
    goes in as a plain program on the same libraries writes it; what the database itself takes for it, asked without
    any library, is told beside it: where a disk makes things durable in no time, that is next to nothing.
    """
    desk, client = office.desk, office.client
    with desk.act(Event.CLIENT_OPENED, Permission.READ_CLIENTS, client) as act:
        held = {each.row.id: each for each in act.read(client, [POLICY])}
    version = {policy: each.row.version for policy, each in held.items()}
    create_tables(place / "plain.db")
    engine = open_database(place / "plain.db")
    ours, theirs, bare = [], [], []
    for number in range(office.rounds.saves):
        policy = office.policies[number % len(office.policies)]
        record = payloads.decode(held[policy].payload, Policy)
        ours.append(_timed(partial(policies.save, desk, client, policy, record, version[policy])))
        version[policy] += 1
        row = vars(held[policy].row)
        theirs.append(_timed(partial(_plain_insert, engine, {**row, "id": new_id()})))
        bare.append(_timed(partial(_bare_insert, engine, {**row, "id": new_id()})))
    engine.dispose()
    yield _milliseconds("save", ours)
    yield _milliseconds("plain_insert", theirs)
    yield _quotient("save_quotient", ours, theirs, 2)
    yield _milliseconds("bare_insert", bare)


def _plain_insert(engine: Engine, row: dict[str, object]) -> None:
    with transaction(engine) as connection:
        connection.execute(insert(schema.records).values(**row))


def _bare_insert(engine: Engine, row: dict[str, object]) -> None:
    held = engine.raw_connection()
    try:
        cursor = held.cursor()
        cursor.execute("BEGIN IMMEDIATE")
        cursor.execute(f"INSERT INTO records ({', '.join(row)}) VALUES (?,?,?,?,?,?,?)", list(row.values()))
        cursor.execute("COMMIT")
    finally:
        held.close()


def _keystore_writes(office: Measured) -> Iterator[Figure]:
    """A new client's folder key: the whole keystore read, opened, sealed, durable on both replicas, read back."""
    desk = office.desk
    (room,) = desk.client_compartments()

    def write() -> None:
        owner = new_id()
        desk.add_folders({owner: room}, {owner: (new_id(), new_key())})

    yield _milliseconds("keystore_write", [_timed(write) for _ in range(WRITES)])
