"""Sign in, sign out, unlock, register this browser, recover."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import cast

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from vault.domain.preferences import LANGUAGES
from vault.errors import Forbidden, KuraError, Refused, Throttled, WrongCredential
from vault.services import availability, sessions
from vault.services.accounts import activation, recovery, registering, signing_in
from vault.services.accounts import seen as seen_journal
from vault.services.audit import Event
from vault.web import words
from vault.web.browsers import device_name
from vault.web.gate import (
    DEVICE_SECONDS,
    LANGUAGE_COOKIE,
    SEEN_COOKIE,
    SESSION_COOKIE,
    device_secret,
    instance,
    let_in,
    public,
    registered,
    remember,
    set_cookie,
    told_at_sign_in,
)
from vault.web.pages import moment

blueprint = Blueprint("signing_in", __name__)
# The pages before a sign-in on which the language can be chosen.
SPEAKS = ("signing_in.new", "signing_in.register", "signing_in.recover", "help_pages.cookies")


@blueprint.get("/")
@public
def index() -> Response:
    """Wherever one should go."""
    target = "today.show" if g.session is not None and not g.session.locked else "signing_in.new"
    return cast(Response, redirect(url_for(target), 303))


@blueprint.get("/session/new")
@public
def new() -> str:
    """The sign-in page."""
    return _page(told_at_sign_in(request.args.get("why", "")))


def _page(error: KuraError | None = None, login_id: str = "") -> str:
    known = signing_in.known_device(instance(), device_secret()) is not None
    return render_template(
        "session/new.html",
        begun=instance().has_begun(),
        known=known,
        error=words.sentence(error) if error else "",
        login_id=login_id,
        service_hours=availability.hours(instance()),
    )


@blueprint.post("/session/new")
@public
def create() -> Response:
    """Sign in; with the initial login only as far as the first password."""
    login_id, password = request.form.get("login_id", ""), request.form.get("password", "")
    try:
        if not instance().has_begun():
            _, cookie, tried = activation.sign_in(instance(), login_id, password, g.origin)
            target = url_for("first_day.password", tried=tried or None)
            return let_in(cast(Response, redirect(target, 303)), cookie, None)
        seen = seen_journal.read(request.cookies.get(SEEN_COOKIE))
        done = signing_in.sign_in(instance(), login_id, password, device_secret(), g.origin, seen=seen)
    except (WrongCredential, Throttled, Refused, Forbidden) as error:
        return _refused(error, login_id)
    if g.session is not None:
        instance().sessions.end(g.session.row.id_hash)
    target = url_for("own.spare_code", spent=1) if done.spare_used_up else url_for("today.show")
    response = cast(Response, redirect(target, 303))
    return remember(let_in(response, done.cookie, device_secret()), done.head)


def _refused(error: KuraError, login_id: str) -> Response:
    if isinstance(error, Refused) and isinstance(error.facts.get("at"), int):
        error.facts["when"] = moment(cast(int, error.facts["at"]))
    status = 429 if isinstance(error, Throttled) else 403
    return make_response(_page(error, login_id), status)


@blueprint.post("/session/end")
@public
def end() -> Response:
    """Sign out."""
    if g.session is not None:
        signing_in.sign_out(instance(), g.session, g.origin)
    response = cast(Response, redirect(url_for("signing_in.new"), 303))
    response.delete_cookie(SESSION_COOKIE, path="/", secure=True, httponly=True, samesite="Strict")
    return response


@blueprint.post("/session/lock")
@public
def lock() -> Response:
    """Lock at once: the page did so already, the server lets go of the keys."""
    if g.session is not None:
        instance().sessions.lock(g.session.row.id_hash)
    return make_response(render_template("session/locked.html"), 200)


@blueprint.post("/session/unlock")
@public
def unlock() -> Response:
    """Sign in again without leaving the page; the answer brings the new token in a header."""
    before = g.session
    if before is None:
        return make_response(render_template("session/locked.html"), 410)
    login_id, password = request.form.get("login_id", ""), request.form.get("password", "")
    try:
        done = signing_in.sign_in(
            instance(), login_id, password, device_secret(), g.origin, Event.UNLOCKED,
            seen_journal.read(request.cookies.get(SEEN_COOKIE)),
        )  # fmt: skip
    except (WrongCredential, Throttled, Forbidden) as error:
        return make_response(_page(error), 429 if isinstance(error, Throttled) else 403)
    response = make_response(render_template("session/locked.html"), 200)
    response.headers["X-Kura-Csrf"] = done.session.csrf
    if before.row.person != done.session.row.person:
        response.headers["X-Kura-Reload"] = "1"
    _carry_over(before, done.session)
    instance().sessions.end(before.row.id_hash)
    return remember(let_in(response, done.cookie, device_secret()), done.head)


def _carry_over(before: sessions.Session, after: sessions.Session) -> None:
    """Clients opened last go along, unless the lock has wiped them: their names were sealed under the old secret."""
    if before.payload is None or after.payload is None or before.row.person != after.row.person:
        return
    sessions.store(instance(), replace(after, payload=replace(after.payload, recent=before.payload.recent)))


@blueprint.post("/session/language")
@public
def language() -> Response:
    """The language of the pages that nobody is known on yet; inside, everybody's own choice stands above it."""
    chosen, back = request.form.get("language", ""), request.form.get("back", "")
    response = cast(Response, redirect(url_for(back if back in SPEAKS else "signing_in.new"), 303))
    if chosen in LANGUAGES:
        set_cookie(response, LANGUAGE_COOKIE, chosen, DEVICE_SECONDS)
    return response


