"""`kura-operator restore`: an office's records put back to an earlier day, or its lost folder made again, by its own user."""

from __future__ import annotations

import time

import click

from vault import catalogue
from vault.cli.operator.main import host_of, stop
from vault.domain.values.moments import day_of
from vault.errors import KuraError, Refused
from vault.services.operator import provisioning, serving
from vault.storage.host import files, instances, offices
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext


@click.command()
@click.argument("name")
@click.option("--at", default="", metavar="2026-11-22[T14:30]", help=_("この時までのいちばん新しいバックアップに戻す"))
@click.option("--undo", is_flag=True, help=_("確認の前に、戻す前の状態に直す"))
@click.option("--rebuild", is_flag=True, help=_("なくなったデータのフォルダーを、バックアップと鍵の控えから作り直す"))
@click.option("--yes", is_flag=True, help=_("確かめずに進める"))
@click.pass_context
def restore(ctx: click.Context, name: str, at: str, undo: bool, rebuild: bool, yes: bool) -> None:
    """Tell what would change, ask, and do it."""
    host = host_of(ctx)
    words = [*(["--at", at] if at else []), *(["--undo"] if undo else [])]
    try:
        with provisioning.alone(host):
            offices.read(host, name)
            if rebuild:
                _rebuild(host, name, at)
                return
            click.echo(instances.kura(host, name, "restore", "--dry-run", *words), nl=False)
            if not yes and not _sure():
                raise Refused("restore-not-sure")
            click.echo(instances.kura(host, name, "restore", "--yes", *words), nl=False)
    except KuraError as error:
        stop(error)


def _sure() -> bool:
    try:
        return click.confirm(_("この内容で進めますか"), default=False)
    except click.Abort:
        click.echo(err=True)
        return False


def _rebuild(host: Host, name: str, at: str) -> None:
    """From the newest backup unless a day is named. Nobody is let in while it is made: a start would look at half of it."""
    serving.disable(name)
    try:
        files.folder(host.folder(name), 0o700, host.user(name))
        places = ("--from", host.backups(name), "--keys", host.keys(name))
        click.echo(instances.kura(host, name, "restore", *places, "--at", at or day_of(time.time()).isoformat()), nl=False)
    finally:
        serving.enable(name)
