"""What the whole paper is: the insurer's name, the kind of insurance, the currency; wherever it stands."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from vault.domain import insurers
from vault.domain.readings.beside import Sheet
from vault.domain.readings.lines import Line, around, groups
from vault.domain.values import compact, fold

_KINDS: tuple[tuple[str, str], ...] = (
    ("自動車損害賠償責任保険|自賠責", "自賠責"),
    ("自動車(?:総合)?(?:保険|共済)", "自動車"),
    ("団体信用生命保険", "団信"),
    ("団体定期保険", "団体定期"),
    ("(?:米国?ドル|豪ドル|ユーロ|外貨)建", "外貨建"),
    ("変額", "変額"),
    ("長期平準定期", "長期平準定期"),
    ("逓増定期", "逓増定期"),
    ("収入保障|家族収入", "収入保障"),
    ("定期付(?:終身|養老)|定期保険特約付", "定期付養老・終身"),
    ("個人年金|年金(?:保険|共済)", "個人年金"),
    ("学資|こども(?:保険|共済)", "学資"),
    ("養老(?:生命)?(?:保険|共済)", "養老"),
    ("(?:がん|ガン|癌)(?:治療)?(?:保険|共済)", "がん"),
    ("介護.{0,4}保険", "介護"),
    ("就業不能", "就業不能"),
    ("(?:特定|三大|3大)疾病.{0,4}保険", "特定疾病"),
    ("所得補償", "所得補償"),
    ("(?:医療|入院)(?:保障)?(?:保険|共済)", "医療"),
    ("終身(?:保険|共済)", "終身"),
    ("定期(?:生命)?(?:保険|共済)", "定期"),
    ("総合保障.{0,4}共済", "共済 (総合保障)"),
    ("(?:火災|すまいの|住まいの|住宅総合|建物更生|家財)(?:保険|共済)|建物更生共済", "火災"),
    ("地震保険", "地震"),
    ("サイバー", "サイバー"),
    ("会社役員賠償|D&O", "D&O"),
    ("業務災害", "業務災害"),
    ("労働災害総合|労災上乗せ", "労災上乗せ"),
    ("個人賠償責任保険", "個人賠責"),
    ("賠償責任保険|施設所有", "施設・PL・請負・受託賠責"),
    ("(?:建設)?工事.{0,2}保険", "工事"),
    ("運送.{0,2}保険|貨物保険", "運送"),
    ("取引信用", "取引信用"),
    ("海外旅行", "海外旅行"),
    ("ペット保険", "ペット"),
    ("傷害保険|交通傷害", "傷害 (損害)"),
    ("積立.{0,6}保険", "積立"),
)
_CURRENCIES = (("米国?ドル|US\\$|USD", "USD"), ("豪ドル|A\\$|AUD", "AUD"), ("ユーロ|EUR|€", "EUR"))
_TITLE = re.compile("証券|証書|通知書|ご契約内容|お知らせ|加入者証")
_FIRM = re.compile(
    r"[^\W\d_][\w&・-]{0,24}?(?:生命保険|損害保険|火災海上保険|海上保険|火災保険|少額短期保険|共済)"
    r"(?:株式会社|相互会社|生活協同組合(?:連合会)?|協同組合(?:連合会)?|\(株\)|\(相\))"
)
_ALONE = re.compile(r"[\w&・]{0,20}(?:生命|損保|海上|火災|共済|Aflac|アフラック)[\w&・]{0,8}")
_LEGAL = re.compile(r"株式会社|相互会社|生活協同組合(?:連合会)?|協同組合(?:連合会)?|\(株\)|\(相\)")
# What stands before an insurer's name in the same line.
_BEFORE = re.compile(r"^.*\d日|^.*?(?:問い?合わ?せ先|引受(?:保険)?会社|保険者|連絡先|センター)[:は]?")
_SENTENCE = re.compile("[。、]")


# The name of the product, before what kind of paper it stands on.
_PAPER = re.compile(r"(?:保険|加入|共済|契約)?(?:証券|証書)$|ご?契約内容.*$|[のご]*お知らせ$")
# What is told by a word wherever it stands.
_ANYWHERE = (("tax_qualified", r"税制適格特約", "はい"), ("limit_days", r"1入院(\d{2,4})日", ""))


class Title(NamedTuple):
    box: str
    value: str
    page: int
    pieces: Line
    doubt: int


def titles(sheets: Sequence[Sheet]) -> list[Title]:
    """Insurer, kind and, where the kind has one, currency, each the surest first."""
    found = [title for page, sheet in enumerate(sheets) for title in _of_page(sheet, page)]
    found.sort(key=lambda title: title.doubt)
    kind = next((title.value for title in found if title.box == "kind"), "")
    return [title for title in found if title.box != "currency" or kind in {"外貨建", "変額", "個人年金"}]


def _of_page(sheet: Sheet, page: int) -> Iterator[Title]:
    highest = max((piece.area.height for line in sheet.lines for piece in line), default=1)
    for group in (group for line in sheet.lines for group in groups(line, 2.5)):
        text = "".join(piece.text for piece in group)
        if _SENTENCE.search(text):
            continue
        # Large letters and words of a title make a title; the name of a rider is written small.
        small = 100 - 100 * around(group).height // highest
        doubt = small + (0 if _TITLE.search(text) else 30)
        for box, value, own in (*_certain(text), *_likely(text, doubt)):
            if page == 0 or box != "product":
                yield Title(box, value, page, group, own + 100 * page)


def _certain(text: str) -> Iterator[tuple[str, str, int]]:
    """Box, value and doubt of what is told by its words alone."""
    yield from (("insurer", name, unsure) for name, unsure in _insurers(text))
    for box, pattern, fixed in _ANYWHERE:
        if found := re.search(pattern, compact(text)):
            yield box, fixed or found[1], 0


def _likely(text: str, doubt: int) -> Iterator[tuple[str, str, int]]:
    """The same of what counts by how it is written; a product's name less than one beside its label."""
    yield from (("kind", kind, doubt) for kind in _kinds(text))
    yield from (("currency", code, doubt) for sign, code in _CURRENCIES if re.search(sign, compact(text)))
    yield from (("product", name, 500 + doubt) for name in _products(text))


