"""What the old instance keeps of a pack: just enough to know the receipt that the new one prints."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

from vault.crypto.envelope import expand
from vault.errors import Refused
from vault.services.instance import Instance
from vault.storage import durable

PACKED_FILE = "packed.json"
_RECEIPT = 16


def receipt_of(key: bytes, digest: bytes) -> str:
    """What only who has opened the whole archive can say: 32 hex digits in groups of four. `digest` is the manifest's."""
    told = hmac.digest(expand(key, b"kura receipt", 32), digest, "sha256")[:_RECEIPT].hex()
    return "-".join(told[at : at + 4] for at in range(0, len(told), 4))


def folded(receipt: str) -> str:
    """A receipt however it was typed."""
    return "".join(each for each in receipt.lower() if each in "0123456789abcdef")


def _hash(receipt: str) -> str:
    return hashlib.sha256(folded(receipt).encode()).hexdigest()


def write(instance: Instance, receipt: str) -> None:
    """Note a pack before it has its name."""
    path = instance.settings.folder / PACKED_FILE
    instance.write_json(path, {"receipt": _hash(receipt), "at": instance.now()})


def check_receipt(instance: Instance, receipt: str) -> None:
    """Raises Refused("receipt-wrong") unless a new instance has printed it for the last pack of this one."""
    held = instance.read_json(instance.settings.folder / PACKED_FILE) or {}
    if not hmac.compare_digest(str(held.get("receipt", "")), _hash(receipt)):
        raise Refused("receipt-wrong")


def drop(instance: Instance) -> None:
    """Whatever was packed counts no more."""
    durable.remove(instance.settings.folder / PACKED_FILE)


def is_packed(folder: Path) -> bool:
    """Whether a pack of this instance is about."""
    return (folder / PACKED_FILE).exists()
