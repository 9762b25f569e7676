"""The one way in. Every view says what it needs; a view that says nothing keeps the application from starting."""

from __future__ import annotations

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, TypeVar, cast

from flask import Flask, Response, current_app, g, redirect, request, url_for
from flask_login import LoginManager, UserMixin
from flask_wtf.csrf import CSRFError, CSRFProtect

from vault.domain.access import Permission
from vault.domain.office_rules import time_of_day
from vault.errors import Forbidden, NotFound, NotReady, Refused, RolledBack, WrongCredential
from vault.services import audit, closing, restore_notes, sessions
from vault.services.accounts import passwords, recovery, registering, signing_in
from vault.services.accounts.seen import Seen
from vault.services.instance import Instance, Origin
from vault.services.office import has_particulars
from vault.services.safe import Desk
from vault.web.proxy import is_named

View = TypeVar("View", bound=Callable[..., Any])
SESSION_COOKIE = "__Host-session"
DEVICE_COOKIE = "__Host-device"
VISIT_COOKIE = "__Host-visit"
SEEN_COOKIE = "__Host-seen"
LANGUAGE_COOKIE = "__Host-language"
DEVICE_SECONDS = 400 * 24 * 60 * 60
CHECK_SECONDS = 60
TOLD_AT_SIGN_IN = frozenset({"outside-hours", "outside-network"})
# Licences and lists of versions lie beside them, for people with the source.
STATIC_KINDS = frozenset({".css", ".js", ".svg", ".png", ".ico", ".woff2"})

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


@dataclass(frozen=True)
class Access:
    """What a view needs: nothing (`public`), a session in an earlier `stage`, or a permission.

    `early` views are reached before the office's first day is done, while something put back waits, and while a
    password has to be changed. `largest`: bytes that a view takes which are no form, where that is more than of a form.
    """

    public: bool = False
    stage: str = sessions.DESK
    permission: Permission | None = None
    early: bool = False
    largest: int = 0


def _declare(access: Access) -> Callable[[View], View]:
    def mark(view: View) -> View:
        view.access = access  # type: ignore[attr-defined]
        return view

    return mark


def public(view: View) -> View:
    """For everybody, signed in or not."""
    return _declare(Access(public=True))(view)


def activation(view: View) -> View:
    """Only for who came in with the initial login and has set no password yet."""
    return _declare(Access(stage=sessions.ACTIVATION))(view)


def first_password(view: View) -> View:
    """Only for who came in with a login sheet and has chosen no password yet."""
    return _declare(Access(stage=sessions.FIRST))(view)


def needs(permission: Permission, early: bool = False, largest: int = 0) -> Callable[[View], View]:
    """Only for signed-in people whose role has the permission."""
    return _declare(Access(permission=permission, early=early, largest=largest))


def instance() -> Instance:
    """The instance this application serves."""
    return cast(Instance, current_app.extensions["kura"])


def desk() -> Desk:
    """The desk of the person who asks."""
    return cast(Desk, g.desk)


def session() -> sessions.Session:
    """The session of the person who asks."""
    return cast(sessions.Session, g.session)


def device_secret() -> bytes | None:
    """The device's secret out of its cookie."""
    try:
        raw = urlsafe_b64decode(request.cookies.get(DEVICE_COOKIE, ""))
    except ValueError:
        return None
    return raw if len(raw) == 32 else None


# They do nothing without a session but say that it is over, which a script has to hear.
_ANSWER_THEMSELVES = frozenset({"signing_in.unlock", "signing_in.alive"})
# Who looks whether an office answers does not keep it awake.
_MONITORS = frozenset({"health"})
# A link in a mail opens these pages without a cookie, whoever is signed in; what is sent from there has them all.
_DOORS = frozenset({"signing_in.create", "signing_in.register_now", "signing_in.recover_now"})

# --- who asks


class Visitor(UserMixin):
    """What flask-login knows of a person: only that there is one."""

    def __init__(self, person: bytes) -> None:
        self.id = person.hex()


def _identify() -> None:
    rule = request.url_rule
    g.origin = Origin(request.remote_addr or "", request.method, rule.rule if rule else "")
    g.desk = None
    g.session = None
    _check_name()
    if request.endpoint == "static":
        return
    if request.blueprint in _MONITORS:  # answered while the door is closed as well
        g.csrf = ""
        return
    _allow_for_size()
    closing.check_open(instance())
    instance().keep()
    instance().asked()
    g.session = sessions.find(instance(), request.cookies.get(SESSION_COOKIE), device_secret())
    g.csrf = g.session.csrf if g.session is not None else _visit_token()


