"""What an office may lay down: lengths, days, hours over midnight, networks in every spelling."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vault.domain import fields
from vault.domain.office_rules import (
    DAY_MINUTES,
    Rules,
    minutes_of,
    network_lines,
    time_of_day,
    within_hours,
    within_networks,
)
from vault.domain.values import Unreadable

TYPED = {
    "password_shortest": "12", "password_days": "0", "idle_minutes": "15", "session_hours": "10", "log_days": "396",
    "print_ledger_days": "1830", "bin_days": "30", "retention_years": "10", "print_approval": "いいえ", "hours_from": "", "hours_to": "", "networks": "",
}  # fmt: skip


def faults(**typed: str) -> set[str]:
    return set(fields.read(Rules, {**TYPED, **typed}).faults)


# --- numbers


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [("password_shortest", 12, 64), ("idle_minutes", 5, 60), ("session_hours", 1, 16), ("log_days", 396, 36500),
     ("print_ledger_days", 365, 36500), ("bin_days", 1, 90), ("retention_years", 1, 50)],
)  # fmt: skip
def test_each_number_has_a_least_and_a_most(name: str, least: int, most: int) -> None:
    for number, wrong in ((least - 1, True), (least, False), (most, False), (most + 1, True)):
        assert faults(**{name: str(number)}) == ({name} if wrong else set()), number
    assert faults(**{name: ""}) == {name}


def test_days_of_a_password_are_none_or_at_least_thirty() -> None:
    assert [bool(faults(password_days=str(n))) for n in (0, 1, 29, 30, 3650, 3651)] == [False, True, True, False, False, True]


# --- hours


@pytest.mark.parametrize(
    ("typed", "minutes"),
    [("9:00", 540), ("09:00", 540), ("0:00", 0), ("24:00", 1440), ("23:59", 1439), (" 8:05 ", 485), ("８：３０", 510), ("18：15", 1095)],
)  # fmt: skip
def test_a_time_of_day_is_read_as_people_type_it(typed: str, minutes: int) -> None:
    assert minutes_of(typed) == minutes


@pytest.mark.parametrize("typed", ["", "9", "9:0", "9:60", "24:01", "25:00", "-1:00", "9:00-18:00", "9.00", "九時", "100:00"])
def test_what_is_no_time_of_day_is_unreadable(typed: str) -> None:
    with pytest.raises(Unreadable):
        minutes_of(typed)


@given(st.integers(0, DAY_MINUTES))
def test_a_time_of_day_is_written_as_it_is_read(minutes: int) -> None:
    assert minutes_of(time_of_day(minutes)) == minutes


MINUTE, TIME = st.integers(0, DAY_MINUTES - 1), st.integers(0, DAY_MINUTES)


@given(MINUTE, st.none() | TIME, st.none() | TIME)
def test_half_a_pair_of_hours_or_two_alike_bind_nobody(minute: int, opens: int | None, closes: int | None) -> None:
    if opens is None or closes is None or opens == closes:
        assert within_hours(minute, opens, closes)


@given(MINUTE, TIME, TIME)
def test_hours_are_those_from_opening_until_closing_even_over_midnight(minute: int, opens: int, closes: int) -> None:
    if opens == closes:
        return
    open_now, at = set(), opens % DAY_MINUTES
    for _ in range((closes - opens) % DAY_MINUTES or DAY_MINUTES):
        open_now.add(at)
        at = (at + 1) % DAY_MINUTES
    assert within_hours(minute, opens, closes) == (minute in open_now)


def test_opening_counts_and_closing_does_not() -> None:
    assert [within_hours(m, 540, 1080) for m in (539, 540, 1079, 1080)] == [False, True, True, False]
    assert [within_hours(m, 1320, 360) for m in (1319, 1320, 1439, 0, 359, 360)] == [False, True, True, True, True, False]
    assert [within_hours(m, 540, 1440) for m in (539, 540, 1439)] == [False, True, True]


# --- networks


def test_networks_are_one_a_line_in_one_spelling_and_each_once() -> None:
    typed = " 192.0.2.7/24 \n\n2001:DB8:0:0::1/32\r\n203.0.113.9\n192.0.2.0/24\n"
    assert network_lines(typed) == ("192.0.2.0/24", "2001:db8::/32", "203.0.113.9/32")
    assert network_lines(" \n ") == ()


@pytest.mark.parametrize("typed", ["300.1.1.1", "192.0.2.0/33", "office", "192.0.2.0-192.0.2.9", "192.0.2.0/24, 10.0.0.0/8", "::1/129"])
def test_what_is_no_network_is_named(typed: str) -> None:
    with pytest.raises(Unreadable) as refused:
        network_lines("192.0.2.1\n" + typed)
    assert refused.value.facts["line"] == typed
    assert faults(networks=typed) == {"networks"}


NETWORKS = ("192.0.2.0/24", "2001:db8:5::/48", "203.0.113.9/32")


@pytest.mark.parametrize(
    ("address", "inside"),
    [("192.0.2.1", True), ("192.0.3.1", False), ("203.0.113.9", True), ("203.0.113.10", False), ("2001:db8:5::7", True),
     ("2001:DB8:5:0:0::7", True), ("2001:db8:6::7", False), ("::ffff:192.0.2.1", True), ("::ffff:c000:0201", True),
     ("::ffff:192.0.3.1", False), ("::192.0.2.1", False), ("", False), ("unix:", False), ("192.0.2", False),
     ("192.0.2.1:443", False), ("192.0.2.1, 10.0.0.1", False)],
)  # fmt: skip
def test_an_address_is_inside_in_whatever_spelling_it_comes(address: str, inside: bool) -> None:
    assert within_networks(address, NETWORKS) is inside


def test_without_networks_one_comes_from_anywhere() -> None:
    assert within_networks("", ()) and within_networks("198.51.100.1", ())


@given(st.ip_addresses(v=4), st.integers(0, 32))
def test_an_address_and_its_mapped_form_are_the_same_place(address: ipaddress.IPv4Address, bits: int) -> None:
    network = (str(ipaddress.ip_network((address, bits), strict=False)),)
    for spelled in (str(address), f"::ffff:{address}"):
        assert within_networks(spelled, network)
