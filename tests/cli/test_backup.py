"""`kura backup`, `kura drill`, `kura restore` and what `kura status` tells of them, as an operator runs them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.instance import Instance as Command
from tests.support.offices import Office, no_keeper, office, templates
from vault.services import backups, clients, restore_confirming
from vault.services.instance import Instance

__all__ = ["no_keeper", "office", "templates"]


def kura(office: Office, *arguments: str, code: int = 0) -> str:
    return Command(office.folder, office.folder.parent / "home").kura(*arguments, code=code)


def facts(printed: str) -> dict[str, object]:
    found = json.loads(next(line for line in printed.splitlines() if line.startswith("{")))
    assert isinstance(found, dict)
    return found


def name_of(office: Office) -> str:
    return backups.folder_of(office.instance).names()[-1]


def day_of(name: str) -> str:
    return f"{name[:4]}-{name[4:6]}-{name[6:8]}"


def change(office: Office) -> None:
    desk = office.desk()
    page = clients.get(desk, office.facts.clients[0])
    clients.save(desk, page.id, replace(page.client, notes="三度目"), page.version)


def test_a_backup_is_made_tried_and_told_line_by_line(office: Office) -> None:
    said = kura(office, "backup")
    assert re.search(r"バックアップができました: \d{8}-\d{6} \([\d,]+バイト\)", said)
    assert "異常はありません" in said and "同じディスク" in said
    assert "\r" not in said and said.count("データベース\n") == 2, "no terminal, no line that moves"
    assert "\x1b" not in said


def test_on_a_terminal_progress_is_one_line_that_moves(office: Office) -> None:
    import pty

    command = Command(office.folder, office.folder.parent / "home")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        command.command("backup", "--folder", str(office.folder)), env=command.environment(), stdout=theirs,
        stderr=theirs, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        said += piece
    os.close(ours)
    assert process.wait() == 0
    assert "\rバックアップ: データベース".encode() in said and b"100%" in said


def test_for_programs_it_is_one_line_of_json(office: Office) -> None:
    told = facts(kura(office, "backup", "--json"))
    assert told["name"] == name_of(office) and told["lost"] == 0 and told["one_disk"] is True
    drilled = told["drill"]
    assert isinstance(drilled, dict) and drilled["faults"] == [] and drilled["files"] == 4
    assert facts(kura(office, "backup", "--json", "--no-drill"))["drill"] is None


def test_status_tells_of_the_last_backup_and_drill(office: Office) -> None:
    before = facts(kura(office, "status", "--json"))
    assert before["backup"] == "" and before["backup_drilled"] == ""
    kura(office, "backup")
    after = facts(kura(office, "status", "--json"))
    assert after["backup"] and after["backup_drilled"] and after["backup_faults"] == 0
    assert after["backup_one_disk"] is True and after["backup_late"] is False
    assert "バックアップが記録と同じディスク: はい" in kura(office, "status")


def test_a_drill_that_finds_something_names_it_and_ends_with_1(office: Office) -> None:
    kura(office, "backup")
    path = office.settings.backups / name_of(office) / "settings.toml"
    path.write_text(path.read_text() + "#")
    said = kura(office, "drill", code=1)
    assert "1件の異常" in said and "settings.toml: 内容が変わっています" in said
    told = facts(kura(office, "drill", "--json", code=1))
    assert told["faults"] == [{"kind": "file-changed", "file": "settings.toml"}]
    assert facts(kura(office, "status", "--json"))["backup_faults"] == 1
    assert "「20200101-000000」という名前" in kura(office, "drill", "--name", "20200101-000000", code=1)


def test_a_restore_asks_before_it_changes_anything(office: Office) -> None:
    kura(office, "backup")
    day = day_of(name_of(office))
    office.instance = Instance(office.settings, cost=office.instance.cost)
    change(office)
    assert "アクセスログ" in kura(office, "restore", "--at", day, "--dry-run")
    declined = kura(office, "restore", "--at", day, code=1)  # nobody there to answer
    assert "前の内容に戻る記録: 1" in declined and "戻りません" in declined
    assert "何も変えずに終わりました" in declined and "Aborted" not in declined
    assert not office.sql("SELECT 1 FROM journal WHERE event = 'restored'")
    said = kura(office, "restore", "--at", day, "--yes")
    assert "の記録に戻しました" in said and "--undo" in said
    assert office.sql("SELECT 1 FROM journal WHERE event = 'restored'")
    assert not (office.folder / "closed").exists()
    assert "戻しました" in kura(office, "restore", "--undo", "--yes")
    office.restart()
    office.instance = Instance(office.settings, cost=office.instance.cost)
    restore_confirming.confirm(office.desk())
    assert clients.get(office.desk(), office.facts.clients[0]).client.notes == "三度目"


@pytest.mark.parametrize(("arguments", "said"), [
    (("restore",), "2026-11-22"), (("restore", "--at", "x"), "2026-11-22"), (("restore", "--at", "2001-01-01"), "ありません"),
    (("restore", "--undo"), "取り消せる復元がありません"), (("drill",), "ありません"),
])  # fmt: skip
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: tuple[str, ...], said: str, office: Office) -> None:
    printed = kura(office, *arguments, code=1)
    assert said in printed and "Traceback" not in printed


def test_an_unmounted_disk_is_told_with_the_way_on(office: Office) -> None:
    kura(office, "backup")
    shutil.move(office.settings.backups, office.folder.parent / "away")
    said = kura(office, "backup", code=1)
    assert f"--force {office.settings.backups}" in said
    kura(office, "backup", "--force", str(office.settings.backups))


def test_with_a_replica_of_the_keys_away_state_and_backup_go_on_and_say_what_to_do(office: Office, tmp_path: Path) -> None:
    away = office.settings.replicas[1]
    shutil.move(away, tmp_path / "away")
    told = kura(office, "status")
    assert "不足している控え: 1" in told and str(away) in told and "kura backup" in told
    assert "バックアップができました" in kura(office, "backup") and not away.exists()
    refused = kura(office, "ticket", code=1)
    assert str(away) in refused and "settings.toml" in refused
    shutil.move(tmp_path / "away", away)
    (away / f"shred.{office.instance.files.read().keystore.epoch}").unlink()  # what a change meanwhile would leave
    kura(office, "backup")
    told = kura(office, "status")
    assert "不足している控え: 0" in told and "解約で消去する日: なし" in told


def test_the_main_folder_is_made_again_from_the_other_disk(office: Office, tmp_path: Path) -> None:
    second = tmp_path / "second"
    shutil.move(office.folder / "keys" / "b", second / "keys")
    path = office.folder / "settings.toml"
    text = path.read_text().replace('"keys/b"', f'"{second / "keys"}"') + f'backups = "{second / "backups"}"\n'
    path.write_text(text)
    office.restart()
    kura(office, "backup")
    day = day_of(name_of(office))
    office.instance.engine.dispose()
    shutil.rmtree(office.folder)
    said = kura(office, "restore", "--from", str(second / "backups"), "--at", day)
    assert "作り直しました" in said
    assert facts(kura(office, "status", "--json"))["replicas_owed"] == 0
    assert "空ではない" in kura(office, "restore", "--from", str(second / "backups"), "--at", day, code=1)


def test_an_instance_that_nobody_has_begun_can_be_backed_up(tmp_path: Path) -> None:
    command = Command(tmp_path / "instance", tmp_path / "home")
    command.init()
    assert "異常はありません" in command.kura("backup")


def test_backups_go_on_while_the_office_is_served(tmp_path: Path) -> None:
    command = Command(tmp_path / "instance", tmp_path / "home")
    command.init()
    command.start()
    try:
        for _ in range(2):
            assert "異常はありません" in command.kura("backup")
    finally:
        command.stop()


def test_nothing_of_a_backup_needs_a_terminal_or_a_home(office: Office) -> None:
    """As a timer runs it: no environment but the path."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).resolve().parents[2]), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-P", "-m", "vault.cli.kura", "backup", "--folder", str(office.folder)],
        env=environment, capture_output=True, check=False, timeout=60, cwd="/", stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
