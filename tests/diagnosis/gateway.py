"""The way from a tool to the office: a proxy that knows one name, leads to this machine, and lets nothing else out.

A tool that would fetch its rules from somewhere, or tell somebody what it found, is refused; what it asked for is noted.
"""

from __future__ import annotations

import select
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import cast

from tests.support.site import running

LOOPBACK = "127.0.0.1"
_MOST_HEAD = 16384


@dataclass
class Gateway:
    """`port` of the proxy; `plain`: a port that speaks no TLS and leads to the office over TLS, for a tool that would not
    say the office's name in its handshake; `refused`: what was asked for besides the office."""

    name: str
    target: int
    port: int = 0
    plain: int = 0
    refused: set[str] = field(default_factory=set)

    @property
    def address(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def leads(self, asked: str) -> bool:
        """Whether `asked`, a name with a port, is the office."""
        return asked.lower() == f"{self.name}:{self.target}"


class _Server(ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    gateway: Gateway


class _Handler(BaseRequestHandler):
    def handle(self) -> None:
        gateway, client = cast(_Server, self.server).gateway, cast(socket.socket, self.request)
        asked = _asked(client)
        if not asked:
            return
        if not gateway.leads(asked):
            gateway.refused.add(asked.partition("://")[2].partition("/")[0] or asked)
            client.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return
        with suppress(OSError), socket.create_connection((LOOPBACK, gateway.target), timeout=20) as office:
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            _join(client, office)


class _Plain(BaseRequestHandler):
    def handle(self) -> None:
        gateway, client = cast(_Server, self.server).gateway, cast(socket.socket, self.request)
        anybody = ssl.create_default_context()
        anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE  # it is this machine's own
        with (
            suppress(OSError),
            socket.create_connection((LOOPBACK, gateway.target), timeout=20) as line,
            anybody.wrap_socket(line, server_hostname=gateway.name) as office,
        ):
            _alternate(client, office)


def _alternate(client: socket.socket, office: ssl.SSLSocket) -> None:
    """In one thread: two may not read and write one TLS connection at the same time."""
    while True:
        for each in [office] if office.pending() else select.select([client, office], [], [])[0]:
            each.settimeout(0 if each is office else None)
            try:
                piece = each.recv(65536)
            except ssl.SSLWantReadError:  # nothing for us: a ticket, or half a record
                continue
            if not piece:
                return
            office.settimeout(60)
            (client if each is office else office).sendall(piece)


def _join(client: socket.socket, office: socket.socket) -> None:
    office.settimeout(None)
    back = threading.Thread(target=_pump, args=(office, client), daemon=True)
    back.start()
    _pump(client, office)
    back.join()


def _asked(client: socket.socket) -> str:
    """The place that the first line names; of a plain request its address. "" where nothing came."""
    client.settimeout(20)
    head = b""
    with suppress(OSError):
        while b"\r\n\r\n" not in head and len(head) < _MOST_HEAD:
            piece = client.recv(4096)
            if not piece:
                break
            head += piece
    client.settimeout(None)
    words = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
    return words[1] if len(words) == 3 else ""


def _pump(source: socket.socket, drain: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(65536):
            drain.sendall(piece)
    with suppress(OSError):
        drain.shutdown(socket.SHUT_WR)


@contextmanager
def opened(name: str, target: int) -> Iterator[Gateway]:
    """The ways to the office `name` whose nginx listens on the port `target`."""
    gateway = Gateway(name, target)
    proxy, plain = (_Server((LOOPBACK, 0), handler) for handler in (_Handler, _Plain))
    proxy.gateway = plain.gateway = gateway
    gateway.port, gateway.plain = (int(each.server_address[1]) for each in (proxy, plain))
    with running(proxy), running(plain):
        yield gateway
