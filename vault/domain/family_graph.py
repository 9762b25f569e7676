"""家族図: where each person of a household is drawn and who is joined to whom, as plain numbers for a page to draw.

Numbers are pixels from the top left. A line is drawn only where the words leave no doubt: whose child a grandchild is
they do not say, so he stands in his generation without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from vault.domain.clients import Member
from vault.domain.family_tree import SPOUSES, Tree, tree
from vault.domain.relationships import HEAD, paths_of

WIDTH, HEIGHT = 136, 58
GAP, COUPLE_GAP, ROW_GAP, LABEL, MARGIN = 14, 28, 34, 98, 6
OTHERS_IN_A_ROW = 6
MARRIED, PARTNERS, DESCENT, LINK = "married", "partners", "descent", "link"


@dataclass(frozen=True)
class Box:
    """One person, or a client that stands beside him: `id` as in the record."""

    id: str
    x: float
    y: float

    @property
    def middle(self) -> float:
        return self.x + WIDTH / 2


@dataclass(frozen=True)
class Line:
    """A line through these points."""

    kind: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Graph:
    """`rows`: (generation, y of its boxes), None for people whose word does not say where they belong."""

    width: float = 0
    height: float = 0
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    rows: tuple[tuple[int | None, float], ...] = ()
    left_out: int = 0


def household(members: Iterable[Member]) -> Graph:
    """Generations below each other, the head's own side left of the spouse's, children below their parents."""
    found = tree(members)
    at = _Placing(found)
    at.place_couple()
    at.place_parents()
    at.place_below()
    at.place_others()
    return _moved(at)


@dataclass
class _Placing:
    """Boxes while they are being placed: x counts from the middle between head and spouse, y in rows."""

    tree: Tree
    x: dict[str, float] = field(default_factory=dict)
    row: dict[str, int] = field(default_factory=dict)
    rows: list[int | None] = field(default_factory=list)
    lines: list[tuple[str, list[tuple[float, float]]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = [n for n, _ in self.tree.generations]

    def of(self, generation: int) -> list[Member]:
        """A generation's people, both sides."""
        return [m for n, sides in self.tree.generations if n == generation for side in sides for m in side]

    def put(self, people: Sequence[Member], left: float, row: int) -> None:
        """One beside the other from `left` on."""
        for member in people:
            self.x[member.id], self.row[member.id] = left, row
            left += WIDTH + GAP

    def joined(self, people: Sequence[Member], path: str) -> list[Member]:
        """Those whose word means this path from the head and no other."""
        return [m for m in people if paths_of(m.relationship) == (path,)]

    @property
    def middle(self) -> float:
        """From where the children hang: between the two, or below the head alone."""
        return 0 if self.married else -COUPLE_GAP / 2 - WIDTH / 2

    @property
    def married(self) -> bool:
        """A partner's children are not said to be the head's, nor his the partner's."""
        return self.spouse is not None and paths_of(self.spouse.relationship) == ("S",)

    @property
    def head(self) -> Member | None:
        return next((m for m in self.of(0) if m.relationship == HEAD), None)

    @property
    def spouse(self) -> Member | None:
        return next((m for m in self.of(0) if m.relationship in SPOUSES), None)

    def line(self, kind: str, *points: tuple[float, float]) -> None:
        self.lines.append((kind, list(points)))

    def top(self, row: int) -> float:
        return row * (HEIGHT + ROW_GAP)

    # --- the head's own generation

    def place_couple(self) -> None:
        """The head right of the own side, the spouse left of the other."""
        if 0 not in self.rows:
            return
        row, people = self.rows.index(0), self.of(0)
        right = [m for m in people if m.relationship in SPOUSES]
        siblings = self.joined(people, "PC")
        in_law = [m for m in people if m.relationship.startswith("義")]
        apart = [m for m in people if m not in right + siblings + in_law and m is not self.head]
        left = [*apart, *siblings, *([self.head] if self.head else [])]
        self.put(left, -COUPLE_GAP / 2 - len(left) * (WIDTH + GAP) + GAP, row)
        self.put([*right, *in_law], COUPLE_GAP / 2, row)
        if self.head and self.spouse:
            kind = MARRIED if self.married else PARTNERS
            y = self.top(row) + HEIGHT / 2
            self.line(kind, (-COUPLE_GAP / 2, y), (COUPLE_GAP / 2, y))

    # --- above

    def place_parents(self) -> None:
        """Parents above their children; the two sides never stand in each other's way."""
        if -1 in self.rows:
            row, people = self.rows.index(-1), self.of(-1)
            in_laws = self.joined(people, "SP")
            own = self.joined(people, "P")
            apart = [m for m in people if m not in in_laws + own]
            children = [*self.joined(self.of(0), "PC"), *([self.head] if self.head else [])]
            self._pair([*apart, *own], own, children, row, right=0 if in_laws else None)
            self._pair(in_laws, in_laws, [self.spouse] if self.spouse else [], row, left=0)
        if -2 in self.rows:
            people = self.of(-2)
            self.put(people, self._centred(people, self._over()), self.rows.index(-2))

    def _over(self) -> float:
        """The middle of what stands below the grandparents."""
        below = [*self.joined(self.of(-1), "P"), *([self.head] if self.head else [])][:2]
        return sum(self.x[m.id] + WIDTH / 2 for m in below) / len(below) if below else 0

    def _pair(
        self, people: Sequence[Member], parents: Sequence[Member], children: Sequence[Member], row: int,
        *, left: float | None = None, right: float | None = None,
    ) -> None:  # fmt: skip
        if not people:
            return
        middles = [self.x[child.id] + WIDTH / 2 for child in children]
        target = (min(middles) + max(middles)) / 2 if middles else 0
        own = list(parents) or list(people)
        start = self._centred(own, target) - (len(people) - len(own)) * (WIDTH + GAP)
        if right is not None:
            start = min(start, right - GAP - len(people) * (WIDTH + GAP) + GAP)
        if left is not None:
            start = max(start, left + GAP)
        self.put(people, start, row)
        if parents and children:
            self._hang(parents, children, row)

    def _hang(self, parents: Sequence[Member], children: Sequence[Member], row: int) -> None:
        """A line down from the parents to a bar, and from the bar to each child."""
        first = [self.x[p.id] for p in parents[:2]]
        bottom, bar = self.top(row) + HEIGHT, self.top(row) + HEIGHT + ROW_GAP / 2
        middle = sum(first) / len(first) + WIDTH / 2
        if len(first) == 2 and _couple(parents):
            y = bottom - HEIGHT / 2
            self.line(MARRIED, (first[0] + WIDTH, y), (first[1], y))
            bottom = y
        elif len(first) == 2:
            middle = first[0] + WIDTH / 2
        self._branch((middle, bottom), bar, children, self.top(row + 1))

    def _branch(self, start: tuple[float, float], bar: float, children: Sequence[Member], top: float) -> None:
        at = [self.x[child.id] + WIDTH / 2 for child in children]
        self.line(DESCENT, start, (start[0], bar))
        if min(start[0], *at) < max(start[0], *at):
            self.line(DESCENT, (min(start[0], *at), bar), (max(start[0], *at), bar))
        for x in at:
            self.line(DESCENT, (x, bar), (x, top))

    # --- below

    def place_below(self) -> None:
        """Children under the couple, further ones beside them; grandchildren in their own row."""
        for generation in (1, 2):
            if generation not in self.rows:
                continue
            row, people = self.rows.index(generation), self.of(generation)
            own = self.joined(people, "C" * generation)
            rest = [m for m in people if m not in own]
            start = self._centred(own or rest, self.middle)
            self.put([*own, *rest], start, row)
            if generation == 1 and own and self.head and 0 in self.rows:
                self._branch(self._root(), self.top(row) - ROW_GAP / 2, own, self.top(row))

    def _root(self) -> tuple[float, float]:
        """Where the line to the children begins: at the tie between the two, or under the head."""
        bottom = self.top(self.rows.index(0)) + HEIGHT
        return (0, bottom - HEIGHT / 2) if self.married else (self.middle, bottom)

    def _centred(self, people: Sequence[Member], middle: float) -> float:
        return middle - (len(people) * (WIDTH + GAP) - GAP) / 2

    def place_others(self) -> None:
        """Below all the others, in rows of their own."""
        left = min(self.x.values(), default=0)
        for i in range(0, len(self.tree.others), OTHERS_IN_A_ROW):
            self.put(self.tree.others[i : i + OTHERS_IN_A_ROW], left, len(self.rows))
            self.rows.append(None)


