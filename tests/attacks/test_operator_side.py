"""The operator's side against those it looks after: an office that somebody has taken over answers, names and nests its files
as it likes, and neither the monitor, nor root, nor another office comes to harm; and what is typed stays a word."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.hosts import needs_host, prepared_host
from tests.support.monitored import BROKEN, Site, site
from tests.support.offices import CHEAP, DEVICE, Office
from vault.cli.operator.mail_texts import Words
from vault.domain.operator.incidents import FIRST, OUTAGE
from vault.domain.operator.notices import Notice
from vault.domain.operator.typed import shown
from vault.domain.values.moments import DAY
from vault.errors import NotReady, Refused, Unwritable
from vault.services import sessions, told
from vault.services.accounts import rules
from vault.services.instance import Instance
from vault.services.keyring import Keyring
from vault.services.operator import (
    incidents,
    looking,
    monitoring,
    notices,
    remains,
    summaries,
    upgrade_notes,
    wanted,
)
from vault.services.operator.incidents import Opening, Who
from vault.services.operator.looking import Look
from vault.services.operator.provisioning import HandOver, Provisioning
from vault.services.operator.upgrade_notes import Note
from vault.services.operator.wanted import Wanted
from vault.storage import durable
from vault.storage.host import figures as store
from vault.storage.host import files, offices, programs, running, users
from vault.storage.host.layout import Host, Profile, check_name, check_profile, read_host
from vault.storage.host.offices import HostedOffice

__all__ = ["site"]
ROUND = 300
NOW = 1_795_000_000
root_only = pytest.mark.skipif(os.geteuid() != 0, reason="only root acts as others")


# --- the monitor and what an office answers


def rounds(site: Site, number: int, now: int = 0) -> int:
    now = now or int(time.time())
    for _ in range(number):
        monitoring.run_round(site.host, now, Words("host-1"))
        now += ROUND
    return now


def told_problems(site: Site) -> set[tuple[str, str]]:
    with store.opened(site.host) as held:
        return {(each.office, each.code) for each in held.problems() if each.told and each.office}


@pytest.mark.parametrize("page", [
    b"<![<![<![", b"<!DOCTYPE [<!ENTITY", b"<dd " * 20_000, b"<!-- " * 15_000, b"&#99999999999999999999;", b"\xff\xfe\x00" * 999,
])  # fmt: skip
def test_an_answer_that_is_no_html_silences_the_monitor_for_nobody(
    site: Site, page: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken, umi = site.add("minato"), site.add("umi")
    monkeypatch.setattr(taken, "page", lambda: page)
    umi.https = BROKEN
    rounds(site, 2)
    assert {("minato", looking.NO_STATE), ("umi", looking.HTTP)} <= told_problems(site)
    assert any("umi" in text for text in site.mails.texts)


def test_a_look_that_breaks_in_a_way_nobody_thought_of_keeps_the_others_looked_at(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.add("minato")
    site.add("umi").https = BROKEN
    real = looking.look

    def look(host: Host, office: HostedOffice, *more: object) -> Look:
        assert office.name != "minato", "of the test"
        return real(host, office, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(looking, "look", look)
    rounds(site, 2)
    assert {("minato", looking.NO_STATE), ("umi", looking.HTTP)} <= told_problems(site)


def test_an_office_writes_no_line_of_its_own_into_a_mail(site: Site) -> None:
    taken = site.add("minato")
    taken.ready["space"] = "1&#10;■ 回復&#10;- umi: すべて&#27;[2J&#x202e;"
    taken.bad.add("space")
    rounds(site, 2)
    text = "\n".join(site.mails.texts)
    assert not {"■ 回復", "- umi: すべて"} & set(text.split("\n")) and "■ 回復" not in text and "すべて" not in text
    assert "minato" in text and not {"\x1b", "\u202e"} & set(text)


def test_a_time_that_no_calendar_has_keeps_no_summary_from_being_sent(site: Site) -> None:
    site.add("minato").ready.update(backup="999999999999999 0 0", drill="99999999999999 0")
    now = rounds(site, 1)
    monitoring.run_round(site.host, now + 7 * DAY, Words("host-1"))
    assert any("週のまとめ" in each for each in site.mails.subjects)
    line = summaries.status(site.host, now).lines[0]
    assert (line.backup, line.drill) == (0, 0)


def test_figures_that_cannot_be_written_for_an_office_keep_no_mail_from_being_sent(site: Site) -> None:
    site.add("minato").https = BROKEN
    (site.host.figures("minato") / "availability.json").mkdir(parents=True)
    rounds(site, 2)
    assert any("minato" in each for each in site.mails.subjects)


# --- root and what an office's user says


@pytest.mark.parametrize("words", [("cat", "/dev/zero"), ("sh", "-c", "cat /dev/zero >&2")])
def test_what_has_no_end_is_not_held_in_roots_memory(words: tuple[str, ...]) -> None:
    began = time.monotonic()
    with pytest.raises(Refused, match="program-failed"):
        programs.run(*words, seconds=60)
    assert time.monotonic() - began < 20


def test_one_that_lives_on_keeps_nobody_waiting() -> None:
    began = time.monotonic()
    assert programs.run("sh", "-c", "sleep 30 & echo $!; kill $!") and time.monotonic() - began < 10


@root_only
def test_a_program_of_an_office_takes_no_more_memory_than_it_may() -> None:
    with pytest.raises(Refused, match="program-failed") as refused:
        programs.run_as("www-data", "/usr/bin/python3", "-c", "open('/dev/zero', 'rb').read()", seconds=120)
    assert "MemoryError" in str(refused.value.facts["said"])


def test_nothing_that_is_said_moves_the_operators_cursor() -> None:
    said = "a\x1b]0;x\x07\r\x9b2J\u202eb\u2066\n終わり\t。"
    assert shown(said) == "a?]0;x???2J?b?\n終わり\t。"
    assert programs.run("printf", "%b", "a\\033[2Jb\\r\\n") == "a?[2Jb?\n"
    with pytest.raises(Refused) as refused:
        programs.run("sh", "-c", "printf 'no\\033[2J' >&2; exit 1")
    assert refused.value.facts["said"] == "no?[2J"


def dig(folder: Path, deep: int) -> None:
    """Folders in folders, as deep as no path's name is."""
    folder.mkdir(parents=True, exist_ok=True)
    here = os.open(folder, os.O_RDONLY)
    for _ in range(deep):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)


