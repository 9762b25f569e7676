"""What only a served instance shows: several workers with one memory of who is in, and rows a second program opens."""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
from base64 import urlsafe_b64decode
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.support.instance import Instance
from tests.support.pages import Begun, begin, press, sign_out
from vault.config import load
from vault.crypto import codec
from vault.crypto.keys import Ring
from vault.crypto.unlock import holder_secret, stretch
from vault.storage.keystore import KeystoreFiles

DECODER = Path(__file__).resolve().parents[1] / "crypto" / "decode.mjs"
NAME = "𠮷田 葛󠄀子"

pytestmark = pytest.mark.browser


def cookies(page: Page) -> dict[str, str]:
    return {str(c["name"]): str(c["value"]) for c in page.context.cookies()}


def asked_anew(instance: Instance, path: str, sent: dict[str, str]) -> int:
    """The status of one request on a connection of its own, so that any worker may get it."""
    connection = http.client.HTTPConnection("127.0.0.1", instance.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Cookie": "; ".join(f"{n}={v}" for n, v in sent.items())})
        return connection.getresponse().status
    finally:
        connection.close()


def enter_household(page: Page, instance: Instance) -> None:
    page.goto(f"{instance.address}/clients/new/Household")
    for box, text in {"name": NAME, "kana": "ヨシダ カツコ", "members-0-name": NAME, "members-0-kana": "ヨシダ カツコ"}.items():
        page.locator(f"#{box}").fill(text)
    press(page, "登録する")
    expect(page.get_by_role("heading", name="ご家族")).to_be_visible()


@pytest.mark.parametrize("running_instance", [1, 4], indirect=True)
def test_every_worker_knows_who_is_in_and_a_second_program_opens_the_rows(running_instance: Instance, page: Page) -> None:
    begun = begin(page, running_instance)
    enter_household(page, running_instance)
    sent = cookies(page)
    assert {asked_anew(running_instance, "/clients", sent) for _ in range(24)} == {200}
    opened = opened_by_node(running_instance, begun, sent["__Host-device"])
    kind, payload, _author = codec.decode(opened)
    assert kind == "household" and json.loads(payload)["record"]["name"] == NAME
    sign_out(page)
    assert {asked_anew(running_instance, "/clients", sent) for _ in range(24)} == {303}


def opened_by_node(instance: Instance, begun: Begun, device_cookie: str) -> bytes:
    """The household's row out of the database file, opened by the decoder that shares no code with Kura."""
    folder, key = folder_key(instance, begun, urlsafe_b64decode(device_cookie))
    with sqlite3.connect(instance.folder / "data" / "kura.db") as database:
        row = database.execute("SELECT id, version, sealed FROM records WHERE kind = 'household'").fetchone()
    case = {
        "key": key.hex(),
        "sealed": row[2].hex(),
        "context": {
            "office": load(instance.folder).office.hex(),
            "kind": "record",
            "fields": [folder.hex(), row[0].hex(), row[1]],
        },
    }
    done = subprocess.run(["node", str(DECODER)], input=json.dumps(case), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return bytes.fromhex(done.stdout.strip())


def folder_key(instance: Instance, begun: Begun, device_secret: bytes) -> tuple[bytes, bytes]:
    """From password and device to the client's folder key, step by step as SECURITY.md says."""
    settings = load(instance.folder)
    keystore = KeystoreFiles(settings.replicas, settings.office).read().keystore
    ((person, known),) = keystore.stretches.items()
    (device,) = keystore.devices
    stretched = stretch(begun.password, known.salt, known.cost)
    bundle = keystore.open_slot(person, device, stretched, holder_secret(device_secret, person))
    directory = keystore.trusted(bundle.pinned)
    (compartment,) = directory.of_clients()
    ring: Ring = keystore.ring(
        directory, compartment, keystore.compartment_key(directory, compartment, person, bundle.private)
    )
    found = ring.find(ring.owners()[0])
    assert found is not None
    return found
