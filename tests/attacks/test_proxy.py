"""Who is slow, large or ambiguous before a real nginx: turned away in time, and the office hears of none of it.

Behind it stands one worker that does one thing at a time. Waits are shortened, to have them over within a test; that the
real ones are short enough is read from the settings.
"""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.support import http2
from tests.support.heard_wsgi import ANSWER
from tests.support.host_nginx import Hearer, Nginx, heard, needs_nginx, scratch_host, standing
from tests.support.watching import family, nameless, watching
from vault.storage.host.offices import OWN, HostedOffice

MINATO = HostedOffice("minato", "vault.minato.example", certificate=OWN)
NAME = MINATO.address
HEAD = f"Host: {NAME}\r\nConnection: close\r\n"
SHORT = {"client_header_timeout 10s": "client_header_timeout 1s", "client_body_timeout 15s": "client_body_timeout 1s",
         "send_timeout 30s": "send_timeout 1s", "keepalive_timeout 30s": "keepalive_timeout 2s",
         "lingering_timeout 2s": "lingering_timeout 1s"}
MARKER = b"typed-by-somebody-7f3a "
pytestmark = needs_nginx


@pytest.fixture(scope="module")
def both() -> Iterator[tuple[Nginx, Hearer]]:
    with scratch_host() as host, standing(host, MINATO) as nginx:
        hearer = Hearer(host.socket("minato"), host.root / "heard")
        hearer.start()
        rewrite(nginx, SHORT)
        yield nginx, hearer
        hearer.stop()


@pytest.fixture
def nginx(both: tuple[Nginx, Hearer]) -> Nginx:
    return both[0]


@pytest.fixture
def hearer(both: tuple[Nginx, Hearer]) -> Hearer:
    both[1].heard()
    return both[1]


def rewrite(nginx: Nginx, words: dict[str, str]) -> None:
    """Other figures in the settings; each has to stand there."""
    texts = {path: path.read_text() for path in nginx.host.nginx.glob("*.conf")}
    for old, new in words.items():
        assert any(old in text for text in texts.values()), old
        texts = {path: text.replace(old, new) for path, text in texts.items()}
    for path, text in texts.items():
        path.write_text(text)
    nginx.reload()


@contextmanager
def changed(nginx: Nginx, words: dict[str, str]) -> Iterator[None]:
    rewrite(nginx, words)
    try:
        yield
    finally:
        rewrite(nginx, {new: old for old, new in words.items()})


def status(answer: bytes) -> int:
    """Of the first answer; 0 where there was none."""
    found = re.match(rb"HTTP/1\.[01] (\d{3})", answer)
    return int(found[1]) if found else 0


def quick(nginx: Nginx) -> float:
    """Seconds that somebody else waits for an answer."""
    began = time.monotonic()
    assert nginx.get(NAME, "/else").read() == b"heard"
    return time.monotonic() - began


# --- slow ones


def test_the_real_waits_are_seconds_and_a_head_is_small(nginx: Nginx) -> None:
    text = (Path(__file__).parents[2] / "deploy" / "nginx" / "server.conf").read_text()
    for old in SHORT:
        name, value = old.split()
        assert old in text and int(value.removesuffix("s")) <= 30, name
    assert "large_client_header_buffers 4 4k;" in text and "reset_timedout_connection on;" in text


def test_many_who_send_their_head_letter_by_letter_are_cut_off_and_keep_nobody_waiting(nginx: Nginx, hearer: Hearer) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(nginx.tls(NAME)) for _ in range(40)]
        for held in slow:
            held.sendall(f"GET /slow HTTP/1.1\r\nHost: {NAME}\r\nX-A: ".encode())
        assert quick(nginx) < 10  # one after the other they would take forty
        began = time.monotonic()
        for _ in range(8):  # a letter in time does not start the wait anew
            time.sleep(0.2)
            for held in slow:
                with_letter(held)
        assert all(heard(held) == b"" for held in slow) and time.monotonic() - began < 8
    assert {each["RAW_URI"] for each in hearer.heard()} == {"/else"}


def with_letter(held: ssl.SSLSocket) -> None:
    try:
        held.sendall(b"a")
    except OSError:
        return


