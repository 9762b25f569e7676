"""`kura-operator decommission`: an office at work taken away whole, its neighbour untouched, killed after every step."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.command import kura
from tests.support.contracts import contract
from tests.support.hosts import ScratchHost, needs_host, prepared_host, work_in
from tests.support.offices import CHEAP, NAMES, Office
from vault.errors import Refused
from vault.services.operator import operator_key, registering
from vault.services.operator.decommissioning import Decision, Decommissioning, all_ending
from vault.services.operator.steps import Step
from vault.storage.host import figures, instances, offices, users
from vault.storage.host.layout import MONITOR_USER

pytestmark = needs_host
PASSPHRASE = "くじら みかん 夕焼け 電車"
NUMBER = "K-0007"


@dataclass
class Pair:
    """An office that will go, and its neighbour that stays."""

    made: ScratchHost
    going: str
    staying: str
    office: Office


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    with prepared_host() as made:
        going, sheet = made.provision("g", "--contract", NUMBER)
        staying, other = made.provision("gs")  # whose name begins like that of the other
        office = work_in(made, going, sheet)
        work_in(made, staying, other)
        for name in (going, staying):
            instances.kura(made.host, name, "backup", "--json")
        registering.begin(made.host, PASSPHRASE, CHEAP)
        registering.add(made.host, PASSPHRASE, contract(number=NUMBER, office=going))
        _note_figures(made, going, staying)
        yield Pair(made, going, staying, office)


def _note_figures(made: ScratchHost, *names: str) -> None:
    with figures.opened(made.host) as held:
        for name in names:
            held.note(name, int(time.time()), up=True)
    for path in made.host.monitor.iterdir():
        shutil.chown(path, MONITOR_USER)


def passphrase(tmp_path: Path) -> Path:
    file = tmp_path / "passphrase"
    file.write_text(PASSPHRASE + "\n", "utf-8")
    file.chmod(0o600)
    return file


def files_of(pair: Pair, name: str) -> dict[str, bytes]:
    """What an office consists of, but for what changes while it works."""
    host = pair.made.host
    places = [host.folder(name), host.keys(name), host.backups(name), host.told(name), host.certificate(name)]
    found = [path for place in places for path in place.rglob("*") if path.is_file() and "-shm" not in path.name and "-wal" not in path.name]
    return {str(path): path.read_bytes() for path in [*found, host.site(name), host.office_file(name)]}


class Killed(Decommissioning):
    """One that is killed when the step with this number was done."""

    at = 0

    def steps(self) -> list[Step]:
        every = super().steps()
        step = every[self.at]
        every[self.at] = replace(step, do=lambda: self._die(step), already=lambda: False)
        return every

    def _die(self, step: Step) -> None:
        step.do()
        os.kill(os.getpid(), signal.SIGKILL)


class KilledBeforeItKeeps(Decommissioning):
    """One that is killed when the data are gone and the certificate was not yet taken over."""

    def _checked(self, raw: bytes, key: bytes) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return raw


def killed(make: Any) -> None:
    child = os.fork()
    if child == 0:
        try:
            make().carry_out(lambda _code, _standing: None)
        finally:
            os._exit(1)
    assert os.WIFSIGNALED(os.waitpid(child, 0)[1]), "it was to die there and lived"


# --- refused


def test_an_office_that_asked_for_nothing_goes_on(pair: Pair) -> None:
    """The refusal comes after the door was closed, so the door is opened again."""
    made, name = pair.made, pair.going
    assert "--contract-ended" in made.operator(*_words(pair, ended=False), code=1).stderr
    assert made.nginx.get(f"{name}.example.jp", "/session/new").status == 200
    assert json.loads(made.operator("show", name, "--json").stdout)["clients"] == 2
    assert all_ending(made.host) == [] and not list(made.host.folder(name).parent.glob(".*"))


def _words(pair: Pair, ended: bool = True, typed: str = "") -> list[str]:
    file = pair.made.host.root / "passphrase"
    file.write_text(PASSPHRASE + "\n", "utf-8")
    file.chmod(0o600)
    more = ["--contract-ended"] if ended else []
    return ["decommission", pair.going, "--yes", typed or pair.going, "--passphrase-file", str(file), *more]


def test_another_name_a_wrong_passphrase_and_an_unknown_office_end_nothing(pair: Pair, tmp_path: Path) -> None:
    made = pair.made
    assert "一致しません" in made.operator(*_words(pair, typed=pair.staying), code=1).stderr
    assert "一致しません" in made.operator("decommission", pair.going, typed="\n", code=1).stderr
    wrong = passphrase(tmp_path)
    wrong.write_text("なにか 別の 合言葉 です\n", "utf-8")
    assert made.operator("decommission", pair.going, "--yes", pair.going, "--contract-ended", "--passphrase-file", str(wrong), code=1)
    assert "ありません" in made.operator("decommission", "nobody", "--yes", "nobody", code=1).stderr
    assert made.nginx.get(f"{pair.going}.example.jp", "/session/new").status == 200


# --- gone


@pytest.fixture(scope="module")
def gone(pair: Pair) -> tuple[dict[str, bytes], tuple[int, int], bytes, str]:
    """Killed after every step, and carried out to the end; returns what the neighbour was, the user's numbers, the office."""
    made, name = pair.made, pair.going
    neighbour, owner = files_of(pair, pair.staying), users.numbers(made.host.user(name))
    assert owner is not None
    office, path = pair.office.settings.office, os.environ["PATH"]
    os.environ["PATH"] = made.environment["PATH"]

    def close(number: str, day: Any, certificate: str) -> None:
        registering.close(made.host, PASSPHRASE, number, day, certificate)

    decision = Decision(contract_ended=True, close=close)
    try:
        steps = len(Decommissioning(made.host, name, decision).steps())
        for at in range(steps):
            if at == 3:
                killed(lambda: KilledBeforeItKeeps(made.host, name, decision))
            Killed.at = at
            killed(lambda: Killed(made.host, name, decision))
    finally:
        os.environ["PATH"] = path
    assert at == steps - 1 and all_ending(made.host) == []
    return neighbour, owner, office, (made.host.operator / "ended" / f"{NUMBER}.txt").read_text("utf-8")


