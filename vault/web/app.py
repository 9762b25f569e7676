"""The application: one instance behind one gate."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask, Request, Response, g, render_template, request
from flask.sessions import SessionInterface
from flask_babel import Babel, get_locale
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from vault.errors import (
    Conflict,
    Damaged,
    Forbidden,
    KuraError,
    Malformed,
    NotFound,
    NotReady,
    Refused,
    RolledBack,
    SealBroken,
    Throttled,
    Untrusted,
    Unwritable,
    WrongCredential,
)
from vault.services import audit
from vault.services.instance import Instance
from vault.web import (
    addresses,
    attention,
    bin,
    blackout,
    cancellation,
    clients,
    compartments,
    compiled,
    data_ledger,
    dealings,
    deposits,
    devices,
    documents,
    doubles,
    erasing,
    family,
    first_day,
    gate,
    health,
    help_pages,
    importing,
    importing_rows,
    incidents,
    inspections,
    ledger,
    log,
    office,
    own,
    passkeys,
    people,
    pictures,
    policies,
    prints,
    proxy,
    retention,
    rules,
    search,
    signing_in,
    space,
    tasks,
    today,
    traces,
    typing,
    uploads,
    whole_office,
    words,
    worklist,
)
from vault.web import pages as page_values

ROOMS = (
    signing_in, first_day, attention, today, worklist, tasks, search, clients, policies, typing, uploads, documents, blackout, deposits, dealings, importing, importing_rows, prints, whole_office, ledger, office, own, passkeys, people,
    devices, compartments, rules, cancellation, log, incidents, inspections, data_ledger, help_pages, health,
    bin, erasing, retention, doubles, family, pictures, space,
)  # fmt: skip
ROOT = Path(__file__).resolve().parent.parent.parent
LARGEST_FORM = 4 * 1024 * 1024
STATUS: list[tuple[type[KuraError], int]] = [
    (Forbidden, 403),
    (WrongCredential, 403),
    (NotFound, 404),
    (Conflict, 409),
    (Damaged, 409),
    (SealBroken, 409),
    (Malformed, 409),
    (Untrusted, 409),
    (Throttled, 429),
    (Unwritable, 503),
    (NotReady, 503),
    (Refused, 400),
    (KuraError, 500),
]


class InMemoryRequest(Request):
    """Werkzeug spools parts of forms that look like files to a plain temporary file; here they stay in memory."""

    def _get_file_stream(self, *_: object, **__: object) -> BytesIO:
        return BytesIO()


class NoFlaskSession(SessionInterface):
    """Flask's signed cookie decides nothing here, so there is none."""

    def open_session(self, app: Flask, request: Request) -> None:
        return None

    def save_session(self, app: Flask, session: Any, response: Response) -> None:
        return None


def create_app(instance: Instance) -> Flask:
    """The application of one instance; raises NotReady when a route does not say who may use it."""
    app = Flask("vault", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "static"))
    app.config.update(
        SECRET_KEY=instance.settings.secret_key,
        MAX_CONTENT_LENGTH=LARGEST_FORM,
        # Above this size Werkzeug would spool a form to a plain temporary file.
        MAX_FORM_MEMORY_SIZE=LARGEST_FORM,
        MAX_FORM_PARTS=20_000,
    )
    app.request_class = InMemoryRequest
    app.session_interface = NoFlaskSession()
    app.extensions["kura"] = instance
    babel = Babel(app, default_locale="ja", locale_selector=words.chosen)
    babel.domain_instance = words.Catalogues()
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.bytecode_cache = compiled.Compiled(ROOT / compiled.FOLDER)
    app.url_map.converters["int"] = addresses.Serial
    gate.install(app)
    for room in ROOMS:
        app.register_blueprint(room.blueprint)
    app.context_processor(page_values.common)
    page_values.install_filters(app)
    app.register_error_handler(KuraError, _kura_error)
    app.register_error_handler(CSRFError, lambda error: _page(Forbidden("token-old"), 403))
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _unforeseen)
    gate.check_declared(app)
    if instance.settings.host:
        app.wsgi_app = proxy.Behind(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _kura_error(error: KuraError) -> tuple[str, int]:
    if isinstance(error, RolledBack) and not g.get("told_rollback"):
        g.told_rollback = True
        gate.instance().checked = None  # the next page asks at once, and announces it
        audit.found_rollback(gate.instance(), g.origin, error)
    status = next(status for kind, status in STATUS if isinstance(error, kind))
    if status == 500:
        traces.trace(error)
    return _page(error, status)


def _http_error(error: HTTPException) -> tuple[str, int] | HTTPException:
    status = error.code or 500
    if status < 400:
        return error
    code = {404: "not-found", 405: "not-found", 413: "too-large"}.get(status, "error")
    return _page(KuraError(code), status)


def _unforeseen(error: Exception) -> tuple[str, int]:
    traces.trace(error)
    return _page(KuraError(), 500)


def _page(error: KuraError, status: int) -> tuple[str, int]:
    if status in (403, 404) and request.endpoint != "static":
        gate.note_refusal(status)
    owner = error.facts.get("owner")
    return (
        render_template(
            "error.html",
            code=error.code,
            said=words.sentence(error),
            status=status,
            owner=owner.hex() if isinstance(owner, bytes) else "",
            locale=str(get_locale()),
        ),
        status,
    )