def test_folders_in_folders_keep_no_office_from_being_ended(tmp_path: Path) -> None:
    host = Host(tmp_path)
    dig(host.folder("taken") / "x", 3000)
    assert remains.find(host, "going", "going.example.jp", (-2, -2)) == []
    assert files.drop(host.folder("taken")) and not host.folder("taken").exists()


@pytest.mark.parametrize("name", ["going", "a", "contract", "notices", "offices", "figures", "told"])
def test_how_another_office_calls_its_files_keeps_no_office_from_being_ended(tmp_path: Path, name: str) -> None:
    host = Host(tmp_path)
    for place in (host.folder("taken"), host.keys("taken"), host.backups("taken"), host.run("taken"), host.figures("taken")):
        place.mkdir(parents=True)
        (place / name).mkdir()
        (place / f"{name}.json").touch()
    offices.write(host, HostedOffice("taken", "taken.example.jp"))
    (host.monitor / "figures.db").touch()
    for file in ("contract.json", "notices.json"):
        host.told("taken").mkdir(parents=True, exist_ok=True)
        (host.told("taken") / file).write_text(json.dumps({"ja": "going.example.jp を止めます。"}))
    assert remains.find(host, name, "going.example.jp", (-2, -2)) == []
    host.figures(name).mkdir()
    assert remains.find(host, name, "going.example.jp", (-2, -2)) == [host.figures(name)]


def test_the_name_of_a_file_beside_the_offices_is_no_offices_name() -> None:
    with pytest.raises(Refused, match="office-name-unfit"):
        check_name("lock")


@needs_host
def test_an_office_that_was_taken_over_keeps_neither_itself_nor_its_neighbour_from_being_ended() -> None:
    with prepared_host() as made:
        (taken, _), (staying, _) = made.provision("h"), made.provision("n")
        folder, user = made.host.folder(taken), made.host.user(taken)
        dig(folder / "data" / "deep", 3000)
        (folder / staying).mkdir()
        (folder / "shut" / "in").mkdir(parents=True)
        subprocess.run(["chown", "-hR", f"{user}:", folder], check=True)
        (folder / "shut").chmod(0)
        plain = (folder / "settings.toml").read_bytes()
        (folder / "settings.toml").unlink()
        (folder / "settings.toml").symlink_to("/dev/zero")
        assert "settings.toml" in made.operator("decommission", taken, "--yes", taken, code=1).stderr
        (folder / "settings.toml").unlink()
        (folder / "settings.toml").write_bytes(plain)
        for name in (staying, taken):
            made.operator("decommission", name, "--yes", name, "--contract-ended")
        assert users.numbers(user) is None and not folder.exists()


