"""The command of one instance: it begins, serves, tells and refuses, each with a sentence that says what to do."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import stat
from pathlib import Path

import pytest

from tests.support.command import begun, kura, refusal
from vault.config import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return begun(tmp_path / "事務所 1")


def test_init_prints_the_hand_over_once_and_keeps_no_password(tmp_path: Path) -> None:
    done = kura("init", "--folder", str(tmp_path / "a"), "--port", "18999", "--json", whole=True)
    facts = json.loads(done.stdout)
    assert set(facts) == {"login_id", "initial_password", "address", "expires", "folder"}
    stored = b"".join(p.read_bytes() for p in (tmp_path / "a").rglob("*") if p.is_file())
    bare = facts["initial_password"].replace("-", "")
    assert facts["initial_password"].encode() not in stored and bare.encode() not in stored


def test_everything_an_instance_has_is_its_owners_alone(folder: Path) -> None:
    for place in [folder, *folder.rglob("*")]:
        assert stat.S_IMODE(place.stat().st_mode) & 0o077 == 0, place


def test_init_again_is_refused_unless_asked_for_and_gives_another_password(folder: Path) -> None:
    assert "--again" in refusal(kura("init", "--folder", str(folder)))
    one = kura("init", "--folder", str(folder), "--again", "--json")
    two = kura("init", "--folder", str(folder), "--again", "--json")
    assert json.loads(one.stdout)["initial_password"] != json.loads(two.stdout)["initial_password"]


def test_a_half_made_folder_is_made_again(folder: Path) -> None:
    (folder / "activation.json").unlink()  # written last
    (folder / "settings.toml").unlink()
    assert kura("init", "--folder", str(folder)).returncode == 0


def test_a_foreign_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    for command in ("init", "serve", "status", "ticket"):
        assert "ではありません" in refusal(kura(command, "--folder", str(tmp_path)))
    assert [p.name for p in tmp_path.iterdir()] == ["letter.txt"]


def test_an_empty_folder_is_told_to_begin_first(tmp_path: Path) -> None:
    assert "kura init" in refusal(kura("serve", "--folder", str(tmp_path)))


def test_a_missing_secret_key_is_refused(folder: Path) -> None:
    (folder / "secret_key").unlink()
    assert "SECRET_KEY" in refusal(kura("serve", "--folder", str(folder)))


def test_newer_settings_are_refused(folder: Path) -> None:
    settings = folder / "settings.toml"
    settings.write_text(settings.read_text().replace("format = 1", "format = 2"))
    assert "より新しい" in refusal(kura("serve", "--folder", str(folder)))


def test_a_newer_database_is_refused(folder: Path) -> None:
    with sqlite3.connect(folder / "data" / "kura.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    assert "より新しい" in refusal(kura("serve", "--folder", str(folder)))


def test_a_database_of_another_program_is_refused(folder: Path) -> None:
    (folder / "data" / "kura.db").unlink()
    with sqlite3.connect(folder / "data" / "kura.db") as connection:
        connection.execute("CREATE TABLE music (title TEXT)")
    assert "証券蔵のデータベースではありません" in refusal(kura("serve", "--folder", str(folder)))


def test_a_lost_database_is_never_replaced_by_a_fresh_one(folder: Path) -> None:
    shutil.rmtree(folder / "data")
    (folder / "data").mkdir()
    assert "新しい金庫は作りません" in refusal(kura("serve", "--folder", str(folder)))
    assert not (folder / "data" / "kura.db").exists()


def test_a_folder_that_cannot_be_written_is_refused(folder: Path) -> None:
    before: tuple[str, ...] = ()
    if os.getuid() == 0:  # nothing is unwritable to root but what is mounted read-only
        script = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"'
        before = ("unshare", "--mount", "sh", "-c", script, str(folder))
    else:
        (folder / "data").chmod(0o500)
    done = kura("serve", "--folder", str(folder), before=before)
    (folder / "data").chmod(0o700)
    assert "書き込め" in refusal(done)


def test_a_ticket_is_refused_before_the_office_has_begun(folder: Path) -> None:
    assert "まだ使い始めていません" in refusal(kura("ticket", "--folder", str(folder)))


def test_status_of_an_unused_instance_tells_when_the_login_expires(folder: Path) -> None:
    facts = json.loads(kura("status", "--folder", str(folder), "--json").stdout)
    assert facts["begun"] is False and facts["initial_login_expires"].startswith("20")


def test_an_operators_key_that_is_none_is_refused(tmp_path: Path) -> None:
    wrong = tmp_path / "key.txt"
    wrong.write_text("not a key")
    said = refusal(kura("init", "--folder", str(tmp_path / "a"), "--operator-key", str(wrong)))
    assert "公開鍵" in said


def test_an_instance_on_a_host_is_told_where_its_places_are(tmp_path: Path) -> None:
    keys, backups, run, told = (tmp_path / name for name in ("keys", "backups", "run", "told"))
    public = tmp_path / "operator.pub"
    public.write_text("ab" * 32 + "\n")
    done = kura(
        "init", "--folder", str(tmp_path / "a"), "--host", "sakura.example.jp", "--replica", str(keys), "--backups", str(backups),
        "--run", str(run), "--told", str(told), "--operator-key", str(public), "--json",
    )  # fmt: skip
    assert json.loads(done.stdout)["address"] == "https://sakura.example.jp/", done.stderr
    settings = load(tmp_path / "a")
    assert (settings.host, settings.tls, settings.run, settings.told) == ("sakura.example.jp", True, run, told)
    assert settings.replicas == (tmp_path / "a" / "keys" / "a", keys) and settings.backups == backups
    assert settings.operator_public == bytes.fromhex("ab" * 32) and not (tmp_path / "a" / "operator.key").exists()
    assert (keys.stat().st_mode & 0o777) == 0o700 and not (tmp_path / "a" / "keys" / "b").exists()
    again = kura("init", "--folder", str(tmp_path / "a"), "--again", "--json")
    assert json.loads(again.stdout)["address"] == "https://sakura.example.jp/"
