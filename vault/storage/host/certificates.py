"""The certificate of an office's address: where it lies, how it comes there and how it goes.

nginx reads `fullchain.pem` and `key.pem` of an office's folder. Both lead through one link to the pair that holds, so that
an exchange is one step: a start of nginx in between would find a key that does not fit, and serve no office at all.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import AuthorityInformationAccessOID

from vault.errors import Refused
from vault.storage import durable
from vault.storage.host import acme, authority, certificate_checks
from vault.storage.host.files import folder
from vault.storage.host.layout import Host
from vault.storage.host.offices import ACME, OWN, HostedOffice

CHAIN, KEY = "fullchain.pem", "key.pem"
_NOW, _PAIRS = "now", "pairs"
RENEW_SECONDS = 30 * 24 * 60 * 60  # before its end, an own one is made anew


def files(host: Host, name: str) -> tuple[Path, Path]:
    """(chain, key), as nginx is told them."""
    place = host.certificate(name)
    return place / CHAIN, place / KEY


def is_there(host: Host, name: str) -> bool:
    """Whether there is something to serve with."""
    return all(path.exists() for path in files(host, name))


def expires(host: Host, name: str) -> int | None:
    """Seconds since 1970 until which the certificate holds; None where there is none that can be read. For root."""
    with suppress(OSError, ValueError):
        return int(_leaf(files(host, name)[0]).not_valid_after_utc.timestamp())
    return None


def has_responder(chain: Path) -> bool:
    """Whether the certificate names an OCSP responder; raises Refused for what is no certificate."""
    try:
        leaf = _leaf(chain)
        named = leaf.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    except x509.ExtensionNotFound:
        return False
    except (OSError, ValueError) as error:
        raise Refused("certificate-unreadable", file=chain) from error
    return any(each.access_method == AuthorityInformationAccessOID.OCSP for each in named)


def _leaf(chain: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificates(chain.read_bytes())[0]


# --- into place


def install(host: Host, office: HostedOffice, now: float, chain: Path | None = None, key: Path | None = None) -> bool:
    """See to it that the office has the kind of certificate it is to have; says whether there was something to do.

    `chain` and `key`: the files given, wanted only where none is in place and the kind is "files". Raises Refused with
    what is wrong with them, and where certbot gets none.
    """
    if office.certificate == ACME:
        return _obtained(host, office)
    if office.certificate == OWN:
        return _made(host, office, now)
    if chain is None or key is None:
        if not is_there(host, office.name):
            raise Refused("certificate-files-wanted", address=office.address)
        return False
    return put(host, office.name, *certificate_checks.read_pair(chain, key, office.address, now))


def _obtained(host: Host, office: HostedOffice) -> bool:
    had = is_there(host, office.name) and acme.has(host, office.name)
    if not had:
        acme.obtain(host, office)
    place, live = _folder(host, office.name), acme.live(host, office.name)
    changed = _point(place / CHAIN, live / CHAIN) | _point(place / KEY, live / "privkey.pem")
    return changed or not had


def _made(host: Host, office: HostedOffice, now: float) -> bool:
    until, made = expires(host, office.name), authority.standing(host, now)
    if until is not None and until - now > RENEW_SECONDS and authority.signed(made, _leaf(files(host, office.name)[0])):
        return False
    return put(host, office.name, *authority.issue(made, office.address, now))


def put(host: Host, name: str, chain: bytes, key: bytes) -> bool:
    """Put a pair that was checked in place of the one before, whose key is destroyed; says whether it was another."""
    place = _folder(host, name)
    mark = x509.load_pem_x509_certificates(chain)[0].fingerprint(hashes.SHA256()).hex()[:16]
    pair = place / _PAIRS / mark
    same = _reads(pair / CHAIN) == chain and _reads(pair / KEY) == key
    durable.make_folder(pair)
    for path, data in ((pair / CHAIN, chain), (pair / KEY, key)) if not same else ():
        durable.write_whole(path, data)
    changed = _point(place / _NOW, Path(_PAIRS) / mark)
    for path in (place / CHAIN, place / KEY):
        changed |= _point(path, Path(_NOW) / path.name)
    _forget_others(place, mark)
    return changed or not same


def _folder(host: Host, name: str) -> Path:
    """The folders above are for everybody to pass, for the own CA is for everybody to read; this one is root's."""
    for place in (host.settings, host.certificate(name).parent):
        folder(place, 0o755)
    durable.make_folder(host.certificate(name))
    return host.certificate(name)


def _reads(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _point(link: Path, target: Path) -> bool:
    """Let a link lead somewhere in one step; says whether it led somewhere else."""
    with suppress(OSError):
        if link.readlink() == target:
            return False
    waiting = link.with_name(f".{link.name}.part")
    waiting.unlink(missing_ok=True)
    waiting.symlink_to(target)
    os.replace(waiting, link)
    durable.sync_folder(link.parent)
    return True


def _forget_others(place: Path, mark: str = "") -> None:
    for pair in (place / _PAIRS).glob("*"):
        if pair.name != mark:
            durable.destroy(pair / KEY)
            durable.remove(pair / CHAIN)
            pair.rmdir()


def remove(host: Host, name: str) -> bool:
    """Destroy the certificate's key and all that belongs to it, certbot's too; says whether there was anything."""
    place = host.certificate(name)
    had = acme.forget(host, name)
    if not place.is_dir():
        return had
    _forget_others(place)
    with suppress(FileNotFoundError):
        (place / _PAIRS).rmdir()
    for path in sorted(place.iterdir()):
        durable.remove(path)
    place.rmdir()
    durable.sync_folder(place.parent)
    return True
