"""Templates that were compiled with the release are used as they are, and never where the template is another one since."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask
from jinja2 import Environment

from vault.web import compiled
from vault.web.compiled import Compiled, lay_down


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "page.html").write_text("<p>{{ word }}</p>")
    return Flask("release", template_folder=str(folder))


def compiling(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names that are compiled from now on."""
    found: list[str] = []
    whole = Environment.compile

    def noted(environment: Environment, source: str, name: str = "", *more: object) -> object:
        found.append(name)
        return whole(environment, source, name, *more)  # type: ignore[call-overload]

    monkeypatch.setattr(Environment, "compile", noted)
    return found


def opened(app: Flask, root: Path) -> Flask:
    """The same program, as an office's process starts it."""
    again = Flask("release", template_folder=app.template_folder and str(app.template_folder))
    again.jinja_env.bytecode_cache = Compiled(root / compiled.FOLDER)
    return again


def test_an_office_compiles_nothing_that_the_release_has(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lay_down(app, tmp_path) == 1
    found = compiling(monkeypatch)
    page = opened(app, tmp_path).jinja_env.get_template("page.html")
    assert page.render(word="a&b") == "<p>a&amp;b</p>" and found == []


def test_a_template_that_was_changed_since_is_compiled_anew_and_nothing_is_written(
    app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lay_down(app, tmp_path)
    (tmp_path / "templates" / "page.html").write_text("<b>{{ word }}</b>")
    before = {path.name: path.read_bytes() for path in (tmp_path / compiled.FOLDER).iterdir()}
    found = compiling(monkeypatch)
    assert opened(app, tmp_path).jinja_env.get_template("page.html").render(word="x") == "<b>x</b>"
    assert found == ["page.html"]
    assert {path.name: path.read_bytes() for path in (tmp_path / compiled.FOLDER).iterdir()} == before


def test_without_a_release_they_are_compiled_in_memory(app: Flask, tmp_path: Path) -> None:
    assert opened(app, tmp_path).jinja_env.get_template("page.html").render(word="x") == "<p>x</p>"
    assert not (tmp_path / compiled.FOLDER).exists()
