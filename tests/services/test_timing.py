"""An unknown login ID takes as long as a wrong password."""

from __future__ import annotations

import statistics
import time

import pytest

from tests.support.offices import DEVICE, ORIGIN, Office
from vault.errors import WrongCredential
from vault.services.accounts import signing_in

SAMPLES = 400


@pytest.mark.long
def test_an_unknown_id_takes_as_long_as_a_wrong_password(office: Office) -> None:
    """Interleaved samples, a fresh limiter clock for each; Welch's t over all of them."""
    ids = (office.facts.login_id, "KN0B0DY0")
    taken: dict[str, list[float]] = {login_id: [] for login_id in ids}
    for n in range(2 * (SAMPLES + 20)):
        office.clock.tick(3600)
        login_id = ids[(n + n // 2) % 2]  # A B B A …: whatever comes in turns hits both alike
        start = time.perf_counter()
        with pytest.raises(WrongCredential):
            signing_in.sign_in(office.instance, login_id, "not the password", DEVICE, ORIGIN)
        taken[login_id].append(time.perf_counter() - start)
    one, other = (_settled(taken[login_id][20:]) for login_id in ids)
    assert abs(welch(one, other)) < 4.5, (statistics.mean(one), statistics.mean(other))


def _settled(samples: list[float]) -> list[float]:
    """Without the slowest tenth: they tell of the machine."""
    return sorted(samples)[: len(samples) * 9 // 10]


def welch(one: list[float], other: list[float]) -> float:
    spread = statistics.variance(one) / len(one) + statistics.variance(other) / len(other)
    return float((statistics.mean(one) - statistics.mean(other)) / spread**0.5)


def test_the_measure_sees_a_difference() -> None:
    slow = [1.0 + n % 7 / 100 for n in range(400)]
    assert abs(welch(slow, [s + 0.01 for s in slow])) > 4.5
    assert abs(welch(slow, list(reversed(slow)))) < 4.5
