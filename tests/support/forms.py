"""Forms as they travel: posted without typing where typing is not what a test is about, and read back from a page."""

import re
from collections.abc import Collection, Mapping
from html import unescape
from typing import Any

from playwright.sync_api import APIResponse, Page, expect

from tests.support.instance import Instance

Typed = Mapping[str, Any]
_ROW = re.compile(r"(\w+)-(\d+)-(\w+)")
_READ = """() => Object.fromEntries([...document.querySelector('form[data-save]').elements]
    .filter(el => el.name && !el.name.startsWith('confirm-')).map(el => [el.name, el.value]))"""


def flat(typed: Typed) -> dict[str, str]:
    """`{"riders": [{"name": …}]}` as the form sends it: `riders-0-name`."""
    sent: dict[str, str] = {}
    for name, value in typed.items():
        if isinstance(value, str):
            sent[name] = value
        else:
            sent |= {f"{name}-{n}-{cell}": text for n, row in enumerate(value) for cell, text in row.items()}
    return sent


def token(page: Page) -> str:
    found = page.locator("meta[name=csrf]").get_attribute("content")
    assert found
    return found


def token_of(html: str) -> str:
    found = re.search(r'<meta name="csrf" content="([^"]+)"', html)
    assert found, html[:500]
    return unescape(found[1])


def post(
    page: Page, instance: Instance, path: str, typed: Typed, confirmed: Collection[str] = ()
) -> APIResponse:
    """Posts with the cookies of the page's browser and the token of the page; redirects are followed."""
    sent = flat(typed) | {f"confirm-{name}": "1" for name in confirmed}
    return page.request.post(instance.address + path, form={"csrf_token": token(page), **sent})


def fill_in(page: Page, address: str, typed: Mapping[str, str], key: str = "Control+s") -> None:
    """Goes to a form, types into its boxes, sends it by its key and comes to what follows."""
    page.goto(address)
    for name, text in typed.items():
        boxes = page.locator(f'main [name="{name}"]')
        kind = boxes.first.evaluate("box => box.type")
        if kind in ("radio", "checkbox"):
            page.locator(f'main [name="{name}"][value="{text}"]').check()
        elif kind == "select-one":
            boxes.select_option(text)
        else:
            boxes.fill(text)
    with page.expect_navigation():
        page.keyboard.press(key)
    expect(page.locator("main .fault, main #error")).to_have_count(0)


def _faults(answer: APIResponse) -> str:
    return "; ".join(re.findall(r'<p class="fault" id="[^"]+">[^<]+', answer.text()))


def add_client(page: Page, instance: Instance, typed: Typed, owner: str = "Household") -> str:
    """Saves a new client; returns the path of its page."""
    there = page.request.get(f"{instance.address}/clients/new/{owner}").text()
    room = re.search(r'name="compartment"[^>]*>.*?<option value="([0-9a-f]+)"[^>]* selected', there, re.DOTALL)
    assert room, "the form has no compartment chosen"
    answer = post(page, instance, f"/clients/new/{owner}", {**typed, "compartment": room[1]})
    assert answer.ok, _faults(answer)
    return answer.url.removeprefix(instance.address)


def add_policy(
    page: Page, instance: Instance, client: str, typed: Typed, confirmed: Collection[str] = ()
) -> None:
    """Saves a new policy of the client whose page's path is given."""
    answer = post(page, instance, f"{client}/policies/new", typed, confirmed)
    assert answer.ok, f"{typed.get('policy_number')}: {_faults(answer)}"


def nested(sent: Mapping[str, str]) -> dict[str, Any]:
    """The inverse of `flat`; the empty row at the end of each table is left out."""
    values: dict[str, Any] = {}
    rows: dict[str, dict[int, dict[str, str]]] = {}
    for name, text in sent.items():
        found = _ROW.fullmatch(name)
        if found:
            rows.setdefault(found[1], {}).setdefault(int(found[2]), {})[found[3]] = text
        else:
            values[name] = text
    for table, numbered in rows.items():
        values[table] = [numbered[n] for n in sorted(numbered)][:-1]
    return values


def read_back(page: Page) -> dict[str, Any]:
    """What stands in the form of the page now."""
    return nested(page.evaluate(_READ))
