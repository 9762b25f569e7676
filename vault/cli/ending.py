"""`kura destroy`, `kura verify-certificate`: what the operator says, and what he is told."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from gettext import NullTranslations
from pathlib import Path

from vault.cli.serving import keep_memory_private
from vault.config import SECRET_FILE, SETTINGS_FILE, load
from vault.errors import NotReady, Refused
from vault.services import cancellation, certificates, closing, destroying, ending_notes, presence
from vault.services.destroying import OPERATOR_KEY, Order
from vault.services.ending_notes import MOVED, Ending
from vault.services.instance import Instance

KEY_BYTES = 32
FROM_INPUT = Path("-")


def wording(words: NullTranslations) -> Callable[[Ending], str]:
    """What stands above the facts of a certificate, for people."""

    def write(ending: Ending) -> str:
        lines = [
            _title(ending, words),
            words.gettext("証券蔵が持っていた鍵とその控え、記録、書類、バックアップ、設定を消去しました。")
            if ending.ended else words.gettext("まだ消去できていない場所があります。下の replica または backups in の行のうち expected の場所です。"),
            words.gettext("対象は証券蔵自身が持っていた写しです。印刷された紙や、ほかの人がほかの場所に写したものは、ここに含みません。"),
            words.gettext("lost と書かれた場所は、運営者が「戻らない」と申し出た場所で、消去を確かめていません。"),
            words.gettext("この文書は1文字でも変わると確かめられなくなります。確かめるには kura verify-certificate を使います。"),
        ]  # fmt: skip
        return "\n".join(lines)

    return write


def _title(ending: Ending, words: NullTranslations) -> str:
    if not ending.ended:
        return words.gettext("消去の途中の控え(証明書ではありません)")
    if ending.why == MOVED:
        return words.gettext("消去証明書(引っ越し前のサーバー)")
    return words.gettext("消去証明書(契約の終了)")


def private_key(folder: Path, given: Path | None) -> bytes:
    """The operator's private key: 64 hex digits in the file given, on the input where that is `-`, or in the file beside
    the settings."""
    path = given or folder / OPERATOR_KEY
    try:
        raw = bytes.fromhex((_from_input() if path == FROM_INPUT else path.read_text("ascii")).strip())
    except FileNotFoundError as error:
        raise Refused("operator-key-missing", file=path) from error
    except (OSError, ValueError) as error:
        raise Refused("operator-private-unreadable", file=path) from error
    if len(raw) != KEY_BYTES:
        raise Refused("operator-private-unreadable", file=path)
    return raw


def _from_input() -> str:
    """Of a host's operator: the key of all its offices, which nobody else of this office's user is to see."""
    keep_memory_private()
    return sys.stdin.readline()


def public_key(given: str) -> bytes:
    """A public key as 64 hex digits or its fingerprint as sheets show it (32 or 64), or a file with either."""
    text = given
    if Path(given).is_file():
        text = Path(given).read_text("ascii", "replace")
    try:
        raw = bytes.fromhex("".join(text.split()))
    except ValueError as error:
        raise Refused("public-key-unreadable") from error
    if len(raw) not in (certificates.LEAST, KEY_BYTES):
        raise Refused("public-key-unreadable")
    return raw


def office_of(folder: Path) -> str:
    """The id of the office in a folder, or of the one whose ending was begun there, in hex."""
    destroying.check_ready(folder)
    ending = ending_notes.read(folder)
    return ending.office if ending is not None else load(folder).office.hex()


def default_certificate(folder: Path) -> Path:
    """Beside the folder."""
    return folder.with_name(f"{folder.name}.certificate.txt")


def destroy(folder: Path, order: Order, words: NullTranslations) -> tuple[Path, bytes]:
    """Begin or go on; returns the certificate's place and bytes."""
    with presence.alone(folder):
        ending = ending_notes.read(folder)
        if ending is None:
            ending = _begin(folder, order)
        raw = destroying.carry_out(folder, ending, order, wording(words), int(time.time()))
    return Path(ending.target), raw


def _begin(folder: Path, order: Order) -> Ending:
    try:
        instance = Instance(load(folder))
    except NotReady:
        if not all((folder / name).is_file() for name in (SETTINGS_FILE, SECRET_FILE)):
            raise Refused("ending-nothing", folder=folder) from None
        raise
    try:
        _check_asked(instance, order)
        return destroying.begin(instance, order)
    finally:
        instance.engine.dispose()
        instance.keyring.let_go()


def _check_asked(instance: Instance, order: Order) -> None:
    """An office that works, and has not asked for its end, goes only where the operator says that its contract has ended."""
    if order.contract_ended or order.receipt or closing.closed_for(instance):
        return
    if instance.settings.database.is_file() and instance.has_begun() and cancellation.told(instance) is None:
        raise Refused("ending-not-asked")


def told(facts: certificates.Facts) -> list[str]:
    """A verified certificate's facts, a line each."""
    return [f"  {name}: {value}" for name, value in facts]
