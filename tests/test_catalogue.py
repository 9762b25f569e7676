"""Every word for people has its place in the catalogues.

The msgid is the Japanese sentence itself, so Japanese needs an entry only where the msgid is a key (`field.Policy.insurer`,
`fault.required`); English needs all.
"""

import re
import string
from pathlib import Path

import pytest

from tests.support import catalogue, codes
from tests.support.catalogue import ROOT


def listed(rows: list[str]) -> str:
    return f"{len(rows)} missing:\n" + "\n".join(rows)


def test_every_word_is_translated_into_english() -> None:
    rows = catalogue.missing(ROOT, "en")
    assert not rows, listed(rows)


def test_every_key_has_its_japanese_words() -> None:
    rows = catalogue.missing(ROOT, "ja")
    assert not rows, listed(rows)


@pytest.mark.parametrize("language", ["ja", "en"])
@pytest.mark.parametrize("kind", ["labels", "choices", "faults", "errors"])
def test_what_is_put_together_at_run_time_has_its_words(kind: str, language: str) -> None:
    wanted = set(getattr(codes, kind)())
    assert wanted
    if language == "ja":
        wanted = {key for key in wanted if catalogue.is_key(key)}
    rows = sorted(wanted - set(catalogue.read(ROOT, language)))
    assert not rows, listed(rows)


def test_both_languages_know_the_same_keys() -> None:
    keys = {name: {key for key in catalogue.read(ROOT, name) if catalogue.is_key(key)} for name in ("ja", "en")}
    rows = [f"en: {key}" for key in sorted(keys["ja"] - keys["en"])] + \
           [f"ja: {key}" for key in sorted(keys["en"] - keys["ja"])]
    assert not rows, listed(rows)


@pytest.mark.parametrize("language", ["ja", "en"])
def test_a_translation_keeps_the_facts_of_its_sentence(language: str) -> None:
    assert list(catalogue.spoiled(ROOT, language)) == []


def test_english_has_no_japanese_left_but_names() -> None:
    # Names of things that exist only in Japan stand in brackets after their English words.
    japanese = re.compile(r"[぀-ヿ一-鿿]")
    bracketed = re.compile(r"[((「『][^))」』]*[))」』]")
    rows = [f"{msgid!r}: {text!r}" for msgid, message in catalogue.read(ROOT, "en").items() for text in catalogue.words(message)
            if japanese.search(bracketed.sub("", text))]
    assert not rows, "\n".join(rows)


PO = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'


def plant(root: Path, language: str, **entries: str) -> None:
    folder = root / "vault" / "translations" / language / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in entries.items():
        (folder / f"{name}.po").write_text(PO + text, encoding="utf-8")


def test_a_missing_word_is_found_in_templates_and_in_code(tmp_path: Path) -> None:
    (tmp_path / "templates" / "clients").mkdir(parents=True)
    (tmp_path / "templates/clients/list.html").write_text(
        "{% if a %}{{ _('お客様') }}{% endif %}<p>{% trans %}契約{% endtrans %}{{ _('field.Policy.insurer') }}"
        "{{ ngettext('%(num)s件', '%(num)s件', n) }}", encoding="utf-8")
    plant(tmp_path, "en", one='msgid "お客様"\nmsgstr "Clients"\n', two='msgid "契約"\nmsgstr ""\n')
    (tmp_path / "vault" / "words.py").write_text("from flask_babel import gettext as _\n_('更新')\n", encoding="utf-8")
    assert [row.split(": ")[1] for row in catalogue.missing(tmp_path, "en")] == \
        ["'契約'", "'field.Policy.insurer'", "'%(num)s件'", "'更新'"]
    assert [row.split(": ")[1] for row in catalogue.missing(tmp_path, "ja")] == ["'field.Policy.insurer'"]


def test_a_lost_fact_is_found(tmp_path: Path) -> None:
    plant(tmp_path, "en", one='msgid "あと%(days)s日"\nmsgstr "%(day)s days left"\n')
    assert len(list(catalogue.spoiled(tmp_path, "en"))) == 1


def test_two_files_may_not_contradict_each_other(tmp_path: Path) -> None:
    plant(tmp_path, "en", one='msgid "契約"\nmsgstr "Policy"\n', two='msgid "契約"\nmsgstr "Contract"\n')
    with pytest.raises(AssertionError, match="two translations"):
        catalogue.read(tmp_path, "en")


def test_a_key_is_told_from_a_sentence() -> None:
    assert catalogue.is_key("fault.not-a-date") and catalogue.is_key("field.Policy.insurer")
    assert not catalogue.is_key("ログインID") and not catalogue.is_key("Excel 2019.")
    assert all(not catalogue.is_key(letter) for letter in string.printable)
