"""What every page shows: office, person, token, the clients opened last; and how values are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from itertools import islice
from typing import Any

from babel.dates import format_date
from flask import Flask, g, request, stream_template, url_for
from flask_babel import gettext

from vault.domain.access import Permission
from vault.domain.fields import Fault, fields
from vault.domain.office import ACCOUNTANTS
from vault.domain.preferences import ERA, JAPANESE, OFF
from vault.domain.spoken import said
from vault.domain.values import Unreadable, compact, postal_code, wareki
from vault.domain.values.moments import JAPAN, day_of
from vault.errors import KuraError
from vault.services import cancellation, told
from vault.services.instance import IDLE_MINUTES
from vault.services.office import has_particulars
from vault.web import words
from vault.web.gate import instance, password_needed

PIECES = 2000
HOUR = 60 * 60


def common() -> dict[str, Any]:
    """Context of every template."""
    held = g.get("session")
    names = held.payload.names if held is not None and held.payload is not None else {}
    accounting = names.get("kind") == ACCOUNTANTS
    values: dict[str, Any] = {
        "csrf": g.get("csrf", ""),
        "lang": words.language(),
        "reader_lang": words.chosen(),
        "date_style": words.dates(),
        "shortcuts": names.get("shortcuts") != OFF,
        "office": {"name": names.get("office", ""), "kind": names.get("kind", "")},
        "person": {"name": names.get("person", "")},
        "client_word": "顧問先" if accounting else "お客様",
        "recent": [],
        "idle_seconds": 0,
        "today": today(),
        "ending": cancellation.told(instance()),
        "told_notices": _notices(),
    }
    if g.get("desk") is not None:
        values["alive_url"] = url_for("signing_in.alive")
        values["idle_seconds"] = g.desk.directory.rules.get("idle_minutes", IDLE_MINUTES) * 60
        # A form that is sent back keeps the version it was made from.
        values["directory_version"] = request.form.get("directory", g.desk.directory.version, type=int)
        values["announced"] = held.payload.announced if tells_news(request.endpoint) and request.method == "GET" else ()
        values["reads_clients"] = g.desk.may(Permission.READ_CLIENTS)
        values["searches"] = g.desk.may(Permission.SEARCH)
        opened = held.payload.recent if values["reads_clients"] else ()
        values["recent"] = [(url_for("clients.show", client=c.hex()), n) for c, n in opened if g.desk.can_open(c)]
        if not _set_up():
            values["places"], values["searches"] = [], False
    return values


def _notices() -> list[dict[str, Any]]:
    """What the operator says: while it goes on and in the hour before on every page, earlier where nobody is writing."""
    now, early = instance().now(), g.get("desk") is None or tells_news(request.endpoint)
    return [
        {"is": each, "state": each.state(now), "one_day": each.ends and day_of(each.begins) == day_of(each.ends)}
        for each in told.notices(instance()) if early or each.begins - now <= HOUR
    ]  # fmt: skip


def tells_news(endpoint: str | None) -> bool:
    """Whether a page shows what is announced: 今日の仕事 and the lists, where nobody is writing anything yet."""
    return endpoint is not None and (endpoint == "today.show" or endpoint.endswith(".index"))


def _set_up() -> bool:
    """Whether there is anything to go to. The page that says that the database cannot be written asks too."""
    try:
        return has_particulars(instance())
    except KuraError:
        return False


def today() -> date:
    """Today in Japan: offices, policies and deadlines live there, wherever the server stands."""
    return day_of(instance().clock())


def full_day(day: date) -> str:
    """A day within a sentence: 令和8年11月21日, 21 November 2026."""
    return wareki(day) if words.language() == JAPANESE else format_date(day, "d MMMM y", locale="en")


def era_day(day: date) -> str:
    """A day by its era in a table: 令和8年11月21日, R8.11.21."""
    return wareki(day, short=words.language() != JAPANESE)


def short_day(day: date) -> str:
    """A day in a table: 2026/11/21, 2026-11-21."""
    return f"{day:%Y/%m/%d}" if words.language() == JAPANESE else day.isoformat()


def day_to_type(day: date) -> str:
    """A day as it stands in a box that somebody else has filled in: as the reader has chosen, and it reads back."""
    return era_day(day) if words.dates() == ERA else short_day(day)


def fault_said(fault: Fault) -> str:
    """Why a value is not taken, with days and words of closed lists in the language of the page."""
    return str(gettext("fault." + fault.code, **{name: _said_of(fact) for name, fact in (fault.facts or {}).items()}))


def as_drawn(faults: Mapping[str, Fault] | None, form: str) -> dict[str, Fault]:
    """The faults of a form in the order in which their boxes stand in it; those without a box come last."""
    places = {path: form.find(f' id="{path}"') for path in faults or {}}
    return {path: (faults or {})[path] for path in sorted(places, key=lambda path: (places[path] < 0, places[path]))}


def _said_of(fact: object) -> object:
    if isinstance(fact, date):
        return full_day(fact)
    return words.word(fact) if isinstance(fact, str) else fact


def moment(seconds: int) -> str:
    """A moment as a person reads it: 令和8年11月21日 14:32."""
    at = datetime.fromtimestamp(seconds, JAPAN)
    return f"{full_day(at.date())} {at:%H:%M}"


def short_moment(seconds: int) -> str:
    """A moment in a table: 2026/11/21 14:32."""
    at = datetime.fromtimestamp(seconds, JAPAN)
    return f"{short_day(at.date())} {at:%H:%M}"


def money(value: Any) -> str:
    """Thousands separated, minus as ▲, nothing for nothing."""
    if value is None:
        return ""
    text = f"{abs(value):,}"
    return f"▲{text}" if value < 0 else text


class Each:
    """A list whose members are made one after the other, and gone again, while a page is written."""

    def __init__(self, make: Callable[[Any], Any], of: Sequence[Any]) -> None:
        self._make, self._of = make, of

    def __len__(self) -> int:
        return len(self._of)

    def __iter__(self) -> Iterator[Any]:
        return map(self._make, self._of)


def render_long(template: str, **context: Any) -> str:
    """`render_template` for pages of many thousand rows: their million small pieces are put together as they come."""
    pieces = stream_template(template, **context)
    return "".join(iter(lambda: "".join(islice(pieces, PIECES)), ""))


def postal(text: str) -> str:
    """150-0002 of whatever width and hyphen it was typed with; as typed where it is no postal code."""
    try:
        return postal_code(text)
    except Unreadable:
        return text.removeprefix("〒")


def dial(text: str) -> str:
    """A telephone number in half width; with words beside it, as typed."""
    bare = compact(text)
    return bare if re.fullmatch(r"[-+()0-9]+", bare) else text


def install_filters(app: Flask) -> None:
    """The filters and functions templates use."""
    app.jinja_env.globals["fields_of"] = fields
    app.jinja_env.globals["said"] = said
    app.jinja_env.globals["fault_said"] = fault_said
    app.jinja_env.globals["password_needed"] = password_needed
    app.jinja_env.globals.update(own_words=words.own, own_dates=words.dates)
    app.jinja_env.filters.update(
        moment=moment, short_moment=short_moment, money=money, postal=postal, dial=dial,
        as_drawn=as_drawn, word=words.word, wareki=full_day, era_day=era_day, short_day=short_day,
    )  # fmt: skip
