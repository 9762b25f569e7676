"""System users of offices: made so that nobody signs in as one, and no other program's user is ever taken away."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Iterator

import pytest

from vault.errors import Refused
from vault.storage.host import users
from vault.storage.host.programs import run_as

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root makes users")


@pytest.fixture
def user() -> Iterator[str]:
    name = f"kura-tu{os.urandom(2).hex()}"
    users.make(name)
    yield name
    if users.numbers(name):
        subprocess.run(["userdel", name], check=True)


def test_a_user_is_made_once_and_cannot_sign_in(user: str) -> None:
    before = users.numbers(user)
    users.make(user)
    found = pwd.getpwnam(user)
    assert users.numbers(user) == before and found.pw_uid < 1000 and found.pw_shell.endswith("nologin")
    assert run_as(user, "id", "-un").strip() == user
    assert run_as(user, "id", "-G").split() == [str(found.pw_gid)]


def test_its_processes_are_ended_before_it_goes(user: str) -> None:
    numbers = users.numbers(user)
    assert numbers is not None
    asleep = subprocess.Popen(["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups", "--", "sh", "-c",
                               "trap '' TERM; echo ready; while :; do sleep 0.1; done"], stdout=subprocess.PIPE)  # fmt: skip
    assert asleep.stdout is not None and asleep.stdout.readline() == b"ready\n"
    assert asleep.pid in users.processes(numbers[0])
    users._END_SECONDS, before = 0.5, users._END_SECONDS
    try:
        users.end_processes(numbers[0])
    finally:
        users._END_SECONDS = before
    assert asleep.wait(5) == -9
    asleep.stdout.close()
    users.drop(user)
    users.drop(user)
    assert users.numbers(user) is None


def test_a_user_that_was_not_made_for_kura_stays() -> None:
    with pytest.raises(Refused, match="user-foreign"):
        users.drop("daemon")
    assert users.numbers("daemon") is not None
