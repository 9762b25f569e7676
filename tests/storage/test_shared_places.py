"""Folders in a place where everybody may make one: what lies there already under our name may be a trap."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vault.errors import Unwritable
from vault.storage import durable


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """Like /dev/shm."""
    place = tmp_path / "shared"
    place.mkdir()
    place.chmod(0o1777)
    return place


def test_a_folder_of_ones_own_is_made_and_found_again(shared: Path) -> None:
    for _ in range(2):
        durable.make_folder(shared / "run")
        assert (shared / "run").stat().st_mode & 0o777 == 0o700


def test_a_link_that_waits_under_the_name_is_refused(shared: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (shared / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unwritable):
        durable.make_folder(shared / "run")


def test_a_folder_into_which_others_write_is_refused(shared: Path) -> None:
    (shared / "run").mkdir()
    (shared / "run").chmod(0o777)
    with pytest.raises(Unwritable):
        durable.make_folder(shared / "run")


@pytest.mark.skipif(os.geteuid() != 0, reason="gives a folder to somebody else, which root alone can")
def test_a_folder_of_somebody_else_is_refused(shared: Path) -> None:
    (shared / "run").mkdir(mode=0o700)
    os.chown(shared / "run", 65534, 65534)
    with pytest.raises(Unwritable):
        durable.make_folder(shared / "run")
    durable.make_folder(shared / "run" / "within")  # whose place above is nobody's to write into but its owner's
