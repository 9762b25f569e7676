"""Words for pages, out of the catalogues, and in which language a page is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from babel.support import Translations
from flask import g, request
from flask_babel import Domain, force_locale, get_locale, gettext

from vault import catalogue
from vault.domain.preferences import ERA, JAPANESE, LANGUAGES, WEST
from vault.errors import KuraError
from vault.web.gate import LANGUAGE_COOKIE


class Catalogues(Domain):
    """Flask-Babel's source of words."""

    def get_translations(self) -> Translations:
        return catalogue.load(language())


def sentence(error: KuraError) -> str:
    """What an error says to a person."""
    return catalogue.sentence(Catalogues().get_translations(), error)


def language() -> str:
    """The language of what is being drawn now."""
    locale = get_locale()
    return locale.language if locale and locale.language in LANGUAGES else JAPANESE


def chosen() -> str:
    """The language of whoever asks: his own choice, else what this browser was switched to before the sign-in."""
    own = preferences().get("language", "") or request.cookies.get(LANGUAGE_COOKIE, "")
    return own if own in LANGUAGES else JAPANESE


def preferences() -> dict[str, str]:
    """What the person has chosen, out of the session that was opened for this request anyway."""
    held = g.get("session")
    return held.payload.names if held is not None and held.payload is not None else {}


def word(code: str) -> str:
    """A word of a closed list, stored as it stands on Japanese paper, in the language of the page; anything else as it is."""
    if not code or language() == JAPANESE:
        return code
    return str(gettext(code.replace("%", "%%"))).replace("%%", "%")


def own(msgid: str, **facts: object) -> str:
    """A word in the reader's own language on a page that is drawn in another: the buttons beside a sheet."""
    return str(catalogue.load(chosen()).gettext(msgid)) % facts


@contextmanager
def japanese() -> Iterator[None]:
    """Around what draws a printed sheet: it goes to people and offices in Japan, whatever language its printer reads."""
    with force_locale(JAPANESE):
        g.on_sheet = True
        yield
        g.on_sheet = False


def dates() -> str:
    """How dates stand in tables: as the reader has chosen; on a sheet by eras; in English by the Western calendar."""
    if g.get("on_sheet"):
        return ERA
    return preferences().get("dates", "") or (ERA if language() == JAPANESE else WEST)
