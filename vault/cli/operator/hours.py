"""`kura-operator hours`: サービス提供時間 of an office: shown to it and measured, never a lock."""

from __future__ import annotations

import click

from vault import catalogue
from vault.cli.operator.main import host_of, stop
from vault.domain.operator.service_hours import USUAL, parse
from vault.errors import KuraError
from vault.services.operator import contract_told, figures
from vault.storage.host import offices
from vault.storage.host.offices import HostedOffice

_ = catalogue.load("ja").gettext
HOURS = "hours"


@click.command()
@click.argument("name", default="")
@click.option("--set", "said", default="", metavar="TEXT", help=_("例: %(usual)s、または always") % {"usual": USUAL})
@click.option("--usual", is_flag=True, help=_("いつもの時間に戻す(%(usual)s)") % {"usual": USUAL})
@click.pass_context
def hours(ctx: click.Context, name: str, said: str, usual: bool) -> None:
    """Show or change the hours of an office; of every office without a name."""
    host = host_of(ctx)
    try:
        if (said or usual) and not name:
            raise click.UsageError(_("事務所の名前を指定してください。"))
        for office in [offices.read(host, name)] if name else list(offices.every(host)):
            if said or usual:
                office = offices.change(host, office.name, hours=parse(said).text() if said else "")
                # What it is told is where it is shown from; the monitor measures by it from its next round on.
                contract_told.change(host, office.name, {HOURS: office.hours or None})
            click.echo(line(office))
    except KuraError as error:
        stop(error)


def line(office: HostedOffice) -> str:
    """One office on one line."""
    usual = "" if office.hours else _("(いつもの時間)")
    return f"{office.name}  {figures.hours_of(office.hours)}{usual}"
