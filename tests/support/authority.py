"""Who may reach what, written out by hand from what each role is for; and an office with somebody of each kind.

The table is not taken from what the views declare: a view that declares the wrong thing differs from it.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support.dealings import made as made_dealing
from tests.support.deposits import papers
from tests.support.documents import pdf, take, upload
from tests.support.offices import Clock, Office, copied, household, policy
from tests.support.people import Member, join
from tests.support.visits import Visit
from vault import catalogue
from vault.domain.access import Role
from vault.domain.inspections import NOTHING, Inspection
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.domain.tasks import Task
from vault.domain.values import TypedDate
from vault.services import clients, dealings, deposits, inspections, policies, printing
from vault.services.accounts import compartments
from vault.services.instance import Instance
from vault.services.worklist import tasks
from vault.web.dealing_rows import KINDS

NAME, KANA, NUMBER = "八重樫 健", "ヤエガシ タケシ", "Z-2718"
# What of the branch's client nobody outside may see: names, what was noted of him, his policy.
OF_THE_CLIENT = ("八重樫", "ヤエガシ", NUMBER, "支店だけの覚え書き")
MONTH = "2026-11"
DAY = 24 * 60 * 60

ADMINISTRATOR, HANDLER, VIEWER, AUDITOR = Role.ADMINISTRATOR, Role.HANDLER, Role.VIEWER, Role.AUDITOR
EVERYBODY = frozenset(Role)
# Who reads clients; who writes them; who checks the office; who runs it.
READERS = frozenset({ADMINISTRATOR, HANDLER, VIEWER})
WRITERS = frozenset({ADMINISTRATOR, HANDLER})
CHECKERS = frozenset({ADMINISTRATOR, AUDITOR})
HEADS = frozenset({ADMINISTRATOR})

PUBLIC = frozenset({
    "signing_in.index", "signing_in.new", "signing_in.create", "signing_in.end", "signing_in.lock", "signing_in.unlock",
    "signing_in.alive", "signing_in.language", "signing_in.register", "signing_in.register_now", "signing_in.recover", "signing_in.recover_now",
    "help_pages.cookies", "health.healthz", "health.readyz", "passkeys.unlock", "passkeys.unlock_question",
})  # fmt: skip
# Before there is a password of one's own nothing else is reachable: by stage, its pages and where all others lead.
STAGES = {
    "activation": ({"first_day.password", "first_day.password_now"}, "/first-password"),
    "first": ({"first_day.own_password", "first_day.own_password_now"}, "/own-password"),
}
ALLOWED: Mapping[str, frozenset[Role]] = {
    # the client's own pages: readers look, writers change
    "clients.index": READERS,
    "clients.show": READERS,
    "clients.version": READERS,
    "clients.new": WRITERS,
    "clients.create": WRITERS,
    "clients.edit": WRITERS,
    "clients.save": WRITERS,
    "family.new": WRITERS,
    "family.add": WRITERS,
    "worklist.choose": READERS,
    "worklist.line": READERS,
    "worklist.answer": WRITERS,
    "worklist.done": WRITERS,
    "worklist.reopen": WRITERS,
    "worklist.calendar": READERS,
    "worklist.closings": READERS,
    "worklist.order": READERS,
    "worklist.make": READERS,
    "worklist.closings_order": READERS,
    "worklist.closings_make": READERS,
    "tasks.new": WRITERS,
    "tasks.create": WRITERS,
    "tasks.show": READERS,
    "tasks.save": WRITERS,
    "doubles.index": WRITERS,
    "doubles.apart": WRITERS,
    "doubles.clients_": WRITERS,
    "doubles.unite_clients": WRITERS,
    "doubles.policies": WRITERS,
    "doubles.unite_policies": WRITERS,
    "doubles.people": WRITERS,
    "doubles.unite_people": WRITERS,
    "doubles.earlier": READERS,
    "doubles.version": READERS,
    "search.index": READERS,
    "search.show": READERS,
    "search.find": READERS,
    "search.keep": READERS,
    "search.drop": READERS,
    "policies.show": READERS,
    "policies.version": READERS,
    "policies.new": WRITERS,
    "policies.create": WRITERS,
    "policies.switch": WRITERS,
    "policies.edit": WRITERS,
    "policies.save": WRITERS,
    "policies.switch_existing": WRITERS,
    "policies.undo": WRITERS,
    "clients.undo": WRITERS,
    # what is being typed, kept and looked at
    "typing.new_client": WRITERS,
    "typing.client": WRITERS,
    "typing.new_policy": WRITERS,
    "typing.policy": WRITERS,
    "typing.drop": WRITERS,
    "typing.postal_code": WRITERS,
    "importing.index": WRITERS,
    "importing.new": WRITERS,
    "importing.create": WRITERS,
    "importing.send": WRITERS,
    "importing.columns_of": WRITERS,
    "importing.match": WRITERS,
    "importing.drop": WRITERS,
    "importing_rows.show": WRITERS,
    "importing_rows.check": WRITERS,
    "importing_rows.fix": WRITERS,
    "importing_rows.run": WRITERS,
    "importing_rows.result": WRITERS,
    "importing_rows.undo": WRITERS,
    "deposits.index": READERS,
    "deposits.show": READERS,
    "deposits.version": READERS,
    "deposits.new": WRITERS,
    "deposits.create": WRITERS,
    "deposits.edit": WRITERS,
    "deposits.save": WRITERS,
    "deposits.back": WRITERS,
    "deposits.back_now": WRITERS,
    "deposits.again": WRITERS,
    "dealings.index": READERS,
    "dealings.show": READERS,
    "dealings.version": READERS,
    "dealings.new": WRITERS,
    "dealings.create": WRITERS,
    "dealings.edit": WRITERS,
    "dealings.save": WRITERS,
    # a viewer reads and prints; another writer approves; everybody may look whether papers came back
    "pictures.show": READERS,
    "documents.show": READERS,
    "documents.beside": READERS,
    "documents.again": READERS,
    "documents.readings": WRITERS,
    "documents.edit": WRITERS,
    "documents.save": WRITERS,
    "blackout.show": WRITERS,
    "blackout.settle": WRITERS,
    "uploads.new": WRITERS,
    "uploads.create": WRITERS,
    "uploads.begin": WRITERS,
    "uploads.show": WRITERS,
    "uploads.piece": WRITERS,
    "uploads.take": WRITERS,
    "uploads.cancel": WRITERS,
    "prints.choose": READERS,
    "prints.make": READERS,
    "prints.make_approved": READERS,
    "ledger.index": EVERYBODY,
    "ledger.find": EVERYBODY,
    "ledger.show": EVERYBODY,
    "ledger.choose_print": EVERYBODY,
    "ledger.print_": EVERYBODY,
    "ledger.note": READERS,
    "ledger.take_out": READERS,
    "ledger.note_take_out": READERS,
    "ledger.approve": WRITERS,
    "ledger.decline": WRITERS,
    # what is inspected, by those who check the office
    "log.index": CHECKERS,
    "log.find": CHECKERS,
    "inspections.index": CHECKERS,
    "inspections.show": CHECKERS,
    "inspections.sign": CHECKERS,
    "inspections.note": CHECKERS,
    "inspections.order": CHECKERS,
    "inspections.make": CHECKERS,
    "data_ledger.show": CHECKERS,
    "data_ledger.order": CHECKERS,
    "data_ledger.make": CHECKERS,
    # persons, compartments, all devices, the office's rules and its recovery: administrators alone
    "whole_office.show": HEADS,
    "whole_office.make": HEADS,
    "whole_office.again": HEADS,
    "whole_office.ask": HEADS,
    # what goes: a slip of the hand is undone by who writes, erasing and ending are the administrators'
    "bin.index": WRITERS,
    "bin.client": WRITERS,
    "bin.put_client": WRITERS,
    "bin.policy": WRITERS,
    "bin.put_policy": WRITERS,
    "bin.document": WRITERS,
    "bin.put_document": WRITERS,
    "bin.dealing": WRITERS,
    "bin.put_dealing": WRITERS,
    "bin.bring_back": WRITERS,
    "erasing.client": HEADS,
    "erasing.client_now": HEADS,
    "erasing.policy": HEADS,
    "erasing.policy_now": HEADS,
    "erasing.document": HEADS,
    "erasing.document_now": HEADS,
    "erasing.member": HEADS,
    "erasing.member_now": HEADS,
    "erasing.index": HEADS,
    "erasing.certificate": HEADS,
    "erasing.order": HEADS,
    "erasing.make": HEADS,
    "retention.index": HEADS,
    "retention.again": HEADS,
    "retention.erase": HEADS,
    "incidents.index": HEADS,
    "incidents.show": HEADS,
    "incidents.read": HEADS,
    "incidents.order": HEADS,
    "incidents.make": HEADS,
    "cancellation.show": HEADS,
    "cancellation.ask": HEADS,
    "cancellation.take_back": HEADS,
    "people.index": HEADS,
    "people.new": HEADS,
    "people.create": HEADS,
    "people.show": HEADS,
    "people.edit": HEADS,
    "people.note": HEADS,
    "people.role": HEADS,
    "people.change": HEADS,
    "people.stop": HEADS,
    "people.stop_now": HEADS,
    "people.reenrol": HEADS,
    "people.reenrol_now": HEADS,
    "people.sheet": HEADS,
    "people.handed": HEADS,
    "compartments.index": HEADS,
    "compartments.new": HEADS,
    "compartments.make": HEADS,
    "compartments.name": HEADS,
    "compartments.rename": HEADS,
    "compartments.show": HEADS,
    "compartments.set_members": HEADS,
    "compartments.move": HEADS,
    "compartments.move_now": HEADS,
    "devices.index": HEADS,
    "rules.edit": HEADS,
    "rules.save": HEADS,
    "office.particulars": HEADS,
    "office.particulars_now": HEADS,
    "office.recovery_sheet": HEADS,
    "first_day.sheet": HEADS,
    "first_day.sheet_now": HEADS,
    "first_day.new_sheet": HEADS,
    "attention.confirm": HEADS,
    # what is one's own, and what everybody is told
    "devices.show": EVERYBODY,
    "devices.rename": EVERYBODY,
    "devices.remove": EVERYBODY,
    "own.show": EVERYBODY,
    "own.save": EVERYBODY,
    "own.password": EVERYBODY,
    "own.password_now": EVERYBODY,
    "own.device_code": EVERYBODY,
    "own.device_code_now": EVERYBODY,
    "own.spare_code": EVERYBODY,
    "own.spare_code_now": EVERYBODY,
    "passkeys.question": EVERYBODY,
    "passkeys.prove": EVERYBODY,
    "passkeys.new": EVERYBODY,
    "passkeys.add": EVERYBODY,
    "passkeys.remove": EVERYBODY,
    "passkeys.remove_now": EVERYBODY,
    "attention.show": EVERYBODY,
    "office.index": EVERYBODY,
    "space.show": EVERYBODY,
    "help_pages.index": EVERYBODY,
    "today.show": EVERYBODY,
    "today.announced": EVERYBODY,
}
# Besides those with a client in their address: he is named in what is asked or sent.
NAMES_A_CLIENT = frozenset({
    "family.new", "family.add",
    "doubles.clients_", "doubles.unite_clients", "doubles.policies", "doubles.unite_policies", "doubles.earlier",
    "bin.client", "bin.put_client", "bin.policy", "bin.put_policy","prints.choose", "prints.make", "ledger.take_out", "ledger.note_take_out",
    "bin.document", "bin.put_document", "documents.show", "documents.beside", "documents.edit", "documents.save", "blackout.show",
    "blackout.settle", "uploads.new", "uploads.create", "uploads.begin", "uploads.cancel",
    "deposits.show", "deposits.version", "deposits.new", "deposits.create", "deposits.edit", "deposits.save", "deposits.back", "deposits.back_now",
    "dealings.index", "dealings.show", "dealings.version", "dealings.new", "dealings.create", "dealings.edit", "dealings.save", "bin.dealing",
    "bin.put_dealing", "worklist.line", "worklist.answer", "tasks.new", "tasks.create", "tasks.show",
    "tasks.save", "typing.client", "typing.new_policy", "typing.policy"})
# Everybody may, and nobody of these people has one yet: what is asked for by its name is not there.
OF_NOTHING = frozenset({
    "incidents.show", "incidents.read", "incidents.order", "incidents.make",
    "typing.drop",
    "doubles.apart", "doubles.people", "doubles.unite_people", "doubles.version",
    "worklist.done", "worklist.reopen", "importing.send", "importing.columns_of", "importing.match", "importing_rows.show", "importing_rows.check", "importing_rows.fix", "importing_rows.run", "importing_rows.result", "importing_rows.undo",
    "search.drop", "bin.bring_back", "pictures.show", "documents.again", "documents.readings", "uploads.show", "uploads.piece", "uploads.take", "deposits.again", "erasing.member_now", "erasing.make", "whole_office.make", "passkeys.remove", "passkeys.remove_now"})
# What these do would end the session, or take away what others of the table need: asked last, in this order.
LAST = (
    "bin.put_dealing", "bin.put_document", "bin.put_policy", "bin.put_client",
    "people.note", "people.change", "people.reenrol_now", "people.stop_now", "devices.remove", "compartments.rename",
    "compartments.set_members", "compartments.move_now", "signing_in.unlock", "signing_in.lock", "signing_in.end",
)  # fmt: skip


# --- the office


@dataclass
class Staffed:
    """The office, its branch with one client of its own, and its people by where they stand: "handler in" and so on."""

    office: Office
    main: bytes
    branch: bytes
    client: bytes
    policy: bytes
    deposit: bytes
    document: bytes
    task: bytes
    dealings: dict[str, bytes]
    serial: int
    victim: bytes
    members: dict[str, Member]

    def copy(self, root: Path) -> Staffed:
        """The same office in another folder, for a test of its own."""
        return replace(self, office=copied_again(self.office, root))


def copied_again(of: Office, root: Path) -> Office:
    """A copy of an office that is not at work, at the same moment."""
    shutil.copytree(of.folder, root / "instance")
    return Office(root / "instance", Clock(of.clock.now), of.facts)


def staffed(template: Office, root: Path) -> Staffed:
    """One of each kind inside and outside the branch; a print of the branch's client; somebody to be stopped."""
    office = copied(template, root)
    [main] = office.desk().client_compartments()
    branch = compartments.make(office.desk(), "支店")
    theirs = household(NAME, KANA)
    client = clients.create(office.desk(), branch, theirs)
    clients.save(office.desk(), client, replace(theirs, notes=OF_THE_CLIENT[3]), 1)
    made = policies.create(office.desk(), client, policy(theirs, "日本生命", NUMBER))
    deposit = deposits.create(office.desk(), client, papers(NAME, NUMBER))
    document = take(office.desk(), client, upload(office.desk(), client, pdf("a page"))).document
    task = tasks.create(office.desk(), client, Task(what=NAME, due=TypedDate.of(date(2026, 11, 25))))
    noted = {what: dealings.create(office.desk(), client, made_dealing(kind, handler=NAME)) for what, kind in KINDS.items()}
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee=f"{NAME} 様", copies=1)
    serial = printing.print_client(office.desk(), client, order).serial
    members = {
        "administrator in": join(office, ADMINISTRATOR, (), "管理 二子"),
        "handler in": join(office, HANDLER, (branch,), "担当 内子"),
        "handler out": join(office, HANDLER, (main,), "担当 外男"),
        "viewer in": join(office, VIEWER, (main, branch), "閲覧 内子"),
        "viewer out": join(office, VIEWER, (main,), "閲覧 外男"),
        "auditor out": join(office, AUDITOR, (), "監査 三郎"),
    }
    victim = join(office, VIEWER, (main,), "退職 四郎").person
    office.clock.tick(20 * DAY)  # into December, so that November is there to be inspected
    inspections.sign(office.desk(), MONTH, Inspection(findings="なし", result=NOTHING))
    office.restart()
    return Staffed(office, main, branch, client, made, deposit, document, task, noted, serial, victim, members)


