"""A password of one's own: changed on all devices at once, spelled as keyboards spell it, long, short, old, and due."""

from __future__ import annotations

import unicodedata

import pytest
from flask import Flask

from tests.support.authority import ALLOWED, OF_THE_CLIENT, PUBLIC, STAGES, address, routes, staffed
from tests.support.offices import NAMES, ORIGIN, Office
from tests.support.people import PASSWORD, Member, device_of, join
from tests.support.visits import Visit, shows_nothing
from vault.domain.access import Role
from vault.errors import Refused, WrongCredential
from vault.services import clients, sessions
from vault.services.accounts import devices, passwords, registering, rules, signing_in

NEW = "ぶどう 自転車 らくだ 朝焼け"
DAY = 24 * 3600


@pytest.fixture
def member(office: Office) -> Member:
    """A handler on a browser of his own, and on a second one."""
    made = join(office, Role.HANDLER, tuple(office.desk().directory.of_clients()))
    add_device(office, made, SECOND)
    return made


SECOND = device_of("second")


def add_device(office: Office, member: Member, secret: bytes) -> None:
    code, _ = devices.make_code(member.desk(office), member.password)
    registering.register(office.instance, member.login_id, member.password, code, None, secret, ORIGIN)
    signing_in.sign_in(office.instance, member.login_id, member.password, secret, ORIGIN)


def change(office: Office, member: Member, new: str, old: str = "") -> sessions.Session:
    """Changed at his own browser; who he is from then on has the new one."""
    held = member.sign_in(office).session
    made = passwords.change(sessions.desk(office.instance, held, ORIGIN), held, old or member.password, new)
    member.password = new
    return made


def opens(office: Office, member: Member, password: str, secret: bytes) -> bool:
    """Whether a password signs in at a device and the clients open."""
    office.clock.tick(3600)
    try:
        done = signing_in.sign_in(office.instance, member.login_id, password, secret, ORIGIN)
    except WrongCredential:
        return False
    return bool(clients.list_clients(sessions.desk(office.instance, done.session, ORIGIN)))


def lay_down(office: Office, **changed: int) -> None:
    """The office's rules, with some of them changed."""
    from dataclasses import replace

    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), **changed))  # type: ignore[arg-type]


# --- on all devices


def test_changed_on_one_device_the_old_one_fails_on_the_other_and_the_new_one_works(office: Office, member: Member) -> None:
    change(office, member, NEW)
    for secret in (member.device, SECOND):
        assert not opens(office, member, PASSWORD, secret)
        assert opens(office, member, NEW, secret)


def test_changed_on_the_second_device_it_holds_on_the_first(office: Office, member: Member) -> None:
    held = signing_in.sign_in(office.instance, member.login_id, PASSWORD, SECOND, ORIGIN).session
    passwords.change(sessions.desk(office.instance, held, ORIGIN), held, PASSWORD, NEW)
    assert opens(office, member, NEW, member.device) and not opens(office, member, PASSWORD, member.device)


def test_codes_that_were_printed_before_work_with_the_new_password_alone(office: Office, member: Member) -> None:
    spare = devices.make_spare(member.desk(office), PASSWORD)
    change(office, member, NEW)
    with pytest.raises(WrongCredential):
        registering.register(office.instance, member.login_id, PASSWORD, spare, None, device_of("third"), ORIGIN)
    registering.register(office.instance, member.login_id, NEW, spare, None, device_of("third"), ORIGIN)
    assert opens(office, member, NEW, device_of("third"))


def test_a_device_that_was_added_while_the_change_was_being_typed_has_the_new_password_too(office: Office, member: Member) -> None:
    """The session's bundle is older than the keystore's: the slots are written from what stands there now."""
    held = member.sign_in(office).session
    desk = sessions.desk(office.instance, held, ORIGIN)
    add_device(office, member, device_of("third"))
    passwords.change(desk, held, PASSWORD, NEW)
    assert opens(office, member, NEW, device_of("third")) and not opens(office, member, PASSWORD, device_of("third"))


def test_of_two_changes_typed_side_by_side_the_second_one_is_refused(office: Office, member: Member) -> None:
    first, second = member.sign_in(office).session, member.sign_in(office).session
    one, other = (sessions.desk(office.instance, each, ORIGIN) for each in (first, second))
    passwords.change(one, first, PASSWORD, NEW)
    with pytest.raises(WrongCredential):
        passwords.change(other, second, PASSWORD, "あかり 水筒 きりん 夜汽車")
    assert opens(office, member, NEW, member.device)


