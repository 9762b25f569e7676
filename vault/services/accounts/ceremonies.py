"""WebAuthn's two ceremonies: challenges made and redeemed, and what an authenticator answered verified.

A challenge is an HMAC under the session's secret and the instance's: kept nowhere, good for one session, one purpose,
one use and five minutes. The library that reads what authenticators write is imported when a passkey is really used:
most workers never need its memory.
"""

from __future__ import annotations

import hmac
import json
import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from enum import StrEnum

from vault.errors import WrongCredential
from vault.services.instance import Instance
from vault.services.sessions import Session

CHALLENGE_SECONDS = 5 * 60
_TIME_BYTES, _NAME_BYTES = 8, 24


class Purpose(StrEnum):
    """What a challenge is for; an answer to one purpose is none to another."""

    ADD = "add"
    PROVE = "prove"
    UNLOCK = "unlock"


@dataclass(frozen=True)
class Site:
    """Who asks, as the browser must see it: the host's name without a port, and the whole origin."""

    host: str
    origin: str


@dataclass(frozen=True)
class Made:
    """What a browser says of a passkey that was just made."""

    challenge: bytes
    client_data: bytes
    attestation: bytes


@dataclass(frozen=True)
class Credential:
    """A verified new passkey: its id, public key (COSE) and signature counter."""

    id: bytes
    public: bytes
    count: int


@dataclass(frozen=True)
class Assertion:
    """What a browser says of a passkey that was just used."""

    challenge: bytes
    credential: bytes
    client_data: bytes
    authenticator_data: bytes
    signature: bytes


def challenge(instance: Instance, session: Session, purpose: Purpose) -> bytes:
    """A fresh challenge, 56 bytes: when (8), which (16), and the mark of who made it (32)."""
    name = instance.now().to_bytes(_TIME_BYTES, "big") + os.urandom(_NAME_BYTES - _TIME_BYTES)
    return name + _mark(instance, session, purpose, name)


def _mark(instance: Instance, session: Session, purpose: Purpose, name: bytes) -> bytes:
    # The secret of a locked session is only what the cookie says: alone it would let its holder make challenges.
    key = instance.settings.secret_key + session.secret
    return hmac.digest(key, b"kura passkey challenge" + session.row.id_hash + name + purpose.encode(), "sha256")


def redeem(instance: Instance, session: Session, purpose: Purpose, given: bytes) -> None:
    """Use a challenge up; raises WrongCredential unless it was made here, for this, lately, and never came before."""
    name, mark = given[:_NAME_BYTES], given[_NAME_BYTES:]
    age = instance.now() - int.from_bytes(name[:_TIME_BYTES], "big")
    if not hmac.compare_digest(mark, _mark(instance, session, purpose, name)) or not 0 <= age < CHALLENGE_SECONDS:
        raise WrongCredential("passkey-refused")
    # Counted like an attempt, on tmpfs over all workers: of two that come side by side neither is the first.
    used = b"challenge " + name
    instance.sessions.note_failure(used, instance.now())
    if instance.sessions.failures(used)[0] != 1:
        raise WrongCredential("passkey-refused")


def made(site: Site, given: Made) -> Credential:
    """A new passkey, verified: this site, this challenge, its user verified; raises WrongCredential.

    Who built the authenticator is not asked: nothing would follow from it.
    """
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier as Known
    from webauthn.helpers.structs import AuthenticatorAttestationResponse, RegistrationCredential

    try:
        _same_page(given.client_data)
        done = verify_registration_response(
            # The id the browser says is not looked at: the one that counts is in what the authenticator wrote.
            credential=RegistrationCredential(
                id="", raw_id=b"", response=AuthenticatorAttestationResponse(given.client_data, given.attestation)
            ),
            expected_challenge=given.challenge, expected_rp_id=site.host, expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=[Known.ECDSA_SHA_256, Known.EDDSA, Known.RSASSA_PKCS1_v1_5_SHA_256],
        )  # fmt: skip
    except Exception as error:
        raise WrongCredential("passkey-refused") from error
    return Credential(done.credential_id, done.credential_public_key, done.sign_count)


def asserted(site: Site, given: Assertion, public: bytes) -> int:
    """The signature counter of an answer signed by `public` (COSE); raises WrongCredential.

    Verified: this site, this challenge, its user verified, the signature. The counter is for the caller to compare,
    who knows what an earlier one means only when the signature is right.
    """
    from webauthn import verify_authentication_response
    from webauthn.helpers.structs import AuthenticationCredential, AuthenticatorAssertionResponse

    response = AuthenticatorAssertionResponse(given.client_data, given.authenticator_data, given.signature)
    name = urlsafe_b64encode(given.credential).decode("ascii").rstrip("=")
    try:
        _same_page(given.client_data)
        done = verify_authentication_response(
            credential=AuthenticationCredential(id=name, raw_id=given.credential, response=response),
            expected_challenge=given.challenge, expected_rp_id=site.host, expected_origin=site.origin,
            credential_public_key=public, credential_current_sign_count=0, require_user_verification=True,
        )  # fmt: skip
    except Exception as error:
        raise WrongCredential("passkey-refused") from error
    return done.new_sign_count


def _same_page(client_data: bytes) -> None:
    """The library does not ask whether another site's page held ours in a frame."""
    if json.loads(client_data).get("crossOrigin"):
        raise WrongCredential("passkey-refused")
