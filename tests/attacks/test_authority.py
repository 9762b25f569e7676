"""Every route, asked by everybody: roles, in and outside the client's compartment, and those who are hardly in at all.

With every check of permissions patched to say yes the client of another compartment still does not open: keys decide.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support import authority
from tests.support.authority import (
    ALLOWED,
    NAMES_A_CLIENT,
    OF_NOTHING,
    PUBLIC,
    STAGES,
    Staffed,
    address,
    form,
    judged,
    role_of,
    routes,
    tells_of_the_client,
    visitor,
)
from tests.support.offices import ORIGIN, Office
from tests.support.people import device_of
from tests.support.visits import Visit
from vault.crypto.directory import Directory
from vault.domain.access import PERMISSIONS, Role
from vault.domain.office import Colleague
from vault.errors import KuraError, NotFound, SealBroken, Untrusted
from vault.services import clients, policies
from vault.services.accounts import people, registering, signing_in
from vault.services.safe import Desk

PEOPLE = ("administrator in", "handler in", "handler out", "viewer in", "viewer out", "auditor out")
OUTSIDE = [who for who in PEOPLE if who.endswith("out")]


@pytest.fixture(scope="module")
def template(templates: list[Office], tmp_path_factory: pytest.TempPathFactory) -> Staffed:
    return authority.staffed(templates[0], tmp_path_factory.mktemp("staffed"))


@pytest.fixture
def staffed(template: Staffed, tmp_path: Path) -> Iterator[Staffed]:
    made = template.copy(tmp_path / "staffed")
    yield made
    made.office.instance.engine.dispose()


def table(app: Flask, of: Staffed, visit: Visit, device: bytes) -> Iterator[tuple[str, str, TestResponse]]:
    """(method, endpoint, answer) of every route, asked by one visitor."""
    typed = form(of)
    for method, rule in routes(app):
        sent = None if method == "GET" else {"csrf_token": visit.token, **typed}
        path = address(app, rule, of, device)
        answer = visit.open(path, method=method, data=sent)
        yield method, rule.endpoint, answer


def expected(who: str, endpoint: str) -> str:
    """What the rules of the domain say of one cell."""
    if endpoint in STAGES["activation"][0] | STAGES["first"][0] or endpoint == "today.announced":
        return "/today"
    if role_of(who) not in ALLOWED[endpoint]:
        return "refused"
    return "absent" if endpoint in OF_NOTHING or (who.endswith("out") and names_a_client(endpoint)) else "in"


def names_a_client(endpoint: str) -> bool:
    """Whether a route is about the client who stands in its address or form."""
    of_clients = endpoint.startswith(("clients.", "policies.")) and endpoint not in (
        "clients.index", "clients.new", "clients.create"
    )  # fmt: skip
    return of_clients or endpoint in NAMES_A_CLIENT


def public_answer(answer: TestResponse) -> bool:
    return answer.status_code in (200, 303, 400, 403, 410, 429) and judged(answer) not in ("refused", "stale")


# --- the table


def test_every_route_stands_in_the_table_and_nothing_else_does(app: Flask) -> None:
    known = {*ALLOWED, *PUBLIC, *STAGES["activation"][0], *STAGES["first"][0]}
    there = {rule.endpoint for _, rule in routes(app)}
    assert sorted(there - known) == [], "say in tests/support/authority.py who may reach these"
    assert sorted(known - there) == [], "these are gone"


def test_the_door_of_each_route_lets_in_just_those_whom_the_table_names(app: Flask) -> None:
    """Services refuse as well: a door that stands open too wide would not show in what is answered."""
    for _, rule in routes(app):
        access = app.view_functions[rule.endpoint].access  # type: ignore[attr-defined]
        assert access.public == (rule.endpoint in PUBLIC), rule.endpoint
        if rule.endpoint in ALLOWED:
            assert {role for role in Role if access.permission in PERMISSIONS[role]} == ALLOWED[rule.endpoint], rule.endpoint


@pytest.mark.parametrize("who", PEOPLE)
def test_each_route_opens_for_just_those_the_rules_name(who: str, app: Flask, staffed: Staffed) -> None:
    visit = visitor(app, staffed, who)
    device = signing_in.known_device(staffed.office.instance, staffed.members[who].device)
    assert device is not None
    told: set[str] = set()
    wrong = []
    for method, endpoint, answer in table(app, staffed, visit, device):
        if endpoint in PUBLIC:
            assert public_answer(answer), (method, endpoint, answer.status_code)
        elif judged(answer) != expected(who, endpoint):
            wrong.append((method, endpoint, judged(answer), expected(who, endpoint), answer.status_code))
        if tells_of_the_client(answer):
            told.add(endpoint)
    assert wrong == []
    if who.endswith("out"):
        assert told == set()
    else:  # or the words looked for stand nowhere at all
        assert {"clients.show", "clients.index", "policies.show", "ledger.show"} <= told


@pytest.mark.parametrize("registered", [False, True], ids=["on a strange browser", "on a registered device"])
def test_who_is_not_signed_in_is_led_to_the_door_by_every_route(registered: bool, app: Flask, staffed: Staffed) -> None:
    visit = Visit(app, staffed.office, address="198.51.100.9")
    if registered:
        visit.with_device(staffed.members["handler in"].device)
    visit.get("/session/new")
    device = signing_in.known_device(staffed.office.instance, staffed.members["handler in"].device)
    assert device is not None
    for method, endpoint, answer in table(app, staffed, visit, device):
        assert not tells_of_the_client(answer), endpoint
        if endpoint in PUBLIC:
            assert public_answer(answer), (method, endpoint, answer.status_code)
        else:
            assert judged(answer) == "sign-in", (method, endpoint, answer.status_code)
            assert answer.status_code == (303 if method == "GET" else 403), (method, endpoint)


def only_its_stage(stage: str, app: Flask, of: Staffed, visit: Visit) -> None:
    own, home = STAGES[stage]
    for method, endpoint, answer in table(app, of, visit, bytes(16)):
        assert not tells_of_the_client(answer), endpoint
        if endpoint in PUBLIC:
            assert public_answer(answer), (method, endpoint, answer.status_code)
        elif endpoint in own:
            assert answer.status_code == (200 if method == "GET" else 400), (method, endpoint, answer.status_code)
        else:
            assert judged(answer) == home, (method, endpoint, answer.status_code, answer.location)


def test_with_a_login_sheet_nothing_opens_but_the_choice_of_a_password(app: Flask, staffed: Staffed) -> None:
    sheet = people.create(staffed.office.desk(), Colleague(name="新人 五月"), Role.HANDLER, (staffed.branch,))
    visit = Visit(app, staffed.office)
    visit.get("/register")
    typed = {"code": sheet.code, "login_id": sheet.login_id, "password": sheet.initial_password}
    assert visit.post("/register", typed).location == "/own-password"
    visit.get("/own-password")
    only_its_stage("first", app, staffed, visit)


def test_with_the_initial_login_nothing_opens_but_the_first_password(app: Flask, staffed: Staffed, unbegun: Office) -> None:
    facts, visit = unbegun.facts, Visit(app, unbegun)
    visit.get("/session/new")
    visit.post("/session/new", {"login_id": facts.login_id, "password": facts.initial_password})
    visit.get("/first-password")
    only_its_stage("activation", app, staffed, visit)


# --- what belongs to others


@pytest.mark.parametrize("who", ["handler in", "viewer out", "auditor out"])
def test_a_device_of_others_is_not_there_for_who_is_no_administrator(who: str, app: Flask, staffed: Staffed) -> None:
    visit = visitor(app, staffed, who)
    other = signing_in.known_device(staffed.office.instance, staffed.members["administrator in"].device)
    assert other is not None
    for answer in (
        visit.get(f"/devices/{other.hex()}"),
        visit.post(f"/devices/{other.hex()}", {"name": "x"}),
        visit.post(f"/devices/{other.hex()}/remove"),
    ):
        assert answer.status_code in (403, 404) and "管理 二子" not in answer.get_data(as_text=True)
    assert other in staffed.office.instance.keyring.stored().keystore.devices


def test_a_role_that_reads_no_client_is_not_given_one_by_a_compartment(app: Flask, staffed: Staffed) -> None:
    """An auditor for whom somebody asked for the branch all the same gets a directory entry without it."""
    auditor = staffed.members["auditor out"]
    people.change(staffed.office.desk(), auditor.person, Role.AUDITOR, (staffed.branch,))
    desk = auditor.desk(staffed.office)
    assert desk.directory.persons[auditor.person].compartments == () and desk.client_compartments() == []
    with pytest.raises(NotFound):
        desk.folder(staffed.client)


# --- with every check patched to say yes


@pytest.fixture
def everything_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Permissions say yes to everybody, and the directory is said to want everybody to hold everything."""
    monkeypatch.setattr(Desk, "may", lambda self, permission: True)
    monkeypatch.setattr(Desk, "require", lambda self, permission: None)
    monkeypatch.setattr("vault.domain.access.may", lambda role, permission: True)
    monkeypatch.setattr("vault.services.safe.may", lambda role, permission: True)
    monkeypatch.setattr(Directory, "holds", lambda self, person, compartment: True)


