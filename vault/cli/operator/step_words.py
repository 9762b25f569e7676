"""What the commands that work in steps say of each step."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from vault import catalogue
from vault.domain.operator.contracts import contract_number
from vault.domain.values import Unreadable
from vault.errors import Refused
from vault.storage.host.disks import Finding

_ = catalogue.load("ja").gettext


def tell(code: str, standing: str) -> None:
    """One step, and how it stands; on the second output, so that the first has nothing but what was asked for."""
    click.echo(f"{_('standing.' + standing)}  {_('step.' + code)}", err=True)


def tell_finding(finding: Finding) -> None:
    """Something about the host that the operator is to know."""
    click.echo(_("注意: ") + _("finding." + finding.code) % {name: str(value) for name, value in finding.facts.items()}, err=True)


@contextmanager
def ended_softly() -> Iterator[None]:
    """A request to end (as a closed terminal makes it) breaks off like Ctrl+C, so that what was begun is undone."""

    def break_off(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, break_off) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def number(contract: str) -> str:
    """A contract's number as it was typed, or none; raises Refused("provision-contract")."""
    try:
        return contract_number(contract) if contract else ""
    except Unreadable as error:
        raise Refused("provision-contract", number=contract) from error
