"""The one error of this room: text that does not mean what its field wants."""

from __future__ import annotations

from vault.errors import Refused


class Unreadable(Refused):
    """`means` is what the text would mean if the person insists; None where insisting is no use."""

    code = "unreadable"

    def __init__(self, code: str, *, means: object = None, **facts: object) -> None:
        super().__init__(code, **facts)
        self.means = means
