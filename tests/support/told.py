"""What an operator says to an office, put where he puts it: whole files, each under another inode than the one before."""

from __future__ import annotations

import json
import os
from pathlib import Path

from vault.domain.operator import incidents_told
from vault.domain.operator.incidents import Incident
from vault.domain.operator.notices import Notice, facts


def say(told: Path, file: str, raw: object) -> None:
    """`raw`: bytes or text as they are, anything else as JSON."""
    told.mkdir(exist_ok=True)
    made = told / f"{file}.part"
    whole = raw if isinstance(raw, str | bytes) else json.dumps(raw, ensure_ascii=False)
    made.write_bytes(whole if isinstance(whole, bytes) else whole.encode())
    os.replace(made, told / file)


def announce(told: Path, *notices: Notice) -> None:
    say(told, "notices.json", {"notices": [facts(each) for each in notices]})


def tell(told: Path, *incidents: Incident) -> None:
    say(told, "incidents.json", {"incidents": [incidents_told.facts(each) for each in incidents]})
