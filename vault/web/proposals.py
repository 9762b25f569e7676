"""What was read on a document, as rows beside the policy form: its box, its value, and the piece of the picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vault.domain import fields
from vault.domain.documents import Page
from vault.domain.policies import Policy
from vault.domain.readings import Proposal
from vault.domain.scans import Area
from vault.web import page_addresses
from vault.web.versions import label


def proposal_rows(
    found: Iterable[Proposal], pages: Sequence[Page], client: bytes, document: bytes
) -> list[dict[str, Any]]:
    """Each proposal with an address of the page that it was read on; a page that waits meanwhile has none."""
    return [_row(each, pages[each.page], client, document) for each in found if pages[each.page].object]


def _row(proposal: Proposal, page: Page, client: bytes, document: bytes) -> dict[str, Any]:
    return {
        "box": proposal.box, "value": proposal.value, "label": box_text(proposal.box), "number": proposal.page + 1,
        "width": page.width, "height": page.height, "view": _around(proposal.area, page),
        "address": page_addresses.address(client, document, proposal.page),
    }  # fmt: skip


def _around(area: Area, page: Page) -> Area:
    """The piece of a page that is shown: what was read, with some of what stands round it."""
    aside, above = max(area.height * 2, area.width // 4), area.height
    left, top = max(0, area.left - aside), max(0, area.top - above)
    right = min(page.width, area.left + area.width + aside)
    return Area(left, top, right - left, min(page.height, area.top + area.height + above) - top)


def box_text(path: str) -> str:
    """The words of a box of the policy form; in a row of people or covers the row's own name stands in the path."""
    name, *rest = path.split("-")
    words = label(Policy, name)
    box = fields.by_name(Policy).get(name)
    if len(rest) < 2 or box is None or box.of is None:
        return words
    if rest[0].isdigit():
        return label(Policy, path)
    return f"{rest[0]} {label(box.of, rest[-1])}"
