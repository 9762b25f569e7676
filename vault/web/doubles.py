"""重複の確認: what may have been entered twice, two of them beside each other, and made one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.clients import Client, Member
from vault.domain.doubles import CLIENT, PERSON, POLICY
from vault.domain.policies import Policy
from vault.domain.uniting import GOES, STAYS, chosen, compared, united
from vault.errors import Conflict, NotFound, Refused
from vault.services import clients, doubles, merged, sessions, uniting, uniting_within
from vault.services.doubles import Proposal, Seen, Sides
from vault.services.uniting import Base
from vault.web import double_forms
from vault.web.addresses import ident, whole_number
from vault.web.attempts import REFUSALS, refused, told
from vault.web.client_rows import label_of
from vault.web.gate import desk, instance, needs, session
from vault.web.pages import short_moment
from vault.web.versions import version_page

blueprint = Blueprint("doubles", __name__, url_prefix="/doubles")
WRITE = Permission.WRITE_CLIENTS
# What may be united, and may be said to be two.
WHATS = (CLIENT, POLICY, PERSON)


@blueprint.get("")
@needs(WRITE)
def index() -> str:
    """What is proposed, the likeliest first."""
    first = request.args.get("first", 0, type=whole_number)
    found = doubles.proposed(desk(), first, doubles.MOST)
    after = first + doubles.MOST
    return render_template(
        "doubles/list.html", nav="clients", rows=[_listed(each) for each in found.shown], total=found.total,
        pending=found.pending, first=first, done=request.args.get("done", ""),
        next_url=url_for("doubles.index", first=after) if after < found.total else None,
        before_url=url_for("doubles.index", first=max(0, first - doubles.MOST)) if first else None,
    )  # fmt: skip


def _listed(each: Proposal) -> dict[str, Any]:
    one, other = each.one, each.other
    return {
        "what": each.what, "reasons": each.reasons, "strength": each.strength, "one": _side(one), "other": _side(other),
        "compare": _compare_url(each), "apart": (one.id, other.id), "rooms": one.compartment != other.compartment,
    }  # fmt: skip


def _side(seen: Seen) -> dict[str, Any]:
    client = seen.client_id.hex()
    url = url_for("clients.show", client=client)
    if seen.policy is not None:
        url = url_for("policies.show", client=client, policy=seen.record.hex())
    return {"client": seen.client, "url": url, "member": seen.member, "policy": label_of(seen.policy) if seen.policy else ""}


def _compare_url(each: Proposal) -> str | None:
    """Where the two stand beside each other; nowhere as long as they cannot become one."""
    one, other = each.one, each.other
    client = one.client_id.hex()
    if each.what == PERSON:
        return url_for("doubles.people", client=client, one=one.id, other=other.id)
    if each.what == POLICY:
        same = one.client_id == other.client_id
        return url_for("doubles.policies", client=client, policy=one.id, other=other.id) if same else None
    same = one.compartment == other.compartment
    return url_for("doubles.clients_", client=client, goes=other.client_id.hex()) if same else None


@blueprint.post("/apart")
@needs(WRITE)
def apart() -> Response:
    """They are two: never proposed again."""
    what = request.form.get("what", "")
    if what not in WHATS:
        raise NotFound("not-found")
    doubles.keep_apart(desk(), what, request.form.get("one", ""), request.form.get("other", ""))
    return cast(Response, redirect(url_for("doubles.index", done="apart"), 303))


# --- answering a page of two


def _answer(page: Callable[[str], str], unite: Callable[[], None], to: str) -> Response:
    """United and on; asked for another view of the same, or refused, the page with all that was chosen."""
    if request.form.get("again"):
        return Response(page(""))
    try:
        unite()
    except REFUSALS as error:
        return refused(page(told(error)), error)
    return cast(Response, redirect(f"{to}?did=united", 303))


def _base(record: bytes, name: str) -> Base:
    return Base(record, request.form.get(name, 0, type=whole_number))


# --- clients


@blueprint.get("/clients/<client>/<goes>")
@needs(WRITE)
def clients_(client: str, goes: str) -> Response | str:
    """Two clients; the first one stays."""
    try:
        return _clients_page(client, goes, "")
    except Refused as error:
        return _never(error)


def _never(error: Refused) -> Response:
    return refused(render_template("doubles/none.html", nav="clients", error=told(error)), error)


def _clients_page(client: str, goes: str, error: str) -> str:
    found = doubles.two_clients(desk(), ident(client), ident(goes))
    one, other = found.stays.client, found.goes.client
    return render_template(
        "doubles/sides.html", nav="clients", what=CLIENT, error=error, client_name=one.name,
        action=url_for("doubles.unite_clients", client=client, goes=goes),
        back_url=url_for("doubles.index"), swap_url=url_for("doubles.clients_", client=goes, goes=client),
        stays=_head(one.name, url_for("clients.show", client=client), found.newer == STAYS),
        goes=_head(other.name, url_for("clients.show", client=goes), found.newer == GOES),
        versions=(found.stays.version, found.goes.version), apart=(client, goes),
        rows=double_forms.rows_of(
            compared(one, other, found.newer, rows=False), type(one), double_forms.SIDE, request.form
        ),
        people=double_forms.people(request.form, one, other, found.newer), members=one.members,
        tables=double_forms.tables(one, other, _united(found)), moving=found.goes,
        typing=uniting.typing(desk(), found.goes.id),
    )  # fmt: skip


def _head(name: str, url: str, newer: bool) -> dict[str, Any]:
    return {"name": name, "url": url, "newer": newer}


def _united(found: Sides) -> Client:
    stays, goes = found.stays, found.goes
    chosen_ = double_forms.choice(request.form, stays.client, goes.client)
    return united(stays.client, goes.client, found.newer, chosen_, (stays.id.hex(), goes.id.hex()))


@blueprint.post("/clients/<client>/<goes>")
@needs(WRITE)
def unite_clients(client: str, goes: str) -> Response:
    """The second goes into the first."""
    try:
        return _answer(
            lambda error: _clients_page(client, goes, error), lambda: _unite_clients(client, goes),
            url_for("clients.show", client=client),
        )  # fmt: skip
    except Refused as error:
        return _never(error)


def _unite_clients(client: str, goes: str) -> None:
    found = doubles.two_clients(desk(), ident(client), ident(goes))
    same = double_forms.matched(request.form, found.stays.client, found.goes.client)
    stays, other = _base(found.stays.id, "stays"), _base(found.goes.id, "goes")
    if (stays.version, other.version) != (found.stays.version, found.goes.version):
        raise Conflict("conflict")
    uniting.unite_clients(desk(), stays, other, _united(found), same)
    sessions.forget_client(instance(), session(), other.id)


# --- policies of a client


@blueprint.get("/policies/<client>/<policy>/<other>")
@needs(Permission.WRITE_POLICIES)
def policies(client: str, policy: str, other: str) -> str:
    """Two policies; the first one stays."""
    return _policies_page(client, policy, other, "")


def _policies_page(client: str, policy: str, other: str, error: str) -> str:
    stays, goes, page, newer = doubles.two_policies(desk(), ident(client), ident(policy), ident(other))
    urls = [url_for("policies.show", client=client, policy=each) for each in (policy, other)]
    return render_template(
        "doubles/sides.html", nav="clients", what=POLICY, error=error, client_name=page.client.name,
        action=url_for("doubles.unite_policies", client=client, policy=policy, other=other),
        back_url=url_for("doubles.index"), swap_url=url_for("doubles.policies", client=client, policy=other, other=policy),
        stays=_head(label_of(stays.policy), urls[0], newer == STAYS), goes=_head(label_of(goes.policy), urls[1], newer == GOES),
        versions=(stays.version, goes.version), apart=(policy, other),
        rows=double_forms.rows_of(compared(stays.policy, goes.policy, newer), Policy, double_forms.SIDE, request.form),
        people=[], members=(), tables=[], moving=None,
    )  # fmt: skip


@blueprint.post("/policies/<client>/<policy>/<other>")
@needs(Permission.WRITE_POLICIES)
def unite_policies(client: str, policy: str, other: str) -> Response:
    """The second goes into the first, and lies in the bin."""

    def unite() -> None:
        stays, goes, page, newer = doubles.two_policies(desk(), ident(client), ident(policy), ident(other))
        record = chosen(stays.policy, goes.policy, newer, double_forms.sides(request.form))
        uniting_within.unite_policies(desk(), page.id, _base(stays.id, "stays"), _base(goes.id, "goes"), record)

    to = url_for("policies.show", client=client, policy=policy)
    return _answer(lambda error: _policies_page(client, policy, other, error), unite, to)


# --- people of a client


@blueprint.get("/people/<client>/<one>/<other>")
@needs(WRITE)
def people(client: str, one: str, other: str) -> str:
    """Two people of one client; the first one stays."""
    return _people_page(client, one, other, "")


def _two_people(page: clients.Page, one: str, other: str) -> tuple[Member, Member]:
    found = [page.client.member(each) for each in (one, other)]
    if found[0] is None or found[1] is None or one == other:
        raise NotFound("not-found")
    return found[0], found[1]


def _people_page(client: str, one: str, other: str, error: str) -> str:
    page = clients.get(desk(), ident(client))
    stays, goes = _two_people(page, one, other)
    url = url_for("clients.show", client=client)
    return render_template(
        "doubles/sides.html", nav="clients", what=PERSON, error=error, client_name=page.client.name,
        action=url_for("doubles.unite_people", client=client, one=one, other=other),
        back_url=url_for("doubles.index"), swap_url=url_for("doubles.people", client=client, one=other, other=one),
        stays=_head(stays.name, url, False), goes=_head(goes.name, url, False), versions=(page.version, 0), apart=(one, other),
        rows=double_forms.rows_of(compared(stays, goes, STAYS), Member, double_forms.SIDE, request.form),
        people=[], members=(), tables=[], moving=None,
    )  # fmt: skip


@blueprint.post("/people/<client>/<one>/<other>")
@needs(WRITE)
def unite_people(client: str, one: str, other: str) -> Response:
    """The second goes into the first."""

    def unite() -> None:
        page = clients.get(desk(), ident(client))
        stays, goes = _two_people(page, one, other)
        record = chosen(stays, goes, STAYS, double_forms.sides(request.form))
        base = request.form.get("stays", 0, type=whole_number)
        uniting_within.unite_people(desk(), page.id, base, record, other)

    return _answer(lambda error: _people_page(client, one, other, error), unite, url_for("clients.show", client=client))


# --- what somebody was before


@blueprint.get("/merged/<client>")
@needs(Permission.READ_CLIENTS)
def earlier(client: str) -> str:
    """Who went into a client, with every version of each."""
    found = merged.versions(desk(), ident(client))
    told_ = [
        (versions[0].record, [(v.number, short_moment(v.at), v.author, _earlier_url(client, record, v.number)) for v in versions])
        for record, versions in found.items()
    ]
    page = clients.get(desk(), ident(client))
    return render_template(
        "doubles/earlier.html", nav="clients", name=page.client.name, found=told_,
        back_url=url_for("clients.show", client=client),
    )  # fmt: skip


def _earlier_url(client: str, record: bytes, number: int) -> str:
    return url_for("doubles.version", client=client, other=record.hex(), number=number)


@blueprint.get("/merged/<client>/<other>/<int:number>")
@needs(Permission.READ_CLIENTS)
def version(client: str, other: str, number: int) -> str:
    """One version of the record of somebody who went into a client."""
    found = merged.versions(desk(), ident(client)).get(ident(other))
    if found is None:
        raise NotFound("not-found")
    names = {head.id.hex(): head.client.name for head in clients.list_clients(desk())}
    back = url_for("doubles.earlier", client=client)
    return version_page(found, number, back, "doubles.version", names=names, client=client, other=other)
