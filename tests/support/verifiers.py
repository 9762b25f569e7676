"""Both verifiers of the journal: Kura's own, and the script that shares no line with it. They agree."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.support.offices import Office
from vault.cli import verifying
from vault.services.audit import columns_of
from vault.storage import chain
from vault.storage.database import open_database, reading

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "verify_log.py"
Found = tuple[int, str] | None


def loaded() -> ModuleType:
    """The script as a module."""
    spec = importlib.util.spec_from_file_location("verify_log", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


script: Any = loaded()


def told(fault: chain.Fault | None) -> Found:
    return (fault.position, fault.kind.value) if fault else None


def agreed(database: Path, notes: list[tuple[int, bytes]], scratch: Path) -> Found:
    """What both say of a database file: (position, kind) of the first bad entry, or None."""
    engine = open_database(database)
    try:
        with reading(engine) as connection:
            walk = chain.walk(connection, columns_of, notes)
        _, last, fault = script.read(database, notes, scratch)
    finally:
        engine.dispose()
    found = told(walk.fault)
    assert (last, fault) == (walk.last, found), f"the script: {last}, {fault}; Kura: {walk.last}, {found}"
    return found


def found_in(office: Office, expected: tuple[int, bytes] | None = None) -> Found:
    """What both say of an office's journal, held against what is noted of it outside."""
    finding = verifying.verify(office.instance, expected)
    keys = office.settings.replicas[0]
    raw = (keys / "head").read_bytes()
    notes = [(int.from_bytes(raw[:8], "big"), raw[8:]), script.mark(keys, office.settings.office)]
    assert {"head": notes[0][0], "mark": notes[1][0]}.items() <= finding.notes.items()
    scratch = office.folder.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    found = agreed(office.database, [*notes, *([expected] if expected else [])], scratch)
    assert found == told(finding.fault)
    return found
