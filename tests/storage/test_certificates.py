"""Certificates given are looked at before nginx has them; own ones are made and renewed; an exchange is one step."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from vault.errors import Refused
from vault.storage.host import acme, authority, certificates
from vault.storage.host.certificate_checks import read_pair
from vault.storage.host.layout import Host, Profile
from vault.storage.host.offices import ACME, FILES, OWN, HostedOffice

ADDRESS = "vault.minato.example"
NOW = 1_795_000_000.0
DAY = 86400
OFFICE = HostedOffice("minato", ADDRESS, certificate=OWN)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path / "host", Profile(mail_to="operator@example.jp"))


def names(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


@dataclass
class Maker:
    """Somebody who signs certificates; without `by` its own."""

    name: str
    by: Maker | None = None

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = self.sign(self.key, names(self.name), ca=True)

    def sign(self, key: Any, subject: x509.Name, ca: bool = False, **more: Any) -> x509.Certificate:
        by = self if ca and self.by is None else self.by if ca else self
        assert by is not None
        end = datetime.fromtimestamp(NOW + more.get("days", 90) * DAY, UTC)
        builder = (
            x509.CertificateBuilder().subject_name(subject).issuer_name(names(by.name)).public_key(key.public_key())
            .serial_number(7).not_valid_before(end - timedelta(days=more.get("length", 91))).not_valid_after(end)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if "names" in more:
            builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in more["names"]]), critical=False)
        if "responder" in more:
            place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(more["responder"]))
            builder = builder.add_extension(x509.AuthorityInformationAccess([place]), critical=False)
        return builder.sign(by.key, hashes.SHA256())


ROOT = Maker("Root of browsers")
MIDDLE = Maker("Middle", ROOT)
STRANGER = Maker("Middle", Maker("Nobody"))


@dataclass
class Given:
    """Two files as an operator gets them."""

    folder: Path

    def write(self, *chain: x509.Certificate, key: Any, secret: bytes = b"") -> tuple[Path, Path]:
        lock = serialization.BestAvailableEncryption(secret) if secret else serialization.NoEncryption()
        files = self.folder / "given.pem", self.folder / "given.key"
        files[0].write_bytes(b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain))
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock))
        (self.folder / "roots.pem").write_bytes(ROOT.certificate.public_bytes(serialization.Encoding.PEM))
        return files

    def read(self, files: tuple[Path, Path], address: str = ADDRESS) -> tuple[bytes, bytes]:
        return read_pair(*files, address, NOW, self.folder / "roots.pem")


@pytest.fixture
def given(tmp_path: Path) -> Given:
    return Given(tmp_path)


def leaf(maker: Maker = MIDDLE, key: Any = None, **more: Any) -> tuple[x509.Certificate, Any]:
    key = key or ec.generate_private_key(ec.SECP256R1())
    return maker.sign(key, names(ADDRESS), **{"names": [ADDRESS], **more}), key


# --- files given


def test_a_whole_chain_with_its_key_is_taken_in_the_order_browsers_want(given: Given) -> None:
    made, key = leaf()
    chain, held = given.read(given.write(made, MIDDLE.certificate, key=key))
    assert x509.load_pem_x509_certificates(chain) == [made, MIDDLE.certificate]
    assert b"PRIVATE KEY" in held and b"ENCRYPTED" not in held


def test_a_certificate_for_all_names_below_fits_one_name_below_and_no_deeper(given: Given) -> None:
    made, key = leaf(names=["*.minato.example"])
    files = given.write(made, MIDDLE.certificate, key=key)
    given.read(files)
    with pytest.raises(Refused, match="certificate-name-other"):
        given.read(files, "a.vault.minato.example")


def test_an_offices_own_ca_is_taken_with_its_root_in_the_file(given: Given) -> None:
    own = Maker("CA of the office")
    made, key = leaf(own)
    given.read(given.write(made, own.certificate, key=key))


def other_key(given: Given) -> tuple[Path, Path]:
    return given.write(leaf()[0], MIDDLE.certificate, key=ec.generate_private_key(ec.SECP256R1()))


def with_leaf(**more: Any) -> Callable[[Given], tuple[Path, Path]]:
    def write(given: Given) -> tuple[Path, Path]:
        made, key = leaf(**more)
        return given.write(made, MIDDLE.certificate, key=key)

    return write


def without_middle(given: Given) -> tuple[Path, Path]:
    made, key = leaf()
    return given.write(made, key=key)


def upside_down(given: Given) -> tuple[Path, Path]:
    made, key = leaf()
    return given.write(made, ROOT.certificate, MIDDLE.certificate, key=key)


def of_another_middle(given: Given) -> tuple[Path, Path]:
    made, key = leaf(STRANGER)
    return given.write(made, MIDDLE.certificate, key=key)


def by_itself(given: Given) -> tuple[Path, Path]:
    own = Maker(ADDRESS)
    made = own.sign(own.key, names(ADDRESS), names=[ADDRESS])
    return given.write(made, key=own.key)


def locked(given: Given) -> tuple[Path, Path]:
    made, key = leaf()
    return given.write(made, MIDDLE.certificate, key=key, secret=b"passphrase")


def swapped(given: Given) -> tuple[Path, Path]:
    made, key = leaf()
    chain, held = given.write(made, MIDDLE.certificate, key=key)
    return held, chain


def key_missing(given: Given) -> tuple[Path, Path]:
    made, key = leaf()
    return given.write(made, MIDDLE.certificate, key=key)[0], given.folder / "nowhere.key"


@pytest.mark.parametrize(("write", "code"), [
    (other_key, "certificate-key-other"),
    (with_leaf(names=["other.example"]), "certificate-name-other"),
    (with_leaf(names=["minato.example"]), "certificate-name-other"),
    (with_leaf(days=-1), "certificate-expired"),
    (with_leaf(days=90, length=80), "certificate-not-yet"),
    (with_leaf(key=rsa.generate_private_key(65537, 1024)), "certificate-weak"),
    (with_leaf(key=ec.generate_private_key(ec.SECP256K1())), "certificate-weak"),
    (with_leaf(key=ed25519.Ed25519PrivateKey.generate()), "certificate-weak"),
    (without_middle, "certificate-chain-broken"), (upside_down, "certificate-chain-broken"),
    (of_another_middle, "certificate-chain-broken"), (by_itself, "certificate-chain-broken"),
    (locked, "certificate-key-locked"), (swapped, "certificate-unreadable"), (key_missing, "certificate-key-unreadable"),
])
def test_what_a_browser_would_refuse_is_refused_before_nginx_has_it(
    write: Callable[[Given], tuple[Path, Path]], code: str, given: Given, host: Host
) -> None:
    files = write(given)
    with pytest.raises(Refused) as refused:
        given.read(files)
    assert refused.value.code == code
    with pytest.raises(Refused):
        certificates.install(host, HostedOffice("minato", ADDRESS, certificate=FILES), NOW, *files)
    assert not certificates.is_there(host, "minato")


def test_a_name_in_the_subject_alone_does_not_count(given: Given) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    with pytest.raises(Refused, match="certificate-name-other"):
        given.read(given.write(MIDDLE.sign(key, names(ADDRESS)), MIDDLE.certificate, key=key))


def test_without_files_the_pair_in_place_stays_and_none_in_place_is_said(host: Host, given: Given) -> None:
    office = HostedOffice("minato", ADDRESS, certificate=FILES)
    with pytest.raises(Refused, match="certificate-files-wanted"):
        certificates.install(host, office, NOW)
    certificates.put(host, "minato", *authority.issue(authority.standing(host, NOW), ADDRESS, NOW))
    assert not certificates.install(host, office, NOW)


# --- own ones


def test_an_own_certificate_is_one_that_openssl_and_browsers_check_through(host: Host) -> None:
    assert certificates.install(host, OFFICE, NOW)
    chain, _key = certificates.files(host, "minato")
    done = subprocess.run(
        ["openssl", "verify", "-x509_strict", "-attime", str(int(NOW)), "-purpose", "sslserver", "-verify_hostname", ADDRESS,
         "-CAfile", str(authority.file(host)), str(chain)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert certificates.expires(host, "minato") == int(NOW) - 3600 + authority.LEAF_DAYS * DAY


def test_it_is_made_once_and_anew_a_month_before_its_end_with_another_key(host: Host) -> None:
    assert certificates.install(host, OFFICE, NOW)
    before = [path.read_bytes() for path in certificates.files(host, "minato")]
    assert not certificates.install(host, OFFICE, NOW + (authority.LEAF_DAYS - 32) * DAY)
    later = NOW + (authority.LEAF_DAYS - 29) * DAY
    assert certificates.install(host, OFFICE, later)
    after = [path.read_bytes() for path in certificates.files(host, "minato")]
    assert before[0] != after[0] and before[1] != after[1]
    assert not certificates.install(host, OFFICE, later)


def test_an_own_ca_near_its_end_is_made_anew_and_what_it_signed_with_it(host: Host) -> None:
    certificates.install(host, OFFICE, NOW)
    first = authority.file(host).read_bytes()
    later = NOW + (authority.CA_DAYS - authority.LEAF_DAYS + 1) * DAY
    certificates.put(host, "minato", *authority.issue(authority.standing(host, NOW), ADDRESS, later - DAY))
    assert certificates.install(host, OFFICE, later)
    assert authority.file(host).read_bytes() != first


def test_a_ca_whose_making_was_interrupted_is_made_again(host: Host) -> None:
    authority.standing(host, NOW)
    old = (host.authority / authority.KEY).read_bytes()
    authority.file(host).unlink()
    made = authority.standing(host, NOW)
    assert (host.authority / authority.KEY).read_bytes() != old
    assert authority.standing(host, NOW).certificate == made.certificate


# --- in place


def test_keys_are_for_their_owner_alone_and_the_cas_certificate_for_everybody(host: Host) -> None:
    old = os.umask(0o077)  # under which the operator's commands run
    try:
        certificates.install(host, OFFICE, NOW)
    finally:
        os.umask(old)
    chain, key = certificates.files(host, "minato")
    assert key.stat().st_mode & 0o777 == 0o600 and chain.stat().st_mode & 0o077 == 0
    assert host.certificate("minato").stat().st_mode & 0o077 == 0
    assert (host.authority / authority.KEY).stat().st_mode & 0o777 == 0o600
    for path in (host.settings, host.authority, authority.file(host)):
        assert path.stat().st_mode & 0o004, path


def test_an_exchange_switches_both_in_one_step_and_destroys_the_key_of_before(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    own = authority.standing(host, NOW)
    certificates.put(host, "minato", *authority.issue(own, ADDRESS, NOW))
    chain, key = certificates.files(host, "minato")
    gone = key.resolve()
    replace, fitting = os.replace, []

    def watched(source: Any, target: Any) -> None:
        replace(source, target)
        found = x509.load_pem_x509_certificate(chain.read_bytes()).public_key()
        held = serialization.load_pem_private_key(key.read_bytes(), None).public_key()
        fitting.append(found == held)

    monkeypatch.setattr(os, "replace", watched)
    assert certificates.put(host, "minato", *authority.issue(own, ADDRESS, NOW))
    assert len(fitting) >= 3 and all(fitting)
    assert not gone.exists() and key.resolve() != gone


def test_removed_nothing_of_it_is_left(host: Host) -> None:
    certificates.install(host, OFFICE, NOW)
    assert certificates.remove(host, "minato")
    assert not host.certificate("minato").exists() and not certificates.remove(host, "minato")
    assert authority.file(host).exists()


def test_the_day_of_the_end_is_none_where_there_is_none_to_read(host: Host) -> None:
    assert certificates.expires(host, "minato") is None
    host.certificate("minato").mkdir(parents=True)
    certificates.files(host, "minato")[0].write_text("no certificate")
    assert certificates.expires(host, "minato") is None


def test_a_responder_is_seen_where_the_certificate_names_one(tmp_path: Path) -> None:
    path = tmp_path / "chain.pem"
    for more, found in (({}, False), ({"responder": "http://ocsp.example/"}, True)):
        path.write_bytes(leaf(**more)[0].public_bytes(serialization.Encoding.PEM))
        assert certificates.has_responder(path) is found
    path.write_text("no certificate")
    with pytest.raises(Refused, match="certificate-unreadable"):
        certificates.has_responder(path)


# --- certbot

# As certbot does: the proof where it was told, the pair in a folder below `live`, nothing where one holds already.
CERTBOT = """\
#!/bin/sh
echo "$@" >>"{notes}"
while [ $# -gt 0 ]; do
    case $1 in
        delete) gone=yes ;;
        --config-dir) config=$2 ;;
        --webroot-path) webroot=$2 ;;
        --cert-name) name=$2 ;;
    esac
    shift