# --- the next office of the same name


def test_a_new_office_reads_nothing_that_was_told_to_one_of_the_same_name(tmp_path: Path) -> None:
    host, who = Host(tmp_path), Who("sato", NOW)
    offices.write(host, HostedOffice("minato", "old.example", began=NOW - 1000))
    for told_to in (("minato",), ()):
        notices.add(host, Notice(id="", planned=False, begins=NOW, ends=None, announce=NOW, ja="契約の件です。", offices=told_to), NOW)
    found = incidents.begin(host, Opening(kind=OUTAGE, what="前の事務所の件です。", aware=NOW - 60), who)
    incidents.report(host, found.number, FIRST, {}, who)
    assert _told(host, "incidents") == ["前の事務所の件です。"] and len(_told(host, "notices")) == 2
    offices.write(host, HostedOffice("minato", "new.example"))
    for room in (notices, incidents):
        room.publish(host, ["minato"], since=NOW + 500)
    assert (_told(host, "incidents"), len(_told(host, "notices"))) == ([], 1)
    offices.write(host, HostedOffice("minato", "new.example", began=NOW + 600))
    later = incidents.begin(host, Opening(kind=OUTAGE, what="今の件です。", aware=NOW + 700), Who("sato", NOW + 700))
    incidents.report(host, later.number, FIRST, {}, Who("sato", NOW + 700))
    assert _told(host, "incidents") == ["今の件です。"]


def _told(host: Host, what: str) -> list[str]:
    raw = json.loads((host.told("minato") / f"{what}.json").read_text("utf-8"))[what]
    return [each.get("what") or each["ja"] for each in raw]


# --- what the operator says, and who is killed or goes at it twice


def test_a_file_is_read_by_its_office_or_not_there_yet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    host.told("minato").mkdir(parents=True)
    offices.tell(host, "minato", "contract.json", {"policies": 20})

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(offices, "share", killed)
    with pytest.raises(KeyboardInterrupt):
        offices.tell(host, "minato", "contract.json", {"policies": 100})
    path = host.told("minato") / "contract.json"
    assert json.loads(path.read_text()) == {"policies": 20} and stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_pipe_in_the_place_of_figures_lets_no_request_wait(office: Office, tmp_path: Path) -> None:
    """The monitor's folder is the monitor's: what it puts there is read by every office."""
    settings = replace(office.settings, told=tmp_path / "told")
    settings.told.mkdir()
    os.mkfifo(tmp_path / "pipe")
    (settings.told / "availability.json").symlink_to(tmp_path / "pipe")
    office.instance.settings = settings
    began = time.monotonic()
    assert told.facts(office.instance, "availability.json") == {} and told._read(tmp_path / "pipe", (0, 0, 0)) == {}
    assert time.monotonic() - began < 5


def test_two_who_change_an_office_lose_nothing_of_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    host = Host(tmp_path)
    offices.write(host, HostedOffice("minato", "minato.example", began=1))
    real = offices.read

    def late(host: Host, name: str) -> HostedOffice:
        with pytest.raises(Unwritable, match="busy"), durable.locked(host.operator / "office-files.lock", seconds=0):
            pass
        return real(host, name)

    monkeypatch.setattr(offices, "read", late)
    offices.change(host, "minato", policies=100)
    offices.change(host, "minato", hours="always")
    assert real(host, "minato") == HostedOffice("minato", "minato.example", policies=100, hours="always", began=1)


def test_a_release_that_an_upgrade_would_go_back_to_is_needed(tmp_path: Path) -> None:
    host = Host(tmp_path)
    upgrade_notes.write(host, "minato", Note("0.1.0-old", "0.2.0-new", upgrade_notes.MIGRATE, NOW))
    assert upgrade_notes.needing(host, "0.1.0-old") == ["minato"] == upgrade_notes.needing(host, "0.2.0-new")
    assert upgrade_notes.needing(host, "0.3.0-other") == []


class Begun(Provisioning):
    """Killed between the sheet and the note of it; the office has set its first password since."""

    def _has_begun(self) -> bool:
        return True

    def hand_over_again(self) -> HandOver:
        raise Refused("office-said", name=self.name, command="init", said="used")


