"""Two versions of a record side by side, field by field, under the words of the form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, url_for
from flask_babel import gettext

from vault.domain import fields
from vault.errors import NotFound
from vault.services.clients import Version
from vault.web.pages import short_moment
from vault.web.words import word

Names = Mapping[str, str]
_NOBODY: Names = {}


def labelled_differences(one: Any, other: Any, names: Names = _NOBODY) -> list[tuple[str, str, str]]:
    """(label, text in `one`, text in `other`) of every field in which they differ; clients told by `names` {id: name}."""
    cls = type(one)
    found = [d for d in fields.differences(one, other) if "member" != d[0][-6:]]
    return [(label(cls, path), _said(cls, path, a, names), _said(cls, path, b, names)) for path, a, b in found]


def typed_differences(cls: type[Any], one: fields.Typed, other: fields.Typed, names: Names = _NOBODY) -> list[tuple[str, str, str]]:
    """The same of two typed forms, of which one may have faults."""
    found = [d for d in fields.typed_differences(cls, one, other) if "member" != d[0][-6:]]
    return [(label(cls, path), _said(cls, path, a, names), _said(cls, path, b, names)) for path, a, b in found]


def _in_words(cls: type[Any], path: str, text: str) -> str:
    """A word that the box at a path offers, in the language of the page; anything else as it was typed."""
    head, _, rest = path.partition("-")
    box = fields.by_name(cls).get(head)
    if box is not None and box.of is not None and rest:
        return _in_words(box.of, rest.partition("-")[2], text)
    return word(text) if box is not None and text in box.choices else text


def _said(cls: type[Any], path: str, text: str, names: Names) -> str:
    return _told(path, _in_words(cls, path, text), names)


def _told(path: str, text: str, names: Names) -> str:
    """A value in words: never the id of a client whom nobody here can open any more."""
    if path.endswith("-client") and text:
        return names.get(text) or gettext("見られないお客様")
    return " ".join(names.get(word, word) for word in text.split(" "))


def label(cls: type[Any], path: str) -> str:
    """The words of a path: `riders-0-amount` is 特約 1行目 金額."""
    parts = path.split("-")
    words = str(gettext("field." + cls.__name__ + "." + parts[0]))
    if len(parts) < 3:
        return words
    row = fields.by_name(cls)[parts[0]].of
    inner = label(row, "-".join(parts[2:])) if row else parts[2]
    return f"{words} {gettext('%(n)s行目', n=int(parts[1]) + 1)} {inner}"


def version_page(
    found: list[Version], number: int, back: str, endpoint: str, *, names: Names = _NOBODY, **where: Any
) -> str:
    """The page of one version out of all, newest first."""
    chosen = next((v for v in found if v.number == number), None)
    if chosen is None:
        raise NotFound("not-found")
    before = next((v for v in found if v.number == number - 1), None)
    return render_template(
        "versions.html",
        nav="clients",
        chosen=chosen,
        owner=type(chosen.record).__name__,
        all_fields=fields.fields(type(chosen.record)),
        changes=labelled_differences(before.record, chosen.record, names) if before else [],
        all_versions=[
            (v.number, short_moment(v.at), v.author, url_for(endpoint, number=v.number, **where)) for v in found
        ],
        back_url=back,
        names=names,
    )
