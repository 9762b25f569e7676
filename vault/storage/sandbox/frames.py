"""What the child answers, frame by frame. Nothing in a frame is believed: a decoder that was taken over writes them."""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Callable, Sequence
from typing import NamedTuple

from vault.domain.scans import Word
from vault.errors import Malformed
from vault.storage.sandbox.jpeg import measured
from vault.storage.sandbox.limits import LONG_SIDE, THUMB_SIDE, WORD_LETTERS, WORDS

PAGE, REFUSAL, END = b"P", b"R", b"E"
IMAGE_BYTES, THUMB_BYTES, WORD_BYTES = 48 * 1024 * 1024, 256 * 1024, 8 * 1024 * 1024
CODES = frozenset({
    "file-unknown", "file-broken", "file-locked", "file-password-wrong", "file-too-many-pages", "file-page-too-large",
    "file-too-heavy", "file-empty", "sandbox-missing", "fonts-missing",
})
_PAGE = struct.Struct(">IIIIIII?")
_WORD = struct.Struct(">IIIIH")
_CODE_LETTERS = 40


class PageImage(NamedTuple):
    """A redrawn page, counted from 1: JPEG bytes of the page and of its small picture, and the words that stand on it.

    `exact` says that the words are the text which the file itself shows, not what was recognised in a picture.
    """

    number: int
    of: int
    width: int
    height: int
    image: bytes
    thumb: bytes
    words: tuple[Word, ...]
    exact: bool


class Refusal(NamedTuple):
    """The child will not go on, and says why by a code of `CODES`."""

    code: str


def page_frame(page: PageImage) -> bytes:
    """A page as bytes."""
    words = _packed(page.words)
    sizes = (len(page.image), len(page.thumb), len(words))
    head = _PAGE.pack(page.number, page.of, page.width, page.height, *sizes, page.exact)
    return b"".join((PAGE, head, page.image, page.thumb, words))


def refusal_frame(code: str) -> bytes:
    """A refusal as bytes."""
    return REFUSAL + struct.pack(">B", len(code)) + code.encode("ascii")


def parsed(take: Callable[[int], bytes]) -> PageImage | Refusal | None:
    """The next frame, None after the last; `take(n)` gives exactly n bytes. Raises Malformed."""
    match take(1):
        case b"P":
            return _page(take)
        case b"R":
            return _refusal(take)
        case b"E":
            return None
    raise Malformed()


def _page(take: Callable[[int], bytes]) -> PageImage:
    number, of, width, height, image_size, thumb_size, words_size, exact = _PAGE.unpack(take(_PAGE.size))
    _bounded(image_size, IMAGE_BYTES)
    _bounded(thumb_size, THUMB_BYTES)
    _bounded(words_size, WORD_BYTES)
    image, thumb = take(image_size), take(thumb_size)
    small = measured(thumb)
    if measured(image) != (width, height) or max(width, height) > LONG_SIDE or max(small) > THUMB_SIDE:
        raise Malformed()
    words = _words(take(words_size), width, height)
    return PageImage(number, of, width, height, image, thumb, words, bool(exact and words))


def _refusal(take: Callable[[int], bytes]) -> Refusal:
    length = take(1)[0]
    _bounded(length, _CODE_LETTERS)
    code = take(length).decode("ascii", "replace")
    if code not in CODES:
        raise Malformed()
    return Refusal(code)


def _bounded(count: int, most: int) -> None:
    if count > most:
        raise Malformed()


def _packed(words: Sequence[Word]) -> bytes:
    pieces = []
    for word in words:
        text = word.text.encode("utf-8")
        pieces += [_WORD.pack(word.left, word.top, word.width, word.height, len(text)), text]
    return b"".join(pieces)


def _words(data: bytes, width: int, height: int) -> tuple[Word, ...]:
    words: list[Word] = []
    at = 0
    try:
        while at < len(data):
            left, top, wide, high, length = _WORD.unpack_from(data, at)
            at += _WORD.size + length
            if at > len(data) or len(words) >= WORDS:
                raise Malformed()
            words.append(Word(_text(data[at - length : at]), left, top, wide, high))
    except (struct.error, UnicodeDecodeError) as error:
        raise Malformed() from error
    if any(left + wide > width or top + high > height or not wide * high for _, left, top, wide, high in words):
        raise Malformed()
    return tuple(words)


def _text(data: bytes) -> str:
    text = data.decode("utf-8")
    if not text or len(text) > WORD_LETTERS or any(unicodedata.category(letter)[0] == "C" for letter in text):
        raise Malformed()
    return text
