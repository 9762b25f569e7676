"""What is committed belongs to the project: no machine's paths, no registry's names, and what is to be run can be."""

import os
import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
RUN = {".ci/run", "deploy/local", "deploy/provision", "tests/diagnose", "tests/run"}
# Put together here, so that this file does not contain what it looks for.
FOLDERS = "|".join(("wo" + "rk", "fa" + "rm", "ro" + "ot", "ho" + "me", "op" + "t"))
# The program's own place on a host is no machine's, and what is asked of a host by `under(` lies below its root.
OURS = r"(?!/opt/kura(?![\w-]))(?<!under\(\")"
MACHINE = re.compile(rf"(?<![\w.$}}{{/~-]){OURS}/(?:{FOLDERS})/[A-Za-z]|(?<![\w.$}}{{/~-])/tm" + r"p/[a-z_]")
REGISTRY = re.compile("|".join((
    r"pypi\." + "org", "pythonhosted" + r"\.org", r"registry\." + r"npmjs", r"registry\." + "yarnpkg",
    r"--(extra-)?index-" + "url +\\S+[:/]", "--find-" + r"links +\S*/", r"://[^/\s]*/sim" + "ple/",
)))
# Files of others, kept as they came.
FOREIGN = ("static/vendor/", "tests/vendor/")
TEXT = {".py", ".html", ".css", ".js", ".md", ".txt", ".toml", ".sh", ".po", ".ini", ".mako", ".service", ".conf", ".cfg", ""}


@cache
def committed() -> tuple[Path, ...]:
    """What git knows or would take in; without git (an unpacked archive), every file that is not hidden."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=False,
        capture_output=True, text=True,
    ) if (ROOT / ".git").exists() else None
    if listed is not None and listed.returncode == 0:
        names = [name for name in listed.stdout.split("\0") if name]
    else:
        kept = (path.relative_to(ROOT) for path in ROOT.rglob("*"))
        names = [str(path) for path in kept if path.parts[0] == ".ci" or path.parts[0] != "compiled" and not any(
            part.startswith((".", "__pycache__", "instance")) for part in path.parts)]
    return tuple(ROOT / name for name in sorted(names) if (ROOT / name).is_file())


def texts() -> list[tuple[str, str]]:
    return [
        (str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in committed()
        if path.suffix in TEXT and not str(path.relative_to(ROOT)).startswith(FOREIGN)
    ]


def places(pattern: re.Pattern[str], rows: list[tuple[str, str]]) -> list[str]:
    return [
        f"{name}:{number}: {line.strip()[:120]}" for name, text in rows
        for number, line in enumerate(text.splitlines(), 1) if pattern.search(line)
    ]


def test_no_path_of_one_machine_is_committed() -> None:
    found = places(MACHINE, texts())
    assert not found, "\n".join(found)


def test_no_address_of_a_registry_is_committed() -> None:
    found = places(REGISTRY, texts())
    assert not found, "\n".join(found)


@pytest.mark.parametrize(("pattern", "line", "found"), [
    (MACHINE, "see /wo" + "rk/main", True), (MACHINE, "open('/tm" + "p/scratch')", True),
    (MACHINE, "cd /o" + "pt/kura-mine", True), (MACHINE, "cd /o" + "pt/kura/releases", False), (MACHINE, "see /o" + "pt/tools", True),
    (MACHINE, 'host.under("/ho' + 'me/serve.log")', False), (MACHINE, "'/ho" + "me/me'", True),
    (MACHINE, "GET /clients/wo" + "rk/list", False), (MACHINE, "$tools/ro" + "ot/usr", False),
    (REGISTRY, "https://files.pythonhosted" + ".org/x", True), (REGISTRY, "https://registry." + "npmjs.org/", True),
    (REGISTRY, "--no-emit-index-url --output-file x", False),
])
def test_what_is_looked_for_would_be_found(pattern: re.Pattern[str], line: str, found: bool) -> None:
    assert bool(places(pattern, [("a", line)])) is found


def test_what_is_to_be_run_can_be_run() -> None:
    names = {str(path.relative_to(ROOT)) for path in committed()}
    assert names >= RUN
    assert [name for name in sorted(RUN) if not os.access(ROOT / name, os.X_OK)] == []


def test_git_keeps_the_run_bit_of_every_script() -> None:
    if not (ROOT / ".git").exists():
        return
    staged = subprocess.run(["git", "ls-files", "--stage"], cwd=ROOT, check=True, capture_output=True, text=True)
    modes = {line.split("\t")[1]: line.split()[0] for line in staged.stdout.splitlines()}
    assert {name: mode for name, mode in modes.items() if name in RUN and mode != "100755"} == {}


def test_a_script_with_a_first_line_for_the_shell_has_the_run_bit_and_only_such() -> None:
    wrong = []
    for path in committed():
        with path.open("rb") as file:
            script = file.read(2) == b"#!"
        if script != os.access(path, os.X_OK):
            wrong.append(str(path.relative_to(ROOT)))
    assert wrong == []


def test_the_locks_hold_exact_versions_with_hashes_and_agree() -> None:
    locks = {}
    for name in ("requirements.txt", "requirements-test.txt"):
        text = (ROOT / name).read_text(encoding="utf-8")
        entries = re.findall(r"^(\S+?)(==\S+)?(?: ;[^\\]*)? ?\\?\n((?:    --hash=sha256:[0-9a-f]{64} ?\\?\n)*)",
                             re.sub(r"^ *#.*\n", "", text, flags=re.MULTILINE), re.MULTILINE)
        assert entries and [entry[0] for entry in entries if not entry[1] or not entry[2]] == []
        locks[name] = {(package, version) for package, version, _hashes in entries}
    assert locks["requirements.txt"] < locks["requirements-test.txt"]


def test_every_declared_dependency_is_locked() -> None:
    import tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for name, lines in (("requirements.txt", project["dependencies"]),
                        ("requirements-test.txt", project["optional-dependencies"]["test"])):
        text = (ROOT / name).read_text(encoding="utf-8")
        for line in lines:
            package = re.split(r"[<>=]", line)[0]
            assert re.search(rf"^{re.escape(package)}==", text, re.MULTILINE), f"{package} is not in {name}"


def test_each_dependency_says_why_it_is_there() -> None:
    block = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("\ndependencies = [")[1].split("\n]\n\n[project.scripts]")[0]
    rows = [line for line in block.splitlines() if line.strip().startswith('"')]
    assert rows and [line for line in rows if "  # " not in line] == []
