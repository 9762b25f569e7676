"""The monitor against real servers: what it finds, what it tells by mail and what it does not, and what it keeps."""

from __future__ import annotations

import json
import os
import ssl
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.support.monitored import BROKEN, CLOSED, DRIPS, HANGS, Site, site
from vault.cli.operator.mail_texts import Words, share
from vault.domain.operator.availability import Figures as Measured
from vault.domain.operator.availability import bounds, month_of
from vault.domain.values.moments import DAY, JAPAN
from vault.errors import NotReady, Refused, Unwritable
from vault.services.operator import figures, looking, mailing, monitoring, summaries, telling
from vault.storage import durable
from vault.storage.host import authority, offices
from vault.storage.host import figures as store
from vault.storage.host.layout import Host

__all__ = ["site"]
MINUTE, HOUR, ROUND = 60, 3600, 300
# A Tuesday at ten in Japan, of this week: certificates are checked by the clock of the machine.
_TODAY = datetime.now(JAPAN).replace(hour=10, minute=0, second=0, microsecond=0)
TUESDAY = int((_TODAY + timedelta(days=1 - _TODAY.weekday())).timestamp())
WORDS = Words("host-1")


def rounds(site: Site, now: int, number: int = 1) -> int:
    """So many rounds, five minutes apart; returns when the next one is."""
    for _ in range(number):
        monitoring.run_round(site.host, now, WORDS)
        now += ROUND
    return now


def problems(host: Host) -> list[tuple[str, str]]:
    with store.opened(host) as held:
        return [(each.office, each.code) for each in held.problems() if each.told]


def measured(site: Site, name: str, since: int, until: int) -> Measured:
    with store.opened(site.host) as held:
        return figures.measure(held, name, since, until)[0]


# --- what is told


def test_an_office_that_answers_is_up_and_nobody_is_written_to(site: Site) -> None:
    minato = site.add("minato")
    now = rounds(site, TUESDAY, 3)
    assert minato.asked == 3 and site.mails.taken == [] and problems(site.host) == []
    assert measured(site, "minato", TUESDAY, now) == Measured(up=15 * MINUTE)
    assert minato.ready_asked[1] == f"/readyz?position=10&hash={'ab' * 32}"


def test_a_failure_is_told_once_and_its_recovery_once(site: Site) -> None:
    minato, _other = site.add("minato"), site.add("umi")
    now = rounds(site, TUESDAY)
    minato.https = BROKEN
    now = rounds(site, now)
    assert site.mails.taken == []  # one bad answer may be a restart
    now = rounds(site, now, 4)
    assert site.mails.subjects == ["[Kura] host-1 異常1件: minato"]
    minato.https = "ok"
    now = rounds(site, now, 4)
    assert site.mails.subjects[1:] == ["[Kura] host-1 回復1件: minato"]
    assert "502" in site.mails.texts[0] and "umi" not in "".join(site.mails.texts)
    found = measured(site, "minato", TUESDAY, now)
    assert found == Measured(up=25 * MINUTE, down=25 * MINUTE)
    assert measured(site, "umi", TUESDAY, now).down == 0


def test_several_findings_stand_in_one_mail(site: Site) -> None:
    for name in ("asa", "hiru", "yoru"):
        site.add(name).https = BROKEN
    site.behaviours["asa.example"].bad = {"backup", "replicas"}
    now = rounds(site, TUESDAY)
    assert site.mails.subjects == ["[Kura] host-1 異常2件: asa"]  # at once what no restart explains
    rounds(site, now)
    assert site.mails.subjects[1:] == ["[Kura] host-1 異常3件: asa ほか"]
    assert "前にお知らせした異常が、ほかに2件続いています。" in site.mails.texts[1]


def test_a_hiccup_is_counted_and_not_told(site: Site) -> None:
    minato = site.add("minato")
    now = TUESDAY
    for how in ("ok", BROKEN, "ok", BROKEN, "ok"):
        minato.https = how
        now = rounds(site, now)
    assert site.mails.taken == [] and measured(site, "minato", TUESDAY, now).down == 10 * MINUTE


