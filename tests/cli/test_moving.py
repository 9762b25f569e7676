"""`kura pack` and `kura unpack` as an operator runs them: the code and the receipt are typed from what was printed."""

from __future__ import annotations

import re
from pathlib import Path

from tests.cli.test_ending import kura, refusal
from tests.support.endings import furnished, let_go
from tests.support.offices import Office, no_keeper, office, templates  # noqa: F401
from vault.config import load
from vault.crypto.unlock import new_code


def printed(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (\S+)$", text, re.MULTILINE)
    assert found, text
    return found[1]


def test_from_one_server_to_the_next(office: Office, tmp_path: Path) -> None:
    furnished(office)
    let_go(office)
    old, new, pack = office.folder, tmp_path / "new", tmp_path / "office.pack"
    assert "--to" in refusal(kura("pack", "--folder", str(old)))
    done = kura("pack", "--folder", str(old), "--to", str(pack), "--with-backups")
    assert done.returncode == 0, done.stderr
    code = printed(done.stdout, "開封コード")
    assert "外に閉じている: 引っ越しのため" in kura("status", "--folder", str(old)).stdout
    assert "kura pack --reopen" in refusal(kura("restore", "--folder", str(old), "--at", "2026-11-22"))
    for mistyped in ("00000-00000-00000-00000-000001\n", ""):
        assert "開封コードは26文字" in refusal(kura("unpack", str(pack), "--folder", str(new), typed=mistyped))
    assert "開封コードが" in refusal(kura("unpack", str(pack), "--folder", str(new), typed=f"{new_code()}\n"))
    assert not new.exists()
    unpacked = kura("unpack", str(pack), "--folder", str(new), typed=f"{code.lower()}\n")
    assert unpacked.returncode == 0, unpacked.stderr
    receipt = printed(unpacked.stdout, "受領番号")
    assert load(new).office == load(old).office and kura("status", "--folder", str(new)).returncode == 0
    assert "--moved" in refusal(kura("destroy", "--folder", str(old), "--yes", load(old).office.hex()))
    assert "受領番号" in refusal(kura("destroy", "--folder", str(old), "--yes", load(old).office.hex(), "--moved", "0000"))
    gone = kura("destroy", "--folder", str(old), "--yes", load(old).office.hex(), "--moved", receipt)
    assert gone.returncode == 0 and not old.exists(), gone.stderr
    assert kura("verify-log", "--folder", str(new)).returncode == 0


def test_an_office_that_works_and_never_asked_goes_only_when_its_contract_has_ended(office: Office) -> None:
    furnished(office)
    let_go(office)
    destroy = ("destroy", "--folder", str(office.folder), "--yes", load(office.folder).office.hex())
    assert "--contract-ended" in refusal(kura(*destroy))
    assert (office.folder / "data" / "kura.db").exists() and not (office.folder / "closed").exists()
    assert kura(*destroy, "--contract-ended").returncode == 0 and not office.folder.exists()


def test_a_move_given_up(office: Office, tmp_path: Path) -> None:
    furnished(office)
    let_go(office)
    assert "閉じてはいません" in kura("pack", "--folder", str(office.folder), "--reopen").stdout
    assert kura("pack", "--folder", str(office.folder), "--to", str(tmp_path / "office.pack")).returncode == 0
    assert "--yes" in refusal(kura("pack", "--folder", str(office.folder), "--reopen"))
    assert (office.folder / "closed").exists()
    assert "また開きました" in kura("pack", "--folder", str(office.folder), "--reopen", "--yes").stdout
    assert not (office.folder / "closed").exists()
