"""What is looked at without running it: sources, locked packages, units."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

from tests.diagnosis.report import Finding, Looked, NoResult, looked
from tests.diagnosis.running import ROOT, Room, read_json, run, system
from vault.storage.host import units
from vault.storage.host.layout import Host

# The web server answers strangers; the others are begun by timers and answer nobody.
MOST_EXPOSED = {"kura-web@.service": 1.5, "kura-backup@.service": 2.0, "kura-drill@.service": 2.0, "kura-monitor.service": 2.0}
_EXPOSURE = re.compile(r"Overall exposure level for (\S+):\s+([0-9.]+)")


def bandit(room: Room) -> Looked:
    """Every rule that bandit has, over the program."""
    folder = room.of("bandit")
    run([room.program("bandit"), "--quiet", "--recursive", ROOT / "vault", ROOT / "wsgi.py", ROOT / "deploy", "--format", "json",
         "--output", folder / "found.json"], folder, "bandit", 180, ends=(0, 1))  # fmt: skip
    told = read_json(folder / "found.json")
    if told["errors"] or told["metrics"]["_totals"]["loc"] < 10_000:
        raise NoResult("it has not read all of the program")
    return looked(_of_bandit(each) for each in told["results"])


def _of_bandit(row: dict[str, str]) -> Finding:
    where = str(Path(row["filename"]).relative_to(ROOT))
    return Finding(row["test_id"], f"{where}:{row['line_number']}", f"{row['issue_text']} ({row['issue_severity']})")


def pip_audit(room: Room) -> Looked:
    """Known weaknesses of the packages that the lock files name, as PyPI's own service knows them."""
    folder = room.of("pip-audit")
    found: list[Finding] = []
    for lock in ("requirements.txt", "requirements-test.txt"):
        written = folder / f"{lock}.json"
        run([room.program("pip-audit"), "--strict", "--requirement", ROOT / lock, "--require-hashes", "--disable-pip",
             "--format", "json", "--output", written, "--progress-spinner", "off", "--timeout", "20"],
            folder, f"pip-audit {lock}", 240, ends=(0, 1))  # fmt: skip
        found += audited(written, lock)
    return looked(found)


def audited(written: Path, lock: str) -> list[Finding]:
    """What stands in the answer; raises NoResult where the service did not answer for every package."""
    if not written.exists():
        raise NoResult("no service that knows of weaknesses could be asked")
    rows = read_json(written)["dependencies"]
    locked = re.findall(r"(?m)^[A-Za-z0-9]\S*==", (ROOT / lock).read_text("utf-8"))
    if len(rows) < len(locked) or any("skip_reason" in row for row in rows):
        raise NoResult("the service did not answer for every package")
    return [
        Finding(each["id"], f"{lock}: {row['name']} {row['version']}", each["description"])
        for row in rows for each in row["vulns"]
    ]  # fmt: skip


def systemd(room: Room) -> Looked:
    """How exposed each unit is, and whether systemd takes it as it is written."""
    folder, program = room.of("systemd-analyze"), system("systemd-analyze")
    for name, text in units.texts(Host()).items():
        (folder / name).write_text(text, "utf-8")
    exposed = [each for name, most in MOST_EXPOSED.items() for each in _exposure(program, folder, name, most)]
    return looked([*exposed, *_verified(program, folder)])


def _exposure(program: str, folder: Path, name: str, most: float) -> list[Finding]:
    said = run([program, "security", "--offline=true", "--no-pager", folder / name], folder, f"security {name}", 60).said
    level = _EXPOSURE.search(said)
    if level is None:
        raise NoResult(f"no level for {name}")
    return [Finding("exposure", name, f"{level[2]}, at most {most}")] if float(level[2]) > most else []


def _verified(program: str, folder: Path) -> list[Finding]:
    names = sorted(path for path in folder.iterdir() if path.suffix in (".service", ".socket", ".timer"))
    said = run([program, "verify", "--recursive-errors=no", "--man=no", *names], folder, "verify", 60, ends=range(256)).said
    return [Finding("verify", _unit_of(line), line) for line in said.splitlines() if "kura-" in line]


def _unit_of(line: str) -> str:
    with suppress(AttributeError):
        return re.search(r"kura-[a-z]+@?[a-z]*\.[a-z]+", line)[0]  # type: ignore[index]
    return "units"
