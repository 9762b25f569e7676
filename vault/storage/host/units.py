"""The units of a host: written once from the templates in `deploy/units/`, one set for all offices, whose name is `%i`.

Values stand between two @ as in nginx's; a value may be a file beside the templates (`locked` is `locked.inc`): how a process
is locked in is the same for web server, backup and drill, and is written down once.
"""

from __future__ import annotations

import re
from pathlib import Path

from vault.storage.host.layout import MONITOR_USER, ROOT, Host

TEMPLATES = Path(__file__).resolve().parents[3] / "deploy" / "units"
OF_HOST = ("kura-monitor.timer",)
KINDS = ("web", "backup", "drill")
_BLANK = re.compile(r"@([a-z_]+)@")


def of_office(name: str) -> tuple[str, ...]:
    """What is enabled for an office, so that it is there after a start of the machine; everything else is begun by these."""
    return socket_of(name), *(f"kura-{kind}@{name}.timer" for kind in KINDS[1:])


def services_of(name: str) -> tuple[str, ...]:
    """What may be running of an office."""
    return tuple(f"kura-{kind}@{name}.service" for kind in KINDS)


def socket_of(name: str) -> str:
    """Where an office is reached."""
    return f"kura-web@{name}.socket"


def texts(host: Host) -> dict[str, str]:
    """The text of every unit file of a host, by the file's name."""
    paths = sorted(path for path in TEMPLATES.iterdir() if path.suffix in (".service", ".socket", ".timer"))
    values = _values(host)
    return {path.name: _filled(path.read_text("utf-8"), values) for path in paths}


def _filled(text: str, values: dict[str, str]) -> str:
    def value(blank: re.Match[str]) -> str:
        found = values.get(blank[1])
        return found if found is not None else (TEMPLATES / f"{blank[1]}.inc").read_text("utf-8").rstrip("\n")

    while _BLANK.search(text):  # a part may have blanks and parts of its own
        text = _BLANK.sub(value, text)
    return text


def _values(host: Host) -> dict[str, str]:
    profile = host.profile
    places = {
        "data": host.under(profile.data), "keys": host.under(profile.keys), "backups": host.under(profile.backups),
        "run": host.under("/run/kura"), "sockets": host.under("/run/kura-web"), "offices": host.release_of("x").parent,
        "opt": host.under("/opt/kura"), "current": host.current, "settings": host.settings, "told": host.told("x").parent,
        "monitor": host.monitor, "operator": host.operator,
    }  # fmt: skip
    return {
        **{name: str(place) for name, place in places.items()},
        "hidden": " ".join(f"{place}:ro" for place in _hidden(host)),
        "web_group": profile.web_group,
        "monitor_user": MONITOR_USER,
        "root_option": "" if host.root == ROOT else f" --root {host.root}",
    }


def _hidden(host: Host) -> list[Path]:
    """What an office's process sees nothing of, but for what is its own in it: a folder within another is hidden with it.

    The folder of the sockets stays in view, because what holds a start lies there; none of its sockets but one's own can
    be reached.
    """
    profile = host.profile
    every = {host.under(place) for place in (profile.data, profile.keys, profile.backups, "/run/kura")}
    every |= {host.settings, host.monitor, host.operator}
    return sorted(place for place in every if not any(place != other and place.is_relative_to(other) for other in every))
