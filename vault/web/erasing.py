"""消去: a client, a policy, a person of a client, each after a page that says what goes; and the certificates."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.domain.erasures import CLIENT, CertificateOrder, Erasure, ErasureOrder, number_text
from vault.domain.fields import Fault
from vault.domain.prints import ERASURE_SHEET
from vault.domain.values.numbers import groups
from vault.errors import NotFound
from vault.services import bin, certificates, erasing, printing, what_goes
from vault.services.ledger_rows import client_number
from vault.services.what_goes import Preview
from vault.web import forms, orders, words
from vault.web.addresses import ident, whole_number
from vault.web.attempts import REFUSALS, refused, told
from vault.web.client_rows import label_of
from vault.web.document_rows import label_text
from vault.web.erasure_orders import form_values, read_order
from vault.web.gate import desk, needs, prove_again

blueprint = Blueprint("erasing", __name__)
ERASE = Permission.ERASE
SIGNED = ("number", "what", "client", "reason", "records", "versions", "objects", "begun", "done", "epoch")
# So long after an erasure the same question, by a second click or the way back, is answered by its certificate.
JUST_NOW = 10 * 60


def _asked(
    template: str, wanted: str, erase: Callable[[ErasureOrder], int], context: dict[str, Any]
) -> Response:
    """An answered page: refused with everything typed kept, or done, and on to the certificate."""
    values = forms.typed(request.form)
    order, faults = read_order(values, wanted)
    if order is None:
        return make_response(render_template(template, **context, **form_values(values, faults, "")), 400)
    try:
        prove_again(values.get("password", ""))
        number = erase(order)
    except REFUSALS as error:
        return refused(render_template(template, **context, **form_values(values, {}, told(error))), error)
    return _to_certificate(number)


def _to_certificate(number: int) -> Response:
    return cast(Response, redirect(url_for("erasing.certificate", n=number), 303))


def _earlier(client: bytes) -> Response:
    """To the certificate of what was just erased of a client, whoever clicked first; raises NotFound without one."""
    since = desk().instance.now() - JUST_NOW
    for each, _ in erasing.listed(desk()):
        if each.client == client.hex() and each.done and (each.what == CLIENT or each.done >= since):
            return _to_certificate(each.number)
    raise NotFound("not-found")


def _preview(client: str) -> Preview | Response:
    try:
        return what_goes.preview(desk(), ident(client))
    except NotFound:
        return _earlier(ident(client))


# --- a client


@blueprint.get("/clients/<client>/erase")
@needs(ERASE)
def client(client: str) -> Response | str:
    """What goes with a client, and what does not come back."""
    found = _preview(client)
    if isinstance(found, Response):
        return found
    return render_template("erasing/client.html", **_of(found), **form_values({}, {}, ""))


@blueprint.post("/clients/<client>/erase")
@needs(ERASE)
def client_now(client: str) -> Response:
    """Erase it."""
    found = _preview(client)
    if isinstance(found, Response):
        return found
    return _asked("erasing/client.html", found.page.client.name, _erase_client(found.page.id), _of(found))


def _erase_client(client: bytes) -> Callable[[ErasureOrder], int]:
    return lambda order: erasing.erase_clients(desk(), [client], order)[0]


def _of(found: Preview) -> dict[str, Any]:
    page = found.page
    return {
        "nav": "clients", "id": page.id.hex(), "client": page.client, "holds": found.holds, "papers": found.papers,
        "deposits": found.deposits,
        "policies": page.policies, "related": page.related, "label_of": label_of,
    }  # fmt: skip


# --- a policy


@blueprint.get("/clients/<client>/policies/<policy>/erase")
@needs(ERASE)
def policy(client: str, policy: str) -> Response | str:
    """What goes with a policy."""
    return _shown("erasing/policy.html", _policy_context(client, policy))


@blueprint.post("/clients/<client>/policies/<policy>/erase")
@needs(ERASE)
def policy_now(client: str, policy: str) -> Response:
    """Erase it."""

    def erase(order: ErasureOrder) -> int:
        return what_goes.erase_policy(desk(), ident(client), ident(policy), order)

    return _part("erasing/policy.html", erase, _policy_context(client, policy))


def _policy_context(client: str, policy: str) -> dict[str, Any] | Response:
    found = _preview(client)
    if isinstance(found, Response):
        return found
    held = next((each for each in found.page.policies if each.id == ident(policy)), None)
    return _earlier(ident(client)) if held is None else {**_of(found), "policy": held}


def _shown(template: str, context: dict[str, Any] | Response) -> Response | str:
    """The page that says what goes with a part; where that is gone already, on to its certificate."""
    if isinstance(context, Response):
        return context
    return render_template(template, **context, **form_values({}, {}, ""))


def _part(template: str, erase: Callable[[ErasureOrder], int], context: dict[str, Any] | Response) -> Response:
    """The page answered. Older backups of the client no longer open afterwards: another one is made at once.

    To be typed is the name of the person who goes, else the client's.
    """
    if isinstance(context, Response):
        return context
    try:
        answer = _asked(template, context.get("member", context["client"]).name, erase, context)
    except NotFound:  # somebody else, or a first click, was faster
        return _earlier(bytes.fromhex(context["id"]))
    if answer.status_code != 303 or bin.back_up(desk()):
        return answer
    return cast(Response, redirect(answer.location + "&backup=none", 303))


# --- a document


@blueprint.get("/clients/<client>/documents/<document>/erase")
@needs(ERASE)
def document(client: str, document: str) -> Response | str:
    """What goes with a document."""
    return _shown("erasing/document.html", _document_context(client, document))


@blueprint.post("/clients/<client>/documents/<document>/erase")
@needs(ERASE)
def document_now(client: str, document: str) -> Response:
    """Erase it."""

    def erase(order: ErasureOrder) -> int:
        return what_goes.erase_document(desk(), ident(client), ident(document), order)

    return _part("erasing/document.html", erase, _document_context(client, document))


def _document_context(client: str, document: str) -> dict[str, Any] | Response:
    found = _preview(client)
    if isinstance(found, Response):
        return found
    held = next((each for each in found.page.documents if each.id == ident(document)), None)
    if held is None:
        return _earlier(ident(client))
    return {**_of(found), "document": held, "label": label_text(held)}


# --- a person of a client


@blueprint.get("/clients/<client>/erase/member")
@needs(ERASE)
def member(client: str) -> Response | str:
    """Who of a client is to be erased, and which policies name him."""
    return _shown("erasing/member.html", _member_context(client, request.args.get("m", "")))


@blueprint.post("/clients/<client>/erase/member")
@needs(ERASE)
def member_now(client: str) -> Response:
    """Take him out of every version, and erase the policies that were ticked."""
    chosen = request.form.get("m", "")
    context = _member_context(client, chosen)
    if isinstance(context, Response):
        return context
    if context["member"] is None:
        return _earlier(ident(client))
    ticked = [held.id for held in context["naming"] if held.id.hex() in request.form.getlist("policy")]

    def erase(order: ErasureOrder) -> int:
        return what_goes.erase_member(desk(), ident(client), chosen, ticked, order)

    more = {"ticked": [each.hex() for each in ticked]}
    return _part("erasing/member.html", erase, {**context, **more})


def _member_context(client: str, chosen: str) -> dict[str, Any] | Response:
    found = _preview(client)
    if isinstance(found, Response):
        return found
    return {
        **_of(found), "member": found.page.client.member(chosen), "members": found.page.client.members,
        "naming": what_goes.naming(found.page, chosen), "ticked": [],
    }  # fmt: skip


# --- certificates


@blueprint.get("/erasures")
@needs(ERASE)
def index() -> str:
    """All erasures."""
    rows = [{**_told(each), "by": by} for each, by in erasing.listed(desk())]
    many = request.args.get("done", 0, type=whole_number)
    return render_template("erasing/list.html", nav="office", rows=rows, many=many)


@blueprint.get("/erasures/certificate")
@needs(ERASE)
def certificate() -> Response | str:
    """One certificate."""
    chosen = _chosen()
    if chosen is None:
        return cast(Response, redirect(url_for("erasing.index"), 303))
    found, by = chosen
    no_backup = request.args.get("backup") == "none"
    return render_template("erasing/show.html", nav="office", no_backup=no_backup, by=by, **_told(found))


def _chosen() -> tuple[Erasure, str] | None:
    """The certificate that the address names, and who erased; raises NotFound."""
    number = request.args.get("n", 0, type=whole_number)
    return erasing.certificate_by(desk(), number) if number else None


def _told(erasure: Erasure) -> dict[str, Any]:
    return {
        "erasure": erasure, "number": number_text(erasure.number), "client_number": client_number(erasure.client),
        "signature": groups(erasure.signature), "key": groups(erasure.key),
        "proof": _proof(erasure),
        "vouched": bool(erasure.done) and erasing.is_vouched(desk(), erasure),
    }  # fmt: skip


def _proof(erasure: Erasure) -> list[tuple[str, str]]:
    """What is signed with key and signature: line by line what `kura verify-certificate` reads, typed off the paper."""
    told = {name: str(getattr(erasure, name)) for name in SIGNED}
    told |= {name: certificates.moment(getattr(erasure, name)) for name in ("begun", "done")}
    key = erasing.public_key_of(desk(), erasure).hex()
    last = [("public key", key), ("signature", erasure.signature)]
    in_fours = [(name, " ".join(groups(value)).lower()) for name, value in last if value]
    return [("office", desk().instance.office.hex()), *told.items(), *in_fours]


@blueprint.get("/erasures/print")
@needs(ERASE)
def order() -> Response | str:
    """Ask for purpose and addressee before a 消去証明書."""
    found = _chosen()
    return cast(Response, redirect(url_for("erasing.index"), 303)) if found is None else _order(found[0])


def _order(found: Erasure, values: dict[str, Any] | None = None, faults: dict[str, Fault] | None = None) -> str:
    here = {"n": found.number}
    action, back = url_for("erasing.make", **here), url_for("erasing.certificate", **here)  # type: ignore[arg-type]
    filled = {"purpose": "お客様へ交付", "addressee": "", **(values or {})}
    return orders.order_page(ERASURE_SHEET, action, back, of=CertificateOrder, values=filled, faults=faults)


@blueprint.post("/erasures/print")
@needs(ERASE)
def make() -> Response:
    """The ledger row first, then the sheet."""
    chosen = _chosen()
    if chosen is None:
        raise NotFound("not-found")
    found, by = chosen
    record, values, faults = orders.read(CertificateOrder, request.form)
    if record is None:
        return make_response(_order(found, values, faults), 400)
    made = printing.print_office(desk(), ERASURE_SHEET, record, ERASE)
    with words.japanese():
        context = orders.paper(made, url_for("erasing.certificate", n=found.number))
        return make_response(render_template("erasing/sheet.html", **context, by=by, **_told(found)))
