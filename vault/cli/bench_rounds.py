"""How often each thing is done before the middle of its times is told, and how large a paper is."""

from __future__ import annotations

from dataclasses import dataclass

# Clients below which nobody asks how fast the machine is: a trial of the bench itself, which need not be exact.
SMALL = 1000


@dataclass(frozen=True)
class Rounds:
    """Times that each thing is done; `scan_pages` of a scan, and the MiB of an object that is `large`."""

    pages: int
    saves: int
    sign_ins: int
    searches: int
    changes: int
    scans: int
    scan_pages: int
    large: int
    copies: int


MANY = Rounds(pages=400, saves=400, sign_ins=15, searches=12, changes=15, scans=3, scan_pages=10, large=100, copies=3)
FEW = Rounds(pages=40, saves=40, sign_ins=3, searches=3, changes=3, scans=1, scan_pages=3, large=10, copies=1)


def rounds_for(clients: int) -> Rounds:
    """What suits an office of so many clients."""
    return FEW if clients < SMALL else MANY
