"""アクセスログ: who did what, when and from where."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.fields import Fault
from vault.domain.log_filter import LogFilter
from vault.domain.prints import serial_text
from vault.domain.unusual import RULES
from vault.domain.values.moments import JAPAN, day_of
from vault.errors import NotFound
from vault.services import log
from vault.services.log_walk import SCAN_MOST, Query
from vault.web import forms
from vault.web.addresses import ident, whole_number
from vault.web.gate import desk, needs
from vault.web.pages import day_to_type

blueprint = Blueprint("log", __name__, url_prefix="/log")
# What an address can carry; of names only the numbers behind them.
ASKED = ("person", "client", "what", "since", "until", "unusual")


@blueprint.get("")
@needs(Permission.READ_AUDIT_LOG)
def index() -> str:
    """The newest entries, or those asked for."""
    asked = {name: value for name in ASKED if (value := request.args.get(name, ""))}
    values: dict[str, Any] = {name: day_to_type(_day(asked[name])) for name in ("since", "until") if name in asked}
    return _page(asked, values, {}, request.args.get("before", type=whole_number))


def _page(asked: dict[str, str], values: dict[str, Any], faults: dict[str, Fault], before: int | None = None) -> str:
    page = log.page(desk(), replace(_query(asked), before=before))
    return render_template(
        "log/list.html", nav="office", page=page, asked=asked, values=values, faults=faults, groups=list(log.GROUPS),
        fields=fields.fields(LogFilter), by_name=desk().may(Permission.READ_CLIENTS), further=before is not None,
        serial_text=serial_text, rules=RULES, scanned=SCAN_MOST, kept=day_of(page.kept_since),
        people=sorted(((person.hex(), name) for person, name in page.people.items()), key=lambda each: each[1]),
    )  # fmt: skip


def _query(asked: dict[str, str]) -> Query:
    what = asked.get("what", "")
    if what and what not in log.GROUPS:
        raise NotFound("not-found")
    return Query(
        person=ident(asked["person"]) if "person" in asked else b"",
        subject=ident(asked["client"]) if "client" in asked else b"",
        events=tuple(event.value for event in log.GROUPS[what]) if what else (),
        since=_milliseconds(_day(asked["since"])) if "since" in asked else 0,
        until=_milliseconds(_day(asked["until"]) + timedelta(days=1)) if "until" in asked else None,
        unusual="unusual" in asked,
    )


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise NotFound("not-found") from None


def _milliseconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=JAPAN).timestamp() * 1000)


@blueprint.post("")
@needs(Permission.READ_AUDIT_LOG)
def find() -> Response:
    """What was typed, turned into an address without a name in it."""
    values = forms.typed(request.form)
    reading = fields.read(LogFilter, values, confirmed=forms.renumbered_confirms(request.form))
    asked = {name: values[name] for name in ("person", "client_id", "what", "unusual") if values.get(name)}
    if "client_id" in asked:
        asked["client"] = asked.pop("client_id")
    if reading.record is None:
        return make_response(_page(asked, values, reading.faults), 400)
    days = {"since": reading.record.since, "until": reading.record.until}
    asked |= {name: day.value.isoformat() for name, day in days.items() if day is not None}
    if reading.record.client and desk().may(Permission.READ_CLIENTS):
        return _of_client(reading.record.client, asked, values)
    return _to(asked)


def _of_client(text: str, asked: dict[str, str], values: dict[str, Any]) -> Response:
    """One client by this name: his entries; several: a list to choose from."""
    found = log.clients_called(desk(), text)
    if not found:
        return make_response(_page(asked, values, {"client": Fault("client-unknown")}), 400)
    if len(found) == 1:
        return _to({**asked, "client": found[0][0].hex()})
    choices = [(_url({**asked, "client": client.hex()}), name) for client, name in found]
    return make_response(
        render_template("log/clients.html", nav="office", choices=choices, most=log.MOST_MATCHES, asked=asked)
    )


def _to(asked: dict[str, str]) -> Response:
    return cast(Response, redirect(_url(asked), 303))


def _url(asked: dict[str, Any]) -> str:
    return url_for("log.index", **asked)
