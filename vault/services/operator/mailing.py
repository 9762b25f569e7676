"""Mails of the operator's host, by the SMTP server that its profile names: to the operator, never about what is inside.

A password is never sent in clear, and a server elsewhere is never spoken to without TLS. What is sent twice because a line
broke at the wrong moment carries the same Message-ID both times.
"""

from __future__ import annotations

import smtplib
import ssl
import stat
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.charset import QP, Charset
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid
from pathlib import Path

from vault.errors import NotReady, Refused
from vault.storage.host import authority, probes
from vault.storage.host.figures import Figures, Mail
from vault.storage.host.layout import MONITOR_USER, Host

SECONDS = 20.0
SUBMISSION, TLS_PORT = 587, 465
_TLS = "smtps://"
_NEAR = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Server:
    """Where mails are taken. `tls`: from the first byte; else by STARTTLS, which only a server on this machine may lack."""

    name: str
    port: int
    tls: bool

    @property
    def near(self) -> bool:
        return self.name in _NEAR


def server_of(host: Host) -> Server:
    """The server by the profile's `smtp`: "mail.example:587", "mail.example:465" or "smtps://mail.example:4650"; raises
    NotReady("mail-not-set")."""
    said = host.profile.smtp
    place = said.removeprefix(_TLS)
    name, port = place.rsplit(":", 1) if ":" in place else (place, "")
    if not name or not host.profile.mail_to or not host.profile.mail_from:
        raise NotReady("mail-not-set", file=host.profile_file)
    if port and not (port.isascii() and port.isdigit()):
        raise NotReady("mail-not-set", file=host.profile_file)
    at = int(port) if port else TLS_PORT if said.startswith(_TLS) else SUBMISSION
    return Server(name.strip("[]"), at, said.startswith(_TLS) or at == TLS_PORT)


def compose(host: Host, subject: str, text: str, now: float, to: str = "", id_: str = "") -> EmailMessage:
    """A mail as it goes out; raises Refused("mail-unfit") for what cannot stand in a header or an address."""
    utf8 = Charset("utf-8")
    utf8.body_encoding = QP
    message = EmailMessage(policy=SMTP)
    try:
        message["From"] = _address(host.profile.mail_from)
        message["To"] = [_address(each) for each in (to or host.profile.mail_to).split(",")]
        message["Subject"] = subject
        message["Date"] = formatdate(now)
        message["Message-ID"] = id_ or new_id(host)
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = "ja"
        message.set_content(text if text.endswith("\n") else f"{text}\n", charset="utf-8", cte="quoted-printable")
    except (MessageError, ValueError, IndexError) as error:
        raise Refused("mail-unfit", subject=subject) from error
    return message


def _address(said: str) -> Address:
    return Address(addr_spec=said.strip())


def new_id(host: Host) -> str:
    """A Message-ID, which tells nothing of the machine but the domain that the mail is from anyway."""
    return make_msgid(idstring="kura", domain=host.profile.mail_from.rpartition("@")[2] or "localhost")


def send(host: Host, subject: str, text: str, now: float, to: str = "", id_: str = "") -> None:
    """Send one mail, to the operator unless `to` names others (with commas between).

    Raises NotReady: mail-not-set, mail-password-open; and Refused: mail-failed with what the server or the line said,
    mail-unfit. After a Refused("mail-failed") it may still have been taken: send it again with the same `id_`.
    """
    deliver(host, [compose(host, subject, text, now, to, id_)])


def deliver(host: Host, messages: Sequence[EmailMessage]) -> None:
    """Send mails on one connection; raises as `send` at the first that is not taken."""
    server = server_of(host)
    try:
        with _connected(host, server) as held:
            for message in messages:
                held.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        raise Refused("mail-failed", server=server.name, said=_said(next(iter(error.recipients.values())))) from error
    except smtplib.SMTPResponseException as error:
        raise Refused("mail-failed", server=server.name, said=_said((error.smtp_code, error.smtp_error))) from error
    except (smtplib.SMTPException, OSError, ValueError) as error:
        raise Refused("mail-failed", server=server.name, said=str(error)[:200]) from error


def _connected(host: Host, server: Server) -> smtplib.SMTP:
    context = probes.trust(authority_of(host))
    held: smtplib.SMTP
    if server.tls:
        held = smtplib.SMTP_SSL(server.name, server.port, timeout=SECONDS, context=context)
    else:
        held = smtplib.SMTP(server.name, server.port, timeout=SECONDS)
    try:
        secured = server.tls or _secured(held, server, context)
        if host.profile.smtp_user:
            if not secured:
                raise Refused("mail-failed", server=server.name, said="STARTTLS")
            held.login(host.profile.smtp_user, _password(host.smtp_password))
    except BaseException:
        with suppress(OSError, smtplib.SMTPException):
            held.close()
        raise
    return held


def _secured(held: smtplib.SMTP, server: Server, context: ssl.SSLContext) -> bool:
    held.ehlo()
    if held.has_extn("starttls"):
        held.starttls(context=context)
        return True
    if not server.near:
        raise Refused("mail-failed", server=server.name, said="STARTTLS")
    return False


def _password(path: Path) -> str:
    try:
        if path.stat().st_mode & stat.S_IROTH:
            raise NotReady("mail-password-open", file=path, group=MONITOR_USER)
        return path.read_text("ascii").strip()  # smtplib sends no other
    except (OSError, UnicodeDecodeError) as error:
        raise NotReady("mail-not-set", file=path) from error


def _said(answer: object) -> str:
    code, text = answer if isinstance(answer, tuple) else (0, answer)
    return f"{code} {text.decode('utf-8', 'replace') if isinstance(text, bytes) else text}"[:200]


def authority_of(host: Host) -> Path | None:
    """The own CA's certificate, where this host has one."""
    path = authority.file(host)
    return path if path.is_file() else None


# --- what waits


def queue(host: Host, held: Figures, subject: str, text: str, now: int) -> None:
    """Let a mail wait; it is written down with what it tells of, in the caller's transaction."""
    held.queue(Mail(new_id(host), now, subject, text))


def send_waiting(host: Host, held: Figures) -> str:
    """Send what waits, oldest first, each forgotten once it was taken. Returns the code of what went wrong, empty when all
    went; what is left is tried with the next round."""
    failed = ""
    for mail in held.waiting():
        try:
            send(host, mail.subject, mail.said, mail.made, id_=mail.id)
        except NotReady as error:
            return error.code
        except Refused as error:
            failed = error.code
            if isinstance(error.__cause__, OSError) and not isinstance(error.__cause__, smtplib.SMTPException):
                return failed  # nobody is there: the others would wait as long
            continue
        with held.transaction():
            held.sent(mail)
    return failed

