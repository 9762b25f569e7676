"""What root makes on a host: owners, modes, links; and finding what is left of somebody."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from vault.errors import Refused
from vault.storage.host import files


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_a_folder_has_the_mode_that_was_wanted_whatever_the_mask_is(tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        place = tmp_path / "a" / "b" / "c"
        assert files.folder(place, 0o711) and not files.folder(place, 0o711)
    finally:
        os.umask(before)
    assert (mode(place), mode(tmp_path / "a"), mode(tmp_path / "a" / "b")) == (0o711, 0o755, 0o755)
    place.chmod(0o777)
    assert files.folder(place, 0o711) and mode(place) == 0o711


def test_a_link_in_a_folders_place_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "a").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Refused, match="place-foreign"):
        files.folder(tmp_path / "a", 0o700)
    assert mode(tmp_path / "elsewhere") == 0o755


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to others")
def test_a_folder_of_somebody_else_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "a"
    place.mkdir()
    (place / "letter").write_text("dear")
    os.chown(place, 65533, 65533)
    with pytest.raises(Refused, match="place-foreign"):
        files.folder(place, 0o700)
    assert place.lstat().st_uid == 65533


def test_a_text_is_written_where_it_differs_in_words_or_mode(tmp_path: Path) -> None:
    path = tmp_path / "etc" / "a.conf"
    assert files.text(path, "one\n") and not files.text(path, "one\n")
    assert files.text(path, "two\n") and path.read_text() == "two\n"
    assert files.text(path, "two\n", 0o600) and mode(path) == 0o600


def test_a_link_is_switched_and_never_away(tmp_path: Path) -> None:
    path = tmp_path / "now"
    assert files.link(path, Path("one")) and not files.link(path, Path("one"))
    assert files.link(path, Path("two")) and path.readlink() == Path("two")
    assert [each.name for each in tmp_path.iterdir()] == ["now"]


def test_what_is_dropped_takes_nothing_with_it_that_it_links_to(tmp_path: Path) -> None:
    kept, going = tmp_path / "kept", tmp_path / "going"
    kept.mkdir()
    (kept / "letter").write_text("dear")
    (going / "in").mkdir(parents=True)
    (going / "in" / "link").symlink_to(kept)
    assert files.drop(going) and not files.drop(going)
    assert (kept / "letter").exists()
    (tmp_path / "link").symlink_to(kept)
    assert files.drop(tmp_path / "link") and (kept / "letter").exists()


@pytest.mark.parametrize(("name", "found"), [
    ("sakura", True), ("sakura.toml", True), ("kura-web@sakura.service", True), (".sakura.ending", True), ("sakura_old", True),
    ("sakura-2", False), ("kura-sakura.conf", False), ("my-sakura", False), ("sakurako", False), ("asakura", False),
    ("x.sakura", False),
])  # fmt: skip
def test_a_name_is_found_as_a_whole_word_only(tmp_path: Path, name: str, found: bool) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / name).touch()
    # What has a dot before it is a part of another name, but for a hidden file.
    assert bool(list(files.named([tmp_path], ["sakura"]))) is (found and not name.startswith("."))


def test_a_text_that_names_an_address_is_found(tmp_path: Path) -> None:
    (tmp_path / "one").write_text("server_name sakura.example.jp;")
    (tmp_path / "two").write_text("server_name x.sakura.example.jp my-sakura.example.jp;")
    (tmp_path / "three").symlink_to(tmp_path / "one")
    assert list(files.telling([tmp_path], "sakura.example.jp")) == [tmp_path / "one"]
