"""What is written for nginx: the texts by themselves, and that a real nginx takes them or leaves things as they were."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from flask import Flask

from tests.support.host_nginx import Nginx, needs_nginx, scratch_host
from tests.support.offices import Office
from vault.errors import Refused
from vault.storage.host import acme, authority, certificates, sites
from vault.storage.host.layout import Host, Profile
from vault.storage.host.offices import ACME, FILES, OWN, HostedOffice
from vault.web import gate
from vault.web.app import LARGEST_FORM

NOW = 1_795_000_000.0
OFFICE = HostedOffice("minato", "vault.minato.example", certificate=OWN)
MIB = 1024**2


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """With a certificate for the office, and no nginx."""
    made = Host(tmp_path, Profile(listen=("192.0.2.1", "[2001:db8::1]")))
    certificates.install(made, OFFICE, NOW)
    return made


@pytest.fixture
def nginx() -> Iterator[Nginx]:
    with scratch_host() as made, Nginx(made) as found:
        yield found


def values(text: str, name: str) -> list[str]:
    """Every value of a directive, in the order of the text."""
    return re.findall(rf"(?m)^ *{name} (.+);$", text)


# --- texts


@pytest.mark.parametrize("address", [
    "", "localhost", "Vault.example.jp", "vault.example.jp.", "-a.example", "a..example", "a b.example", "192.0.2.1",
    "vault.example;return 200", "vault_.example", "例.example", "a" * 64 + ".example", ".".join(["abcdefgh"] * 30),
])  # fmt: skip
def test_what_is_no_host_name_gets_no_site(address: str, host: Host) -> None:
    with pytest.raises(Refused, match="office-address-unfit"):
        sites.site_text(host, replace(OFFICE, address=address))


def test_no_blank_is_left_and_every_address_of_the_host_is_listened_on(host: Host) -> None:
    for text in (sites.host_text(host), sites.site_text(host, OFFICE)):
        assert not re.search(r"@[a-z_]+@", text)
        assert {value.split()[0] for value in values(text, "listen")} == {
            "192.0.2.1:80", "192.0.2.1:443", "[2001:db8::1]:80", "[2001:db8::1]:443"}
    assert values(sites.site_text(host, OFFICE), "server_name") == ["vault.minato.example"] * 2


def test_before_its_certificate_is_there_an_office_has_the_plain_site_alone(host: Host) -> None:
    certificates.remove(host, "minato")
    text = sites.site_text(host, OFFICE)
    assert "ssl http2" not in text and "return 301 https://vault.minato.example$request_uri" in text


def test_only_who_gets_certificates_over_it_opens_a_second_way_without_tls(host: Host) -> None:
    for kind in (FILES, OWN, ACME):
        text = sites.site_text(host, replace(OFFICE, certificate=kind))
        assert (str(acme.root(host)) in text) is (kind == ACME)


def test_stapling_is_asked_for_where_the_certificate_names_a_responder(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "ssl_stapling" not in sites.site_text(host, OFFICE)
    monkeypatch.setattr(certificates, "has_responder", lambda chain: True)
    assert values(sites.site_text(host, OFFICE), "ssl_stapling") == ["on"]


def size(text: str) -> int:
    assert text.endswith("m")
    return int(text[:-1]) * MIB


def test_nginx_takes_what_the_office_takes_and_holds_all_of_it_in_memory(host: Host, app: Flask) -> None:
    text = sites.site_text(host, OFFICE)
    _plain, whole, *more = [size(each) for each in values(text, "client_max_body_size")]
    assert whole >= LARGEST_FORM
    larger = {rule.rule: view.access.largest for rule in app.url_map.iter_rules()
              if getattr(view := app.view_functions[rule.endpoint], "access", gate.Access()).largest > LARGEST_FORM}
    places = dict(re.findall(r"(?ms)^    location = (\S+) \{(.*?)^    \}", text))
    assert larger and {place for place, block in places.items() if "limit_conn kura_large" in block} == set(larger)
    assert len(more) == len(larger) and max(larger.values()) <= min(more)
    buffers = [size(each) for each in values(text, "client_body_buffer_size")]
    assert all(buffer > most for buffer, most in zip(buffers, [whole, whole, *more], strict=True))
    assert values(text, "proxy_max_temp_file_size") == ["0"] and values(text, "proxy_request_buffering") == ["on"]


def test_nginx_says_of_its_own_pages_what_the_office_says_of_its(office: Office) -> None:
    assert {**sites.HEADERS, "Content-Security-Policy": gate.CSP} == {
        **gate.HEADERS, "Strict-Transport-Security": sites.HEADERS["Strict-Transport-Security"]}


@pytest.mark.parametrize("name", sites.PAGES)
def test_a_page_of_nginx_loads_nothing_and_fits_into_its_settings(name: str, host: Host) -> None:
    text = sites.site_text(host, OFFICE)
    block = text.split(f"location = /.kura/{name} {{")[1].split("\n    }")[0]
    (said,) = re.findall(r"return 200 ('.*');", block)
    assert len(said.encode()) < 4096 and "$" not in said and said.count("'") == 2
    assert not re.search(r"src=|href=|url\(|script|@", said)
    style = said.split("<style>")[1].split("</style>")[0]
    assert f"'sha256-{b64encode(sha256(style.encode()).digest()).decode()}'" in block
    assert 'lang="ja"' in said and 'lang="en"' in said and "証券蔵" in said


def test_other_ports_are_named_where_a_browser_shows_them(host: Host) -> None:
    other = Host(host.root, replace(host.profile, https_port=8443))
    assert sites.shown(other, OFFICE) == "vault.minato.example:8443"
    assert "return 301 https://vault.minato.example:8443$request_uri" in sites.site_text(other, OFFICE)


# --- nginx's own settings


def test_room_is_made_for_many_offices_and_the_sample_site_goes(host: Host) -> None:
    main, sample = host.under("/etc/nginx/nginx.conf"), host.under("/etc/nginx/sites-enabled/default")
    assert sites.settle_main(host) == []
    sample.parent.mkdir(parents=True)
    sample.symlink_to("../sites-available/default")
    main.write_text("user www-data;\nevents {\n\tworker_connections 768;\n}\n")
    assert sites.settle_main(host) == [str(main), str(sample)]
    assert "worker_connections 8192;" in main.read_text() and "worker_rlimit_nofile" in main.read_text()
    assert not sample.is_symlink() and sites.settle_main(host) == []
    main.write_text("worker_rlimit_nofile 90000;\nevents {\n\tworker_connections 16000;\n}\n")
    assert sites.settle_main(host) == []


# --- a real nginx


@needs_nginx
def test_nginx_takes_a_host_of_many_offices_and_every_kind_of_certificate(nginx: Nginx) -> None:
    host = nginx.host
    assert sites.write_host(host) and not sites.write_host(host)
    own = authority.standing(host, NOW)
    for number in range(40):
        office = HostedOffice(f"office-{number}", f"vault.with-a-rather-long-name-{number}.example.jp", certificate=OWN)
        certificates.put(host, office.name, *authority.issue(own, office.address, NOW))
        host.site(office.name).write_text(sites.site_text(host, office))
    assert sites.write_site(host, replace(OFFICE, certificate=ACME))
    sites.check()
    assert sites.remove_site(host, "minato") and not sites.remove_site(host, "minato")


@needs_nginx
def test_a_site_that_nginx_does_not_take_is_not_left_there(nginx: Nginx) -> None:
    host = nginx.host
    sites.write_host(host)
    certificates.install(host, OFFICE, NOW)
    _chain, key = certificates.files(host, "minato")
    held = key.read_bytes()
    key.write_text("no key")
    with pytest.raises(Refused, match="program-failed"):
        sites.write_site(host, OFFICE)
    assert not host.site("minato").exists()
    key.write_bytes(held)
    assert sites.write_site(host, OFFICE)
    before = host.site("minato").read_text()
    key.write_text("no key")
    with pytest.raises(Refused, match="program-failed"):
        sites.write_site(host, replace(OFFICE, address="other.example.jp"))
    assert host.site("minato").read_text() == before


@needs_nginx
def test_the_site_of_an_office_goes_with_its_own_log_and_no_other(nginx: Nginx) -> None:
    host = nginx.host
    logs = host.under("/var/log/nginx")
    sites.write_host(host)
    certificates.install(host, OFFICE, NOW)
    sites.write_site(host, OFFICE)
    for name in ("kura-minato.log.1", "kura-minato.log.2.gz", "kura-minato-kita.log", "kura.log"):
        (logs / name).write_text("x")
    assert sites.remove_site(host, "minato")
    assert {path.name for path in logs.iterdir()} >= {"kura-minato-kita.log", "kura.log"}
    assert not list(logs.glob("kura-minato.log*")) and not host.site("minato").exists()
