"""`kura verify-log`: the journal walked from its first entry and held against what was noted of it elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from gettext import NullTranslations

from vault.errors import Damaged, NotReady
from vault.services.audit import columns_of
from vault.services.instance import Instance
from vault.storage import chain, journal
from vault.storage.database import check_schema, reading

HEAD, MARK, EXPECTED = "head", "mark", "expected"
Head = tuple[int, bytes]
_HEAD = re.compile(r"(\d{1,18}):([0-9a-fA-F]{64})")


@dataclass(frozen=True)
class Finding:
    """What a journal looks like: how many entries, how far it is right, its first fault.

    `notes` are those it was held against, by where they were: a position, or None for one that cannot be read.
    """

    entries: int
    last: Head
    fault: chain.Fault | None
    notes: dict[str, int | None]

    def facts(self) -> dict[str, object]:
        """For programs."""
        fault = self.fault and {"position": self.fault.position, "kind": self.fault.kind.value}
        right = {"position": self.last[0], "hash": self.last[1].hex()}
        told = {"entries": self.entries, "right": right, "fault": fault, "notes": self.notes}
        return {"whole": fault is None, **told}


def read_head(typed: str) -> Head | None:
    """`95:3fa9…`, what an auditor wrote down of an earlier inspection; None if it is not that."""
    found = _HEAD.fullmatch(typed.strip())
    return (int(found[1]), bytes.fromhex(found[2])) if found else None


def verify(instance: Instance, expected: Head | None = None) -> Finding:
    """Walk the chain without keeping anybody from writing; raises NotReady for a database not of this Kura."""
    if not instance.settings.database.is_file():
        raise NotReady("database-missing", file=instance.settings.database)
    check_schema(instance.engine)
    # Before the moment that is read: what is noted later may be of entries that this moment does not have.
    notes = _notes(instance) | ({EXPECTED: expected} if expected else {})
    with reading(instance.engine) as connection:
        walk = chain.walk(connection, columns_of, [head for head in notes.values() if head])
        entries = chain.count(connection)
    return Finding(entries, walk.last, walk.fault, {name: head and head[0] for name, head in notes.items()})


def _notes(instance: Instance) -> dict[str, Head | None]:
    found: dict[str, Head | None] = {}
    head = _settled_head(instance)
    if head is not None:
        found[HEAD] = head
    if instance.files.newest() is not None and instance.has_begun():
        try:
            found[MARK] = instance.files.read().keystore.mark
        except Damaged:
            found[MARK] = None
    return found


def _settled_head(instance: Instance) -> Head | None:
    """The head noted outside: looked at until two looks agree, for another worker may be just writing it."""
    folder = instance.settings.replicas[0]
    seen = journal.remembered_head(folder)
    for _ in range(20):
        again = journal.remembered_head(folder)
        if again == seen:
            break
        seen = again
    return seen


def told(finding: Finding, words: NullTranslations) -> Iterator[str]:
    """The finding in sentences, for whoever runs the command."""
    _ = words.gettext
    yield _("アクセスログの記録: %(count)s件") % {"count": f"{finding.entries:,}"}
    for name, position in finding.notes.items():
        place = _("読めません") if position is None else _("%(position)s番まで") % {"position": position}
        yield f"{_('verify.' + name)}: {place}"
    if finding.fault is None:
        yield _("記録は、はじめから終わりまで正しくつながっています。")
        right = f"{finding.last[0]}:{finding.last[1].hex()}"
        yield _("次の点検で比べるための控え: %(head)s") % {"head": right}
        return
    yield _("%(position)s番の記録から正しくありません。") % {"position": finding.fault.position}
    yield _("verify." + finding.fault.kind.value)
    yield _("ファイルには手を付けず、フォルダー全体を写して残してから、事務所の管理者に知らせてください。")
