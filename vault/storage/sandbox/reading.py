"""The way to Tesseract, where this machine has it: an optional package of the system."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module, util
from typing import Any

from vault.domain.scans import Word

_ROOM = "vault.storage.sandbox.tesseract"


def _tesseract() -> Any | None:
    return import_module(_ROOM) if util.find_spec(_ROOM) else None


def available() -> bool:
    """Whether scans can be read here."""
    room = _tesseract()
    return bool(room and room.available())


def reader() -> Callable[[Any, int], list[Word]] | None:
    """Loaded and initialised: (picture, dpi) to words. Before the jail closes."""
    room = _tesseract()
    if room is None or not room.available():
        return None
    words: Callable[[Any, int], list[Word]] = room.load().words
    return words
