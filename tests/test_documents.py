"""What the documents and the manual name exists, and what the formats chapter has to name it does name."""

import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path

import click
import pytest

from vault.cli.kura import main
from vault.crypto import directory, keystore_form
from vault.crypto.envelope import FIELDS
from vault.domain import dealings
from vault.domain.office_rules import Rules
from vault.services import (
    acts,
    backup_notes,
    bin,
    cancellation,
    certificates,
    closing,
    data_ledger,
    deposits,
    ending_notes,
    erasing,
    holdings,
    inspections,
    ledger_rows,
    log,
    office,
    packing_notes,
    preferences,
    rebuilding,
    restore_notes,
    retention,
    unpacking,
    uploads,
    whole_office_progress,
)
from vault.services.accounts import compartments, devices, seen
from vault.services.audit import Event
from vault.services.search import kept
from vault.storage import backups, manifest, packs, schema
from vault.storage.sandbox import limits
from vault.storage.uploads import HELD, HELD_DAYS, ORDER
from vault.web import gate

ROOT = Path(__file__).parents[1]
DOCUMENTS = ("README.md", "SECURITY.md", "CHANGELOG.md")
SECURITY = (ROOT / "SECURITY.md").read_text(encoding="utf-8")


def chapter(title: str) -> str:
    """One chapter of SECURITY.md, with what stands under it."""
    return SECURITY.split(f"\n## {title}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:tests|vault|deploy|static|templates)/[^` ]*)`", text))
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []


def test_the_readme_begins_with_the_two_commands() -> None:
    first = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:6]
    assert any("deploy/local" in line for line in first) and any("tests/run" in line for line in first)


def test_the_formats_name_every_kind_of_context() -> None:
    assert [kind for kind in FIELDS if f"`{kind}`" not in chapter("Context")] == []


def test_the_formats_name_every_field_of_keystore_and_directory() -> None:
    for title, shape in (("Keystore", keystore_form._SHAPE), ("Directory", {**directory._SHAPE, "networks": [str]})):
        assert [name for name in shape if f"`{name}`" not in chapter(title)] == []
    assert f"`{keystore_form._FORMAT}`" in chapter("Keystore")


def test_the_formats_name_every_rule_that_an_office_can_lay_down() -> None:
    assert [box.name for box in fields(Rules) if f"`{box.name}`" not in chapter("Directory")] == []


