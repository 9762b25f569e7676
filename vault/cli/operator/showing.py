"""`kura-operator list`, `show`, `ticket`: the offices of this host, from outside."""

from __future__ import annotations

import json

import click

from vault import catalogue
from vault.cli.operator.main import host_of, stop
from vault.domain.operator.typed import shown
from vault.domain.retention_of_backups import day_and_time
from vault.errors import KuraError
from vault.services.operator import decommissioning, serving, wanted
from vault.storage.host import certificates, instances, offices, releases
from vault.storage.host.layout import Host
from vault.storage.host.offices import HostedOffice

_ = catalogue.load("ja").gettext


@click.command("list")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def list_offices(ctx: click.Context, as_json: bool) -> None:
    """All offices, by name."""
    host = host_of(ctx)
    try:
        rows = [_row(host, office) for office in offices.every(host)]
    except KuraError as error:
        stop(error)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    for row in rows:
        click.echo(f"{row['name']}  {row['address']}  {row['release']}  {_('standing.' + str(row['standing']))}")
    click.echo(_("事務所 %(n)s件(名前の順)") % {"n": len(rows)})
    for name in sorted({*wanted.all_begun(host), *decommissioning.all_ending(host)}):
        click.echo(_("途中の作業: %(name)s") % {"name": name}, err=True)


def _row(host: Host, office: HostedOffice) -> dict[str, object]:
    return {
        "name": office.name, "address": office.address, "contract": office.contract,
        "release": releases.release_at(host.release_of(office.name)),
        "standing": "serving" if serving.is_enabled(office.name) else "stopped",
    }  # fmt: skip


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True)
@click.pass_context
def show(ctx: click.Context, name: str, as_json: bool) -> None:
    """Counts, places and dates of one office; nothing of what is inside."""
    host = host_of(ctx)
    try:
        office = offices.read(host, name)
        facts = {**_row(host, office), **_places(host, office), **json.loads(instances.kura(host, name, "status", "--json"))}
    except KuraError as error:
        stop(error)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for key, value in facts.items():
        click.echo(shown(f"{_('status.' + key)}: {_told(key, value)}"))


def _places(host: Host, office: HostedOffice) -> dict[str, object]:
    until = certificates.expires(host, office.name)
    return {
        "made": day_and_time(office.began), "certificate": office.certificate, "certificate_until": day_and_time(until) if until else "",
        "folder": str(host.folder(office.name)), "policies": office.policies,
    }  # fmt: skip


def _told(key: str, value: object) -> object:
    if key == "standing":
        return _("standing." + str(value))
    if key == "closed" and value:
        return _("closed." + str(value))
    return {True: _("はい"), False: _("いいえ"), "": _("なし")}.get(value, value) if isinstance(value, bool | str) else value


@click.command()
@click.argument("name")
@click.pass_context
def ticket(ctx: click.Context, name: str) -> None:
    """A one-time ticket for an office that shows its recovery sheet."""
    host = host_of(ctx)
    try:
        offices.read(host, name)
        click.echo(instances.kura(host, name, "ticket"), nl=False)
    except KuraError as error:
        stop(error)
