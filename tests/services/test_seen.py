"""A whole server put back to yesterday is told by what devices have seen; and what is told stays until it was read."""

from __future__ import annotations

import re
import shutil
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from flask import Flask

from tests.support.authority import tended
from tests.support.offices import NAMES, ORIGIN, PASSWORD, Office, household, origin
from tests.support.people import Member, join
from tests.support.visits import Visit, shows_nothing
from vault.crypto import codec
from vault.crypto.keys import new_signing_key, sign
from vault.domain.access import Role
from vault.errors import RolledBack
from vault.services import audit, clients, confirming, sessions
from vault.services.accounts import announcements, recovery, seen, signing_in
from vault.storage import journal, records
from vault.storage.database import transaction
from vault.web.gate import SEEN_COOKIE

DAY = 24 * 3600
NEW = "まったく 新しい 管理者の ことば"


@dataclass
class Yesterday:
    """The whole server as somebody kept it: database, keys, and what was noted beside them."""

    office: Office
    database: Path
    keys: Path

    def put_back(self) -> None:
        office = self.office
        office.instance.keyring.let_go()
        office.put_database_back(self.database)
        for replica in office.settings.replicas:
            shutil.rmtree(replica)
            shutil.copytree(self.keys / replica.name, replica)
        office.restart()


def keep(office: Office) -> Yesterday:
    office.sign_in()
    return Yesterday(office, office.copy_database(), office.copy_keystore())


def work_a_day(office: Office) -> None:
    office.clock.tick(DAY)
    desk = office.desk()
    clients.create(desk, desk.client_compartments()[0], household("鈴木 三郎", "スズキ サブロウ"))


@pytest.fixture
def member(office: Office) -> Member:
    return join(office, Role.HANDLER, tuple(office.desk().directory.of_clients()))


def browser(app: Flask, office: Office, member: Member | None = None) -> Visit:
    """A registered browser that has seen nothing yet."""
    return Visit(app, office).with_device(member.device) if member else Visit(app, office).with_device()


def come(visit: Visit, member: Member | None = None) -> None:
    """Sign in at a browser, whatever worker stands behind it now."""
    visit.instance = visit.office.instance
    answer = visit.sign_in(member.login_id, member.password) if member else visit.sign_in()
    assert answer.status_code == 303
    visit.get("/help")


def told(visit: Visit) -> bool:
    """Whether all pages lead to the announcement, and show nothing themselves."""
    answers = [visit.get(path) for path in ("/clients", visit.client_page(), "/ledger", "/today")]
    assert all(shows_nothing(answer) for answer in answers if answer.status_code == 303)
    found = {answer.location if answer.status_code == 303 else "" for answer in answers}
    assert found in ({""}, {"/attention"}), found
    return found == {"/attention"}


def confirm(visit: Visit) -> None:
    visit.get("/attention")
    answer = visit.post("/attention", {"password": PASSWORD})
    assert answer.status_code == 303 and answer.location == "/today"


def remembers(visit: Visit) -> seen.Seen:
    found = seen.read(visit.cookie(SEEN_COOKIE))
    assert found is not None
    return found


# --- put back as a whole


def test_nothing_but_a_device_knows_of_a_server_put_back_as_a_whole(app: Flask, office: Office) -> None:
    """The head that is noted beside the keys went back with them: a browser that has seen nothing notices nothing."""
    yesterday = keep(office)
    work_a_day(office)
    yesterday.put_back()
    audit.check_whole(office.instance, office.instance.keyring.stored())
    visit = browser(app, office)
    come(visit)
    assert not told(visit)


def test_a_device_that_saw_today_announces_it_at_its_next_sign_in(app: Flask, office: Office) -> None:
    visit = browser(app, office)
    come(visit)
    yesterday = keep(office)
    work_a_day(office)
    come(visit)
    assert visit.get("/clients").status_code == 200
    yesterday.put_back()
    come(visit)
    assert told(visit)
    page = unescape(visit.get("/attention").get_data(as_text=True))
    assert "確認が必要です" in page and "運営者に" in page
    with transaction(office.instance.engine) as connection:
        assert journal.found(connection, journal.Wanted(events=("rollback-found",)), 5)


