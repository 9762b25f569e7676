"""`kura-operator upgrade`: what it says, and how it ends."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from vault import catalogue
from vault.cli.operator.main import host_of, stop
from vault.domain.operator.typed import shown
from vault.errors import KuraError, NotFound, Refused
from vault.services.operator import upgrading
from vault.services.operator.upgrading import Plan
from vault.storage.host import offices, releases
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext


@click.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everybody", is_flag=True, help=_("このホストのすべての事務所"))
@click.option("--to", "release", default="", help=_("どの版にするか(なければ、新しい事務所に使う版)"))
@click.option("--dry-run", is_flag=True, help=_("何をするかを表示するだけで、何も変えない"))
@click.pass_context
def upgrade(ctx: click.Context, names: tuple[str, ...], everybody: bool, release: str, dry_run: bool) -> None:
    """Upgrade offices one after the other, stopping at the first that fails."""
    host = host_of(ctx)
    try:
        wanted = _wanted(host, names, everybody)
        target = release or _current(host)
        if dry_run:
            for name in wanted:
                click.echo(_planned(upgrading.plan(host, name, target)))
            return
        with upgrading.alone(host), _ended_softly(), upgrading.announced(host, _waiting(host, wanted, target), _words()):
            left = _upgrade(host, wanted, target)
    except KuraError as error:
        stop(error)
    if left:
        click.echo(_("ここで止めました。まだの事務所: %(names)s") % {"names": ", ".join(left)}, err=True)
    sys.exit(bool(left))


def _wanted(host: Host, names: Sequence[str], everybody: bool) -> list[str]:
    if bool(names) == everybody:
        raise Refused("upgrade-whom")
    return [office.name for office in offices.every(host)] if everybody else list(dict.fromkeys(names))


def _waiting(host: Host, wanted: Sequence[str], target: str) -> list[str]:
    """Those whose process will be stopped, as far as their links say."""
    return [name for name in wanted if releases.release_at(host.release_of(name)) != target]


def _words() -> tuple[str, str]:
    said = _("証券蔵を新しい版にしています。しばらくの間、画面が出るまで時間がかかることがあります。")  # its own msgid
    return (said, catalogue.load("en").gettext(said))


def _current(host: Host) -> str:
    found = releases.current(host)
    if not found:
        raise NotFound("release-unknown", name=releases.CURRENT)
    return found


def _upgrade(host: Host, wanted: Sequence[str], target: str) -> list[str]:
    """Those who are not there yet, from the one that failed on."""
    for place, name in enumerate(wanted):
        try:
            found = upgrading.upgrade(host, name, target, _tell, int(time.time()))
        except KuraError as error:
            _explain(error)
            return list(wanted[place:])
        click.echo(_done(found))
    return []


def _done(found: Plan) -> str:
    told = {"name": found.office.name, "present": found.present, "release": found.target}
    if found.is_there:
        return _("%(name)s: もう %(release)s です。") % told
    return _("%(name)s: %(present)s から %(release)s にしました。") % told


def _planned(found: Plan) -> str:
    told = {"name": found.office.name, "present": found.present, "release": found.target}
    if found.is_there:
        return _("%(name)s: もう %(release)s です。") % told
    lines = [_("%(name)s: バックアップを作り、%(present)s から %(release)s にします。") % told]
    if found.revision != found.newest:
        schemas = {"before": found.revision, "after": found.newest}
        lines.append("  " + _("データベースの形を直します: %(before)s → %(after)s") % schemas)
    if found.begun is not None:
        lines.append("  " + _("途中で切れた更新(%(release)s へ)を先に終わらせます。") % {"release": found.begun.target})
    return "\n".join(lines)


def _tell(name: str, step: str) -> None:
    click.echo(f"{name}: {_('upgrade-step.' + step)}")


def _explain(error: BaseException | None) -> None:
    """What went wrong, and why, down to what a program has said."""
    while error is not None:
        said = catalogue.sentence(catalogue.load("ja"), error) if isinstance(error, KuraError) else type(error).__name__
        click.echo(shown(said), err=True)
        error = error.__cause__


@contextmanager
def _ended_softly() -> Iterator[None]:
    """A terminal that goes away, or a machine that goes down, lets the office be put back first."""

    def end(number: int, _frame: object) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, held in before.items():
            signal.signal(number, held)
