"""What is said to people, found in templates and code, and what the catalogues say of it."""

import re
from collections.abc import Iterator
from pathlib import Path

from babel.messages import Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

ROOT = Path(__file__).parents[2]
_KEY = re.compile(r"[a-z][a-z0-9-]*(\.[A-Za-z0-9_-]+)+")
# What the extractor sees of a key that is put together at run time: `codes.py` knows the whole ones.
_HALF_KEY = re.compile(r"[a-z][a-z0-9-]*\.+")
METHODS = {"templates": [("**.html", "jinja2"), ("**.txt", "jinja2")], "vault": [("**.py", "python")]}
KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None, "gettext": None, "lazy_gettext": None, "_l": None, "ngettext": (1, 2), "lazy_ngettext": (1, 2),
    "own_words": None,
}
PLACE = re.compile(r"%\((\w+)\)[a-z]|(?<!%)%[sd]")


def is_key(msgid: str) -> bool:
    """Whether the msgid is a key (`fault.required`) and not itself what is said."""
    return _KEY.fullmatch(msgid) is not None


def extracted(root: Path) -> dict[str, str]:
    """msgid -> where it stands first."""
    found: dict[str, str] = {}
    for folder, methods in METHODS.items():
        if not (root / folder).is_dir():
            continue
        rows = extract_from_dir(root / folder, methods, keywords=KEYWORDS)
        for path, line, message, _comments, _context in rows:
            msgid = message if isinstance(message, str) else message[0]
            if not _HALF_KEY.fullmatch(msgid):
                found.setdefault(msgid, f"{folder}/{path}:{line}")
    return found


def read(root: Path, language: str) -> dict[str, Message]:
    """All *.po files of a language, merged; the same msgid with two meanings is a mistake."""
    merged: dict[str, Message] = {}
    for path in sorted((root / "vault" / "translations" / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language, abort_invalid=True):
                msgid = message.id if isinstance(message.id, str) else message.id[0]
                if not msgid or message.fuzzy or not all(words(message)):
                    continue
                other = merged.setdefault(msgid, message)
                assert other.string == message.string, f"{path.name}: {msgid!r} has two translations"
    return merged


def words(message: Message) -> tuple[str, ...]:
    text = message.string or ""
    return (text,) if isinstance(text, str) else tuple(text.values() if isinstance(text, dict) else text)


def missing(root: Path, language: str) -> list[str]:
    there = read(root, language)
    return [
        f"{place}: {msgid!r}" for msgid, place in sorted(extracted(root).items(), key=lambda item: item[1])
        if msgid not in there and (language != "ja" or is_key(msgid))
    ]


def places(text: str) -> set[str]:
    return {match[0] for match in PLACE.finditer(text)}


def spoiled(root: Path, language: str) -> Iterator[str]:
    """Translations that would lose a fact or fail when it is filled in; a key promises none."""
    for msgid, message in read(root, language).items():
        if not is_key(msgid):
            yield from (f"{msgid!r}: {text!r}" for text in words(message) if places(text) != places(msgid))
