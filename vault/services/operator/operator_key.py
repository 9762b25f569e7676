"""The operator's own key pair on a host: offices show its public half on their recovery sheets, certificates of a
contract's end are signed with the private one, which only root can read."""

from __future__ import annotations

from pathlib import Path

from vault.crypto.keys import new_signing_key, signing_public
from vault.errors import NotReady
from vault.storage import durable
from vault.storage.host import files
from vault.storage.host.layout import Host


def private_of(host: Host) -> Path:
    return host.operator / "operator.key"


def public_of(host: Host) -> Path:
    """Where every office's user reads the public half."""
    return host.settings / "operator.pub"


def make(host: Host) -> bool:
    """Make the pair where there is none yet; says whether there was something to do."""
    path = private_of(host)
    made = not path.exists()
    if made:
        durable.make_folder(path.parent)
        durable.write_whole(path, new_signing_key().hex().encode() + b"\n")
    return files.text(public_of(host), f"{signing_public(read(host)).hex()}\n") or made


def read(host: Host) -> bytes:
    """The private half; raises NotReady("operator-key-lost")."""
    path = private_of(host)
    try:
        raw = bytes.fromhex(path.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise NotReady("operator-key-lost", file=path) from error
    return raw
