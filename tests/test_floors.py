"""A floor imports only from floors below it, and no library that belongs to another floor."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GROUND = {"errors", "config"}
BELOW = {
    "ground": set(),
    "crypto": {"ground"},
    "domain": {"ground"},
    "storage": {"ground", "crypto", "domain"},
    "services": {"ground", "crypto", "domain", "storage"},
    # Words, which both ways to a person need and no floor below them may.
    "catalogue": {"ground"},
    "web": {"ground", "crypto", "domain", "storage", "services", "catalogue"},
    "cli": {"ground", "crypto", "domain", "storage", "services", "catalogue"},
}
HTTP = {"flask", "flask_login", "flask_wtf", "flask_babel", "werkzeug", "wtforms", "jinja2", "markupsafe", "babel"}
TERMINAL = {"click", "gunicorn"}
# The floors of pure bytes and pure rules name what they may use; the others what they may not.
ONLY: dict[str, set[str]] = {
    "ground": set(), "crypto": {"cryptography", "argon2"}, "domain": set(), "catalogue": {"babel"},
}
NEVER = {"storage": HTTP | TERMINAL, "services": HTTP | TERMINAL, "web": TERMINAL, "cli": HTTP}


def parsed(root: Path) -> dict[str, ast.Module]:
    """Dotted module name -> its tree, for everything below `root`/vault."""
    modules = {}
    for path in sorted((root / "vault").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        modules[name] = ast.parse(path.read_text(encoding="utf-8"), str(path))
    return modules


def imports(name: str, tree: ast.Module, packages: set[str]) -> Iterator[str]:
    """Every module that `name` imports, anywhere in it; `from a import b` gives a.b, for b may be a module."""
    home = name.split(".") if name in packages else name.split(".")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = home[:len(home) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{source}.{alias.name}" for alias in node.names)


def floor(module: str) -> str | None:
    """The floor of a module of Kura; None for the empty top package and for what stands on no floor."""
    parts = module.split(".")
    if len(parts) < 2:
        return None
    return "ground" if parts[1] in GROUND else parts[1]


def room(module: str) -> str:
    return ".".join(module.split(".")[:3])


def blueprint_rooms(modules: dict[str, ast.Module]) -> set[str]:
    return {
        room(name) for name, tree in modules.items() if name.startswith("vault.web.") and any(
            isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] == "Blueprint"
            for node in ast.walk(tree)
        )
    }


def fault(name: str, imported: str, blueprints: set[str]) -> str | None:
    """Why `name` may not import `imported`; None if it may."""
    here = floor(name)
    top = imported.split(".")[0]
    if here is None:
        return "the top package imports nothing"
    if here not in BELOW:
        return f"there is no floor {here!r}"
    if top == "vault":
        there = floor(imported)
        if there is not None and there != here and there not in BELOW[here]:
            return f"{here} does not stand on {there}"
        if {room(name), room(imported)} <= blueprints and room(name) != room(imported):
            return "blueprints do not import blueprints"
        return None
    if top in sys.stdlib_module_names:
        return None
    if top in NEVER.get(here, set()) or (here in ONLY and top not in ONLY[here]):
        return f"{top} does not belong on {here}"
    return None


def faults(root: Path) -> list[str]:
    modules = parsed(root)
    packages = {".".join(path.parent.relative_to(root).parts) for path in (root / "vault").rglob("__init__.py")}
    blueprints = blueprint_rooms(modules)
    return [
        f"{name} imports {imported}: {why}"
        for name, tree in modules.items() for imported in imports(name, tree, packages)
        if (why := fault(name, imported, blueprints))
    ]


def test_every_floor_stands_on_those_below_only() -> None:
    found = faults(ROOT)
    assert not found, "\n".join(found)


def test_every_library_that_is_imported_is_a_declared_dependency() -> None:
    import tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = {line.split(">")[0].replace("-", "_") for line in project["dependencies"]}
    # What a declared one is made of and hands out itself, or what it is called when it is imported.
    declared |= {"PIL", "argon2", "werkzeug", "jinja2", "markupsafe", "wtforms", "babel", "vault", "__future__"}
    modules = parsed(ROOT)
    used = {imported.split(".")[0] for name, tree in modules.items() for imported in imports(name, tree, set(modules))}
    assert used - declared - set(sys.stdlib_module_names) == set()


@pytest.mark.parametrize(("path", "line", "why"), [
    ("vault/crypto/keys.py", "import sqlalchemy", "sqlalchemy does not belong on crypto"),
    ("vault/crypto/keys.py", "from vault.domain import values", "crypto does not stand on domain"),
    ("vault/crypto/keys.py", "from vault import domain", "crypto does not stand on domain"),
    ("vault/crypto/keys.py", "from ..domain import values", "crypto does not stand on domain"),
    ("vault/crypto/__init__.py", "from ..storage import rows", "crypto does not stand on storage"),
    ("vault/domain/values.py", "import cryptography", "cryptography does not belong on domain"),
    ("vault/domain/values.py", "def late():\n    import vault.crypto.keys", "domain does not stand on crypto"),
    ("vault/storage/rows.py", "import vault.services.safe", "storage does not stand on services"),
    ("vault/storage/rows.py", "from flask import g", "flask does not belong on storage"),
    ("vault/services/safe.py", "from vault.web import gate", "services does not stand on web"),
    ("vault/web/gate.py", "from vault.cli import kura", "web does not stand on cli"),
    ("vault/cli/kura.py", "from vault.web import gate", "cli does not stand on web"),
    ("vault/web/clients.py", "from vault.web.policies import pages", "blueprints do not import blueprints"),
    ("vault/web/clients.py", "from . import policies", "blueprints do not import blueprints"),
    ("vault/errors.py", "import vault.domain.values", "ground does not stand on domain"),
    ("vault/config.py", "import msgspec", "msgspec does not belong on ground"),
    ("vault/services/safe.py", "from vault import catalogue", "services does not stand on catalogue"),
    ("vault/helpers/text.py", "import os", "there is no floor 'helpers'"),
    ("vault/__init__.py", "import vault.web", "the top package imports nothing"),
])
def test_a_planted_violation_is_found(path: str, line: str, why: str, tmp_path: Path) -> None:
    for folder in ("crypto", "domain", "storage", "services", "web", "cli", "helpers"):
        (tmp_path / "vault" / folder).mkdir(parents=True)
        (tmp_path / "vault" / folder / "__init__.py").touch()
    for noun in ("clients", "policies"):
        (tmp_path / f"vault/web/{noun}.py").write_text("from flask import Blueprint\npages = Blueprint('a', 'b')\n")
    assert faults(tmp_path) == []
    with (tmp_path / path).open("a") as file:
        file.write(line + "\n")
    found = faults(tmp_path)
    assert len(found) == 1 and found[0].endswith(why), found