done
live=$config/live/$name
[ -z "$gone" ] || exec rm -r "$live"
mkdir -p "$webroot/.well-known/acme-challenge" "$live"
cp "{pair}/chain" "$live/fullchain.pem"
cp "{pair}/key" "$live/privkey.pem"
"""


@pytest.fixture
def certbot(tmp_path: Path, host: Host, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a certbot that is none notes what it was asked."""
    pair, notes = tmp_path / "pair", tmp_path / "notes"
    pair.mkdir()
    for name, data in zip(("chain", "key"), authority.issue(authority.standing(host, NOW), ADDRESS, NOW), strict=True):
        (pair / name).write_bytes(data)
    program = tmp_path / "bin" / "certbot"
    program.parent.mkdir()
    program.write_text(CERTBOT.format(notes=notes, pair=pair))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return notes


def test_certbot_is_asked_once_for_a_small_key_and_told_to_let_nginx_know(host: Host, certbot: Path) -> None:
    office = HostedOffice("minato", ADDRESS, certificate=ACME)
    assert certificates.install(host, office, time.time()) and not certificates.install(host, office, time.time())
    (asked,) = certbot.read_text().splitlines()
    for word in (f"--domain {ADDRESS}", "--cert-name kura-minato", "--key-type ecdsa", "--email operator@example.jp",
                 f"--webroot-path {acme.root(host)}", "--deploy-hook nginx -t -q && systemctl reload nginx"):
        assert word in asked
    assert certificates.expires(host, "minato") is not None
    assert certificates.files(host, "minato")[1].read_bytes().startswith(b"-----BEGIN PRIVATE KEY")
    assert certificates.remove(host, "minato")
    assert "delete" in certbot.read_text().splitlines()[1] and not host.certificate("minato").exists()


def test_without_a_mail_address_no_authority_is_asked(host: Host, certbot: Path) -> None:
    with pytest.raises(Refused, match="acme-mail-wanted"):
        certificates.install(Host(host.root), HostedOffice("minato", ADDRESS, certificate=ACME), NOW)
    assert not certbot.exists()
