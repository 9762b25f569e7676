"""The end of an office on its host: closed to the world, destroyed by its own user, then everything of it taken away, looked
for, and its certificate kept.

A note of root's stands from before the first step until nothing is left: killed anywhere, the same command goes on. While
nothing of the data has gone, a refusal opens the office again.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from vault.crypto.keys import signing_public
from vault.domain.values.moments import JAPAN
from vault.errors import KuraError, NotFound, NotReady, Refused
from vault.services import certificates as papers
from vault.services import ending_notes
from vault.services.operator import operator_key, remains, serving, upgrade_notes
from vault.services.operator.provisioning import ENDING, all_beside, beside, left_by_units, own_places_of
from vault.services.operator.steps import Step, Tell, carry_out
from vault.storage import durable
from vault.storage.host import certificates, figures, files, instances, offices, sites, users
from vault.storage.host.layout import MONITOR_USER, Host
from vault.storage.host.offices import HostedOffice
from vault.storage.host.programs import run_as

CERTIFICATE = "certificate.txt"
_LONGEST = 1024 * 1024
DEEPEST = "20"


@dataclass(frozen=True)
class Note:
    """What is known of an office until nothing of it is left. `id` is the office's, in hex; `uid`, `gid` its user's; `served`:
    whether it was reached when its end began."""

    name: str
    address: str
    contract: str
    id: str
    uid: int
    gid: int
    served: bool = True

    @property
    def number(self) -> str:
        """What its certificate is filed under."""
        return self.contract or f"{self.name}-{self.id[:8]}"


@dataclass(frozen=True)
class Decision:
    """What the operator says: whether the contract has ended whatever the office asked for, the receipt of the host that the
    office has moved to, places that will not come back, and what closes the contract's entry in his register, given its
    number, the day (of Japan) and the certificate."""

    contract_ended: bool = False
    receipt: str = ""
    lost: tuple[Path, ...] = ()
    close: Callable[[str, date, str], None] | None = None


class Decommissioning:
    """One office going. `clock` tells seconds since 1970."""

    def __init__(self, host: Host, name: str, decision: Decision, clock: Callable[[], float] = time.time) -> None:
        self.host = host
        self.decision = decision
        self.clock = clock
        self.note = noted(host, name) or _look(host, name, decision)
        self.user = host.user(name)

    @property
    def name(self) -> str:
        return self.note.name

    @property
    def certificate(self) -> Path:
        """Where it is kept."""
        return _kept(self.host, self.note, self.decision)

    @property
    def _handed(self) -> Path:
        """Where the office's user lays its certificate down: it may write nowhere else that is not taken away."""
        return beside(self.host, self.name, ENDING)

    def steps(self) -> list[Step]:
        """All of them, in their order; none can be undone once the data go."""
        host, name = self.host, self.name
        return [
            Step("ending-note", self._write_note, already=lambda: noted(host, name) is not None),
            Step("ending-units", lambda: serving.disable(name)),
            Step("ending-processes", lambda: users.end_processes(self.note.uid), already=lambda: not users.processes(self.note.uid)),
            Step("ending-data", self._destroy, already=self._is_destroyed),
            Step("ending-register", self._close_entry),
            Step("ending-site", lambda: serving.withdraw(host, name)),
            Step("ending-rest", self._drop_rest),
            Step("ending-scan", self._scan),
            Step("ending-user", lambda: users.drop(self.user), already=lambda: users.numbers(self.user) is None),
            Step("ending-done", lambda: durable.remove(_path(host, name))),
        ]  # fmt: skip

    def carry_out(self, tell: Tell) -> Path:
        """Take it away; returns the place of the certificate. Raises whatever broke off, after which the same call goes on."""
        try:
            carry_out(self.steps(), tell)
        except KuraError:
            self._open_again(tell)
            raise
        return self.certificate

    def _open_again(self, tell: Tell) -> None:
        """Where it was refused before anything of the data went, people go on working."""
        if self._is_going() or not instances.is_made(self.host, self.name):
            return
        if self.note.served:
            serving.enable(self.name)
        files.drop(self._handed)
        durable.remove(_path(self.host, self.name))
        tell("ending-note", "undone")

    # --- each step

    def _write_note(self) -> None:
        path = _path(self.host, self.name)
        durable.make_folder(path.parent)
        durable.write_whole(path, json.dumps(asdict(self.note), sort_keys=True).encode())

    def _is_going(self) -> bool:
        return (self.host.folder(self.name) / ending_notes.STATE_FILE).exists() or self._is_destroyed()

    def _is_destroyed(self) -> bool:
        return self.certificate.exists()

    def _destroy(self) -> None:
        """By the office's own user, who can touch nothing else; the operator's key goes through a pipe, and its memory is
        closed to others of that user, of whom none is left."""
        files.folder(self._handed, 0o700, self.user)
        more = [*(["--contract-ended"] if self.decision.contract_ended else []),
                *(["--moved", self.decision.receipt] if self.decision.receipt else []),
                *(word for place in self.decision.lost for word in ("--lost", str(place)))]  # fmt: skip
        key = operator_key.read(self.host)
        self._make_passable()
        instances.kura(
            self.host, self.name, "destroy", "--yes", self.note.id, "--operator-key", "-", "--certificate", self._handed / CERTIFICATE,
            *more, given=key.hex().encode() + b"\n",
        )  # fmt: skip
        durable.make_folder(self.certificate.parent)
        durable.write_whole(self.certificate, self._checked(_read_plainly(self._handed / CERTIFICATE), key))

    def _make_passable(self) -> None:
        """What somebody who had taken the office over has closed, or dug deeper than any path reaches, would keep its own
        program from taking it away. By its user, and nothing that is Kura's lies that deep."""
        place = self.host.folder(self.name)
        for words in (("chmod", "-R", "u+rwX", place), ("find", place, "-xdev", "-mindepth", DEEPEST, "-delete")):
            with suppress(Refused):  # then the program says what it cannot pass
                run_as(self.user, *words)

    def _checked(self, raw: bytes, key: bytes) -> bytes:
        """The certificate, if it is this operator's of this office; raises Refused("certificate-wrong")."""
        if dict(papers.check(raw, signing_public(key))).get("office") != self.note.id:
            raise Refused("certificate-wrong")
        return raw

    def _close_entry(self) -> bool:
        if self.decision.close is None or not self.note.contract:
            return False
        day = datetime.fromtimestamp(self.clock(), JAPAN).date()
        self.decision.close(self.note.contract, day, self.certificate.read_text("utf-8"))
        return True

    def _drop_rest(self) -> None:
        host, name = self.host, self.name
        files.drop(host.office_file(name))  # first: a round of the monitor would note its figures again
        self._forget_figures()
        upgrade_notes.forget(host, name)
        sites.remove_site(host, name)
        certificates.remove(host, name)
        for place in (
            *all_beside(host, name), *own_places_of(host, name), *left_by_units(host, name), host.figures(name), host.told(name),
            host.release_of(name),
        ):  # fmt: skip
            files.drop(place)

    def _forget_figures(self) -> None:
        """By the monitor's own user, whose folder that is."""
        host, release = self.host, self.host.current
        if figures.path_of(host).exists() and users.numbers(MONITOR_USER) is not None:
            run_as(
                MONITOR_USER, f"PYTHONPATH={release}", release / "environment" / "bin" / "python", "-P",
                "-m", "vault.cli.operator.main", "--root", host.root, "monitor", "forget", self.name,
            )  # fmt: skip

    def _scan(self) -> None:
        left = remains.find(self.host, self.note.name, self.note.address, (self.note.uid, self.note.gid))
        mine = [path for path in left if path != _path(self.host, self.name)]
        if mine:
            raise Refused("decommission-left", files=", ".join(map(str, mine)))


