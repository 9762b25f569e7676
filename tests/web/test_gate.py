"""The gate: every route says what it needs, and nobody gets past who has not got it. Tables come from the url map."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests.support import colleagues
from tests.support.colleagues import add_colleague, add_compartment, sign_role
from tests.support.offices import NAMES, Office, household
from tests.support.people import Member, join
from tests.support.visits import Visit, address, shows_nothing
from vault.domain.access import PERMISSIONS, Permission, Role, may
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.errors import KuraError, NotFound, NotReady, Untrusted
from vault.services import clients, printing, sessions
from vault.services.accounts import signing_in
from vault.services.safe import Desk
from vault.web import gate
from vault.web.app import create_app

CHANGES = ("POST", "PUT", "PATCH", "DELETE")
TURNED_AWAY = "この操作をする権限がありません"


def routes(app: Flask) -> Iterator[tuple[str, Rule]]:
    """(method, rule) of everything but static files."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            yield from ((method, rule) for method in sorted(rule.methods or ()) if method not in ("HEAD", "OPTIONS"))


def access_of(app: Flask, rule: Rule) -> gate.Access:
    return app.view_functions[rule.endpoint].access  # type: ignore[attr-defined]


def printed_once(office: Office) -> None:
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="志摩 海斗 様", copies=1)
    printing.print_client(office.desk(), office.facts.clients[0], order)


def test_a_route_that_says_nothing_keeps_the_application_from_starting(office: Office, monkeypatch) -> None:
    from vault.web import help_pages

    monkeypatch.delattr(help_pages.cookies, "access")
    with pytest.raises(NotReady) as refused:
        create_app(office.instance)
    assert refused.value.code == "routes-undeclared" and "help_pages.cookies" in str(refused.value.facts["routes"])


def test_public_routes_are_a_short_list(app: Flask) -> None:
    public = {rule.rule for _, rule in routes(app) if access_of(app, rule).public}
    assert public == {
        "/", "/session/new", "/session/end", "/session/lock", "/session/unlock", "/session/alive", "/register",
        "/session/language",
        "/recover", "/cookies", "/passkeys/unlock", "/passkeys/unlock/question", "/healthz", "/readyz",
    }  # fmt: skip


# --- without a session


def test_without_a_session_every_route_leads_to_the_sign_in(app: Flask, stranger: Visit, office: Office) -> None:
    stranger.get("/session/new")
    for visit in (stranger, stranger.at(office.instance).with_device()):
        for method, rule in routes(app):
            if access_of(app, rule).public:
                continue
            answer = visit.open(address(app, rule, office), method=method, data={"csrf_token": visit.token})
            assert shows_nothing(answer), rule
            if method == "GET":
                assert answer.status_code == 303 and answer.location.endswith("/session/new"), rule
            else:
                assert answer.status_code == 403, rule


def test_unknown_addresses_tell_a_stranger_nothing(stranger: Visit, visit: Visit) -> None:
    for path in ("/clients/zz", "/nothing", "/clients/" + "0" * 32, "/static/../wsgi.py", "/%00", "/clients/" + "あ" * 9):
        answer = stranger.get(path)
        assert answer.status_code in (303, 400, 404) and shows_nothing(answer), path
        assert visit.get(path).status_code in (400, 404), path


# --- tokens


@pytest.mark.parametrize("token", ["", "0" * 64, "another's"])
def test_no_change_without_the_sessions_own_token(token: str, app: Flask, visit: Visit, stranger: Visit, office: Office) -> None:
    stranger.get("/session/new")
    wrong = stranger.token if token == "another's" else token
    entries = journal_of(office)
    changes = [(m, r) for m, r in routes(app) if m in CHANGES]
    assert len(changes) > 40
    for method, rule in changes:
        answer = visit.open(address(app, rule, office), method=method, data={"csrf_token": wrong, "name": "x"})
        assert answer.status_code == 403, rule
        answer = visit.open(address(app, rule, office), method=method, headers={"X-Kura-Csrf": wrong})
        assert answer.status_code == 403, rule
    assert visit.get("/clients").status_code == 200
    assert {e for e in journal_of(office)[len(entries):]} <= {"request-refused", "clients-listed"}


def test_a_strangers_form_needs_its_own_token_too(app: Flask, stranger: Visit, office: Office) -> None:
    for path in ("/session/new", "/register", "/recover"):
        stranger.get(path)
        assert stranger.open(path, method="POST", data={"login_id": "x"}).status_code == 403
        other = Visit(app, office)
        other.get(path)
        assert stranger.open(path, method="POST", data={"csrf_token": other.token}).status_code == 403
        assert "token" not in (stranger.cookie() or "")


