"""`kura-operator register`: the operator's contracts, and what offices are told of theirs.

Particulars are asked on the terminal or read as JSON from standard input, never taken as arguments: those stand in the
list of processes, and in what a shell remembers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from vault import catalogue
from vault.cli.operator import contract_forms, offices_told
from vault.cli.operator.main import host_of, stop
from vault.cli.operator.passphrases import asked, asked_anew
from vault.domain import fields
from vault.domain.operator.contracts import Contract, Ended
from vault.domain.values import Unreadable, read_date
from vault.errors import KuraError, Refused
from vault.services.operator import contract_told, registering
from vault.services.operator.registering import Book
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext
T = TypeVar("T")
passphrase_file = click.option(
    "--passphrase-file", type=click.Path(path_type=Path), help=_("合言葉の入ったファイル(rootだけが読めるもの)。なければ画面で尋ねる")
)
as_json = click.option("--json", "as_json", is_flag=True, help=_("結果をJSONで表示する"))
from_json = click.option("--json", "from_json", is_flag=True, help=_("画面で尋ねる代わりに、標準入力からJSONで読む"))


def _done(act: Callable[[], T]) -> T:
    """What it answers; ends with a sentence where it refuses."""
    try:
        return act()
    except KuraError as error:
        stop(error)


@click.group()
def register() -> None:
    """The register of contracts."""


# --- begun and looked after


@register.command(help=_("台帳を作り、合言葉を決める"))
@passphrase_file
@click.pass_context
def init(ctx: click.Context, passphrase_file: Path | None) -> None:
    """An empty register."""
    host = host_of(ctx)
    _done(lambda: registering.begin(host, asked_anew(passphrase_file)))
    click.echo(_("契約の台帳を作りました。"))
    click.echo(_("合言葉を忘れると、台帳は二度と開けません。事務所の証券蔵は、そのまま動きます。合言葉は安全な場所に控えてください。"))


@register.command(help=_("合言葉を変える(前の合言葉で開くものは残らない)"))
@passphrase_file
@click.option("--new-passphrase-file", type=click.Path(path_type=Path), help=_("新しい合言葉の入ったファイル"))
@click.pass_context
def passphrase(ctx: click.Context, passphrase_file: Path | None, new_passphrase_file: Path | None) -> None:
    """Another passphrase."""
    host = host_of(ctx)

    def change() -> None:
        old = asked(passphrase_file)
        registering.open_register(host, old)
        registering.change_passphrase(host, old, asked_anew(new_passphrase_file, _("新しい合言葉")))

    _done(change)
    click.echo(_("合言葉を変えました。"))


@register.command(help=_("台帳と、その一つ前の控えが読めるか確かめる"))
@passphrase_file
@click.pass_context
def verify(ctx: click.Context, passphrase_file: Path | None) -> None:
    """Both generations opened, and what offices are told compared with it."""
    host = host_of(ctx)
    word = _done(lambda: asked(passphrase_file))
    found = _done(lambda: registering.verify(host, word))
    click.echo(_("台帳は読めます。契約%(n)s件、終わった契約%(ended)s件です。") % {"n": found.contracts, "ended": found.ended})
    click.echo(_("一つ前の控えも読めます。") if found.earlier else _("一つ前の控えは、まだありません。"))
    differing = offices_told.differing(host, _done(lambda: registering.open_register(host, word)))
    for line in differing:
        click.echo(line)
    sys.exit(bool(differing))


@register.command(help=_("一つ前の控えを、いまの台帳の代わりにする"))
@passphrase_file
@click.option("--yes", is_flag=True, help=_("確かめずに進める"))
@click.pass_context
def restore(ctx: click.Context, passphrase_file: Path | None, yes: bool) -> None:
    """The earlier file in the newest one's place."""
    host = host_of(ctx)

    def sure(book: Book) -> bool:
        click.echo(_("控えにあるのは、契約%(n)s件、終わった契約%(ended)s件です。") % {"n": len(book.contracts), "ended": len(book.ended)})
        return yes or click.confirm(_("この控えを台帳にしますか。いまの台帳は消えます"), default=False)

    _done(lambda: registering.restore(host, asked(passphrase_file), sure))
    click.echo(_("控えを台帳にしました。"))


# --- contracts


@register.command(help=_("契約を加える"))
@passphrase_file
@from_json
@click.pass_context
def add(ctx: click.Context, passphrase_file: Path | None, from_json: bool) -> None:
    """A new contract."""
    host = host_of(ctx)
    word = _done(lambda: asked(passphrase_file))
    _done(lambda: registering.open_register(host, word))  # before anybody types for nothing
    contract = _done(lambda: contract_forms.read(from_json, None))
    _done(lambda: registering.add(host, word, contract))
    click.echo(_("契約 %(number)s を台帳に加えました。") % {"number": contract.number})
    _agree(host, contract)


@register.command(help=_("契約の内容を変える"))
@click.argument("number")
@passphrase_file
@from_json
@click.pass_context
def edit(ctx: click.Context, number: str, passphrase_file: Path | None, from_json: bool) -> None:
    """A contract as it is now."""
    host = host_of(ctx)
    word = _done(lambda: asked(passphrase_file))
    base = _done(lambda: registering.open_register(host, word).find(number))
    contract = _done(lambda: contract_forms.read(from_json, base))
    _done(lambda: registering.change(host, word, base, contract))
    click.echo(_("契約 %(number)s を変えました。") % {"number": number})
    _agree(host, contract)


def _agree(host: Host, contract: Contract) -> None:
    if _done(lambda: contract_told.agree(host, contract)):
        click.echo(_("事務所 %(name)s に、契約の番号と上限を伝えました。") % {"name": contract.office})


