"""Debian's Chromium, quiet: nothing it does by itself may look like something Kura did."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, BrowserType, expect, sync_playwright

ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]
# What an office has: a 1366 × 768 screen and a Japanese browser.
OFFICE: dict[str, Any] = {
    "locale": "ja-JP", "timezone_id": "Asia/Tokyo", "viewport": {"width": 1366, "height": 768},
}
# How long a page may take on a machine that has much else to do. Nothing that comes in time waits for it.
PATIENCE = 60_000
expect.set_options(timeout=PATIENCE / 2)


def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        raise RuntimeError("no chromium on the PATH: start the tests by tests/run")
    return found


@contextmanager
def launched(home: Path, *more: str) -> Iterator[Browser]:
    """A browser whose own home is `home`, so that whoever runs the tests keeps theirs; `more`: of its arguments."""
    with sync_playwright() as playwright, another(playwright.chromium, home, *more) as browser:
        yield browser


@contextmanager
def another(kind: BrowserType, home: Path, *more: str) -> Iterator[Browser]:
    """One more of the same driver, of which a process has one only."""
    browser = kind.launch(
        executable_path=chromium(), headless=True, args=[*ARGUMENTS, *more], env={**os.environ, "HOME": str(home)},
    )
    yield browser
    browser.close()


def office_context(browser: Browser, **options: Any) -> BrowserContext:
    """A browser profile of its own, as one person at one PC has; `options` are Playwright's."""
    context = browser.new_context(**{**OFFICE, **options})
    context.set_default_timeout(PATIENCE)
    return context