def test_no_token_of_one_session_serves_in_another(visit: Visit, app: Flask, office: Office) -> None:
    other = Visit(app, office).with_device()
    other.sign_in()
    other.get("/clients")
    visit.token = other.token
    assert visit.post("/session/end").status_code == 403


def journal_of(office: Office) -> list[str]:
    from vault.crypto import codec

    return [codec.decode(clear)["event"] for (clear,) in office.sql("SELECT clear FROM journal ORDER BY position")]


# --- roles


def asked(visit: Visit, path: str, method: str) -> TestResponse:
    # No password: what is not held back by the role has no effect for want of it, and the table can be gone through.
    data = {"csrf_token": visit.token, "password": "no password", "version": "1"}
    return visit.open(path, method=method, data=data)


def turned_away(answer: TestResponse) -> bool:
    """Whether the role was not enough; a password that is wrong is another 403."""
    return answer.status_code == 403 and TURNED_AWAY in answer.get_data(as_text=True)


def signed_in(app: Flask, office: Office, member: Member) -> Visit:
    visit = Visit(app, office).with_device(member.device)
    assert visit.sign_in(member.login_id, member.password).status_code == 303
    assert visit.get("/help").status_code == 200
    return visit


def device_of(office: Office, member: Member) -> str:
    device = office.instance.files.read().keystore.device_of(member.device)
    assert device is not None
    return device.hex()


@pytest.mark.parametrize("role", list(Role), ids=lambda r: r.value)
def test_every_route_for_every_role(role: Role, app: Flask, office: Office) -> None:
    """The table: turned away exactly where the role lacks what the route declares."""
    printed_once(office)
    [room] = office.desk().directory.of_clients()
    rooms = (room,) if role in (Role.HANDLER, Role.VIEWER) else ()
    member, other = join(office, role, rooms), join(office, name="的矢 圭")
    told = {"person": other.person.hex(), "device": device_of(office, other)}
    visit = signed_in(app, office, member)
    office.clock.tick(sessions.PROOF_SECONDS + 1)
    for method, rule in routes(app):
        needed = access_of(app, rule).permission
        if needed is None:
            continue
        answer = asked(visit, address(app, rule, office, **told), method)
        assert answer.status_code != 500, (method, rule)
        assert turned_away(answer) != may(role, needed), (method, rule, answer.status_code)
        assert may(role, needed) or shows_nothing(answer), (method, rule)
    office.clock.tick(300)  # so many wrong passwords make this browser wait
    desk = member.desk(office)
    assert {each for each in Permission if desk.may(each)} == PERMISSIONS[role]
    assert other.desk(office).role is Role.HANDLER, "what was asked for without the password has not been done"


def office_desk(office: Office) -> Desk:
    done = signing_in.sign_in(office.instance, colleagues.LOGIN_ID, colleagues.PASSWORD, colleagues.DEVICE, sessions.Origin())
    return sessions.desk(office.instance, done.session, sessions.Origin())


def test_a_viewer_reads_and_cannot_write(app: Flask, office: Office, visit: Visit) -> None:
    desk = office.desk()
    sign_role(office, desk, "viewer", tuple(desk.directory.of_clients()))
    shown = visit.get(visit.client_page())
    assert shown.status_code == 200 and NAMES[0] in shown.get_data(as_text=True)
    assert "/edit" not in shown.get_data(as_text=True)
    for path in (visit.client_page() + "/edit", visit.policy_page() + "/edit", "/clients/new/Household"):
        assert visit.get(path).status_code == 403
        assert visit.post(path, {"name": "x", "version": "1"}).status_code == 403
    viewer = office.desk()
    with pytest.raises(KuraError, match="forbidden"):
        clients.save(viewer, office.facts.clients[0], household("x", "エックス"), 2)
    with pytest.raises(KuraError, match="forbidden"):
        clients.create(viewer, desk.directory.of_clients()[0], household("x", "エックス"))


def test_a_role_that_changes_counts_at_once_on_every_worker(office: Office, visit: Visit) -> None:
    workers = [visit.at(office.worker()) for _ in range(2)]
    assert all(w.get("/clients/new/Household").status_code == 200 for w in [visit, *workers])
    desk = office.desk()
    sign_role(office, desk, "viewer", tuple(desk.directory.of_clients()))
    assert all(w.get("/clients/new/Household").status_code == 403 for w in [visit, *workers])


