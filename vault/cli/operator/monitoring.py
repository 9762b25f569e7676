"""`kura-operator monitor`: the round that a timer starts every few minutes, and what it knows."""

from __future__ import annotations

import os
import platform
import pwd
import re
import sys
import time

import click

from vault import catalogue
from vault.cli.operator import mail_texts
from vault.cli.operator.mail_texts import Words
from vault.cli.operator.main import host_of, stop
from vault.domain.operator.availability import month_of
from vault.errors import KuraError, Unwritable
from vault.services.operator import mailing, monitoring, summaries
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])", re.ASCII)


@click.group()
@click.pass_context
def monitor(ctx: click.Context) -> None:
    """The monitor."""
    become_monitor(host_of(ctx))


def become_monitor(host: Host) -> None:
    """Go on as the user whom the figures belong to: what it writes into its own folder root must not write there."""
    if os.geteuid() or not host.monitor.is_dir():
        return
    owner = host.monitor.stat().st_uid
    if owner:
        user = pwd.getpwuid(owner)
        os.initgroups(user.pw_name, user.pw_gid)
        os.setgid(user.pw_gid)
        os.setuid(owner)


def words() -> Words:
    """Who writes this host's mails, which begin with the machine's name: an operator has several."""
    return Words(platform.node())


@monitor.command(help=_("一度見回る(タイマーが5分ごとに動かす)"))
@click.pass_context
def run(ctx: click.Context) -> None:
    """One round."""
    host = host_of(ctx)
    try:
        done = monitoring.run_round(host, int(time.time()), words())
    except Unwritable as error:
        if error.code != "busy":
            stop(error)
        click.echo(_("前の見回りがまだ続いています。"))
        return
    except KuraError as error:
        stop(error)
    facts = {"n": done.looked, "down": done.down, "new": len(done.changes.new), "over": len(done.changes.over)}
    click.echo(_("%(n)s件を見回りました。使えない事務所%(down)s件、新しい異常%(new)s件、回復%(over)s件。") % facts)
    if done.fault:
        click.echo(_("送れていないメールが%(n)s通あります。") % {"n": done.waiting}, err=True)


@monitor.command(help=_("いまの状態を表示する"))
@click.pass_context
def status(ctx: click.Context) -> None:
    """What is known; status 1 while something is wrong."""
    now = int(time.time())
    try:
        found = summaries.status(host_of(ctx), now)
    except KuraError as error:
        stop(error)
    still = mail_texts.standing_still(found, now)
    for line in (*filter(None, [still]), *mail_texts.table(found), *mail_texts.rest(found)):
        click.echo(line)
    if still or found.host or found.waiting or any(each.open for each in found.lines):
        sys.exit(1)


@monitor.command(help=_("月ごとの稼働率を表示する"))
@click.option("--month", "said", default="", metavar="YYYY-MM", help=_("省くと今月"))
@click.pass_context
def figures(ctx: click.Context, said: str) -> None:
    """Availability of every office in a month."""
    now = int(time.time())
    wanted = said or month_of(now)
    if not _MONTH.fullmatch(wanted):
        raise click.UsageError(_("月は 2026-11 のように指定してください。"))
    try:
        found = summaries.month(host_of(ctx), wanted, now)
    except KuraError as error:
        stop(error)
    for line in (wanted, *mail_texts.month_lines(found)):
        click.echo(line)


@monitor.command("test-mail", help=_("テストのメールを運営者に送る"))
@click.pass_context
def test_mail(ctx: click.Context) -> None:
    """Whether mails arrive."""
    host, now = host_of(ctx), int(time.time())
    try:
        mailing.send(host, *words().test(now), now)
    except KuraError as error:
        stop(error)
    click.echo(_("%(to)s へ送りました。") % {"to": host.profile.mail_to})


@monitor.command(help=_("操作の記録が前に戻った理由が分かっているとき、いまの記録を正しいものとする"))
@click.argument("name")
@click.pass_context
def accept(ctx: click.Context, name: str) -> None:
    """Take the journal's head as it stands."""
    try:
        monitoring.accept(host_of(ctx), name)
    except KuraError as error:
        stop(error)
    click.echo(_("次の見回りから、いまの記録を元に見ます。"))


@monitor.command(help=_("なくなった事務所の数字を消す"))
@click.argument("name")
@click.pass_context
def forget(ctx: click.Context, name: str) -> None:
    """Drop an office's figures."""
    try:
        monitoring.forget(host_of(ctx), name)
    except KuraError as error:
        stop(error)
    click.echo(_("消しました。"))
