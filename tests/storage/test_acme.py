"""certbot itself, an authority on a loopback port, and a real nginx over whose plain site the address is proved."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.support.acme import Office, acme_authority
from tests.support.host_nginx import Nginx, needs_nginx, scratch_host
from vault.errors import Refused
from vault.storage.host import acme, authority, certificates, sites
from vault.storage.host.layout import Host
from vault.storage.host.offices import ACME, HostedOffice
from vault.storage.host.programs import run

OFFICE = HostedOffice("minato", "vault.minato.example", certificate=ACME)
pytestmark = [needs_nginx, pytest.mark.skipif(shutil.which("certbot") is None, reason="certbot is not installed")]


@pytest.fixture
def nginx(monkeypatch: pytest.MonkeyPatch) -> Iterator[Nginx]:
    """With a systemctl that only knows how to reload it; and with the mask under which the operator's commands run."""
    with scratch_host() as bare, Nginx(Host(bare.root, replace(bare.profile, mail_to="operator@example.jp"))) as made:
        systemctl = made.program.with_name("systemctl")
        systemctl.write_text(f'#!/bin/sh\n[ "$*" = "reload nginx" ] && exec {" ".join(made.reload_command)}\n')
        systemctl.chmod(0o755)
        sites.write_host(made.host)
        made.start()
        before = os.umask(0o077)
        yield made
        os.umask(before)


@pytest.fixture
def known(nginx: Nginx, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    own = authority.standing(nginx.host, time.time())
    with acme_authority(own, nginx.host.profile.http_port) as (address, found):
        monkeypatch.setenv("KURA_ACME_SERVER", address)
        yield found


def serial(nginx: Nginx) -> str:
    """Of the certificate that is served."""
    with nginx.tls(OFFICE.address) as held:
        return str((held.getpeercert() or {})["serialNumber"])


def test_certbot_gets_a_certificate_renews_it_by_itself_and_forgets_it(nginx: Nginx, known: Office) -> None:
    host = nginx.host
    sites.write_site(host, OFFICE)
    nginx.reload()
    assert certificates.install(host, OFFICE, time.time())
    assert sites.write_site(host, OFFICE)
    nginx.reload()
    first = serial(nginx)
    assert nginx.get(OFFICE.address, "/").status == 502
    assert not certificates.install(host, OFFICE, time.time()) and len(known.given) == 1
    # What certbot's own timer does, and the hook that it was given: nothing of Kura is asked.
    run("certbot", "renew", "--quiet", "--force-renewal", "--no-random-sleep-on-renew", *acme.places(host))
    until = time.monotonic() + 20
    while serial(nginx) == first and time.monotonic() < until:
        time.sleep(0.1)
    assert serial(nginx) != first and len(known.given) == 2
    keys = {path.read_bytes() for path in host.under("/etc/letsencrypt/archive").rglob("privkey*.pem")}
    assert len(keys) == 2 and certificates.remove(host, "minato")
    left = [path for place in ("/etc/letsencrypt", "/var/log/letsencrypt", "/etc/kura", "/var/lib/kura-acme")
            for path in host.under(place).rglob("*") if path.is_file()]
    assert left and not [path for path in left if "minato" in path.name or b"minato" in (raw := path.read_bytes()) or raw in keys]
    assert [list(host.under(f"/etc/letsencrypt/{place}").iterdir()) for place in ("csr", "keys")] == [[], []]


def test_without_its_plain_site_the_address_is_not_proved_and_nothing_is_put_in_place(nginx: Nginx, known: Office) -> None:
    with pytest.raises(Refused, match="program-failed"):
        certificates.install(nginx.host, OFFICE, time.time())
    assert not certificates.is_there(nginx.host, "minato") and not nginx.host.certificate("minato").exists()
