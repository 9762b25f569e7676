"""`kura-operator notice` and `incident` as they are typed, with a real mail server."""

from __future__ import annotations

import email
import json
import stat
from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from click.testing import CliRunner, Result

from tests.support.instance import free_port
from vault.cli.operator.main import main
from vault.domain.operator.incidents import HOUR, MAIL_BEGUN
from vault.services.operator import incidents as service
from vault.storage.host import incidents as journals
from vault.storage.host import offices
from vault.storage.host.layout import Host, read_host
from vault.storage.host.offices import HostedOffice


class Box:
    """A mail server's mails; it takes none for an address with `nobody`."""

    def __init__(self) -> None:
        self.mails: list[EmailMessage] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if "nobody" in address:
            return "550 no such box"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        made = email.message_from_bytes(envelope.content, policy=default)
        assert isinstance(made, EmailMessage)
        self.mails.append(made)
        return "250 OK"


@pytest.fixture
def box() -> Iterator[tuple[Box, int]]:
    held, port = Box(), free_port()
    server = Controller(held, hostname="127.0.0.1", port=port)
    server.start()
    yield held, port
    server.stop()


@pytest.fixture
def host(tmp_path: Path, box: tuple[Box, int]) -> Host:
    host = Host(tmp_path)
    host.settings.mkdir(parents=True)
    host.profile_file.write_text(
        f'operator = "さくら運営"\ntelephone = "03-0000-0000"\nsmtp = "127.0.0.1:{box[1]}"\n'
        'mail_to = "desk@operator.example"\nmail_from = "kura@operator.example"\n', encoding="utf-8",
    )  # fmt: skip
    for name in ("minato", "sakura"):
        offices.write(host, HostedOffice(name, f"{name}.example"))
    return read_host(tmp_path)


def run(host: Host, *words: str, colours: bool = False) -> Result:
    return CliRunner().invoke(main, ["--root", str(host.root), *words], color=colours)


def said(host: Host, *words: str) -> str:
    done = run(host, *words)
    assert done.exit_code == 0, done.output
    return done.output


