"""`kura-operator release`: the program's releases on this host."""

from __future__ import annotations

from pathlib import Path

import click

from vault import catalogue
from vault.cli.operator.main import host_of, stop
from vault.errors import KuraError, Refused
from vault.services.operator import provisioning, upgrade_notes
from vault.storage.database import PROGRAM
from vault.storage.host import releases
from vault.storage.host.releases import Release

_ = catalogue.load("ja").gettext


@click.group()
def release() -> None:
    """Releases."""


@release.command(help=_("取り出したプログラムを、このホストの版として入れる(SOURCEを省くと、いま動いているもの)"))
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
@click.option("--environment", type=click.Path(path_type=Path, exists=True, file_okay=False), help=_("すでにあるPythonの環境を使う"))
@click.option("--keep-current", is_flag=True, help=_("新しい事務所が使う版は変えない"))
@click.pass_context
def add(ctx: click.Context, source: Path | None, environment: Path | None, keep_current: bool) -> None:
    """Add a release; new offices run it from now on."""
    host = host_of(ctx)
    try:
        name, new = releases.add(host, (source or PROGRAM).resolve(), environment)
        if not keep_current or not releases.current(host):
            releases.choose(host, name)
    except KuraError as error:
        stop(error)
    click.echo((_("版 %(name)s を入れました。") if new else _("版 %(name)s はもう入っています。")) % {"name": name})


@release.command("list", help=_("入っている版を一覧にする"))
@click.pass_context
def list_(ctx: click.Context) -> None:
    """All releases, by name."""
    found = releases.every(host_of(ctx))
    for each in found:
        click.echo(_line(each))
    click.echo(_("版 %(n)s件") % {"n": len(found)})


def _line(each: Release) -> str:
    mark = _("(新しい事務所が使う版)") if each.current else ""
    return f"{each.name}  {', '.join(each.offices) or _('使っている事務所なし')}  {mark}".rstrip()


@release.command(help=_("どの事務所も使っていない版を消す"))
@click.argument("name")
@click.pass_context
def drop(ctx: click.Context, name: str) -> None:
    """Drop a release that nobody runs."""
    host = host_of(ctx)
    try:
        with provisioning.alone(host):  # who upgrades meanwhile may be about to need it
            if needing := upgrade_notes.needing(host, name):
                raise Refused("release-used", name=name, offices=", ".join(needing))
            releases.drop(host, name)
    except KuraError as error:
        stop(error)
    click.echo(_("版 %(name)s を消しました。") % {"name": name})
