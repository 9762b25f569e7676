"""What a hundred offices cost a host: those that nobody works in, nothing but their disk; each that is awake, so much memory.

    pytest --long -s tests/cli/test_many_offices.py        # says the figures
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import upgrades
from tests.support.host_units import HostUnits, host_units
from tests.support.upgrades import ask
from vault.storage.host.layout import Host

pytestmark = pytest.mark.long
# So many are made and counted up from; of a hundred, so many are worked in at once on a host of so much memory.
MADE, ALL, AT_ONCE, HOST_MIB, SYSTEM_MIB = 12, 100, 25, 4096, 700
QUIET = 4
NAMES = [f"o{number:02}" for number in range(MADE)]


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    root = Path(tempfile.mkdtemp(prefix="kura-many-", dir="/var/tmp"))
    try:
        made = upgrades.scratch_host(root)
        upgrades.write_units(made)
        resting = (upgrades.ROOT / "vault/services/resting.py").read_text("utf-8")
        upgrades.add_release(made, "one", {"vault/services/resting.py": resting.replace("QUIET_SECONDS = 300", f"QUIET_SECONDS = {QUIET}")})
        for name in NAMES:
            upgrades.add_office(made, name, "one")
        yield made
    finally:
        shutil.rmtree(root)


@pytest.fixture(scope="module")
def units(host: Host) -> Iterator[HostUnits]:
    with host_units(host.units, host.root) as made:
        assert made.systemctl("enable", "--now", *(f"kura-web@{name}.socket" for name in NAMES)) == (0, "")
        yield made


def memory_of(main: int) -> float:
    """MiB of a master and its workers; what several share is counted in part for each."""
    every = [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text("ascii").split())]
    told = [Path(f"/proc/{number}/smaps_rollup").read_text("ascii") for number in every]
    return sum(int(text.split("Pss:")[1].split()[0]) for text in told) / 1024


def disk_of(*places: Path) -> float:
    """MiB that they take."""
    return sum(path.stat().st_blocks * 512 for place in places for path in place.rglob("*")) / 1024**2


def test_a_hundred_offices_fit_on_a_host_of_four_gib(host: Host, units: HostUnits, capsys: pytest.CaptureFixture[str]) -> None:
    first = [ask(host.socket(name), f"{name}.example").took for name in NAMES]
    mains = {name: units.main(f"kura-web@{name}.service") for name in NAMES}
    for name in NAMES:  # whoever was asked first has rested by now
        for page in ("/session/new", "/register", "/cookies"):
            ask(host.socket(name), f"{name}.example", page)
    awake = [memory_of(main) for name in NAMES if (main := units.main(f"kura-web@{name}.service"))]
    disk = disk_of(*(place(NAMES[0]) for place in (host.folder, host.keys, host.backups)))
    end = time.monotonic() + 120
    while any(units.main(f"kura-web@{name}.service") for name in NAMES):
        assert time.monotonic() < end, "they do not rest"
        time.sleep(0.2)
    assert not any(Path(f"/proc/{main}").exists() for main in mains.values())
    one, slowest = statistics.median(awake), max(first)
    with capsys.disabled():
        print(f"\nawake {one:.0f} MiB each, asleep 0; first answer {statistics.median(first):.2f} s, slowest {slowest:.2f} s; "
              f"disk of an empty office {disk:.1f} MiB; {ALL} offices with {AT_ONCE} awake {AT_ONCE * one:.0f} MiB")  # fmt: skip
    assert AT_ONCE * one + SYSTEM_MIB < HOST_MIB
