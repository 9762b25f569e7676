"""An office of this process before Chromium: its application on a loopback port, and a signed-in browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.support import pages
from tests.support.browser import office_context
from tests.support.offices import DEVICE, PASSWORD, Office
from tests.support.site import running
from tests.support.visits import cookie_of
from vault.services.instance import Instance
from vault.web.app import create_app
from vault.web.gate import DEVICE_COOKIE


class Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        return


@contextmanager
def address_of(office: Office) -> Iterator[str]:
    """Serves the office's first worker, without the thread that goes by the wall clock."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Instance, "keep", lambda self: None)
        server = make_server("127.0.0.1", 0, create_app(office.instance), threaded=True, request_handler=Silent)
        with running(server):
            yield f"http://localhost:{server.port}"


@contextmanager
def at_desk(browser: Browser, office: Office) -> Iterator[tuple[Page, str]]:
    """(a page of the registered browser, signed in; the address of the office)."""
    with address_of(office) as address:
        context = office_context(browser)
        context.add_cookies([{"name": DEVICE_COOKIE, "value": cookie_of(DEVICE), "url": "https://localhost/", "secure": True}])
        page = context.new_page()
        page.goto(f"{address}/session/new")
        page.get_by_label("ログインID").fill(office.facts.login_id)
        page.get_by_label("パスワード", exact=True).fill(PASSWORD)
        pages.press(page, "ログイン")
        page.wait_for_url("**/today")
        try:
            yield page, address
        finally:
            context.close()
