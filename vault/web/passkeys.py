"""パスキー: added and removed among one's own settings, asked before a sensitive act and after the lock.

A question travels in the attributes of a small page and the answer in the fields of a form, base64url: to a browser
every answer of Kura is a page.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import cast
from urllib.parse import urlsplit

from flask import Blueprint, Response, g, make_response, redirect, render_template, request, url_for

from vault.domain.access import Permission
from vault.errors import Forbidden, KuraError, NotFound, Refused
from vault.services.accounts import devices, passkeys
from vault.services.accounts import seen as seen_journal
from vault.services.accounts.ceremonies import Assertion, Made, Site
from vault.services.accounts.passkeys import Listed, Question
from vault.web.addresses import ident
from vault.web.attempts import REFUSALS, refused, told
from vault.web.gate import (
    SEEN_COOKIE,
    desk,
    device_secret,
    instance,
    let_in,
    needs,
    prove_again,
    proved,
    public,
    remember,
    session,
)

blueprint = Blueprint("passkeys", __name__)
EVERYBODY = Permission.READ_SAFETY
LONGEST = 64 * 1024  # characters; an attestation is a few thousand


# --- what templates ask


@blueprint.app_template_global()
def own_passkeys() -> list[Listed]:
    """The passkeys of who asks."""
    return passkeys.own(desk())


@blueprint.app_template_global()
def passkey_proves() -> bool:
    """Whether a passkey can stand for the password here."""
    return g.get("desk") is not None and passkeys.proves_here(desk())


@blueprint.app_template_global()
def passkey_unlocks() -> bool:
    """Whether a passkey can end the lock here."""
    return g.get("desk") is not None and passkeys.unlocks_here(desk())


# --- questions and answers


def _site() -> Site:
    scheme = "https" if instance().settings.tls else request.scheme
    return Site(urlsplit(f"//{request.host}").hostname or "", f"{scheme}://{request.host}")


def _raw(name: str, wanted: bool = True) -> bytes:
    """The bytes of a field; raises Refused for what no script of ours sends."""
    text = request.form.get(name, "")
    try:
        raw = urlsafe_b64decode(text + "=" * (-len(text) % 4)) if len(text) <= LONGEST else b""
    except ValueError:
        raw = b""
    if wanted and not raw:
        raise Refused("passkey-incomplete")
    return raw


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")


def _assertion() -> Assertion:
    return Assertion(*map(_raw, ("challenge", "credential", "client_data", "authenticator_data", "signature")))


def _question(asked: Question) -> Response:
    facts = {
        "challenge": _text(asked.challenge), "credentials": " ".join(map(_text, asked.credentials)),
        "salt": _text(asked.salt), "user": _text(asked.user), "rp": _site().host,
    }  # fmt: skip
    return make_response(render_template("passkeys/answer.html", said="", asked=facts))


def _answer(error: KuraError) -> Response:
    return refused(render_template("passkeys/answer.html", said=told(error), asked=None), error)


@blueprint.post("/passkeys/question")
@needs(EVERYBODY)
def question() -> Response:
    """A challenge: for a new passkey, after the password, or before a sensitive act."""
    purpose = request.form.get("purpose")
    try:
        if purpose == "add":
            return _question(passkeys.ask_to_add(desk(), session(), request.form.get("password", "")))
        if purpose == "prove":
            return _question(passkeys.ask_to_prove(desk(), session()))
        raise Refused("passkey-incomplete")
    except REFUSALS as error:
        return _answer(error)


@blueprint.post("/passkeys/prove")
@needs(EVERYBODY)
def prove() -> Response:
    """In place of the password: the session goes on under a new id and secret, the answer brings the new token."""
    try:
        passkeys.prove(desk(), session(), _assertion(), _site())
    except REFUSALS as error:
        return _answer(error)
    response = proved(make_response(render_template("passkeys/answer.html", said="", asked=None)))
    response.headers["X-Kura-Csrf"] = session().csrf
    return response


# --- after the lock


def _gone() -> Response:
    return make_response(render_template("session/locked.html"), 410)


@blueprint.post("/passkeys/unlock/question")
@public
def unlock_question() -> Response:
    """A challenge for whoever left this page open."""
    if g.session is None:
        return _gone()
    try:
        return _question(passkeys.ask_to_unlock(instance(), g.session))
    except REFUSALS as error:
        return _answer(error)


@blueprint.post("/passkeys/unlock")
@public
def unlock() -> Response:
    """Go on with the page; the answer brings the new token in a header."""
    before, secret = g.session, device_secret()
    if before is None or secret is None:
        return _gone()
    try:
        done = passkeys.unlock(
            instance(), before, secret, _assertion(), _raw("output"), _site(), g.origin,
            seen_journal.read(request.cookies.get(SEEN_COOKIE)),
        )  # fmt: skip
    except (*REFUSALS, Forbidden) as error:
        return _answer(error)
    response = make_response(render_template("session/locked.html"))
    response.headers["X-Kura-Csrf"] = done.session.csrf
    return remember(let_in(response, done.cookie, secret), done.head)


# --- among one's own settings


def _back(done: str) -> Response:
    return cast(Response, redirect(url_for("own.show", done=done, _anchor="passkeys"), 303))


@blueprint.get("/own/passkeys/new")
@needs(EVERYBODY)
def new() -> str:
    """What a passkey is for, and the password before one is made."""
    return _form()


def _form(error: str = "") -> str:
    return render_template("passkeys/new.html", nav="office", error=error, login_id=desk().login_id)


@blueprint.post("/own/passkeys/new")
@needs(EVERYBODY)
def add() -> Response:
    """Keep the passkey that the browser has just made."""
    try:
        made = Made(*map(_raw, ("challenge", "client_data", "attestation")))
        output = _raw("output", wanted=False)
        passkeys.add(desk(), session(), request.form.get("password", ""), made, output, _site())
    except REFUSALS as error:
        return refused(_form(told(error)), error)
    return proved(_back("passkey"))


@blueprint.get("/own/passkeys/remove")
@needs(EVERYBODY)
def remove() -> str:
    """What taking one away does."""
    return _one(request.args.get("passkey", ""))


def _one(name: str, error: str = "") -> str:
    found = next((each for each in passkeys.own(desk()) if each.name == ident(name)), None)
    if found is None:
        raise NotFound("not-found")
    known = devices.listed(desk(), everybody=False)
    where = next((each for each in known if each.device == found.device), None)
    return render_template("passkeys/remove.html", nav="office", found=found, device=where, error=error)


@blueprint.post("/own/passkeys/remove")
@needs(EVERYBODY)
def remove_now() -> Response:
    """From now on it proves and opens nothing."""
    name = request.form.get("passkey", "")
    try:
        prove_again(request.form.get("password", ""))
        passkeys.remove(desk(), ident(name))
    except REFUSALS as error:
        return refused(_one(name, told(error)), error)
    return _back("passkey-removed")
