"""Where things lie on a host of the operator, and what is read of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from vault.errors import NotFound, NotReady, Refused
from vault.storage.host import offices, programs
from vault.storage.host.layout import Host, check_name, read_host
from vault.storage.host.offices import HostedOffice


def with_profile(root: Path, text: str) -> Path:
    path = Host(root).profile_file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return root


def test_no_two_places_of_an_office_are_the_same_or_one_within_another(tmp_path: Path) -> None:
    host = Host(tmp_path)
    places = [
        host.folder("a"), host.keys("a"), host.backups("a"), host.run("a"), host.socket("a"), host.told("a"), host.figures("a"),
        host.release_of("a"), host.certificate("a"), host.office_file("a"), host.site("a"), host.register,
    ]  # fmt: skip
    for each in places:
        assert each.is_relative_to(tmp_path)
        assert not any(other is not each and each.is_relative_to(other) for other in places)


def test_a_profile_is_read_with_the_types_it_has(tmp_path: Path) -> None:
    host = read_host(with_profile(tmp_path, 'data = "/srv/kura"\nhttps_port = 8443\nlisten = ["127.0.0.1"]\ndata_centre = "東京"\n'))
    assert host.folder("a") == tmp_path / "srv/kura/a"
    assert (host.profile.https_port, host.profile.listen, host.profile.data_centre) == (8443, ("127.0.0.1",), "東京")


@pytest.mark.parametrize("text", ['colour = "red"', 'data = "srv"', 'https_port = "many"', "data = ", "folder = 1"])
def test_a_profile_with_anything_unknown_or_unfit_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(NotReady, match="settings-unreadable"):
        read_host(with_profile(tmp_path, text))


def test_a_host_without_a_profile_was_not_made_ready(tmp_path: Path) -> None:
    with pytest.raises(NotReady, match="host-not-ready"):
        read_host(tmp_path)


@pytest.mark.parametrize("name", ["", "A", "a b", "../a", "a/b", "a.b", "-a", "a-", "1a", "a" * 25, "monitor", "operator", "a\n"])
def test_a_name_that_could_be_anything_else_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(Refused):
        check_name(name)


def test_what_is_written_of_an_office_is_read_again(tmp_path: Path) -> None:
    host = Host(tmp_path)
    written = HostedOffice("sakura", "sakura.example.jp", "K-\"1\\", policies=500, hours="月〜土 9:00", began=1_790_000_000)
    offices.write(host, written)
    offices.write(host, replace(written, name="aoi"))
    assert offices.read(host, "sakura") == written
    assert [each.name for each in offices.every(host)] == ["aoi", "sakura"]
    with pytest.raises(NotFound, match="office-unknown"):
        offices.read(host, "midori")


def test_a_program_that_fails_says_so_and_nothing_goes_through_a_shell() -> None:
    assert programs.run("printf", "%s", "$(id) ; x") == "$(id) ; x"
    assert programs.run("cat", given="読めます".encode()) == "読めます"
    with pytest.raises(Refused, match="program-failed"):
        programs.run("false")
    with pytest.raises(NotReady, match="program-missing"):
        programs.run("kura-no-such-program")
    with pytest.raises(Refused, match="program-failed"):
        programs.run("sleep", "5", seconds=0.05)
