"""What a person says before a sheet is made, and what the pages of a sheet carry.

A room with a sheet about the office shows `order_page(...)`, reads what comes back with `read(OfficeOrder, form)`, calls
`services.printing.print_office` and renders a template that extends prints/office_sheet.html with `paper(...)`.
"""

from __future__ import annotations

from typing import Any, TypeVar

from flask import render_template
from werkzeug.datastructures import MultiDict

from vault.domain import fields
from vault.domain.prints import OfficeOrder, due_fault, in_a_month, near_day, serial_text
from vault.services import printing
from vault.web import forms
from vault.web.gate import session
from vault.web.pages import full_day, moment, today

T = TypeVar("T")


def read(of: type[T], form: MultiDict[str, str]) -> tuple[T | None, dict[str, Any], dict[str, fields.Fault]]:
    """(the order or None, what was typed, the faults); a day on which it is due back must be one to come."""
    values = forms.typed(form)
    if "due" in values:
        values["due"] = near_day(values["due"], today())
    reading = fields.read(of, values, confirmed=forms.renumbered_confirms(form))
    late = due_fault(getattr(reading.record, "due", None), today())
    if late is not None:
        return None, values, {"due": late}
    if (unread := reading.faults.get("due")) and unread.code == "date-unreadable":
        return None, values, {**reading.faults, "due": fields.Fault("due-unreadable", {"next": full_day(in_a_month(today()))})}
    return reading.record, values, reading.faults


def order_page(
    sheet: str,
    action: str,
    back_url: str,
    *,
    nav: str = "office",
    of: type[OfficeOrder] = OfficeOrder,
    values: dict[str, Any] | None = None,
    faults: dict[str, fields.Fault] | None = None,
    note: str = "",
) -> str:
    """The page that asks for purpose and addressee before a sheet about the office; it posts to `action`.

    `values` that are not there stand filled in for use in the office. `note`: one sentence more below the form.
    """
    filled = {"purpose": "社内利用", "addressee": _own_office(), "copies": "1", **(values or {})}
    return render_template(
        "prints/order.html", nav=nav, sheet=sheet, action=action, back_url=back_url, owner=of.__name__,
        fields=_own_first(of), values=filled, faults=faults or {}, note=note,
    )  # fmt: skip


def _own_first(of: type[OfficeOrder]) -> list[fields.Field]:
    """What only this sheet asks for (its days), then what every one asks for."""
    common = fields.by_name(OfficeOrder)
    return sorted(fields.fields(of), key=lambda box: box.name in common)


def _own_office() -> str:
    held = session().payload
    return held.names.get("office", "") if held is not None else ""


def paper(made: printing.OfficeSheet, back_url: str, orientation: str = "portrait") -> dict[str, Any]:
    """The context of a template that extends prints/office_sheet.html, its body's own values apart."""
    return {
        "sheet": marks(made.serial, made.order.purpose, made.printed_by, made.at, made.sheet),
        "title": made.sheet, "our": made.office, "as_of": today(), "addressee": made.order.addressee,
        "back_url": back_url, "orientation": orientation,
    }  # fmt: skip


def marks(serial: int, purpose: str, printed_by: str, at: int, running: str) -> dict[str, str]:
    """What stands on every page of a sheet."""
    return {
        "serial": serial_text(serial), "purpose": purpose, "printed_by": printed_by, "printed_at": moment(at),
        "running": running,
    }  # fmt: skip
