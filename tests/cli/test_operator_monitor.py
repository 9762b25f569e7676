"""`kura-operator monitor` and `hours` as a terminal and a timer run them."""

from __future__ import annotations

import json
import time

import pytest
from click.testing import CliRunner, Result

from tests.support.monitored import BROKEN, Site, site
from vault.cli.operator.mail_texts import Words
from vault.cli.operator.main import main
from vault.services.operator import looking, monitoring, summaries
from vault.storage import durable
from vault.storage.host import offices

__all__ = ["site"]


@pytest.fixture(autouse=True)
def clock_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's own clock and disk are no matter of these tests."""
    monkeypatch.setattr(looking, "_LEAST_FREE", 0)
    monkeypatch.setattr(looking, "_LEAST_SHARE", 0)
    monkeypatch.setattr("vault.storage.host.probes.clock_synchronised", lambda: True)


def operator(site: Site, *arguments: str) -> Result:
    site.write_profile()
    return CliRunner().invoke(main, ["--root", str(site.root), *arguments])


def test_a_round_and_what_it_knows(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    minato = site.add("minato")
    assert "見回りの記録を開けません" in operator(site, "monitor", "status").output
    done = operator(site, "monitor", "run")
    assert done.exit_code == 0 and "1件を見回りました。使えない事務所0件、新しい異常0件、回復0件。" in done.output
    told = operator(site, "monitor", "status")
    assert told.exit_code == 0 and "minato  動いています" in told.output and "動いていません" not in told.output
    minato.https, minato.bad = BROKEN, {"drill"}
    with durable.locked(site.host.monitor / "lock"):
        assert operator(site, "monitor", "run").output == "前の見回りがまだ続いています。\n"
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 60)
    operator(site, "monitor", "run")
    told = operator(site, "monitor", "status")
    assert told.exit_code == 1 and "minato  使えません: HTTPSで答えません" in told.output and "9日以上点検していません" in told.output
    assert len(site.mails.taken) == 1


def test_a_monitor_that_stands_still_is_said(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("minato")
    monkeypatch.setattr("time.time", lambda: 1_795_000_000.0)
    operator(site, "monitor", "run")
    monkeypatch.setattr("time.time", lambda: 1_795_003_600.0)
    told = operator(site, "monitor", "status")
    assert told.exit_code == 1 and "見回りが動いていません(最後: 2026-11-18 20:06)" in told.output


def test_the_figures_of_a_month(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add("minato", hours="always")
    for minutes in (0, 5, 10):
        monkeypatch.setattr("time.time", lambda after=minutes: 1_795_000_000.0 + 60 * after)
        operator(site, "monitor", "run")
    told = operator(site, "monitor", "figures", "--month", "2026-11")
    assert told.output.splitlines() == [
        "2026-11", "minato  提供時間 100.00%、24時間 100.00%", "  止まった時間 なし、予告した停止 なし、測れなかった時間 なし",
    ]  # fmt: skip
    assert "測っていません" in operator(site, "monitor", "figures", "--month", "2026-10").output
    for wrong in ("2026-13", "11", "2026-1", "２０２６-11"):
        assert operator(site, "monitor", "figures", "--month", wrong).exit_code == 2


def test_a_mail_to_try_arrives_or_says_why_not(site: Site) -> None:
    assert "operator@example.jp へ送りました。" in operator(site, "monitor", "test-mail").output
    assert site.mails.subjects[0].endswith("テストのメール")
    site.stop_mail()
    done = operator(site, "monitor", "test-mail")
    assert done.exit_code == 1 and "メールを送れませんでした" in done.output


def test_mails_that_wait_are_said(site: Site) -> None:
    site.add("minato").bad = {"backup"}
    site.stop_mail()
    assert "送れていないメールが1通あります" in operator(site, "monitor", "run").output
    told = operator(site, "monitor", "status")
    assert told.exit_code == 1 and "送れていないメールが1通あります" in told.output


def test_a_log_that_went_back_is_accepted_by_its_name(site: Site) -> None:
    site.add("minato")
    operator(site, "monitor", "run")
    assert operator(site, "monitor", "accept", "minato").exit_code == 0
    assert "という事務所はこのホストにありません" in operator(site, "monitor", "accept", "umi").output


def test_of_a_forgotten_office_nothing_is_known(site: Site) -> None:
    site.add("kieru-jimusho")
    operator(site, "monitor", "run")
    assert operator(site, "monitor", "forget", "kieru-jimusho").exit_code == 0
    assert b"kieru" not in b"".join(path.read_bytes() for path in site.host.monitor.iterdir())


def test_service_hours_are_shown_set_told_and_set_back(site: Site) -> None:
    site.add("minato"), site.add("umi")
    told = site.host.told("minato") / "contract.json"
    told.parent.mkdir(parents=True)
    told.write_text(json.dumps({"policies": 100}))
    assert operator(site, "hours").output.count("mon-sat 09:00-22:00; not holidays(いつもの時間)") == 2
    assert "minato  mon-fri 08:30-18:00" in operator(site, "hours", "minato", "--set", "MON-FRI 8:30-18:00").output
    assert json.loads(told.read_text()) == {"policies": 100, "hours": "mon-fri 08:30-18:00"}
    assert offices.read(site.host, "minato").hours == "mon-fri 08:30-18:00" and offices.read(site.host, "umi").hours == ""
    wrong = operator(site, "hours", "minato", "--set", "いつでも")
    assert wrong.exit_code == 1 and "サービス提供時間として読めません" in wrong.output
    operator(site, "hours", "minato", "--usual")
    assert json.loads(told.read_text()) == {"policies": 100}
    assert operator(site, "hours", "--usual").exit_code == 2 and operator(site, "hours", "nobody").exit_code == 1


def test_a_month_is_measured_by_the_hours_of_its_days(site: Site) -> None:
    site.add("minato", hours="always")
    writer = Words("")
    for minutes in (0, 5, 10):
        monitoring.run_round(site.host, 1_795_000_000 + 60 * minutes, writer)
    offices.write(site.host, offices.HostedOffice("minato", "minato.example", hours="sun 00:00-01:00", began=1))
    for minutes in (15, 20):
        monitoring.run_round(site.host, 1_795_000_000 + 60 * minutes, writer)
    found = summaries.month(site.host, "2026-11", 1_795_000_000 + 60 * 20).lines[0]
    assert (found.every_hour.up, found.service.up) == (20 * 60, 15 * 60)
