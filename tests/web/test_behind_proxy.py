"""An office behind a real nginx: what it is told of who asks, what browsers are told by both, and what neither answers."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from urllib.parse import urlencode

import pytest
from flask import Flask, Response, g

from tests.support.host_nginx import Nginx, heard, needs_nginx, office_behind, scratch_host, standing
from tests.support.offices import DEVICE, PASSWORD, Office, copied
from tests.support.visits import cookie_of
from vault.services import log
from vault.services.instance import Instance
from vault.storage.host.offices import OWN, HostedOffice
from vault.web import gate, proxy, rehearsal
from vault.web.app import create_app

MINATO = HostedOffice("minato", "vault.minato.example", certificate=OWN)
LIAR, STRANGER = "203.0.113.9", "198.51.100.7"
_TOKEN = re.compile(r'name="csrf(?:_token)?" (?:content|value)="([^"]+)"')
pytestmark = needs_nginx


class Browser:
    """Cookies, and the token of the last page, over TLS through nginx."""

    def __init__(self, nginx: Nginx) -> None:
        self.nginx, self.cookies, self.token = nginx, {gate.DEVICE_COOKIE: cookie_of(DEVICE)}, ""

    def open(self, path: str, sent: dict[str, str] | None = None, **headers: str) -> tuple[HTTPResponse, str]:
        body = urlencode({"csrf_token": self.token, **sent}).encode() if sent is not None else None
        kind = {"Content_Type": "application/x-www-form-urlencoded"} if sent is not None else {}
        said = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self.nginx.get(MINATO.address, path, "GET" if body is None else "POST", body, Cookie=said, **kind, **headers)
        page = answer.read().decode("utf-8", "replace")
        for line in answer.headers.get_all("Set-Cookie") or []:
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value
        self.token = (_TOKEN.findall(page) or [self.token])[0]
        return answer, page

    def sign_in(self, login_id: str, **headers: str) -> HTTPResponse:
        self.open("/session/new")
        return self.open("/session/new", {"login_id": login_id, "password": PASSWORD}, **headers)[0]


@pytest.fixture(scope="module")
def served(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Nginx]]:
    """One office and one nginx for all that is asked here."""
    office = copied(templates[0], tmp_path_factory.mktemp("behind"))
    with pytest.MonkeyPatch.context() as patch, scratch_host() as host:
        patch.setattr(Instance, "keep", lambda self: None)
        with office_behind(office, host, MINATO), standing(host, MINATO) as nginx:
            yield office, nginx
    office.close()


@pytest.fixture
def office(served: tuple[Office, Nginx]) -> Office:
    return served[0]


@pytest.fixture
def nginx(served: tuple[Office, Nginx]) -> Nginx:
    return served[1]


@pytest.fixture
def browser(nginx: Nginx) -> Browser:
    return Browser(nginx)


def on_socket(nginx: Nginx, path: str, name: str, **headers: str) -> tuple[HTTPResponse, str]:
    """Past nginx, as the monitor asks."""
    held = socket.socket(socket.AF_UNIX)
    held.connect(str(nginx.host.socket("minato")))
    connection = HTTPConnection(name)
    connection.sock = held
    connection.request("GET", path, headers={"Host": name, **headers})
    answer = connection.getresponse()
    return answer, answer.read().decode()


# --- the way to the office


def test_without_tls_there_is_nothing_but_the_way_to_the_name_with_it(nginx: Nginx) -> None:
    at = f"https://vault.minato.example:{nginx.host.profile.https_port}"
    for method, path in (("GET", "/"), ("GET", "/clients?page=2"), ("POST", "/session/new"), ("GET", "/.well-known/acme-challenge/x")):
        answer = nginx.plain(MINATO.address, path, method)
        assert (answer.status, answer.headers["Location"]) == (301, at + path)
        assert "Set-Cookie" not in answer.headers and b"Kura" not in answer.read()


def test_a_name_that_no_office_has_gets_neither_certificate_nor_answer(nginx: Nginx) -> None:
    for name in ("evil.example", "kita.minato.example"):
        with pytest.raises(ssl.SSLError, match="(?i)unrecognized.name"):
            nginx.tls(name)
    with pytest.raises(OSError):
        nginx.plain("evil.example", "/")
    port = nginx.host.profile.https_port
    with pytest.raises(ssl.SSLError), socket.create_connection(("127.0.0.1", port), timeout=20) as held:
        nginx.trust().wrap_socket(held, server_hostname="127.0.0.1")


@pytest.mark.parametrize("raw", [
    "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: vault.minato.example.evil.example\r\n\r\n",
    "GET https://evil.example/ HTTP/1.1\r\nHost: vault.minato.example\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
])
def test_over_the_offices_own_connection_another_name_is_not_answered(raw: str, nginx: Nginx) -> None:
    assert nginx.say(MINATO.address, raw.encode()) == b""


def test_the_office_itself_answers_its_own_name_only(nginx: Nginx) -> None:
    for name in ("evil.example", "vault.minato.example.evil.example", "localhost", "minato.example", "vault.minato.example:x:443"):
        answer, page = on_socket(nginx, "/session/new", name)
        assert answer.status == 400 and "csrf_token" not in page and "Set-Cookie" not in answer.headers
        assert answer.headers["Content-Security-Policy"] == gate.CSP
    for name in ("vault.minato.example", "vault.minato.example:8443", "VAULT.minato.example"):
        assert on_socket(nginx, "/session/new", name)[0].status == 200


@pytest.mark.parametrize(("version", "ciphers"), [
    (ssl.TLSVersion.TLSv1, "ALL:@SECLEVEL=0"), (ssl.TLSVersion.TLSv1_1, "ALL:@SECLEVEL=0"),
    (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES128-SHA256:@SECLEVEL=0"), (ssl.TLSVersion.TLSv1_2, "ECDHE-ECDSA-AES256-SHA:@SECLEVEL=0"),
])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_ways_to_encrypt_are_not_spoken(version: ssl.TLSVersion, ciphers: str, nginx: Nginx) -> None:
    context = nginx.trust()
    context.set_ciphers(ciphers)
    context.minimum_version = context.maximum_version = version
    plain = socket.create_connection(("127.0.0.1", nginx.host.profile.https_port), timeout=20)
    with plain, pytest.raises((ssl.SSLError, ConnectionResetError)):
        context.wrap_socket(plain, server_hostname=MINATO.address)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_new_ones_are_and_no_ticket_is_given_whose_key_would_open_them_later(version: ssl.TLSVersion, nginx: Nginx) -> None:
    context = nginx.trust()
    context.minimum_version = context.maximum_version = version
    plain = socket.create_connection(("127.0.0.1", nginx.host.profile.https_port), timeout=20)
    with context.wrap_socket(plain, server_hostname=MINATO.address) as held:
        held.sendall(f"GET /healthz HTTP/1.1\r\nHost: {MINATO.address}\r\nConnection: close\r\n\r\n".encode())
        assert heard(held).startswith(b"HTTP/1.1 ") and held.compression() is None
        # What OpenSSL calls a ticket in 1.3 is a number, for what nginx remembers.
        assert version == ssl.TLSVersion.TLSv1_3 or (held.session is not None and not held.session.has_ticket)


# --- who asks


def test_the_journal_has_the_address_that_nginx_saw_whatever_a_browser_says(office: Office, browser: Browser) -> None:
    forged = {"X_Forwarded_For": LIAR, "X_Real_IP": LIAR, "Forwarded": f"for={LIAR};host=evil.example;proto=http",
              "X_Forwarded_Host": "evil.example", "X_Forwarded_Proto": "http", "X_Forwarded_Ssl": "off", "X_Forwarded_Prefix": "/x"}
    assert browser.sign_in(office.facts.login_id, **forged).headers["Location"] == "/today"
    answer, page = browser.open("/clients", **forged)
    assert answer.status == 200 and "evil.example" not in page
    newest = {line.event: line.address for line in reversed(log.page(office.desk(), log.Query()).lines)}
    assert newest["clients-listed"] == "127.0.0.1" and LIAR not in newest.values()


def test_on_the_socket_itself_nginxs_word_counts_and_no_word_is_no_address() -> None:
    assert proxy.address(STRANGER) == STRANGER and proxy.address("2001:db8::1") == "2001:db8::1"
    assert proxy.address("") == proxy.address(f"{LIAR}, {STRANGER}") == proxy.address("vault") == ""


def test_an_office_on_a_loopback_port_believes_no_proxy(app: Flask, office: Office) -> None:
    seen = {}

    def view() -> str:
        seen.update(address=g.origin.address)
        return ""

    plain = create_app(replace_host(office))
    plain.add_url_rule("/seen", view_func=gate.public(view))
    plain.test_client().get("/seen", headers={"X-Forwarded-For": LIAR}, environ_overrides={"REMOTE_ADDR": STRANGER})
    assert seen == {"address": STRANGER}


def replace_host(office: Office) -> Instance:
    worker = office.worker()
    worker.settings = replace(worker.settings, host="", tls=False)
    return worker


def test_sheets_and_passkeys_carry_the_name_that_browsers_ask_for(office: Office, browser: Browser) -> None:
    port = browser.nginx.host.profile.https_port
    browser.sign_in(office.facts.login_id)
    browser.open("/own/spare-code")
    _answer, page = browser.open("/own/spare-code", {"password": PASSWORD})
    assert f"https://vault.minato.example:{port}/" in page and "http://" not in page.replace("http://www.w3.org/", "")
    _answer, page = browser.open("/passkeys/question", {"purpose": "add", "password": PASSWORD})
    assert 'data-rp="vault.minato.example"' in page


# --- what is said to browsers


def once(answer: HTTPResponse, what: str) -> None:
    for name in {**gate.HEADERS, "Strict-Transport-Security": ""}:
        assert len(answer.headers.get_all(name) or []) == 1, (what, name, answer.headers.get_all(name))
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "Content-Encoding" not in answer.headers and "X-Accel-Buffering" not in answer.headers
    assert answer.headers.get_all("Server") == ["nginx"] and "text/html" in answer.headers["Content-Type"]


def test_every_answer_has_its_dress_once_whoever_gives_it(browser: Browser, nginx: Nginx) -> None:
    for path, status in (("/session/new", 200), ("/nowhere", 404), ("/clients", 303), ("/readyz", 404), ("/%72eadyz", 404)):
        answer, page = browser.open(path)
        assert answer.status == status, path
        once(answer, path)
        assert "data-" not in page or "readyz" not in path
    for method, status in (("PUT", 405), ("OPTIONS", 405), ("PROPFIND", 405)):
        answer = nginx.get(MINATO.address, "/", method)
        assert answer.status == status
        once(answer, method)
    sheet, text = browser.open("/static/css/app.css")
    assert sheet.headers["Content-Type"].startswith("text/css") and text and "Content-Encoding" not in sheet.headers
    assert sheet.headers.get_all("Strict-Transport-Security") == ["max-age=63072000"]


def test_cookies_are_for_this_name_over_tls_only(office: Office, browser: Browser) -> None:
    lines = browser.sign_in(office.facts.login_id).headers.get_all("Set-Cookie") or []
    assert lines
    for line in lines:
        assert line.startswith("__Host-") and {"Secure", "HttpOnly", "Path=/", "SameSite=Strict"} <= set(line.split("; "))


def test_while_the_office_is_away_people_are_told_so_in_japanese_and_then_it_is_back(nginx: Nginx, browser: Browser) -> None:
    path = nginx.host.socket("minato")
    aside = path.rename(path.with_suffix(".aside"))
    try:
        answer, page = browser.open("/today")
        assert answer.status == 502 and "ただいまつながりません" in page and answer.headers["Retry-After"] == "60"
        once(answer, "away")
    finally:
        aside.rename(path)
    assert browser.open("/session/new")[0].status == 200


def test_a_form_as_large_as_the_office_takes_reaches_it_and_a_larger_one_is_told_in_japanese(browser: Browser) -> None:
    browser.open("/session/new")
    answer, page = browser.open("/session/new", {"login_id": "x" * (3 * 1024**2), "password": "x"})
    assert answer.status in (400, 403) and "送られたデータが大きすぎます" not in page
    answer, page = browser.open("/session/new", {"login_id": "x" * (4 * 1024**2), "password": "x"})
    assert answer.status == 413 and "送られたデータが大きすぎます" in page
    once(answer, "large")


def test_a_list_to_take_over_may_be_larger_and_the_office_asks_first_who_sends_it(office: Office, browser: Browser) -> None:
    browser.sign_in(office.facts.login_id)
    answer, page = browser.open("/imports/send", {"csrf_token": "of somebody else", "rest": "x" * (20 * 1024**2)})
    assert answer.status != 413 or "送られたデータが大きすぎます" not in page
    assert browser.open("/imports/send", {"rest": "x" * (22 * 1024**2)})[0].status == 413


# --- inside


def test_lines_told_one_by_one_are_not_collected_and_files_and_pages_are(office: Office) -> None:
    made = create_app(office.instance)
    with made.test_request_context(base_url="https://vault.minato.example/"):
        told = gate._dress(Response(iter(["one", "two"])))
        page = gate._dress(Response("one"))
        file = made.send_static_file("icon.svg")
        gate._dress(file)
    assert told.headers["X-Accel-Buffering"] == "no"
    assert "X-Accel-Buffering" not in page.headers and "X-Accel-Buffering" not in file.headers
    file.close()


def test_what_is_rehearsed_before_the_workers_part_is_a_real_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    made, statuses = create_app(office.instance), []
    dressed = gate._dress

    def noting(response: Response) -> Response:
        statuses.append(response.status_code)
        return dressed(response)

    made.after_request(noting)
    rehearsal.rehearse(made, office.instance)
    assert set(statuses) == {200} and office.settings.address == "https://vault.minato.example/"
