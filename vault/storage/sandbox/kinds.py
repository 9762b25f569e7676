"""What a file is, by its own first bytes: names and types that come with an upload are what a stranger says."""

from __future__ import annotations

FIRST_BYTES = 1024
_PDF = b"%PDF-"  # readers of PDF look for it this far in: some printers write orders of their own before it


def of(first: bytes) -> str | None:
    """"pdf", "jpeg", "png", "tiff" or "webp"; None for what we do not take."""
    if first.startswith(b"\xff\xd8\xff"):
        return "jpeg"
    if first.startswith(b"\x89PNG\r\n\x1a\n"):
        return "png"
    if first.startswith((b"II*\0", b"MM\0*")):
        return "tiff"
    if first.startswith(b"RIFF") and first[8:12] == b"WEBP":
        return "webp"
    return "pdf" if _PDF in first else None
