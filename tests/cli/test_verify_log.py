"""`kura verify-log` and the script that does without Kura, as they are run."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shutil
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from tests.support.instance import Instance as Command
from tests.support.offices import Office, no_keeper, office, templates
from tests.support.verifiers import SCRIPT, agreed, script
from vault.cli import verifying
from vault.crypto import codec
from vault.services import clients
from vault.services.audit import columns_of
from vault.storage import chain, journal
from vault.storage.database import create_tables, reading

__all__ = ["no_keeper", "office", "templates"]


def kura(office: Office, *arguments: str, code: int = 0) -> str:
    return Command(office.folder, office.folder.parent / "home").kura("verify-log", *arguments, code=code)


def run_script(office: Office, *arguments: str, code: int = 0) -> str:
    """The script the way an auditor runs it: Python alone, from a folder where nothing of Kura is found."""
    keys, database = str(office.folder / "keys" / "a"), str(office.database)
    given = [database, "--keys", keys, "--office", office.settings.office.hex(), *arguments]
    done = subprocess.run(
        [sys.executable, "-I", "-X", "utf8", str(SCRIPT), *given], check=False, capture_output=True, timeout=60,
        cwd=office.folder.parent,
    )  # fmt: skip
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == code, said
    return said


def head(office: Office) -> tuple[int, str]:
    [(position, hashed)] = office.sql("SELECT position, hash FROM journal ORDER BY position DESC LIMIT 1")
    return position, hashed.hex()


def test_a_whole_log_is_told_with_its_head_to_be_written_down(office: Office) -> None:
    position, hashed = head(office)
    said = kura(office)
    assert f"アクセスログの記録: {position}件" in said and "正しくつながっています" in said
    assert f"控え: {position}:{hashed}" in said
    said = run_script(office)
    assert f"アクセスログの記録 {position}件" in said and f"控え: {position}:{hashed}" in said


def test_for_programs_the_finding_is_json(office: Office) -> None:
    position, hashed = head(office)
    facts = json.loads(kura(office, "--json"))
    marked = office.instance.keyring.stored().keystore.mark[0]
    assert facts == {
        "whole": True, "entries": position, "right": {"position": position, "hash": hashed}, "fault": None,
        "notes": {"head": position, "mark": marked},
    }  # fmt: skip
    office.sql("DELETE FROM journal WHERE position=4")
    facts = json.loads(kura(office, "--json", code=1))
    assert facts["whole"] is False and facts["entries"] == position - 1
    assert facts["fault"] == {"position": 4, "kind": "missing"}


@pytest.mark.parametrize(("edit", "at", "told"), [
    ("UPDATE journal SET sealed=x'00' WHERE position=7", 7, "書き換え"),
    ("DELETE FROM journal WHERE position=7", 7, "抜き取られ"),
    ("INSERT INTO journal SELECT -1, clear, key, sealed, hash, noted, at, event, person, subject FROM journal WHERE position=2",
     -1, "差し込まれ"),
    ("DELETE FROM journal WHERE position>7", 8, ""),
])  # fmt: skip
def test_a_log_that_is_not_right_is_told_in_words_and_by_the_exit_status(edit: str, at: int, told: str, office: Office) -> None:
    office.sql(edit)
    for said in (kura(office, code=1), run_script(office, code=1)):
        assert f"{at}番の記録から正しくありません" in said and told in said
    assert "事務所の管理者" in kura(office, code=1)


def test_everything_put_back_together_is_found_by_what_was_written_down(office: Office) -> None:
    """Database, keystore and the note of the head of one earlier moment: only paper remembers the rest."""
    earlier = office.folder.parent / "earlier"
    copy = office.copy_database()
    shutil.copytree(office.folder / "keys", earlier)
    clients.list_clients(office.desk())
    position, hashed = head(office)
    office.put_database_back(copy)
    shutil.rmtree(office.folder / "keys")
    shutil.copytree(earlier, office.folder / "keys")
    gone = head(office)[0] + 1
    assert "正しくつながっています" in kura(office) and "正しくつながっています" in run_script(office)
    expected = ("--expect", f"{position}:{hashed}")
    for said in (kura(office, *expected, code=1), run_script(office, *expected, code=1)):
        assert f"{gone}番の記録から正しくありません" in said
    office.restart()
    clients.list_clients(office.desk())  # it goes on, and has other entries at those places now
    clients.list_clients(office.desk())
    for said in (kura(office, *expected, code=1), run_script(office, *expected, code=1)):
        assert f"{position}番の記録から正しくありません" in said and "控え" in said


@pytest.mark.parametrize("typed", ["", "95", "95:", "95:zz", "x:" + "0" * 64, "95:" + "0" * 63])
def test_an_expectation_that_is_none_is_asked_for_again(typed: str, office: Office) -> None:
    assert verifying.read_head(typed) is None
    if not typed:
        assert "番号:控え" in kura(office, "--expect", typed, code=1)


def test_a_keystore_that_does_not_open_is_told_and_the_chain_verified_all_the_same(office: Office) -> None:
    for replica in office.settings.replicas:
        for path in replica.glob("shred.*"):
            path.write_bytes(bytes(64 * 1024))
    assert "読めません" in kura(office) and "None" in run_script(office)
    office.sql("DELETE FROM journal WHERE position=7")
    assert "7番の記録" in kura(office, code=1) and "7番の記録" in run_script(office, code=1)


def test_nobody_who_works_waits_for_the_verifier(office: Office) -> None:
    desk = office.desk()
    with reading(office.instance.engine) as connection:
        before = chain.count(connection)
        clients.list_clients(desk)  # writes its entry
        assert chain.count(connection) == before
        assert chain.walk(connection, columns_of).last[0] == before
    assert head(office)[0] == before + 1


def test_a_log_that_goes_on_meanwhile_is_whole(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    desk, walk = office.desk(), chain.walk

    def walked(*arguments: object) -> chain.Walk:
        clients.list_clients(desk)  # after the notes were read and before the first entry is
        return walk(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(chain, "walk", walked)
    finding = verifying.verify(office.instance)
    assert finding.fault is None and finding.last[0] == head(office)[0] > (finding.notes["head"] or 0)


# --- the script


def state(folder: Path) -> dict[str, tuple[int, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {p.name: (p.stat().st_mtime_ns, hashlib.sha256(p.read_bytes()).hexdigest()) for p in files}


@pytest.mark.parametrize("log", [False, True])
def test_the_script_reads_what_is_in_the_log_beside_and_leaves_the_copy_as_it_was(log: bool, office: Office, tmp_path: Path) -> None:
    clients.list_clients(office.desk())
    held = head(office)
    copy = tmp_path / "evidence"
    copy.mkdir()
    if log:
        for suffix in ("", "-wal"):
            shutil.copy(f"{office.database}{suffix}", copy / f"kura.db{suffix}")
        assert (copy / "kura.db-wal").stat().st_size
    else:
        office.sql("VACUUM INTO ?", str(copy / "kura.db"))
    before = state(copy)
    count, last, fault = script.read(copy / "kura.db", [], tmp_path)
    assert (count, last[0], last[1].hex(), fault) == (held[0], *held, None)
    assert state(copy) == before


def test_what_is_no_database_ends_with_another_status(office: Office, tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("dear")
    for name in ("letter.db", "nowhere.db"):
        given = [sys.executable, "-I", str(SCRIPT), str(tmp_path / name)]
        done = subprocess.run(given, check=False, capture_output=True)
        assert done.returncode == 2 and b"Traceback" not in done.stderr and not done.stdout
    assert not (tmp_path / "nowhere.db").exists()


def test_the_script_is_short_and_needs_nothing_but_python_and_cryptography() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) < 150
    tree = ast.parse(text)
    named = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    named |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    foreign = {name.split(".")[0] for name in named} - set(sys.stdlib_module_names)
    assert foreign == {"cryptography"}
    assert all(line.lstrip() != line for line in text.splitlines() if "cryptography" in line and "import" in line)


def test_the_head_that_one_verifier_tells_the_other_takes(office: Office) -> None:
    said = run_script(office)
    found = re.search(r"(\d+:[0-9a-f]{64})", said)
    assert found
    assert '"expected": ' + str(head(office)[0]) in kura(office, "--expect", found[1], "--json")


# --- size


def long_journal(path: Path, entries: int) -> None:
    """A journal of so many entries, of the size that a day's work makes them."""
    create_tables(path)
    last, clear = (0, journal.NO_HASH), b""
    told = {"at": 0, "event": "client-opened", "status": 200, "address": "192.0.2.7", "method": "GET",
            "route": "/clients/<client>", "person": bytes(16), "device": bytes(16), "subject": bytes(range(16))}  # fmt: skip
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        for position in range(1, entries + 1):
            clear = codec.encode({**told, "at": position})
            last = journal.append(connection, last, clear, bytes(16), bytes(346), columns_of(clear))
    engine.dispose()


@pytest.mark.long
def test_half_a_million_entries_take_less_than_a_minute_and_no_memory_of_their_own(tmp_path: Path) -> None:
    long_journal(tmp_path / "kura.db", 500_000)
    since = time.monotonic()
    assert agreed(tmp_path / "kura.db", [], tmp_path) is None
    assert time.monotonic() - since < 120  # both
    tracemalloc.start()
    long_journal(tmp_path / "short.db", 20_000)
    tracemalloc.reset_peak()
    assert agreed(tmp_path / "short.db", [], tmp_path) is None
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()
