"""What a person says before something is erased, as forms ask it and as it is read back."""

from __future__ import annotations

from typing import Any

from flask import request

from vault.domain import fields
from vault.domain.erasures import ErasureOrder, is_typed
from vault.domain.fields import Fault
from vault.web import forms


def read_order(values: dict[str, Any], wanted: str) -> tuple[ErasureOrder | None, dict[str, Fault]]:
    """(the order or None, the faults); `wanted` is what has to be typed to confirm."""
    reading = fields.read(ErasureOrder, values, confirmed=forms.renumbered_confirms(request.form))
    faults = dict(reading.faults)
    if not is_typed(values.get("typed", ""), wanted):
        faults["typed"] = Fault("not-typed")
    return (None if faults else reading.record), faults


def form_values(values: dict[str, Any], faults: dict[str, Fault], error: str) -> dict[str, Any]:
    """What every page that asks before erasing shows of what was typed."""
    return {"boxes": fields.fields(ErasureOrder), "values": values, "faults": faults, "error": error}