def test_nothing_of_it_is_left_on_the_disk(pair: Pair, gone: tuple[dict[str, bytes], tuple[int, int], bytes, str]) -> None:
    host, name = pair.made.host, pair.going
    own = re.compile(rf"(?<![a-z0-9-]){name}(?![a-z0-9-])")
    left = []
    for path in host.root.rglob("*"):
        found = path.lstat()
        if found.st_uid == gone[1][0] or found.st_gid == gone[1][1] or own.search(path.name):
            left.append(path)
        elif path.is_file() and not path.is_symlink() and not path.is_relative_to(host.releases):
            raw = path.read_bytes()
            told = [name.encode() + b".example", gone[2], *(each.encode() for each in NAMES)]
            if any(each in raw for each in told) and not path.is_relative_to(pair.made.host.folder(pair.staying)):
                left.append(path)
    assert left == []
    assert users.numbers(host.user(name)) is None
    assert not any(name in part for part in os.listdir("/dev/shm"))


def test_the_neighbour_is_what_it_was(pair: Pair, gone: tuple[dict[str, bytes], tuple[int, int], bytes, str]) -> None:
    made = pair.made
    assert files_of(pair, pair.staying) == gone[0]
    assert made.nginx.get(f"{pair.staying}.example.jp", "/session/new").status == 200
    assert [row["name"] for row in json.loads(made.operator("list", "--json").stdout)] == [pair.staying]
    with figures.opened(made.host, reading=True) as held:
        assert held.offices() == {pair.staying}


