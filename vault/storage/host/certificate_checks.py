"""What is looked at in a certificate and a key that somebody gives, before nginx has them: what a browser would refuse is
refused here, with a sentence that says what to mend."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from vault.errors import Refused

ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")
LEAST_RSA = 2048
CURVES = (ec.SECP256R1, ec.SECP384R1)
HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def read_pair(chain: Path, key: Path, address: str, now: float, roots: Path = ROOTS) -> tuple[bytes, bytes]:
    """The chain and the key in two files, checked, in PEM: the address's own certificate first; the key without a passphrase.

    Raises Refused with what is wrong.
    """
    found = _certificates(chain)
    held = _key(key)
    leaf = found[0]
    if _public(leaf.public_key()) != _public(held.public_key()):
        raise Refused("certificate-key-other")
    _check_name(leaf, address)
    _check_time(leaf, now)
    _check_strength(leaf)
    _check_chain(found, roots)
    plain = held.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return b"".join(each.public_bytes(serialization.Encoding.PEM) for each in found), plain


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Refused("certificate-unreadable", file=path) from error


def _key(path: Path) -> Any:
    try:
        return serialization.load_pem_private_key(path.read_bytes(), password=None)
    except TypeError as error:  # it has a passphrase, which nobody could type when the machine starts
        raise Refused("certificate-key-locked", file=path) from error
    except (OSError, ValueError) as error:
        raise Refused("certificate-key-unreadable", file=path) from error


def _public(key: Any) -> bytes:
    raw: bytes = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return raw


def _check_name(leaf: x509.Certificate, address: str) -> None:
    """The common name counts for nothing: no browser looks at it."""
    try:
        named = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        names = named.get_values_for_type(x509.DNSName)
    except x509.ExtensionNotFound:
        names = []
    above = "*." + address.partition(".")[2]
    if not {name.lower() for name in names} & {address, above}:
        raise Refused("certificate-name-other", address=address, names=", ".join(names) or "-")


def _check_time(leaf: x509.Certificate, now: float) -> None:
    today = datetime.fromtimestamp(now, UTC)
    if today >= leaf.not_valid_after_utc:
        raise Refused("certificate-expired", day=f"{leaf.not_valid_after_utc:%Y-%m-%d}")
    if today < leaf.not_valid_before_utc:
        raise Refused("certificate-not-yet", day=f"{leaf.not_valid_before_utc:%Y-%m-%d}")


def _check_strength(leaf: x509.Certificate) -> None:
    key = leaf.public_key()
    long = isinstance(key, rsa.RSAPublicKey) and key.key_size >= LEAST_RSA
    known = isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES)
    if not (long or known) or not isinstance(leaf.signature_hash_algorithm, HASHES):
        raise Refused("certificate-weak")


def _check_chain(chain: list[x509.Certificate], roots: Path) -> None:
    """Each was made by the next, and the last by one that browsers know, or by itself where an office has a CA of its own.

    What is missing is nearly always the one in the middle: the browser of who tries it may have it, others do not.
    """
    for made, maker in pairwise(chain):
        if not _is_made_by(made, maker):
            raise Refused("certificate-chain-broken", name=made.issuer.rfc4514_string())
    last = chain[-1]
    own = len(chain) > 1 and _is_made_by(last, last)
    if not own and not any(_is_made_by(last, root) for root in _roots(roots)):
        raise Refused("certificate-chain-broken", name=last.issuer.rfc4514_string())


def _roots(path: Path) -> Iterator[x509.Certificate]:
    """One by one: among those of many years are some that are not as the rules have it, which is not ours to mend."""
    for text in _PEM.findall(path.read_bytes()) if path.is_file() else ():
        with warnings.catch_warnings(action="ignore"), suppress(ValueError):
            yield x509.load_pem_x509_certificate(text)


def _is_made_by(made: x509.Certificate, maker: x509.Certificate) -> bool:
    try:
        made.verify_directly_issued_by(maker)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True
