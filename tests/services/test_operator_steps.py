"""Steps of a work on a host: done in order, passed over where they are done, undone from the last; and the look for remains."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vault.errors import Refused
from vault.services.operator import remains, steps
from vault.services.operator.steps import Step
from vault.storage.host.layout import Host


def three(done: list[str], broken: str = "") -> list[Step]:
    def do(name: str) -> object:
        if name == broken:
            raise Refused("busy")
        done.append(name)
        return None

    def undo(name: str) -> None:
        if f"not {name}" == broken:
            raise Refused("busy")
        done.append(f"-{name}")

    return [
        Step(name, lambda name=name: do(name), lambda name=name: undo(name), lambda name=name: name in done)  # type: ignore[misc]
        for name in ("a", "b", "c")
    ]


def test_what_is_done_already_is_passed_over() -> None:
    done, told = ["b"], []
    steps.carry_out(three(done), lambda code, standing: told.append((code, standing)))
    assert done == ["b", "a", "c"] and told == [("a", "done"), ("b", "already"), ("c", "done")]


def test_one_that_settles_and_finds_nothing_to_do_says_so() -> None:
    told: list[tuple[str, str]] = []
    steps.carry_out([Step("a", lambda: False), Step("b", lambda: None)], lambda *each: told.append(each))
    assert told == [("a", "already"), ("b", "done")]


def test_one_that_breaks_off_is_named_and_what_follows_is_not_begun() -> None:
    done, told = [], []
    with pytest.raises(Refused):
        steps.carry_out(three(done, broken="b"), lambda *each: told.append(each))
    assert done == ["a"] and told[-1] == ("b", "failed")


def test_one_that_cannot_be_undone_does_not_keep_the_others() -> None:
    done: list[str] = []
    with pytest.raises(Refused):
        steps.undo(three(done, broken="not b"), lambda *each: None)
    assert done == ["-c", "-a"]


def test_a_plan_does_nothing() -> None:
    done, told = ["a"], []
    steps.plan(three(done), lambda *each: told.append(each))
    assert done == ["a"] and told == [("a", "already"), ("b", "waiting"), ("c", "waiting")]


# --- what is left of an office


def place(host: Host, *names: str) -> Path:
    path = host.under("/".join(["", *names]))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_what_bears_its_name_is_found_and_what_is_of_others_is_not(tmp_path: Path) -> None:
    host = Host(tmp_path)
    left = [
        place(host, "etc", "kura", "offices", "ta.toml"), place(host, "etc", "nginx", "conf.d", "kura-ta.conf"),
        place(host, "etc", "systemd", "system", "sockets.target.wants", "kura-web@ta.socket"),
        place(host, "var", "log", "nginx", "kura-ta.log"), place(host, "run", "kura-web", "ta.sock"),
        place(host, "var", "lib", "kura-keys", "ta", "shred.1"),
    ]  # fmt: skip
    for others in (
        ("etc", "kura", "offices", "ta-2.toml"), ("etc", "systemd", "system", "ta.service"), ("etc", "hosts"),
        ("var", "lib", "kura-operator", "ended", "ta.txt"), ("etc", "systemd", "system", "kura-web@tab.service"),
    ):  # fmt: skip
        place(host, *others)
    found = remains.find(host, "ta", "ta.example.jp", (-2, -2))
    assert found == sorted([*left[:-1], left[-1].parent])
    place(host, "etc", "nginx", "conf.d", "other.conf").write_text("server_name ta.example.jp;")
    assert len(remains.find(host, "ta", "ta.example.jp", (-2, -2))) == len(left) + 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_what_its_user_or_group_owns_is_found_wherever_it_lies(tmp_path: Path) -> None:
    host = Host(tmp_path)
    mine, shared = place(host, "var", "spool", "x"), place(host, "srv", "y")
    os.chown(mine, 64321, 0)
    os.chown(shared, 0, 64321)
    assert remains.find(host, "ta", "ta.example.jp", (64321, 64321)) == [shared, mine]
    shutil.rmtree(tmp_path / "var")