def test_it_is_shown_to_everybody_on_every_worker_and_waits_for_an_administrator(
    app: Flask, office: Office, member: Member
) -> None:
    handler, administrator = browser(app, office, member), browser(app, office)
    come(administrator)
    yesterday = keep(office)
    work_a_day(office)
    come(handler, member)
    yesterday.put_back()
    come(administrator)  # whose browser saw yesterday alone
    assert not told(administrator)
    workers = [office.worker() for _ in range(2)]
    with tended(office.instance, *workers):
        assert not any(told(administrator.at(worker)) for worker in workers)
        come(handler, member)  # and here is one that saw today
        assert told(handler)
        office.clock.tick(61)  # a worker looks once a minute
        assert all(told(administrator.at(worker)) for worker in (office.instance, *workers))
        page = handler.get("/attention").get_data(as_text=True)
        assert 'type="password"' not in page and "管理者が確認するまで" in unescape(page)
        assert handler.post("/attention", {"password": member.password}).status_code == 403
        assert told(handler)
        confirm(administrator)
        office.clock.tick(61)
        assert not any(told(each.at(worker)) for each in (handler, administrator) for worker in workers)
    assert NAMES[0] in handler.get("/clients").get_data(as_text=True)


def test_signing_in_again_and_again_does_not_make_it_forgotten(app: Flask, office: Office) -> None:
    visit = browser(app, office)
    yesterday = keep(office)
    work_a_day(office)
    come(visit)
    before = remembers(visit)
    yesterday.put_back()
    for _ in range(3):
        office.clock.tick(DAY)
        come(visit)
        assert told(visit)
        assert (remembers(visit).position, remembers(visit).hash) == (before.position, before.hash), "the proof is kept"
        office.restart()
    stranger = browser(app, office)  # nor does a browser that has seen nothing
    come(stranger)
    assert told(stranger)


def test_after_the_confirmation_other_devices_with_an_older_memory_are_not_asked_again(
    app: Flask, office: Office, member: Member
) -> None:
    others = [browser(app, office, member) for _ in range(2)]
    administrator = browser(app, office)
    yesterday = keep(office)
    work_a_day(office)
    for visit in others:
        come(visit, member)
    come(administrator)
    yesterday.put_back()
    come(administrator)
    assert told(administrator)
    confirm(administrator)
    assert not told(administrator)
    for _ in range(3):
        office.clock.tick(DAY)
        for visit in others:
            come(visit, member)
            assert not told(visit)
        come(administrator)
        assert not told(administrator)


def test_what_was_put_back_after_a_confirmation_is_told_again(app: Flask, office: Office) -> None:
    visit = browser(app, office)
    yesterday = keep(office)
    work_a_day(office)
    come(visit)
    yesterday.put_back()
    come(visit)
    confirm(visit)
    again = keep(office)
    work_a_day(office)
    come(visit)
    assert visit.get("/clients").status_code == 200
    again.put_back()
    come(visit)
    assert told(visit)


def test_the_very_first_state_put_back_with_its_confirmation_is_no_way_round_it(app: Flask, office: Office) -> None:
    """A copy that was made after a confirmation bears that confirmation, and it is older than what the device saw."""
    visit = browser(app, office)
    yesterday = keep(office)
    work_a_day(office)
    come(visit)
    yesterday.put_back()
    come(visit)
    confirm(visit)
    with_confirmation = keep(office)
    work_a_day(office)
    come(visit)
    with_confirmation.put_back()
    come(visit)
    assert told(visit)


# --- forged

Forgery = Callable[[Office, seen.Seen], None]


def appended(office: Office, clear: dict[str, object]) -> None:
    """An entry at the end of the journal, by somebody with a shell: its hash and columns are right."""
    with transaction(office.instance.engine) as connection:
        raw = codec.encode(clear)
        journal.append(connection, journal.head(connection), raw, None, None, audit.columns_of(raw))


def told_there(office: Office, confirmed: object) -> dict[str, object]:
    return {
        "at": office.instance.now() * 1000, "event": "rollback-confirmed", "status": 200, "address": "", "method": "POST",
        "route": "/attention", "person": office.facts.person, "device": b"", "subject": b"", "confirmed": confirmed,
    }  # fmt: skip


def without_a_signature(office: Office, saw: seen.Seen) -> None:
    clear = told_there(office, [])
    del clear["confirmed"]
    appended(office, clear)


def with_an_empty_signature(office: Office, saw: seen.Seen) -> None:
    appended(office, told_there(office, [office.instance.now() + DAY, b""]))