# --- the note


def _path(host: Host, name: str) -> Path:
    return host.operator / "ending" / f"{name}.json"


def noted(host: Host, name: str) -> Note | None:
    """What is known of an office that is going; None where none of that name is. Raises NotReady."""
    path = _path(host, name)
    try:
        raw: dict[str, Any] = json.loads(path.read_text("utf-8"))
        return Note(**raw)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError) as error:
        raise NotReady("settings-unreadable", file=path) from error


def _kept(host: Host, note: Note, decision: Decision) -> Path:
    """A contract ends once; an office may move away from a host, come back and move again."""
    moved = f"-moved-{decision.receipt[:9]}".rstrip("-") if decision.receipt else ""
    return host.operator / "ended" / f"{note.number}{moved}.txt"


def _look(host: Host, name: str, decision: Decision) -> Note:
    """Raises NotFound("office-unknown"), NotReady, and Refused("office-unfinished", "certificate-kept")."""
    office: HostedOffice = offices.read(host, name)
    found = users.numbers(host.user(name))
    if not office.began or found is None:
        raise Refused("office-unfinished", name=name)
    note = Note(name, office.address, office.contract, instances.id_of(host, name), *found, serving.is_enabled(name))
    kept = _kept(host, note, decision)
    if kept.exists():
        raise Refused("certificate-kept", file=kept)
    return note


def all_ending(host: Host) -> list[str]:
    """The names of all that are going."""
    return sorted(path.stem for path in (host.operator / "ending").glob("[!.]*.json"))


def _read_plainly(path: Path) -> bytes:
    """A file in a folder of the office's user, who might have put a link there instead."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NotFound("certificate-missing", file=path) from error
    with os.fdopen(handle, "rb") as file:
        return file.read(_LONGEST)