def role_of(who: str) -> Role:
    return Role(who.split()[0])


@contextmanager
def tended(*workers: Instance) -> Iterator[None]:
    """What the keeper of each worker does every second, at a quicker pace: who ends an epoch waits for all of them."""
    over = threading.Event()

    def tend() -> None:
        while not over.wait(0.02):
            for worker in workers:
                worker.keyring.let_go_if_due()

    keeper = threading.Thread(target=tend)
    keeper.start()
    try:
        yield
    finally:
        over.set()
        keeper.join()
        for worker in workers:
            worker.keyring.let_go()
            worker.engine.dispose()


# --- asking


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    """(method, rule) of every route but static files; what changes most comes last."""
    found = [
        (method, rule) for rule in app.url_map.iter_rules() if rule.endpoint != "static"
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
    ]  # fmt: skip
    return iter(sorted(found, key=lambda each: (_place(each[1].endpoint), each[0] != "GET", each[1].rule)))


def _place(endpoint: str) -> int:
    return LAST.index(endpoint) + 1 if endpoint in LAST else 0


def address(app: Flask, rule: Rule, of: Staffed, device: bytes) -> str:
    """The rule filled in with the branch's client and the like, and with a device."""
    values = {
        "client": of.client.hex(), "policy": of.policy.hex(), "deposit": of.deposit.hex(), "document": of.document.hex(), "upload": "0" * 32, "number": 1, "owner": "Household", "serial": of.serial,
        "person": of.victim.hex(), "compartment": of.branch.hex(), "device": device.hex(),
        "token": "of-another-session", "goes": of.client.hex(), "other": of.policy.hex(), "one": "0" * 32, "task": of.task.hex(), **(rule.defaults or {}),
    }  # fmt: skip
    values["record"] = of.dealings[str(values.get("what", "contacts"))].hex()
    if rule.endpoint.startswith("worklist."):
        values |= {"record": of.client.hex(), "sort": "birthday", "nth": 2026}
    with app.test_request_context():
        path = app.url_map.bind("localhost").build(rule.endpoint, {name: values[name] for name in rule.arguments})
    asked = {"ledger.take_out": f"?client={of.client.hex()}", "prints.choose": f"?client={of.client.hex()}"}
    return path + asked.get(rule.endpoint, f"?m={MONTH}" if rule.endpoint.startswith("inspections.") else "")