def signed_by_another_key(office: Office, saw: seen.Seen) -> None:
    with transaction(office.instance.engine) as connection:
        before = journal.head(connection)[1]
    at = office.instance.now()
    signature = sign(new_signing_key(), seen.PURPOSE, codec.encode([office.instance.office, at, before]))
    appended(office, told_there(office, [at, signature]))


def of_odd_kinds(office: Office, saw: seen.Seen) -> None:
    for odd in (["later", b"x" * 64], [office.instance.now(), "signature"], [office.instance.now()], {"a": 1}, [{}, {}], [[], []], 7):
        appended(office, told_there(office, odd))


FORGERIES = [without_a_signature, with_an_empty_signature, signed_by_another_key, of_odd_kinds]


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda f: f.__name__)
def test_a_forged_confirmation_silences_nobody_and_locks_nobody_out(forge: Forgery, app: Flask, office: Office) -> None:
    visit = browser(app, office)
    yesterday = keep(office)
    work_a_day(office)
    come(visit)
    saw = remembers(visit)
    yesterday.put_back()
    forge(office, saw)
    come(visit)
    assert told(visit)


def genuine(office: Office) -> dict[str, object]:
    """The clear part of the confirmation that an administrator really gave."""
    with transaction(office.instance.engine) as connection:
        [entry] = journal.found(connection, journal.Wanted(events=("rollback-confirmed",)), 1)
    return dict(codec.decode(entry.clear))


@pytest.mark.parametrize("later", [False, True], ids=["as it was", "with a later time"])
def test_a_genuine_confirmation_copied_to_another_place_silences_nobody(later: bool, app: Flask, office: Office) -> None:
    """Taken out of a newer copy of the journal and put behind another entry."""
    visit = browser(app, office)
    yesterday = keep(office)
    work_a_day(office)
    come(visit)
    held = visit.cookie(SEEN_COOKIE)
    newest = Yesterday(office, office.copy_database(), office.copy_keystore())
    yesterday.put_back()
    confirming.confirm_whole(office.desk())
    copy = genuine(office)
    newest.put_back()
    yesterday.put_back()
    if later:
        at, signature = copy["confirmed"]  # type: ignore[misc]
        copy["confirmed"] = [at + 10 * DAY, signature]
    appended(office, copy)
    assert held and visit.cookie(SEEN_COOKIE) == held
    come(visit)
    assert told(visit)


def test_a_confirmation_edited_to_say_a_later_time_is_no_confirmation(app: Flask, office: Office) -> None:
    visit = browser(app, office)
    yesterday = keep(office)
    yesterday.put_back()
    confirming.confirm_whole(office.desk())
    confirmed = Yesterday(office, office.copy_database(), office.copy_keystore())
    work_a_day(office)
    come(visit)
    confirmed.put_back()
    clear = genuine(office)
    at, signature = clear["confirmed"]  # type: ignore[misc]
    clear["confirmed"] = [at + 30 * DAY, signature]
    [(position,)] = office.sql("SELECT max(position) FROM journal WHERE event = 'rollback-confirmed'")
    office.sql("UPDATE journal SET clear = ? WHERE position = ?", codec.encode(clear), position)
    come(visit)
    assert told(visit)


# --- the cookie


@pytest.mark.parametrize(
    "value",
    ["", "garbled", "あ", "A" * 64, "A" * 63, "====", "A" * 3000, urlsafe_b64encode(b"\xff" * 47).decode(), "%00%0d%0a"],
)  # fmt: skip
def test_a_garbled_cookie_is_ignored_and_replaced(value: str, app: Flask, office: Office) -> None:
    visit = browser(app, office)
    visit.client.set_cookie(SEEN_COOKIE, value, domain="localhost", secure=True)
    come(visit)
    assert not told(visit)
    assert remembers(visit).position > 0


@pytest.mark.parametrize("raw", [bytes(48), b"\xff" * 48, b"\x7f" * 48, (2**63).to_bytes(8, "big") + bytes(40)])
def test_a_cookie_is_read_whatever_its_numbers_are(raw: bytes, app: Flask, office: Office) -> None:
    """Somebody at his own browser can raise the alarm, which an administrator then ends; he can break nothing."""
    visit = browser(app, office)
    visit.client.set_cookie(SEEN_COOKIE, urlsafe_b64encode(raw).decode(), domain="localhost", secure=True)
    come(visit)
    if told(visit):
        confirm(visit)
    assert visit.get("/clients").status_code == 200
    come(visit)
    assert not told(visit)


