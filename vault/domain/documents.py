"""Scanned papers of a client: what each is, where its original lies, and the pages that were redrawn from it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from vault.domain import fields
from vault.domain.fields import Fault
from vault.domain.values import TypedDate

KINDS = (
    "保険証券", "契約内容のお知らせ", "申込書控え", "控除証明書", "満期・更改・更新の案内", "保険金・給付金の書類",
    "約款・しおり", "手紙・通知", "その他",
)  # fmt: skip
# Where the paper is that was scanned.
ORIGINALS = ("お客様", "当社(お預り中)", "保険会社", "廃棄済み", "不明")
# Where the file is that came as a file: Kura redraws it, and 電子帳簿保存法 wants the file itself.
ELECTRONIC = ("社内の文書保存システム", "会計・税務ソフト", "社内の共有フォルダー", "保険会社のマイページ", "お客様が保存", "その他")
LONGEST_NAME = 255


@dataclass(frozen=True, kw_only=True)
class Page:
    """One redrawn page: its object (hex id), width and height in pixels, sealed bytes on the disk, how many words were
    found on it, and whether those are the file's own text (`exact`) or read off the picture.

    A page that is `held` has no object yet: an individual number on it has to be blacked out first. One without an object
    that is not held was left out then.
    """

    object: str
    width: int
    height: int
    size: int = 0
    words: int = 0
    exact: bool = False
    held: bool = False

    @property
    def shown(self) -> bool:
        """Whether there is a picture of it."""
        return bool(self.object)


@dataclass(frozen=True, kw_only=True)
class Document:
    """What people say of a document, and its pages. `policy`: the hex id of the policy it belongs to, or empty."""

    kind: str = fields.choice(*KINDS, required=True)
    title: str = fields.name(max_length=120)
    date: TypedDate | None = fields.day()
    original: str = fields.choice(*ORIGINALS)
    electronic: str = fields.choice(*ELECTRONIC)
    note: str = fields.long(max_length=1000)
    policy: str = ""
    pages: tuple[Page, ...] = ()

    def faults(self) -> Iterator[tuple[str, Fault]]:
        """Contradictions between what was said: a paper is not a file."""
        if self.original and self.electronic:
            yield "electronic", Fault("paper-or-file")

    @property
    def held(self) -> list[int]:
        """The pages (from 0) that wait for a number to be blacked out."""
        return [number for number, page in enumerate(self.pages) if page.held]

    @property
    def size(self) -> int:
        """Bytes on the disk."""
        return sum(page.size for page in self.pages)


@dataclass(frozen=True, kw_only=True)
class Intake:
    """A file on its way in: what it is to become, its name and size in bytes, and whether every page is to be held."""

    document: Document
    name: str
    size: int
    hold: bool = False
