"""`kura-operator decommission`: an office whose contract has ended, asked for twice and taken away for good."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import click

from vault import catalogue
from vault.cli.operator import step_words
from vault.cli.operator.main import host_of, stop
from vault.cli.operator.passphrases import asked
from vault.errors import KuraError, Refused
from vault.services.operator import provisioning, registering
from vault.services.operator.decommissioning import Decision, Decommissioning
from vault.services.operator.operator_key import public_of
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext


@click.command()
@click.argument("name")
@click.option("--yes", metavar="NAME", default="", help=_("確かめの入力の代わりに、事務所の短い名前を渡す"))
@click.option("--contract-ended", is_flag=True, help=_("申し込みがなくても、その日を待たずに消去する(契約が終わったとき)"))
@click.option("--moved", metavar=_("受領番号"), default="", help=_("引っ越しのあと、新しいホストが表示した受領番号"))
@click.option("--lost", type=click.Path(path_type=Path), multiple=True, help=_("二度と戻らない鍵の控えやバックアップの場所"))
@click.option("--passphrase-file", type=click.Path(path_type=Path), help=_("台帳の合言葉の入ったファイル"))
@click.pass_context
def decommission(
    ctx: click.Context, name: str, yes: str, contract_ended: bool, moved: str, lost: tuple[Path, ...], passphrase_file: Path | None
) -> None:
    """Take an office away; run again, it finishes what was broken off."""
    host = host_of(ctx)
    try:
        with provisioning.alone(host):
            decision = Decision(contract_ended, _receipt(moved), lost)
            ending = Decommissioning(host, name, decision)
            click.echo(_("消去する事務所: %(name)s (%(address)s)") % {"name": name, "address": ending.note.address})
            if (yes.strip() or _typed()) != name:
                raise Refused("decommission-unconfirmed")
            if not moved:  # the contract goes on elsewhere
                ending.decision = replace(decision, close=_closing(host, ending.note.contract, passphrase_file))
            kept = ending.carry_out(step_words.tell)
    except KuraError as error:
        stop(error)
    except KeyboardInterrupt:
        click.echo(_("中断しました。同じコマンドをもう一度実行すると、続きから終わらせます。"), err=True)
        sys.exit(1)
    click.echo(_("すべて消去しました。このホストに、この事務所のものは残っていません。証明書: %(file)s") % {"file": kept})
    click.echo(_("証明書は kura verify-certificate %(file)s --key %(key)s で確かめられます。") % {"file": kept, "key": public_of(host)})


def _typed() -> str:
    try:
        return str(click.prompt(_("すべてを消去します。元に戻せません。事務所の短い名前を入力してください"))).strip()
    except click.Abort:
        click.echo(err=True)
        return ""


def _receipt(typed: str) -> str:
    """Letters, digits and hyphens: it becomes a part of a file's name."""
    if typed and not typed.replace("-", "").replace(" ", "").isalnum():
        raise Refused("receipt-wrong")
    return "".join(typed.split())


def _closing(host: Host, contract: str, file: Path | None) -> Callable[[str, date, str], None] | None:
    """What closes the contract's entry, where the host has a register and the office a contract in it; a wrong passphrase
    is told before anything goes."""
    if not contract or not registering.exists(host):
        return None
    word = asked(file)
    book = registering.open_register(host, word)
    if not book.has_ended(contract):
        book.find(contract)

    def close(number: str, day: date, certificate: str) -> None:
        registering.close(host, word, number, day, certificate)

    return close