def _check_name() -> None:
    """What is written on sheets and signed by passkeys is the name that was asked for, so there is only one."""
    host = instance().settings.host
    if host and not is_named(host, request.host):
        raise Refused("host-unknown")


def _allow_for_size() -> None:
    """A file as it is may be larger than a form. Nothing of it is read before the view asks for it."""
    access = getattr(current_app.view_functions.get(request.endpoint or ""), "access", None)
    if access is not None and access.largest and request.mimetype == "application/octet-stream":
        request.max_content_length = access.largest


def _visit_token() -> str:
    """Before a sign-in the token belongs to the visit: a random cookie under the instance's secret."""
    visit = request.cookies.get(VISIT_COOKIE, "")
    if len(visit) != 24:
        visit = g.new_visit = urlsafe_b64encode(os.urandom(18)).decode("ascii")
    return _token_of(visit)


def _token_of(visit: str) -> str:
    return hmac.digest(instance().settings.secret_key, b"visit" + visit.encode(), "sha256").hex()


def _tokens() -> list[str]:
    """The tokens that a change may carry: the session's, at the doors the visit's too."""
    visit = request.cookies.get(VISIT_COOKIE, "")
    return [g.csrf, _token_of(visit)] if request.endpoint in _DOORS and len(visit) == 24 else [g.csrf]


class SessionToken(CSRFProtect):
    """Flask-WTF's check of every change, with our token: nothing is decided by Flask's own signed cookie."""

    def protect(self, apply_exemptions: bool = False) -> None:
        """Raises CSRFError for a change without the session's own token. There are no exemptions."""
        if request.endpoint is None or request.method not in current_app.config["WTF_CSRF_METHODS"]:
            return
        if g.session is None and request.endpoint in _ANSWER_THEMSELVES:
            return
        given = request.form.get("csrf_token") or request.headers.get("X-Kura-Csrf") or ""
        if not any(hmac.compare_digest(given.encode("utf-8", "replace"), token.encode()) for token in _tokens()):
            raise CSRFError("token")


# --- what a person may


def _admit() -> Response | None:
    if request.endpoint == "static" and PurePosixPath(request.path).suffix not in STATIC_KINDS:
        raise NotFound("not-found")
    if request.endpoint is None or request.endpoint == "static":
        return None
    access = cast(Access, getattr(current_app.view_functions[request.endpoint], "access"))  # noqa: B009
    if access.public:
        return None
    open_session = g.session
    if open_session is None or open_session.locked:
        return _to_sign_in()
    if access.stage != sessions.DESK or open_session.row.stage != sessions.DESK:
        return _admit_stage(access.stage, open_session.row.stage)
    try:
        g.desk = sessions.desk(instance(), open_session, g.origin)
    except (Forbidden, RolledBack) as error:
        instance().sessions.end(open_session.row.id_hash)
        return _to_sign_in(error.code)
    sessions.touch(instance(), open_session)
    elsewhere = _first_things_first(access)
    if elsewhere is not None:
        return elsewhere
    assert access.permission is not None
    g.desk.require(access.permission)
    return None


HOME = {
    sessions.ACTIVATION: "first_day.password",
    sessions.FIRST: "first_day.own_password",
    sessions.DESK: "today.show",
}


def _admit_stage(wanted: str, stage: str) -> Response | None:
    if wanted == stage:
        return None
    return cast(Response, redirect(url_for(HOME[stage]), 303))


def _to_sign_in(why: str = "") -> Response:
    """To the sign-in page, which says why where it is the office's own rule."""
    if request.method == "GET":
        told = why if why in TOLD_AT_SIGN_IN else None
        return cast(Response, redirect(url_for("signing_in.new", why=told), 303))
    raise Forbidden("session-ended")


def told_at_sign_in(code: str) -> Forbidden | None:
    """The office's own rule that ended a session, for the sign-in page to say; None for any other code."""
    if code not in TOLD_AT_SIGN_IN:
        return None
    opens, closes = (instance().keyring.rule(name, -1) for name in ("hours_from", "hours_to"))
    if code == "outside-hours" and min(opens, closes) < 0:
        return None
    return Forbidden(code, opens=time_of_day(opens), closes=time_of_day(closes))


def _first_things_first(access: Access) -> Response | None:
    """What was put back is confirmed, the recovery sheet typed back, the particulars typed: then the rest opens."""
    if access.early:
        return None
    try:
        restore_notes.check(instance())
        _check_whole()
    except RolledBack:
        return cast(Response, redirect(url_for("attention.show"), 303))
    if not recovery.is_confirmed(g.desk.stored.keystore) and g.desk.may(Permission.MANAGE_RECOVERY):
        return cast(Response, redirect(url_for("first_day.sheet"), 303))
    if passwords.is_due(g.desk, g.session.row.started):
        return cast(Response, redirect(url_for("own.password"), 303))
    if not has_particulars(instance()):
        return cast(Response, redirect(url_for("office.particulars"), 303))
    return None


