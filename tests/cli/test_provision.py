"""`kura-operator prepare` and `provision` with real users, a real nginx and the units' stand-in: made whole, run again, broken
off at every step."""

from __future__ import annotations

import hashlib
import json
import os
import pwd
import signal
import stat
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.hosts import ROOT, ScratchHost, environment, needs_host, prepared_host, work_in
from vault.errors import Refused
from vault.services.operator import remains, wanted
from vault.services.operator.provisioning import HandOver, Provisioning, alone
from vault.services.operator.steps import Step
from vault.services.operator.wanted import Wanted
from vault.storage.host import instances, offices, users
from vault.storage.host.layout import MONITOR_USER
from vault.storage.host.offices import OWN, HostedOffice

pytestmark = needs_host


@pytest.fixture(scope="module")
def made() -> Iterator[ScratchHost]:
    with prepared_host() as host:
        yield host


@pytest.fixture
def here(made: ScratchHost, monkeypatch: pytest.MonkeyPatch) -> ScratchHost:
    """The host for what is done in this process."""
    monkeypatch.setenv("PATH", made.environment["PATH"])
    return made


def owner_of(path: Path) -> tuple[str, int]:
    found = path.lstat()
    return pwd.getpwuid(found.st_uid).pw_name, stat.S_IMODE(found.st_mode)


def left_of(made: ScratchHost, name: str, owner: tuple[int, int] = (-1, -1)) -> list[str]:
    """What is there of an office that is not."""
    found = [str(path) for path in remains.find(made.host, name, f"{name}.example.jp", owner)]
    found += [str(path) for path in made.host.operator.rglob(f"*{name}*")]
    return found + ([made.host.user(name)] if users.numbers(made.host.user(name)) else [])