def test_the_cookie_holds_a_place_a_hash_and_a_time_and_nothing_else(app: Flask, office: Office) -> None:
    visit = browser(app, office)
    come(visit)
    visit.get(visit.client_page())
    raw = urlsafe_b64decode(visit.cookie(SEEN_COOKIE) or "")
    with transaction(office.instance.engine) as connection:
        position, hashed = journal.head(connection)
    assert raw == position.to_bytes(8, "big") + hashed + office.instance.now().to_bytes(8, "big")


def test_of_another_person_at_the_same_browser_the_memory_counts_too(app: Flask, office: Office, member: Member) -> None:
    """The cookie is the browser's: what one of its people saw is missed by whoever sits there next."""
    from vault.services.accounts import devices, registering

    code, _ = devices.make_code(office.desk(), PASSWORD)
    registering.register(office.instance, office.facts.login_id, PASSWORD, code, member.device, member.device, ORIGIN)
    signing_in.sign_in(office.instance, office.facts.login_id, PASSWORD, member.device, ORIGIN)
    shared = browser(app, office, member)
    yesterday = keep(office)
    work_a_day(office)
    come(shared, member)
    shared.post("/session/end")
    yesterday.put_back()
    come(shared)
    assert told(shared)


def test_unlocking_notices_it_as_well(app: Flask, office: Office) -> None:
    visit = browser(app, office)
    yesterday = keep(office)
    work_a_day(office)
    come(visit)
    visit.post("/session/lock")
    yesterday.put_back()
    visit.instance = office.instance
    answer = visit.post("/session/unlock", {"login_id": office.facts.login_id, "password": PASSWORD})
    assert answer.status_code == 200
    assert told(visit)


def test_without_the_alarm_a_confirmation_is_still_bound_to_the_place_it_was_given(office: Office) -> None:
    """Straight at the service: the same device, the same entry, before and after somebody moved it."""
    yesterday = keep(office)
    work_a_day(office)
    head = office.sign_in().head
    saw = seen.Seen(*head, office.instance.now())
    yesterday.put_back()
    with pytest.raises(RolledBack):
        seen.compare(office.desk(), saw)
        audit.check_whole(office.instance, office.instance.keyring.stored())
    confirming.confirm_whole(office.desk())
    seen.compare(office.desk(), saw)
    audit.check_whole(office.instance, office.instance.keyring.stored())


# --- what is announced


def recover(office: Office) -> recovery.Recovered:
    ticket = recovery.issue_ticket(office.instance)[0]
    return recovery.recover(
        office.instance, " ".join(office.facts.groups), ticket, NEW, None, b"\x77" * 32, origin("203.0.113.1")
    )


def with_a_sheet(office: Office, done: recovery.Recovered) -> None:
    """The new sheet typed back, so that administrators get on with their work."""
    made = recovery.make_sheet(sessions.desk(office.instance, done.session, ORIGIN), done.session)
    assert made.payload is not None
    groups, asked = recovery.recovery_groups(made.payload.waiting.secret), recovery.asked_groups(made.payload.waiting)
    desk = sessions.desk(office.instance, made, ORIGIN)
    recovery.confirm_sheet(desk, made, (groups[asked[0] - 1], groups[asked[1] - 1]), NEW)


def notice(visit: Visit, path: str = "/today") -> str:
    page = unescape(visit.get(path).get_data(as_text=True))
    found = re.search(r'<form method="post" action="/today/announced".*?</form>', page, re.DOTALL)
    return found[0] if found else ""


def read_it(visit: Visit) -> None:
    found = re.search(r'name="position" value="(\d+)"', notice(visit))
    assert found
    assert visit.post("/today/announced", {"position": found[1]}).status_code == 303


def test_a_recovery_is_told_to_everybody_at_the_next_sign_in_until_he_says_that_he_has_read_it(
    app: Flask, office: Office, member: Member
) -> None:
    done = recover(office)
    with_a_sheet(office, done)
    people = [(browser(app, office), None), (browser(app, office, member), member)]
    for visit, who in people:
        come(visit, who)
        assert "復旧用紙" in notice(visit) and done.login_id in notice(visit)
        assert all(notice(visit, path) for path in ("/today", "/office", "/clients", "/ledger")), "on every list"
        assert notice(visit).count("<p>") == 1, "once"
        come(visit, who)
        assert notice(visit), "looking at it is not having read it"
        read_it(visit)
        assert not notice(visit)
        come(visit, who)
        assert not notice(visit)


