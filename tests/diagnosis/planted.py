"""A page with two holes, so that a tool which finds nothing in the office is known to find something where it is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.serving import make_server

from tests.support.host_nginx import LOOPBACK
from tests.support.served import Silent
from tests.support.site import running

_FORM = '<!DOCTYPE html><title>planted</title><form action="/found"><input name="name" value="a"></form>'


def _page(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
    """What is asked for goes into a statement and onto the page as it came."""
    asked = parse_qs(environ.get("QUERY_STRING", "")).get("name", [""])[0]
    database = sqlite3.connect(":memory:")
    database.executescript("CREATE TABLE people (name TEXT); INSERT INTO people VALUES ('a'), ('b');")
    try:
        told = " ".join(row[0] for row in database.execute(f"SELECT name FROM people WHERE name = '{asked}'"))
    except (sqlite3.Error, sqlite3.Warning) as error:
        told = f"sqlite3.OperationalError: {error}"
    finally:
        database.close()
    start("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [f"{_FORM}<p>{asked}: {told}</p>".encode()]


@contextmanager
def planted() -> Iterator[str]:
    """Its address, without a slash at the end."""
    server = make_server(LOOPBACK, 0, _page, threaded=True, request_handler=Silent)
    with running(server):
        yield f"http://{LOOPBACK}:{server.port}"
