"""What the access log marks, and what it leaves alone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from vault.domain.unusual import (
    CLIENTS_SPAN,
    MANY_CLIENTS,
    MANY_REFUSED,
    REFUSED_SPAN,
    Mark,
    Seen,
    Watch,
    at_night,
)

JAPAN = timezone(timedelta(hours=9))
ANNA, BERT = b"a" * 16, b"b" * 16
DEVICE = b"d" * 16


def at(hour: int, minute: int = 0, second: int = 0) -> int:
    return int(datetime(2026, 11, 20, hour, minute, second, tzinfo=JAPAN).timestamp() * 1000)


def client(number: int) -> bytes:
    return number.to_bytes(16, "big")


NOON = at(12)


@pytest.mark.parametrize(("hour", "minute", "night"), [
    (21, 59, False), (22, 0, True), (23, 59, True), (0, 0, True), (5, 59, True), (6, 0, False), (12, 0, False),
])  # fmt: skip
def test_night_is_from_22_to_6_in_japan(hour: int, minute: int, night: bool) -> None:
    assert at_night(at(hour, minute)) is night
    assert (Mark.NIGHT in Watch({}).look(Seen(at(hour, minute), ANNA))) is night


def test_what_nobody_did_is_not_marked_as_at_night() -> None:
    assert Watch({}).look(Seen(at(3))) == ()


def test_thirty_clients_within_an_hour_are_many() -> None:
    watch = Watch({})
    marks = [watch.look(Seen(NOON + n * 60_000, ANNA, client(n))) for n in range(MANY_CLIENTS)]
    assert marks[:-1] == [()] * (MANY_CLIENTS - 1)
    assert marks[-1] == (Mark.MANY_CLIENTS,)


def test_the_same_client_counts_once() -> None:
    watch = Watch({})
    assert all(watch.look(Seen(NOON + n * 1000, ANNA, client(n % 29))) == () for n in range(300))


def test_what_was_opened_an_hour_ago_counts_no_longer() -> None:
    watch = Watch({})
    step = CLIENTS_SPAN // (MANY_CLIENTS - 1) + 1
    assert all(watch.look(Seen(NOON - CLIENTS_SPAN + n * step, ANNA, client(n))) == () for n in range(200))


def test_two_people_are_counted_apart() -> None:
    watch = Watch({})
    for n in range(MANY_CLIENTS - 1):
        for person in (ANNA, BERT):
            assert watch.look(Seen(NOON + n, person, client(n))) == ()
    assert watch.look(Seen(NOON + 99, ANNA, client(99))) == (Mark.MANY_CLIENTS,)


def test_how_many_are_many_is_an_argument() -> None:
    watch = Watch({}, many_clients=2)
    assert watch.look(Seen(NOON, ANNA, client(1))) == ()
    assert watch.look(Seen(NOON, ANNA, client(2))) == (Mark.MANY_CLIENTS,)


def test_only_the_first_sign_in_on_a_device_is_new() -> None:
    watch = Watch({(ANNA, DEVICE): NOON // 1000})
    assert watch.look(Seen(NOON + 400, ANNA, device=DEVICE, signed_in=True)) == (Mark.NEW_DEVICE,)
    assert watch.look(Seen(NOON + 60_000, ANNA, device=DEVICE, signed_in=True)) == ()
    assert watch.look(Seen(NOON + 400, ANNA, device=DEVICE)) == ()
    assert watch.look(Seen(NOON + 400, BERT, device=DEVICE, signed_in=True)) == ()


def test_a_registration_is_new_whatever_is_known_of_the_device() -> None:
    assert Watch({}).look(Seen(NOON, ANNA, device=DEVICE, registered=True)) == (Mark.NEW_DEVICE,)


@pytest.mark.parametrize("where", [{"device": DEVICE}, {"address": "192.0.2.1"}])
def test_five_refused_sign_ins_within_ten_minutes_are_many(where: dict[str, object]) -> None:
    watch = Watch({})
    step = REFUSED_SPAN // MANY_REFUSED
    marks = [watch.look(Seen(NOON + n * step, refused=True, **where)) for n in range(MANY_REFUSED)]  # type: ignore[arg-type]
    assert marks == [()] * (MANY_REFUSED - 1) + [(Mark.REFUSED_OFTEN,)]


def test_refused_sign_ins_far_apart_or_from_elsewhere_are_not_many() -> None:
    watch = Watch({})
    for n in range(40):
        assert watch.look(Seen(NOON + n * REFUSED_SPAN // 4, refused=True, address="192.0.2.1")) == ()
    watch = Watch({})
    assert all(watch.look(Seen(NOON, refused=True, address=f"192.0.2.{n}")) == () for n in range(40))


def test_one_address_with_many_devices_is_one_place() -> None:
    watch = Watch({})
    marks = [watch.look(Seen(NOON + n, refused=True, device=client(n), address="192.0.2.1")) for n in range(6)]
    assert marks[-2:] == [(Mark.REFUSED_OFTEN,)] * 2


def test_an_entry_may_have_several_marks() -> None:
    watch = Watch({}, many_clients=1)
    assert watch.look(Seen(at(23), ANNA, client(1))) == (Mark.NIGHT, Mark.MANY_CLIENTS)


def test_a_clock_put_back_does_no_harm() -> None:
    watch = Watch({})
    for n in range(MANY_CLIENTS - 1):
        watch.look(Seen(NOON + n, ANNA, client(n)))
    assert watch.look(Seen(NOON - 86_400_000, ANNA, client(99))) == (Mark.MANY_CLIENTS,)
    assert watch.look(Seen(NOON + 2 * CLIENTS_SPAN, ANNA, client(100))) == ()
