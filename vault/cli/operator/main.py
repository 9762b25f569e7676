"""`kura-operator`: what the operator of a host does with its offices. Each command's module is imported when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import NoReturn

import click

from vault import catalogue
from vault.domain.operator.typed import shown
from vault.errors import KuraError
from vault.storage.host.layout import ROOT, Host, read_host

_ = catalogue.load("ja").gettext
# The command's name, the module beside this one that has it, and what it is for.
COMMANDS: dict[str, tuple[str, str]] = {
    "prepare": ("preparing", _("このホストを準備する(何度実行してもよい)")),
    "release": ("releases", _("プログラムの版を入れる・一覧にする・消す")),
    "provision": ("provisioning", _("事務所の証券蔵を作り、引き渡し用紙を一度だけ表示する")),
    "list": ("showing", _("このホストの事務所を一覧にする")),
    "show": ("showing", _("一つの事務所の状態を表示する")),
    "upgrade": ("upgrading", _("要求を落とさずに、新しい版にする(失敗したら元に戻る)")),
    "notice": ("notices", _("ログイン画面と中に出すお知らせ")),
    "hours": ("hours", _("サービス提供時間")),
    "monitor": ("monitoring", _("すべての事務所を見回り、異常と回復をメールで知らせる")),
    "incident": ("incidents", _("障害・事故の記録と報告")),
    "register": ("registering", _("契約の台帳(運営者の合言葉で封印)")),
    "ticket": ("showing", _("復旧用紙を持つ事務所のために、一度だけ使える復旧許可番号を出す")),
    "restore": ("restoring", _("記録を前の日の状態に戻す。なくなったデータのフォルダーを作り直す")),
    "move": ("moving", _("別のホストへ引っ越す")),
    "decommission": ("decommissioning", _("契約の終わった事務所を、何も残さず消去する")),
}


class Commands(click.Group):
    """The commands by their table: a timer that looks at every office does not import what provisions one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = COMMANDS.get(cmd_name)
        if found is None:
            return None
        command: click.Command = getattr(import_module(f"vault.cli.operator.{found[0]}"), cmd_name.replace("list", "list_offices"))
        command.help = found[1]
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, told) for name, (_module, told) in COMMANDS.items()])


@click.command(cls=Commands)
@click.option("--root", type=click.Path(path_type=Path), default=ROOT, show_default=True, help=_("この下にホストがあるものとする(試すとき)"))
@click.pass_context
def main(ctx: click.Context, root: Path) -> None:
    """Kura 証券蔵 for the operator of a host."""
    os.umask(0o077)
    ctx.obj = root.resolve()


def host_of(ctx: click.Context) -> Host:
    """The host that the command is for; ends with a sentence where it was not made ready."""
    try:
        return read_host(ctx.obj)
    except KuraError as error:
        stop(error)


def stop(error: KuraError) -> NoReturn:
    """Say what is wrong, and what to do, and end with status 1."""
    click.echo(shown(catalogue.sentence(catalogue.load("ja"), error)), err=True)
    sys.exit(1)


if __name__ == "__main__":
    main(prog_name="kura-operator")
