"""Some pages of a document as people name them: 1,3-5. Pages are counted from 1 where people read, else from 0."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from vault.domain.values import Unreadable, plain

_BETWEEN = re.compile(r"[,、・;/\s]+")
_DASH = re.compile(r"\s*(?:[-~〜−ー―–—]|から)\s*")
_WORDS = re.compile("枚目|枚|ページ|頁|用紙|まで")
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")
MOST_RANGES = 40


def check(text: str) -> str:
    """The pages as the ledger writes them: 1,3-5. Raises Unreadable for what names none."""
    return written(_numbers(text))


def pages(text: str, count: int) -> list[int]:
    """The pages (from 0) that a text names, all of `count` where it is empty; raises Unreadable beyond the last one."""
    if not text:
        return list(range(count))
    found = _numbers(text)
    if found[-1] >= count:
        raise Unreadable("pages-beyond", most=count)
    return found


def written(numbers: Iterable[int]) -> str:
    """Pages (from 0) as people write them: 1,3-5."""
    runs = [
        [page for _, page in run]
        for _, run in groupby(enumerate(sorted(set(numbers))), key=lambda each: each[1] - each[0])
    ]
    return ",".join(str(run[0] + 1) if len(run) == 1 else f"{run[0] + 1}-{run[-1] + 1}" for run in runs)


def _numbers(text: str) -> list[int]:
    told = [each for each in _BETWEEN.split(_DASH.sub("-", _WORDS.sub("", plain(text)))) if each]
    if not 0 < len(told) <= MOST_RANGES:
        raise Unreadable("pages-unreadable")
    return sorted({page for each in told for page in _range(each)})


def _range(text: str) -> range:
    found = _RANGE.fullmatch(text)
    first = int(found[1]) if found else 0
    last = int(found[2] or first) if found else 0
    if not 1 <= first <= last:
        raise Unreadable("pages-unreadable")
    return range(first - 1, last)
