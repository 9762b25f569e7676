"""Unit files as systemd reads them, as far as Kura's need: sections, lists, continued lines, `%i` and its like."""

from __future__ import annotations

import fnmatch
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

Sections = dict[str, dict[str, list[str]]]
_SPANS = {"us": 1e-6, "ms": 1e-3, "": 1.0, "s": 1.0, "sec": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}


class NoUnit(Exception):
    """There is no file of that name."""


def read(text: str) -> Sections:
    """What a unit file says; an empty assignment takes back what was said before it."""
    found: Sections = {}
    section: dict[str, list[str]] = {}
    for line in re.sub(r"\\\n\s*", " ", text).splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
            continue
        name, _, value = line.partition("=")
        values = section.setdefault(name.strip(), [])
        values.append(value.strip()) if value.strip() else values.clear()
    return found


@dataclass(frozen=True)
class UnitFile:
    """One unit, of a template or not. `run` is what stands for /run."""

    name: str
    path: Path
    sections: Sections
    run: Path

    @property
    def instance(self) -> str:
        return self.name.partition("@")[2].rpartition(".")[0]

    @property
    def kind(self) -> str:
        return self.name.rpartition(".")[2]

    def filled(self, text: str) -> str:
        """The text with its `%` letters replaced; raises KeyError for one that we do not know."""
        stem = self.name.rpartition(".")[0]
        known = {"i": self.instance, "I": self.instance, "n": self.name, "N": stem, "p": stem.partition("@")[0],
                 "t": str(self.run), "%": "%"}  # fmt: skip
        return re.sub(r"%(.)", lambda each: known[each[1]], text)

    def every(self, section: str, key: str) -> list[str]:
        """Everything that was said under a key."""
        return [self.filled(each) for each in self.sections.get(section, {}).get(key, [])]

    def words(self, section: str, key: str) -> list[str]:
        """The same, in words."""
        return [word for each in self.every(section, key) for word in shlex.split(each)]

    def one(self, section: str, key: str, default: str = "") -> str:
        """The last of them."""
        return (self.every(section, key) or [default])[-1]

    def seconds(self, section: str, key: str, default: float) -> float:
        """A span of time: `90`, `2min 30s`, `infinity`."""
        told = self.one(section, key)
        if not told:
            return default
        if told == "infinity":
            return float("inf")
        return sum(float(count) * _SPANS[unit] for count, unit in re.findall(r"([\d.]+)\s*([a-z]*)", told))

    def is_set(self, section: str, key: str) -> bool:
        return self.one(section, key).lower() in ("yes", "true", "on", "1")


class Files:
    """The folder of units. What was read once stays as it was until `forget`, as systemd has it until daemon-reload."""

    def __init__(self, folder: Path, run: Path) -> None:
        self.folder, self.run = folder, run
        self._held: dict[str, Sections] = {}

    def forget(self) -> None:
        self._held.clear()

    def path(self, name: str) -> Path:
        """The unit's own file, or its template's."""
        own = self.folder / name
        return own if own.exists() or "@" not in name else self.folder / re.sub(r"@.*\.", "@.", name)

    def load(self, name: str) -> UnitFile:
        """Raises NoUnit."""
        path = self.path(name)
        if path.name not in self._held:
            if not path.is_file():
                raise NoUnit(name)
            self._held[path.name] = read(path.read_text("utf-8"))
        return UnitFile(name, path, self._held[path.name], self.run)

    # --- what starts with the machine

    def links(self, name: str) -> list[Path]:
        """Where `enable` puts the unit; empty for a unit that says nothing of it."""
        unit = self.load(name)
        return [self.folder / f"{target}.wants" / name for target in unit.words("Install", "WantedBy")]

    def enable(self, name: str) -> None:
        for link in self.links(name):
            link.parent.mkdir(exist_ok=True)
            link.unlink(missing_ok=True)
            link.symlink_to(self.path(name))

    def disable(self, name: str) -> None:
        for link in self.folder.glob(f"*.wants/{name}"):
            link.unlink()

    def is_enabled(self, name: str) -> str:
        """In systemd's word: enabled, disabled, static, masked; raises NoUnit."""
        if self.path(name).is_symlink() and self.path(name).readlink() == Path("/dev/null"):
            return "masked"
        links = self.links(name)
        if not links:
            return "static"
        return "enabled" if any(link.is_symlink() for link in links) else "disabled"

    def enabled(self) -> list[str]:
        """What a start of the machine would start."""
        return sorted({link.name for link in self.folder.glob("*.wants/*")})


def matching(names: list[str], patterns: list[str]) -> list[str]:
    """The names that one of the patterns means, all of them where there is none."""
    return [name for name in sorted(names) if not patterns or any(fnmatch.fnmatchcase(name, each) for each in patterns)]
