"""The run itself; `tests/diagnose` makes the tools and calls it."""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.diagnosis import looking, scanning, still, tls
from tests.diagnosis.report import Finding, Looked, NoResult, Outcome, Report, explanations, looked
from tests.diagnosis.running import ROOT, Room
from tests.diagnosis.subject import Subject, standing_office
from tests.support.host_nginx import NGINX

STILL: dict[str, Callable[[Room], Looked]] = {
    "bandit": still.bandit, "pip-audit": still.pip_audit, "systemd-analyze": still.systemd,
}  # fmt: skip
# wapiti comes last, and outside before inside: it leaves pages behind that are full of what it tried.
RUNNING: dict[str, Callable[[Room, Subject], Looked]] = {
    "sslyze": tls.sslyze,
    "testssl": tls.testssl,
    "csp-evaluator": looking.csp_evaluator,
    "lighthouse": looking.lighthouse,
    "axe-core": looking.axe_core,
    "sqlmap": scanning.sqlmap,
    "wapiti (signed out)": partial(scanning.wapiti, signed_in=False),
    "wapiti (signed in)": partial(scanning.wapiti, signed_in=True),
}

LOGS = "log"
_WRONG = re.compile(r"Traceback|Error\b|\[(error|critical|crit|alert|emerg)\]", re.IGNORECASE)


def outcome(tool: str, look: Callable[[], Looked]) -> Outcome:
    """What a tool comes to. Whatever goes wrong with one is no result, and keeps no other from being asked."""
    begun = time.monotonic()
    print(f"  {tool} …", flush=True)
    try:
        found = look()
    except NoResult as error:
        return Outcome(tool, nothing=str(error))
    except Exception as error:  # noqa: BLE001
        return Outcome(tool, nothing=f"{type(error).__name__}: {str(error)[:300]}")
    return Outcome(tool, found.findings, "", found.scope, time.monotonic() - begun)


def outcomes(room: Room, wanted: Sequence[str]) -> Iterator[Outcome]:
    """Of every tool; those that nobody wanted are named as well."""
    for tool, look in STILL.items():
        yield outcome(tool, partial(look, room)) if tool in wanted else Outcome(tool, left_out=True)
    done = {each.tool: each for each in _before_an_office(room, [tool for tool in RUNNING if tool in wanted])}
    yield from (done.get(tool, Outcome(tool, left_out=True)) for tool in (*RUNNING, LOGS))


def _before_an_office(room: Room, wanted: Sequence[str]) -> list[Outcome]:
    done: list[Outcome] = []
    try:
        if wanted and NGINX is None:
            raise NoResult("nginx is not installed")
        if wanted:
            with standing_office() as subject:
                done += [outcome(tool, partial(RUNNING[tool], room, subject)) for tool in wanted]
                done.append(outcome(LOGS, partial(_logs, room, subject)))
    except Exception as error:  # noqa: BLE001
        done += [Outcome(tool, nothing=f"no office to look at: {str(error)[-300:]}") for tool in [*wanted, LOGS][len(done):]]
    return done


def _logs(room: Room, subject: Subject) -> Looked:
    """What the office and nginx complained of meanwhile, and the places besides the office that tools would have gone to."""
    folder, found = room.of(LOGS), list[Finding]()
    for path in (subject.log, *subject.host.under("/var/log/nginx").iterdir()):
        shutil.copy(path, folder / path.name)
        for line in path.read_text("utf-8", errors="replace").splitlines():
            if _WRONG.search(line):
                found.append(Finding("complaint", path.name, line))
    return looked(found, f"refused to the tools: {', '.join(sorted(subject.gateway.refused)) or '-'}")


def arguments(words: Sequence[str]) -> argparse.Namespace:
    """As they were typed; ends the process with a sentence where they are wrong."""
    names = [*STILL, *RUNNING]
    parser = argparse.ArgumentParser(prog="tests/diagnose", description="証券蔵を外部の道具で診断し、報告を書きます。")
    place = ROOT / ".diagnosis" / "report"
    parser.add_argument("--into", type=Path, default=place, help="報告と生の出力の置き場所(既定: .diagnosis/report)")
    for word, says in (("--only", f"この道具だけ実行します: {', '.join(names)}"), ("--without", "この道具は実行しません(報告に残ります)")):
        parser.add_argument(word, action="append", choices=names, default=[], metavar="道具", help=says)
    parser.add_argument("--attack", type=int, default=20, metavar="秒", help="wapiti の攻撃 1 種類にかける秒数(既定: 20)")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> int:
    """Run the tools, write the report and print it; returns the exit status."""
    asked = arguments(words)
    wanted = [tool for tool in asked.only or [*STILL, *RUNNING] if tool not in asked.without]
    into: Path = asked.into.resolve()
    into.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    report = Report(tuple(outcomes(Room(ROOT / ".diagnosis" / "tools", into, asked.attack), wanted)), tuple(explanations()))
    text = f"{report.text()}所要時間 {time.monotonic() - begun:.0f} 秒\n"
    (into / "report.txt").write_text(text, "utf-8")
    print(f"{text}報告: {into / 'report.txt'}")
    return report.status()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