def test_a_closed_door_is_down_and_is_not_asked_what_is_inside(site: Site) -> None:
    minato = site.add("minato")
    minato.https = CLOSED
    rounds(site, TUESDAY, 2)
    assert problems(site.host) == [("minato", looking.CLOSED)] and minato.ready_asked == []


@pytest.mark.parametrize("signed_by", ["stranger", "other name"])
def test_a_certificate_that_a_browser_refuses_is_told_at_once(site: Site, signed_by: str) -> None:
    minato = site.add("minato")
    made = authority._made(datetime.now(JAPAN))
    site.show("minato", site.context("minato.example", made) if signed_by == "stranger" else site.context("umi.example"))
    now = rounds(site, TUESDAY)
    assert problems(site.host) == [("minato", looking.CERTIFICATE_WRONG)] and minato.asked == 0
    site.show("minato", site.context("minato.example"))
    rounds(site, now)
    assert site.mails.subjects == ["[Kura] host-1 異常1件: minato", "[Kura] host-1 回復1件: minato"]


def test_a_certificate_that_ends_within_three_weeks_is_told_with_its_days(site: Site) -> None:
    site.add("minato")
    ends = int(time.time()) + authority.LEAF_DAYS * DAY
    rounds(site, ends - 22 * DAY)
    assert problems(site.host) == []
    rounds(site, ends - 20 * DAY)
    assert problems(site.host) == [("minato", looking.CERTIFICATE_ENDS)] and "あと19日" in "".join(site.mails.texts)


@pytest.mark.parametrize("how", [HANGS, DRIPS])
def test_offices_that_hang_delay_no_other(site: Site, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking, "FULL_SECONDS", 0.6)
    for number in range(6):
        site.add(f"slow-{number}").https = how
    site.add("minato")
    begun = time.monotonic()
    rounds(site, TUESDAY)
    assert time.monotonic() - begun < 3
    with store.opened(site.host) as held:
        states = {name: held.now(name) for name in ("slow-0", "minato")}
    assert states["minato"] is not None and states["minato"][0].up
    assert states["slow-0"] is not None and states["slow-0"][1] == looking.HTTP


def test_what_an_office_says_of_itself_is_told_item_by_item(site: Site) -> None:
    minato = site.add("minato")
    minato.bad = {"drill", "clock"}
    minato.ready["clock"] = "4000"
    now = rounds(site, TUESDAY)
    assert problems(site.host) == [("minato", "clock"), ("minato", "drill")] and "4000秒" in site.mails.texts[0]
    minato.bad = {"clock"}
    rounds(site, now)
    assert site.mails.subjects[1:] == ["[Kura] host-1 回復1件: minato"]


def test_an_office_that_says_strange_things_spoils_nothing(site: Site) -> None:
    minato = site.add("minato")
    minato.ready = {"backup": "x" * 5000, "evil": "<b>", "drill": "9" * 60, "keystore": "秘"}
    rounds(site, TUESDAY, 2)
    assert ("minato", "database") in problems(site.host)  # silence is no good sign
    assert "evil" not in "".join(site.mails.texts) and "x" * 101 not in "".join(site.mails.texts)
    assert "minato" in "\n".join(WORDS.weekly(summaries.status(site.host, TUESDAY))[1:])


# --- the journal's head


def test_a_log_that_goes_back_is_told_until_it_is_accepted(site: Site) -> None:
    minato = site.add("minato")
    now = rounds(site, TUESDAY)
    minato.head = (9, "cd" * 32)
    now = rounds(site, now, 2)
    assert problems(site.host) == [("minato", looking.LOG_HEAD)]
    with store.opened(site.host) as held:
        assert held.head("minato") == (10, "ab" * 32)  # what was seen is not given up
    monitoring.accept(site.host, "minato")
    rounds(site, now, 2)
    assert site.mails.subjects == ["[Kura] host-1 異常1件: minato", "[Kura] host-1 回復1件: minato"]


