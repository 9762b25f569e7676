"""Every code of the domain has its Japanese words, and the domain imports nothing but the standard library."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from babel.messages.pofile import read_po

import vault.domain
from vault.domain import clients, fields, policies
from vault.domain.access import Permission, Role

ROOT = Path(vault.domain.__file__).parent
CATALOGUES = ROOT.parent / "translations" / "ja" / "LC_MESSAGES"
RAISED = re.compile(r"(?:Unreadable|Fault|_ask|Refused)\(\s*\"([a-z0-9-]+)\"|code = \"([a-z0-9-]+)\" if")
RECORDS: list[type[Any]] = [clients.Household, clients.Corporation, policies.Policy]


def words() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in CATALOGUES.glob("*.po"):
        with path.open("rb") as file:
            found |= {str(each.id): str(each.string) for each in read_po(file, locale="ja") if each.id}
    return found


def classes(cls: type[Any]) -> set[type[Any]]:
    return {cls}.union(*(classes(box.of) for box in fields.fields(cls) if box.of))


ALL: list[type[Any]] = list(
    dict.fromkeys(cls for record in RECORDS for cls in sorted(classes(record), key=str))
)


@pytest.mark.parametrize("cls", ALL)
def test_every_box_has_a_label(cls: type[Any]) -> None:
    wanted = {f"field.{cls.__name__}.{box.name}" for box in fields.fields(cls)}
    assert wanted <= set(words())


def test_every_fault_group_role_and_permission_has_words() -> None:
    wanted = {
        f"{'error' if _is_refusal_of_the_operator(path, found[0]) else 'fault'}.{found[1] or found[2]}"
        for path in ROOT.rglob("*.py")
        for found in RAISED.finditer(path.read_text(encoding="utf-8"))
    }
    assert len(wanted) > 50
    wanted |= {f"group.{group}" for group in policies.GROUPS}
    wanted |= {f"role.{role.value}" for role in Role} | {f"permission.{each.value}" for each in Permission}
    assert wanted <= set(words())
    assert all(words().values())


def _is_refusal_of_the_operator(path: Path, raised: str) -> bool:
    """He types on a terminal, where there is no box that a fault could stand at."""
    return path.is_relative_to(ROOT / "operator") and raised.startswith("Refused(")


def test_no_sentence_breaks_when_it_is_filled_in() -> None:
    class Anything(dict[str, object]):
        def __missing__(self, key: str) -> str:
            return "x"

    for sentence in words().values():
        assert "%(" not in sentence % Anything()


def test_the_domain_imports_only_the_standard_library_and_the_ground() -> None:
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                own = name.startswith(("vault.domain", "vault.errors"))
                assert own or name.split(".")[0] in sys.stdlib_module_names, f"{path.name}: {name}"
