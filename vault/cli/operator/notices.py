"""`kura-operator notice`: what offices read on the sign-in page and inside, from when until when."""

from __future__ import annotations

import time

import click

from vault import catalogue
from vault.cli.operator.main import host_of, stop
from vault.domain.operator.notices import Notice
from vault.domain.operator.typed import read_moment, told_moment
from vault.errors import KuraError
from vault.services.operator import notices

_ = catalogue.load("ja").gettext


@click.group()
def notice() -> None:
    """Notices."""


@notice.command(help=_("お知らせを出す"))
@click.option("--planned/--now", "planned", default=False, help=_("前もって決めた停止(--planned)か、いまのお知らせ(--now)か"))
@click.option("--from", "begins", default="", help=_("いつから(例: 2026-11-25 22:00)。--now では省くといまから"))
@click.option("--to", "ends", default="", help=_("いつまで。--planned では必要"))
@click.option("--announce", default="", help=_("いつから表示するか。省くとすぐ"))
@click.option("--ja", required=True, help=_("日本語の文"))
@click.option("--en", default="", help=_("英語の文。省くと、英語の画面にも日本語の文を出す"))
@click.option("--office", "names", multiple=True, help=_("対象の事務所(何度でも)。省くと、このホストのすべて"))
@click.pass_context
def add(
    ctx: click.Context, planned: bool, begins: str, ends: str, announce: str, ja: str, en: str, names: tuple[str, ...]
) -> None:
    """Put up a notice."""
    now = int(time.time())
    try:
        since = read_moment(begins) if begins else now
        shown = min(read_moment(announce) if announce else now, since)
        until = read_moment(ends) if ends else None
        wanted = Notice(
            id="", planned=planned, begins=since, ends=until, announce=shown, ja=ja, en=en, offices=tuple(sorted(set(names)))
        )
        made = notices.add(host_of(ctx), wanted, now)
    except KuraError as error:
        stop(error)
    click.echo(_("お知らせ %(number)s を出しました。") % {"number": made.id})
    click.echo(line(made, now))


@notice.command("list", help=_("出ているお知らせと、これからのお知らせを一覧にする"))
@click.option("--all", "past", is_flag=True, help=_("終わったものも"))
@click.pass_context
def list_(ctx: click.Context, past: bool) -> None:
    """What stands."""
    host, now = host_of(ctx), int(time.time())
    try:
        notices.publish(host)
        shown = [each for each in notices.every(host) if past or each.state(now) != "over"]
    except KuraError as error:
        stop(error)
    for each in shown:
        click.echo(line(each, now))
    if not shown:
        click.echo(_("お知らせはありません。kura-operator notice add で出せます。"))


@notice.command(help=_("お知らせを終える(始まる前のものは取り下げる)"))
@click.argument("number")
@click.pass_context
def end(ctx: click.Context, number: str) -> None:
    """Take one down."""
    try:
        notices.end(host_of(ctx), number, int(time.time()))
    except KuraError as error:
        stop(error)
    click.echo(_("お知らせ %(number)s を終えました。") % {"number": number})


def line(found: Notice, now: int) -> str:
    """One notice on one line."""
    until = told_moment(found.ends) if found.ends is not None else ""
    kind = _("停止") if found.planned else _("お知らせ")
    names = " ".join(found.offices) or _("すべての事務所")
    return f"{found.id}  {_('notice.' + found.state(now))}  {kind}  {told_moment(found.begins)} - {until}  {names}  {found.ja}"
