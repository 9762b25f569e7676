"""What a host's disks are worth for keys that have to be destroyed, and for what one dead disk must not take at once."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vault.storage.host.layout import Host
from vault.storage.places import MOUNTS, SYS, Place, place_of

CPU = Path("/proc/cpuinfo")
SWAPS = Path("/proc/swaps")
# A new version of a block lies beside the old one, which a snapshot keeps: what was destroyed there is not.
COPYING = frozenset({"btrfs", "zfs", "bcachefs", "nilfs2", "overlay"})


@dataclass(frozen=True)
class Finding:
    """Something about the disks that is to be said: a code and the facts of its sentence. `refused`: nothing may be made
    there as it is."""

    code: str
    facts: dict[str, object]
    refused: bool = False


@dataclass(frozen=True)
class Machine:
    """Where the system says what a machine is made of."""

    sys: Path = SYS
    mounts: Path = MOUNTS
    cpu: Path = CPU
    swaps: Path = SWAPS


def judge(host: Host, machine: Machine | None = None) -> list[Finding]:
    """What there is to say of the disks of a host's three places."""
    seen = machine or Machine()
    profile = host.profile
    folders = {"data": host.under(profile.data), "keys": host.under(profile.keys), "backups": host.under(profile.backups)}
    places = {name: place_of(folder, seen.sys, seen.mounts) for name, folder in folders.items()}
    found = [each for name, place in places.items() for each in _unfit(name, folders[name], place)]
    found += [
        Finding(f"disks-shared-{one}-{other}", {})
        for one, other in (("data", "keys"), ("data", "backups")) if places[one].shares_disk(places[other])
    ]  # fmt: skip
    return found + _snapshots(host, places, seen) + _swap(seen)


def _unfit(name: str, folder: Path, place: Place) -> list[Finding]:
    facts: dict[str, object] = {"folder": folder, "kind": place.kind}
    if place.foreign:
        return [Finding("place-foreign-disk", facts, refused=True)]
    if place.removable:
        return [Finding("place-removable", facts, refused=True)]
    # The first replica of each shred key lies within the data.
    if name != "backups" and place.kind in COPYING:
        return [Finding("place-copying", facts, refused=True)]
    return []


def _snapshots(host: Host, places: dict[str, Place], machine: Machine) -> list[Finding]:
    """Somebody outside may keep yesterday's bytes: volumes that can be frozen, a machine that is a file of another one."""
    facts: dict[str, object] = {"settled": host.profile.snapshots}
    hints = [
        *(["lvm"] if any(_is_volume(places[name], machine.sys) for name in ("data", "keys")) else []),
        *(["virtual"] if _is_virtual(machine.cpu) else []),
    ]  # fmt: skip
    if hints and host.profile.snapshots:
        return [Finding("snapshots-settled", facts)]
    return [Finding(f"snapshots-{hint}", facts) for hint in hints]


def _is_volume(place: Place, sys: Path) -> bool:
    numbered = f"{os.major(place.device)}:{os.minor(place.device)}"
    try:
        return (sys / "dev" / "block" / numbered / "dm" / "uuid").read_text("ascii", "replace").startswith("LVM-")
    except OSError:
        return False


def _is_virtual(cpu: Path) -> bool:
    try:
        return any(" hypervisor" in line for line in cpu.read_text("utf-8", "replace").splitlines() if line.startswith("flags"))
    except OSError:
        return False


def _swap(machine: Machine) -> list[Finding]:
    """The units keep Kura out of it; what else runs there may still put its own there."""
    try:
        rows = machine.swaps.read_text("utf-8").splitlines()[1:]
    except OSError:
        return []
    return [Finding("swap-in-use", {"places": ", ".join(row.split()[0] for row in rows)})] if rows else []
