"""Clients, policies and queries at random, alike enough to find one another; and the search that opens everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from tests.support.importing import car
from vault.domain.access import Permission
from vault.domain.clients import Client, Corporation, Household, Member, Telephone
from vault.domain.policies import KINDS, Policy, Role, cover_end
from vault.domain.policies import choices as c
from vault.domain.policies.rows import Rider, SurrenderValue
from vault.domain.policies.surrender import peak
from vault.domain.retention import term_of
from vault.domain.search import Query, Row, client_row, matches, paper_row, policy_row
from vault.domain.search.queries import MISSING, WHATS
from vault.domain.tasks import Task
from vault.domain.values import TypedDate, fold, full_age, insurance_age, read_term, wareki
from vault.domain.values.moments import day_of
from vault.domain.worklist import Line, Sort
from vault.services import payloads
from vault.services.acts import Act
from vault.services.audit import Event
from vault.services.holdings import POLICY, TASK, opened_client
from vault.services.ledger_rows import opened
from vault.services.safe import Desk
from vault.services.search.rows import PAPERS
from vault.storage import records

TODAY = date(2026, 11, 22)
NAMES = (
    "髙橋 美咲", "高橋 みさき", "齋藤 久子", "斉藤 一", "𠮷田 髙志", "よしだ たかし", "渡邉 健", "㈱みなと運輸", "株式会社 港運輸",
    "Müller GmbH", "田中", "田中 田中", "佐々木・一郎", "ヴァン・デル・メール", "葛󠄀城 一",
)  # fmt: skip
KANAS = ("タカハシ ミサキ", "サイトウ ヒサコ", "ヨシダ タカシ", "ワタナベ ケン", "ミナトウンユ", "タナカ", "ガガーリン", "カシ")
NUMBERS = ("AB-4711", "ＡＢ４７１２", "ab 4713", "不明", "47-11", "１２３", "A-B-1")
INSURERS = ("日本生命", "ニッセイ", "アリコジャパン", "メットライフ生命", "安田火災", "損保ジャパン", "みなと共済")
TEXTS = ("", "特約あり", "一行目\n二行目", "ｶﾞﾝ保険", "がん保険 (2型)", "=cmd|' /C calc'!A0", "<b>太字</b>", "証券は金庫。高額!")
letters = st.text(alphabet="髙高橋ｶﾞガがー-−－ 　1１aAｱ𠮷㈱々\n㌢ﬁß=", max_size=8)
days = st.dates(date(1930, 1, 1), date(2035, 12, 31))
near_days = st.dates(TODAY - timedelta(days=400), TODAY + timedelta(days=100))


def _typed(day: date | None) -> TypedDate | None:
    return TypedDate(wareki(day), day) if day is not None else None


def _text(known: Iterable[str]) -> st.SearchStrategy[str]:
    return st.sampled_from(list(known)) | letters


@st.composite
def members(draw: st.DrawFn) -> Member:
    """A person of a client."""
    return Member(
        id=draw(st.integers(0, 2**64)).to_bytes(16, "big").hex(), name=draw(st.sampled_from(NAMES)),
        kana=draw(st.sampled_from(KANAS)), birth=_typed(draw(st.none() | days)), death=_typed(draw(st.none() | days)),
        occupation=draw(_text(TEXTS)), health="誰にも見せない病気",
    )  # fmt: skip


@st.composite
def clients(draw: st.DrawFn) -> Client:
    """A household or a corporation."""
    told: dict[str, Any] = {
        "name": draw(_text(NAMES)) or "名", "kana": draw(st.sampled_from(KANAS)), "compartment": "", "notes": draw(_text(TEXTS)),
        "handler": draw(st.sampled_from(("", "佐々木", "佐々木 恵", "ささき"))), "members": tuple(draw(st.lists(members(), max_size=2))),
        "telephones": tuple(Telephone(number=n) for n in draw(st.lists(st.sampled_from(("03-1234-5678", "０９０１２３４")), max_size=1))),
        "retention_until": _typed(draw(st.none() | near_days)),
    }  # fmt: skip
    if draw(st.booleans()):
        return Household(**told)
    closing = draw(st.sampled_from(("3月31日", "9月20日", "20日締め", "12月末")))
    return Corporation(**told, closing_day=closing, legal_form=draw(st.sampled_from(("", "株式会社"))))


@st.composite
def policies(draw: st.DrawFn, client: Client) -> Policy:
    """A policy of a client, of any kind and state."""
    kind = draw(st.sampled_from(list(KINDS)))
    begins = _typed(draw(st.none() | days))
    roles = [Role(role=c.INSURED, name=member.name, member=member.id) for member in client.members[:1]]
    return Policy(
        insurer=draw(st.sampled_from(INSURERS)), policy_number=draw(_text(NUMBERS)) or "なし", product=draw(_text(TEXTS)), kind=kind,
        state=draw(st.sampled_from(c.STATES)), handled_by=draw(st.sampled_from(c.HANDLED_BY)), premium=1000,
        mode=draw(st.sampled_from(c.MODES)), contract_date=begins, start=begins, end=_typed(draw(st.none() | days)),
        term=draw(st.sampled_from((None, read_term("終身"), read_term("20年"), read_term("60歳")))),
        solicitor=draw(st.sampled_from(("", "佐々木 恵", "募集 太郎"))), roles=(*roles, Role(role=c.POLICYHOLDER, name=draw(st.sampled_from(NAMES)))),
        renewal_state=draw(st.sampled_from(("", *c.RENEWAL_STATES))), riders=tuple(Rider(name=t) for t in draw(st.lists(_text(TEXTS), max_size=2))),
        surrender_latest=tuple(SurrenderValue(policy_year=y, premiums_paid=10, surrender_value=y) for y in draw(st.lists(st.integers(1, 30), max_size=2))),
        notes=draw(_text(TEXTS)),
    )  # fmt: skip


@st.composite
def tasks(draw: st.DrawFn, about: list[bytes]) -> Task:
    """Something to be done, perhaps about one of some policies."""
    return Task(
        what=draw(_text(TEXTS)) or "電話", due=TypedDate.of(draw(days)), assignee=draw(st.sampled_from(("", "佐々木", "佐々木 恵"))),
        note=draw(_text(TEXTS)), policy=draw(st.sampled_from(["", *(policy.hex() for policy in about)])),
    )  # fmt: skip


@st.composite
def sheet_rows(draw: st.DrawFn) -> list[list[str]]:
    """A few rows of a spreadsheet: some tell of one client twice, some of a policy that is there, some have faults."""
    people = draw(st.lists(st.sampled_from(list(zip(NAMES, KANAS, strict=False))), min_size=1, max_size=3))
    births, numbers = st.sampled_from(("S52.3.9", "1988/7/7", "昨日")), st.sampled_from(("U-1", "AB-4711", "47-11"))
    return [car(name, kana, draw(births), draw(numbers), draw(st.sampled_from(("58,230", "60,000")))) for name, kana in people]


@st.composite
def words(draw: st.DrawFn) -> str:
    """Pieces of what stands somewhere, perhaps in other letters."""
    piece = draw(st.sampled_from([*NAMES, *KANAS, *NUMBERS, *INSURERS, *TEXTS]) | letters)
    start = draw(st.integers(0, max(0, len(piece) - 1)))
    piece = piece[start : start + draw(st.integers(1, 6))]
    return draw(st.sampled_from((piece, piece.upper(), fold(piece), f"-{piece}-")))


@st.composite
def queries(draw: st.DrawFn) -> Query:
    """Words, conditions, or both."""
    asked = Query(words=" ".join(draw(st.lists(words(), max_size=2))))
    for name in draw(st.lists(st.sampled_from(sorted(CONDITIONS)), max_size=2)):
        asked = replace(asked, **{name: draw(CONDITIONS[name])})
    return asked


months = st.sampled_from((0, 1, 3, 12, 120))
CONDITIONS: dict[str, st.SearchStrategy[Any]] = {
    "what": st.sampled_from(WHATS), "insurer": st.sampled_from(INSURERS), "kind": st.sampled_from(list(KINDS)),
    "state": st.sampled_from(c.STATES), "handled_by": st.sampled_from(c.HANDLED_BY), "handler": st.sampled_from(("佐々木", "佐々木 恵", "ササキ")),
    "begins_from": days.map(_typed), "begins_to": days.map(_typed), "matures_within": months, "paid_within": months,
    "peak_within": months, "closing_month": st.sampled_from((3, 9, 12, 1)), "age_within": months,
    "renewal_state": st.sampled_from(c.RENEWAL_STATES), "missing": st.sampled_from(MISSING),
}  # fmt: skip

# --- the search that opens everything


def everything(desk: Desk) -> list[tuple[bytes, bytes, Row]]:
    """(client, record, row) of all that a person can open, decrypted for the purpose."""
    with desk.act(Event.CLIENTS_LISTED, Permission.READ_CLIENTS) as act:
        return [found for held, own in act.every_client() for found in _of(act, held.folder.owner, opened_client(own))]


def _of(act: Act, owner: bytes, client: Client) -> list[tuple[bytes, bytes, Row]]:
    sold = [(f.row.id, payloads.decode(f.payload, Policy)) for f in act.read(owner, [POLICY])]
    rows = [(owner, owner, client_row(client)), *((owner, i, policy_row(policy, client)) for i, policy in sold)]
    for kind, of in PAPERS.items():
        rows += [(owner, f.row.id, paper_row(kind, payloads.decode(f.payload, of), client)) for f in act.read(owner, [kind])]
    return rows


def naive(desk: Desk, query: Query, today: date = TODAY) -> list[tuple[bytes, bytes]]:
    """(client, record) of all that answers, in the order of the page."""
    found = [(WHATS.index(row.what), row.order.encode(), owner, record)
             for owner, record, row in everything(desk) if matches(row, query, today)]  # fmt: skip
    return [(owner, record) for _, _, owner, record in sorted(found)]


# --- the work list that opens everything


def naive_lines(desk: Desk, sort: Sort, first: date, last: date) -> list[tuple[date, bytes, bytes]]:
    """(day, client, record) of all that falls due between two days and that no task answers."""
    found, answered = [], set()
    with desk.act(Event.CLIENTS_LISTED, Permission.READ_CLIENTS) as act:
        for held, own in act.every_client():
            owner, client = held.folder.owner, opened_client(own)
            answered |= {task.line for _, task in _tasks(act, owner)}
            for record, days in _falling_due(act, owner, client, sort, first, last):
                found += [(day, owner, record) for day in days if first <= day <= last]
    return sorted(line for line in found if Line(sort, *line).key not in answered)


def _record_of(act: Act, serial: int) -> bytes:
    return records.ledger_row(act.connection, serial).id


def _day_of_erasure(act: Act, owner: bytes, client: Client) -> set[date]:
    """Reckoned from the records as they stand."""
    [own] = [each for each in act.read(owner) if each.row.id == owner]
    held = [(payloads.decode(f.payload, Policy), day_of(f.row.changed)) for f in act.read(owner, [POLICY])]
    last = term_of(client, held, day_of(own.row.changed), 10).last
    return {last + timedelta(days=1)} if last is not None else set()


def _tasks(act: Act, owner: bytes) -> list[tuple[bytes, Task]]:
    return [(f.row.id, payloads.decode(f.payload, Task)) for f in act.read(owner, [TASK])]


def _falling_due(
    act: Act, owner: bytes, client: Client, sort: Sort, first: date, last: date
) -> Iterable[tuple[bytes, set[date]]]:  # fmt: skip
    """Said again, and in another way than `vault.domain.worklist` does."""
    every_day = [first + timedelta(days=n) for n in range((last - first).days + 1)] if sort.yearly else []
    alive = [m.birth.value for m in client.members if m.birth and not m.death]
    if sort is Sort.CLOSING and isinstance(client, Corporation):
        yield owner, {day for day in every_day if client.closing.on_or_after(day) == day}
    for age, wanted in ((full_age, Sort.BIRTHDAY), (insurance_age, Sort.AGE)):
        if sort is wanted:
            yield owner, {d for d in every_day for b in alive if age(b, d) != age(b, d - timedelta(days=1))}
    if sort is Sort.PRINT:
        for row in (opened(act, stored).entry for stored in records.ledger_rows(act.connection, 10_000)):
            if row.client == owner.hex() and row.standing(TODAY) in ("out", "overdue"):
                yield _record_of(act, row.serial), {row.due} if row.due else set()
    if sort is Sort.RETENTION:
        yield owner, _day_of_erasure(act, owner, client)
    if sort is Sort.TASK:
        yield from ((record, {task.due.value} if task.open else set()) for record, task in _tasks(act, owner))
    for each in act.read(owner, [POLICY]):
        policy = payloads.decode(each.payload, Policy)
        if policy.state not in ("有効", "払込満了", "払済", "延長"):
            continue
        best = peak(policy)
        days = {Sort.MATURITY: cover_end(policy, client), Sort.PEAK: best.day if best else None}
        yield each.row.id, {day for day in (days.get(sort),) if day}
