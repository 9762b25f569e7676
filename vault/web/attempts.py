"""Acts that may be refused: the page comes back with all that was typed, and the sentence that says why."""

from __future__ import annotations

from flask import Response, make_response, request

from vault.errors import Conflict, KuraError, Refused, Throttled, WrongCredential
from vault.web import words
from vault.web.addresses import whole_number
from vault.web.gate import desk

# What the person can mend: the password, the wait, the choice, or what somebody else saved meanwhile.
REFUSALS = (WrongCredential, Throttled, Refused, Conflict)
_STATUS: dict[type[KuraError], int] = {WrongCredential: 403, Throttled: 429, Conflict: 409}


def told(error: KuraError) -> str:
    """What is wrong: who is signed in is known, so a wrong password is said to be just that."""
    return words.sentence(WrongCredential("password-wrong") if error.code == "wrong-credential" else error)


def said_again(error: KuraError) -> dict[str, object]:
    """For a form made from the directory: what is wrong, and after a Conflict the version to save on top of."""
    newest = {"directory_version": desk().directory.version} if isinstance(error, Conflict) else {}
    return {"error": told(error), **newest}


def directory_version() -> int | None:
    """The version of the directory that a form was made from, as the form says; None where it does not."""
    return request.form.get("directory", type=whole_number)


def refused(page: str, error: KuraError) -> Response:
    """The page under the status that the error has everywhere."""
    return make_response(page, next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400))
