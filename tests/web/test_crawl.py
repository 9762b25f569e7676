"""Every route, signed in and not, errors and static files too: what kind of thing comes out, and in what dress."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support import told
from tests.support.dealings import made
from tests.support.deposits import papers
from tests.support.documents import add, pdf
from tests.support.offices import NAMES, PASSWORD, Office
from tests.support.people import join
from tests.support.visits import Visit, add_passkey, address, shows_nothing, this_month
from vault.domain.access import Role
from vault.domain.inspections import NOTHING
from vault.domain.operator.incidents import Incident
from vault.domain.tasks import Task
from vault.domain.values import TypedDate
from vault.services import dealings, deposits
from vault.services.worklist import tasks
from vault.web.app import ROOT
from vault.web.dealing_rows import KINDS as DEALINGS

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
KINDS = re.compile(r"text/(html|css|javascript)|image/(svg\+xml|png|jpeg|x-icon|vnd\.microsoft\.icon)|font/(woff2?|ttf|otf)")
# A block of data is no script: no browser runs it.
INLINE = re.compile(r"<script(?![^>]*\ssrc=)(?! type=\"application/json\")|<style|\sstyle=|\son[a-z]+=|javascript:|<base\s", re.IGNORECASE)
# A calendar has a next month for ever.
_DAYS, MOST_DAYS = re.compile(r"=\d{4}-\d{2}(-\d{2})?(?![0-9a-f])"), 3
_LINK = re.compile(r'(?:href|src)="([^"#]*)')


def check(answer: TestResponse, what: object) -> None:
    """What every answer has to be, whatever was asked."""
    for name, value in HEADERS.items():
        assert answer.headers.getlist(name) == [value], (what, name, answer.headers.getlist(name))
    assert "camera=()" in answer.headers["Permissions-Policy"]
    assert "Content-Disposition" not in answer.headers, what
    assert "Server" not in answer.headers and "X-Powered-By" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers
    if answer.status_code != 204:
        assert KINDS.fullmatch(answer.mimetype), (what, answer.mimetype)
    for cookie in answer.headers.getlist("Set-Cookie"):
        assert re.fullmatch(r"__Host-(session|device|visit|seen|language)=[^;]*(; [^;]+)*", cookie), cookie
        parts = set(cookie.split("; ")[1:])
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= parts, cookie
        assert not any(part.startswith("Domain") for part in parts), cookie
    if answer.mimetype == "text/html":
        page = answer.get_data(as_text=True)
        assert not INLINE.search(page), (what, INLINE.search(page))
        assert "http://" not in page.replace("http://www.w3.org/", ""), what


def crawl(visit: Visit, start: list[str]) -> dict[str, TestResponse]:
    """Follows every link from the pages given."""
    found: dict[str, TestResponse] = {}
    turned: Counter[str] = Counter()
    waiting = list(start)
    while waiting:
        path = waiting.pop()
        if path in found or not path.startswith("/") or path.startswith("//"):
            continue
        turned[_DAYS.sub("=", path)] += 1
        if turned[_DAYS.sub("=", path)] > MOST_DAYS:
            continue
        answer = found[path] = visit.get(path)
        if answer.location:
            waiting.append(answer.location)
        if answer.mimetype == "text/html":
            waiting += [link.replace("&amp;", "&") for link in _LINK.findall(answer.get_data(as_text=True))]
    return found


# Their addresses are only good in the session of whoever has opened a document or announced a file.
GIVEN = ("pictures.show", "documents.again", "documents.readings", "uploads.show", "importing.columns_of", "importing_rows.show", "importing_rows.result")
# Two who are one, which this office has not: tests/web/test_doubles.py looks at them.
OF_DOUBLES = ("doubles.people", "doubles.version")


def start_of(app: Flask, office: Office, dealt: Mapping[str, bytes] = MappingProxyType({}), **told: str) -> list[str]:
    """Every page that can be asked for, with what the office has; `dealt`: a dealing for each place of its kind."""
    rules = [r for r in app.url_map.iter_rules() if "GET" in (r.methods or ()) and r.endpoint not in ("static", *GIVEN, *OF_DOUBLES)]
    ids = [dealt.get(str((rule.defaults or {}).get("what", ""))) for rule in rules]
    known: list[dict[str, Any]] = [{"record": found.hex()} if found else {} for found in ids]
    birthday = {"record": office.facts.clients[0].hex(), "sort": "birthday", "nth": 2026}
    known = [birthday if rule.endpoint == "worklist.line" else more for rule, more in zip(rules, known, strict=True)]
    return [address(app, rule, office, **told, **more) for rule, more in zip(rules, known, strict=True)]


def printed_once(visit: Visit, office: Office) -> TestResponse:
    order = {"client": office.facts.clients[0].hex(), "sheet": "保険証券一覧表", "purpose": "客先持参",
             "addressee": "志摩 海斗 様", "copies": "1"}  # fmt: skip
    return visit.post("/prints", order)


def test_signed_in(app: Flask, visit: Visit, office: Office) -> None:
    sheet = printed_once(visit, office)
    assert sheet.status_code == 200 and NAMES[0] in sheet.get_data(as_text=True)
    check(sheet, "sheet")
    add_passkey(office)
    deposit = deposits.create(office.desk(), office.facts.clients[0], papers(NAMES[0], "N-01"))
    document = add(office, pdf("a page", "another page")).hex()
    told.tell(office.settings.told, Incident(number=1, kind="outage", what="止まりました。", aware=office.instance.now(), began=0))
    dealt = {what: dealings.create(office.desk(), office.facts.clients[0], made(kind)) for what, kind in DEALINGS.items()}
    task = tasks.create(office.desk(), office.facts.clients[0], Task(what="見積", due=TypedDate.of(date(2026, 11, 30)))).hex()
    found = crawl(visit, start_of(app, office, dealt, deposit=deposit.hex(), document=document, task=task))
    assert len(found) > 80
    for path, answer in found.items():
        check(answer, path)
        assert answer.status_code in (200, 303), (path, answer.status_code)
    links = [path for path in found if path.startswith("/clients/")]
    assert len(links) > 10


@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
def test_no_page_leads_a_role_where_it_may_not_go(role: Role, app: Flask, visit: Visit, office: Office) -> None:
    """From the first page along every link: nothing that is shown to somebody turns him away."""
    printed_once(visit, office)
    rooms = tuple(office.desk().directory.of_clients()) if role in (Role.HANDLER, Role.VIEWER) else ()
    member = join(office, role, rooms)
    theirs = Visit(app, office).with_device(member.device)
    theirs.sign_in(member.login_id, member.password)
    found = crawl(theirs, ["/"])
    assert len(found) > 15
    for path, answer in found.items():
        check(answer, path)
        assert answer.status_code in (200, 303), (path, answer.status_code)
    for path, answer in crawl(theirs, start_of(app, office)).items():  # and by hand he gets no further
        check(answer, path)
        assert answer.status_code in (200, 303, 403, 404), (path, answer.status_code)


def test_not_signed_in(app: Flask, stranger: Visit, office: Office) -> None:
    for path, answer in crawl(stranger, start_of(app, office)).items():
        check(answer, path)
        assert shows_nothing(answer), path


def test_every_static_file(visit: Visit) -> None:
    files = [p.relative_to(ROOT / "static") for p in (ROOT / "static").rglob("*") if p.is_file()]
    asked = [f for f in files if f.suffix in (".css", ".js", ".svg", ".png", ".woff2", ".ico")]
    assert len(asked) > 10
    for file in asked:
        answer = visit.get(f"/static/{file}")
        assert answer.status_code == 200
        check(answer, file)


def test_files_beside_the_static_ones_are_not_given_out(visit: Visit) -> None:
    """Licences and version lists lie there for people with the source; a browser asks for none of them."""
    for path in ("/static/", "/static/../vault/errors.py", "/static/vendor/VERSIONS.md",
                 "/static/vendor/modern-normalize/LICENSE", "/static/%2e%2e/pyproject.toml", "/static//etc/passwd"):
        answer = visit.get(path)
        assert answer.status_code in (303, 308, 400, 404), path
        check(answer, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/nothing"), ("POST", "/nothing"), ("DELETE", "/clients"), ("PUT", "/session/new"), ("OPTIONS", "/clients"),
     ("HEAD", "/clients"), ("TRACE", "/"), ("POST", "/clients/new/Household"), ("GET", "/clients/zz"),
     ("GET", "/ledger/99"), ("GET", "/static/nothing.js"), ("POST", "/static/icon.svg"), ("OPTIONS", "/session/new")],
)  # fmt: skip
def test_errors_and_odd_methods_are_dressed_like_everything_else(method: str, path: str, visit: Visit, stranger: Visit) -> None:
    for at in (visit, stranger):
        check(at.open(path, method=method), (method, path))


def test_a_refused_form_is_dressed_too(visit: Visit, stranger: Visit, office: Office) -> None:
    for answer in (
        visit.post(visit.client_page() + "/edit", {"name": "", "version": "2"}),
        visit.post("/clients/new/Household", {"name": "<script>alert(1)</script>"}),
        visit.post("/prints", {"client": office.facts.clients[0].hex()}),
    ):
        assert answer.status_code == 400
        check(answer, "form")
    stranger.get("/session/new")
    check(stranger.post("/session/new", {"login_id": "<b>", "password": "x"}), "sign-in")
    check(stranger.open("/session/new", method="POST", data={}), "no token")


ORDER = {"purpose": "社内利用", "addressee": "みなと保険事務所 御中", "copies": "1"}
HANDED_OUT = {
    "/ledger/print": {**ORDER, "since": "R8.1.1", "until": "R9.12.31"},
    "/data-ledger/print": ORDER,
    "/own/device-code": {"password": PASSWORD},
    "/own/spare-code": {"password": PASSWORD},
}


def test_what_is_handed_out_once_is_dressed_too(visit: Visit) -> None:
    """Sheets and codes have no address at which a crawl could find them."""
    for path, sent in HANDED_OUT.items():
        asked_for = visit.get(path).get_data(as_text=True)
        answer = visit.post(path, sent)
        assert answer.status_code == 200 and answer.get_data(as_text=True) != asked_for, path
        check(answer, path)
    made = visit.post("/people/new", {"name": "鳥羽 渚", "role": "auditor"})
    assert made.status_code == 303 and made.location.endswith("/sheet")
    check(visit.get(made.location), "login sheet")


def test_the_sheet_of_an_inspection_is_dressed_too(visit: Visit, office: Office) -> None:
    month = this_month(office)
    office.clock.tick(31 * 24 * 60 * 60)
    visit.sign_in()
    visit.get("/inspections")
    signed = visit.post("/inspections/month", {"m": month, "findings": "ログを全部見ました", "result": NOTHING})
    assert signed.status_code == 303
    sheet = visit.post(f"/inspections/print?m={month}", ORDER)
    assert sheet.status_code == 200 and "ログを全部見ました" in sheet.get_data(as_text=True)
    check(sheet, "inspection")


def test_a_failure_of_the_program_tells_nothing(visit: Visit, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    from vault.services import clients

    def fail(*_: object) -> None:
        raise RuntimeError("志摩 海斗 " + PASSWORD)

    monkeypatch.setattr(clients, "get", fail)
    answer = visit.get(visit.client_page())
    assert answer.status_code == 500 and shows_nothing(answer)
    check(answer, "failure")
    said = capsys.readouterr().err
    assert "RuntimeError" in said and "志摩" not in said and PASSWORD not in said


def test_line_breaks_do_not_get_into_headers(visit: Visit, stranger: Visit) -> None:
    for at in (visit, stranger):
        for path in ("/clients?initial=%0d%0aSet-Cookie:%20x=1", "/clients/%0d%0aX-Evil:%201", "/session/new?x=%0aX-Evil:1"):
            answer = at.get(path)
            assert "X-Evil" not in answer.headers and "x=1" not in str(answer.headers.getlist("Set-Cookie"))


def test_over_tls_browsers_are_told_to_stay_there(app: Flask, office: Office) -> None:
    from dataclasses import replace

    worker = office.worker()
    visit = Visit(app, office, worker)
    assert "Strict-Transport-Security" not in visit.get("/session/new").headers
    worker.settings = replace(worker.settings, tls=True)
    assert visit.get("/session/new").headers["Strict-Transport-Security"] == "max-age=63072000"
    assert Path(ROOT).is_dir()


def test_cookies_are_the_five_that_the_page_about_them_names(visit: Visit) -> None:
    names = {f"__Host-{name}" for name in ("session", "device", "visit", "seen")}
    assert {cookie.key for cookie in visit.client._cookies.values()} == names
    visit.post("/session/language", {"language": "ja"})  # the fifth comes when somebody chooses a language
    names.add("__Host-language")
    assert {cookie.key for cookie in visit.client._cookies.values()} == names
    told = visit.get("/cookies").get_data(as_text=True)
    assert all(name in told for name in names)
