"""What it costs to let somebody in, to put somebody out, and to have twenty people at the door at once."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from vault.cli.bench_figure import Figure
from vault.cli.bench_office import HERE, PASSWORD, Measured
from vault.cli.bench_server import Browser, Server
from vault.crypto.keystore import Keystore
from vault.crypto.unlock import DEFAULT_COST
from vault.domain.access import Role
from vault.domain.office import Colleague
from vault.errors import NotReady
from vault.services import sessions
from vault.services.accounts import compartments, people, registering, signing_in
from vault.services.safe import Desk
from vault.services.sessions import LoginSheet

ROOMS, CROWD, REVOKED = 10, 20, 3
KIB = 1024
# What a worker needs beside the two runs that are permitted: for the keystore, and for its threads.
PERMITTED_RUNS = 3
_ROLES = (Role.HANDLER, Role.HANDLER, Role.VIEWER, Role.HANDLER, Role.AUDITOR, Role.HANDLER)


@dataclass(frozen=True)
class Colleagues:
    """Everybody but the founder: handlers and so on, and administrators who are there to leave again."""

    staff: list[LoginSheet]
    administrators: list[LoginSheet]


def figures(office: Measured, count: int, serve: Callable[[], Server]) -> Iterator[Figure]:
    """Figures of an office with `count` people in ten compartments; `serve` starts the two workers that it has."""
    _spread(office)
    took: list[float] = []
    colleagues = _admit_to_the_books(office, count, took)
    yield _seconds("person_create", took[-5:], 1)
    crowd = [(sheet, _at_his_pc(office, sheet)) for sheet in colleagues.staff[: min(CROWD, len(colleagues.staff) - REVOKED)]]
    office.instance.keyring.let_go()
    with serve() as server:
        browsers = [(sheet.login_id, Browser(server.port, device)) for sheet, device in crowd]
        yield from _all_at_once(server, browsers)
        yield _seconds("person_revoke", _revoked(office, colleagues.staff[-REVOKED:], browsers), 2)
        yield _seconds("administrator_revoke", _revoked(office, colleagues.administrators, browsers), 2)


def _seconds(name: str, samples: list[float], limit: float) -> Figure:
    return Figure(name, round(statistics.median(samples), 3), "s", limit)


def _desk(office: Measured) -> Desk:
    """The founder's desk as a request has it, over the newest keystore."""
    done = signing_in.sign_in(office.instance, office.login_id, PASSWORD, office.device_secret, HERE)
    return sessions.desk(office.instance, done.session, HERE)


# --- the office


def _spread(office: Measured) -> None:
    """Nine compartments more, and the clients dealt out to all ten in one keystore write."""
    desk = office.desk
    (first,) = desk.client_compartments()
    rooms = [first, *(compartments.make(desk, f"計測{number}課") for number in range(2, ROOMS + 1))]
    keys = {room: desk.compartment_key(room) for room in rooms}

    def deal(keystore: Keystore) -> Keystore:
        everything = keystore.ring(desk.directory, first, keys[first])
        owners = everything.owners()
        for number, room in enumerate(rooms):
            mine = {owner: found for owner in owners[number::ROOMS] if (found := everything.find(owner))}
            empty = keystore.ring(desk.directory, rooms[-1], keys[rooms[-1]])
            keystore = keystore.with_ring(desk.directory, room, keys[room], empty.with_folders(mine))
        return keystore

    desk.now_reading(office.instance.files.add(deal))


def _admit_to_the_books(office: Measured, count: int, took: list[float]) -> Colleagues:
    """Everybody made through the service, one after the other; `took` gets the seconds of each."""
    desk = _desk(office)
    rooms = desk.client_compartments()
    made: dict[Role, list[LoginSheet]] = {role: [] for role in Role}
    staff: list[LoginSheet] = []
    for number in range(1, count):
        role = Role.ADMINISTRATOR if number <= REVOKED else _ROLES[number % len(_ROLES)]
        mine = rooms[number % ROOMS :][:3] if role in (Role.HANDLER, Role.VIEWER) else []
        began = time.perf_counter()
        sheet = people.create(desk, Colleague(name=f"計測 {number}号"), role, mine)
        took.append(time.perf_counter() - began)
        made[role].append(sheet)
        if role is not Role.ADMINISTRATOR:
            staff.append(sheet)
    return Colleagues(staff, made[Role.ADMINISTRATOR])


def _at_his_pc(office: Measured, sheet: LoginSheet) -> bytes:
    """In with the login sheet, and once more, so that the registration has ended; returns his browser's secret."""
    browser = os.urandom(32)
    given = (sheet.login_id, sheet.initial_password, sheet.code, None, browser, HERE)
    first = registering.register(office.instance, *given)
    assert isinstance(first, registering.First)
    registering.choose_password(office.instance, first.session, PASSWORD, None, browser, HERE)
    signing_in.sign_in(office.instance, sheet.login_id, PASSWORD, browser, HERE)
    return browser


# --- at the door


def _all_at_once(server: Server, browsers: list[tuple[str, Browser]]) -> Iterator[Figure]:
    """Everybody signs in within the same moment; meanwhile the server's memory is looked at again and again."""
    for login_id, browser in browsers[:2]:  # both workers have opened the keystore before
        browser.sign_in(login_id)
        browser.pause()
    before = server.memory()
    gate = threading.Barrier(len(browsers))

    def sign_in(login_id: str, browser: Browser) -> bool:
        gate.wait()
        try:
            browser.sign_in(login_id)
        except (NotReady, OSError):
            return False
        finally:
            browser.pause()
        return True

    began, most = time.perf_counter(), before
    with ThreadPoolExecutor(len(browsers)) as doors:
        waiting = [doors.submit(sign_in, *each) for each in browsers]
        while not all(each.done() for each in waiting):
            most = max(most, server.memory())
    took = time.perf_counter() - began
    yield Figure("crowd_in", sum(each.result() for each in waiting), "人", len(browsers), least=True)
    yield Figure("crowd_sign_in", round(took, 2), "s")
    yield Figure("crowd_memory", round((most - before) * KIB / DEFAULT_COST.m, 2), "×", PERMITTED_RUNS)


# --- out


def _revoked(office: Measured, sheets: list[LoginSheet], browsers: list[tuple[str, Browser]]) -> list[float]:
    """The seconds of each leaver, from the act to the end of the last key: the workers let go of theirs first."""
    took = []
    for sheet in sheets:
        desk = _desk(office)
        for _, browser in browsers[:8]:  # so that both workers hold the keystore open
            browser.get("/own")
            browser.pause()
        began = time.perf_counter()
        people.stop(desk, sheet.person)
        took.append(time.perf_counter() - began)
    return took