def told(host: Host, name: str, file: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((host.told(name) / f"{file}.json").read_text("utf-8"))[file]
    return found


# --- notices


def test_a_notice_is_put_up_listed_and_taken_down(host: Host) -> None:
    assert "お知らせはありません" in said(host, "notice", "list")
    assert "お知らせ 1 を出しました" in said(host, "notice", "add", "--now", "--ja", "印刷が遅くなっています。", "--office", "sakura")
    assert told(host, "minato", "notices") == [] and [each["ja"] for each in told(host, "sakura", "notices")] == ["印刷が遅くなっています。"]
    assert "1  表示中  お知らせ" in said(host, "notice", "list")
    said(host, "notice", "end", "1")
    assert "印刷" not in said(host, "notice", "list") and [each["to"] for each in told(host, "sakura", "notices")] != [None]


@pytest.mark.parametrize(("words", "sentence"), [
    (("add", "--planned", "--from", "tomorrow", "--to", "2099-01-01 00:00", "--ja", "止めます。"), "日時として読めません"),
    (("add", "--planned", "--from", "2001-01-01 00:00", "--to", "2001-01-01 01:00", "--ja", "止めます。"), "もう終わっています"),
    (("add", "--planned", "--ja", "止めます。"), "終わりの日時(--to)が必要です"),
    (("add", "--now", "--ja", "停止中", "--office", "nobody"), "「nobody」という事務所"),
    (("end", "9"), "お知らせ 9 はありません"),
])
def test_what_is_wrong_is_said_in_a_sentence(host: Host, words: tuple[str, ...], sentence: str) -> None:
    done = run(host, "notice", *words)
    assert done.exit_code == 1 and sentence in done.output


# --- incidents

MAILS = ("--mail", "minato=head@minato.example", "--mail", "sakura=head@sakura.example")


def test_an_incident_is_opened_reported_by_mail_and_on_the_screen_printed_and_closed(host: Host, box: tuple[Box, int]) -> None:
    opened = said(host, "incident", "open", "--kind", "leak-suspected", "--what", "外から読まれた跡", "--by", "佐藤", "--send", *MAILS)
    assert "第1号の記録を始めました" in opened and "中間報告: 期限" in opened
    first = {each["To"]: each for each in box[0].mails}
    assert set(first) == {"head@minato.example", "head@sakura.example"}
    mail = first["head@minato.example"]
    body = mail.get_content()
    assert mail["Subject"] == "【証券蔵】第一報: 漏えいのおそれ(第1号)"
    for words in ("お知らせします", "外から読まれた跡", "第26条", "事務所が判断します", "代わりに報告することはありません", "https://minato.example/", "さくら運営"):
        assert words in body, words
    assert "sakura" not in body
    assert [each["kind"] for each in told(host, "sakura", "incidents")[0]["reports"]] == ["first"]
    said(host, "incident", "report", "1", "--kind", "interim", "--situation", "入口を閉じました。", *MAILS)
    said(host, "incident", "report", "1", "--kind", "recovery", "--measures", "鍵を換えました。", *MAILS)
    said(host, "incident", "report", "1", "--kind", "final", "--cause", "古い設定", "--prevention", "見張ります。", *MAILS)
    assert len(box[0].mails) == 8 and "鍵を換えました。" in box[0].mails[-1].get_content()
    assert len({each["Message-ID"] for each in box[0].mails}) == 8
    said(host, "incident", "close", "1")
    assert "続いている障害・事故はありません" in said(host, "incident", "list")
    paper = said(host, "incident", "print", "1", "--text")
    for words in ("佐藤: 記録を開始", "メールを送信 1 → minato", "古い設定", "最終報告: 期限", "60日目まで", "作った者: さくら運営"):
        assert words in paper, words
    assert "@" not in paper


def test_the_document_stands_by_itself_is_roots_alone_and_escapes_what_was_typed(host: Host) -> None:
    said(host, "incident", "open", "--kind", "outage", "--what", "<b>停止</b>")
    assert "第1号" not in said(host, "incident", "print", "1").splitlines()[-1]
    made = journals.folder(host) / "1.html"
    page = made.read_text("utf-8")
    assert "&lt;b&gt;停止" in page and "<b>" not in page and "${" not in page and "http" not in page
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_what_is_late_says_so_and_is_red(host: Host) -> None:
    said(host, "incident", "open", "--kind", "outage", "--what", "停止", "--aware", "2026-11-21 09:00")
    late = [line for line in run(host, "incident", "list", colours=True).output.splitlines() if "第一報" in line]
    assert len(late) == 1 and late[0].startswith("\x1b[31m") and "遅れ" in late[0] and "期限 2026-11-21 10:00" in late[0]
    assert "\x1b" not in said(host, "incident", "list")


def test_who_has_no_address_or_no_box_is_named_and_can_be_told_by_telephone(host: Host, box: tuple[Box, int]) -> None:
    done = said(host, "incident", "open", "--kind", "outage", "--what", "停止", "--send", "--mail", "minato=nobody@minato.example")
    assert "minato: 第一報のメールを送れませんでした" in done and "sakura: 第一報のメールはまだです" in done
    done = said(host, "incident", "send", "1", "--mail", "minato=head@minato.example")
    assert "minato" not in done and [each["To"] for each in box[0].mails] == ["head@minato.example"]
    said(host, "incident", "note", "1", "電話しました。", "--told", "sakura")
    assert "まだです" not in said(host, "incident", "send", "1")


def test_a_mail_that_was_broken_off_is_not_sent_again_where_nobody_can_be_asked(host: Host, box: tuple[Box, int]) -> None:
    said(host, "incident", "open", "--kind", "outage", "--what", "停止", "--office", "minato", "--by", "sato")
    said(host, "incident", "report", "1", "--kind", "first")
    who = service.Who("sato", service.get(host, 1).opened + HOUR)
    journals.append(host, 1, who.entry(MAIL_BEGUN, report=1, office="minato"))
    assert "minato: 第一報のメールはまだです" in said(host, "incident", "send", "1", *MAILS[:2])
    assert box[0].mails == []


@pytest.mark.parametrize(("words", "sentence"), [
    (("open", "--kind", "outage", "--what", "停止", "--aware", "2099-01-01 00:00"), "日時の順序が合いません"),
    (("open", "--kind", "outage", "--what", "停止", "--send", "--mail", "minato"), "宛先「minato」を読めません"),
    (("report", "1", "--kind", "interim", "--situation", "調査中"), "先に第一報"),
    (("close", "1"), "最終報告(--kind final)を出してから"),
    (("print", "2"), "第2号はありません"),
    (("note", "1"), "記録する文か"),
])
def test_what_cannot_be_done_with_an_incident_is_said(host: Host, words: tuple[str, ...], sentence: str) -> None:
    said(host, "incident", "open", "--kind", "outage", "--what", "停止")
    done = run(host, "incident", *words)
    assert done.exit_code == 1 and sentence in done.output
    assert len(journals.numbers(host)) == 1
