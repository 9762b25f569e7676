"""From where and at which hours an office lets itself be used. Both are off until it says so."""

from __future__ import annotations

from datetime import datetime

from vault.crypto.directory import Directory
from vault.domain.access import Role
from vault.domain.office_rules import time_of_day, within_hours, within_networks
from vault.domain.values.moments import JAPAN
from vault.errors import Forbidden


def check(directory: Directory, role: Role, address: str, now: int) -> None:
    """Raises Forbidden outside the office's hours or networks.

    Hours do not bind administrators: who has laid them down wrongly must be able to mend it. The recovery sheet is
    bound by neither.
    """
    if not within_networks(address, directory.networks):
        raise Forbidden("outside-network")
    opens, closes = directory.rules.get("hours_from"), directory.rules.get("hours_to")
    at = datetime.fromtimestamp(now, JAPAN)
    if role is not Role.ADMINISTRATOR and not within_hours(at.hour * 60 + at.minute, opens, closes):
        raise Forbidden("outside-hours", opens=time_of_day(opens or 0), closes=time_of_day(closes or 0))
