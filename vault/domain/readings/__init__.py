"""Reading a scan: from words and their places to proposals for the form, and to numbers nobody may keep."""

from vault.domain.readings.numbers import my_numbers
from vault.domain.readings.proposing import Proposal, propose

__all__ = ["Proposal", "my_numbers", "propose"]