@pytest.mark.parametrize("who", OUTSIDE)
def test_with_every_check_saying_yes_no_route_shows_what_one_has_no_key_for(
    who: str, app: Flask, staffed: Staffed, everything_allowed: None
) -> None:
    visit = visitor(app, staffed, who)
    device = signing_in.known_device(staffed.office.instance, staffed.members[who].device)
    assert device is not None
    opened = set()
    for method, endpoint, answer in table(app, staffed, visit, device):
        assert not tells_of_the_client(answer), (method, endpoint)
        assert answer.status_code < 500, (method, endpoint, answer.status_code)
        if names_a_client(endpoint) or endpoint == "compartments.move":
            assert answer.status_code == 404, (method, endpoint, answer.status_code)
        elif answer.status_code == 200:
            opened.add(endpoint)
    assert "clients.index" in opened, "the checks were not patched"


@pytest.mark.parametrize("who", OUTSIDE)
def test_with_every_check_saying_yes_no_service_and_no_keystore_gives_a_key(
    who: str, staffed: Staffed, everything_allowed: None
) -> None:
    member, branch = staffed.members[who], staffed.branch
    clients.get(staffed.office.desk(), staffed.client)  # opened in this very worker a moment ago
    desk = member.desk(staffed.office)
    acts = (
        lambda: clients.get(desk, staffed.client),
        lambda: clients.versions(desk, staffed.client, staffed.client),
        lambda: policies.get(desk, staffed.client, staffed.policy),
        lambda: clients.save(desk, staffed.client, authority.household("x", "エックス"), 2),
        lambda: desk.folder_in(branch, staffed.client),
        lambda: desk.compartment_key(branch),
        lambda: desk.ring(branch),
        lambda: desk.secret("signing"),
    )
    for act in acts:
        with pytest.raises((NotFound, Untrusted)):
            act()
    assert all(head.client.name != authority.NAME for head in clients.list_clients(desk))
    keystore, directory = desk.stored.keystore, desk.directory
    assert member.person not in keystore.grants[branch]
    for receiver in (member.person, *keystore.grants[branch]):  # nor does anybody else's grant open with his key
        with pytest.raises((Untrusted, SealBroken)):
            keystore.compartment_key(directory, branch, receiver, desk.bundle.private)


