"""The steps that other browser tests build on: the first day, signing out and in, a second browser, a restart."""

from collections.abc import Callable

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support import pages
from tests.support.instance import Instance

pytestmark = pytest.mark.browser


def test_the_first_day_and_the_days_after_it(
    page: Page, running_instance: Instance, new_context: Callable[..., BrowserContext],
) -> None:
    begun = pages.begin(page, running_instance)
    assert len(begun.sheet.groups) == 13
    pages.sign_out(page)

    running_instance.restart()
    pages.sign_in(page, running_instance, begun.login_id, begun.password)
    expect(page.get_by_role("button", name="ログアウト")).to_be_visible()

    stranger = new_context().new_page()
    pages.sign_in(stranger, running_instance, begun.login_id, begun.password)
    expect(stranger.get_by_role("button", name="ログアウト")).to_have_count(0)
    pages.register_browser(stranger, running_instance, begun)
