"""五百, 一億二千万: numbers written in kanji, as older policies and letters have them."""

from __future__ import annotations

import re

# What contracts write so that nobody changes a figure by a stroke stands beside the plain form.
_FIGURES = {char: n % 10 for n, chars in enumerate(("〇零", "一壱", "二弐", "三参", "四", "五", "六", "七", "八", "九")) for char in chars}
_SMALL = {"十": 10, "拾": 10, "百": 100, "千": 1000}
_KANJI = "".join(_FIGURES) + "".join(_SMALL)
_RUN = re.compile(f"[{_KANJI}]+")


def in_figures(text: str) -> str:
    """Each run of kanji numbers below 万 in figures (五百 is 500, 一億二千万 is 1億2000万); all other text stays.

    A run without any figure (百 behind 3, the unit of 3百) stays as well, and so does what is no number (百五百).
    """
    return _RUN.sub(lambda found: _read(found[0]), text)


def _read(run: str) -> str:
    if not any(char in _FIGURES for char in run):
        return run
    if all(char in _FIGURES for char in run):
        return "".join(str(_FIGURES[char]) for char in run)
    total, figure, last = 0, None, 10_000
    for char in run:
        if char in _FIGURES:
            if figure is not None:
                return run
            figure = _FIGURES[char]
            continue
        if _SMALL[char] >= last:
            return run
        last = _SMALL[char]
        total, figure = total + (1 if figure is None else figure) * last, None
    return str(total + (figure or 0))
