"""How nginx stands before the offices of a host: one file for what all share, one for each office.

Written from the templates in `deploy/nginx/`, whose values stand between two @. What nginx answers itself (an office that
does not answer, a body that is too large) it says in Japanese on a page of its own, which loads nothing.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from hashlib import sha256
from pathlib import Path

from vault.errors import KuraError, Refused
from vault.storage import durable
from vault.storage.host import acme, certificates
from vault.storage.host.layout import Host
from vault.storage.host.offices import ACME, HostedOffice
from vault.storage.host.programs import run

TEMPLATES = Path(__file__).resolve().parents[3] / "deploy" / "nginx"
PAGES = ("closed", "large", "often", "refused")
# What the office itself says of its answers; nginx says it only of its own, so that none carries it twice.
HEADERS = {
    "Strict-Transport-Security": "max-age=63072000",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
CONNECTIONS, FILES = 8192, 20_000  # of one process of nginx; a proxied request takes two
_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_ADDRESS = re.compile(rf"{_LABEL}(\.{_LABEL})+")
_BLANK = re.compile(r"@([a-z_]+)@")
_ROOM = re.compile(r"(?m)^(\s*worker_connections\s+)(\d+);")


def check_address(address: str) -> str:
    """A host name as browsers ask for it, in small letters and without a port; raises Refused."""
    if not _ADDRESS.fullmatch(address) or len(address) > 253 or address.rsplit(".", 1)[1].isdigit():
        raise Refused("office-address-unfit", address=address)
    return address


def shown(host: Host, office: HostedOffice) -> str:
    """The name with the port where that is not the usual one: what stands in the browser's line."""
    port = host.profile.https_port
    return office.address if port == 443 else f"{office.address}:{port}"


# --- texts


def host_text(host: Host) -> str:
    """What all offices of a host share, and what is said to who asks for none of them."""
    return _filled(_template("kura.conf"), {
        **_common(host),
        "http_default": _listen(host, host.profile.http_port, " default_server"),
        "https_default": _listen(host, host.profile.https_port, " ssl http2 default_server"),
    })  # fmt: skip


def site_text(host: Host, office: HostedOffice) -> str:
    """The site of an office. Before its certificate is there it is the plain one alone, over which that is proved."""
    check_address(office.address)
    facts = {
        **_common(host), "name": office.name, "address": office.address, "shown": shown(host, office),
        "http": _listen(host, host.profile.http_port),
    }  # fmt: skip
    proof = _filled(_template("acme.conf"), {"acme": str(acme.root(host))}) if office.certificate == ACME else ""
    plain = _filled(_template("http.conf"), {**facts, "acme": proof})
    return plain + (_served(host, office, facts) if certificates.is_there(host, office.name) else "")


def _served(host: Host, office: HostedOffice, facts: dict[str, str]) -> str:
    chain, key = certificates.files(host, office.name)
    return _filled(_template("https.conf"), {
        **facts, "checks": _template("checks.conf"), "https": _listen(host, host.profile.https_port, " ssl http2"), "chain": str(chain), "key": str(key),
        "stapling": _stapling(chain), "socket": str(host.socket(office.name)), "pages": "".join(map(_page, PAGES)),
    })  # fmt: skip


def _common(host: Host) -> dict[str, str]:
    folders = {"log": "/var/log/nginx", "bodies": "/run/kura-nginx-bodies", "answers": "/run/kura-nginx-answers"}
    places = {name: str(host.under(place)) for name, place in folders.items()}
    return {**places, "server": _filled(_template("server.conf"), places), "tls": _template("tls.conf")}


def _listen(host: Host, port: int, how: str = "") -> str:
    """The `listen` lines: the host's own addresses, or every address there is."""
    every = ("", "[::]") if Path("/proc/net/if_inet6").exists() else ("",)
    ports = [f"{address}:{port}" if address else str(port) for address in host.profile.listen or every]
    return "\n".join(f"    listen {each}{how};" for each in ports)


def _stapling(chain: Path) -> str:
    """Only where the certificate names who vouches for it by the day: several authorities have ended that."""
    if not certificates.has_responder(chain):
        return ""
    return f'    ssl_stapling on;\n    ssl_stapling_verify on;\n    ssl_trusted_certificate "{chain}";'


def _page(name: str) -> str:
    style = "".join(_template("pages/page.css").splitlines())
    page = "".join(_filled(_template(f"pages/{name}.html"), {"style": style}).splitlines())
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{allowed}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    said = {**HEADERS, "Content-Security-Policy": policy, **({"Retry-After": "60"} if name in ("closed", "often") else {})}
    headers = "\n".join(f'        add_header {each} "{value}" always;' for each, value in said.items())
    return _filled(_template("page.conf"), {"page": page, "headers": headers, "name": name})


@cache
def _template(name: str) -> str:
    return (TEMPLATES / name).read_text("utf-8").rstrip("\n") + "\n"


def _filled(template: str, facts: dict[str, str]) -> str:
    """Every blank filled, and none forgotten: raises KeyError. What is filled in is not looked at again."""
    return _BLANK.sub(lambda found: facts[found[1]].rstrip("\n"), template)


# --- files


def write_host(host: Host) -> bool:
    """Settle what all sites share; says whether there was something to do. Raises Refused when nginx does not take it."""
    return _settle(host.nginx / "kura.conf", host_text(host))


def write_site(host: Host, office: HostedOffice) -> bool:
    """Settle the site of an office; says whether there was something to do. Raises Refused when nginx does not take it."""
    return _settle(host.site(office.name), site_text(host, office))


def remove_site(host: Host, name: str) -> bool:
    """The site and what nginx said of it in its log; says whether there was anything."""
    logs = list(host.under("/var/log/nginx").glob(f"kura-{name}.log*"))
    for path in (found := [each for each in (host.site(name), *logs) if each.exists()]):
        durable.remove(path)
    return bool(found)


def _settle(path: Path, text: str) -> bool:
    """A file that nginx does not take is not left there: at the next start it would keep every office from being served."""
    before = path.read_bytes() if path.exists() else None
    if before == text.encode():
        return False
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    durable.write_whole(path, text.encode())
    path.chmod(0o644)
    try:
        check()
    except KuraError:
        durable.remove(path) if before is None else durable.write_whole(path, before)
        raise
    return True


def check() -> None:
    """Let nginx read all its files; raises Refused with what it said."""
    run("nginx", "-t", "-q")


def reload() -> None:
    """Let nginx take up what was written; what it is answering it answers to the end."""
    check()
    run("systemctl", "reload", "nginx")


# --- nginx's own


def settle_main(host: Host) -> list[str]:
    """Make room in nginx's own settings for many offices, and take the sample site away, which would answer for every name.

    Says which files were changed.
    """
    return list(_settled(host))


def _settled(host: Host) -> Iterator[str]:
    main, sample = host.under("/etc/nginx/nginx.conf"), host.under("/etc/nginx/sites-enabled/default")
    with suppress(FileNotFoundError):
        text = main.read_text("utf-8")
        wider = _ROOM.sub(lambda m: f"{m[1]}{max(int(m[2]), CONNECTIONS)};", text)
        if "worker_rlimit_nofile" not in text:
            wider = f"worker_rlimit_nofile {FILES};\n{wider}"
        if wider != text:
            durable.write_whole(main, wider.encode())
            main.chmod(0o644)
            yield str(main)
    if sample.is_symlink():
        durable.remove(sample)
        yield str(sample)
