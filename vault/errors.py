"""What can go wrong, as codes and facts. Words for people are made at the top, from the catalogues."""

from __future__ import annotations


class KuraError(Exception):
    """Anything Kura refuses or cannot do. `code` names the sentence, `facts` fill it in."""

    code = "error"

    def __init__(self, code: str | None = None, **facts: object) -> None:
        self.code = code or type(self).code
        self.facts = facts
        super().__init__(self.code, facts)

    def __str__(self) -> str:
        told = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code} ({told})" if told else self.code


class SealBroken(KuraError):
    """Sealed bytes did not open: wrong key, wrong context, or not the bytes that were written."""

    code = "seal-broken"


class Malformed(KuraError):
    """Bytes do not have the shape they should have."""

    code = "malformed"


class Untrusted(KuraError):
    """Something opens, but the signed directory does not vouch for it."""

    code = "untrusted"


class WrongCredential(KuraError):
    """A password, code or sheet did not open what it should open."""

    code = "wrong-credential"


class Forbidden(KuraError):
    """The person may not do this."""

    code = "forbidden"


class NotFound(KuraError):
    """There is no such thing, or this person cannot see it."""

    code = "not-found"


class Conflict(KuraError):
    """Somebody else saved in the meantime; `facts` carry both sides."""

    code = "conflict"


class Damaged(KuraError):
    """Data on disk was changed, lost or put back; an administrator has to look."""

    code = "damaged"


class RolledBack(Damaged):
    """Something older than the journal has noted stands on the disk."""

    code = "rolled-back"


class NotReady(KuraError):
    """The instance cannot serve: settings, folder or disk are not as they must be."""

    code = "not-ready"


class Unwritable(KuraError):
    """The disk does not take what must be written; nothing was shown or changed."""

    code = "unwritable"


class Throttled(KuraError):
    """Too many attempts; `facts['seconds']` says when to try again."""

    code = "throttled"


class Refused(KuraError):
    """An act is refused for a reason the person can mend."""

    code = "refused"