def test_another_hash_at_the_same_place_is_a_log_that_was_exchanged(site: Site) -> None:
    minato = site.add("minato")
    now = rounds(site, TUESDAY)
    minato.head = (10, "cd" * 32)
    rounds(site, now)
    assert problems(site.host) == [("minato", looking.LOG_HEAD)]


# --- offices that rest


def test_an_office_that_rests_is_looked_at_without_being_woken(site: Site) -> None:
    minato = site.add("minato", hours="always")
    now = rounds(site, TUESDAY)
    site.rest("minato")
    now = rounds(site, now, 10)
    assert minato.asked == 1 and len(minato.ready_asked) == 1
    now = rounds(site, now, 2)
    assert minato.asked == 2  # once an hour
    assert measured(site, "minato", TUESDAY, now) == Measured(up=13 * 5 * MINUTE)


def test_an_office_that_rests_is_woken_before_its_service_hours_begin(site: Site) -> None:
    minato = site.add("minato", hours="daily 11:00-22:00")
    now = rounds(site, TUESDAY + 20 * MINUTE)
    site.rest("minato")
    rounds(site, now + 10 * MINUTE)  # 10:35, a quarter of an hour after it was asked
    assert minato.asked == 2


def test_a_crowd_that_rests_is_not_woken_together(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monitoring, "WAKES", 2)
    names = [f"ie-{number}" for number in range(5)]
    for name in names:
        site.add(name, hours="always")
        site.rest(name)
    asked = []
    now = TUESDAY
    for _ in range(3):
        now = rounds(site, now)
        asked.append(sum(each.asked for each in site.behaviours.values()))
    assert asked == [2, 4, 5] and all(each.asked == 1 for each in site.behaviours.values())


def test_a_service_that_has_failed_is_not_one_that_rests(site: Site) -> None:
    minato = site.add("minato")
    site.state("kura-web@minato.service", "failed")
    rounds(site, TUESDAY)
    assert minato.asked == 1 and ("minato", looking.UNIT_FAILED) in problems(site.host)
    assert ("", looking.UNITS_FAILED) in problems(site.host)


def test_an_office_that_rests_behind_a_wrong_certificate_is_down(site: Site) -> None:
    minato = site.add("minato")
    now = rounds(site, TUESDAY)
    site.rest("minato")
    site.show("minato", site.context("umi.example"))
    rounds(site, now)
    assert minato.asked == 1 and problems(site.host) == [("minato", looking.CERTIFICATE_WRONG)]


# --- mails


def test_a_mail_is_what_mail_programs_read(site: Site) -> None:
    site.add("minato").bad = {"backup"}
    rounds(site, TUESDAY)
    [mail], [raw] = site.mails.taken, site.mails.raw
    assert site.mails.secure == [True]
    assert mail["From"] == "kura@example.jp" and mail["To"] == "operator@example.jp" and mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@example.jp>") and mail["Date"].datetime.timestamp() == TUESDAY
    assert mail.get_content_type() == "text/plain" and mail.get_content_charset() == "utf-8"
    assert mail["Content-Transfer-Encoding"] == "quoted-printable" and raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998 and b"Subject: [Kura] host-1 =?utf-8?" in raw
    assert "バックアップ" in mail.get_content()


def test_a_mail_that_nobody_takes_is_kept_and_sent_once(site: Site) -> None:
    site.add("minato").bad = {"backup"}
    site.stop_mail()
    now = rounds(site, TUESDAY, 3)
    site.start_mail()
    now = rounds(site, now, 2)
    assert site.mails.subjects == ["[Kura] host-1 異常1件: minato"]
    assert site.mails.taken[0]["Date"].datetime.timestamp() == TUESDAY  # of what it tells, not of when it went


def test_mails_that_are_turned_away_come_later_in_their_order(site: Site) -> None:
    minato = site.add("minato")
    minato.bad, site.mails.refuses = {"backup"}, True
    now = rounds(site, TUESDAY)
    minato.bad = set()
    now = rounds(site, now)
    assert summaries.status(site.host, now).waiting == 2 and summaries.status(site.host, now).mail_fault == "mail-failed"
    site.mails.refuses = False
    rounds(site, now)
    assert site.mails.subjects == ["[Kura] host-1 異常1件: minato", "[Kura] host-1 回復1件: minato"]


