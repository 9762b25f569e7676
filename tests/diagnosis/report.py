"""What the tools found, what of it is explained, and what that means for who asked.

A tool that did not answer is no tool that found nothing: it stands in the report and in the exit status.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

EXPLAINED = Path(__file__).with_name("explained.toml")
CLEAN, FOUND, INCOMPLETE = 0, 1, 2


class NoResult(Exception):
    """A tool could not be run, was not done in its time, or did not reach what it was to look at; says why."""


@dataclass(frozen=True)
class Finding:
    """One thing that a tool says: the rule by the tool's own name, where, and its words."""

    what: str
    where: str
    words: str = ""


@dataclass(frozen=True)
class Explanation:
    """Why findings of a tool are none of ours. `what` and `where` may have * and ?."""

    tool: str
    what: str
    where: str
    reason: str

    def covers(self, tool: str, finding: Finding) -> bool:
        """Whether it speaks of this finding."""
        return self.tool == tool and fnmatchcase(finding.what, self.what) and fnmatchcase(finding.where, self.where)


@dataclass(frozen=True)
class Outcome:
    """One tool: what it found, or why there is `nothing` to say; `scope`: what it looked at; `seconds` that it took.

    `left_out`: nobody wanted it to run.
    """

    tool: str
    findings: tuple[Finding, ...] = ()
    nothing: str = ""
    scope: str = ""
    seconds: float = 0.0
    left_out: bool = False


def explanations(path: Path = EXPLAINED) -> list[Explanation]:
    """Those of the file; raises TypeError for one that lacks a part, ValueError for one that gives no reason."""
    found = [Explanation(**each) for each in tomllib.loads(path.read_text("utf-8")).get("explained", [])]
    if any(len(each.reason) < 20 for each in found):
        raise ValueError("an explanation without a reason")
    return found


@dataclass(frozen=True)
class Report:
    """All outcomes of one run, held against the explanations."""

    outcomes: tuple[Outcome, ...]
    explained: tuple[Explanation, ...]

    def reason(self, tool: str, finding: Finding) -> str:
        """Why it is none of ours; "" where nobody has said so."""
        return next((each.reason for each in self.explained if each.covers(tool, finding)), "")

    def open(self) -> list[tuple[str, Finding]]:
        """What is neither mended nor explained."""
        return [(o.tool, f) for o in self.outcomes for f in o.findings if not self.reason(o.tool, f)]

    def without_result(self) -> list[Outcome]:
        """Tools that were to say something and did not."""
        return [each for each in self.outcomes if each.nothing and not each.left_out]

    def unused(self) -> list[Explanation]:
        """Explanations of what a tool that has answered finds no more."""
        answered = {each.tool: each.findings for each in self.outcomes if not each.nothing and not each.left_out}
        return [e for e in self.explained if e.tool in answered and not any(e.covers(e.tool, f) for f in answered[e.tool])]

    def status(self) -> int:
        """Of the process: 1 something is open, 2 nothing is and yet not every tool has answered, 0 otherwise."""
        if self.open():
            return FOUND
        return INCOMPLETE if self.without_result() or not self.outcomes else CLEAN

    def text(self) -> str:
        """For people."""
        return "\n".join([*self._head(), "", *self._tools(), *self._notes()]) + "\n"

    def _head(self) -> Iterator[str]:
        yield {
            CLEAN: "診断: 未解決の指摘はありません。",
            FOUND: f"診断: 未解決の指摘が {len(self.open())} 件あります。",
            INCOMPLETE: "診断: 未解決の指摘はありませんが、結果の出なかった道具があります。診断は完了していません。",
        }[self.status()]
        yield from (f"  結果なし: {each.tool}: {_one_line(each.nothing)}" for each in self.without_result())
        yield from (f"  実行せず(指定による): {each.tool}" for each in self.outcomes if each.left_out)

    def _tools(self) -> Iterator[str]:
        for each in self.outcomes:
            yield f"[{each.tool}] {self._summary(each)}"
            if each.scope:
                yield f"  対象: {each.scope}"
            yield from self._lines(each)

    def _summary(self, of: Outcome) -> str:
        if of.left_out:
            return "実行せず"
        if of.nothing:
            return "結果なし"
        explained = sum(bool(self.reason(of.tool, each)) for each in of.findings)
        return f"未解決 {len(of.findings) - explained} 件、説明済み {explained} 件({of.seconds:.0f} 秒)"

    def _lines(self, of: Outcome) -> Iterator[str]:
        for finding in of.findings:
            reason = self.reason(of.tool, finding)
            yield f"  {'説明済み' if reason else '未解決  '} {finding.what} @ {finding.where}: {_one_line(finding.words)}"
            if reason:
                yield f"           {_one_line(reason)}"

    def _notes(self) -> Iterator[str]:
        for each in self.unused():
            yield f"説明が不要になりました: {each.tool} {each.what} @ {each.where}"


def _one_line(words: str, most: int = 400) -> str:
    return " ".join(words.split())[:most]


@dataclass(frozen=True)
class Looked:
    """What a tool came to, and what it looked at."""

    findings: tuple[Finding, ...]
    scope: str = ""


def looked(findings: Iterable[Finding], scope: str = "") -> Looked:
    """Each finding once, in the order of what and where."""
    once = {(each.what, each.where): each for each in findings}
    return Looked(tuple(once[key] for key in sorted(once)), scope)