def test_it_stands_over_no_form_and_leads_back_to_the_page_where_it_was_read(app: Flask, office: Office) -> None:
    with_a_sheet(office, recover(office))
    visit = browser(app, office)
    come(visit)
    for form in ("/clients/new/Household", "/office/rules", visit.client_page() + "/edit"):
        assert not notice(visit, form), form
    page = "/ledger?state=overdue"
    told = re.search(r'name="back" value="([^"]*)"', notice(visit, page))
    assert told and unescape(told[1]) == page
    for back in ("https://evil.example/", "//evil.example/ledger", "/\\evil.example", "/ledger\r\nX: y", "/no-such-page", "/own", ""):
        answer = visit.post("/today/announced", {"position": "0", "back": back})
        assert answer.status_code == 303 and answer.location == "/today", back
    assert visit.post("/today/announced", {"position": "0", "back": page}).location == page


def test_one_having_read_it_does_not_speak_for_another(app: Flask, office: Office, member: Member) -> None:
    with_a_sheet(office, recover(office))
    first, second = browser(app, office), browser(app, office, member)
    come(first)
    read_it(first)
    come(second, member)
    assert notice(second)


def test_who_did_it_and_who_came_later_are_not_told(app: Flask, office: Office) -> None:
    done = recover(office)
    with_a_sheet(office, done)
    new = Visit(app, office).with_device(b"\x77" * 32)
    new.get("/session/new")
    assert new.post("/session/new", {"login_id": done.login_id, "password": NEW}).status_code == 303
    assert not notice(new)
    later = join(office, Role.VIEWER, tuple(office.desk().directory.of_clients()))
    visit = browser(app, office, later)
    come(visit, later)
    assert not notice(visit)


def test_what_happens_after_it_was_read_is_told_anew(app: Flask, office: Office) -> None:
    with_a_sheet(office, first := recover(office))
    visit = browser(app, office)
    come(visit)
    read_it(visit)
    made = recovery.make_sheet(office.desk(), office.session())
    assert made.payload is not None and first.login_id
    from tests.support.offices import confirm as type_back

    office.facts.groups = recovery.recovery_groups(made.payload.waiting.secret)
    type_back(office, made)
    office.clock.tick(3600)
    second = recovery.recover(
        office.instance, " ".join(office.facts.groups), recovery.issue_ticket(office.instance)[0], NEW, None,
        b"\x78" * 32, origin("203.0.113.2"),
    )  # fmt: skip
    with_a_sheet(office, second)
    come(visit)
    assert second.login_id in notice(visit) and first.login_id not in notice(visit)


def test_nobody_can_say_to_have_read_what_is_still_to_come(app: Flask, office: Office, member: Member) -> None:
    visit = browser(app, office, member)
    come(visit, member)
    for position in ("999999999", str(2**63), str(2**80), "-5", "x", ""):
        assert visit.post("/today/announced", {"position": position}).status_code == 303, position
        visit.get("/help")
    with_a_sheet(office, recover(office))
    come(visit, member)
    assert notice(visit)


def test_a_rollback_and_its_confirmation_are_told_to_those_who_were_away(app: Flask, office: Office, member: Member) -> None:
    administrator, away = browser(app, office), browser(app, office, member)
    yesterday = keep(office)
    work_a_day(office)
    come(administrator)
    yesterday.put_back()
    come(administrator)
    confirm(administrator)
    come(away, member)
    assert notice(away).count("<p>") >= 2
    read_it(away)
    assert not notice(away)


def test_up_to_where_somebody_has_read_only_rises(office: Office, member: Member) -> None:
    desk = member.desk(office)
    with transaction(office.instance.engine) as connection:
        head = journal.head(connection)[0]
    announcements.read(desk, head)
    announcements.read(desk, 1)
    with transaction(office.instance.engine) as connection:
        assert announcements.told_up_to(connection, member.person) == head
        assert records.fact(connection, f"told:{office.facts.person.hex()}") is None
