"""A host to be looked after: real TLS and UNIX-socket servers in the place of nginx and the offices, a real mail server, and
a `systemctl` that says what it is told. Every server can be told to misbehave."""

from __future__ import annotations

import contextlib
import email
import json
import os
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword

from vault.storage.host import authority, offices
from vault.storage.host.layout import Host, Profile
from vault.storage.host.offices import HostedOffice

OK, CLOSED, BROKEN, HANGS, DRIPS = "ok", "closed", "broken", "hangs", "drips"
USER, PASSWORD = "kura", "himitsu no password"
WELL = {
    "database": "", "keystore": "1.1", "replicas": "0", "space": "90000", "backup": "1795000000 0 0", "drill": "1795000100 0", "clock": "0",
}  # fmt: skip
_SYSTEMCTL = """#!/bin/sh
cd "$(dirname "$0")"
case "$1" in
is-active) shift; bad=0; for unit; do said=$(cat "states/$unit" 2>/dev/null || echo active); echo "$said"; [ "$said" = active ] || bad=3; done; exit $bad;;
list-units) for path in states/*; do [ -e "$path" ] && [ "$(cat "$path")" = failed ] && echo "$(basename "$path") loaded failed failed x"; done; exit 0;;
esac
exit 1
"""


@dataclass
class Behaviour:
    """What an office does: over HTTPS, of itself over its socket, and how often each was asked."""

    https: str = OK
    ready: dict[str, str] = field(default_factory=lambda: dict(WELL))
    bad: set[str] = field(default_factory=set)
    head: tuple[int, str] = (10, "ab" * 32)
    asked: int = 0
    ready_asked: list[str] = field(default_factory=list)

    def page(self) -> bytes:
        items = {**self.ready, "log-head": f"{self.head[0]} {self.head[1]}"}
        return "".join(f'<dd data-item="{n}" data-good="{int(n not in self.bad)}" data-value="{v}">' for n, v in items.items()).encode()


