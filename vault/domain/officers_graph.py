"""役員とその世帯: a corporation, the people who lead it, and the households linked with them, as plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

from vault.domain.clients import Member
from vault.domain.family_graph import DESCENT, GAP, HEIGHT, LINK, MARGIN, WIDTH, Box, Graph, Line

OFFICERS = 12
TRUNK, LINKED_AT = 20, 210


def corporation(members: Sequence[Member], linked: Sequence[tuple[str, str]]) -> Graph:
    """The people who lead it below its name (id ""), and at the right of each the households linked with them.

    `linked`: (id of a client, id of the member he is linked with or ""). Households linked with nobody come last.
    """
    with_links = {member for _, member in linked}
    officers = [m for m in members if m.position == "役員" or m.id in with_links] or list(members)
    shown = officers[:OFFICERS]
    boxes, lines = [Box("", MARGIN, MARGIN)], []
    y = MARGIN + HEIGHT + GAP
    for member in [*(m.id for m in shown), ""]:
        households = [client for client, of in linked if (of if of in {m.id for m in shown} else "") == member]
        if member:
            boxes.append(Box(member, MARGIN + 2 * TRUNK, y))
            lines.append(Line(DESCENT, ((MARGIN + TRUNK, y + HEIGHT / 2), (MARGIN + 2 * TRUNK, y + HEIGHT / 2))))
        for client in households:
            boxes.append(Box(client, MARGIN + LINKED_AT, y))
            if member:
                lines.append(_link(member, boxes, y))
            y += HEIGHT + GAP
        y += 0 if households or not member else HEIGHT + GAP
    if shown:
        last = max(box.y for box in boxes if box.x == MARGIN + 2 * TRUNK) + HEIGHT / 2
        lines.append(Line(DESCENT, ((MARGIN + TRUNK, MARGIN + HEIGHT), (MARGIN + TRUNK, last))))
    return Graph(
        max(box.x for box in boxes) + WIDTH + MARGIN, y - GAP + MARGIN, tuple(boxes), tuple(lines),
        left_out=len(members) - len(shown),
    )  # fmt: skip


def _link(member: str, boxes: Sequence[Box], y: float) -> Line:
    own = next(box for box in boxes if box.id == member)
    right, left = own.x + WIDTH, MARGIN + LINKED_AT
    turn = (right + left) / 2
    points = ((right, own.y + HEIGHT / 2), (turn, own.y + HEIGHT / 2), (turn, y + HEIGHT / 2), (left, y + HEIGHT / 2))
    return Line(LINK, points)
