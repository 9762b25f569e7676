"""Certificates by certbot, which proves the address over the plain site and renews by a timer of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from vault.errors import Refused
from vault.storage import durable
from vault.storage.host.files import folder
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice
from vault.storage.host.programs import run

_LINEAGE = "kura-"  # before an office's name, what certbot calls its certificate
_SETTINGS, _WORK, _LOGS = "/etc/letsencrypt", "/var/lib/letsencrypt", "/var/log/letsencrypt"


def root(host: Host) -> Path:
    """Where nginx finds what proves to the authority that the address is ours."""
    return host.under("/var/lib/kura-acme")


def live(host: Host, name: str) -> Path:
    """The folder in which certbot keeps the pair that holds."""
    return host.under(_SETTINGS) / "live" / (_LINEAGE + name)


def has(host: Host, name: str) -> bool:
    """Whether certbot knows the office's certificate."""
    return live(host, name).exists()


def obtain(host: Host, office: HostedOffice) -> None:
    """Let certbot get the certificate, over the plain site that has to stand by now; it keeps it up to date from then on.

    Raises Refused, and NotReady where there is no certbot.
    """
    if not host.profile.mail_to:
        raise Refused("acme-mail-wanted")
    folder(root(host), 0o755)
    server = os.environ.get("KURA_ACME_SERVER", "")  # another authority than certbot's own, to try things out on
    run(
        "certbot", "certonly", "--non-interactive", "--agree-tos", "--no-eff-email", "--email", host.profile.mail_to,
        "--webroot", "--webroot-path", root(host), "--domain", office.address,
        "--cert-name", _LINEAGE + office.name, "--key-type", "ecdsa", "--elliptic-curve", "secp256r1",
        "--keep-until-expiring", "--deploy-hook", "nginx -t -q && systemctl reload nginx",
        *(("--server", server) if server else ()), *places(host),
    )  # fmt: skip


def places(host: Host) -> list[str]:
    """What tells certbot to work below a scratch root as well."""
    if host.root == Path("/"):
        return []
    found = {"config": _SETTINGS, "work": _WORK, "logs": _LOGS}
    return [word for what, place in found.items() for word in (f"--{what}-dir", str(host.under(place)))]


def forget(host: Host, name: str) -> bool:
    """Let certbot forget the certificate; its copies of the key and its logs, which it would keep, go first."""
    if not has(host, name):
        return False
    for path in list(_copies(host, name)):
        durable.destroy(path)
    for path in host.under(_LOGS).glob("letsencrypt.log*"):  # they name the office, and nobody needs them
        durable.remove(path)
    run("certbot", "delete", "--non-interactive", "--cert-name", _LINEAGE + name, *places(host))
    for path in host.under(_LOGS).glob("letsencrypt.log*"):
        durable.remove(path)
    return True


def _copies(host: Host, name: str) -> Iterator[Path]:
    """Of every key that the office has had, and of the orders that were signed with it: under numbers, whosever they are."""
    settings = host.under(_SETTINGS)
    ours = {_public(_key(path)) for path in (settings / "archive" / live(host, name).name).glob("privkey*.pem")}
    yield from (path for path in (settings / "keys").glob("*.pem") if _public(_key(path)) in ours)
    for path in (settings / "csr").glob("*.pem"):
        if _public(x509.load_pem_x509_csr(path.read_bytes())) in ours:
            yield path


def _key(path: Path) -> Any:
    return load_pem_private_key(path.read_bytes(), None)


def _public(holder: Any) -> bytes:
    raw: bytes = holder.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return raw