class Mails:
    """What the mail server took; `refuses` lets it turn away, `takes_and_breaks` take a mail and not say so."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.secure: list[bool] = []
        self.refuses = self.takes_and_breaks = False

    async def handle_DATA(self, _server: Any, session: Any, envelope: Any) -> str:
        if self.refuses:
            return "451 later"
        self.raw.append(envelope.content)
        self.taken.append(email.message_from_bytes(envelope.content, policy=default))
        self.secure.append(session.ssl is not None)
        return "421 broke off" if self.takes_and_breaks else "250 taken"

    @property
    def subjects(self) -> list[str]:
        return [str(each["Subject"]) for each in self.taken]

    @property
    def texts(self) -> list[str]:
        return [each.get_content() for each in self.taken]


def _login(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
    right = isinstance(data, LoginPassword) and data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


class Site:
    """The host, its servers and its offices."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.bin = root / "bin"
        (self.bin / "states").mkdir(parents=True)
        (self.bin / "systemctl").write_text(_SYSTEMCTL)
        (self.bin / "systemctl").chmod(0o755)
        self.behaviours: dict[str, Behaviour] = {}
        self.mails = Mails()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._servers: list[socketserver.BaseServer] = []
        self._controllers: list[Controller] = []
        bare = Host(root)
        self.authority = authority.standing(bare, time.time())
        self._default = self.context("nobody.example")
        self.https = self._serve(("127.0.0.1", 0), self._https)
        self.http = self._serve(("127.0.0.1", 0), self._http)
        self.host = Host(root, self._profile(bare))
        self.host.monitor.mkdir(parents=True)
        self.host.smtp_password.write_text(PASSWORD + "\n", "utf-8")
        self.host.smtp_password.chmod(0o640)
        self.start_mail()

    def _profile(self, bare: Host) -> Profile:
        # Short, for the address of a UNIX socket is.
        return replace(
            bare.profile, https_port=self.https, http_port=self.http, mail_to="operator@example.jp", mail_from="kura@example.jp", smtp_user=USER,
        )  # fmt: skip

    # --- offices

    def add(self, name: str, hours: str = "") -> Behaviour:
        office = HostedOffice(name, f"{name}.example", hours=hours, began=1)
        offices.write(self.host, office)
        self.behaviours[office.address] = made = Behaviour()
        self._contexts[office.address] = self.context(office.address)
        path = self.host.socket(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._serve(str(path), lambda held: self._ready(held, made))
        return made

    def state(self, unit: str, said: str) -> None:
        """What systemd says of a unit from now on."""
        (self.bin / "states" / unit).write_text(said)

    def rest(self, name: str) -> None:
        self.state(f"kura-web@{name}.service", "inactive")

    def context(self, name: str, signed_by: authority.Authority | None = None) -> ssl.SSLContext:
        chain, key = authority.issue(signed_by or self.authority, name, time.time())
        place = self.root / "certificates"
        place.mkdir(exist_ok=True)
        (place / f"{name}.pem").write_bytes(chain + key)
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        made.load_cert_chain(place / f"{name}.pem")
        return made

    def show(self, name: str, context: ssl.SSLContext) -> None:
        """Let an office's address have another certificate."""
        self._contexts[f"{name}.example"] = context

    # --- servers

    def _serve(self, place: Any, answer: Callable[[socket.socket], None]) -> int:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    answer(self.request)

        base = socketserver.ThreadingUnixStreamServer if isinstance(place, str) else socketserver.ThreadingTCPServer
        server = type("Server", (base,), {"daemon_threads": True, "block_on_close": False, "request_queue_size": 128})(place, Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        self._servers.append(server)
        return int(server.server_address[1]) if not isinstance(place, str) else 0

    def _https(self, plain: socket.socket) -> None:
        def named(held: ssl.SSLObject, name: str, _context: ssl.SSLContext) -> None:
            held.context = self._contexts.get(name or "", self._default)

        outer = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        outer.load_cert_chain(self.root / "certificates" / "nobody.example.pem")
        outer.sni_callback = named
        with outer.wrap_socket(plain, server_side=True) as held:
            asked = held.recv(4096).decode("latin-1")
            if not asked:
                return  # a handshake was all that was wanted
            found = self.behaviours[asked.split("Host: ")[1].split("\r\n")[0]]
            found.asked += 1
            self._behave(held, found.https)

    @staticmethod
    def _behave(held: socket.socket, how: str) -> None:
        if how == HANGS:
            time.sleep(30)
        elif how == DRIPS:
            for letter in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 600:
                held.sendall(bytes([letter]))
                time.sleep(0.05)
        elif how == BROKEN:
            held.sendall(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        else:
            body = f"<!doctype html><p>{how}</p>".encode()
            held.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    def _http(self, held: socket.socket) -> None:
        name = held.recv(4096).decode("latin-1").split("Host: ")[1].split("\r\n")[0]
        held.sendall(f"HTTP/1.1 301 Moved\r\nLocation: https://{name}/\r\nContent-Length: 0\r\n\r\n".encode())

    @staticmethod
    def _ready(held: socket.socket, found: Behaviour) -> None:
        found.ready_asked.append(held.recv(4096).decode("latin-1").split(" ")[1])
        body = found.page()
        held.sendall(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (503 if found.bad else 200, len(body)) + body)

    # --- mail

    def start_mail(self, context: ssl.SSLContext | None = None, tls: bool = True) -> int:
        """A mail server at a port of its own, which the host uses from now on."""
        secure = {"tls_context": context or self.context("localhost"), "require_starttls": True} if tls else {"auth_require_tls": False}
        made = Controller(self.mails, hostname="127.0.0.1", port=free_port(), authenticator=_login, auth_required=True, **secure)
        made.start()
        self._controllers.append(made)
        self.host = replace(self.host, profile=replace(self.host.profile, smtp=f"localhost:{made.port}"))
        return int(made.port)

    def stop_mail(self) -> None:
        self._controllers.pop().stop()

    def write_profile(self) -> None:
        """Put the profile where commands read it."""
        kept = {name: value for name, value in vars(self.host.profile).items() if isinstance(value, str | int)}
        self.host.profile_file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in kept.items()), "utf-8")

    def close(self) -> None:
        for server in self._servers:
            server.shutdown()
            server.server_close()
        for each in self._controllers:
            each.stop()


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@pytest.fixture
def site(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tmp_path_factory.mktemp("h"))
    monkeypatch.setenv("PATH", f"{made.bin}{os.pathsep}{os.environ['PATH']}")
    yield made
    made.close()
