"""What `systemctl` is asked, answered by the stand-in's manager in systemctl's words and exit statuses."""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import dataclass, field

from tests.support.unit_files import NoUnit, matching
from tests.support.unit_manager import Manager

Answer = Generator[None, None, tuple[int, str]]
_LATER = {"try-restart": "restart", "reload-or-restart": "restart"}
_VALUED = ("-p", "--property", "-t", "--type", "--state", "-n", "--lines", "-o", "--output", "--job-mode")
_KINDS = (".service", ".socket", ".timer", ".target", ".mount", ".path")
NOT_LOADED, NOT_ACTIVE = 5, 3


@dataclass
class Asked:
    """A command line, read."""

    verb: str = ""
    names: list[str] = field(default_factory=list)
    flags: set[str] = field(default_factory=set)
    values: dict[str, list[str]] = field(default_factory=dict)

    def value(self, *names: str) -> list[str]:
        return [word for name in names for each in self.values.get(name, []) for word in each.split(",")]


def read(words: list[str]) -> Asked:
    """Options may stand anywhere, as with systemctl."""
    asked, rest = Asked(), list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in _VALUED and word.startswith("-"):
            asked.values.setdefault(name, []).append(value if equals else rest.pop(0))
        elif word.startswith("-"):
            asked.flags.add(word)
        elif not asked.verb:
            asked.verb = word
        else:
            asked.names.append(word if word.endswith(_KINDS) else f"{word}.service")
    return asked


