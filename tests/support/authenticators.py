"""An authenticator without hardware: makes passkeys and answers questions as a browser and a security key would.

What it writes can be spoiled piece by piece, which no real one lets itself be asked to do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from vault.services.accounts.ceremonies import Assertion, Made, Site

SITE = Site("localhost", "https://localhost")
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")


@dataclass
class Authenticator:
    """One passkey. `counts`: how its signature counter moves on; `verifies`: it asks for a finger or a PIN."""

    counts: int = 1
    verifies: bool = True
    credential: bytes = field(default_factory=lambda: os.urandom(32))
    count: int = 0
    seed: bytes = field(default_factory=lambda: os.urandom(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def output(self, salt: bytes) -> bytes:
        """What PRF makes of a salt."""
        return hmac.digest(self.seed, hashlib.sha256(b"WebAuthn PRF\0" + salt).digest(), "sha256")

    def make(self, challenge: bytes, site: Site = SITE, **spoiled: object) -> Made:
        """The answer to `navigator.credentials.create()`."""
        attested = bytes(16) + len(self.credential).to_bytes(2, "big") + self.credential + self._cose()
        written = {"fmt": "none", "attStmt": {}, "authData": self._data(site, ATTESTED) + attested}
        return Made(challenge, self._client_data("webauthn.create", challenge, site, spoiled), cbor2.dumps(written))

    def sign(self, challenge: bytes, site: Site = SITE, **spoiled: object) -> Assertion:
        """The answer to `navigator.credentials.get()`; `spoiled` goes into what the browser says."""
        self.count += self.counts
        client_data = self._client_data("webauthn.get", challenge, site, spoiled)
        data = self._data(site)
        signature = self.key.sign(data + hashlib.sha256(client_data).digest(), ec.ECDSA(hashes.SHA256()))
        return Assertion(challenge, self.credential, client_data, data, signature)

    def _client_data(self, kind: str, challenge: bytes, site: Site, spoiled: dict[str, object]) -> bytes:
        said = {"type": kind, "challenge": text(challenge), "origin": site.origin, "crossOrigin": False}
        return json.dumps({**said, **spoiled}).encode()

    def _data(self, site: Site, more: int = 0) -> bytes:
        flags = PRESENT | (VERIFIED if self.verifies else 0) | more
        return hashlib.sha256(site.host.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def _cose(self) -> bytes:
        numbers = self.key.public_key().public_numbers()
        x, y = numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big")
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: x, -3: y})
