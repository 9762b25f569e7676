"""`kura-operator provision`: a new office, and its hand-over sheet, which is shown once and lies nowhere."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from vault import catalogue
from vault.cli.operator import step_words
from vault.cli.operator.main import host_of, stop
from vault.domain.retention_of_backups import day_and_time
from vault.errors import KuraError, NotFound, Refused
from vault.services.operator import provisioning, steps, wanted
from vault.services.operator.provisioning import HandOver, Provisioning
from vault.services.operator.wanted import Wanted
from vault.storage.host import authority
from vault.storage.host.layout import Host
from vault.storage.host.offices import CERTIFICATES, FILES, OWN, HostedOffice

_ = catalogue.load("ja").gettext
file = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.argument("name")
@click.option("--address", default="", help=_("ブラウザーで開くホスト名(あとから変えられない)"))
@click.option("--contract", default="", help=_("契約の番号"))
@click.option("--policies", type=click.IntRange(0), default=0, help=_("契約の件数の上限(0は上限なし)"))
@click.option("--certificate", type=click.Choice(CERTIFICATES), default=FILES, show_default=True, help=_("証明書の入手のしかた"))
@click.option("--cert", type=file, help=_("証明書のファイル(中間証明書を含む)"))
@click.option("--key", type=file, help=_("証明書の秘密鍵のファイル"))
@click.option("--again", is_flag=True, help=_("まだ使われていない事務所に、新しい初期パスワードを出す"))
@click.option("--undo", is_flag=True, help=_("途中で終わった作業を取り消し、作ったものを消す"))
@click.option("--dry-run", is_flag=True, help=_("何をするかを表示するだけで、何も変えない"))
@click.option("--json", "as_json", is_flag=True, help=_("引き渡し用紙をJSONで表示する"))
@click.pass_context
def provision(
    ctx: click.Context, name: str, address: str, contract: str, policies: int, certificate: str, cert: Path | None,
    key: Path | None, again: bool, undo: bool, dry_run: bool, as_json: bool,
) -> None:  # fmt: skip
    """Make an office; run again, it goes on where it stood."""
    host = host_of(ctx)
    try:
        office = _office(host, HostedOffice(name, address, step_words.number(contract), certificate, policies))
        making = Provisioning(host, Wanted(office, cert, key))
        if dry_run:
            wanted.check(host, making.wanted)
            steps.plan(making.steps(), step_words.tell)
            return
        with provisioning.alone(host), step_words.ended_softly():
            _act(making, again, undo, as_json)
    except KuraError as error:
        stop(error)
    except KeyboardInterrupt:
        click.echo(_("中止しました。作りかけたものは消しました。"), err=True)
        sys.exit(1)


def _office(host: Host, office: HostedOffice) -> HostedOffice:
    """The office as it was begun, or is; a new one needs its address. Raises NotFound and Refused."""
    known = wanted.standing(host, office.name)
    if known is None:
        if not office.address:
            raise Refused("address-wanted")
        return office
    if office.address and office.address != known.address:
        raise Refused("office-exists", name=office.name, address=known.address)
    return known


def _act(making: Provisioning, again: bool, undo: bool, as_json: bool) -> None:
    if undo:
        making.undo(step_words.tell)
        click.echo(_("作りかけた「%(name)s」を消しました。") % {"name": making.name})
    elif again:
        if not making.finished:
            raise NotFound("office-unknown", name=making.name)
        _show(making, making.hand_over_again(), as_json)
    else:
        done_before = making.finished
        making.make(step_words.tell, lambda sheet: _show(making, sheet, as_json))
        if making.wanted.office.certificate == OWN:
            click.echo(_("このホストの認証局の証明書(試すPCに入れてください): %(file)s") % {"file": authority.file(making.host)}, err=True)
        if done_before:
            click.echo(_("「%(name)s」はもうあります。初期パスワードは表示しません(まだ使われていなければ --again で出し直せます)。") % {"name": making.name}, err=True)


def _show(making: Provisioning, sheet: HandOver, as_json: bool) -> None:
    profile = making.host.profile
    if as_json:
        facts = {
            "name": making.name, "address": sheet.address, "login_id": sheet.login_id, "initial_password": sheet.initial_password,
            "expires": sheet.expires, "operator": profile.operator, "telephone": profile.telephone,
        }  # fmt: skip
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(sheet, profile.operator, profile.telephone)))
    sys.stdout.flush()


def _lines(sheet: HandOver, operator: str, telephone: str) -> list[str]:
    rule = "─" * 60
    return [
        rule, _("Kura 証券蔵 引き渡し用紙(一度しか表示されません)"), rule,
        f"{_('アドレス')}: {sheet.address}",
        f"{_('ログインID')}: {sheet.login_id}",
        f"{_('初期パスワード')}: {sheet.initial_password}",
        f"{_('有効期限')}: {day_and_time(sheet.expires)}",
        f"{_('運営者')}: {operator} {telephone}".rstrip(),
        rule,
        _("初期パスワードは一度だけ使えます。有効期限までに管理者の方がログインし、ご自身のパスワードに変えてください。"),
        _("「使われた日時」が表示されたときは、すぐに運営者へご連絡ください。"),
        rule,
    ]  # fmt: skip
