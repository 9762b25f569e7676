"""What is said of a host's disks, and which of them are refused for keys."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from vault.storage.host.disks import Finding, Machine, judge
from vault.storage.host.layout import Host


def machine(root: Path, kind: str = "ext4", removable: str = "0", volume: bool = False, flags: str = "fpu sse") -> Machine:
    """A machine whose only disk is the one that `root` lies on."""
    device = root.stat().st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    disk = root / "sys" / "devices" / "sda"
    disk.mkdir(parents=True)
    (disk / "removable").write_text(removable + "\n")
    if volume:
        (disk / "dm").mkdir()
        (disk / "dm" / "uuid").write_text("LVM-abc\n")
    (root / "sys" / "dev" / "block").mkdir(parents=True)
    (root / "sys" / "dev" / "block" / number).symlink_to(disk)
    for name, text in (("mounts", f"1 0 {number} / {root} rw - {kind} /dev/sda rw\n"), ("cpu", f"flags : {flags}\n"),
                       ("swaps", "Filename Type\n")):  # fmt: skip
        (root / name).write_text(text)
    return Machine(root / "sys", root / "mounts", root / "cpu", root / "swaps")


def codes(found: list[Finding], refused: bool = False) -> list[str]:
    return [each.code for each in found if each.refused is refused]


def test_disks_that_are_shared_are_named(tmp_path: Path) -> None:
    found = judge(Host(tmp_path), machine(tmp_path))
    assert codes(found) == ["disks-shared-data-keys", "disks-shared-data-backups"] and not codes(found, refused=True)


@pytest.mark.parametrize("kind", ["btrfs", "zfs", "overlay", "bcachefs"])
def test_keys_do_not_lie_where_their_old_bytes_stay(tmp_path: Path, kind: str) -> None:
    found = judge(Host(tmp_path), machine(tmp_path, kind))
    assert codes(found, refused=True) == ["place-copying", "place-copying"]  # of the data and of the replicas, not of backups


@pytest.mark.parametrize(("kind", "removable", "code"), [("nfs4", "0", "place-foreign-disk"), ("tmpfs", "0", "place-foreign-disk"),
                                                         ("ext4", "1", "place-removable")])  # fmt: skip
def test_what_can_be_carried_away_or_is_elsewhere_is_refused(tmp_path: Path, kind: str, removable: str, code: str) -> None:
    assert codes(judge(Host(tmp_path), machine(tmp_path, kind, removable)), refused=True) == [code] * 3


def test_a_host_that_can_be_frozen_from_outside_is_named_until_it_is_settled(tmp_path: Path) -> None:
    host, seen = Host(tmp_path), machine(tmp_path, volume=True, flags="fpu hypervisor sse")
    assert codes(judge(host, seen))[-2:] == ["snapshots-lvm", "snapshots-virtual"]
    settled = replace(host, profile=replace(host.profile, snapshots="excluded"))
    assert judge(settled, seen)[-1] == Finding("snapshots-settled", {"settled": "excluded"})


def test_swap_is_named(tmp_path: Path) -> None:
    seen = machine(tmp_path)
    seen.swaps.write_text("Filename Type\n/dev/sdb partition 1 0 -2\n")
    assert judge(Host(tmp_path), seen)[-1] == Finding("swap-in-use", {"places": "/dev/sdb"})
