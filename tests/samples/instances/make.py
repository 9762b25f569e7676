"""Make an instance with the tree that is on PYTHONPATH; write it down as text beside what its people hold.

    git worktree add ../previous <last commit of the previous issue>
    PYTHONPATH=../previous python -P tests/samples/instances/make.py tests/samples/instances/<name>

`<name>.txt` is the folder of the instance as a tar, xz-compressed, in base64; `<name>.json` says who can sign in
with what, and what was entered. No test imports this: it has to fit the tree that it is run with, not ours.
`issue-2` was made by commit ecb19f4, at the default cost of a password, by the services that its pages call.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import lzma
import sqlite3
import sys
import tarfile
import tempfile
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.samples import every_kind, typing
from vault.cli.kura import begin_instance
from vault.config import load
from vault.crypto.unlock import recovery_groups
from vault.domain import fields
from vault.domain.clients import Corporation, Household
from vault.domain.office import Colleague, Office
from vault.domain.policies import KINDS, defaults, read_policy
from vault.domain.prints import POLICY_LIST, Outcome, PrintOrder
from vault.services import clients, office, policies, printing, sessions
from vault.services.accounts import activation, beginning, recovery, signing_in
from vault.services.instance import Instance, Origin

PASSWORD = "みかん 電車 くじら 夕焼け"
DEVICES = [hashlib.sha256(b"browser %d" % n).digest() for n in (1, 2)]
ORIGIN = Origin("192.0.2.7", "GET", "/sample")
CLIENTS = ("山田 太郎", "髙橋 美咲", "株式会社青葉製作所")


class Clock:
    """A second passes with every look at it, so that no two acts are of one moment."""

    def __init__(self) -> None:
        self.now = 1_795_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


def make(folder: Path) -> dict[str, Any]:
    """A whole office in `folder`; returns what its people hold and what they entered."""
    given = begin_instance(folder, 8080, None, False)
    instance = Instance(replace(load(folder), run=folder.parent / "run"), Clock())
    activation.sign_in(instance, given.login_id, given.initial_password, ORIGIN)
    begun = beginning.begin(instance, PASSWORD, None, DEVICES[0], ORIGIN)
    held = {"login_id": given.login_id, "password": PASSWORD, "devices": [d.hex() for d in DEVICES]}
    first = confirmed(instance, begun.session)
    desk = signed_in(instance, given.login_id)
    particulars(desk)
    entered = [enter(desk, typing.client_named(name)) for name in CLIENTS]
    further_kinds(desk, entered[1])
    change(signed_in(instance, given.login_id), entered)
    second_device(instance, given.login_id, first["code"])
    prints(signed_in(instance, given.login_id), entered)
    newest = another_sheet(instance, given.login_id)
    unfinished_print(signed_in(instance, given.login_id), entered)
    codes = {"used_code": first["code"], "unused_code": newest["code"]}
    return {**held, **codes, "old_groups": first["groups"], "groups": newest["groups"], "clients": entered}


def confirmed(instance: Instance, session: sessions.Session) -> dict[str, Any]:
    """The waiting sheet's secrets, two groups of it typed back."""
    waiting = session.payload.waiting
    groups, asked = recovery_groups(waiting.secret), recovery.asked_groups(waiting)
    typed = (groups[asked[0] - 1], groups[asked[1] - 1])
    recovery.confirm_sheet(sessions.desk(instance, session, ORIGIN), session, typed, PASSWORD)
    return {"groups": groups, "code": waiting.code}


def signed_in(instance: Instance, login_id: str, device: bytes = DEVICES[0]) -> Any:
    session = signing_in.sign_in(instance, login_id, PASSWORD, device, ORIGIN).session
    return sessions.desk(instance, session, ORIGIN)


def another_sheet(instance: Instance, login_id: str) -> dict[str, Any]:
    session = signing_in.sign_in(instance, login_id, PASSWORD, DEVICES[0], ORIGIN).session
    return confirmed(instance, recovery.make_sheet(sessions.desk(instance, session, ORIGIN), session))


def second_device(instance: Instance, login_id: str, code: str) -> None:
    """Registered with the spare code, which the next sign-in there uses up."""
    signing_in.register(instance, login_id, PASSWORD, code, None, DEVICES[1], ORIGIN)
    assert signing_in.sign_in(instance, login_id, PASSWORD, DEVICES[1], ORIGIN).code_used_up


