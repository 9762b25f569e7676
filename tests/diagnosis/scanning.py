"""wapiti and sqlmap: what strangers send, and what the administrator's own browser would."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.diagnosis.planted import planted
from tests.diagnosis.report import Finding, Looked, NoResult, looked
from tests.diagnosis.running import Room, read_json, run
from tests.diagnosis.subject import SignedIn, Subject
from tests.support.forms import token_of
from tests.support.host_nginx import LOOPBACK

# Left out: what asks services on the network (ssrf, log4shell, wapp, takeover, cms, htp) or needs lists that wapiti would
# fetch (nikto), what guesses passwords (brute_login_form: tests/attacks does it better), and TLS (sslyze and testssl do).
MODULES = (
    "backup", "cookieflags", "crlf", "csp", "csrf", "exec", "file", "htaccess", "http_headers", "ldap", "methods", "permanentxss",
    "redirect", "shellshock", "sql", "timesql", "upload", "xss", "xxe",
)  # fmt: skip
# They would end the session, and with it the diagnosis.
ENDS = ("/session/*", "/devices/*/remove*")
FEWEST_PAGES = {False: 4, True: 60}
SCAN_SECONDS, MOST_BOXES = {False: 60, True: 120}, 30
_ID = re.compile(r"[0-9a-f]{32}")


def wapiti(room: Room, subject: Subject, signed_in: bool) -> Looked:
    """Raises NoResult where it saw too few pages, its session ended on the way, or it does not find what was planted."""
    name = "wapiti (signed in)" if signed_in else "wapiti (signed out)"
    folder, session = room.of(name), subject.sign_in() if signed_in else None
    _finds_what_is_planted(room, folder)
    told = _wapiti(room, folder, "found", _before(room, subject, session))
    if session is not None and not subject.is_in(session):
        raise NoResult("its session ended on the way")
    pages = int(told["infos"]["crawled_pages_nbr"])
    if pages < FEWEST_PAGES[signed_in]:
        raise NoResult(f"it came to {pages} pages only")
    return looked(_of_wapiti(told), f"{pages} pages and forms{_cut_short(folder, room.attack)}")


def _finds_what_is_planted(room: Room, folder: Path) -> None:
    with planted() as address:
        told = _wapiti(room, folder, "planted", ("--url", f"{address}/", "--module", "sql,xss", "--max-attack-time", "30"))
    categories = {each.what for each in _of_wapiti(told)}
    if not {"SQL Injection", "Reflected Cross Site Scripting"} <= categories:
        raise NoResult("it does not find what was planted for it")


def _wapiti(room: Room, folder: Path, name: str, words: Iterable[str | Path]) -> Any:
    """What it writes about the place that `words` name."""
    written = folder / f"{name}.json"
    command: list[str | Path] = [
        room.program("wapiti"), *words, "--verify-ssl", "0", "--depth", "6", "--tasks", "2", "--timeout", "20", "--no-bugreport",
        "--flush-session", "--store-session", folder / f"store of {name}", "--store-config", folder / "config",
        "--format", "json", "--output", written, "--verbose", "1",
    ]  # fmt: skip
    run(command, folder, name, 300 + room.attack * len(MODULES), ends=(0, 1))
    return read_json(written)


def _before(room: Room, subject: Subject, session: SignedIn | None) -> Iterator[str]:
    """From the door or from the first page on, with the forms of the pages but for the largest."""
    signed_in = session is not None
    yield from ("--url", f"{subject.address}/{'today' if signed_in else ''}", "--scope", "domain")
    yield from ("--proxy", subject.gateway.address)
    yield from ("--module", ",".join(MODULES), "--skip", "csrf_token", "--max-parameters", str(MOST_BOXES))
    yield from ("--max-scan-time", str(SCAN_SECONDS[signed_in]), "--max-attack-time", str(room.attack))
    for path in ("/static/*", *(ENDS if signed_in else ())):
        yield from ("--exclude", subject.address + path)
    inside, outside = (*subject.clients, *subject.policies[:2], "/search"), ("/register", "/recover", "/cookies")
    for path in inside if signed_in else outside:
        yield from ("--start", subject.address + path)
    if session is not None:
        yield from ("--header", f"Cookie: {session.header}")


def _of_wapiti(told: Mapping[str, Any]) -> Iterator[Finding]:
    for kind in ("vulnerabilities", "anomalies"):
        for category, rows in told[kind].items():
            for row in rows:
                where = f"{row['method']} {_ID.sub('<id>', row['path'])}"
                yield Finding(category, where + (f" {row['parameter']}" if row.get("parameter") else ""), row["info"])


def _cut_short(folder: Path, seconds: int) -> str:
    """The modules whose time was over before they were done."""
    said = (folder / "found.log").read_text("utf-8", errors="replace")
    found = sorted(set(re.findall(r"[Mm]ax attack time (?:was )?reached for module (\w+)", said)))
    return f"; cut short after {seconds} s each: {', '.join(found)}" if found else ""


# --- sqlmap


@dataclass(frozen=True)
class Target:
    """One request whose boxes are tried; `usual` and `holds`: how the office answers when nobody attacks."""

    name: str
    path: str
    boxes: tuple[str, ...]
    form: tuple[tuple[str, str], ...] = ()
    signed_in: bool = True
    usual: int = 200
    holds: str = ""


_DOOR = (("login_id", "nobody"), ("password", "not the password"))
_TASK = (("what", "連絡する"), ("due", "R9.1.5"), ("note", ""))


def targets(subject: Subject) -> list[Target]:
    """The door, the search, two lists and a form."""
    client = subject.clients[0]
    return [
        Target("sign-in", "/session/new", ("login_id",), _DOOR, False, 403, 'name="login_id"'),
        Target("search", "/search", ("words", "closing_month"), (("words", "山田"), ("closing_month", "3"))),
        Target("search while typing", "/search/found", ("words",), (("words", "山田"),)),
        Target("list of clients", "/clients?initial=%E3%82%84", ("initial",)),
        Target("log", f"/log?person={secrets.token_hex(16)}&since=2026-01-01&before=50", ("person", "since", "before")),
        Target("task", f"{client}/tasks/new", ("what", "due", "note"), _TASK, usual=303),
    ]


def sqlmap(room: Room, subject: Subject) -> Looked:
    """Raises NoResult where a target does not answer as usual, before or afterwards, or it does not find what was planted."""
    folder, session, found = room.of("sqlmap"), subject.sign_in(), list[Finding]()
    with planted() as address:
        if not of_sqlmap("planted", _sqlmap(room, folder, "planted", ("-u", f"{address}/found?name=a", "-p", "name"))):
            raise NoResult("it does not find what was planted for it")
    for target in targets(subject):
        cookies, token = _doors(subject) if not target.signed_in else (session.header, session.token)
        form = urlencode((*target.form, ("csrf_token", token))) if target.form else ""
        _expect(subject, target, cookies, form)
        found += of_sqlmap(target.name, _sqlmap(room, folder, target.name, _at(subject, target, cookies, form)))
        if target.signed_in:
            _expect(subject, target, cookies, form)
    return looked(found, ", ".join(f"{target.name} ({', '.join(target.boxes)})" for target in targets(subject)))


def _doors(subject: Subject) -> tuple[str, str]:
    """The cookie of a stranger's visit and the token that goes with it."""
    answer = subject.ask("/session/new")
    return answer.headers["set-cookie"].split(";")[0], token_of(answer.body)


