"""Ids as they stand in addresses."""

from __future__ import annotations

from vault.errors import NotFound


def ident(text: str) -> bytes:
    """An id out of an address; raises NotFound for anything that is none."""
    if len(text) != 32 or any(c not in "0123456789abcdef" for c in text):
        raise NotFound("not-found")
    return bytes.fromhex(text)