def test_a_mail_that_was_taken_unsaid_comes_again_under_the_same_id(site: Site) -> None:
    site.add("minato").bad = {"backup"}
    site.mails.takes_and_breaks = True
    now = rounds(site, TUESDAY)
    site.mails.takes_and_breaks = False
    rounds(site, now, 2)
    assert len(site.mails.taken) == 2 and len({mail["Message-ID"] for mail in site.mails.taken}) == 1


def test_a_monitor_that_dies_before_it_has_written_tells_with_the_next_round(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("minato").bad = {"backup"}

    def die(_self: store.Figures, _now: int) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(store.Figures, "drop_old", die)
        with pytest.raises(KeyboardInterrupt):
            rounds(site, TUESDAY)
    assert site.mails.taken == [] and problems(site.host) == []
    rounds(site, TUESDAY + ROUND, 2)
    assert len(site.mails.taken) == 1


def test_a_monitor_that_dies_before_it_has_sent_sends_with_the_next_round(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("minato").bad = {"backup"}

    def die(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(mailing, "send_waiting", die)
        with pytest.raises(KeyboardInterrupt):
            rounds(site, TUESDAY)
    rounds(site, TUESDAY + ROUND, 2)
    assert len(site.mails.taken) == 1


def test_a_password_is_not_said_without_tls(site: Site) -> None:
    site.stop_mail()
    site.start_mail(tls=False)
    with pytest.raises(Refused) as refused:
        mailing.send(site.host, "件名", "本文", TUESDAY)
    assert refused.value.facts["said"] == "STARTTLS" and site.mails.taken == []
    # A relay on this machine that asks for none is spoken to as it is; one elsewhere is not.
    host = replace(site.host, profile=replace(site.host.profile, smtp_user=""))
    assert mailing.server_of(host).near
    away = replace(host, profile=replace(host.profile, smtp=host.profile.smtp.replace("localhost", "127.0.0.2")))
    with pytest.raises(Refused) as refused:
        mailing.send(away, "件名", "本文", TUESDAY)
    assert refused.value.facts["server"] == "127.0.0.2" and site.mails.taken == []


def test_a_password_that_everybody_can_read_is_not_used(site: Site) -> None:
    site.host.smtp_password.chmod(0o644)
    with pytest.raises(NotReady, match="mail-password-open"):
        mailing.send(site.host, "件名", "本文", TUESDAY)
    assert site.mails.taken == []


def test_a_mail_server_with_a_strange_certificate_is_told_nothing(site: Site) -> None:
    site.stop_mail()
    site.start_mail(site.context("mail.example"))
    with pytest.raises(Refused, match="mail-failed"):
        mailing.send(site.host, "件名", "本文", TUESDAY)
    site.stop_mail()
    site.start_mail(site.context("localhost", authority._made(datetime.now(JAPAN))))
    with pytest.raises(Refused, match="mail-failed"):
        mailing.send(site.host, "件名", "本文", TUESDAY)
    assert site.mails.taken == []


def test_a_wrong_password_is_said_without_the_password(site: Site) -> None:
    site.host.smtp_password.write_text("chigau")
    with pytest.raises(Refused) as refused:
        mailing.send(site.host, "件名", "本文", TUESDAY)
    assert "535" in str(refused.value) and "chigau" not in str(refused.value)
    site.host.smtp_password.write_text("違う", "utf-8")
    with pytest.raises(NotReady, match="mail-not-set"):
        mailing.send(site.host, "件名", "本文", TUESDAY)
    site.host.smtp_password.unlink()
    with pytest.raises(NotReady, match="mail-not-set"):
        mailing.send(site.host, "件名", "本文", TUESDAY)


@pytest.mark.parametrize(("said", "server"), [
    ("mail.example:587", ("mail.example", 587, False)), ("mail.example", ("mail.example", 587, False)),
    ("mail.example:465", ("mail.example", 465, True)), ("smtps://mail.example:4650", ("mail.example", 4650, True)),
    ("smtps://mail.example", ("mail.example", 465, True)), ("[::1]:25", ("::1", 25, False)),
])
def test_a_server_is_read_from_the_profile(said: str, server: tuple[str, int, bool]) -> None:
    profile = replace(Host().profile, smtp=said, mail_to="a@example.jp", mail_from="b@example.jp")
    found = mailing.server_of(Host(profile=profile))
    assert (found.name, found.port, found.tls) == server


@pytest.mark.parametrize(("subject", "to"), [("a\r\nBcc: evil@example.jp", ""), ("件名", "a@example.jp\r\nBcc: evil@example.jp"), ("件名", "who?")])
def test_a_mail_takes_nothing_into_its_headers(site: Site, subject: str, to: str) -> None:
    with pytest.raises(Refused, match="mail-unfit"):
        mailing.send(site.host, subject, "本文", TUESDAY, to)
    assert site.mails.taken == []


def test_a_mail_goes_to_whom_it_names(site: Site) -> None:
    mailing.send(site.host, "件名", "本文", TUESDAY, "a@example.jp, b@example.jp")
    assert site.mails.taken[0]["To"] == "a@example.jp, b@example.jp"


# --- summaries


def test_the_week_is_summed_up_on_monday_at_nine_and_only_then(site: Site) -> None:
    minato = site.add("minato")
    minato.bad = {"backup"}
    rounds(site, TUESDAY)
    monday = TUESDAY + 6 * DAY - HOUR  # at nine
    rounds(site, monday - ROUND)
    assert len(site.mails.taken) == 1
    rounds(site, monday, 3)
    assert site.mails.subjects[1] == "[Kura] host-1 週のまとめ(事務所1件、続いている異常1件)" and len(site.mails.taken) == 2
    assert "minato: バックアップが2日以上" in site.mails.texts[1]
    rounds(site, monday + 9 * DAY)  # a monitor that stood still on the next Monday
    assert len([each for each in site.mails.subjects if "週のまとめ" in each]) == 2


def test_a_month_that_is_over_is_told_on_the_first_and_stays_as_it_was(site: Site) -> None:
    minato = site.add("minato")
    now = rounds(site, TUESDAY, 2)
    minato.https = BROKEN
    now = rounds(site, now, 2)
    minato.https = "ok"
    end = bounds(month_of(now))[1]
    rounds(site, end + 8 * HOUR)
    before = list(site.mails.subjects)
    rounds(site, end + 9 * HOUR, 2)
    month = month_of(end - 1)
    told = site.mails.taken[len(before):]
    assert [str(each["Subject"]) for each in told if "稼働率" in str(each["Subject"])] == [f"[Kura] host-1 {month} の稼働率(事務所1件)"]
    first = summaries.month(site.host, month, end + DAY).lines[0]
    offices.write(site.host, replace(offices.read(site.host, "minato"), hours="always"))
    rounds(site, end + 10 * HOUR)
    assert summaries.month(site.host, month, end + DAY).lines[0].service == first.service
    assert first.every_hour.down == 5 * MINUTE + 11 * MINUTE  # the last look stands so long, and no longer
    assert share(first.every_hour) in str(told[-1].get_content())


# --- what is kept, and what offices read


def test_a_stop_that_was_announced_is_counted_apart_and_one_said_afterwards_is_not(site: Site) -> None:
    minato = site.add("minato")
    stop = {"id": "1", "planned": True, "from": TUESDAY + 10 * MINUTE, "to": TUESDAY + 20 * MINUTE}
    now = rounds(site, TUESDAY)
    telling.tell(site.host, "minato", "notices.json", {"notices": [stop, {"id": "0", "planned": False, "from": TUESDAY, "to": now + DAY}]})
    now = rounds(site, now)
    minato.https = BROKEN
    now = rounds(site, now, 4)
    late = {"id": "2", "planned": True, "from": TUESDAY + 20 * MINUTE, "to": TUESDAY + 40 * MINUTE}
    telling.tell(site.host, "minato", "notices.json", {"notices": [stop, late]})
    minato.https = "ok"
    now = rounds(site, now)
    assert measured(site, "minato", TUESDAY, now) == Measured(up=15 * MINUTE, down=10 * MINUTE, planned=10 * MINUTE)


def test_an_office_reads_its_own_figures_and_no_others(site: Site) -> None:
    site.add("minato"), site.add("umi")
    site.host.figures("minato").mkdir(mode=0o750)
    rounds(site, TUESDAY)
    path = site.host.figures("minato") / "availability.json"
    assert path.stat().st_mode & 0o777 == 0o640 and not site.host.figures("umi").exists()
    told = json.loads(path.read_text())
    assert told["at"] == TUESDAY and "umi" not in path.read_text()
    rounds(site, TUESDAY + 5 * HOUR)
    assert json.loads(path.read_text())["at"] == TUESDAY + 5 * HOUR


def test_of_an_office_that_has_gone_no_trace_is_left(site: Site) -> None:
    site.add("kieru-jimusho").bad = {"backup"}
    site.add("minato")
    now = rounds(site, TUESDAY, 2)
    site.host.office_file("kieru-jimusho").unlink()
    rounds(site, now)
    raw = b"".join(path.read_bytes() for path in site.host.monitor.iterdir())
    assert b"kieru" not in raw and b"minato" in raw
    assert problems(site.host) == []


def test_a_spoiled_file_of_one_office_hides_no_other(site: Site) -> None:
    minato = site.add("minato")
    site.add("umi")
    now = rounds(site, TUESDAY)
    site.host.office_file("umi").write_text("name = ")
    rounds(site, now)
    assert minato.asked == 2 and problems(site.host) == [("", looking.SPOILED)]
    with store.opened(site.host) as held:
        assert held.stretches("umi", 0, now)  # what is known of it is kept


def test_one_round_at_a_time(site: Site) -> None:
    site.add("minato")
    with durable.locked(site.host.monitor / "lock"), pytest.raises(Unwritable, match="busy"):
        rounds(site, TUESDAY)


def test_a_year_of_looks_is_a_few_rows(tmp_path: Path) -> None:
    held = store.Figures(tmp_path / store.FILE)
    with held.transaction():
        for number in range(2000):
            held.note("minato", TUESDAY + number * ROUND, True)
        held.drop_old(TUESDAY + 500 * DAY)
    assert held.stretches("minato", 0, TUESDAY + 600 * DAY) == [] and (tmp_path / store.FILE).stat().st_size < 100_000
    held.close()


def test_a_clock_that_goes_back_is_told_and_rewrites_nothing(site: Site) -> None:
    minato = site.add("minato")
    now = rounds(site, TUESDAY, 3)
    minato.https = BROKEN
    rounds(site, TUESDAY - DAY)
    assert ("", looking.CLOCK_BACK) in problems(site.host)
    assert measured(site, "minato", TUESDAY, now) == Measured(up=15 * MINUTE)


def test_nothing_that_a_mail_or_a_figure_says_is_secret(site: Site) -> None:
    """The password of the mail server is the only secret that the monitor knows."""
    site.add("minato").bad = {"backup"}
    rounds(site, TUESDAY, 2)
    said = b"".join(path.read_bytes() for path in site.host.monitor.iterdir()) + b"".join(site.mails.raw)
    secret = site.host.smtp_password.read_text("utf-8").strip()
    assert secret.encode() not in said and secret not in "".join(site.mails.texts)
    assert (site.host.monitor / store.FILE).stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_root_makes_a_round_as_the_one_whose_figures_they_are(site: Site) -> None:
    from vault.cli.operator.monitoring import become_monitor

    os.chown(site.host.monitor, 65534, 65534)
    child = os.fork()
    if not child:
        become_monitor(site.host)
        os._exit(0 if (os.getuid(), os.geteuid(), os.getgid()) == (65534, 65534, 65534) and 0 not in os.getgroups() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_tls_of_before_is_not_asked_with() -> None:
    assert looking.Ways.of(Host(), None).context.minimum_version >= ssl.TLSVersion.TLSv1_2
