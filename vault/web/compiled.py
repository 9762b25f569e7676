"""Templates compiled once for a release: an office that was asleep answers in a second because none is compiled then.

Whoever makes a release runs this module in it; nobody who serves may write there. Where nothing lies, or a template is
another one since, it is compiled in memory as ever.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from pathlib import Path

from flask import Flask
from jinja2.bccache import Bucket, BytecodeCache
from jinja2.exceptions import TemplateSyntaxError

from vault.config import Settings
from vault.storage import durable

FOLDER = "compiled"


class Compiled(BytecodeCache):
    """Jinja's cache in a folder beside the templates; a file whose template has changed since is passed over by Jinja."""

    def __init__(self, folder: Path, writing: bool = False) -> None:
        self._folder, self._writing = folder, writing

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        """By the name alone: a release is made in another place than it is run from."""
        return hashlib.sha256(name.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        try:
            with (self._folder / bucket.key).open("rb") as file:
                bucket.load_bytecode(file)
        except OSError:
            return

    def dump_bytecode(self, bucket: Bucket) -> None:
        if self._writing:
            durable.write_whole(self._folder / bucket.key, bucket.bytecode_to_string())


def lay_down(app: Flask, root: Path) -> int:
    """Compile every template of the application into the release in `root`; says how many. Raises TemplateSyntaxError."""
    folder = root / FOLDER
    folder.mkdir(mode=0o755, exist_ok=True)
    app.jinja_env.bytecode_cache = Compiled(folder, writing=True)
    names = app.jinja_env.list_templates(extensions=["html"])
    for name in names:
        app.jinja_env.get_template(name)
    return len(names)


def main() -> None:
    """For the release that this module lies in, with an office that is none: nothing of one is in a template."""
    from vault.services.instance import Instance
    from vault.web.app import ROOT, create_app

    with tempfile.TemporaryDirectory() as scratch:
        nowhere = Path(scratch)
        settings = Settings(
            folder=nowhere, office=bytes(16), port=0, operator_public=bytes(32), secret_key=os.urandom(32), tls=False,
            workers=1, replicas=(nowhere / "a", nowhere / "b"), run=nowhere / "run", backups=nowhere / "backups",
        )  # fmt: skip
        try:
            lay_down(create_app(Instance(settings)), ROOT)
        except TemplateSyntaxError as error:
            sys.exit(f"{error.name}:{error.lineno}: {error.message}")


if __name__ == "__main__":
    main()
