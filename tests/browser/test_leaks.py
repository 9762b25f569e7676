"""After an office was typed, printed and started anew, nothing of it lies anywhere in the clear."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.conftest import Office
from tests.samples import typing as samples
from tests.support import forms, leaks
from tests.support.browser import office_context
from tests.support.pages import sign_in, sign_out

pytestmark = pytest.mark.browser
# Shorter than this, bytes of a cipher text would be found by chance, and words of the paper are no secret.
SHORTEST = 4


def _of_clients() -> Iterator[str]:
    for client in samples.clients():
        yield from (
            client.get(name, "")
            for name in ("name", "kana", "address", "telephone", "client_number", "trade_name")
        )
        for person in client["persons"]:
            yield from (person["name"], person["kana"], person["name"].replace(" ", ""))
        for policy in client["policies"]:
            yield from (
                policy["policy_number"],
                policy.get("product", ""),
                policy.get("vehicle", {}).get("registration", ""),
            )


def _secrets(office: Office) -> Iterator[str]:
    begun, hand_over = office.begun, office.instance.hand_over
    assert hand_over is not None
    yield from (
        begun.password,
        begun.sheet.device_code,
        begun.sheet.device_code.replace("-", ""),
        hand_over.password,
    )
    yield from begun.sheet.groups
    yield from ("".join(begun.sheet.groups), "-".join(begun.sheet.groups))


def _places(office: Office) -> list[Path]:
    """Data, home, log, temporary and run folder; and whatever this user's servers left in shared memory."""
    shared = Path("/dev/shm")
    own = (
        [p for p in shared.glob("*") if p.is_dir() and p.stat().st_uid == os.getuid()]
        if shared.is_dir()
        else []
    )
    return [office.instance.folder, office.instance.home, *own]


def test_nothing_typed_lies_anywhere_in_the_clear(typed_office: Office) -> None:
    instance = typed_office.instance
    context = office_context(typed_office.context.browser)  # type: ignore[arg-type]
    page = typed_office.context.new_page()
    sign_in(page, instance, typed_office.begun.login_id, typed_office.begun.password)
    client = typed_office.clients["山田 太郎"]
    page.goto(instance.address + client)
    order = {
        "client": client.split("/")[-1],
        "sheet": "保険証券一覧表",
        "purpose": "客先持参",
        "addressee": "山田 太郎 様",
        "copies": "1",
    }
    assert "1234-567890" in forms.post(page, instance, "/prints", order).text()
    assert "山田 太郎" in page.request.get(instance.address + "/ledger").text()
    # People type names and passwords where they do not belong.
    sign_in(context.new_page(), instance, "山田 太郎", typed_office.begun.password)
    page.request.get(f"{instance.address}/clients?name=山田 太郎")

    wanted = {word for word in (*_of_clients(), *_secrets(typed_office)) if len(word) >= SHORTEST}
    assert len(wanted) > 100
    leaks.check(_places(typed_office), wanted)
    sign_out(page)
    instance.stop()
    leaks.check(_places(typed_office), wanted)
    instance.start()
    context.close()
