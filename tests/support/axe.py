"""axe-core against the page as it stands, under the page's own strict CSP.

The CSP refuses a script tag, and it must not be switched off, or the page would not be the one the office gets. So
axe runs in an isolated world of the same document: it sees the same DOM and styles, and the page's scripts do not see it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")


@dataclass(frozen=True)
class Violation:
    rule: str
    impact: str
    help: str
    targets: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.rule} ({self.impact}): {self.help}: {'; '.join(self.targets)}"


@cache
def _source() -> str:
    return SOURCE.read_text(encoding="utf-8")


def violations(page: Page, tags: tuple[str, ...] = TAGS) -> list[Violation]:
    """What axe finds on the page now; raises if axe itself could not run."""
    session = page.context.new_cdp_session(page)
    try:
        frame = session.send("Page.getFrameTree")["frameTree"]["frame"]["id"]
        world = session.send("Page.createIsolatedWorld", {"frameId": frame, "worldName": "axe"})
        context = world["executionContextId"]

        def evaluate(expression: str) -> Any:
            answer = session.send("Runtime.evaluate", {
                "expression": expression, "contextId": context, "awaitPromise": True, "returnByValue": True,
            })
            if "exceptionDetails" in answer:
                raise RuntimeError(f"axe did not run: {answer['exceptionDetails']}")
            return answer["result"].get("value")

        evaluate(_source() + "\n;0")
        found = evaluate(
            f"axe.run(document, {{runOnly: {list(tags)!r}, resultTypes: ['violations']}}).then(r => "
            "r.violations.map(v => [v.id, v.impact || '', v.help, v.nodes.map(n => n.target.join(' '))]))"
        )
    finally:
        session.detach()
    return [Violation(rule, impact, words, tuple(targets)) for rule, impact, words, targets in found]


def check(page: Page, tags: tuple[str, ...] = TAGS) -> None:
    """Fails with every finding in a line of its own."""
    found = violations(page, tags)
    assert not found, f"axe on {page.url}:\n" + "\n".join(map(str, found))