def test_an_office_that_was_used_since_a_kill_is_no_longer_being_made(tmp_path: Path) -> None:
    shown_: list[HandOver] = []
    Begun(Host(tmp_path), Wanted(HostedOffice("minato", "minato.example")))._show(shown_.append)
    assert shown_ == []


def test_the_folder_of_the_sockets_is_for_nginx_to_pass_whatever_the_mask_is(tmp_path: Path) -> None:
    host, before = Host(tmp_path), os.umask(0o077)
    try:
        hold = running.Hold(host, "minato")
        hold.take()
        hold.release()
    finally:
        os.umask(before)
    assert stat.S_IMODE(hold.path.parent.stat().st_mode) == 0o755
    assert stat.S_IMODE(hold.path.stat().st_mode) == 0o600, "an office that could open it could hold every other one"


# --- a process that was ended and began anew


def test_a_fresh_process_locks_by_the_rule_of_the_office_and_by_no_other(office: Office) -> None:
    """Begun anew, or only ever asked by others, it has opened nothing yet; the office says an hour."""
    keeper = Keyring(office.instance.files)
    assert keeper.known_rule("idle_minutes", 15) == 15
    desk = office.desk()
    rules.save(desk, replace(rules.read(desk), idle_minutes=60))
    assert keeper.known_rule("idle_minutes", 15) == 60 == Keyring(office.instance.files).known_rule("idle_minutes", 15)
    keeper.let_go()
    assert keeper.known_rule("idle_minutes", 15) == 60 and not keeper.holds(), "opened again though nothing has changed"


def test_what_a_process_left_of_a_session_opens_nothing_and_goes_when_one_begins(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stopped while somebody was in: nobody wipes his row then, until the next start."""
    signed = office.sign_in()
    office.clock.tick(16 * 60)
    again = Instance(office.settings, office.clock, CHEAP)
    found = sessions.find(again, signed.cookie, DEVICE)
    assert found is not None and found.locked and again.sessions.any_open()
    looks = iter(range(6))

    def look() -> None:
        if next(looks, None) is None:
            raise SystemExit  # ends the keeper of this test

    monkeypatch.setattr(again.keyring, "let_go_if_due", look)
    with pytest.raises(SystemExit):
        again._keep()
    assert not again.sessions.any_open()


# --- what the operator types


@pytest.mark.parametrize("wrong", [
    {"data": Path("/srv/a b")}, {"data": Path("/srv/@offices@")}, {"backups": Path("/srv/%i")}, {"keys": Path("/srv/a/../b")},
    {"data": Path("/")}, {"keys": Profile().data}, {"backups": Profile().keys}, {"listen": ("127.0.0.1; include /etc/shadow",)},
    {"listen": ("127.0.0.1", "0.0.0.0 default_server")}, {"web_group": "www-data\nUser=root"}, {"place": "東京\x7f"},
    {"operator": "港\nBcc: all@example.jp"}, {"mail_from": "kura@example.jp\r\nX: y"}, {"data_centre": "\u202e"},
])  # fmt: skip
def test_a_value_of_the_host_stays_one_word_of_its_file(tmp_path: Path, wrong: dict[str, object]) -> None:
    with pytest.raises(Refused, match="profile-unfit"):
        check_profile(replace(Profile(), **wrong))  # type: ignore[arg-type]
    host = Host(tmp_path)
    host.settings.mkdir(parents=True)
    plain = {name: [str(each) for each in value] if isinstance(value, tuple) else str(value) for name, value in wrong.items()}
    host.profile_file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in plain.items()), "utf-8")
    with pytest.raises(NotReady, match="settings-unreadable"):
        read_host(tmp_path)


def test_usual_values_of_a_host_are_taken() -> None:
    profile = Profile(data=Path("/srv/kura_1/data.d"), listen=("192.0.2.1", "[2001:db8::1]", "*"), place="東京都 港区", operator="(株)港")
    assert check_profile(profile) is profile and check_profile(Profile())


NAMES: tuple[Callable[[str], object], ...] = (check_name, lambda name: wanted.check(Host(Path("/nowhere")), Wanted(HostedOffice(name, "a.example"))))


@pytest.mark.parametrize("name", ["../x", "a/b", "a b", "a\nb", "%i", "@x@", "a;b", "-a", "a-", "A", "", "x" * 25, "ä"])
def test_a_name_is_a_name_everywhere(name: str) -> None:
    for check in NAMES:
        with pytest.raises(Refused, match="office-name-unfit"):
            check(name)
