"""The operator's manual, `deploy/README.md`: it names every command with its options, and none that is not there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from vault.cli.kura import main as kura
from vault.cli.operator.main import main as operator

ROOT = Path(__file__).parents[1]
MANUAL = (ROOT / "deploy/README.md").read_text(encoding="utf-8")
LINES = [line.strip() for block in re.findall(r"```\n(.*?)```", MANUAL, re.DOTALL) for line in block.splitlines() if line.strip()]
SPOKEN = re.findall(r"`((?:kura-operator|deploy/provision) [^`]+)`", MANUAL)


def commands(command: click.Command, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its words."""
    if not isinstance(command, click.Group):
        yield " ".join(path), command
        return
    within = click.Context(command)
    for name in command.list_commands(within):
        found = command.get_command(within, name)
        assert found is not None
        yield from commands(found, (*path, name))


OPERATOR = dict(commands(operator))
KURA = dict(commands(kura))


def options(command: click.Command) -> set[str]:
    return {name for each in command.params if isinstance(each, click.Option) for name in (*each.opts, *each.secondary_opts)}


def faults(command: click.Command, words: list[str]) -> list[str]:
    """What the command would say of these words before it does anything; files need not be there."""
    context = click.Context(command, info_name="manual")
    try:
        given, left, _order = command.make_parser(context).parse_args(list(words))
        for each in command.params:
            value = given.get(each.name or "")
            if value in (None, (), "") or "UNSET" in repr(value):
                assert not each.required, f"{each.name} is wanted"
            elif not isinstance(each.type, click.Path):
                each.type_cast_value(context, value)
    except (click.UsageError, AssertionError) as error:
        return [str(error)]
    return [f"too many words: {left}"] if left else []


def of_operator(line: str) -> list[str]:
    """The faults of one line of `kura-operator`."""
    words = shlex.split(line, comments=True)[1:]
    for length in (2, 1):
        command = OPERATOR.get(" ".join(words[:length]))
        if command is not None:
            return [f"{line}: {fault}" for fault in faults(command, words[length:])]
    return [f"{line}: no such command"]


def test_every_command_has_its_row_with_all_of_its_options_and_no_other() -> None:
    table = MANUAL.split("\n## すべての命令\n")[1]
    rows = re.findall(r"^\| `([a-z -]+)`[^|]*\|(.*)\|$", table, re.MULTILINE)
    assert {name: set(re.findall(r"--[a-z-]+", told)) for name, told in rows} == {name: options(each) for name, each in OPERATOR.items()}
    assert {*(words[0] for words in (name.split() for name in OPERATOR))} <= set(re.findall(r"kura-operator ([a-z-]+)", MANUAL)), "not only in the table"


def test_every_line_of_the_operators_command_is_one_that_it_knows() -> None:
    lines = [line for line in LINES if line.startswith("kura-operator ")]
    assert len(lines) > 50
    assert [fault for line in lines for fault in of_operator(line)] == []


def test_what_the_text_names_in_passing_is_there_too() -> None:
    named = [words.split()[1:] for words in SPOKEN if words.startswith("kura-operator ")]
    starts = {name.split()[0] for name in OPERATOR} | {"--root"}
    assert named and [words for words in named if words[0] not in starts] == []
    known = set().union(*(options(each) for each in OPERATOR.values()), options(operator), _of_provision(), {"--help"})
    plain = re.sub(r"```.*?```", "", MANUAL, flags=re.DOTALL)
    assert set(re.findall(r"`(--[a-z-]+)", plain)) - known == set()


def test_other_programs_of_kura_are_called_as_they_are() -> None:
    [line] = [each for each in LINES if each.startswith("kura ")]
    words = shlex.split(line)[1:]
    assert faults(KURA[words[0]], words[1:]) == []


def _of_provision() -> set[str]:
    source = (ROOT / "deploy/provision").read_text(encoding="utf-8")
    cases = source.split("while [ $# -gt 0 ]")[1].split("\ndone")[0]
    return set(re.findall(r"(--[a-z][a-z-]*)(?= |\))", cases.replace("\\\n", "")))


def test_the_first_command_has_the_options_that_it_takes() -> None:
    [line] = [each for each in LINES if "deploy/provision" in each]
    used = {word for word in shlex.split(line) if word.startswith("--")}
    assert {"--name", "--address"} <= used <= _of_provision()


@pytest.mark.parametrize("line", [
    "kura-operator prepare --colour red", "kura-operator incident open --kind fire --what x", "kura-operator register show",
    "kura-operator provision a b", "kura-operator look",
])  # fmt: skip
def test_a_line_that_is_wrong_would_be_found(line: str) -> None:
    assert of_operator(line) != []


def test_every_place_it_names_is_one_that_a_host_has() -> None:
    from vault.storage.host.layout import Host

    host, name = Host(), "yamada"
    places = (
        host.releases, host.environments, host.current, host.profile_file, host.folder(name), host.keys(name), host.backups(name),
        host.run(name), host.socket(name), host.operator, host.monitor, host.smtp_password,
    )  # fmt: skip
    assert [str(place) for place in places if str(place).removeprefix("/opt/kura/") not in MANUAL] == []


def test_every_file_and_chapter_that_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:tests|deploy)/[^` ]*)`", MANUAL))
    assert named and [path for path in sorted(named) if not (ROOT / path).exists()] == []
    chapters = set(re.findall(r"^## (.*)$", MANUAL, re.MULTILINE))
    assert set(re.findall(r"\]\(#([^)]*)\)", MANUAL)) <= chapters