def test_the_other_sessions_end_and_this_one_goes_on(office: Office, member: Member) -> None:
    elsewhere = signing_in.sign_in(office.instance, member.login_id, PASSWORD, SECOND, ORIGIN)
    mine = office.sign_in()
    held = member.sign_in(office)
    passwords.change(sessions.desk(office.instance, held.session, ORIGIN), held.session, PASSWORD, NEW)
    assert sessions.find(office.instance, elsewhere.cookie, SECOND) is None
    found = sessions.find(office.instance, held.cookie, member.device)
    assert found is not None and clients.list_clients(sessions.desk(office.instance, found, ORIGIN))
    assert sessions.find(office.instance, mine.cookie, office_device()) is not None, "another person stays"


def office_device() -> bytes:
    from tests.support.offices import DEVICE

    return DEVICE


def test_an_old_copy_of_the_keystore_does_not_open_with_the_old_password(office: Office, member: Member) -> None:
    """What the old password opened is under a shred key that is gone."""
    replica = office.settings.replicas[0]
    change(office, member, "まだ 前の ことば です")
    kept = {path.name: path.read_bytes() for path in replica.glob("shred.*")}
    change(office, member, NEW)
    assert not any((replica / name).exists() for name in kept)
    assert len(list(replica.glob("shred.*"))) == 1


# --- spellings

SPOKEN = "ガラス ポット Ｋａｇｉ 2026 青空"


@pytest.mark.parametrize(
    "typed",
    [
        unicodedata.normalize("NFD", SPOKEN), unicodedata.normalize("NFC", SPOKEN), unicodedata.normalize("NFKD", SPOKEN),
        "ｶﾞﾗｽ ﾎﾟｯﾄ Kagi ２０２６ 青空", "ガラス　ポット　Ｋａｇｉ　2026　青空", SPOKEN.replace("Ｋａｇｉ", "Kagi"),
    ],
    ids=["decomposed", "composed", "taken apart", "half width", "wide spaces", "narrow letters"],
)  # fmt: skip
def test_however_the_keyboard_spells_it_it_is_the_same_password(typed: str, office: Office, member: Member) -> None:
    change(office, member, SPOKEN)
    assert opens(office, member, typed, member.device) and opens(office, member, typed, SECOND)
    desk = member.desk(office)
    signing_in.prove(desk, typed)
    held = member.sign_in(office).session
    with pytest.raises(Refused, match="password-same"):
        passwords.change(sessions.desk(office.instance, held, ORIGIN), held, SPOKEN, typed)


def test_other_letters_are_another_password(office: Office, member: Member) -> None:
    change(office, member, SPOKEN)
    for typed in (SPOKEN.replace("ガ", "カ"), SPOKEN.lower(), SPOKEN.replace(" ", ""), SPOKEN + " ", SPOKEN.replace("ガラス", "がらす")):
        assert not opens(office, member, typed, member.device), typed


# --- long and short


