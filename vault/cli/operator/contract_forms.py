"""A contract's particulars, asked box by box on the terminal, or as one JSON object from standard input."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from vault import catalogue
from vault.domain import fields
from vault.domain.fields import Fault, Field
from vault.domain.operator.contracts import Contract
from vault.errors import Refused

_ = catalogue.load("ja").gettext
LABEL = "field.Contract."
NOTHING = "-"  # typed where a box that says something is to say nothing


def read(from_json: bool, base: Contract | None) -> Contract:
    """The contract as it is to be; of `base` what is not said otherwise stays. Raises Refused("contract-unfit") with what is
    wrong in JSON, Refused("contract-none") for who breaks off."""
    return _from_json(base) if from_json else _asked(base)


def _typed(base: Contract | None) -> dict[str, Any]:
    return fields.typed(base) if base else {}


def _from_json(base: Contract | None) -> Contract:
    boxes = fields.by_name(Contract)
    try:
        given = json.loads(sys.stdin.read())
        unknown = [name for name, text in given.items() if name not in boxes or not isinstance(text, str)]
    except (ValueError, AttributeError) as error:
        raise Refused("contract-unfit", said="JSON") from error
    if unknown:
        raise Refused("contract-unfit", said="、".join(unknown))
    reading = fields.read(Contract, {**_typed(base), **given}, before=base)
    if reading.record is None:
        raise Refused("contract-unfit", said=" ".join(_sentence(path, fault) for path, fault in reading.faults.items()))
    return reading.record


def _asked(base: Contract | None) -> Contract:
    """Each box once, then those with a fault again until there is none."""
    form, confirmed = _typed(base), set[str]()
    wanted = [box for box in fields.fields(Contract) if not (base and box.name == "number")]
    click.echo(_("Enterでそのまま次へ進みます。消すときは - と入れてください。"), err=True)
    while wanted:
        form |= {box.name: _ask(box, str(form.get(box.name) or "")) for box in wanted}
        reading = fields.read(Contract, form, confirmed=confirmed, before=base)
        if reading.record is not None:
            return reading.record
        for path, fault in reading.faults.items():
            click.echo(_sentence(path, fault), err=True)
            if fault.ask and _confirmed():
                confirmed.add(path)
        wanted = [box for box in fields.fields(Contract) if box.name in reading.faults and box.name not in confirmed]
    return _whole(form, confirmed, base)


def _whole(form: dict[str, Any], confirmed: set[str], base: Contract | None) -> Contract:
    reading = fields.read(Contract, form, confirmed=confirmed, before=base)
    assert reading.record is not None
    return reading.record


def _ask(box: Field, before: str) -> str:
    label = _(LABEL + box.name)
    if box.kind == "choice":
        label += f" ({' / '.join(box.choices)})"
    try:
        typed = str(click.prompt(label, default=before, show_default=bool(before), err=True)).strip()
    except click.Abort as error:
        raise Refused("contract-none") from error
    return "" if typed == NOTHING else typed


def _confirmed() -> bool:
    try:
        return click.confirm(_("この値でよいですか"), default=False, err=True)
    except click.Abort as error:
        raise Refused("contract-none") from error


def _sentence(path: str, fault: Fault) -> str:
    said = _("fault." + fault.code) % dict(fault.facts)
    return f"{_(LABEL + path)}: {said}"
