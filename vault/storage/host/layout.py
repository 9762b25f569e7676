"""Where everything of Kura lies on a host of the operator: one place for each thing, and no two that overlap.

What belongs to an office is reachable by its own system user and by root; what an office may read of what the operator
says lies in a folder that root writes and the office only reads, for root never writes where an office could have put a
link.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from vault.domain.operator.typed import shown
from vault.errors import NotReady, Refused

ROOT = Path("/")
USER_PREFIX = "kura-"
MONITOR_USER = "kura-monitor"
_PLACE, _LISTEN = re.compile(r"(/[A-Za-z0-9._-]+)+"), re.compile(r"[0-9A-Fa-f:.\[\]]+|\*")
_GROUP = re.compile(r"[a-z_][a-z0-9_-]*")
_TAKEN = frozenset({"monitor", "operator", "lock"})  # by a user of the system, or a file beside the offices' own
# A system user's name has 32 characters at most, and a unit's instance name needs no escaping with these.
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MOST_NAME = 24


@dataclass(frozen=True)
class Profile:
    """What the operator settled for a host, in `host.toml`; places are absolute.

    `data`, `keys` and `backups` hold a folder for each office: the instance, the second replica of its shred key, its
    backups. `place` and `data_centre` say where the machine stands, as offices are shown it. `web_group`: the group that
    nginx runs under, the only one that reaches an office's socket.
    """

    data: Path = Path("/var/lib/kura")
    keys: Path = Path("/var/lib/kura-keys")
    backups: Path = Path("/var/backups/kura")
    web_group: str = "www-data"
    place: str = ""
    data_centre: str = ""
    operator: str = ""
    telephone: str = ""
    mail_to: str = ""
    mail_from: str = ""
    smtp: str = ""
    smtp_user: str = ""
    http_port: int = 80
    https_port: int = 443
    listen: tuple[str, ...] = ()
    snapshots: str = ""


@dataclass(frozen=True)
class Host:
    """A host's folders. `root` is / but where a host is made ready below a scratch folder."""

    root: Path = ROOT
    profile: Profile = field(default_factory=Profile)

    def under(self, path: str | Path) -> Path:
        """An absolute place of the system, below this host's root."""
        return self.root / str(path).lstrip("/")

    # --- the program

    @property
    def releases(self) -> Path:
        """A folder for each release: the program as it was released, read-only, root's."""
        return self.under("/opt/kura/releases")

    @property
    def environments(self) -> Path:
        """A Python environment for each lock file, shared by the releases that have that lock."""
        return self.under("/opt/kura/environments")

    def release_of(self, name: str) -> Path:
        """The link that says which release an office runs; switching it is one rename."""
        return self.under("/opt/kura/offices") / name

    @property
    def current(self) -> Path:
        """The link to the release that new offices and the operator's own commands run."""
        return self.under("/opt/kura/current")

    # --- settings, for root and the timers

    @property
    def settings(self) -> Path:
        return self.under("/etc/kura")

    @property
    def profile_file(self) -> Path:
        return self.settings / "host.toml"

    @property
    def smtp_password(self) -> Path:
        return self.settings / "smtp_password"

    def office_file(self, name: str) -> Path:
        """What root and the timers have to know of an office without the operator's passphrase."""
        return self.settings / "offices" / f"{name}.toml"

    def told(self, name: str) -> Path:
        """What the operator says to an office: written by root, read by the office (0750, root and its group)."""
        return self.settings / "told" / name

    def certificate(self, name: str) -> Path:
        """The folder with `fullchain.pem` and `key.pem` of an office's address."""
        return self.settings / "certificates" / name

    @property
    def authority(self) -> Path:
        """The own CA, for trying out."""
        return self.settings / "authority"

    # --- the office's own

    def user(self, name: str) -> str:
        return USER_PREFIX + name

    def folder(self, name: str) -> Path:
        """The instance (0700, the office's user)."""
        return self.under(self.profile.data) / name

    def keys(self, name: str) -> Path:
        """The second replica of the shred key; the first lies in the instance's `keys`."""
        return self.under(self.profile.keys) / name

    def backups(self, name: str) -> Path:
        return self.under(self.profile.backups) / name

    def run(self, name: str) -> Path:
        """On tmpfs: sessions and locks. Outlives the process, not the machine."""
        return self.under("/run/kura") / name

    def socket(self, name: str) -> Path:
        """Where nginx reaches the office."""
        return self.under("/run/kura-web") / f"{name}.sock"

    # --- the operator's own

    @property
    def operator(self) -> Path:
        """Root's alone: register, incidents, notes of what is under way, certificates of ended contracts."""
        return self.under("/var/lib/kura-operator")

    @property
    def register(self) -> Path:
        return self.operator / "register"

    @property
    def monitor(self) -> Path:
        """The monitor's figures; below it a folder for each office, which that office may read."""
        return self.under("/var/lib/kura-monitor")

    def figures(self, name: str) -> Path:
        return self.monitor / name

    # --- the system's

    @property
    def units(self) -> Path:
        return self.under("/etc/systemd/system")

    @property
    def nginx(self) -> Path:
        """The folder that nginx's own configuration includes."""
        return self.under("/etc/nginx/conf.d")

    def site(self, name: str) -> Path:
        return self.nginx / f"kura-{name}.conf"