def long_text(characters: int, letters: str = "abcdefghijklmnopqrstuvwxyz0123456789 ") -> str:
    return "".join(letters[(n * n + n // 7) % len(letters)] for n in range(characters))


def test_a_thousand_characters_work_to_the_last(office: Office, member: Member) -> None:
    password = long_text(1000)
    change(office, member, password)
    assert opens(office, member, password, SECOND)
    assert not opens(office, member, password[:-1], SECOND)
    assert not opens(office, member, password[:-1] + ("x" if password[-1] != "x" else "y"), SECOND)


def test_just_1024_bytes_work_and_one_more_is_refused_in_words(office: Office, member: Member) -> None:
    for fits in (long_text(1024), long_text(341, "あいうえおかきくけこさしすせそ") + "x"):
        assert len(fits.encode()) == 1024
        change(office, member, fits)
        assert opens(office, member, fits, SECOND)
        with pytest.raises(Refused) as refused:
            change(office, member, fits + "x", member.password)
        member.password = fits
        assert (refused.value.code, refused.value.facts["most"]) == ("password-too-long", 1024)


@pytest.mark.parametrize("monster", ["a" + "\u0301\u0316" * 100_000, "x" * 3_000_000, "\ufdfa" * 500])
def test_a_monster_is_refused_at_once(monster: str, office: Office, member: Member) -> None:
    """Normalising takes time with the square of a run of accents: hours, for what fits into a form."""
    import time

    started = time.monotonic()
    with pytest.raises(Refused, match="password-too-long"):
        change(office, member, monster)
    assert time.monotonic() - started < 2


def test_the_office_may_want_longer_ones_and_never_shorter_ones(office: Office, member: Member) -> None:
    lay_down(office, password_shortest=20)
    with pytest.raises(Refused) as refused:
        change(office, member, "十九文字しかない言葉です。ほんとうに")
    assert refused.value.facts["shortest"] == 20
    member.password = PASSWORD
    change(office, member, "二十文字はあるはずの言葉をひとつ決めました。")
    assert opens(office, member, member.password, SECOND)


def test_a_rule_for_longer_ones_leaves_the_one_that_stands(office: Office, member: Member) -> None:
    lay_down(office, password_shortest=64)
    assert opens(office, member, PASSWORD, member.device)


def test_a_refused_one_changes_nothing(office: Office, member: Member) -> None:
    before = office.instance.files.newest()
    for new, code in (("short", "too-short"), (PASSWORD, "same"), (f"{member.login_id}{member.login_id}", "office-word")):
        with pytest.raises(Refused, match=code):
            change(office, member, new, PASSWORD)
        member.password = PASSWORD
    with pytest.raises(WrongCredential):
        change(office, member, NEW, "not the old one")
    member.password = PASSWORD
    assert office.instance.files.newest() == before and opens(office, member, PASSWORD, SECOND)


# --- due


def test_by_default_no_password_is_ever_due(office: Office, member: Member) -> None:
    office.clock.tick(3650 * DAY)
    assert not passwords.is_due(member.desk(office), office.instance.now())


def test_due_after_so_many_days_and_not_again_until_as_many_have_passed(office: Office, member: Member) -> None:
    lay_down(office, password_days=30)
    office.clock.tick(30 * DAY - 1)
    assert not passwords.is_due(member.desk(office), office.instance.now())
    office.clock.tick(1)
    assert passwords.is_due(member.desk(office), office.instance.now())
    change(office, member, NEW)
    assert not passwords.is_due(member.desk(office), office.instance.now())
    office.clock.tick(30 * DAY)
    assert passwords.is_due(member.desk(office), office.instance.now())


def test_a_password_of_unknown_age_is_due_when_the_office_wants_them_changed(office: Office) -> None:
    """Set before its day was noted: it counts as old."""
    from dataclasses import replace

    def forget(keystore):
        return replace(keystore, stretches={p: replace(s, made=0) for p, s in keystore.stretches.items()})

    assert not passwords.is_due(office.desk(), office.instance.now())
    office.instance.files.add(forget)
    assert not passwords.is_due(office.desk(), office.instance.now())
    lay_down(office, password_days=90)
    assert passwords.is_due(office.desk(), office.instance.now())


# What is opened all the same: what was put back waits for somebody, the recovery sheet, the office's own name, and what
# has been announced. None of it is a client's.
EARLY = {
    "own.password", "own.password_now", "attention.show", "attention.confirm", "today.announced", "first_day.sheet",
    "first_day.sheet_now", "first_day.new_sheet", "office.particulars", "office.particulars_now",
}  # fmt: skip


@pytest.mark.parametrize("who", ["administrator in", "viewer in"])
def test_while_a_password_is_due_nothing_else_opens(who: str, app: Flask, office: Office, tmp_path) -> None:
    of = staffed(office, tmp_path / "staffed")
    lay_down(of.office, password_days=30)
    member = of.members[who]
    of.office.clock.tick(30 * DAY)
    visit = Visit(app, of.office).with_device(member.device)
    assert visit.sign_in(member.login_id, member.password).status_code == 303
    page = visit.get("/own/password")
    assert page.status_code == 200 and "パスワードを変える時期です" in page.get_data(as_text=True)
    asked = 0
    for method, rule in routes(app):
        if rule.endpoint in PUBLIC or rule.endpoint in EARLY or rule.endpoint in STAGES["first"][0] | STAGES["activation"][0]:
            continue
        answer = visit.open(address(app, rule, of, bytes(16)), method=method, data={"csrf_token": visit.token})
        assert answer.status_code == 303 and answer.location == "/own/password", (method, rule.endpoint, answer.status_code)
        asked += 1
    assert asked >= len(ALLOWED) - len(EARLY)
    for path in ("/attention", "/office/particulars", "/first-day/sheet"):
        text = visit.get(path).get_data(as_text=True)
        assert not any(secret in text for secret in (*OF_THE_CLIENT, *NAMES)), path
    visit.get("/own/password")
    refused = visit.post("/own/password", {"old": member.password, "new": member.password, "again": member.password})
    assert refused.status_code == 400 and "同じパスワード" in refused.get_data(as_text=True)
    assert visit.get("/clients").location == "/own/password" and shows_nothing(visit.get("/clients"))
    assert visit.post("/own/password", {"old": member.password, "new": NEW, "again": NEW}).status_code == 303
    assert visit.get("/clients").status_code == 200