def test_its_certificate_is_kept_and_verified_by_one_command(pair: Pair, gone: tuple[dict[str, bytes], tuple[int, int], bytes, str]) -> None:
    host = pair.made.host
    done = kura("verify-certificate", str(host.operator / "ended" / f"{NUMBER}.txt"), "--key", str(host.settings / "operator.pub"))
    assert done.returncode == 0 and f"office: {gone[2].hex()}" in done.stdout and "why: contract-ended" in done.stdout
    assert "gone " + str(host.keys(pair.going)) in done.stdout and "gone " + str(host.backups(pair.going)) in done.stdout


def test_the_register_keeps_number_day_and_certificate_only(pair: Pair, gone: tuple[dict[str, bytes], tuple[int, int], bytes, str]) -> None:
    book = registering.open_register(pair.made.host, PASSPHRASE)
    assert [each.number for each in book.ended] == [NUMBER] and not book.contracts
    assert book.ended[0].certificate == gone[3]


def test_run_once_more_there_is_no_such_office(pair: Pair, gone: tuple[dict[str, bytes], tuple[int, int], bytes, str]) -> None:
    assert "ありません" in pair.made.operator(*_words(pair), code=1).stderr


def test_what_the_offices_user_lays_down_is_believed_only_with_the_operators_signature(pair: Pair, tmp_path: Path) -> None:
    """A link there leads nowhere, and a text of somebody else is no certificate."""
    ending = Decommissioning(pair.made.host, pair.staying, Decision())
    with pytest.raises(Refused, match="certificate-wrong"):
        ending._checked(b"nothing", operator_key.read(pair.made.host))
    from vault.services.operator.decommissioning import _read_plainly

    secret = tmp_path / "secret"
    secret.write_text("root's")
    (tmp_path / "link").symlink_to(secret)
    with pytest.raises(Exception, match="certificate-missing"):
        _read_plainly(tmp_path / "link")


def test_an_office_that_was_not_handed_over_is_not_decommissioned(pair: Pair) -> None:
    known = offices.read(pair.made.host, pair.staying)
    offices.write(pair.made.host, replace(known, began=0))
    assert "--undo" in pair.made.operator("decommission", pair.staying, "--yes", pair.staying, code=1).stderr
    offices.write(pair.made.host, known)


def test_an_office_moves_to_another_host_and_only_its_receipt_ends_it_on_the_old_one(
    pair: Pair, gone: tuple[dict[str, bytes], tuple[int, int], bytes, str], tmp_path: Path
) -> None:
    made, old = pair.made, pair.staying
    address = f"{old}.example.jp"
    said = made.operator("move", old, "--with-backups").stdout
    code, place = (re.search(pattern, said)[1] for pattern in (r"開封コード: (.+)", r"荷物: (.+)"))  # type: ignore[index]
    carried = shutil.copy(place, tmp_path / "carried")
    assert made.nginx.get(address, "/session/new").status == 502
    with prepared_host() as other:
        new = other.name("new")  # two hosts of one machine share its users
        words = ["move", new, "--receive", str(carried), "--address", address, "--certificate", "own-ca"]
        assert "開封コード" in other.operator(*words, typed="AAAA-AAAA\n", code=1).stderr
        assert not other.host.folder(new).exists() and users.numbers(other.host.user(new)) is None
        receipt = re.search(r"受領番号: (.+)", other.operator(*words, typed=f"{code}\n").stdout)
        assert receipt is not None
        assert other.nginx.get(address, "/session/new").status == 200
        facts = json.loads(other.operator("show", new, "--json").stdout)
        assert facts["clients"] == 2 and facts["backup"]
        assert {path.stat().st_uid for path in other.host.folder(new).rglob("*")} == {other.host.folder(new).stat().st_uid}
        assert "もう" in other.operator("provision", new).stderr
        end = ["decommission", old, "--yes", old]
        assert "新しい荷物" in made.operator(*end, "--moved", "0000-0000", code=1).stderr
        assert made.host.folder(old).exists()
        made.operator(*end, "--moved", receipt[1])
        assert users.numbers(made.host.user(old)) is None and not made.host.folder(old).exists()
        assert other.nginx.get(address, "/session/new").status == 200