class Commands:
    """Each verb is a method."""

    def __init__(self, manager: Manager) -> None:
        self.manager = manager

    def answer(self, words: list[str]) -> Answer:
        """(exit status, what is printed); what went wrong too, since nobody here tells the two outputs apart."""
        asked = read(words)
        act = getattr(self, "do_" + asked.verb.replace("-", "_"), None)
        if act is None:
            return 1, f"Unknown command verb {asked.verb}."
        try:
            return (yield from act(asked))
        except NoUnit as error:
            return NOT_LOADED, f"Unit {error} could not be found."

    def _known(self, patterns: list[str]) -> list[str]:
        """Units that a pattern means among those that are loaded; a plain name means itself."""
        found: list[str] = []
        for each in patterns:
            found += matching(list(self.manager.running), [each]) if set(each) & set("*?[") else [each]
        return found

    def _each(self, verb: str, asked: Asked) -> Answer:
        said = []
        for name in self._known(asked.names):
            trouble = yield from getattr(self.manager, verb)(name)
            said += [trouble] if trouble else []
        return int(bool(said)), "\n".join(said)

    def do_start(self, asked: Asked) -> Answer:
        return (yield from self._each("start", asked))

    def do_stop(self, asked: Asked) -> Answer:
        return (yield from self._each("stop", asked))

    def do_reload(self, asked: Asked) -> Answer:
        return (yield from self._each("reload", asked))

    def do_restart(self, asked: Asked) -> Answer:
        yield from self._each("stop", asked)
        return (yield from self._each("start", asked))

    def do_try_restart(self, asked: Asked) -> Answer:
        asked.names = [name for name in self._known(asked.names) if self.manager.of(name).state == "active"]
        return (yield from self.do_restart(asked))

    def do_reload_or_restart(self, asked: Asked) -> Answer:
        reloads = all(name in self.manager.commands and self.manager.of(name).state == "active" for name in asked.names)
        return (yield from (self.do_reload(asked) if reloads else self.do_restart(asked)))

    # --- what starts with the machine

    def do_daemon_reload(self, asked: Asked) -> Answer:
        self.manager.files.forget()
        return 0, ""
        yield

    def do_enable(self, asked: Asked) -> Answer:
        for name in asked.names:
            if name not in self.manager.commands:
                self.manager.files.enable(name)
        return (yield from self.do_start(asked)) if "--now" in asked.flags else (0, "")

    def do_disable(self, asked: Asked) -> Answer:
        for name in asked.names:
            if not self.manager.files.path(name).exists() and name not in self.manager.commands:
                return 1, f"Failed to disable unit: Unit file {name} does not exist."
            self.manager.files.disable(name)
        return (yield from self.do_stop(asked)) if "--now" in asked.flags else (0, "")

    def do_mask(self, asked: Asked) -> Answer:
        for name in asked.names:
            link = self.manager.files.folder / name
            link.unlink(missing_ok=True)
            link.symlink_to("/dev/null")
        return (yield from self.do_stop(asked)) if "--now" in asked.flags else (0, "")

    def do_unmask(self, asked: Asked) -> Answer:
        for name in asked.names:
            link = self.manager.files.folder / name
            if link.is_symlink():
                link.unlink()
        return 0, ""
        yield

    def do_is_enabled(self, asked: Asked) -> Answer:
        told = [self._enabled(name) for name in asked.names]
        return int(not any(each in ("enabled", "static") for each in told)), "\n".join(told)
        yield

    def _enabled(self, name: str) -> str:
        if name in self.manager.commands:
            return "enabled"
        try:
            return self.manager.files.is_enabled(name)
        except NoUnit:
            return f"Failed to get unit file state for {name}: No such file or directory"

    # --- how it stands

    def do_is_active(self, asked: Asked) -> Answer:
        told = [self.manager.of(name).state for name in self._known(asked.names)]
        return (0 if "active" in told else NOT_ACTIVE), "" if asked.flags & {"-q", "--quiet"} else "\n".join(told)
        yield

    def do_is_failed(self, asked: Asked) -> Answer:
        told = [self.manager.of(name).state for name in self._known(asked.names)]
        return (0 if "failed" in told else 1), "" if asked.flags & {"-q", "--quiet"} else "\n".join(told)
        yield

    def do_reset_failed(self, asked: Asked) -> Answer:
        for name in self._known(asked.names) or list(self.manager.running):
            unit = self.manager.of(name)
            unit.started.clear()
            unit.triggered.clear()
            if unit.state == "failed":
                unit.go("inactive", "dead", "success")
        return 0, ""
        yield

    def do_show(self, asked: Asked) -> Answer:
        wanted = asked.value("-p", "--property")
        lines = []
        for name in self._known(asked.names):
            told = self.facts(name)
            for key in wanted or list(told):
                if key in told:
                    lines.append(told[key] if "--value" in asked.flags else f"{key}={told[key]}")
            lines.append("")
        return 0, "\n".join(lines[:-1])
        yield

    def facts(self, name: str) -> dict[str, str]:
        """The properties of a unit."""
        unit = self.manager.of(name)
        path = self.manager.files.path(name)
        return {
            "Id": name, "LoadState": "loaded" if path.is_file() or name in self.manager.commands else "not-found",
            "ActiveState": unit.state, "SubState": unit.sub, "Result": unit.result, "MainPID": str(unit.main),
            "ExecMainStatus": str(abs(unit.status)), "NRestarts": str(unit.restarts), "FragmentPath": str(path),
            "UnitFileState": self._enabled(name) if path.exists() else "",
        }  # fmt: skip

    def do_status(self, asked: Asked) -> Answer:
        lines, code = [], 0
        for name in self._known(asked.names):
            told = self.facts(name)
            lines.append(f"{name}\n   Loaded: {told['LoadState']}\n   Active: {told['ActiveState']} ({told['SubState']})")
            code = code or (0 if told["ActiveState"] == "active" else 4 if told["LoadState"] != "loaded" else NOT_ACTIVE)
        return code, "\n".join(lines)
        yield

    def do_list_units(self, asked: Asked) -> Answer:
        kinds, states = asked.value("-t", "--type"), asked.value("--state")
        patterns = [each.removesuffix(".service") if each.endswith("*.service") else each for each in asked.names]
        lines = []
        for name in matching(list(self.manager.running), patterns):
            unit = self.manager.of(name)
            shown = "--all" in asked.flags or "-a" in asked.flags or unit.state != "inactive"
            if shown and (not kinds or name.rpartition(".")[2] in kinds) and (not states or unit.state in states):
                lines.append(f"{name} loaded {unit.state} {unit.sub} {name}")
        if "--output=json" in asked.flags or asked.value("-o", "--output") == ["json"]:
            keys = ("unit", "load", "active", "sub", "description")
            return 0, json.dumps([dict(zip(keys, line.split(" ", 4), strict=True)) for line in lines])
        head = [] if asked.flags & {"--no-legend", "--legend=false"} else ["UNIT LOAD ACTIVE SUB DESCRIPTION"]
        return 0, "\n".join(head + lines)
        yield

    do_list_timers = do_list_units
