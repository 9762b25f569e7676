"""The unit files of a host: complete, valid to systemd, and locked as far as `systemd-analyze` can see."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.unit_files import read
from vault.cli.serving import FINISH_SECONDS
from vault.storage.host import units
from vault.storage.host.layout import Host, Profile

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
WEB, MOST, MOST_OF_OTHERS = "kura-web@.service", 1.5, 2.0


def words(text: str, section: str, key: str) -> list[str]:
    return [word for value in read(text)[section].get(key, []) for word in value.split()]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """All of a host's units as an office's, with a program that systemd finds."""
    for name, text in units.texts(Host()).items():
        started = re.sub(r"(?m)^(ExecStart=)\S+", r"\1/usr/bin/true", text)
        (tmp_path / name.replace("@.", "@one.")).write_text(started.replace("%i", "one"))
    return tmp_path


def test_every_blank_of_every_template_is_filled() -> None:
    texts = units.texts(Host())
    assert set(texts) == {
        "kura-web@.socket", WEB, "kura-backup@.service", "kura-backup@.timer", "kura-drill@.service", "kura-drill@.timer",
        "kura-monitor.service", "kura-monitor.timer",
    }  # fmt: skip
    for name, text in texts.items():
        assert not re.search(r"@[a-z_]+@", text), name


def test_what_is_enabled_for_an_office_is_a_unit_that_is_written() -> None:
    texts = units.texts(Host())
    for name in (*units.of_office("one"), *units.OF_HOST):
        assert "WantedBy" in read(texts[name.replace("@one.", "@.")])["Install"], name
    for name in units.services_of("one"):
        assert "Install" not in read(texts[name.replace("@one.", "@.")]), name
    assert units.socket_of("one") in units.of_office("one")


def test_the_units_of_a_host_below_a_scratch_folder_name_nothing_outside_of_it(tmp_path: Path) -> None:
    for name, text in units.texts(Host(tmp_path)).items():
        bare = text.replace(str(tmp_path), "").replace("/usr/bin/flock", "").replace("/usr/bin/true", "")
        found = [place for place in re.findall(r"(?m)[ =](/(?:opt|var|run|etc)\S+)", text) if not place.startswith((str(tmp_path), "/var/tmp"))]
        assert not found and "/usr/bin/" not in bare, name
    assert f"--root {tmp_path} monitor run" in units.texts(Host(tmp_path))["kura-monitor.service"]


def test_an_office_sees_its_own_of_every_folder_that_offices_share() -> None:
    host = Host()
    web = units.texts(host)[WEB]
    hidden = {place.removesuffix(":ro") for place in words(web, "Service", "TemporaryFileSystem")}
    own = words(web, "Service", "BindPaths")
    assert own == [str(place) for place in (host.folder("%i"), host.keys("%i"), host.backups("%i"), host.run("%i"))]
    assert words(web, "Service", "BindReadOnlyPaths") == [f"-{host.told('%i')}", f"-{host.figures('%i')}"]
    for place in (*own, host.told("%i"), host.figures("%i"), host.register, host.smtp_password, host.certificate("%i")):
        assert any(Path(place).is_relative_to(each) for each in hidden), place


def test_a_folder_within_another_that_is_hidden_is_hidden_once() -> None:
    profile = replace(Profile(), data=Path("/srv/kura"), keys=Path("/srv/kura/keys"), backups=Path("/mnt/backups"))
    hidden = words(units.texts(Host(profile=profile))[WEB], "Service", "TemporaryFileSystem")
    assert "/srv/kura:ro" in hidden and "/srv/kura/keys:ro" not in hidden and "/mnt/backups:ro" in hidden


def test_a_stop_waits_longer_than_a_worker_may_take_to_finish() -> None:
    web = read(units.texts(Host())[WEB])["Service"]
    assert int(web["TimeoutStopSec"][0]) > FINISH_SECONDS + 10
    assert web["KillMode"] == ["mixed"] and web["RuntimeDirectoryPreserve"] == ["yes"]
    assert web["LimitCORE"] == ["0"] and web["MemorySwapMax"] == ["0"]


def test_offices_do_not_all_back_up_in_the_same_minute() -> None:
    texts = units.texts(Host())
    for name in ("kura-backup@.timer", "kura-drill@.timer"):
        timer = read(texts[name])["Timer"]
        assert timer["FixedRandomDelay"] == timer["Persistent"] == ["yes"]
        assert timer["RandomizedDelaySec"] in (["4h"], ["8h"])


@needs_systemd
def test_systemd_finds_nothing_wrong_with_them(written: Path) -> None:
    found = [str(path) for path in sorted(written.iterdir())]
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", *found], capture_output=True, text=True, check=False, timeout=60)
    told = [line for line in done.stderr.splitlines() if str(written) in line or "kura-" in line]
    assert done.returncode == 0 and not told, done.stderr


@needs_systemd
@pytest.mark.parametrize("name", ["kura-web@one", "kura-backup@one", "kura-drill@one", "kura-monitor"])
def test_systemd_counts_little_that_a_process_could_do(written: Path, name: str) -> None:
    most = MOST if name.startswith("kura-web") else MOST_OF_OTHERS
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", f"--threshold={most * 10:.0f}", "--no-pager", str(written / f"{name}.service")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert done.returncode == 0 and found is not None and float(found[1]) <= most, done.stdout + done.stderr
