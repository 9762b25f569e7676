"""The same certbot with Let's Encrypt's own authority for tests, where that is installed: it looks at every signature."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from tests.storage.test_acme import OFFICE, nginx
from tests.support.host_nginx import LOOPBACK, Nginx, needs_nginx
from tests.support.instance import free_port
from vault.storage.host import acme, authority, certificates, sites
from vault.storage.host.programs import run

__all__ = ["nginx"]
PROGRAMS = ("certbot", "pebble", "pebble-challtestsrv")
SECONDS = 30.0
pytestmark = [needs_nginx, pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason=f"needs {', '.join(PROGRAMS)}")]


@contextmanager
def running(command: list[str], port: int, **more: str) -> Iterator[None]:
    """A server that answers on the port by now."""
    process = subprocess.Popen(command, env={**os.environ, **more}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    until = time.monotonic() + SECONDS
    try:
        while process.poll() is None and time.monotonic() < until:
            with suppress(OSError), socket.create_connection((LOOPBACK, port), timeout=1):
                break
            time.sleep(0.05)
        else:
            raise AssertionError(f"{command[0]} does not come")
        yield
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.fixture
def pebble(nginx: Nginx, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The authority, which finds every name on this machine; its own door has a certificate of the host's CA."""
    own = authority.standing(nginx.host, time.time())
    chain, key = authority.issue(own, "localhost", time.time())
    for name, data in (("chain.pem", chain), ("key.pem", key)):
        (tmp_path / name).write_bytes(data)
    door, names, inside, told = (free_port() for _ in range(4))
    config = tmp_path / "pebble.json"
    config.write_text(json.dumps({"pebble": {
        "listenAddress": f"{LOOPBACK}:{door}", "managementListenAddress": f"{LOOPBACK}:{inside}", "ocspResponderURL": "",
        "certificate": str(tmp_path / "chain.pem"), "privateKey": str(tmp_path / "key.pem"),
        "externalAccountBindingRequired": False,
        "httpPort": nginx.host.profile.http_port, "tlsPort": nginx.host.profile.https_port,
    }}), "utf-8")  # fmt: skip
    resolver = ["pebble-challtestsrv", "-dns01", f"{LOOPBACK}:{names}", "-management", f"{LOOPBACK}:{told}", "-defaultIPv6", ""]
    resolver += [word for kind in ("http01", "https01", "tlsalpn01") for word in (f"-{kind}", "")]
    monkeypatch.setenv("KURA_ACME_SERVER", f"https://localhost:{door}/dir")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority.file(nginx.host)))
    with ExitStack() as stack:
        stack.enter_context(running(resolver, told))
        asked = ["pebble", "-strict", "-config", str(config), "-dnsserver", f"{LOOPBACK}:{names}"]
        stack.enter_context(running(asked, door, PEBBLE_VA_NOSLEEP="1"))
        yield


def served(nginx: Nginx) -> x509.Certificate:
    """The certificate that a browser gets, whoever signed it."""
    anybody = ssl.create_default_context()
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection((LOOPBACK, nginx.host.profile.https_port), timeout=SECONDS)
    with anybody.wrap_socket(plain, server_hostname=OFFICE.address) as held:
        return x509.load_der_x509_certificate(held.getpeercert(binary_form=True) or b"")


def test_an_authority_that_keeps_to_the_rules_gives_a_certificate_and_renews_it(nginx: Nginx, pebble: None) -> None:
    host = nginx.host
    sites.write_site(host, OFFICE)
    nginx.reload()
    assert certificates.install(host, OFFICE, time.time()) and sites.write_site(host, OFFICE)
    nginx.reload()
    first = served(nginx)
    names = first.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert names == [OFFICE.address] and "Pebble" in first.issuer.rfc4514_string()
    key = first.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name == "secp256r1"
    assert certificates.expires(host, OFFICE.name) == int(first.not_valid_after_utc.timestamp())
    run("certbot", "renew", "--quiet", "--force-renewal", "--no-random-sleep-on-renew", *acme.places(host))
    until = time.monotonic() + SECONDS
    while served(nginx) == first and time.monotonic() < until:
        time.sleep(0.1)
    assert served(nginx) != first
    assert certificates.remove(host, OFFICE.name) and not certificates.is_there(host, OFFICE.name)
