"""Asking from outside, as a browser would, and from beside it, as nginx does; every question ends in time."""

from __future__ import annotations

import io
import shutil
import socket
import ssl
import time
from collections.abc import Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import cast

from vault.errors import KuraError
from vault.storage.host.layout import Host
from vault.storage.host.programs import run

MOST = 64 * 1024  # bytes of an answer that are read
_ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "[::]": "::1", "*": "127.0.0.1"}
REFUSED, LATE, CERTIFICATE, TLS, BROKEN = "refused", "late", "certificate", "tls", "broken"


@dataclass(frozen=True)
class Answer:
    """What came back. `failed`: how it went wrong, empty when an answer came; `why` is the certificate's fault in the
    library's own words; `ends`: the certificate's last second (since 1970), 0 where none was seen."""

    status: int = 0
    body: bytes = b""
    location: str = ""
    failed: str = ""
    why: str = ""
    ends: int = 0


def trust(authority: Path | None) -> ssl.SSLContext:
    """What a browser trusts, and the host's own CA where there is one."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if authority is not None:
        with suppress(OSError, ssl.SSLError):  # then what it signed is not trusted, and that is told
            context.load_verify_locations(cafile=authority)
    return context


def where(host: Host) -> str:
    """The address on which this host's nginx listens."""
    first = host.profile.listen[0] if host.profile.listen else "127.0.0.1"
    return _ANYWHERE.get(first, first.strip("[]"))


def over_https(
    place: tuple[str, int], name: str, path: str, context: ssl.SSLContext, seconds: float, handshake: bool = False
) -> Answer:
    """Ask an office by its name, the certificate checked as a browser checks it; `handshake`: only as far as that."""
    until = time.monotonic() + seconds
    try:
        with closing(socket.create_connection(place, timeout=seconds)) as plain:
            plain.settimeout(_left(until))
            with context.wrap_socket(plain, server_hostname=name) as held:
                ends = _ends(held)
                if handshake:
                    return Answer(ends=ends)
                answer = _ask(held, name, path, until)
                return Answer(answer.status, answer.body, answer.location, answer.failed, ends=ends)
    except ssl.SSLCertVerificationError as error:
        return Answer(failed=CERTIFICATE, why=error.verify_message or str(error.reason))
    except OSError as error:
        return Answer(failed=_failure(error))


def over_http(place: tuple[str, int], name: str, seconds: float) -> Answer:
    """Ask the same without TLS, where only a redirect may come back."""
    until = time.monotonic() + seconds
    try:
        with closing(socket.create_connection(place, timeout=seconds)) as held:
            return _ask(held, name, "/", until)
    except OSError as error:
        return Answer(failed=_failure(error))


def over_socket(path: Path, name: str, question: str, seconds: float) -> Answer:
    """Ask an office's process itself, past nginx."""
    until = time.monotonic() + seconds
    try:
        with closing(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)) as held:
            held.settimeout(seconds)
            held.connect(str(path))
            return _ask(held, name, question, until)
    except OSError as error:
        return Answer(failed=_failure(error))


def _ask(held: socket.socket, name: str, path: str, until: float) -> Answer:
    headers = {"Host": name, "User-Agent": "kura-monitor", "Accept": "text/html", "Connection": "close"}
    lines = [f"GET {path} HTTP/1.1", *(f"{key}: {said}" for key, said in headers.items()), "", ""]
    held.settimeout(_left(until))
    held.sendall("\r\n".join(lines).encode("ascii"))
    raw = bytearray()
    # One who answers a byte at a time is late all the same.
    while len(raw) < MOST:
        held.settimeout(_left(until))
        piece = held.recv(8192)
        if not piece:
            break
        raw += piece
    try:
        answer = HTTPResponse(cast(socket.socket, _Read(bytes(raw))))  # it is asked for its file only
        answer.begin()
        return Answer(answer.status, answer.read(MOST), answer.headers.get("Location", "")[:200])
    except (HTTPException, ValueError):
        return Answer(failed=BROKEN)


class _Read:
    """What was read, in the place of the socket."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._raw)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _failure(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and not isinstance(error, TimeoutError):
        return TLS
    return LATE if isinstance(error, TimeoutError) else REFUSED


def _ends(held: ssl.SSLSocket) -> int:
    told = held.getpeercert() or {}
    return int(ssl.cert_time_to_seconds(str(told["notAfter"]))) if "notAfter" in told else 0


# --- the host itself


def free_of(place: Path) -> tuple[int, int]:
    """Bytes left, and bytes in all, on the disk of a folder, or of the nearest one above it that is there."""
    there = next(each for each in (place, *place.parents) if each.exists())
    told = shutil.disk_usage(there)
    return told.free, told.total


def unit_states(units: Iterable[str]) -> dict[str, str]:
    """What systemd says of each unit: active, inactive, failed …; nothing where there is no systemd to ask."""
    names = list(units)
    try:
        told = run("systemctl", "is-active", *names, seconds=20, allowed=(0, 1, 2, 3, 4)).split()
    except KuraError:
        return {}
    return dict(zip(names, told, strict=True)) if len(told) == len(names) else {}


def failed_units() -> list[str]:
    """The names of Kura's units and nginx's that have failed."""
    options = ("--state=failed", "--plain", "--no-legend", "--no-pager")
    try:
        lines = run("systemctl", "list-units", *options, "kura-*", "nginx*", "certbot*", seconds=20).splitlines()
    except KuraError:
        return []
    return sorted(words[0] for line in lines if (words := line.replace("●", " ").split()))


def clock_synchronised() -> bool | None:
    """Whether the machine's clock follows others; None where nobody can say."""
    try:
        told = run("timedatectl", "show", "-p", "NTPSynchronized", "--value", seconds=20).strip()
    except KuraError:
        return None
    return {"yes": True, "no": False}.get(told)
