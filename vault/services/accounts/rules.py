"""The office's rules: signed in the directory, because some of them count before anybody has signed in."""

from __future__ import annotations

from dataclasses import replace

from vault.crypto.directory import Directory
from vault.crypto.keystore import Keystore
from vault.domain import bin, office_rules, retention
from vault.domain.access import SHORTEST, Permission
from vault.domain.office_rules import Rules, minutes_of, network_lines, time_of_day
from vault.errors import Conflict, Refused
from vault.services.accounts import switching
from vault.services.acts import TAGGED_FROM
from vault.services.audit import Event
from vault.services.safe import Desk
from vault.storage import journal
from vault.storage.database import transaction

DEFAULTS = {
    "password_shortest": SHORTEST,
    "password_days": 0,
    "idle_minutes": office_rules.IDLE_MINUTES,
    "session_hours": office_rules.SESSION_HOURS,
    "log_days": office_rules.LOG_DAYS,
    "print_ledger_days": office_rules.LEDGER_DAYS,
    "print_approval": 0,
    "bin_days": bin.DAYS,
    "retention_years": retention.YEARS,
}


def read(desk: Desk) -> Rules:
    """The rules as the newest directory has them."""
    held = {**DEFAULTS, **desk.directory.rules}
    hours = [time_of_day(held[name]) if name in held else "" for name in ("hours_from", "hours_to")]
    numbers = {name: held[name] for name in DEFAULTS if name != "print_approval"}
    return Rules(
        **numbers, print_approval=bool(held["print_approval"]), hours_from=hours[0], hours_to=hours[1],
        networks="\n".join(desk.directory.networks),
    )  # fmt: skip


def save(desk: Desk, rules: Rules, base: int | None = None) -> None:
    """Sign the rules; they count from the next request on.

    `base` is the directory's version that the form was made from: raises Conflict when something was signed since.
    Raises Refused("hours-both") for half a pair of hours, Refused("network-without-you") when the address from which
    the rules are saved would be shut out.
    """
    desk.require(Permission.MANAGE_OFFICE)
    networks = network_lines(rules.networks)
    if bool(rules.hours_from) != bool(rules.hours_to):
        raise Refused("hours-both")
    if not office_rules.within_networks(desk.origin.address, networks):
        raise Refused("network-without-you", address=desk.origin.address)
    numbers = _numbers(rules)

    def change(keystore: Keystore) -> Keystore:
        before = keystore.trusted(desk.bundle.pinned)
        if base not in (None, before.version):
            raise Conflict("conflict")
        signing = switching.signing_key(desk, keystore, before)
        after = replace(before, version=before.version + 1, rules=_merged(before, numbers), networks=networks)
        return desk.marked(keystore.with_directory(after, signing))

    desk.now_reading(desk.instance.files.add(change))
    with desk.act(Event.RULES_SAVED, Permission.MANAGE_OFFICE) as act:
        act.fact.keystore = desk.stored
        act.tell(**numbers)


def bind_notes(desk: Desk) -> None:
    """In an office of the first release: from here on a note of a contents list counts only with its tag."""
    if TAGGED_FROM in desk.directory.rules or not desk.may(Permission.MANAGE_OFFICE):
        return
    with transaction(desk.instance.engine) as connection:
        position, _ = journal.head(connection)

    def change(keystore: Keystore) -> Keystore:
        before = keystore.trusted(desk.bundle.pinned)
        signing = switching.signing_key(desk, keystore, before)
        rules = {TAGGED_FROM: position, **before.rules}
        after = replace(before, version=before.version + 1, rules=rules)
        return desk.marked(keystore.with_directory(after, signing))

    desk.now_reading(desk.instance.files.add(change))


def _numbers(rules: Rules) -> dict[str, int]:
    found = {name: int(getattr(rules, name) or 0) for name in DEFAULTS}
    if rules.hours_from:
        found |= {"hours_from": minutes_of(rules.hours_from), "hours_to": minutes_of(rules.hours_to)}
    return found


def _merged(before: Directory, numbers: dict[str, int]) -> dict[str, int]:
    """Rules that this program does not know stay."""
    kept = {name: n for name, n in before.rules.items() if name not in ("hours_from", "hours_to")}
    return {**kept, **numbers}
