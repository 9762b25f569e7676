"""One name, number or address in several spellings: looser forms than `fold`, for proposing what a person then judges."""

from __future__ import annotations

import re
import unicodedata

from vault.domain.clients import LEGAL_FORMS
from vault.domain.values import fold, plain

# The letters that firms put in brackets for their form: ㈱, (有), (医) …
_SHORT_FORMS = re.compile("[(](?:株|有|同|資|名|医|社福|福|学|宗|一社|公社|一財|公財|特非|税|弁)[)]")
_FORMS = tuple(sorted(map(fold, LEGAL_FORMS), key=len, reverse=True))
_SMALL = str.maketrans("ァィゥェォッャュョヮヵヶヂヅヲヰヱ", "アイウエオツヤユヨワカケジズオイエ")
_VOICING = "\u3099\u309a"
_ROWS = {
    "ア": "アカサタナハマヤラワ", "イ": "イキシチニヒミリ", "ウ": "ウクスツヌフムユル", "エ": "エケセテネヘメレ",
    "オ": "オコソトノホモヨロ",
}  # fmt: skip
_VOWEL = {letter: vowel for vowel, letters in _ROWS.items() for letter in letters}
# A vowel that only lengthens the one before: トウ and トオ, コオ, レイ and レエ.
_LONG = {"ア": "ア", "イ": "イ", "ウ": "ウ", "エ": "エイ", "オ": "オウ"}
_PREFECTURE = re.compile("^(?:東京都|北海道|京都府|大阪府|神奈川県|和歌山県|鹿児島県|..県)")
_HOUSE_WORDS = re.compile("丁目|番地の|番地|番|号")
_KANJI_DIGITS = str.maketrans("〇一二三四五六七八九", "0123456789")
_CHOME = re.compile("[一二三四五六七八九](?=丁目)")


def loose_kana(text: str) -> str:
    """A reading without what is heard or typed either way: voicing, small letters, long vowels, spaces."""
    folded = unicodedata.normalize("NFC", fold(text)).translate(_SMALL)
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if c not in _VOICING)
    kept = ""
    for letter in bare:
        if letter not in _LONG.get(_VOWEL.get(kept[-1:], ""), ""):
            kept += letter
    return kept


def bare_name(text: str) -> str:
    """A firm's name, folded, without the word for its legal form; of a name that is nothing else all of it."""
    folded = fold(_SHORT_FORMS.sub("", plain(text)))
    for form in _FORMS:
        folded = folded.removeprefix(form).removesuffix(form) or folded
    return folded


def place(text: str) -> str:
    """An address without its prefecture, and 一丁目2番3号 as 123."""
    wide = _PREFECTURE.sub("", plain(text))
    wide = _CHOME.sub(lambda found: found[0].translate(_KANJI_DIGITS), wide)
    return fold(_HOUSE_WORDS.sub("", wide))


def digits(text: str) -> str:
    """The digits of a telephone number; empty for what is too short to tell anybody by."""
    found = "".join(c for c in plain(text) if c in "0123456789")
    return found if len(found) >= 9 else ""


def number(folded: str) -> str:
    """A policy's number, folded already, without the zeros that it is filled up with."""
    return folded.lstrip("0") or folded