def test_the_formats_name_every_kind_of_row_in_the_print_ledger() -> None:
    kinds = (ledger_rows.PLAIN, ledger_rows.CLOSED, ledger_rows.WAITS, ledger_rows.GRANTED, ledger_rows.OUT, ledger_rows.REFUSED)
    told = chapter("Database").split("### Print ledger")[1]
    assert [kind for kind in kinds if f"`{kind}`" not in told] == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_that_a_document_names_is_there(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert isinstance(main, click.Group)
    named = set(re.findall(r"(?:`|bin/)kura ([a-z][a-z-]*)\b(?! \d)", text))
    assert named and sorted(named - set(main.commands)) == []


def test_the_formats_name_every_table_and_column() -> None:
    tables = chapter("Database").split("\n### ")[0]
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", tables, re.MULTILINE))
    rows["history"] = rows["records"]  # "the same"
    missing = [
        f"{table.name}.{column.name}" for table in schema.metadata.sorted_tables for column in table.columns
        if column.name not in re.findall(r"\w+", rows.get(table.name, ""))
    ]
    assert missing == []
    assert f"`{schema.HEAD}`" in tables


def test_the_readme_names_every_command() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert isinstance(main, click.Group)
    assert [name for name in main.commands if not re.search(rf"(?:`|bin/|    )kura {name}\b|`{name}`", text)] == []


def unnamed(names: Iterable[str], title: str) -> list[str]:
    return sorted(name for name in names if f"`{name}`" not in chapter(title))


def test_the_formats_name_every_event_and_no_other() -> None:
    assert unnamed((event.value for event in Event), "Journal") == []
    told = chapter("Journal").split("Events are a closed list:")[1].split("\n\n")[0]
    assert set(re.findall(r"`([a-z-]+)`", told)) == {event.value for event in Event}


def test_the_formats_name_every_kind_of_record() -> None:
    kinds = {
        *holdings.KINDS, holdings.POLICY, holdings.DOCUMENT, holdings.DEPOSIT, *dealings.KINDS, deposits.HERE, deposits.COUNT, office.KIND, compartments.KIND, devices.KIND,
        data_ledger.COUNT, inspections.SIGNED, inspections.ADDED, erasing.KIND, retention.KIND, cancellation.KIND, *acts.BIN_KINDS, acts.OBJECT,
        kept.KIND, preferences.KIND, whole_office_progress.PIECE, whole_office_progress.ASKED,
    }  # fmt: skip
    assert unnamed(kinds, "Database") == []


def test_the_formats_name_every_fact() -> None:
    notes = (backup_notes.BACKUP, backup_notes.FAILED, backup_notes.DRILL, backup_notes.TRIED, backup_notes.PLACE)
    others = ("begun", office.KIND, log.FORGOTTEN, bin.SWEPT, cancellation.FACT, restore_notes.NAME)
    assert unnamed((*notes, *others), "Database") == []
    assert [name for name in restore_notes._SHAPE if f'"{name}"' not in chapter("Database")] == []


def test_the_formats_name_every_purpose_of_a_signature() -> None:
    assert unnamed((seen.PURPOSE, erasing.PURPOSE, certificates.PURPOSE), "Signatures") == []
    assert certificates.HEAD.strip() in chapter("Certificates")


def test_the_formats_name_every_field_of_backups_and_packs() -> None:
    for title, shape in (("Backup", manifest._SHAPE), ("Pack", packs._SHAPE)):
        assert [name for name in shape if f'"{name}"' not in chapter(title)] == []
    assert f'"format": {manifest.FORMAT}' in chapter("Backup") and manifest.ENTRY == 16 + 8 + 32
    assert f"`{backups.PLACE}`" in chapter("Backup") and packs.MAGIC.decode().strip() in chapter("Pack")


def test_the_formats_name_every_small_file() -> None:
    notes = (closing.CLOSED_FILE, packing_notes.PACKED_FILE, unpacking.RECEIPT, ending_notes.STATE_FILE, rebuilding.MARK)
    words = (closing.RESTORE, closing.PACKED, closing.ENDED)
    assert unnamed((*notes, *words), "Small files") == []


def test_the_formats_name_every_setting() -> None:
    source = (ROOT / "vault/config.py").read_text(encoding="utf-8")
    read = set(re.findall(r'raw(?:\[|\.get\()"(\w+)"', source))
    [told] = [line for line in chapter("Small files").splitlines() if line.startswith("| `settings.toml` |")]
    assert len(read) > 10 and sorted(read - set(re.findall(r"\w+", told))) == []


def test_the_formats_name_what_is_on_its_way_in() -> None:
    told = chapter("Database").split("### Scanned papers")[1]
    assert f"/{ORDER} " in told and f"/{HELD}<page>" in told
    assert f"{uploads.PIECE // 2**20} MiB" in told and f"after {HELD_DAYS} days" in told


def test_the_limits_of_foreign_files_are_those_of_the_sandbox() -> None:
    told = chapter("Foreign files")
    most = limits.LIMITS
    pixels = (limits.PICTURE_PIXELS, limits.PHOTOGRAPH_PIXELS, *limits.PDF_PICTURE_PIXELS.values(), limits.OTHER_PDF_PICTURE_PIXELS)
    wanted = [
        f"{most.pages} pages", f"{most.page_seconds:g} s for a page", f"{most.seconds:g} s for all", f"{most.memory // 2**30} GiB of memory",
        f"{limits.SHORT_OF_LONG_SIDE:,} to {limits.LONG_SIDE:,} pixels", f"{limits.WORDS:,} words of {limits.WORD_LETTERS} letters",
        f"{limits.LETTERS:,} letters", *(f"{each // 10**6} million" for each in pixels),
    ]  # fmt: skip
    assert limits.READING_TAKES == 8 and "eight times" in told
    assert [each for each in wanted if each not in told] == []


def test_every_cookie_stands_on_its_page() -> None:
    page = (ROOT / "templates/help/cookies.html").read_text(encoding="utf-8")
    set_by_the_gate = {gate.SESSION_COOKIE, gate.DEVICE_COOKIE, gate.VISIT_COOKIE, gate.SEEN_COOKIE, gate.LANGUAGE_COOKIE}
    assert set(re.findall(r"__Host-\w+", page)) == set_by_the_gate
    assert f"{gate.DEVICE_SECONDS // 86400}日" in page


def test_every_chapter_of_the_manual_has_its_place_and_every_place_its_chapter() -> None:
    manual = (ROOT / "templates/help/index.html").read_text(encoding="utf-8")
    named = re.findall(r'^  \("([a-z-]+)", _\(', manual, re.MULTILINE)
    placed = re.findall(r'<section class="section prose" id="([a-z-]+)" aria-labelledby="([a-z-]+)">\{\{ chapter\((\d+)\) \}\}', manual)
    assert placed == [(name, f"{name}-title", str(at)) for at, name in enumerate(named)]
