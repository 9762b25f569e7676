"""The search for plaintext finds what is planted, form by form, and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import leaks


@pytest.mark.parametrize(("form", "plant"), leaks.plants().items(), ids=leaks.plants())
def test_a_planted_marker_is_found(form: str, plant: Callable[[Path], None], tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    plant(folder / "planted")
    found = leaks.search([tmp_path], [leaks.PLANTED, leaks.PLANTED.replace("髙", "高")])
    assert found, form


def test_a_value_spread_over_sqlite_pages_is_put_together(tmp_path: Path) -> None:
    leaks.plants()["SQLite"](tmp_path / "vault.sqlite")
    long = "埋め草" * 500 + leaks.PLANTED
    assert {found.form for found in leaks.search([tmp_path], [long])} == {"utf-8 in a SQLite value"}


def test_random_bytes_hold_no_marker(tmp_path: Path) -> None:
    (tmp_path / "sealed").write_bytes(os.urandom(1 << 20))
    assert leaks.search([tmp_path], ["山田太郎", "日本生命", leaks.PLANTED]) == []


def test_a_search_that_misses_a_form_fails_before_it_searches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:
    leaks.prove.cache_clear()
    monkeypatch.setattr(leaks, "GZIP_HEAD", b"never so")
    with pytest.raises(AssertionError, match="gzip"):
        leaks.search([tmp_path], ["山田太郎"])
    leaks.prove.cache_clear()


def test_every_leak_is_named(tmp_path: Path) -> None:
    (tmp_path / "log").write_text("GET /clients?q=山田太郎")
    with pytest.raises(AssertionError, match="log: '山田太郎' as utf-8"):
        leaks.check([tmp_path], ["山田太郎"])
