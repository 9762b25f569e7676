"""On which disk a folder lies, and whether that is one that stays in the machine."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SYS, MOUNTS = Path("/sys"), Path("/proc/self/mountinfo")
# Somebody else's machine, something made to be carried away, or gone with the power.
FOREIGN = frozenset({
    "nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "fuse", "fuseblk", "vfat", "msdos", "exfat",
    "ntfs", "ntfs3", "iso9660", "udf", "hfs", "hfsplus", "tmpfs", "ramfs", "devtmpfs",
})  # fmt: skip
_FUSE = "fuse."


@dataclass(frozen=True)
class Place:
    """Where a folder lies: the kind of file system, the whole disks under it (empty where the system does not say),
    the device number that the system gives its files, and whether one of those disks can be taken out."""

    kind: str
    disks: frozenset[str]
    device: int
    removable: bool

    @property
    def foreign(self) -> bool:
        """Whether this is no disk of this machine."""
        return self.kind in FOREIGN or self.kind.startswith(_FUSE)

    def shares_disk(self, other: Place) -> bool:
        """Whether one dead disk takes both."""
        return self.device == other.device or bool(self.disks & other.disks)


def place_of(folder: Path, sys: Path = SYS, mounts: Path = MOUNTS) -> Place:
    """Where a folder lies, or would lie once it is made."""
    there = folder.resolve()
    while not there.exists():
        there = there.parent
    device = there.stat().st_dev
    kind, source = _mount_of(there, device, mounts)
    found = _whole_disks(_block_of(device, source, sys))
    removable = any(_can_be_taken_out(disk) for disk in found)
    return Place(kind, frozenset(disk.name for disk in found), device, removable)


def _mount_of(folder: Path, device: int, mounts: Path) -> tuple[str, str]:
    """(kind of file system, its source) of the mount that a folder lies on."""
    numbered = f"{os.major(device)}:{os.minor(device)}"
    best = (-1, "", "")
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return "", ""
    for line in lines:
        fields = line.split(" ")
        kind, source = fields[fields.index("-") + 1 :][:2]
        point = Path(fields[4].replace("\\040", " "))
        # The device decides; where several mounts have it, the one nearest above the folder.
        rank = (1000 if fields[2] == numbered else 0) + (len(point.parts) if folder.is_relative_to(point) else 0)
        if rank >= best[0]:
            best = (rank, kind, source)
    return best[1], best[2]


def _block_of(device: int, source: str, sys: Path) -> Path | None:
    """The folder under /sys of the block device; a file system with a number of its own is found by its source."""
    numbered = sys / "dev" / "block" / f"{os.major(device)}:{os.minor(device)}"
    for found in (numbered, sys / "class" / "block" / Path(source).name if source.startswith("/dev/") else None):
        if found is not None and found.exists():
            return found.resolve()
    return None


def _whole_disks(block: Path | None) -> list[Path]:
    """The whole disks that a partition, a mirror or a mapped volume consists of."""
    if block is None:
        return []
    below = [under.resolve() for under in (block / "slaves").glob("*")]
    if below:
        return [disk for under in below for disk in _whole_disks(under)]
    return [block.parent if (block / "partition").exists() else block]


def _can_be_taken_out(disk: Path) -> bool:
    # A disk on a cable says 0 of itself: what it hangs on tells.
    if any(part.startswith("usb") for part in disk.parts):
        return True
    try:
        return (disk / "removable").read_text("ascii").strip() == "1"
    except OSError:
        return False
