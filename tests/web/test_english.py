"""Every page as somebody reads it who has chosen English: no Japanese is left but what people typed, and names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

from flask import Flask

from tests.support import catalogue
from tests.support import dealings as of_dealings
from tests.support.dealings import made
from tests.support.deposits import papers
from tests.support.documents import add, pdf
from tests.support.offices import NAMES, Office
from tests.support.visits import Visit, add_passkey
from tests.web.test_crawl import crawl, printed_once, start_of
from vault.domain.tasks import Task
from vault.domain.values import TypedDate
from vault.services import dealings, deposits, policies
from vault.services.worklist import tasks
from vault.web import dealing_rows

# Kana and characters; the dot between two facts is no word.
JAPANESE = re.compile(r"[\u3041-\u30fa\u30fc-\u30ff\u3400-\u9fff\uff66-\uff9f]+")
# Names of things that exist only in Japan stand in brackets after their English words.
BRACKETED = re.compile(r"[((「『“][^))」』”]*[))」』”]")
# What people typed into this office, and names of insurers: longest first, so that no part of one is left.
def _texts(typed: object) -> Iterator[str]:
    if isinstance(typed, str):
        yield from (typed, *typed.splitlines(), *(piece for piece in re.split("(?<=。)", typed) if piece))
    elif isinstance(typed, dict | list):
        for each in typed.values() if isinstance(typed, dict) else typed:
            yield from _texts(each)


_WORDS = catalogue.read(catalogue.ROOT, "en")
TYPED = sorted(
    [
        *(text for text in _texts(of_dealings.TYPED) if JAPANESE.search(text) and text not in _WORDS),
        *NAMES, "シマ カイト", "ハグロ ソウタ", "佐々木 恵", "みなと保険事務所", "東京都渋谷区渋谷1-1-1", "東京都港区1", "日本生命",
        "明治安田生命", "二度目", "証券蔵", "本社", "分析のため", "金庫", "終身の証券", "志摩 海斗 様", "羽黒 颯太 様", "保険証券 終身の証券",
    ],
    key=len, reverse=True,
)  # fmt: skip
# Attributes that are read to people or shown by scripts. What stands in a box is theirs.
SPOKEN = re.compile(r"aria-label|title|placeholder|alt|data-(?!text|value|kana|sound$|proposed$|echo|key|is$|when$).*")
# <kbd>: an example of what to type.
SILENT = ("script", "style", "datalist", "textarea", "template", "kbd")


class Words(HTMLParser):
    """All that a page says, piece by piece; what says itself that it is Japanese (lang) is left out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if self._silent or tag in SILENT or (tag != "html" and told.get("lang") == "ja"):
            if tag not in ("input", "br", "link", "meta", "img"):
                self._silent.append(tag)
            return
        self.said += [value or "" for name, value in attrs if SPOKEN.fullmatch(name)]

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag in self._silent:
            while self._silent.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


def left(page: str) -> Iterator[str]:
    """The pieces of a page with Japanese in them that nobody typed."""
    words = Words()
    words.feed(page)
    for piece in words.said:
        text = piece
        for each in TYPED:
            text = text.replace(each, "")
        text = BRACKETED.sub("", text)
        if JAPANESE.search(text):
            yield " ".join(piece.split())[:120]


def in_english(visit: Visit) -> Visit:
    visit.get("/own")
    assert visit.post("/own", {"language": "en", "dates": "west", "shortcuts": "on"}).status_code == 303
    return visit


def test_no_page_has_japanese_left_for_who_reads_english(app: Flask, visit: Visit, office: Office) -> None:
    printed_once(visit, office)
    add_passkey(office)
    deposit = deposits.create(office.desk(), office.facts.clients[0], papers(NAMES[0], "N-01"))
    document = add(office, pdf("a page", "another page")).hex()
    client = office.facts.clients[0]
    dealt = {what: dealings.create(office.desk(), client, made(kind)) for what, kind in dealing_rows.KINDS.items()}
    task = tasks.create(office.desk(), client, Task(what="quotation", due=TypedDate.of(date(2026, 11, 30)))).hex()
    found = crawl(in_english(visit), start_of(app, office, dealt, deposit=deposit.hex(), document=document, task=task))
    pages = {path: answer.get_data(as_text=True) for path, answer in found.items() if answer.mimetype == "text/html"}
    assert len([page for page in pages.values() if '<html lang="en"' in page]) > 80
    wrong: dict[str, str] = {}
    for path, page in pages.items():
        for piece in left(page):
            wrong.setdefault(piece, path)
    assert not wrong, "\n".join(f"{path}: {piece}" for piece, path in sorted(wrong.items(), key=lambda each: each[1]))


def test_days_are_one_day_or_several_and_written_as_in_english(visit: Visit, office: Office) -> None:
    client, (first, second) = office.facts.clients[0], office.facts.policies[0]
    for policy, end in ((first, date(2026, 11, 19)), (second, date(2020, 6, 1))):
        held = policies.get(office.desk(), client, policy).held
        policies.save(office.desk(), client, policy, replace(held.policy, end=TypedDate.of(end)), held.version)

    def page(path: str) -> str:
        return visit.get(path).get_data(as_text=True)

    in_english(visit)
    assert "in 1 day<" in page("/today") and "ends in 1 day<" in page(f"/clients/{client.hex()}")
    assert "The cover ended on 1 June 2020." in page(f"/clients/{client.hex()}/policies/{second.hex()}")
    assert 'value="2026-11-18"' in page(f"/clients/{client.hex()}/tasks/new")
