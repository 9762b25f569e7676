"""The real server under measurement, and somebody at a browser asking it for pages."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import subprocess
import tempfile
import time
from base64 import urlsafe_b64encode
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

from vault.cli.bench_office import PASSWORD
from vault.cli.serving import ROOT, gunicorn_arguments
from vault.config import load
from vault.errors import NotReady
from vault.storage import durable

WORKERS = 2
START_SECONDS, ANSWER_SECONDS = 60, 120
TELL = signal.SIGRTMIN
_TOKEN = re.compile(r'name="csrf_token" value="([0-9a-f]{64})"')


class Server:
    """gunicorn as `kura serve` runs it, on a free loopback port, with one of the bench's own rooms as its config."""

    def __init__(self, folder: Path, room: str) -> None:
        self.settings = load(folder)
        self.port = _free_port()
        self.notes = Path(tempfile.mkdtemp(prefix="notes.", dir=folder.parent))
        durable.make_folder(self.settings.run)
        arguments = [*gunicorn_arguments(self.settings, self.port, WORKERS), "--config", f"python:vault.cli.{room}"]
        environment = {
            **os.environ, "KURA_FOLDER": str(folder), "KURA_BENCH_NOTES": str(self.notes), "PYTHONUTF8": "1",
            "PYTHONPATH": str(ROOT),
        }  # fmt: skip
        self.process = subprocess.Popen(arguments, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)

    def __enter__(self) -> Self:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return self
            except OSError:
                time.sleep(0.05)
        self.__exit__(None, None, None)
        raise NotReady("error")

    def __exit__(self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def memory(self) -> float:
        """Proportional share of the master and its workers, in MiB, as each of them reads it of itself."""
        for told in self.notes.glob("*.pss"):
            told.unlink()
        os.killpg(self.process.pid, TELL)
        until = time.monotonic() + 10
        while time.monotonic() < until:
            notes = list(self.notes.glob("*.pss"))
            if len(notes) == 1 + WORKERS:
                return sum(int(path.read_text("ascii")) for path in notes) / 1024
            time.sleep(0.05)
        raise NotReady("error")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Browser:
    """One connection that stays open, with its cookies."""

    def __init__(self, port: int, device_secret: bytes) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        self._token = ""
        self.cookies = {"__Host-device": urlsafe_b64encode(device_secret).decode("ascii")}

    def get(self, path: str) -> bytes:
        """A page that must be there."""
        return self._ask("GET", path, None, 200)

    def post(self, path: str, **typed: str) -> bytes:
        """What answers a form, with the token of the page that was asked for last."""
        return self._ask("POST", path, urlencode({"csrf_token": self._token, **typed}), 200)

    def sign_in(self, login_id: str) -> float:
        """Sign in, as a new session; returns the seconds from the POST to its answer."""
        self.cookies.pop("__Host-session", None)
        self.get("/session/new")
        form = urlencode({"csrf_token": self._token, "login_id": login_id, "password": PASSWORD})
        began = time.perf_counter()
        self._ask("POST", "/session/new", form, 303)
        return time.perf_counter() - began

    def _ask(self, method: str, path: str, form: str | None, wanted: int) -> bytes:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, form, headers)
        answer = self.connection.getresponse()
        body = answer.read()
        for header in answer.headers.get_all("Set-Cookie", []):
            name, _, value = header.split(";")[0].partition("=")
            self.cookies[name] = value
        if answer.status != wanted:
            raise NotReady("error")
        found = _TOKEN.search(body.decode("utf-8", "replace"))
        self._token = found[1] if found else self._token
        return body

    def pause(self) -> None:
        """Let go of the connection, which the server would close by itself before the next page is asked for."""
        self.connection.close()
