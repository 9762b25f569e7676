"""From the words of a scan to proposals for the policy form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from vault.domain.policies import choices as c
from vault.domain.policies.kinds import KINDS
from vault.domain.readings import covers, form, shapes, titles
from vault.domain.readings.beside import Place, Sheet
from vault.domain.readings.labels import Rule, known
from vault.domain.readings.lines import Line, around, lines
from vault.domain.scans import Area, Word
from vault.domain.values import fold

# More than three of a box help nobody to choose.
MOST = 3
# A policy says what it is at the beginning; what follows are clauses, or a file that is made to take long.
_PAGES, _PIECES = 20, 5_000


@dataclass(frozen=True, slots=True)
class Proposal:
    """`value` for the box `box` of the policy form, as a person would type it, and the place it was read at.

    `box` is a path; in rows of people and covers the row's own name stands for its number, which only the
    form knows: `roles-契約者-name`, `coverages-死亡-amount`. `page` counts from 0; `label` is what stood beside
    it, empty for a title.
    """

    box: str
    value: str
    page: int
    area: Area
    label: str = ""


@dataclass(frozen=True, slots=True)
class _Guess:
    """A proposal before it was compared with others: the lower `doubt`, the better."""

    box: str
    value: str
    pieces: Line
    doubt: tuple[int, ...]
    label: str = ""


def propose(pages: Sequence[Sequence[Word]]) -> list[Proposal]:
    """At most three for a box, the best first, in the order of the form; nothing the form would not read."""
    sheets = [Sheet(lines(words, known, _PIECES)) for words in pages[:_PAGES]]
    named = titles.titles(sheets)
    kind = next((title.value for title in named if title.box == "kind"), "")
    currency = next((title.value for title in named if title.box == "currency"), "")
    found: dict[str, list[tuple[tuple[int, ...], Proposal]]] = {}
    for page, guess in _guesses(sheets, named):
        box = "" if _of_things(guess, kind) else form.fitting(guess.box, kind)
        if box and form.readable(box, guess.value, currency):
            made = Proposal(box, guess.value, page, around(guess.pieces), guess.label)
            found.setdefault(box, []).append(((guess.doubt[0], page, *guess.doubt[1:]), made))
    best = {box: _best(several) for box, several in found.items()}
    return [proposal for box in sorted(best, key=form.order) for proposal in _same_person(best, best[box])]


def _guesses(sheets: Sequence[Sheet], named: Sequence[titles.Title]) -> Iterator[tuple[int, _Guess]]:
    """All that is said anywhere, with its page."""
    for title in named:
        yield title.page, _Guess(title.box, title.value, title.pieces, (title.doubt,))
    for page, sheet in enumerate(sheets):
        for guess in (*_beside_labels(sheet), *_covers(sheet)):
            yield page, guess


def _of_things(guess: _Guess, kind: str) -> bool:
    """Whether 保険金額 alone, in a life's policy what a death pays, stands in one that insures things."""
    alone = guess.box == f"coverages-{c.COVERS[0]}-amount" and not guess.label.startswith(c.COVERS[0])
    return alone and bool(kind) and KINDS[kind].nonlife


def _best(several: list[tuple[tuple[int, ...], Proposal]]) -> list[Proposal]:
    """Without repetitions."""
    chosen: dict[str, Proposal] = {}
    for _doubt, proposal in sorted(several, key=lambda pair: pair[0]):
        chosen.setdefault(fold(proposal.value), proposal)
    return list(chosen.values())[:MOST]


def _same_person(best: dict[str, list[Proposal]], own: list[Proposal]) -> Iterator[Proposal]:
    """「被保険者に同じ」 and the like, as the name that is meant."""
    for proposal in own:
        meant = _meant(proposal.value) if proposal.box.startswith("roles-") else ""
        names = best.get(f"roles-{meant}-name", [])
        if meant and names:
            yield replace(proposal, value=names[0].value)
        elif not meant:
            yield proposal


def _meant(value: str) -> str:
    """The role that stands in the place of a name."""
    bare = value.replace(" ", "").removesuffix("本人").removesuffix("ご")
    for role in (c.INSURED, c.POLICYHOLDER):
        if bare in {role, f"{role}に同じ", f"{role}と同じ", f"{role}と同一"}:
            return role
    return ""


def _beside_labels(sheet: Sheet) -> Iterator[_Guess]:
    for place in (place for row in sheet.places for place in row):
        if place.label.monthly:
            pieces = sheet.lines[place.line][place.first : place.after]
            yield _Guess("mode", c.MONTHLY, pieces, (0, 50, 0, place.line), place.text(sheet))
        for rule in place.label.rules:
            yield from _nearest(sheet, place, rule)


def _nearest(sheet: Sheet, place: Place, rule: Rule) -> Iterator[_Guess]:
    """The best of what stands round a label, if any of it is what the box asks for."""
    found: list[_Guess] = []
    for candidate in sheet.candidates(place):
        value = shapes.read(rule.shape, candidate.text)
        if value is not None:
            reading = rule.shape == "person" and titles.only_kana(value)
            doubt = (reading + place.label.guessed, rule.rank, candidate.far, place.line)
            found.append(_Guess(rule.box, value, candidate.pieces, doubt, place.text(sheet)))
    if found:
        yield min(found, key=lambda guess: guess.doubt)


def _covers(sheet: Sheet) -> Iterator[_Guess]:
    for cover in covers.covers(sheet):
        box = f"{cover.table}-{cover.name}-amount"
        yield _Guess(box, cover.amount, cover.pieces, (0, 0, 0, cover.line), cover.label)