def tree_of(root: Path) -> dict[str, tuple[int, int, bytes]]:
    """Every file below a folder with owner, mode and content."""
    return {
        str(path): (path.lstat().st_uid, path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in root.rglob("*")
    }


# --- the host


def test_a_host_that_was_made_ready_is_left_as_it_is(made: ScratchHost) -> None:
    before = tree_of(made.host.settings) | tree_of(made.host.units)
    said = made.operator("prepare").stderr
    standing = {line.split("  ")[0] for line in said.splitlines() if not line.startswith("注意")}
    assert standing == {"変更なし"}, said
    assert tree_of(made.host.settings) | tree_of(made.host.units) == before


def test_the_mail_password_is_the_monitors_to_read_and_nobody_elses(made: ScratchHost) -> None:
    made.host.smtp_password.write_text("himitsu\n", "ascii")
    made.host.smtp_password.chmod(0o644)
    made.operator("prepare")
    found = made.host.smtp_password.stat()
    assert (found.st_uid, pwd.getpwuid(found.st_uid).pw_name) == (0, "root") and stat.S_IMODE(found.st_mode) == 0o640
    assert found.st_gid == pwd.getpwnam(MONITOR_USER).pw_gid
    made.host.smtp_password.unlink()


def test_what_is_settled_later_stays_with_what_was_settled_before(made: ScratchHost) -> None:
    made.operator("prepare", "--data-centre", "東京第二", "--snapshots", "対象から外した")
    profile = made.host.profile_file.read_text("utf-8")
    assert 'data_centre = "東京第二"' in profile and 'operator = "試験運用"' in profile
    assert "対象から外した" in made.operator("prepare").stderr


def test_the_system_takes_no_disk_on_usb_and_writes_no_core_file(made: ScratchHost) -> None:
    rules = made.host.under("/etc/modprobe.d/kura.conf").read_text()
    assert "install usb-storage /bin/false" in rules and "install uas /bin/false" in rules
    assert "kernel.core_pattern = |/bin/false" in made.host.under("/etc/sysctl.d/60-kura.conf").read_text()
    assert "hard core 0" in made.host.under("/etc/security/limits.d/kura.conf").read_text()


def test_nobody_but_root_reads_the_operators_key_and_everybody_its_public_half(made: ScratchHost) -> None:
    assert owner_of(made.host.operator) == ("root", 0o700)
    assert owner_of(made.host.operator / "operator.key") == ("root", 0o600)
    assert owner_of(made.host.settings / "operator.pub") == ("root", 0o644)


def test_a_dry_run_changes_nothing(made: ScratchHost) -> None:
    name, before = made.name("dry"), tree_of(made.host.root)
    said = made.operator("provision", name, "--address", f"{name}.example.jp", "--certificate", "own-ca", "--dry-run")
    assert "これから  証券蔵" in said.stderr and not said.stdout
    made.operator("prepare", "--dry-run", "--data-centre", "別の所")
    assert tree_of(made.host.root) == before and users.numbers(made.host.user(name)) is None


# --- one office


@pytest.fixture(scope="module")
def office(made: ScratchHost) -> tuple[str, dict[str, str]]:
    return made.provision("one", "--contract", "K-001", "--policies", "500")


def test_an_office_is_made_and_answers_over_https(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    name, sheet = office
    assert sheet["address"] == f"https://{name}.example.jp:{made.host.profile.https_port}/"
    assert sheet["operator"] == "試験運用" and len(sheet["initial_password"]) >= 16
    answer = made.nginx.get(f"{name}.example.jp", "/session/new")
    assert answer.status == 200 and "ログイン" in answer.read().decode()
    assert offices.read(made.host, name).began > 0
    told = json.loads((made.host.told(name) / "contract.json").read_text("utf-8"))
    assert (told["contract"], told["policies"], told["operator"]) == ("K-001", 500, "試験運用")
    assert "certificate_until" in told


def test_what_is_an_offices_belongs_to_its_user_and_to_nobody_else(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    name, host, user = office[0], made.host, made.host.user(office[0])
    for place in (host.folder(name), host.keys(name), host.backups(name), host.run(name)):
        assert owner_of(place) == (user, 0o700)
        assert all(owner_of(path)[0] == user and owner_of(path)[1] & 0o077 == 0 for path in place.rglob("*"))
    assert owner_of(host.told(name)) == ("root", 0o750)
    assert owner_of(host.figures(name)) == (MONITOR_USER, 0o2750)
    assert owner_of(host.certificate(name)) == ("root", 0o700)
    assert pwd.getpwnam(user).pw_shell.endswith("nologin")


def test_the_first_password_is_shown_once_and_lies_nowhere(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    name, sheet = office
    again = made.operator("provision", name)
    assert sheet["initial_password"] not in again.stdout + again.stderr and "もうあります" in again.stderr
    needle = sheet["initial_password"].encode()
    held = [path for path in made.host.root.rglob("*") if path.is_file() and not path.is_symlink() and needle in path.read_bytes()]
    assert not held


def test_run_again_it_finds_all_of_it_there(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    before = tree_of(made.host.settings) | tree_of(made.host.nginx)
    standing = [line.split("  ")[0] for line in made.operator("provision", office[0]).stderr.splitlines() if "  " in line]
    assert standing[:-1] == ["変更なし"] * 10 and standing[-1] == "済み"  # the last is a look
    assert tree_of(made.host.settings) | tree_of(made.host.nginx) == before


def test_what_was_damaged_is_mended_by_another_run(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    name = office[0]
    made.host.site(name).unlink()
    made.host.folder(name).chmod(0o755)
    made.operator("provision", name)
    assert made.host.site(name).exists() and owner_of(made.host.folder(name))[1] == 0o700


def test_a_new_first_password_makes_the_one_before_void(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    name, sheet = office
    said = made.operator("provision", name, "--again").stdout
    assert "初期パスワード: " in said and sheet["login_id"] not in said and "試験運用 03-0000-0000" in said
    verifier = instances.kura(made.host, name, "status", "--json")
    assert json.loads(verifier)["begun"] is False


def test_the_operator_sees_an_office_from_outside(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    name = office[0]
    rows = json.loads(made.operator("list", "--json").stdout)
    assert [(row["name"], row["standing"]) for row in rows if row["name"] == name] == [(name, "serving")]
    facts = json.loads(made.operator("show", name, "--json").stdout)
    assert facts["begun"] is False and facts["contract"] == "K-001" and facts["certificate_until"]
    assert "状態: 稼働" in made.operator("show", name).stdout
    assert "まだ使い始めていません" in made.operator("ticket", name, code=1).stderr
    assert "ありません" in made.operator("show", "nobody", code=1).stderr


def test_an_office_at_work_is_neither_undone_nor_begun_over(made: ScratchHost) -> None:
    name, sheet = made.provision("work")
    work_in(made, name, sheet)
    assert "引き渡しが済んでいる" in made.operator("provision", name, "--undo", code=1).stderr
    assert made.operator("provision", name, "--again", code=1).stdout == ""
    # Even where the note of its making was left behind.
    known = offices.read(made.host, name)
    wanted.note(made.host, known)
    offices.write(made.host, replace(known, began=0))
    assert "引き渡しが済んでいる" in made.operator("provision", name, "--undo", code=1).stderr
    assert made.host.folder(name).joinpath("settings.toml").exists()
    offices.write(made.host, known)
    wanted.drop_note(made.host, name)
    assert made.operator("ticket", name).stdout.startswith("復旧許可番号: ")


# --- what is refused


@pytest.mark.parametrize(("words", "said"), [
    (["Bad", "--address", "x.example.jp"], "短い名前に使えません"), (["tbad"], "--address"),
    (["tbad", "--address", "localhost"], "アドレス"), (["tbad", "--address", "x.example.jp"], "証明書"),
    (["tbad", "--address", "x.example.jp", "--contract", "a/../b"], "番号"), (["tbad", "--undo"], "--address"),
])  # fmt: skip
def test_what_cannot_be_made_is_refused_before_anything_is(made: ScratchHost, words: list[str], said: str) -> None:
    assert said in made.operator("provision", *words, code=1).stderr
    assert users.numbers("kura-tbad") is None and not made.host.folder("tbad").exists()


def test_an_address_a_place_and_a_user_of_others_are_left_alone(made: ScratchHost, office: tuple[str, dict[str, str]]) -> None:
    own = ["--certificate", "own-ca"]
    assert "使っています" in made.operator("provision", "tother", "--address", f"{office[0]}.example.jp", *own, code=1).stderr
    assert "あとから変えられません" in made.operator("provision", office[0], "--address", "new.example.jp", *own, code=1).stderr
    foreign = made.host.folder("tother")
    foreign.mkdir()
    (foreign / "letter.txt").write_text("dear")
    assert "別のものがあります" in made.operator("provision", "tother", "--address", "tother.example.jp", *own, code=1).stderr
    assert (foreign / "letter.txt").read_text() == "dear" and users.numbers("kura-tother") is None
    (foreign / "letter.txt").unlink()
    foreign.rmdir()


# --- broken off


class Broken(Provisioning):
    """One that breaks off when the step with this number was done."""

    at = 0

    def steps(self) -> list[Step]:
        every = super().steps()
        step = every[self.at]
        every[self.at] = replace(step, do=lambda: self._break(step), already=lambda: False)
        return every

    def _break(self, step: Step) -> None:
        step.do()
        raise Refused("first-answer", address="", said="broken by the test")


class Killed(Broken):
    def _break(self, step: Step) -> None:
        step.do()
        os.kill(os.getpid(), signal.SIGKILL)


STEPS = 11


def some(*every_day: int) -> list[Any]:
    """All steps with --long, of which these every day."""
    return [pytest.param(at, marks=() if at in every_day else pytest.mark.long) for at in range(STEPS)]


def order(made: ScratchHost, name: str) -> Wanted:
    return Wanted(HostedOffice(name, f"{name}.example.jp", certificate=OWN))


def quiet(_code: str, _standing: str) -> None:
    pass


@pytest.mark.parametrize("at", some(0, 4, STEPS - 1))
def test_whichever_step_fails_nothing_is_left(here: ScratchHost, at: int) -> None:
    name = here.name(f"f{at}")
    making = Broken(here.host, order(here, name))
    making.at = at
    assert len(making.steps()) == STEPS
    shown: list[HandOver] = []
    with pytest.raises(Refused, match="broken by the test"):
        making.make(quiet, shown.append)
    assert not shown and left_of(here, name) == []
    assert here.units.systemctl("is-active", f"kura-web@{name}.socket")[1] != "active"


@pytest.mark.parametrize("at", some(1, 4, 7, STEPS - 1))
def test_killed_after_any_step_it_goes_on_or_is_undone(here: ScratchHost, at: int) -> None:
    name = here.name(f"k{at}")
    child = os.fork()
    if child == 0:
        making = Killed(here.host, order(here, name))
        making.at = at
        try:
            making.make(quiet, lambda sheet: None)
        finally:
            os._exit(1)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    owner = users.numbers(here.host.user(name)) or (-1, -1)
    if at % 2:
        here.operator("provision", name, "--undo")
        assert left_of(here, name, owner) == []
    else:
        sheet = json.loads(here.operator("provision", name, "--json").stdout)
        assert sheet["login_id"] and here.nginx.get(f"{name}.example.jp", "/session/new").status == 200
        assert not wanted.all_begun(here.host)


def test_a_terminal_that_breaks_off_leaves_nothing(made: ScratchHost) -> None:
    name = made.name("int")
    running = made.begin("provision", name, "--address", f"{name}.example.jp", "--certificate", "own-ca")
    assert running.stderr is not None
    for line in running.stderr:
        if "フォルダー" in line:
            running.send_signal(signal.SIGTERM)
            break
    out, err = running.communicate(timeout=60)
    assert running.returncode == 1 and "中止しました" in err and "初期パスワード" not in out
    assert left_of(made, name) == []


def test_a_sheet_that_could_not_be_shown_is_no_hand_over(made: ScratchHost) -> None:
    """Whoever shows it may fail: the login would be lost, so nothing is left of the office."""
    name = made.name("pipe")
    words = ["provision", name, "--address", f"{name}.example.jp", "--certificate", "own-ca"]
    with open("/dev/full", "w") as full:
        command = made.command(*words)
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, env=made.environment, check=False, timeout=120)
    assert done.returncode != 0 and left_of(made, name) == []


def test_two_at_once_do_not_get_into_each_other(made: ScratchHost, here: ScratchHost) -> None:
    with alone(made.host):
        assert "ほかの作成か終了" in made.operator("provision", "tx", "--address", "x.example.jp", "--certificate", "own-ca", code=1).stderr


# --- from nothing


def test_one_command_makes_a_bare_host_ready_and_its_first_office(tmp_path: Path) -> None:
    """apt-get is a stand-in that notes what it is asked for; the environment is the one that tests share."""
    with prepared_host(release=False) as bare:
        name, asked = bare.name("first"), tmp_path / "asked"
        folder = bare.host.under("/bin")
        folder.mkdir()
        stand_ins = {"dpkg-query": '[ "$4" = nginx ] || echo "install ok installed"', "apt-get": f'echo "$@" >>"{asked}"'}
        for program, line in stand_ins.items():
            (folder / program).write_text(f"#!/bin/sh\n{line}\n")
            (folder / program).chmod(0o755)
        lock = bare.host.environments / hashlib.sha256((ROOT / "requirements.txt").read_bytes()).hexdigest()[:16]
        lock.symlink_to(environment())
        words = ["--root", str(bare.host.root), "--name", name, "--address", f"{name}.example.jp", "--own-ca", "--place", "東京都"]
        place = {**bare.environment, "PATH": f"{folder}:{bare.environment['PATH']}"}
        done = subprocess.run([ROOT / "deploy" / "provision", *words], capture_output=True, text=True, env=place, check=False, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "初期パスワード: " in done.stdout and "install -y -qq --no-install-recommends nginx" in asked.read_text()
        assert 'place = "東京都"' in bare.host.profile_file.read_text("utf-8")
        assert bare.nginx.get(f"{name}.example.jp", "/session/new").status == 200
        assert os.access(bare.host.under("/usr/local/bin/kura-operator"), os.X_OK)
        told = subprocess.run([bare.host.under("/usr/local/bin/kura-operator"), "list"], capture_output=True, text=True, env=place, check=False)
        assert name in told.stdout, told.stderr


@pytest.mark.parametrize(("words", "said"), [
    (["--name"], "値が要ります"), (["--colour", "red"], "指定はありません"), (["--name", "a"], "--address"),
])  # fmt: skip
def test_what_it_does_not_understand_it_says(words: list[str], said: str) -> None:
    done = subprocess.run([ROOT / "deploy" / "provision", *words], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1 and said in done.stderr
