"""`kura destroy` and `kura verify-certificate` as an operator runs them, a real server included."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.command import begun, kura, refusal
from tests.support.instance import Instance
from vault.config import load
from vault.crypto.keys import fingerprint
from vault.errors import Refused
from vault.services import presence


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return begun(tmp_path / "事務所")


def test_the_id_typed_destroys_and_the_certificate_verifies(folder: Path) -> None:
    settings = load(folder)
    (folder / "keys" / "a" / "lock").touch()
    done = kura("destroy", "--folder", str(folder), typed=f"{settings.office.hex()}\n")
    assert done.returncode == 0, done.stderr
    certificate = folder.with_name("事務所.certificate.txt")
    assert not folder.exists() and str(certificate) in done.stdout
    verified = kura("verify-certificate", str(certificate), "--key", settings.operator_public.hex())
    assert verified.returncode == 0 and f"office: {settings.office.hex()}" in verified.stdout
    raw = certificate.read_bytes()
    certificate.write_bytes(raw.replace("消去証明書".encode(), "消去証明証".encode()))
    assert "正しくありません" in refusal(kura("verify-certificate", str(certificate), "--key", settings.operator_public.hex()))
    certificate.write_bytes(raw)
    assert "正しくありません" in refusal(kura("verify-certificate", str(certificate), "--key", "00" * 32))
    assert "読めません" in refusal(kura("verify-certificate", str(certificate), "--key", "nothing"))
    shown = fingerprint(settings.operator_public).hex().upper()[:32]
    spaced = " ".join(shown[at : at + 4] for at in range(0, 32, 4))  # as the recovery sheet has it
    assert kura("verify-certificate", str(certificate), "--key", spaced).returncode == 0
    assert "正しくありません" in refusal(kura("verify-certificate", str(certificate), "--key", "0" + shown[1:] if shown[0] != "0" else "1" + shown[1:]))
    key = certificate.with_name("public.txt")
    key.write_text(settings.operator_public.hex() + "\n")
    assert kura("verify-certificate", str(certificate), "--key", str(key)).returncode == 0
    assert "全て" not in raw.decode() and "すべての写し" not in raw.decode()


@pytest.mark.parametrize("typed", ["", "yes", "0" * 32])
def test_anything_else_typed_destroys_nothing(folder: Path, typed: str) -> None:
    before = sorted(folder.rglob("*"))
    done = kura("destroy", "--folder", str(folder), typed=f"{typed}\n")
    assert done.returncode == 1 and sorted(folder.rglob("*")) == before
    assert "消去していません" in refusal(kura("destroy", "--folder", str(folder), "--yes", "f" * 32))


def test_where_nothing_is_nothing_is_destroyed(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (tmp_path / "x" / "letter.txt").write_text("dear")
    for place in ("x", "y"):
        assert "ありません" in refusal(kura("destroy", "--folder", str(tmp_path / place), "--yes", "0"))
    assert (tmp_path / "x" / "letter.txt").exists()


def test_without_the_operators_key_nothing_goes(folder: Path, tmp_path: Path) -> None:
    office = load(folder).office.hex()
    key = (folder / "operator.key").rename(tmp_path / "key")
    assert "--operator-key" in refusal(kura("destroy", "--folder", str(folder), "--yes", office))
    assert (folder / "data" / "kura.db").exists()
    done = kura("destroy", "--folder", str(folder), "--yes", office, "--operator-key", str(key), "--certificate", str(tmp_path / "c.txt"))
    assert done.returncode == 0 and (tmp_path / "c.txt").exists() and key.exists()


def test_a_running_server_is_not_pulled_away(new_instance: Callable[..., Instance]) -> None:
    running = new_instance(workers=1)
    office = load(running.folder).office.hex()
    with ThreadPoolExecutor() as both:  # each waits a while for the server to go
        packed = both.submit(running.kura, "pack", "--to", str(running.home / "x.pack"), code=1)
        said = running.kura("destroy", "--yes", office, code=1)
    assert "kura serve" in said and re.search(r"\d+", said)
    assert (running.folder / "data" / "kura.db").exists() and not (running.folder / "closed").exists()
    assert "kura serve" in packed.result()
    running.kill()
    running.kura("destroy", "--yes", office)
    assert not running.folder.exists()


def test_a_server_is_noticed_where_the_kernel_hides_what_it_has_open(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its lock on the folder tells, and outlives an exec and the first of its processes."""
    monkeypatch.setattr(presence, "WAIT_SECONDS", 0.2)
    handle = presence.stand_on(folder)
    child = subprocess.Popen(["sleep", "30"], close_fds=False)
    os.close(handle)
    try:
        with pytest.raises(Refused) as refused, presence.alone(folder):
            pass
        assert refused.value.code == "ending-running"
        os.close(presence.stand_on(folder))  # a second server of the same instance
    finally:
        child.kill()
        child.wait()


def test_nobody_begins_to_serve_what_is_being_ended(folder: Path) -> None:
    with presence.alone(folder):
        assert "途中です" in refusal(kura("serve", "--folder", str(folder)))
    (folder / "ending.json").write_text("{}")
    assert "途中です" in refusal(kura("serve", "--folder", str(folder)))


def test_the_operators_key_may_come_through_a_pipe_and_lies_nowhere(folder: Path, tmp_path: Path) -> None:
    office = load(folder).office.hex()
    key = (folder / "operator.key").read_text()
    (folder / "operator.key").unlink()
    words = ("destroy", "--folder", str(folder), "--yes", office, "--operator-key", "-", "--certificate", str(tmp_path / "c.txt"))
    assert "読めません" in refusal(kura(*words, typed="nothing\n"))
    done = kura(*words, typed=f"{key}\n")
    assert done.returncode == 0 and (tmp_path / "c.txt").exists(), done.stderr
    assert key not in done.stdout + done.stderr + (tmp_path / "c.txt").read_text("utf-8")
