"""Words for people: catalogues read from .po files, several rooms merged into one language.

On the ground floor because pages and the terminal say the same sentence about the same error.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations

from vault.errors import KuraError

FOLDER = Path(__file__).resolve().parent / "translations"
LANGUAGES = ("ja", "en")


@lru_cache(maxsize=len(LANGUAGES))
def load(language: str) -> Translations:
    """One language's words, from every .po file of its folder. Compiled in memory: no build step to forget."""
    whole = Catalog(locale=language)
    for path in sorted((FOLDER / language / "LC_MESSAGES").glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if message.id and message.string:
                    whole.add(message.id, message.string)
    buffer = BytesIO()
    write_mo(buffer, whole)
    buffer.seek(0)
    return Translations(buffer)


def sentence(words: Translations, error: KuraError) -> str:
    """What an error says to a person: the sentence of its code, or that something went wrong."""
    key = f"error.{error.code}"
    said = str(words.gettext(key))
    facts = {name: str(value) for name, value in error.facts.items()}
    try:
        return said % facts if said != key else str(words.gettext("error.error"))
    except KeyError:
        return said