def test_a_person_who_is_stopped_is_out_at_once_on_every_worker(office: Office, visit: Visit) -> None:
    other = visit.at(office.worker())
    assert other.get("/clients").status_code == 200
    desk = office.desk()
    signing = desk.secret("signing")

    def stop(keystore):
        directory = keystore.trusted(desk.bundle.pinned)
        entry = replace(directory.persons[desk.person], status="stopped")
        return keystore.with_directory(directory.with_person(desk.person, entry), signing)

    office.instance.files.add(stop)
    for at in (visit, other):
        answer = at.get("/clients")
        assert answer.status_code == 303 and answer.location.endswith("/session/new")
    assert visit.sign_in().status_code == 403


def test_an_auditor_sees_no_client(app: Flask, office: Office) -> None:
    printed_once(office)
    member = join(office, Role.AUDITOR)
    visit = signed_in(app, office, member)
    for method, rule in routes(app):
        assert shows_nothing(asked(visit, address(app, rule, office), method)), (method, rule)
    desk = member.desk(office)
    assert desk.client_compartments() == []
    with pytest.raises(NotFound):
        desk.folder(office.facts.clients[0])


# --- keys, whatever the rules say


def test_with_every_permission_granted_a_foreign_compartment_still_does_not_open(
    office: Office, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = office.desk().directory.of_clients()[0]
    branch = add_compartment(office)
    theirs = clients.create(office.desk(), branch, household("高橋 支店", "タカハシ シテン"))
    add_colleague(office, "handler", (room,))
    monkeypatch.setattr(Desk, "may", lambda self, permission: True)
    monkeypatch.setattr(Desk, "require", lambda self, permission: None)
    monkeypatch.setattr("vault.crypto.directory.Directory.holds", lambda self, person, compartment: True)
    desk = office_desk(office)
    assert [head.client.name for head in clients.list_clients(desk)] == list(NAMES)
    for act in (lambda: clients.get(desk, theirs), lambda: desk.folder(theirs), lambda: clients.versions(desk, theirs, theirs)):
        with pytest.raises(NotFound):
            act()
    with pytest.raises(Untrusted):
        desk.compartment_key(branch)
    with pytest.raises(Untrusted):
        desk.secret("signing")
    visit = Visit(app, office).with_device(colleagues.DEVICE)
    visit.get("/session/new")
    visit.post("/session/new", {"login_id": colleagues.LOGIN_ID, "password": colleagues.PASSWORD})
    for path in ("/clients", f"/clients/{theirs.hex()}", f"/clients/{theirs.hex()}/versions/1", f"/prints?client={theirs.hex()}"):
        answer = visit.get(path)
        assert "高橋" not in answer.get_data(as_text=True)
        assert answer.status_code == (200 if path == "/clients" else 404)


def test_the_keys_a_worker_keeps_for_one_person_are_not_found_by_another(office: Office) -> None:
    [room] = office.desk().directory.of_clients()
    branch = add_compartment(office)
    theirs = clients.create(office.desk(), branch, household("高橋 支店", "タカハシ シテン"))
    add_colleague(office, "handler", (room,))
    clients.get(office.desk(), theirs)  # opened by the administrator, in the same worker, a moment ago
    with pytest.raises(NotFound):
        clients.get(office_desk(office), theirs)


# --- what travels


def test_redirects_stay_on_this_host(visit: Visit, stranger: Visit) -> None:
    for path in ("/", "/clients", "/?next=https://evil.example", "//evil.example/"):
        answer = stranger.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
        assert not re.match(r"https?://evil|//", answer.headers.get("Location", "")), answer.headers.get("Location")


def test_a_form_beyond_the_limit_is_refused_and_leaves_no_file(visit: Visit, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = set(tmp_path.iterdir())
    answer = visit.post("/clients/new/Household", {"name": "x" * (5 * 1024 * 1024)})
    assert answer.status_code in (403, 413)
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("many", ["9" * 19, "1" + "0" * 20, "-" + "9" * 25])
def test_numbers_that_no_column_holds_are_found_nowhere(many: str, visit: Visit) -> None:
    client, policy = visit.client_page(), visit.policy_page()
    opened = [f"/ledger/{many}", f"{client}/versions/{many}", f"{policy}/versions/{many}"]
    opened += [f"/ledger?before={many}", f"/log?before={many}", f"/retention?page={many}", f"/erasures/certificate?n={many}"]
    sent = [f"/ledger/{many}/approve", f"/ledger/{many}/decline", f"/ledger/{many}", f"/prints/orders/{many}"]
    sent += ["/ledger/1", "/ledger/1/approve", "/office/particulars", client + "/edit", policy + "/edit", client + "/bin"]
    visit.get("/ledger")
    for path in opened:
        assert visit.get(path).status_code == 404, path
    for path in sent:
        assert visit.post(path, {"version": many, "reason": "x", "result": "返却"}).status_code in (400, 404), path