def _expect(subject: Subject, target: Target, cookies: str, form: str) -> None:
    answer = subject.ask(target.path, cookies, "POST" if form else "GET", form)
    if answer.status != target.usual or target.holds not in answer.body:
        raise NoResult(f"{target.name}: the office answers {answer.status} instead of {target.usual}")


def _sqlmap(room: Room, folder: Path, name: str, words: Iterable[str]) -> str:
    """What it says about the place that `words` name."""
    command: list[str | Path] = [
        room.program("sqlmap"), *words, "--batch", "--disable-coloring", "--flush-session", "--ignore-redirects",
        "--ignore-code=*", "--dbms=SQLite", "--level=2", "--risk=1", "--technique=BEUST", "--time-sec=3", "--threads=2",
        "--timeout=20",
        f"--output-dir={folder / name}",
    ]  # fmt: skip
    return run(command, folder, f"sqlmap {name}", 180).said


def _at(subject: Subject, target: Target, cookies: str, form: str) -> Iterator[str]:
    """Over the port without TLS: through a proxy sqlmap would not say the office's name in its handshake."""
    yield from ("-u", f"http://{LOOPBACK}:{subject.gateway.plain}{target.path}", f"--host={subject.place}")
    yield from (f"--cookie={cookies}", "--drop-set-cookie", "-p", ",".join(target.boxes))
    if form:
        yield f"--data={form}"


def of_sqlmap(name: str, said: str) -> list[Finding]:
    """What its words come to; raises NoResult where they are neither the one nor the other."""
    injected = re.findall(r"(?m)^Parameter: (.+?) \(", said)
    if not injected and "do not appear to be injectable" not in said:
        raise NoResult(f"{name}: it did not come to an end")
    broken = re.findall(r"(?m)^(5\d\d \(.+?\)) - \d+ times", said)
    return [
        *(Finding("injection", f"{name}: {box}", "sqlmap found a way in") for box in injected),
        *(Finding("server-error", name, words) for words in broken),
    ]