@register.command("list", help=_("契約を一覧にする"))
@passphrase_file
@as_json
@click.pass_context
def list_(ctx: click.Context, passphrase_file: Path | None, as_json: bool) -> None:
    """All contracts, then those that ended."""
    host = host_of(ctx)
    book = _done(lambda: registering.open_register(host, asked(passphrase_file)))
    if as_json:
        facts = {"contracts": [fields.typed(each) for each in book.contracts], "ended": [_ended(each) for each in book.ended]}
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(_("契約%(n)s件(番号順)") % {"n": len(book.contracts)})
    for each in book.contracts:
        told = (each.number, each.name, each.office or "-", fields.typed(each)["start"] or "-", each.policies)
        click.echo("  ".join(told))
    click.echo(_("終わった契約%(n)s件(新しい順)") % {"n": len(book.ended)})
    for gone in book.ended:
        click.echo(f"{gone.number}  {gone.day.isoformat()}")


def _ended(gone: Ended) -> dict[str, str]:
    return {"number": gone.number, "day": gone.day.isoformat(), "certificate": gone.certificate}


@register.command(help=_("一つの契約を表示する"))
@click.argument("number")
@passphrase_file
@as_json
@click.pass_context
def show(ctx: click.Context, number: str, passphrase_file: Path | None, as_json: bool) -> None:
    """One contract; of one that ended, its certificate."""
    host = host_of(ctx)
    book = _done(lambda: registering.open_register(host, asked(passphrase_file)))
    for gone in book.ended:
        if gone.number == number:
            told = _("契約 %(number)s は %(day)s に終わりました。") % {"number": number, "day": gone.day.isoformat()}
            click.echo(json.dumps(_ended(gone), ensure_ascii=False) if as_json else f"{told}\n{gone.certificate}")
            return
    typed: dict[str, Any] = fields.typed(_done(lambda: book.find(number)))
    if as_json:
        click.echo(json.dumps(typed, ensure_ascii=False))
        return
    for name, text in typed.items():
        click.echo(f"{_(contract_forms.LABEL + name)}: {text or '-'}")


@register.command(help=_("契約を終わりにする(番号、日、証明書のほかは台帳から消える。元に戻せない)"))
@click.argument("number")
@click.option("--day", required=True, metavar="2026-11-30", help=_("データを消去した日"))
@click.option("--certificate", type=click.Path(path_type=Path, exists=True, dir_okay=False), help=_("署名された証明書のファイル"))
@click.option("--yes", is_flag=True, help=_("確かめずに進める"))
@passphrase_file
@click.pass_context
def end(ctx: click.Context, number: str, day: str, certificate: Path | None, yes: bool, passphrase_file: Path | None) -> None:
    """A contract that ended; `decommission` does this by itself."""
    host = host_of(ctx)

    def close() -> None:
        ended, word = _day(day), asked(passphrase_file)
        if not yes and not click.confirm(_("契約 %(number)s の内容を台帳から消します。元に戻せません。よろしいですか") % {"number": number}):
            raise Refused("register-kept")
        registering.close(host, word, number, ended, certificate.read_text("utf-8") if certificate else "")

    _done(close)
    click.echo(_("契約 %(number)s を終わりにしました。") % {"number": number})


def _day(typed: str) -> date:
    try:
        return read_date(typed).value
    except Unreadable as error:
        raise Refused("day-unreadable", typed=typed) from error


# --- what offices are told


@register.command("set-limit", help=_("事務所が登録できる契約の数を変える(20、100、500、0は制限なし)"))
@click.argument("name")
@click.argument("policies", type=int)
@click.pass_context
def set_limit(ctx: click.Context, name: str, policies: int) -> None:
    """Another limit, at once."""
    host = host_of(ctx)
    _done(lambda: contract_told.set_limit(host, name, policies))
    click.echo(_("事務所 %(name)s の上限を変えました。台帳の契約も register edit で同じにしてください。") % {"name": name})


@register.command(help=_("運営者、保管場所、データセンター、診断を事務所に伝え直す(名前がなければすべての事務所)"))
@click.argument("name", required=False)
@click.pass_context
def tell(ctx: click.Context, name: str | None) -> None:
    """What host.toml and the last diagnosis say, told anew."""
    host = host_of(ctx)
    told = _done(lambda: contract_told.tell_again(host, name))
    click.echo(_("%(n)s件の事務所に伝えました。") % {"n": len(told)})


@register.command(help=_("外部による安全診断の結果を、すべての事務所に伝える"))
@click.option("--day", required=True, metavar="2026-11-10", help=_("診断の日"))
@click.option("--by", required=True, help=_("診断した会社"))
@click.option("--result", required=True, help=_("結果の要約"))
@click.pass_context
def diagnosis(ctx: click.Context, day: str, by: str, result: str) -> None:
    """The last diagnosis from outside."""
    host = host_of(ctx)
    told = _done(lambda: contract_told.diagnosed(host, _day(day), by, result))
    click.echo(_("%(n)s件の事務所に伝えました。") % {"n": len(told)})


@register.command(help=_("外部への再委託の有無を、すべての事務所に伝える(例: 再委託していません)"))
@click.argument("text")
@click.pass_context
def subcontracting(ctx: click.Context, text: str) -> None:
    """Who else works on it, in the operator's words."""
    host = host_of(ctx)
    told = _done(lambda: contract_told.subcontracted(host, text))
    click.echo(_("%(n)s件の事務所に伝えました。") % {"n": len(told)})