def _couple(parents: Sequence[Member]) -> bool:
    """父 and 母; not two of one word."""
    return len(parents) == 2 and parents[0].relationship != parents[1].relationship


def _moved(at: _Placing) -> Graph:
    """Everything right of the names of the generations."""
    if not at.x:
        return Graph()
    shift = LABEL + MARGIN - min(at.x.values())
    boxes = tuple(Box(member, x + shift, at.top(at.row[member]) + MARGIN) for member, x in at.x.items())
    lines = tuple(Line(kind, tuple((x + shift, y + MARGIN) for x, y in points)) for kind, points in at.lines)
    rows = tuple((n, at.top(i) + MARGIN) for i, n in enumerate(at.rows))
    return Graph(
        max(box.x for box in boxes) + WIDTH + MARGIN, at.top(len(rows)) - ROW_GAP + 2 * MARGIN, boxes, lines, rows
    )


def beside(graph: Graph, clients: Sequence[str]) -> Graph:
    """The same with related clients in a column at the right."""
    if not clients:
        return graph
    x = graph.width + GAP if graph.boxes else MARGIN
    boxes = tuple(Box(client, x, MARGIN + i * (HEIGHT + GAP)) for i, client in enumerate(clients))
    height = max(graph.height, boxes[-1].y + HEIGHT + MARGIN)
    return replace(graph, width=x + WIDTH + MARGIN, height=height, boxes=(*graph.boxes, *boxes))
