"""Short-lived addresses of the pictures of scanned pages.

An address is good for one picture, for the session that it was made in, and for ten minutes: copied elsewhere it opens
nothing, and neither does it tomorrow. It carries ids and a page's number, nothing that anybody has typed.
"""

from __future__ import annotations

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass

from flask import url_for

from vault.errors import NotFound
from vault.services.sessions import Session
from vault.web.gate import instance, session

PICTURE, SMALL, HELD = range(3)  # a page's picture, the small one of it, and the one of a page that waits to be blacked out
SECONDS = 10 * 60
_FORM = struct.Struct(">BIQ16s16s")
_MAC = 32


@dataclass(frozen=True)
class PagePicture:
    """What an address stands for: whose document, which page (from 0), which of its pictures, until when (seconds)."""

    client: bytes
    document: bytes
    page: int
    kind: int
    until: int

    @property
    def over(self) -> bool:
        """Whether its time has passed: who still looks at the page asks for another address."""
        return not 0 <= self.until - instance().now() <= SECONDS


def address(client: bytes, document: bytes, page: int, kind: int = PICTURE) -> str:
    """The address of a page's picture for the session that asks."""
    told = _FORM.pack(kind, page, instance().now() + SECONDS, client, document)
    token = urlsafe_b64encode(told + _mac(told)).rstrip(b"=").decode("ascii")
    return url_for("pictures.show", token=token)


def read(token: str) -> PagePicture:
    """What an address stands for; raises NotFound for one that was not made for this very session."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        raise NotFound("not-found") from None
    told, given = raw[:-_MAC], raw[-_MAC:]
    # The last letter has bits that decoding drops: an address has one spelling only.
    if urlsafe_b64encode(raw).rstrip(b"=") != token.encode("ascii"):
        raise NotFound("not-found")
    if len(told) != _FORM.size or not hmac.compare_digest(given, _mac(told)):
        raise NotFound("not-found")
    kind, page, until, client, document = _FORM.unpack(told)
    return PagePicture(client, document, page, kind, until)


def _mac(told: bytes) -> bytes:
    key = hmac.digest(instance().settings.secret_key, b"kura page picture", "sha256")
    return hmac.digest(key, _session_mark(session()) + told, "sha256")


def _session_mark(of: Session) -> bytes:
    """The same for a session's whole life: typing the password again gives it another id in the middle of a page."""
    row = of.row
    return row.person + row.device + row.started.to_bytes(8, "big")
