"""Making a host ready for offices: profile, folders, the monitor's user, the operator's key, what the system must not do,
units, nginx, and the command itself. Run again it says what was already so."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path

from vault.errors import Refused
from vault.services.operator import operator_key
from vault.services.operator.steps import Step
from vault.storage.host import disks, files, hardening, sites, units, users
from vault.storage.host.disks import Finding
from vault.storage.host.layout import MONITOR_USER, ROOT, Host, Profile
from vault.storage.host.programs import run

COMMAND, OFFICE_COMMAND = "/usr/local/bin/kura-operator", "/usr/local/bin/kura"


def steps(host: Host) -> list[Step]:
    """All of them, in their order. They are not undone: each leaves the host as it is to be."""
    return [
        Step("host-profile", lambda: files.text(host.profile_file, profile_text(host.profile))),
        Step("host-monitor-user", lambda: users.make(MONITOR_USER, host.profile.web_group),
             already=lambda: users.numbers(MONITOR_USER) is not None),
        Step("host-folders", lambda: sum(files.folder(*each) for each in folders_of(host)) > 0),
        Step("host-key", lambda: operator_key.make(host)),
        Step("host-mail", lambda: files.give(host.smtp_password, 0o640, MONITOR_USER), already=lambda: not host.smtp_password.exists()),
        Step("host-devices", lambda: hardening.settle_devices(host)),
        Step("host-core", lambda: hardening.settle_core_files(host)),
        Step("host-command", lambda: _settle_commands(host)),
        Step("host-units", lambda: _settle_units(host)),
        Step("host-nginx", lambda: _settle_nginx(host)),
    ]  # fmt: skip


def look(host: Host, machine: disks.Machine | None = None) -> list[Finding]:
    """What has to be said of this host; raises Refused with the first that keeps offices from being made here."""
    found = disks.judge(host, machine) + hardening.loaded(host)
    for each in found:
        if each.refused:
            raise Refused(each.code, **each.facts)
    return found


def profile_text(profile: Profile) -> str:
    """`host.toml`: what differs from the usual, so that a later Kura's usual is taken up."""
    usual = Profile()
    told = {each.name: getattr(profile, each.name) for each in fields(Profile)}
    return "".join(f"{name} = {_toml(value)}\n" for name, value in told.items() if value != getattr(usual, name))


def _toml(value: object) -> str:
    """A string of JSON is one of TOML, and so are a number and a list of strings."""
    plain = str(value) if isinstance(value, Path) else list(value) if isinstance(value, tuple) else value
    return json.dumps(plain, ensure_ascii=False)


def folders_of(host: Host) -> list[tuple[Path, int, str, str]]:
    """(place, mode, user, group) of the folders above the offices' own. Whoever has something below those of data, keys and
    backups passes through, and sees no names of others."""
    passing, reading, own = 0o711, 0o755, 0o700
    profile = host.profile
    return [
        (host.settings, reading, "", ""), (host.settings / "offices", reading, "", ""), (host.told("x").parent, reading, "", ""),
        (host.under(profile.data), passing, "", ""), (host.under(profile.keys), passing, "", ""),
        (host.under(profile.backups), passing, "", ""), (host.run("x").parent, reading, "", ""),
        (host.socket("x").parent, reading, "", ""), (host.releases, reading, "", ""), (host.environments, reading, "", ""),
        (host.release_of("x").parent, reading, "", ""), (host.operator, own, "", ""), (host.monitor, reading, MONITOR_USER, ""),
    ]  # fmt: skip


def _settle_commands(host: Host) -> bool:
    commands = {COMMAND: f"vault.cli.operator.main{_rooted(host)}", OFFICE_COMMAND: "vault.cli.kura"}
    return sum(files.text(host.under(each), command_text(host, module), 0o755) for each, module in commands.items()) > 0


def command_text(host: Host, module: str) -> str:
    """A command as a terminal finds it: of the release that is current when it is called."""
    release = host.current
    return (
        "#!/bin/sh\n"
        f"PYTHONUTF8=1 PYTHONNOUSERSITE=1 PYTHONDONTWRITEBYTECODE=1 PYTHONPATH={release} \\\n"
        f'    exec {release}/environment/bin/python -P -m {module} "$@"\n'
    )


def _rooted(host: Host) -> str:
    return "" if host.root == ROOT else f" --root {host.root}"


def _settle_units(host: Host) -> bool:
    changed = sum(files.text(host.units / name, content) for name, content in units.texts(host).items()) > 0
    if changed:
        run("systemctl", "daemon-reload")
    return _enable(units.OF_HOST) or changed


def _enable(names: tuple[str, ...]) -> bool:
    said = run("systemctl", "is-enabled", *names, allowed=range(256)).split()
    if said and set(said) == {"enabled"}:
        return False
    run("systemctl", "enable", "--now", *names)
    return True


def _settle_nginx(host: Host) -> bool:
    changed = bool(sites.settle_main(host))
    changed |= sites.write_host(host)
    if run("systemctl", "is-active", "nginx", allowed=range(256)).strip() != "active":
        run("systemctl", "enable", "--now", "nginx")
        return True
    if changed:
        sites.reload()
    return changed
