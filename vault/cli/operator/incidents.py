"""`kura-operator incident`: opened when the operator becomes aware, reported, closed; every step in its journal."""

from __future__ import annotations

import getpass
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from vault import catalogue
from vault.cli.operator import incident_mails
from vault.cli.operator import incident_words as words
from vault.cli.operator.main import host_of, stop
from vault.domain.operator import incidents as domain
from vault.domain.operator.incidents import FACTS, KINDS, REPORTS, Incident
from vault.domain.operator.typed import read_moment, told_moment
from vault.errors import KuraError
from vault.services.operator import incidents as service
from vault.services.operator.incidents import Opening, Who
from vault.storage import durable
from vault.storage.host import incidents as journals

_ = catalogue.load("ja").gettext
FRAME = Path(__file__).resolve().parents[3] / "templates" / "operator" / "report.html"
Command = Callable[..., Any]


def _facts(command: Command) -> Command:
    """The options of what a report says."""
    for name in reversed(FACTS):
        command = click.option(f"--{name}", default="", help=_("incident-fact." + name))(command)
    return command


def _common(command: Command) -> Command:
    """To whom mails go, and who does it."""
    command = click.option("--by", default="", help=_("記録に残す名前。省くと、いまのユーザー名"))(command)
    return click.option("--mail", "mails", multiple=True, metavar="OFFICE=ADDRESS", help=_("報告のメールの宛先(何度でも)"))(command)


@click.group()
def incident() -> None:
    """Incidents."""


def _who(by: str) -> Who:
    return Who(by or os.environ.get("SUDO_USER") or getpass.getuser(), int(time.time()))


# --- open, note


@incident.command("open", help=_("障害・事故を知ったときに記録を始める。第一報の期限は、知ってから1時間"))
@click.option("--kind", type=click.Choice(KINDS), required=True, help=_("停止・不具合・漏えいのおそれ・漏えい・滅失・毀損"))
@click.option("--what", required=True, help=_("何が起きたか(事務所にも見える)"))
@click.option("--office", "names", multiple=True, help=_("対象の事務所(何度でも)。省くと、このホストのすべて"))
@click.option("--aware", default="", help=_("知った日時(例: 2026-11-25 22:00)。省くといま"))
@click.option("--began", default="", help=_("起きた日時(分かるとき)"))
@click.option("--wrongful", is_flag=True, help=_("不正の目的で行われたおそれがある(確報は60日)"))
@click.option("--send", "at_once", is_flag=True, help=_("第一報もすぐに出す"))
@_facts
@_common
@click.pass_context
def open_(
    ctx: click.Context, kind: str, what: str, names: tuple[str, ...], aware: str, began: str, wrongful: bool, at_once: bool,
    mails: tuple[str, ...], by: str, **said: str,
) -> None:  # fmt: skip
    """Start the clocks."""
    host, who = host_of(ctx), _who(by)
    try:
        addresses = incident_mails.addresses(mails)
        opening = Opening(
            kind=kind, what=what, aware=read_moment(aware) if aware else who.now, began=read_moment(began) if began else 0,
            wrongful=wrongful, offices=names,
        )  # fmt: skip
        found = service.begin(host, opening, who)
        click.echo(_("障害・事故 第%(n)s号の記録を始めました。") % {"n": found.number})
        if at_once:
            found = service.report(host, found.number, domain.FIRST, said, who)
            incident_mails.send(host, found.number, addresses, who)
    except KuraError as error:
        stop(error)
    _show_due(found, who.now)


@incident.command(help=_("したこと・分かったことを記録する。種類や対象が変わったときもここで"))
@click.argument("number", type=int)
@click.argument("text", default="")
@click.option("--becomes", type=click.Choice(KINDS), default=None, help=_("種類が変わった"))
@click.option("--wrongful", is_flag=True, help=_("不正の目的で行われたおそれがある(確報は60日)"))
@click.option("--recovered", default="", help=_("復旧した日時。復旧報告の期限は、それから1時間"))
@click.option("--office", "names", multiple=True, help=_("対象に加える事務所"))
@click.option("--told", multiple=True, metavar="OFFICE", help=_("電話などで知らせた、またはメールが届いたと確かめた事務所"))
@click.option("--by", default="", help=_("記録に残す名前。省くと、いまのユーザー名"))
@click.pass_context
def note(
    ctx: click.Context, number: int, text: str, becomes: str | None, wrongful: bool, recovered: str, names: tuple[str, ...],
    told: tuple[str, ...], by: str,
) -> None:  # fmt: skip
    """Into the journal."""
    host, who = host_of(ctx), _who(by)
    try:
        when = read_moment(recovered) if recovered else 0
        if text or becomes or wrongful or when or names or not told:
            service.note(host, number, text, who, kind=becomes, wrongful=wrongful, recovered=when, offices=names)
        for name in told:
            service.told_otherwise(host, number, name, who)
        found = service.get(host, number)
    except KuraError as error:
        stop(error)
    click.echo(_("記録しました。"))
    _show_due(found, who.now)