def test_many_who_send_their_body_by_and_by_hold_no_worker_and_are_cut_off(nginx: Nginx, hearer: Hearer) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(nginx.tls(NAME)) for _ in range(40)]
        for held in slow:
            held.sendall(f"POST /slow HTTP/1.1\r\n{HEAD}Content-Length: 1000000\r\n\r\n".encode() + bytes(500_000))
        assert quick(nginx) < 10  # one after the other they would take forty
        assert {status(heard(held)) for held in slow} <= {0, 408}
    assert {each["RAW_URI"] for each in hearer.heard()} == {"/else"}


def slow_reader(nginx: Nginx) -> ssl.SSLSocket:
    plain = socket.socket()
    plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    plain.connect(("127.0.0.1", nginx.host.profile.https_port))
    return nginx.trust().wrap_socket(plain, server_hostname=NAME)


def test_many_who_do_not_read_a_page_hold_no_worker(nginx: Nginx, hearer: Hearer) -> None:
    with ExitStack() as stack:
        for _ in range(10):
            stack.enter_context(slow_reader(nginx)).sendall(f"GET /page HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert quick(nginx) < 8
        assert len(hearer.heard()) == 11


def test_who_does_not_read_what_is_longer_than_a_page_is_cut_off(nginx: Nginx, hearer: Hearer) -> None:
    with slow_reader(nginx) as held:
        held.sendall(f"GET /long HTTP/1.1\r\n{HEAD}\r\n".encode())
        time.sleep(0.2)
        assert quick(nginx) < 20  # one send_timeout, and the worker is free again


def test_lines_told_one_by_one_come_one_by_one(nginx: Nginx, hearer: Hearer) -> None:
    answer = nginx.get(NAME, "/drip")
    assert answer.readline() == b"line 0\n"
    began = time.monotonic()
    assert answer.read() == b"line 1\nline 2\n" and time.monotonic() - began > 0.5


# --- large ones


@pytest.mark.parametrize(("raw", "found"), [
    (f"GET /{'a' * 5000} HTTP/1.1\r\n{HEAD}\r\n", 414),
    (f"GET / HTTP/1.1\r\n{HEAD}X-Long: {'a' * 5000}\r\n\r\n", 400),
    (f"GET / HTTP/1.1\r\n{HEAD}" + "".join(f"X-{n}: {'a' * 900}\r\n" for n in range(30)) + "\r\n", 400),
    (f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 99999999999\r\n\r\n", 413),
    (f"POST / HTTP/1.1\r\n{HEAD}Content-Length: 99999999999999999999999999\r\n\r\n", 400),
    (f"POST /imports/send HTTP/1.1\r\n{HEAD}Content-Length: 30000000\r\n\r\n", 413),
    (f"GET / HTTP/1.1\r\n{HEAD}Content-Length: 4000\r\n\r\n", 411),
])
def test_what_is_too_large_is_refused_by_its_head_with_a_page_in_japanese(
    raw: str, found: int, nginx: Nginx, hearer: Hearer
) -> None:
    answer = nginx.say(NAME, raw.encode())
    assert status(answer) == found and hearer.heard() == []
    assert answer.lower().count(b"strict-transport-security:") == 1 and "証券蔵".encode() in answer


def test_who_asks_without_end_is_slowed_down_then_turned_away_until_he_pauses(nginx: Nginx, hearer: Hearer) -> None:
    few = {"rate=200r/s": "rate=5r/s", "burst=2000 delay=1200": "burst=6 delay=3"}
    with changed(nginx, few), ExitStack() as stack:
        many = [stack.enter_context(nginx.tls(NAME)) for _ in range(20)]
        for each in many:
            each.sendall(f"GET /often HTTP/1.1\r\n{HEAD}\r\n".encode())
        answers = [heard(each) for each in many]
        assert len(hearer.heard()) == [status(each) for each in answers].count(200) < 20
        refused = [each for each in answers if status(each) == 429]
        assert refused and "しばらくお待ちください".encode() in refused[0] and b"Retry-After" in refused[0]
        time.sleep(1.5)
        assert quick(nginx) < 10


# --- ambiguous ones

INNER = f"GET /smuggled HTTP/1.1\r\nHost: {NAME}\r\nX: "
CHUNKED = f"POST /outer HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\n"


@pytest.mark.parametrize("raw", [
    f"POST /outer HTTP/1.1\r\n{HEAD}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n5c\r\n{INNER}\r\n0\r\n\r\n",
    f"POST /outer HTTP/1.1\r\n{HEAD}Content-Length: 0\r\nContent-Length: {len(INNER)}\r\n\r\n{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Content-Length: {len(INNER)}\r\nContent-Length: {len(INNER)}\r\n\r\n{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Content-Length: +5\r\n\r\nabcde{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Content-Length: 0x5\r\n\r\nabcde{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Content-Length: 5, 5\r\n\r\nabcde{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Content-Length: -1\r\n\r\n{INNER}",
    f"{CHUNKED}\r\n0\r\n\r\n{INNER}",
    f"{CHUNKED}\r\nzz\r\n{INNER}",
    f"{CHUNKED}\r\n5;a=\r\nabcde\r\n0\r\n\r\n{INNER}",
    f"{CHUNKED}\r\nfffffffffffffffff\r\n{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n{INNER}",
    f"POST /outer HTTP/1.1\r\n{HEAD}Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n{INNER}",
    f"POST /outer HTTP/1.0\r\n{HEAD}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{INNER}",
    f"GET /outer HTTP/1.1\r\n{HEAD}Content-Length: {len(INNER)}\r\n\r\n{INNER}",
    f"GET /outer HTTP/1.1\r\nHost: {NAME}\r\nHost: evil.example\r\n\r\n",
    f"GET /outer HTTP/1.1\r\n{HEAD}X-A: a\0b\r\n\r\n",
    f"GET /outer HTTP/1.1\r\nHost: {NAME} evil.example\r\n\r\n",
    f"GET /outer\r\nHTTP/1.1\r\n{HEAD}\r\n",
    f"GET /outer HTTP/1.1 {HEAD}\r\n",
    "GET https://evil.example/outer HTTP/1.1\r\n" + HEAD + "\r\n",
    f"GET http://{NAME}@evil.example/outer HTTP/1.1\r\n{HEAD}\r\n",
    f"TRACE /outer HTTP/1.1\r\n{HEAD}\r\n",
    f"CONNECT {NAME}:443 HTTP/1.1\r\n{HEAD}\r\n",
    f"GET /outer HTTP/2.0\r\n{HEAD}\r\n",
    f"\0GET /outer HTTP/1.1\r\n{HEAD}\r\n",
    f"GE\tT /outer HTTP/1.1\r\n{HEAD}\r\n",
])
def test_what_could_be_read_in_two_ways_never_reaches_the_office(raw: str, nginx: Nginx, hearer: Hearer) -> None:
    answer = nginx.say(NAME, raw.encode("latin-1"), seconds=3)
    assert status(answer) in (0, 400, 405, 411, 414, 501, 505), answer[:200]
    assert hearer.heard() == []


@pytest.mark.parametrize("line", [
    "Transfer-Encoding : chunked", " Transfer-Encoding: chunked", "\tTransfer-Encoding: chunked", "Transfer_Encoding: chunked",
    "X-A: a\r\n Transfer-Encoding: chunked", "Transfer-Encoding\x0b: chunked", "Transfer\x00Encoding: chunked",
    "SCRIPT_NAME: /x", "Remote_User: admin", "X_Forwarded_For: 203.0.113.9", "Content_Length: 5",
])
def test_a_line_that_is_not_quite_a_header_is_refused_or_left_out(line: str, nginx: Nginx, hearer: Hearer) -> None:
    body = "0\r\n\r\n" + INNER
    raw = f"POST /outer HTTP/1.1\r\n{HEAD}{line}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    answer = nginx.say(NAME, raw.encode("latin-1"), seconds=3)
    told = hearer.heard()
    if not told:
        assert status(answer) in (0, 400), answer[:200]
        return
    (told,) = told
    assert (told["RAW_URI"], told["body"], told["CONTENT_LENGTH"], told["SCRIPT_NAME"]) == ("/outer", len(body), str(len(body)), "")
    assert not {"HTTP_TRANSFER_ENCODING", "REMOTE_USER", "HTTP_REMOTE_USER", "HTTP_SCRIPT_NAME"} & set(told)
    assert told["HTTP_X_FORWARDED_FOR"] == "127.0.0.1"


def test_what_proxies_say_of_a_request_is_said_by_nginx_alone(nginx: Nginx, hearer: Hearer) -> None:
    lies = {"X_Forwarded_For": "203.0.113.9", "X_Real_IP": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X_Forwarded_Host": "evil.example",
            "X_Forwarded_Proto": "http", "X_Forwarded_Ssl": "off", "X_Forwarded_Port": "1", "X_Forwarded_Prefix": "/x",
            "X_Forwarded_Protocol": "http", "Proxy": "http://evil.example", "Upgrade": "h2c", "TE": "trailers"}
    nginx.get(NAME, "/who", **lies).read()
    (told,) = hearer.heard()
    assert (told["HTTP_X_FORWARDED_FOR"], told["HTTP_X_FORWARDED_PROTO"]) == ("127.0.0.1", "https")
    assert told["HTTP_HOST"] == f"{NAME}:{nginx.host.profile.https_port}" and told["HTTP_CONNECTION"] == "close"
    assert not {f"HTTP_{name.upper()}" for name in lies if name not in ("X_Forwarded_For", "X_Forwarded_Proto")} & set(told)


# --- HTTP/2


def over_http2(nginx: Nginx, *frames: bytes) -> list[tuple[int, int, bytes]]:
    context = nginx.trust()
    context.set_alpn_protocols(["h2"])
    plain = socket.create_connection(("127.0.0.1", nginx.host.profile.https_port), timeout=5)
    with context.wrap_socket(plain, server_hostname=NAME) as held:
        assert held.selected_alpn_protocol() == "h2"
        held.sendall(http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0))
        for each in frames:
            try:
                held.sendall(each)
            except OSError:
                break
        return http2.heard(held)


def asked(nginx: Nginx, path: str, method: str = "GET", *more: tuple[str, str]) -> http2.Fields:
    return http2.asked(f"{NAME}:{nginx.host.profile.https_port}", path, method, *more)


def test_over_http2_an_ordinary_request_is_answered(nginx: Nginx, hearer: Hearer) -> None:
    found = over_http2(nginx, http2.headers(1, asked(nginx, "/plain", "GET", ("cookie", "a=1"), ("cookie", "b=2"))))
    assert (http2.DATA, 1, b"heard") in found
    (told,) = hearer.heard()
    assert told["HTTP_COOKIE"] == "a=1; b=2" and told["HTTP_HOST"].startswith(NAME)


@pytest.mark.parametrize(("fields", "body"), [
    ([("transfer-encoding", "chunked")], b"0\r\n\r\n" + INNER.encode()),
    ([("content-length", "0")], INNER.encode()),
    ([("content-length", "5")], b"abcde" + INNER.encode()),
    ([("content-length", "500")], b"abcde"),
    ([("content-length", "5"), ("content-length", "0")], b"abcde"),
    ([("x-a", "b\r\n\r\n" + INNER)], b""),
    ([("x-a", "b\nTransfer-Encoding: chunked")], b"0\r\n\r\n" + INNER.encode()),
    ([("x-a\r\nx-b", "c")], b""),
    ([("connection", "keep-alive"), ("transfer-encoding", "chunked")], b"0\r\n\r\n"),
    ([("host", "evil.example")], b""),
    ([(":path", "/smuggled")], b""),
])
def test_over_http2_nothing_is_turned_into_a_second_request(
    fields: http2.Fields, body: bytes, nginx: Nginx, hearer: Hearer
) -> None:
    head = http2.headers(1, asked(nginx, "/outer", "POST", *fields), end=not body)
    over_http2(nginx, head, http2.frame(http2.DATA, http2.END_STREAM, 1, body) if body else b"")
    for told in hearer.heard():  # at most the outer one, whole
        assert told["RAW_URI"] == "/outer" and told["body"] == len(body) == int(told["CONTENT_LENGTH"] or 0)
        assert not {"HTTP_TRANSFER_ENCODING", "HTTP_X_B"} & set(told) and "\n" not in str(told)
        assert told["HTTP_HOST"] == f"{NAME}:{nginx.host.profile.https_port}"


@pytest.mark.parametrize("fields", [
    [(":path", "/outer HTTP/1.1\r\nX-Evil: 1\r\n\r\n")], [(":path", "/outer\r\nX-Evil: 1")], [(":method", "GET /smuggled HTTP/1.1\r\nX: ")],
    [(":authority", "evil.example")], [(":authority", NAME + "\r\nX-Evil: 1")], [(":path", "https://evil.example/")],
])
def test_over_http2_a_head_that_would_break_its_lines_is_refused(fields: http2.Fields, nginx: Nginx, hearer: Hearer) -> None:
    whole = {**dict(asked(nginx, "/outer")), **dict(fields)}
    over_http2(nginx, http2.headers(1, list(whole.items())))
    assert [told for told in hearer.heard() if "evil" in str(told).lower() or "smuggled" in str(told)] == []


def test_requests_taken_back_by_the_hundred_keep_nobody_waiting(nginx: Nginx, hearer: Hearer) -> None:
    cancel = (8).to_bytes(4)
    storm = b"".join(
        http2.headers(number, asked(nginx, "/taken-back")) + http2.frame(http2.RESET, 0, number, cancel)
        for number in range(1, 4001, 2)
    )
    found = over_http2(nginx, storm)
    assert quick(nginx) < 10
    assert any(kind == http2.GO_AWAY for kind, _stream, _payload in found)
    assert len(hearer.heard()) <= 1001


# --- the disk


def touched(nginx: Nginx) -> list[int]:
    """When a name last came or went in each folder for bodies and answers: nginx takes a file's name away at once, which
    nobody who listens is quick enough for."""
    folders = [*nginx.host.under("/run").glob("kura-nginx-*"), *nginx.host.under("/var/lib/nginx").iterdir()]
    assert len(folders) == 7
    return [path.stat().st_mtime_ns for path in folders]


def exchange(nginx: Nginx) -> None:
    """Large bodies, large answers, and somebody who reads slowly."""
    for path, size in (("/outer", 4_000_000), ("/imports/send", 20_000_000)):
        assert nginx.get(NAME, path, "POST", (MARKER * (size // len(MARKER) + 1))[:size]).status == 200
    with slow_reader(nginx) as held:
        held.sendall(f"GET /page HTTP/1.1\r\n{HEAD}\r\n".encode())
        assert len(nginx.get(NAME, "/page").read()) > 2**21
        assert len(nginx.get(NAME, "/long").read()) > 2**24


def test_no_byte_of_a_request_or_an_answer_comes_to_lie_in_a_file(nginx: Nginx, hearer: Hearer) -> None:
    assert nginx.process is not None
    before = touched(nginx)
    with watching([nginx.host.root], [Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")]) as watch:
        exchange(nginx)
        left = nameless(family(nginx.process.pid))
        watch.end()
        assert watch.having([MARKER, ANSWER * 2]) == set() and left == set()
        assert watch.having([b"RAW_URI"]) == {hearer.notes}
    assert touched(nginx) == before
    log = nginx.host.under("/var/log/nginx/access.log")
    assert not log.exists() or log.read_bytes() == b""
    assert sorted(each["body"] for each in hearer.heard())[-2:] == [4_000_000, 20_000_000]


@pytest.mark.parametrize("less", [
    {"client_body_buffer_size 5m;": "client_body_buffer_size 8k;"}, {"proxy_max_temp_file_size 0;": "proxy_max_temp_file_size 64m;"},
])  # fmt: skip
def test_with_smaller_buffers_files_would_be_seen(less: dict[str, str], nginx: Nginx, hearer: Hearer) -> None:
    before = touched(nginx)
    with changed(nginx, less):
        exchange(nginx)
    assert touched(nginx) != before