def _check_whole() -> None:
    """Once a minute, and whenever another keystore stands there, compare database and keystore with the journal."""
    held, now = instance().checked, instance().clock()
    place = g.desk.stored.place
    if held is not None and held[0] == place and 0 <= now - held[1] < CHECK_SECONDS:
        return
    audit.check_whole(instance(), g.desk.stored)
    instance().checked = (place, now)


# --- the way out


def _dress(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    response.headers.pop("Content-Disposition", None)  # Flask names static files; nothing here is to be kept as one
    settings = instance().settings
    if settings.host and response.is_streamed and not response.direct_passthrough:
        response.headers["X-Accel-Buffering"] = "no"  # told line by line, and nginx is not to collect the lines
    if settings.tls or settings.host:
        response.headers["Strict-Transport-Security"] = "max-age=63072000"
    if g.get("proved_now"):
        proved(response)
    if g.get("desk") is not None and g.desk.head is not None:
        remember(response, g.desk.head)
    if g.get("new_visit"):
        set_cookie(response, VISIT_COOKIE, g.new_visit, None)
    return response


def set_cookie(response: Response, name: str, value: str, seconds: int | None) -> None:
    """A cookie with the `__Host-` prefix: this host only, over TLS or loopback only, out of reach of scripts."""
    response.set_cookie(name, value, max_age=seconds, secure=True, httponly=True, samesite="Strict", path="/")


def let_in(response: Response, cookie: str, secret: bytes | None) -> Response:
    """Hand out a session's cookie, and the device's, for another 400 days."""
    set_cookie(response, SESSION_COOKIE, cookie, None)
    if secret is not None:
        set_cookie(response, DEVICE_COOKIE, urlsafe_b64encode(secret).decode("ascii"), DEVICE_SECONDS)
    return response


def registered(done: registering.Registered) -> Response:
    """Into the house on a browser that was just registered."""
    response = cast(Response, redirect(url_for("today.show"), 303))
    return remember(let_in(response, done.signed_in.cookie, done.device_secret), done.signed_in.head)


def remember(response: Response, head: tuple[int, bytes]) -> Response:
    """Let this device remember the journal's head: a server that was put back is told by what devices have seen."""
    set_cookie(response, SEEN_COOKIE, Seen(*head, instance().now()).cookie(), DEVICE_SECONDS)
    return response


def proved(response: Response) -> Response:
    """After the password was typed again: the session goes on under a new id and a new secret, unless it has ended."""
    held = sessions.find(instance(), request.cookies.get(SESSION_COOKIE), device_secret())
    if held is None or held.payload is None:
        return response
    g.session, cookie = sessions.renew(instance(), held)
    if response.mimetype == "text/html":  # a page was written with the token that has just ended
        response.set_data(response.get_data(as_text=True).replace(held.csrf, g.session.csrf))
    return let_in(response, cookie, None)


def prove_again(password: str) -> None:
    """The password once more before a sensitive act, unless it was typed within the last five minutes.

    Raises WrongCredential, "password-needed" where the form was drawn while none was asked for; Throttled.
    """
    if not password_needed():
        return
    if not password:
        raise WrongCredential("password-needed")
    signing_in.prove(desk(), password)
    g.proved_now = True


def password_needed() -> bool:
    """Whether a sensitive act has to ask for the password."""
    held = g.get("session")
    return held is None or not sessions.is_proved(instance(), held)


def note_refusal(status: int) -> None:
    """A request turned away goes into the journal, with nothing that was typed."""
    held = g.get("session")
    person = held.row.person if held else b""
    signing_in.refused(instance(), g.origin, status, person, held.row.device if held else b"")


def install(app: Flask) -> None:
    """Put the gate before every view, and refuse to start while one of them does not say what it needs."""
    app.before_request(_identify)
    SessionToken(app)
    app.before_request(_admit)
    app.after_request(_dress)
    manager = LoginManager(app)
    manager.session_protection = None
    manager.request_loader(lambda _request: Visitor(g.desk.person) if g.get("desk") else None)


def check_declared(app: Flask) -> None:
    """Raises NotReady naming the views without a declared need."""
    silent = sorted(e for e, view in app.view_functions.items() if e != "static" and not hasattr(view, "access"))
    if silent:
        raise NotReady("routes-undeclared", routes=", ".join(silent))
