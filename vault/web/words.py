"""Words for pages, out of the catalogues."""

from __future__ import annotations

from babel.support import Translations
from flask_babel import Domain, get_locale

from vault import catalogue
from vault.errors import KuraError


class Catalogues(Domain):
    """Flask-Babel's source of words."""

    def get_translations(self) -> Translations:
        locale = get_locale()
        language = locale.language if locale else "ja"
        return catalogue.load(language if language in catalogue.LANGUAGES else "ja")


def sentence(error: KuraError) -> str:
    """What an error says to a person."""
    return catalogue.sentence(Catalogues().get_translations(), error)
