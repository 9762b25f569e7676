"""Ids and numbers as they stand in addresses and forms, and addresses of our own that come back in a form."""

from __future__ import annotations

from typing import cast

from flask import current_app
from werkzeug.exceptions import HTTPException
from werkzeug.routing import IntegerConverter

from vault.errors import NotFound

LARGEST = 2**63 - 1  # what a column of the database holds


class Serial(IntegerConverter):
    """`<int:…>` in an address: what is too long for the database names nothing, so it is no address at all."""

    regex = r"\d{1,18}"


def ident(text: str) -> bytes:
    """An id out of an address; raises NotFound for anything that is none."""
    if len(text) != 32 or any(c not in "0123456789abcdef" for c in text):
        raise NotFound("not-found")
    return bytes.fromhex(text)


def whole_number(text: str) -> int:
    """A number out of an address or form, as `type=` of its `get`.

    Raises ValueError for what is none, so that `get` answers with its default, and NotFound beyond what the database
    holds.
    """
    found = int(text)
    if abs(found) > LARGEST:
        raise NotFound("not-found")
    return found


def place_of(text: str) -> str | None:
    """The endpoint of a page of this application, by its address without host; None for any other text."""
    path = text.partition("?")[0]
    if not text.isascii() or not text.isprintable() or "\\" in text or path[:1] != "/" or path[:2] == "//":
        return None
    try:
        return cast(str, current_app.url_map.bind("").match(path, method="GET")[0])
    except HTTPException:
        return None
