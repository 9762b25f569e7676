"""`kura-operator move`: on the old host it packs, on the new one it receives."""

from __future__ import annotations

from pathlib import Path

import click

from vault import catalogue
from vault.cli.operator import step_words
from vault.cli.operator.main import host_of, stop
from vault.errors import KuraError, Refused
from vault.services.operator import moving, provisioning
from vault.services.operator.moving import Receiving
from vault.services.operator.wanted import Wanted
from vault.storage.host.layout import Host
from vault.storage.host.offices import CERTIFICATES, FILES, HostedOffice

_ = catalogue.load("ja").gettext
file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("name")
@click.option("--with-backups", is_flag=True, help=_("バックアップも運ぶ"))
@click.option("--reopen", is_flag=True, help=_("引っ越しをやめ、閉じた証券蔵をまた開く"))
@click.option("--receive", type=file, help=_("運んできたファイル(新しいホストで)"))
@click.option("--address", default="", help=_("ブラウザーで開くホスト名(前と同じもの)"))
@click.option("--contract", default="", help=_("契約の番号"))
@click.option("--policies", type=click.IntRange(0), default=0, help=_("契約の件数の上限(0は上限なし)"))
@click.option("--certificate", type=click.Choice(CERTIFICATES), default=FILES, show_default=True, help=_("証明書の入手のしかた"))
@click.option("--cert", type=file, help=_("証明書のファイル(中間証明書を含む)"))
@click.option("--key", type=file, help=_("証明書の秘密鍵のファイル"))
@click.pass_context
def move(
    ctx: click.Context, name: str, with_backups: bool, reopen: bool, receive: Path | None, address: str, contract: str,
    policies: int, certificate: str, cert: Path | None, key: Path | None,
) -> None:  # fmt: skip
    """Move an office to another host."""
    host = host_of(ctx)
    try:
        with provisioning.alone(host), step_words.ended_softly():
            if receive is not None:
                if not address:
                    raise Refused("address-wanted")
                office = HostedOffice(name, address, step_words.number(contract), certificate, policies)
                _receive(host, Wanted(office, cert, key), receive)
            elif reopen:
                click.echo(moving.reopen(host, name), nl=False)
            else:
                _pack(host, name, with_backups)
    except KuraError as error:
        stop(error)


def _pack(host: Host, name: str, with_backups: bool) -> None:
    place, said = moving.pack(host, name, with_backups)
    click.echo(said, nl=False)
    click.echo(_("荷物: %(file)s") % {"file": place})
    click.echo(_("新しいホストで kura-operator move %(name)s --receive を実行し、受領番号が出てから、ここで kura-operator decommission %(name)s --moved 受領番号 を実行してください。") % {"name": name})


def _receive(host: Host, wanted: Wanted, pack: Path) -> None:
    code = str(click.prompt(_("開封コード"), err=True)).strip()
    arriving = Receiving(host, wanted, pack, code)
    arriving.make(step_words.tell, lambda _sheet: None)
    click.echo(arriving.told, nl=False)
