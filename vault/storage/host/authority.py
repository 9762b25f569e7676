"""The operator's own CA, for trying out: browsers warn until its certificate is put into them by hand.

Its key lies on the host, so that it can be made without anybody's help; whoever has that host could then make certificates
for any name, which is why no office's PC should know it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from vault.errors import Refused
from vault.storage import durable
from vault.storage.host.files import folder
from vault.storage.host.layout import Host

CERTIFICATE, KEY = "ca.pem", "ca.key"
NAME = "Kura trial CA"
CA_DAYS, LEAF_DAYS = 3650, 365  # browsers take a leaf for 398 days at most, Mozilla's profile asks for 366
_BEFORE = timedelta(hours=1)  # clocks of PCs are late


@dataclass(frozen=True)
class Authority:
    """A CA that can sign."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def file(host: Host) -> Path:
    """The CA's certificate, for browsers and the monitor."""
    return host.authority / CERTIFICATE


def standing(host: Host, now: float) -> Authority:
    """The host's own CA, made the first time, and made anew when it would end before what it signs."""
    found = _read(host)
    if found is not None and found.certificate.not_valid_after_utc.timestamp() - now > LEAF_DAYS * 86400:
        return found
    made = _made(datetime.fromtimestamp(now, UTC))
    for place in (host.settings, host.authority):
        folder(place, 0o755)
    # The key first: a certificate without its key would be taken for a CA that stands.
    durable.write_whole(host.authority / KEY, _private(made.key))
    durable.write_whole(file(host), made.certificate.public_bytes(serialization.Encoding.PEM))
    file(host).chmod(0o644)
    return made


def _read(host: Host) -> Authority | None:
    """None where there is none, or one that was half made."""
    if not file(host).exists():
        return None
    try:
        certificate = x509.load_pem_x509_certificate(file(host).read_bytes())
        key = serialization.load_pem_private_key((host.authority / KEY).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Refused("certificate-unreadable", file=host.authority) from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != certificate.public_key():
        return None
    return Authority(certificate, key)


def signed(authority: Authority, leaf: x509.Certificate) -> bool:
    """Whether a certificate is one of this CA's."""
    try:
        leaf.verify_directly_issued_by(authority.certificate)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def issue(authority: Authority, address: str, now: float) -> tuple[bytes, bytes]:
    """(chain, key) in PEM for an address, with a key of its own."""
    key, today = ec.generate_private_key(ec.SECP256R1()), datetime.fromtimestamp(now, UTC)
    names = x509.SubjectAlternativeName([x509.DNSName(address)])
    maker = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    leaf = (
        _begun(key, x509.Name([]), authority.certificate.subject, today, LEAF_DAYS)
        .add_extension(names, critical=True)  # critical, for there is no other name
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(sign=True), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(maker, critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return leaf.public_bytes(serialization.Encoding.PEM), _private(key)


def _made(today: datetime) -> Authority:
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    certificate = (
        _begun(key, name, name, today, CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(sign=False), critical=True)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def _begun(
    key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name, today: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - _BEFORE)
        .not_valid_after(today - _BEFORE + timedelta(days=days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(sign: bool) -> x509.KeyUsage:
    """A leaf signs handshakes, a CA signs certificates."""
    return x509.KeyUsage(
        digital_signature=sign, key_cert_sign=not sign, crl_sign=not sign, content_commitment=False,
        key_encipherment=False, data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _private(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