def _kinds(text: str) -> Iterator[str]:
    bare = compact(text)
    if re.search("特約$|保護機構|代理店|会社", bare):
        return
    yield from (kind for pattern, kind in _KINDS if re.search(pattern, bare))


def _products(text: str) -> Iterator[str]:
    """Of a title that says what paper it is, what stands before."""
    name = _PAPER.sub("", text)
    if _TITLE.search(text) and name != text and re.search("保険|共済", name) and any(_kinds(name)):
        yield name


def _insurers(text: str) -> Iterator[tuple[str, int]]:
    """Names, and how doubtful each is."""
    bare = _BEFORE.sub("", compact(text))
    for found in _FIRM.finditer(bare):
        yield _as_recorded(found[0]), 0 if insurers.find(found[0]) else 1
    # Only what may be a name is looked up: what was looked up is remembered, and this is a client's paper.
    if _ALONE.fullmatch(bare) and insurers.find(bare):
        yield _as_recorded(bare), 2


def _as_recorded(printed: str) -> str:
    """The name of the form's own list that the paper says, be it a former one; else as printed."""
    known = insurers.find(printed) or _misread(printed)
    if known is None:
        return re.sub("(?<=生命)保険$", "", _LEGAL.sub("", printed))
    names = [name for name in insurers.proposals() if fold(name) in fold(printed)]
    return max((name for name in names if insurers.find(name) == known), key=len, default=known.name)


def _misread(printed: str) -> insurers.Insurer | None:
    """The one insurer whose name differs in a single letter."""
    bare = fold(re.sub("(?<=生命)保険$", "", _LEGAL.sub("", printed)))
    near = {
        found.name: found for found in insurers.insurers()
        if len(bare) == len(fold(found.name)) >= 4
        and sum(a != b for a, b in zip(bare, fold(found.name), strict=True)) == 1
    }
    return next(iter(near.values())) if len(near) == 1 else None


def only_kana(text: str) -> bool:
    """The reading above a name rather than the name, or letters of an English gloss."""
    return re.fullmatch(r"[ァ-ヺー・\sA-Za-z.]+", text) is not None
