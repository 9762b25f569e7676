"""The mails of an incident's reports: to whom, sent once, and what could not be sent."""

from __future__ import annotations

import sys
from collections.abc import Mapping

import click

from vault import catalogue
from vault.cli.operator import incident_words as words
from vault.domain.operator.incidents import MAIL_BEGUN, Incident, Report
from vault.errors import Refused
from vault.services.operator import incidents as service
from vault.services.operator.incidents import Who
from vault.storage.host import offices
from vault.storage.host.layout import Host

_ = catalogue.load("ja").gettext


def addresses(mails: tuple[str, ...]) -> dict[str, str]:
    """Office to address; raises Refused for what names no office."""
    pairs = [each.partition("=") for each in mails]
    wrong = next((each[0] for each in pairs if not (each[0] and "@" in each[2])), None)
    if wrong is not None:
        raise Refused("incident-mail-unfit", typed=wrong)
    return {name: address for name, _equals, address in pairs}


def send(host: Host, number: int, to: Mapping[str, str], who: Who) -> None:
    """Mail what has not arrived, and say what could not be mailed. A mail that was broken off is sent again after a yes."""
    unsure = {name for _made, name, state in service.unsent(service.get(host, number)) if state == MAIL_BEGUN}
    again = [name for name in sorted(unsure & set(to)) if _sure(name)]
    for name, made, error in service.send(host, number, _mail(host, to, who.now), who, to, again):
        told = {"office": name, "report": words.report_name(made.kind)}
        click.echo(_("%(office)s: %(report)sのメールを送れませんでした。") % told, err=True)
        click.echo(catalogue.sentence(catalogue.load("ja"), error), err=True)
    show_unsent(service.get(host, number))


def show_unsent(found: Incident) -> None:
    """Name each office that a report has not reached, and what to do."""
    for made, name, _state in service.unsent(found):
        told = {"office": name, "report": words.report_name(made.kind), "n": found.number}
        click.echo(_("%(office)s: %(report)sのメールはまだです。incident send %(n)s --mail %(office)s=宛先 で送るか、電話で知らせて incident note %(n)s --told %(office)s と記録してください。") % told, err=True)


def _mail(host: Host, to: Mapping[str, str], now: int) -> service.Mail:
    from vault.services.operator import mailing

    domain_name = host.profile.mail_from.rpartition("@")[2] or "localhost"

    def mail(name: str, found: Incident, made: Report) -> None:
        # One report to one office has one Message-ID: a second copy is known as one where mails are read.
        id_ = f"<kura-incident.{found.opened}.{found.number}.{made.n}.{name}@{domain_name}>"
        said = words.letter(host, found, made, f"https://{offices.read(host, name).address}/")
        mailing.send(host, words.subject(found, made), said, now, to=to[name], id_=id_)

    return mail


def _sure(name: str) -> bool:
    """Whether a mail that may have arrived goes out once more; no where nobody is there to be asked."""
    if not sys.stdin.isatty():
        return False
    question = _("%(office)s: 前の送信が途中で止まっています。届いているかもしれません。もう一度送りますか") % {"office": name}
    return click.confirm(question, default=False)
