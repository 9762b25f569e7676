"""Releases on a host: named by what is in them, copied whole, read-only, dropped only when nobody runs them."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import pytest

from vault.errors import NotFound, Refused
from vault.storage.host import files, releases
from vault.storage.host.layout import Host


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A program with the shape of Kura's, that runs in no time."""
    root = tmp_path / "checkout"
    texts = {
        "vault/__init__.py": "", "vault/cli/kura.py": "print('kura')\n", "vault/web/__init__.py": "", "wsgi.py": "",
        "vault/web/compiled.py": "from pathlib import Path\n(Path(__file__).parents[2] / 'compiled').mkdir(exist_ok=True)\n",
        "pyproject.toml": '[project]\nversion = "1.2.3"\n', "requirements.txt": "nothing==1\n", "deploy/run": "#!/bin/sh\n",
        "templates/base.html": "<p>", "static/a.css": "a {}",
    }  # fmt: skip
    for name, text in texts.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    (root / "deploy" / "run").chmod(0o755)
    return root


@pytest.fixture
def environment(tmp_path: Path, source: Path) -> Path:
    place = tmp_path / "environment"
    (place / "bin").mkdir(parents=True)
    (place / "bin" / "python").symlink_to(sys.executable)
    (place / releases.STAMP).write_text(hashlib.sha256((source / "requirements.txt").read_bytes()).hexdigest() + "\n")
    return place


def test_a_release_is_whole_read_only_and_the_same_again(tmp_path: Path, source: Path, environment: Path) -> None:
    host = Host(tmp_path / "host")
    (source / ".git").mkdir()
    (source / "tests").mkdir()
    for name in ("tests/test_a.py", ".git/config", "vault/__pycache__/a.pyc", "instance/secret_key", "vault/.hidden"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("not of the program")
    name, new = releases.add(host, source, environment)
    assert new and name == releases.name_of(source) and name.startswith("1.2.3-")
    release = host.releases / name
    held = {str(path.relative_to(release)) for path in release.rglob("*") if path.is_file() and "__pycache__" not in path.parts}
    assert held == {
        "vault/__init__.py", "vault/cli/kura.py", "vault/web/__init__.py", "vault/web/compiled.py", "wsgi.py", "pyproject.toml",
        "requirements.txt", "deploy/run", "templates/base.html", "static/a.css",
    }  # fmt: skip
    assert all(path.lstat().st_mode & 0o022 == 0 for path in release.rglob("*") if not path.is_symlink())
    assert (release / "deploy/run").stat().st_mode & 0o111 and not (release / "wsgi.py").stat().st_mode & 0o111
    assert (release / "compiled").is_dir() and list((release / "vault").rglob("kura.*.pyc"))
    assert (release / "environment" / "bin" / "python").exists()
    assert releases.add(host, source, environment) == (name, False)
    assert sorted(path.name for path in host.releases.iterdir()) == [name]


def test_another_byte_is_another_release(source: Path) -> None:
    before = releases.name_of(source)
    (source / "static" / "a.css").write_text("b {}")
    other = releases.name_of(source)
    (source / "deploy" / "run").chmod(0o644)
    assert len({before, other, releases.name_of(source)}) == 3


def test_what_is_no_program_or_does_not_fit_is_refused(tmp_path: Path, source: Path, environment: Path) -> None:
    host = Host(tmp_path / "host")
    with pytest.raises(Refused, match="release-source"):
        releases.add(host, tmp_path)
    (environment / releases.STAMP).write_text("other\n")
    with pytest.raises(Refused, match="environment-unfit"):
        releases.add(host, source, environment)
    assert not list(host.root.rglob("*.part"))


def test_one_that_somebody_runs_is_not_dropped(tmp_path: Path, source: Path, environment: Path) -> None:
    host = Host(tmp_path / "host")
    old = releases.add(host, source, environment)[0]
    (source / "static" / "a.css").write_text("b {}")
    new = releases.add(host, source, environment)[0]
    assert releases.choose(host, new) and releases.current(host) == new
    files.link(host.release_of("ta"), host.releases / old)
    assert [(each.offices, each.current) for each in releases.every(host) if each.name == old] == [(("ta",), False)]
    for name in (old, new):
        with pytest.raises(Refused, match="release-used"):
            releases.drop(host, name)
    files.drop(host.release_of("ta"))
    releases.drop(host, old)
    assert [each.name for each in releases.every(host)] == [new]
    assert (host.releases / new / "environment" / "bin" / "python").exists()  # still needed by the other


@pytest.mark.parametrize("name", ["", "none", "../releases", ".part", "a/b"])
def test_a_release_that_is_not_there_is_said_so(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound, match="release-unknown"):
        releases.path_of(Host(tmp_path), name)