def particulars(desk: Any) -> None:
    read = fields.read(Office, {"name": "みなと保険事務所", "kind": "保険代理店", "address": "東京都港区1"})
    office.save_particulars(desk, read.record, Colleague(name="佐々木 恵"), 0)


def enter(desk: Any, told: dict[str, Any]) -> dict[str, Any]:
    """A client of the sample office with all its policies."""
    of = Corporation if told["kind"] == "corporation" else Household
    room = desk.client_compartments()[0]
    reading = fields.read(of, {**typing.typed_client(told), "compartment": room.hex()})
    assert reading.record is not None, reading.faults
    made = clients.create(desk, room, reading.record)
    entered = {"id": made.hex(), "name": told["name"], "policies": []}
    for policy in told["policies"]:
        typed = {**defaults(policy["kind"]), **typing.typed_policy(policy)}
        add_policy(desk, entered, reading.record, typed, typing.confirmed(policy))
    return entered


def add_policy(desk: Any, entered: dict[str, Any], client: Any, typed: dict[str, Any], sure: Any) -> None:
    reading = read_policy(typed, client=client, others=[], confirmed=set(sure))
    assert reading.record is not None, (typed["kind"], reading.faults)
    made = policies.create(desk, bytes.fromhex(entered["id"]), reading.record)
    told = {"insurer": reading.record.insurer, "number": reading.record.policy_number}
    entered["policies"].append({"id": made.hex(), **told})


def further_kinds(desk: Any, entered: dict[str, Any]) -> None:
    """One policy of each kind that the three clients do not have, with something in every box."""
    client = clients.get(desk, bytes.fromhex(entered["id"])).client
    held = {policy["kind"] for name in CLIENTS for policy in typing.client_named(name)["policies"]}
    for kind in (kind for kind in KINDS if kind not in held):
        add_policy(desk, entered, client, every_kind.filled(kind), ())


def change(desk: Any, entered: list[dict[str, Any]]) -> None:
    """A client with three versions, a policy with two."""
    first, policy = bytes.fromhex(entered[0]["id"]), bytes.fromhex(entered[0]["policies"][0]["id"])
    for version in (1, 2):
        page = clients.get(desk, first)
        clients.save(desk, first, replace(page.client, notes=f"{version}度目の変更"), version)
    held = policies.get(desk, first, policy).held
    policies.save(desk, first, policy, replace(held.policy, notes="書き替えた契約"), 1)


def prints(desk: Any, entered: list[dict[str, Any]]) -> None:
    """Two prints, one of them brought back."""
    for client, purpose in zip(entered[:2], ("客先持参", "お客様へ交付"), strict=True):
        named = f"{client['name']} 様"
        order = PrintOrder(sheet=POLICY_LIST, purpose=purpose, addressee=named, place="ご自宅", copies=1)
        printing.print_client(desk, bytes.fromhex(client["id"]), order)
    printing.note_outcome(desk, 1, Outcome(outcome="返却", note="全部そろっていた"), 1)


def unfinished_print(desk: Any, entered: list[dict[str, Any]]) -> None:
    """A print that nobody has brought back yet."""
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="経理", place="", copies=2)
    printing.print_client(desk, bytes.fromhex(entered[2]["id"]), order)


def written_down(folder: Path) -> str:
    """The folder as text. The two replicas are the same bytes, which xz stores once."""
    with sqlite3.connect(folder / "data" / "kura.db") as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    left = ("lock", "lease", "kura.db-")
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path in sorted(p for p in folder.rglob("*") if p.is_file() and not p.name.startswith(left)):
            entry = tarfile.TarInfo(str(path.relative_to(folder)))
            entry.size, entry.mode = path.stat().st_size, 0o600
            with path.open("rb") as file:
                tar.addfile(entry, file)
    packed = lzma.compress(raw.getvalue(), preset=9 | lzma.PRESET_EXTREME)
    return textwrap.fill(base64.b64encode(packed).decode(), 76) + "\n"


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "instance"
        held = make(folder)
        target.with_suffix(".txt").write_text(written_down(folder), "ascii")
    target.with_suffix(".json").write_text(json.dumps(held, ensure_ascii=False, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
