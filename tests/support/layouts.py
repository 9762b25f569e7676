"""Policies of insurers that do not exist, printed and scanned, and how well Kura reads them."""

import io
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageChops
from playwright.sync_api import Browser

from tests.support import pdf
from vault.domain import fields, kinds_of_field
from vault.domain.policies import Policy
from vault.domain.readings import Proposal
from vault.domain.scans import Word
from vault.domain.values import Amount, Term, TypedDate, Unreadable, fold
from vault.storage import sandbox

FOLDER = Path(__file__).parents[1] / "samples" / "layouts"
NAMES = tuple(sorted(page.stem for page in FOLDER.glob("*.html")))
# Drawn after the rules were written and left as they came: how Kura reads papers that nobody prepared it for.
UNSEEN = tuple(name for name in NAMES if name.startswith("unseen_"))
KNOWN = tuple(name for name in NAMES if name not in UNSEEN)
DPI = 200


def expected(name: str) -> dict[str, str]:
    """Path of each box that the paper tells something about -> what a person would type there."""
    found: dict[str, dict[str, str]] = json.loads((FOLDER / "expected.json").read_text(encoding="utf-8"))
    return found[name]


def printed(browser: Browser, folder: Path, names: Iterable[str] = NAMES) -> dict[str, Path]:
    """The layouts as PDFs with text, as insurers send them."""
    page = browser.new_page()
    made = {}
    for name in names:
        page.goto((FOLDER / f"{name}.html").as_uri())
        made[name] = folder / f"{name}.pdf"
        page.pdf(path=made[name], prefer_css_page_size=True, print_background=True)
    page.close()
    return made


def scanned(paper: Path, folder: Path) -> list[bytes]:
    """JPEGs as an office's scanner makes them: grey, a little askew, not quite white, with noise."""
    chance = random.Random(paper.stem)
    return [_worn(Image.open(page), chance) for page in pdf.render(paper, folder, dpi=DPI)]


def _worn(page: Image.Image, chance: random.Random) -> bytes:
    turned = page.convert("L").rotate(
        chance.uniform(-0.6, 0.6), resample=Image.Resampling.BICUBIC, fillcolor=255,
    )
    faded = turned.point([30 + value * 205 // 255 for value in range(256)])
    grains = Image.frombytes("L", faded.size, chance.randbytes(faded.width * faded.height))
    noisy = ImageChops.subtract(faded, grains.point([value // 9 for value in range(256)]))
    into = io.BytesIO()
    noisy.save(into, "JPEG", quality=55, dpi=(DPI, DPI))
    return into.getvalue()


def words(file: bytes) -> list[Sequence[Word]]:
    """Of each page of a PDF or picture, as the sandbox reads it."""
    return [page.words for page in sandbox.redraw([file], len(file), read=True)]


@dataclass(frozen=True)
class Score:
    """Of one paper: boxes it tells about, those proposed right first; wrong first proposals, boxes missed."""

    boxes: int
    first: int
    false: tuple[str, ...]
    missed: tuple[str, ...]


def score(wanted: dict[str, str], proposals: Sequence[Proposal]) -> Score:
    offered: dict[str, str] = {}
    for proposal in proposals:
        offered.setdefault(proposal.box, proposal.value)
    both = wanted.keys() & offered.keys()
    right = {box for box in both if _means(box, wanted[box]) == _means(box, offered[box])}
    false = tuple(f"{box}={value}" for box, value in offered.items() if box not in right)
    return Score(len(wanted), len(right), false, tuple(sorted(wanted.keys() - right)))


def _means(path: str, value: str) -> object:
    """What the form reads, so that 12,480 and 12480 are one."""
    head, *rest = path.split("-")
    box = fields.by_name(Policy)[head]
    if rest:
        assert box.of is not None
        box = fields.by_name(box.of)[rest[-1]]
    currency = "USD" if "." in value and box.kind in {"yen", "amount"} else ""
    try:
        meant = kinds_of_field.read_value(box, value, currency)
    except Unreadable as refused:
        meant = refused.means
    match meant:
        case TypedDate():
            return meant.value
        case Amount():
            return meant.value or meant.foreign or fold(meant.typed)
        case Term():
            return meant.kind, meant.months, meant.age, meant.until
        case str():
            return fold(meant)
    return meant


def total(scores: Iterable[Score]) -> Score:
    every = list(scores)
    return Score(
        sum(one.boxes for one in every), sum(one.first for one in every),
        tuple(each for one in every for each in one.false),
        tuple(each for one in every for each in one.missed),
    )


def table(title: str, scores: dict[str, Score]) -> str:
    """One line per layout and one for all."""
    rows = [*scores.items(), ("together", total(scores.values()))]
    return "\n".join([f"\n{title}", *(
        f"  {name:18} {one.first:4} of {one.boxes:3} right first ({one.first / one.boxes:4.0%}), "
        f"{len(one.false):2} wrong first: {', '.join(one.false)}"
        for name, one in rows
    )])
