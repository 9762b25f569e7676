"""An authority that gives certificates by ACME (RFC 8555), on a loopback port: for certbot itself to talk to.

It asks for the proof over HTTP, as a real one does, and signs with an own CA. Whether requests are signed is not looked at:
it is the client that is tried here.
"""

from __future__ import annotations

import hashlib
import http.client
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.support.site import running
from vault.storage.host.authority import Authority

TOKEN = "a-token-of-the-authority"


def _raw(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Office:
    """What the authority knows of its one customer, and what it gave out."""

    own: Authority
    asks_at: int
    base: str = ""
    thumbprint: str = ""
    name: str = ""
    proved: bool = False
    proof: str = ""
    given: list[bytes] = field(default_factory=list)

    def answer(self, path: str, protected: dict[str, Any], payload: dict[str, Any]) -> tuple[int, Any, dict[str, str]]:
        """(status, body, headers) of a request."""
        match path:
            case "/account":
                key = json.dumps(protected["jwk"], sort_keys=True, separators=(",", ":")).encode()
                self.thumbprint = urlsafe_b64encode(hashlib.sha256(key).digest()).decode().rstrip("=")
                return 201, {"status": "valid"}, {"Location": f"{self.base}/account/1"}
            case "/orders":
                self.name, self.proved = payload["identifiers"][0]["value"], False
                self.given.append(b"")
                return 201, self._order(), {"Location": f"{self.base}/order"}
            case "/order":
                return 200, self._order(), {}
            case "/proof":
                return 200, self._proof(), {}
            case "/challenge":
                self._look()
                return 200, self._challenge(), {"Link": f'<{self.base}/proof>;rel="up"'}
            case "/finalize":
                self.given[-1] = self._sign(x509.load_der_x509_csr(_raw(payload["csr"])))
                return 200, self._order(), {"Location": f"{self.base}/order"}
            case "/certificate":
                return 200, self.given[-1], {}
        return 404, {"type": "urn:ietf:params:acme:error:malformed", "detail": path}, {}

    def _order(self) -> dict[str, Any]:
        state = "valid" if self.given[-1] else "ready" if self.proved else "pending"
        more = {"certificate": f"{self.base}/certificate"} if self.given[-1] else {}
        names = [{"type": "dns", "value": self.name}]
        return {"status": state, "identifiers": names, "authorizations": [f"{self.base}/proof"],
                "finalize": f"{self.base}/finalize", **more}  # fmt: skip

    def _proof(self) -> dict[str, Any]:
        state = "valid" if self.proved else "invalid" if self.proof else "pending"
        return {"status": state, "identifier": {"type": "dns", "value": self.name}, "challenges": [self._challenge()]}

    def _challenge(self) -> dict[str, Any]:
        state = "valid" if self.proved else "invalid" if self.proof else "pending"
        return {"type": "http-01", "url": f"{self.base}/challenge", "token": TOKEN, "status": state}

    def _look(self) -> None:
        line = http.client.HTTPConnection("127.0.0.1", self.asks_at, timeout=10)
        line.request("GET", f"/.well-known/acme-challenge/{TOKEN}", headers={"Host": self.name})
        answer = line.getresponse()
        self.proof = answer.read().decode()
        self.proved = answer.status == 200 and self.proof.strip() == f"{TOKEN}.{self.thumbprint}"
        line.close()

    def _sign(self, order: x509.CertificateSigningRequest) -> bytes:
        today = datetime.now(UTC)
        names = order.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        leaf = (
            x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(self.own.certificate.subject)
            .public_key(order.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(today - timedelta(hours=1)).not_valid_after(today + timedelta(days=90))
            .add_extension(names, critical=True)
            .sign(self.own.key, hashes.SHA256())
        )  # fmt: skip
        return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in (leaf, self.own.certificate))


@contextmanager
def acme_authority(own: Authority, asks_at: int) -> Iterator[tuple[str, Office]]:
    """(the address of its directory, itself). `asks_at`: the port on which it looks for the proof."""
    known = Office(own, asks_at)

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._send(200, b"", {})

        def do_GET(self) -> None:
            names = {"newNonce": "nonce", "newAccount": "account", "newOrder": "orders", "revokeCert": "revoke", "keyChange": "key"}
            found = {name: f"{known.base}/{place}" for name, place in names.items()} if self.path == "/directory" else {}
            self._send(200, json.dumps(found).encode(), {})

        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            payload = json.loads(_raw(said["payload"]) or b"{}")
            status, body, more = known.answer(self.path, json.loads(_raw(said["protected"])), payload)
            self._send(status, body if isinstance(body, bytes) else json.dumps(body).encode(), more)

        def _send(self, status: int, body: bytes, more: dict[str, str]) -> None:
            self.send_response(status)
            kind = "application/pem-certificate-chain" if body.startswith(b"-----") else "application/json"
            said = {"Replay-Nonce": urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("="), "Content-Type": kind,
                    "Content-Length": str(len(body)), **more}  # fmt: skip
            for name, value in said.items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.base = f"http://127.0.0.1:{server.server_port}"
    with running(server):
        yield f"{known.base}/directory", known
