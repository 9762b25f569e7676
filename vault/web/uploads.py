"""Papers on their way in: the page that takes them, the pieces of a file, and how far its redrawing is.

A script sends a file in pieces and can go on after a dropped connection. Answers to it are HTML: its parts carry in
`data-` attributes what the script needs and in their text what people read.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from itertools import chain
from typing import Any, cast

from flask import (
    Blueprint,
    Response,
    make_response,
    redirect,
    render_template,
    request,
    stream_with_context,
    url_for,
)

from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.documents import Document, Intake
from vault.domain.fields import Fault
from vault.errors import Forbidden, KuraError, Refused, Throttled
from vault.services import clients, intake, uploads
from vault.services.intake import Step
from vault.services.uploads import Arriving
from vault.web import words
from vault.web.addresses import ident, whole_number
from vault.web.document_rows import policy_choices, read_document
from vault.web.gate import desk, instance, needs, session
from vault.web.traces import trace

blueprint = Blueprint("uploads", __name__, url_prefix="/clients/<client>")
WRITE = Permission.WRITE_DOCUMENTS
MIB = 1024 * 1024
Steps = Generator[Step, None, None]


# --- the page


@blueprint.get("/documents/new")
@needs(WRITE)
def new(client: str) -> str:
    """What the papers are, and where to drop them; for a policy where the address names one."""
    page = clients.get(desk(), ident(client))
    chosen = request.args.get("policy", "")
    known = any(held.id.hex() == chosen for held in page.policies)
    return _form(page, {"policy": chosen} if known else {}, {})


def _form(page: clients.Page, values: dict[str, Any], faults: dict[str, Fault], error: str = "") -> str:
    here = page.id.hex()
    return render_template(
        "documents/new.html",
        nav="clients",
        boxes=fields.by_name(Document),
        values=values,
        faults=faults,
        error=error,
        client_name=page.client.name,
        client_url=url_for("clients.show", client=here),
        action=url_for("uploads.create", client=here),
        begin_url=url_for("uploads.begin", client=here),
        choices=policy_choices(page.policies),
        most=instance().settings.upload_bytes // MIB,
    )


@blueprint.post("/documents/new")
@needs(WRITE)
def create(client: str) -> Response:
    """Without scripts: one small file in one form."""
    said, values, faults = read_document(request.form)
    file = request.files.get("file")
    if said is None:
        return make_response(_form(clients.get(desk(), ident(client)), values, faults), 400)
    try:
        done = _taken_whole(ident(client), said, file.filename or "" if file else "", file.read() if file else b"")
    except (Refused, Throttled) as error:
        page = _form(clients.get(desk(), ident(client)), values, {}, words.sentence(error))
        return make_response(page, 429 if isinstance(error, Throttled) else 400)
    return cast(Response, redirect(url_for("documents.show", client=client, document=done.hex()), 303))


def _taken_whole(client: bytes, said: Document, name: str, data: bytes) -> bytes:
    """All steps at once; what does not become a document leaves nothing behind. Returns the document's id."""
    found = uploads.begin(desk(), client, _order(said, name, len(data)))
    try:
        for number in range(1, found.of + 1):
            piece = data[(number - 1) * uploads.PIECE : number * uploads.PIECE]
            uploads.put_piece(desk(), client, found.id, number, piece)
        *_, last = intake.take_in(desk(), client, found.id, request.form.get("password", ""))
    except KuraError:
        uploads.cancel(desk(), client, found.id)
        raise
    return last.document


def _order(said: Document, name: str, size: int) -> Intake:
    return Intake(document=said, name=name, size=size, hold="hold" in request.form)


# --- a file in pieces


@blueprint.post("/uploads")
@needs(WRITE)
def begin(client: str) -> Response:
    """Announce a file: what it is to become, its name and its size in bytes."""
    desk().folder(ident(client))  # whom one may not open is not there, whatever the boxes say
    said, _, faults = read_document(request.form)
    if said is None:
        return make_response(render_template("documents/refused.html", faults=faults, code="", said=""), 400)
    size = request.form.get("size", 0, type=whole_number)
    try:
        found = uploads.begin(desk(), ident(client), _order(said, request.form.get("name", ""), size))
    except Refused as error:
        return make_response(_refusal(error), 400)
    return make_response(_how_far(client, found), 201)


@blueprint.get("/uploads/<upload>")
@needs(WRITE)
def show(client: str, upload: str) -> str:
    """Which pieces are still missing."""
    return _how_far(client, uploads.arriving(desk(), ident(client), ident(upload)))


def _how_far(client: str, found: Arriving) -> str:
    here: dict[str, Any] = {"client": client, "upload": found.id.hex()}
    return render_template("documents/arriving.html", found=found, size=uploads.PIECE, here=here)


@blueprint.post("/uploads/<upload>/pieces/<int:number>")
@needs(WRITE)
def piece(client: str, upload: str, number: int) -> Response:
    """A piece, as it is: no form around it, of which a part could be taken for a file and spooled."""
    uploads.put_piece(desk(), ident(client), ident(upload), number, request.get_data(cache=False))
    return Response(status=204)


@blueprint.post("/uploads/<upload>/cancel")
@needs(WRITE)
def cancel(client: str, upload: str) -> Response:
    """Give a file up."""
    uploads.cancel(desk(), ident(client), ident(upload))
    return Response(status=204)


@blueprint.post("/uploads/<upload>/take")
@needs(WRITE)
def take(client: str, upload: str) -> Response:
    """Redraw a file: a line for each page as soon as it is done, and a last one with the document or what went wrong.

    What is wrong before the first page is done is answered under its own status.
    """
    given = request.form.get("password", "")
    steps = cast(Steps, intake.take_in(desk(), ident(client), ident(upload), given))
    try:
        first = next(steps)
    except (Refused, Throttled) as error:
        return make_response(_refusal(error), 429 if isinstance(error, Throttled) else 400)
    return Response(stream_with_context(_told(client, first, steps)), mimetype="text/html")


def _told(client: str, first: Step, steps: Steps) -> Iterator[str]:
    # Closed with the answer: a browser that goes away ends the redrawing, and nothing half done stays.
    with closing(steps):
        try:
            for step in chain([first], steps):
                yield render_template("documents/step.html", step=step, client=client) + "\n"
                if not step.document:
                    _check_signed_in()
        except KuraError as error:
            yield _refusal(error) + "\n"
        except Exception as error:  # noqa: BLE001 - the head of the answer is sent: no page can take its place
            trace(error)
            yield _refusal(KuraError()) + "\n"


def _check_signed_in() -> None:
    """Raises Forbidden once the person has signed out: redrawing takes its time, and keys belong to a session. By person
    and device, for a session that is unlocked or proved anew meanwhile goes on under another id."""
    row = session().row
    if not instance().sessions.has(row.person, row.device, instance().now()):
        raise Forbidden("session-ended")


def _refusal(error: KuraError) -> str:
    return render_template("documents/refused.html", faults={}, code=error.code, said=words.sentence(error))