def test_with_every_check_saying_yes_a_handler_cannot_make_himself_an_administrator(
    staffed: Staffed, everything_allowed: None
) -> None:
    member = staffed.members["handler out"]
    for act in (
        lambda desk: people.change(desk, member.person, Role.ADMINISTRATOR, ()),
        lambda desk: people.create(desk, Colleague(name="x"), Role.ADMINISTRATOR, ()),
        lambda desk: people.reenrol(desk, staffed.victim),
        lambda desk: people.stop(desk, staffed.members["administrator in"].person),
    ):
        with pytest.raises(KuraError) as refused:
            act(member.desk(staffed.office))
        assert refused.value.code in ("untrusted", "seal-broken"), refused.value
    after = staffed.office.desk()
    assert after.directory.persons[member.person].role == "handler"
    assert len(after.directory.persons) == len(staffed.members) + 2


def test_what_a_member_took_home_opens_nothing_after_he_lost_the_compartment(staffed: Staffed) -> None:
    """His old private key, his old compartment key: neither opens the new epoch's ring."""
    member, branch = staffed.members["handler in"], staffed.branch
    before = member.desk(staffed.office)
    key = before.compartment_key(branch)
    people.change(staffed.office.desk(), member.person, Role.HANDLER, (staffed.main,))
    after = member.desk(staffed.office)
    keystore, directory = after.stored.keystore, after.directory
    with pytest.raises(Untrusted):
        keystore.compartment_key(directory, branch, member.person, before.bundle.private)
    with pytest.raises((Untrusted, SealBroken)):
        keystore.ring(directory, branch, key)
    with pytest.raises(NotFound):
        clients.get(after, staffed.client)
    clients.get(staffed.members["viewer in"].desk(staffed.office), staffed.client)


def test_the_browser_of_a_newcomer_shows_the_branch_only_once_he_has_a_password(app: Flask, staffed: Staffed) -> None:
    """The grant is there from the beginning; it is the login sheet's session that reaches nothing with it."""
    sheet = people.create(staffed.office.desk(), Colleague(name="新人 五月"), Role.VIEWER, (staffed.branch,))
    first = registering.register(
        staffed.office.instance, sheet.login_id, sheet.initial_password, sheet.code, None, device_of("新人"), ORIGIN
    )
    assert isinstance(first, registering.First)
    visit = Visit(app, staffed.office)
    visit.set_cookie("__Host-session", first.cookie)
    answer = visit.get(f"/clients/{staffed.client.hex()}")
    assert answer.location == "/own-password" and not tells_of_the_client(answer)
    visit.get("/own-password")
    chosen = "らっこ 砂時計 ひまわり 梯子"
    assert visit.post("/own-password", {"password": chosen, "again": chosen}).status_code == 303
    assert tells_of_the_client(visit.get(f"/clients/{staffed.client.hex()}"))
