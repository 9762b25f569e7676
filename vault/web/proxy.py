"""Behind nginx and a UNIX socket, where every connection looks alike: who asks, and how, is what nginx says.

Only nginx and the monitor reach the socket, and nginx replaces what a browser says in these words. Nothing else of what
proxies tell is read: no host, no port, no path.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class Behind:
    """An application whose requests come through nginx, over TLS."""

    def __init__(self, app: WSGIApplication) -> None:
        self._app = app

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ["REMOTE_ADDR"] = address(environ.get("HTTP_X_FORWARDED_FOR", ""))
        environ["wsgi.url_scheme"] = "https"
        return self._app(environ, start_response)


def address(said: str) -> str:
    """The one address that nginx says; "" where it says none, as when the monitor asks on the socket itself."""
    try:
        return str(ipaddress.ip_address(said.strip()))
    except ValueError:
        return ""


def is_named(host: str, asked: str) -> bool:
    """Whether a request is for the office's own name. The port is nginx's, which has matched the name already."""
    return asked.lower().rpartition(":")[0] == host if ":" in asked else asked.lower() == host
