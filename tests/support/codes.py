"""Which catalogue keys the program puts together while it runs, so that no extractor can see them."""

import ast
import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import vault.domain
import vault.errors
from vault.domain.fields import Field

ROOT = Path(__file__).parents[2]
# What these say is about bytes, not about an act: people are told `error.error`.
SILENT = {"Malformed", "Untrusted", "SealBroken"}


def records() -> list[type[Any]]:
    """Every dataclass of the domain that a form can ask for."""
    found: dict[str, type[Any]] = {}
    for module in pkgutil.walk_packages(vault.domain.__path__, "vault.domain."):
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, type) and dataclasses.is_dataclass(thing) and boxes(thing):
                found[thing.__qualname__] = thing
    return [found[name] for name in sorted(found)]


def boxes(cls: type[Any]) -> list[tuple[str, Field]]:
    return [(each.name, each.metadata["field"]) for each in dataclasses.fields(cls) if "field" in each.metadata]


def labels() -> Iterator[str]:
    for cls in records():
        yield from (f"field.{cls.__name__}.{name}" for name, box in boxes(cls) if not box.hidden)


def choices() -> Iterator[str]:
    """A choice is the word of the paper, its own msgid, or a code with a key; a unit is a word."""
    for cls in records():
        for name, box in boxes(cls):
            if box.unit:
                yield box.unit.replace("%", "%%")
            for code in box.choices if box.kind == "choice" else ():
                short = code.isascii() and code.islower() and len(code.split()) == 1
                yield f"choice.{name}.{code}" if short else code.replace("%", "%%")


def _raised() -> Iterator[tuple[str, str]]:
    """(name of what is called, its first argument) of every call with a word first."""
    for path in sorted((ROOT / "vault").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            match node:
                case ast.Call(func=called, args=[ast.Constant(value=str(code)), *_]):
                    yield ast.unparse(called).split(".")[-1], code


def faults() -> Iterator[str]:
    yield from (f"fault.{code}" for name, code in _raised() if name in {"Fault", "Unreadable"})


def errors() -> Iterator[str]:
    spoken = {
        name: thing.code for name, thing in vars(vault.errors).items()
        if isinstance(thing, type) and issubclass(thing, vault.errors.KuraError) and name not in SILENT
    }
    yield from (f"error.{code}" for code in spoken.values())
    yield from (f"error.{code}" for name, code in _raised() if name in spoken)
