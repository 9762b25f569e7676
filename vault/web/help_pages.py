"""The manual inside, and the page about cookies."""

from __future__ import annotations

from flask import Blueprint, render_template

from vault.domain.access import Permission
from vault.web.gate import needs, public

blueprint = Blueprint("help_pages", __name__)


@blueprint.get("/help")
@needs(Permission.READ_SAFETY)
def index() -> str:
    """The manual."""
    return render_template("help/index.html", nav="help")


@blueprint.get("/cookies")
@public
def cookies() -> str:
    """Which cookies there are, and why."""
    return render_template("help/cookies.html")
