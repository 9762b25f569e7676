"""The cross search, held against `LIKE` over the same columns unsealed in SQLite; and what keeping its segments costs."""

from __future__ import annotations

import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from vault.cli.bench_figure import Figure
from vault.cli.bench_office import Measured
from vault.cli.bench_server import WORKERS, Browser, Server
from vault.domain.access import Permission
from vault.domain.policies import Policy
from vault.domain.search import CLIENT, Query, Row, client_row, policy_row
from vault.domain.search import POLICY as POLICY_ROW
from vault.domain.values.moments import day_of
from vault.services import payloads, policies
from vault.services.acts import Act
from vault.services.audit import Event, Fact
from vault.services.holdings import POLICY, opened_client
from vault.services.search.finding import search
from vault.services.today import today
from vault.storage.database import reading

# A rare name, a common word, a word of every policy; a plain program is asked for just the same.
_FACT = Fact(Event.SEARCHED)
WORDS = ("太郎499", "医療", "証券は金庫")
SHOWN, TENTH, PEOPLE = 50, 10, 10


def figures(office: Measured, place: Path, smaller: Measured) -> Iterator[Figure]:
    """`smaller`: an office of a tenth of the clients, for how the time grows."""
    yield Figure("search_ready", round(_ready(office), 3), "s")
    plain = _plain(office, place / "search.db")
    ours, theirs = [], []
    for words in WORDS * office.rounds.searches:
        ours.append(_timed(partial(_search, office, words)))
        theirs.append(_timed(partial(_like, plain, words)))
    plain.close()
    yield Figure("search", round(1000 * statistics.median(ours), 1), "ms")
    yield Figure("search_like", round(1000 * statistics.median(theirs), 1), "ms")
    yield Figure("search_quotient", round(sum(ours) / sum(theirs), 3), "×", 0.5)
    yield Figure("search_behind", round(1000 * _behind(office), 1), "ms")
    _ready(smaller)
    small = [_timed(partial(_search, smaller, words)) for words in WORDS * office.rounds.searches]
    yield Figure("search_growth", round(statistics.median(ours) / statistics.median(small), 2), "×", TENTH)
    first_page, of_small = (
        statistics.median(_timed(partial(today, each.desk)) for _ in range(office.rounds.searches)) for each in (office, smaller)
    )
    yield Figure("worklist", round(1000 * first_page, 1), "ms")
    yield Figure("worklist_growth", round(first_page / of_small, 2), "×", TENTH)


def at_once(office: Measured, serve: Callable[[], Server]) -> Iterator[Figure]:
    """The page of the search, for one person alone and for ten at the same time, without a pause between two searches."""
    office.instance.keyring.let_go()
    with serve() as server:
        browsers = [Browser(server.port, office.device_secret) for _ in range(PEOPLE)]
        for browser in browsers:
            browser.sign_in(office.login_id)
            browser.get("/search")
        alone = _by_hand(browsers[0], office)
        with ThreadPoolExecutor(PEOPLE) as people:
            together = [seconds for each in people.map(partial(_by_hand, office=office), browsers) for seconds in each]
    one, many = (statistics.quantiles(times, n=20)[-1] for times in (alone, together))
    yield Figure("search_page", round(1000 * one, 1), "ms")
    yield Figure("search_page_crowd", round(1000 * many, 1), "ms")
    # Each worker has so many of them to serve; whoever waits for longer than twice that waits for something else.
    yield Figure("search_page_waiting", round(many / one / (PEOPLE / WORKERS), 2), "×", 2)


def _by_hand(browser: Browser, office: Measured) -> list[float]:
    def search(words: str) -> None:
        browser.pause()  # each by whichever worker is free, as through a web server in front
        browser.post("/search", words=words)

    return [_timed(partial(search, words)) for words in WORDS * office.rounds.searches]


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _search(office: Measured, words: str) -> int:
    desk = office.desk
    found = search(desk, Query(words=words), day_of(desk.instance.clock()), SHOWN)
    return found.total + found.pending


def _ready(office: Measured) -> float:
    """Seconds until the segments tell everything, from nothing."""
    began, desk = time.perf_counter(), office.desk
    while search(desk, Query(words=WORDS[0]), day_of(desk.instance.clock())).pending:
        pass
    return time.perf_counter() - began


def _plain(office: Measured, path: Path) -> sqlite3.Connection:
    """The same texts as they were typed, in a column for each box, as a plain program keeps them."""
    connection = sqlite3.connect(path)
    with reading(office.desk.instance.engine) as held:
        for row in _rows(Act(office.desk, held, _FACT)):
            _insert(connection, row)
    connection.commit()
    return connection


def _rows(act: Act) -> Iterator[Row]:
    for held, own in act.every_client():
        client = opened_client(own)
        yield client_row(client)
        for each in act.read(held.folder.owner, [POLICY]):
            yield policy_row(payloads.decode(each.payload, Policy), client)


def _insert(connection: sqlite3.Connection, row: Row) -> None:
    columns: dict[str, str] = {"kana": row.order}
    for piece in row.pieces:
        name = piece.label.removeprefix("field.").replace(".", "_")
        columns[name] = f"{columns[name]}\n{piece.text}" if name in columns else piece.text
    known = [name for _, name, *_ in connection.execute(f"PRAGMA table_info({row.what})")]
    if not known:
        connection.execute(f"CREATE TABLE {row.what} ({', '.join(f'{name} TEXT' for name in columns)})")
    for name in columns.keys() - known if known else ():
        connection.execute(f"ALTER TABLE {row.what} ADD COLUMN {name} TEXT")
    marks = ", ".join("?" * len(columns))
    connection.execute(f"INSERT INTO {row.what} ({', '.join(columns)}) VALUES ({marks})", list(columns.values()))


def _like(plain: sqlite3.Connection, words: str) -> int:
    """How many answer, and the first of them, clients before policies, with all of their columns."""
    total, shown = 0, 0
    for table in (CLIENT, POLICY_ROW):
        names = [name for _, name, *_ in plain.execute(f"PRAGMA table_info({table})") if name != "kana"]
        some = f"({' OR '.join(f'{name} LIKE ?' for name in names)})"
        where = " AND ".join([some] * len(words.split()))
        given = [f"%{term}%" for term in words.split() for _ in names]
        total += int(plain.execute(f"SELECT count(*) FROM {table} WHERE {where}", given).fetchone()[0])
        first = f"SELECT * FROM {table} WHERE {where} ORDER BY kana LIMIT {SHOWN - shown}"
        shown += len(plain.execute(first, given).fetchall())
    return total


def _behind(office: Measured) -> float:
    """Seconds that a search takes longer because a policy, of a client with twenty, was saved since the last one.

    Saves themselves keep no segments: the next search does, and the one after it finds that done.
    """
    desk, client = office.desk, office.client
    with desk.act(Event.CLIENT_OPENED, Permission.READ_CLIENTS, client) as act:
        held = act.read_one(client, office.policies[0], POLICY)
    record, version = payloads.decode(held.payload, Policy), held.row.version
    after, idle = [], []
    for number in range(office.rounds.changes):
        policies.save(desk, client, office.policies[0], record, version + number)
        after.append(_timed(partial(_search, office, WORDS[0])))
        idle.append(_timed(partial(_search, office, WORDS[0])))
    return statistics.median(after) - statistics.median(idle)