# --- report, send, close


@incident.command(help=_("報告を出す: 事務所の管理者の画面に出し、宛先のある事務所へメールを送る"))
@click.argument("number", type=int)
@click.option("--kind", type=click.Choice(REPORTS), required=True, help=_("第一報・中間報告・復旧報告・最終報告"))
@click.option("--recovered", default="", help=_("復旧した日時。復旧報告で省くといま"))
@_facts
@_common
@click.pass_context
def report(
    ctx: click.Context, number: int, kind: str, recovered: str, mails: tuple[str, ...], by: str, **said: str
) -> None:
    """To the offices concerned."""
    host, who = host_of(ctx), _who(by)
    try:
        addresses = incident_mails.addresses(mails)
        found = service.report(host, number, kind, said, who, read_moment(recovered) if recovered else 0)
        click.echo(_("%(report)sを、事務所の管理者の画面に出しました。") % {"report": words.report_name(kind)})
        incident_mails.send(host, number, addresses, who)
    except KuraError as error:
        stop(error)
    _show_due(found, who.now)


@incident.command(help=_("まだ送れていない報告のメールを送る"))
@click.argument("number", type=int)
@_common
@click.pass_context
def send(ctx: click.Context, number: int, mails: tuple[str, ...], by: str) -> None:
    """What is owed."""
    host, who = host_of(ctx), _who(by)
    try:
        service.publish(host)
        incident_mails.send(host, number, incident_mails.addresses(mails), who)
    except KuraError as error:
        stop(error)


@incident.command(help=_("最終報告のあとで、記録を閉じる"))
@click.argument("number", type=int)
@click.option("--by", default="", help=_("記録に残す名前。省くと、いまのユーザー名"))
@click.pass_context
def close(ctx: click.Context, number: int, by: str) -> None:
    """The end."""
    try:
        service.close(host_of(ctx), number, _who(by))
    except KuraError as error:
        stop(error)
    click.echo(_("障害・事故 第%(n)s号を終了しました。") % {"n": number})


# --- list, print


@incident.command("list", help=_("障害・事故と、次の報告の期限を一覧にする(遅れは赤)"))
@click.option("--all", "past", is_flag=True, help=_("終わったものも"))
@click.pass_context
def list_(ctx: click.Context, past: bool) -> None:
    """What goes on, and what is due."""
    host, now = host_of(ctx), int(time.time())
    try:
        service.publish(host)
        shown = [each for each in service.every(host) if past or not each.closed]
    except KuraError as error:
        stop(error)
    for found in shown:
        state = _("終了") if found.closed else _("復旧") if found.recovered else _("対応中")
        click.echo(f"{found.number}  {state}  {_('incident.' + found.kind)}  {told_moment(found.aware)}  {' '.join(found.offices)}  {found.what}")
        _show_due(found, now)
        incident_mails.show_unsent(found)
    if not shown:
        click.echo(_("続いている障害・事故はありません。"))


def _show_due(found: Incident, now: int) -> None:
    for each in found.due():
        name, told = words.deadline(each, now)
        click.secho(f"    {name}: {told}", fg="red" if each.late(now) else None, bold=each.late(now))


@incident.command("print", help=_("最終報告として印刷できる書類を作る(対応の記録もすべて)"))
@click.argument("number", type=int)
@click.option("--text", "plain", is_flag=True, help=_("書類を作らず、文章をこの画面に出す"))
@click.pass_context
def print_(ctx: click.Context, number: int, plain: bool) -> None:
    """The whole of it, as a page in the operator's own folder."""
    host = host_of(ctx)
    try:
        found = service.get(host, number)
        parts = words.document(host, found, service.journal(host, number), int(time.time()))
        if plain:
            click.echo(words.text(parts), nl=False)
            return
        target = journals.folder(host) / f"{number}.html"
        durable.write_whole(target, words.page(parts, FRAME.read_text("utf-8")).encode())
    except KuraError as error:
        stop(error)
    click.echo(_("書類を作りました: %(file)s(ブラウザーで開いて印刷します)") % {"file": target})