def form(of: Staffed) -> dict[str, str]:
    """One form for every change: what one of them does not know it leaves alone. Its password is wrong."""
    return {
        "client": of.client.hex(), "sheet": POLICY_LIST, "purpose": "社内利用", "addressee": "宛先", "copies": "1",
        "thing": "書類", "description": "控え", "people": "1", "place": "車", "outcome": "返却", "reason": "なし",
        "version": "1", "role": "viewer", "compartments": of.main.hex(), "compartment": of.main.hex(), "m": MONTH,
        "name": "新しい名前", "position": "1", "password": "not the password", "since": "R8.11.1", "until": "R8.11.30",
        "findings": "なし", "result": NOTHING, "text": "追記",
    }  # fmt: skip


def judged(answer: TestResponse) -> str:
    """What an answer says about authority: in, refused, absent, sign-in; or where else it leads."""
    told = answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
    if answer.status_code >= 500:
        return f"broken ({answer.status_code})"
    if answer.status_code == 404:
        return "absent"
    if answer.status_code == 303 and answer.location in (*(home for _, home in STAGES.values()), "/session/new", "/today"):
        return {"/session/new": "sign-in"}.get(answer.location, answer.location)
    for code, word in (("forbidden", "refused"), ("session-ended", "sign-in"), ("token-old", "stale")):
        if answer.status_code == 403 and _sentence(code) in told:
            return word
    return "in"


def _sentence(code: str) -> str:
    return str(catalogue.load("ja").gettext(f"error.{code}"))


def tells_of_the_client(answer: TestResponse) -> bool:
    """Whether anything of the branch's client stands in an answer, its headers included."""
    whole = answer.get_data() + str(answer.headers).encode()
    return any(text.encode() in whole for text in OF_THE_CLIENT)


def visitor(app: Flask, of: Staffed, who: str) -> Visit:
    """Somebody of the office at his own browser, signed in, with the token of his session."""
    member = of.members[who]
    visit = Visit(app, of.office).with_device(member.device)
    answer = visit.sign_in(member.login_id, member.password)
    assert answer.status_code == 303, answer.status_code
    visit.get("/help")
    return visit
