"""A real nginx below a scratch root, on loopback ports: Debian's settings around the ones that Kura writes.

    with scratch_host() as host:                    # a Host whose ports are free, below a folder that nginx may enter
        with Nginx(host) as nginx:                  # before its sites are written: they are checked by this nginx
            sites.write_host(host)
            certificates.install(host, office, time.time())
            sites.write_site(host, office)
            nginx.start()                           # nginx.reload() later on
            answer = nginx.get(office.address, "/")

`Nginx` puts a program `nginx` first in PATH while it lasts, so that `nginx -t` of the program under test means this one.
As root its workers are www-data, as on a host. `program` and `reload_command` are for a stand-in of systemctl.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from werkzeug.serving import make_server

from tests.support.instance import free_port
from tests.support.offices import Office
from tests.support.served import Silent
from tests.support.site import running
from vault.config import SETTINGS_FILE
from vault.storage.host import authority, certificates, sites
from vault.storage.host.layout import Host, Profile
from vault.storage.host.offices import HostedOffice
from vault.web.app import create_app

LOOPBACK = "127.0.0.1"
SECONDS = 20.0
PLACES = "/usr/local/sbin:/usr/sbin:/sbin"
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:{PLACES}")
needs_nginx = pytest.mark.skipif(NGINX is None, reason="nginx is not installed; tests/tools.sh brings it where one is root")
# What stands around Kura's files on Debian, with all that they have to undo.
MAIN = """\
{user}
worker_processes 2;
daemon off;
pid "{root}/run/nginx.pid";
error_log "{root}/var/log/nginx/error.log" notice;
events {{
    worker_connections 768;
}}
http {{
    sendfile on;
    tcp_nopush on;
    default_type application/octet-stream;
    ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;
    ssl_prefer_server_ciphers on;
    access_log "{root}/var/log/nginx/access.log";
    gzip on;
    gzip_types *;
    client_body_temp_path "{root}/var/lib/nginx/body";
    proxy_temp_path "{root}/var/lib/nginx/proxy";
    fastcgi_temp_path "{root}/var/lib/nginx/fastcgi";
    scgi_temp_path "{root}/var/lib/nginx/scgi";
    uwsgi_temp_path "{root}/var/lib/nginx/uwsgi";
    include "{root}/etc/nginx/conf.d/*.conf";
}}
"""


@contextmanager
def scratch_host() -> Iterator[Host]:
    """A host below a folder of its own that www-data may enter; everything there is removed at the end."""
    root = Path(tempfile.mkdtemp(prefix="kura-t", dir="/var/tmp")).resolve()
    root.chmod(0o755)
    before = os.umask(0o022)  # or nobody else could pass through what a test makes there
    try:
        yield Host(root, Profile(http_port=free_port(), https_port=free_port(), listen=(LOOPBACK,)))
    finally:
        os.umask(before)
        shutil.rmtree(root, ignore_errors=True)


@dataclass
class Nginx:
    """nginx before the offices of a host that has its own CA."""

    host: Host
    process: subprocess.Popen[bytes] | None = None
    _path: str = field(default="", repr=False)

    def __post_init__(self) -> None:
        for place in ("/etc/nginx/conf.d", "/var/log/nginx", "/var/lib/nginx", "/run/kura-web"):
            self.host.under(place).mkdir(mode=0o755, parents=True, exist_ok=True)
        user = f"user www-data {self.host.profile.web_group};" if os.geteuid() == 0 else ""
        self.main.write_text(MAIN.format(user=user, root=self.host.root))
        self.program.parent.mkdir(parents=True, exist_ok=True)
        self.program.write_text(f'#!/bin/sh\nexec "{NGINX}" -c "{self.main}" "$@"\n')
        self.program.chmod(0o755)

    @property
    def main(self) -> Path:
        return self.host.under("/etc/nginx/nginx.conf")

    @property
    def program(self) -> Path:
        return self.host.under("/usr/sbin/nginx")

    @property
    def reload_command(self) -> list[str]:
        return [str(self.program), "-s", "reload"]

    def __enter__(self) -> Self:
        self._path = os.environ.get("PATH", "")
        os.environ["PATH"] = f"{self.program.parent}:{self._path}"
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        os.environ["PATH"] = self._path
        self.stop()

    # --- the process

    def start(self) -> None:
        """Ready to answer when this returns."""
        self.process = subprocess.Popen([str(self.program)], stderr=subprocess.PIPE)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            with suppress(OSError), socket.create_connection((LOOPBACK, self.host.profile.https_port), timeout=1):
                return
            time.sleep(0.02)
        self.process.kill()
        raise AssertionError(self.process.communicate()[1].decode())

    def reload(self) -> None:
        """Its files once more. When this returns new workers answer, and those of before take nothing new."""
        before = self.workers()
        subprocess.run(self.reload_command, check=True, capture_output=True)
        until = time.monotonic() + SECONDS
        while time.monotonic() < until and (any(map(takes_more, before)) or not set(self.workers()) - set(before)):
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process is not None and self.process.stderr is not None:
            self.process.stderr.close()
        self.process = None

    def workers(self) -> list[int]:
        """The processes that answer."""
        assert self.process is not None
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(each) for each in path.read_text().split()]

    def log(self) -> str:
        """All that it has written to its logs."""
        return "".join(path.read_text() for path in sorted(self.host.under("/var/log/nginx").iterdir()))

    # --- who asks

    def trust(self) -> ssl.SSLContext:
        """A browser that was given the host's own CA."""
        return ssl.create_default_context(cafile=authority.file(self.host))

    def tls(self, name: str, seconds: float = SECONDS) -> ssl.SSLSocket:
        """A connection over which anything can be said."""
        plain = socket.create_connection((LOOPBACK, self.host.profile.https_port), timeout=seconds)
        return self.trust().wrap_socket(plain, server_hostname=name)

    def say(self, name: str, raw: bytes, seconds: float = SECONDS) -> bytes:
        """All that comes back until nginx ends the connection."""
        with self.tls(name, seconds) as held:
            held.sendall(raw)
            return heard(held)

    def get(self, name: str, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> HTTPResponse:
        """One request over TLS. In the names of `headers` an underscore stands for a dash."""
        port = self.host.profile.https_port
        return self._ask(self.tls(name), f"{name}:{port}", path, method, body, headers)

    def plain(self, name: str, path: str, method: str = "GET", **headers: str) -> HTTPResponse:
        """One request without TLS."""
        held = socket.create_connection((LOOPBACK, self.host.profile.http_port), timeout=SECONDS)
        return self._ask(held, name, path, method, None, headers)

    @staticmethod
    def _ask(
        held: socket.socket, name: str, path: str, method: str, body: bytes | None, headers: dict[str, str]
    ) -> HTTPResponse:
        connection = HTTPConnection(name)
        connection.sock = held
        said = {"Connection": "close", **{key.replace("_", "-"): value for key, value in headers.items()}}
        connection.request(method, path, body, {"Host": name, **said})
        return connection.getresponse()


def takes_more(worker: int) -> bool:
    """Whether a worker is there, and not on its way out."""
    with suppress(OSError):
        return b"shutting down" not in (title := Path(f"/proc/{worker}/cmdline").read_bytes()) and title != b""
    return False


def heard(held: socket.socket) -> bytes:
    """All that comes until the other side ends, or has nothing to say for as long as the socket waits."""
    said = b""
    with suppress(OSError):
        while piece := held.recv(65536):
            said += piece
    return said


# --- offices behind it


@contextmanager
def standing(host: Host, office: HostedOffice) -> Iterator[Nginx]:
    """nginx with the site of one office, under the own CA."""
    with Nginx(host) as nginx:
        sites.write_host(host)
        certificates.install(host, office, time.time())
        sites.write_site(host, office)
        nginx.start()
        yield nginx


def share(path: Path) -> None:
    """Let nginx reach a socket of the tests' own, as the socket unit does."""
    path.chmod(0o660)
    if os.geteuid() == 0:
        shutil.chown(path, group="www-data")


@dataclass
class Hearer:
    """The application of `heard_wsgi` under gunicorn on an office's socket: one worker, one request at a time."""

    socket: Path
    notes: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.notes.touch()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "tests.support.heard_wsgi:app", "--bind", f"unix:{self.socket}",
             "--no-control-socket", "--log-level", "critical", "--worker-tmp-dir", str(self.notes.parent)],
            cwd=Path(__file__).parents[2], env={**os.environ, "HEARD": str(self.notes)},
        )  # fmt: skip
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            with suppress(OSError), closing(socket.socket(socket.AF_UNIX)) as probe:
                probe.connect(str(self.socket))
                share(self.socket)
                return
            time.sleep(0.02)
        raise AssertionError("gunicorn does not come")

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(SECONDS)

    def heard(self) -> list[dict[str, Any]]:
        """What has reached it since it was asked last."""
        lines = [json.loads(line) for line in self.notes.read_text("utf-8").splitlines()]
        self.notes.write_text("")
        return lines


@contextmanager
def office_behind(office: Office, host: Host, hosted: HostedOffice) -> Iterator[None]:
    """An office of this process on its socket, told that it stands behind nginx."""
    path, settings = host.socket(hosted.name), office.folder / SETTINGS_FILE
    settings.write_text(settings.read_text("utf-8").replace("tls = false", f'tls = true\nhost = "{hosted.address}"'))
    office.restart()
    path.parent.mkdir(parents=True, exist_ok=True)
    server = make_server(f"unix://{path}", 0, create_app(office.instance), threaded=True, request_handler=Silent)
    share(path)
    with running(server):
        yield
