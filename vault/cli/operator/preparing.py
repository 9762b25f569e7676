"""`kura-operator prepare`: what is settled for a host, and what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from vault import catalogue
from vault.cli.operator import step_words
from vault.cli.operator.main import stop
from vault.errors import KuraError, NotReady
from vault.services.operator import operator_key, preparing, steps
from vault.storage.host.layout import Host, Profile, check_profile, read_host

_ = catalogue.load("ja").gettext
place = click.Path(path_type=Path)


@click.command()
@click.option("--data", type=place, help=_("事務所のデータの場所"))
@click.option("--keys", type=place, help=_("鍵の二つ目の控えの場所(データと別のディスク)"))
@click.option("--backups", type=place, help=_("バックアップの場所(データと別のディスク)"))
@click.option("--place", "place", help=_("データの所在地(事務所に表示する)"))
@click.option("--data-centre", help=_("データセンターの名称(事務所に表示する)"))
@click.option("--operator", help=_("運営者の名称(事務所に表示する)"))
@click.option("--telephone", help=_("運営者の電話番号(事務所に表示する)"))
@click.option("--mail-to", help=_("異常を知らせるメールの宛先"))
@click.option("--mail-from", help=_("メールの差出人"))
@click.option("--smtp", help=_("メールを送るサーバー(名前:ポート)"))
@click.option("--smtp-user", help=_("メールのサーバーの利用者名"))
@click.option("--web-group", help=_("nginxが動くグループ"))
@click.option("--http-port", type=click.IntRange(1, 65535), help=_("HTTPのポート"))
@click.option("--https-port", type=click.IntRange(1, 65535), help=_("HTTPSのポート"))
@click.option("--listen", multiple=True, help=_("待ち受けるアドレス(何度でも。省くとすべて)"))
@click.option("--snapshots", help=_("ホストのスナップショットから鍵をどう外したかの控え"))
@click.option("--dry-run", is_flag=True, help=_("何をするかを表示するだけで、何も変えない"))
@click.pass_context
def prepare(ctx: click.Context, dry_run: bool, **given: object) -> None:
    """Make the host ready; what is not given stays as it was."""
    try:
        host = _wished(ctx.obj, given)
        for finding in preparing.look(host):
            step_words.tell_finding(finding)
        if dry_run:
            steps.plan(preparing.steps(host), step_words.tell)
            return
        key_before = operator_key.private_of(host).exists()
        steps.carry_out(preparing.steps(host), step_words.tell)
    except KuraError as error:
        stop(error)
    if not key_before:
        click.echo(_("運営者の鍵 %(file)s を作りました。控えを、このホストの外の安全な場所に置いてください。") % {"file": operator_key.private_of(host)})
    click.echo(_("ホストの準備ができました。"))


def _wished(root: Path, given: dict[str, object]) -> Host:
    """The host as it was settled before, with what is given now."""
    try:
        profile = read_host(root).profile
    except NotReady as error:
        if error.code != "host-not-ready":
            raise
        profile = Profile()
    changed = {name: _absolute(value) for name, value in given.items() if value not in (None, ())}
    return Host(root, check_profile(replace(profile, **changed)))  # type: ignore[arg-type]


def _absolute(value: object) -> object:
    return Path("/") / value if isinstance(value, Path) else value
