"""Putting files where offices, and the monitor, read what the operator says."""

from __future__ import annotations

import json
import shutil
from contextlib import suppress
from pathlib import Path

from vault.storage.durable import writing_to
from vault.storage.host import offices
from vault.storage.host.layout import Host

# The monitor reads like an office: kura-monitor is no office's name and its user's all the same.
MONITOR = "monitor"


def tell(host: Host, name: str, file: str, facts: dict[str, object]) -> None:
    """Write a small file of facts for an office, unless it says the same already. Raises Unwritable."""
    folder = host.told(name)
    if not folder.is_dir():
        _make(folder, host.user(name))
    with suppress(OSError, ValueError):
        if json.loads((folder / file).read_text("utf-8")) == facts:
            return
    offices.tell(host, name, file, facts)


def _make(folder: Path, group: str) -> None:
    """The modes of a folder that is new, whatever the umask; one that is there is left as it was made."""
    with writing_to(folder):
        for place, mode in ((folder.parent, 0o755), (folder, 0o750)):
            if not place.is_dir():
                place.mkdir(parents=True)
                place.chmod(mode)
        with suppress(LookupError):  # below a scratch root without that user
            shutil.chown(folder, group=group)