def check_name(name: str) -> str:
    """The short name of an office on its host: the same that its user, folders and units carry; raises Refused."""
    if not _NAME.fullmatch(name) or len(name) > MOST_NAME or name in _TAKEN:
        raise Refused("office-name-unfit", name=name)
    return name


def check_profile(profile: Profile) -> Profile:
    """What is typed here stands in unit files, in nginx's and in TOML: raises Refused("profile-unfit") for what would end a
    word or a line there, or lead out of its place."""
    for each in fields(Profile):
        value = getattr(profile, each.name)
        for one in value if isinstance(value, tuple) else (value,):
            if not _fits(each.name, one):
                raise Refused("profile-unfit", name=each.name.replace("_", "-"), value=shown(str(one)))
    for name, place, others in (("keys", profile.keys, (profile.data,)), ("backups", profile.backups, (profile.data, profile.keys))):
        if place in others:
            raise Refused("profile-unfit", name=name, value=place)
    return profile


def _fits(name: str, value: object) -> bool:
    if isinstance(value, Path):
        return bool(_PLACE.fullmatch(str(value))) and ".." not in value.parts
    if name == "listen":
        return bool(_LISTEN.fullmatch(str(value)))
    if name == "web_group":
        return bool(_GROUP.fullmatch(str(value)))
    return "\n" not in str(value) and shown(str(value)) == str(value)


def read_host(root: Path = ROOT) -> Host:
    """The host below `root`, by its profile; raises NotReady("host-not-ready") where no profile lies."""
    path = Host(root).profile_file
    try:
        raw = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotReady("host-not-ready", file=path) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise NotReady("settings-unreadable", file=path) from error
    try:
        return Host(root, check_profile(_profile(raw)))
    except (AttributeError, TypeError, ValueError, Refused) as error:
        raise NotReady("settings-unreadable", file=path) from error


def _profile(raw: dict[str, object]) -> Profile:
    """Raises TypeError or ValueError for what is unknown or of another type."""
    made: dict[str, Any] = {}
    for name, value in raw.items():
        default = getattr(Profile, name)  # unknown: refused as well
        if isinstance(default, Path):
            made[name] = _absolute(str(value))
        elif isinstance(default, tuple):
            made[name] = tuple(map(str, value)) if isinstance(value, list) else ()
        else:
            made[name] = type(default)(value)
    return Profile(**made)


def _absolute(place: str) -> Path:
    if not place.startswith("/"):
        raise ValueError(place)
    return Path(place)
