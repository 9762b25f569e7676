"""The right to take the memory of Argon2id: two at a time over all processes, and given back by whoever dies."""

from __future__ import annotations

import os
import signal

import pytest

from tests.support.offices import Office
from vault.errors import Throttled
from vault.services import instance as instance_room


def test_a_killed_workers_permits_come_back(office: Office) -> None:
    child = os.fork()
    if child == 0:
        with office.instance.argon2_permit(), office.instance.argon2_permit():
            os.kill(os.getpid(), signal.SIGKILL)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    with office.instance.argon2_permit(), office.instance.argon2_permit():
        pass


def test_a_third_waits_and_is_told_to_come_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance_room, "ARGON2_WAIT", 0.05)
    with office.instance.argon2_permit(), office.instance.argon2_permit(), pytest.raises(Throttled):
        office.instance.argon2_permit().__enter__()