@blueprint.post("/session/alive")
@public
def alive() -> Response:
    """Somebody is typing: the session must not end under what is not saved yet."""
    open_session = g.session is not None and not g.session.locked
    if open_session:
        instance().sessions.touch(g.session.row.id_hash, instance().now())
    return make_response(render_template("session/locked.html"), 200 if open_session else 410)


@blueprint.get("/register")
@public
def register() -> str:
    """Register this browser with a code on paper."""
    return _register_page()


def _register_page(error: KuraError | None = None) -> str:
    # The code is known by then: what is left to look at is the login ID and the password.
    known = error is not None and error.code == "wrong-credential"
    typed = request.form if error is not None else {}
    said = words.sentence(error) if error is not None else ""
    return render_template("session/register.html", error=said, known=known, typed=typed)


@blueprint.post("/register")
@public
def register_now() -> Response:
    """Code and password together make this browser a registered device."""
    form = request.form
    try:
        done = registering.register(
            instance(), form.get("login_id", ""), form.get("password", ""), form.get("code", ""),
            device_secret(), os.urandom(32), g.origin, device_name(request.user_agent.string),
        )  # fmt: skip
    except (WrongCredential, Throttled, Refused, Forbidden) as error:
        return make_response(_register_page(error), 429 if isinstance(error, Throttled) else 403)
    if isinstance(done, registering.First):
        return let_in(cast(Response, redirect(url_for("first_day.own_password"), 303)), done.cookie, None)
    return registered(done)


@blueprint.get("/recover")
@public
def recover() -> str:
    """The recovery sheet and the operator's ticket."""
    return render_template("session/recover.html", error="", typed={})


@blueprint.post("/recover")
@public
def recover_now() -> Response:
    """A new administrator."""
    form = request.form
    try:
        if form.get("password", "") != form.get("again", ""):
            raise Refused("passwords-differ")
        done = recovery.recover(
            instance(), form.get("recovery", ""), form.get("ticket", ""), form.get("password", ""),
            device_secret(), os.urandom(32), g.origin,
        )  # fmt: skip
    except (WrongCredential, Throttled, Refused) as error:
        page = render_template("session/recover.html", error=words.sentence(error), typed=form)
        return make_response(page, 429 if isinstance(error, Throttled) else 403)
    page = render_template("session/recovered.html", new_login_id=done.login_id)
    return let_in(make_response(page), done.cookie, done.device_secret)

