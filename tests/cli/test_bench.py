"""`kura bench` measures a real instance, says what it found, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vault.cli.bench import Figure

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 12
CROWD = 8 - 3  # who is neither an administrator nor about to leave
LIMITS = {
    "client_page_quotient": 1.15, "save_quotient": 2, "sign_in_argon2": 85, "idle_memory": 90, "person_create": 1,
    "person_revoke": 2, "administrator_revoke": 2, "crowd_in": CROWD, "crowd_memory": 3,
    "search_quotient": 0.5, "search_growth": 10, "worklist_growth": 10, "search_page_waiting": 2, "redraw_start": 170, "redraw_quotient": 1.3, "backup_first_quotient": 1.3, "backup_next_quotient": 0.1, "erase_client": 1,
}  # fmt: skip


def measured(folder: Path, *arguments: str) -> list[dict[str, Any]]:
    (folder / "run").mkdir(exist_ok=True)
    environment = {
        "PATH": os.defpath, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "PYTHONDONTWRITEBYTECODE": "1",
        "RUNTIME_DIRECTORY": str(folder / "run"),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "vault.cli.kura", "bench", "--json", *arguments],
        capture_output=True, text=True, env=environment, cwd=folder, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_the_bench_tells_every_figure_with_its_limit_and_leaves_nothing_behind(tmp_path: Path) -> None:
    found = measured(tmp_path, "--clients", "50", "--people", str(PEOPLE), "--objects", "20")
    assert {name for figure in found for name in figure} == {"name", "value", "unit", "limit", "ok", "least"}
    assert {figure["name"]: figure["limit"] for figure in found if figure["limit"] is not None} == LIMITS
    assert [figure["name"] for figure in found if figure["value"] <= 0] == []
    assert [path.name for path in tmp_path.rglob("*")] == ["run"]


@pytest.mark.long
def test_the_search_can_be_measured_alone(tmp_path: Path) -> None:
    names = {figure["name"] for figure in measured(tmp_path, "--clients", "10", "--search")}
    assert {"search_quotient", "search_growth", "worklist_growth", "search_page_crowd"} <= names and "save_quotient" not in names


def test_every_figure_has_its_words() -> None:
    from vault import catalogue

    for language in ("ja", "en"):
        words = catalogue.load(language)
        for name in (*LIMITS, "sign_in", "client_list", "working_memory", "client_page", "client_page_plain", "save",
                     "plain_insert", "bare_insert", "keystore_write", "crowd_sign_in", "copy", "backup_first", "vacuum",
                     "search_ready", "search", "search_like", "search_behind", "worklist", "search_page", "search_page_crowd",
                     "backup_next", "drill", "restore", "rekey_client", "destroy", "redraw_page", "seal_large", "open_large", "upload_first",
                     "upload_whole", "upload_memory", "upload_child_memory", "upload_read"):  # fmt: skip
            assert words.gettext(f"bench.{name}") != f"bench.{name}"


@pytest.mark.parametrize(("value", "least", "ok"), [(2.0, False, True), (2.1, False, False), (1.9, True, False)])
def test_a_figure_is_held_against_its_limit(value: float, least: bool, ok: bool) -> None:
    assert Figure("save_quotient", value, "×", 2, least).ok is ok


@pytest.mark.long
def test_the_limits_hold_with_25_000_clients(tmp_path: Path) -> None:
    # Other work on the same machine befalls both sides of a quotient but not at the same moment: the best of two.
    runs = [measured(tmp_path), measured(tmp_path)]
    missed = [{figure["name"] for figure in found if not figure["ok"]} for found in runs]
    assert not missed[0] & missed[1], runs
