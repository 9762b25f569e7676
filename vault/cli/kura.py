"""`kura`: begin an instance, serve it, look at it, verify its log, back it up, issue a ticket, measure it."""

from __future__ import annotations

import json
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from vault import catalogue
from vault.config import SECRET_FILE, SETTINGS_FILE, Hosting, Settings, load, new_settings_text
from vault.errors import KuraError, NotReady, Refused
from vault.services import presence
from vault.storage import durable

if TYPE_CHECKING:
    from vault.services.accounts.activation import HandOver

# What a command needs is imported by it: whoever waits for an office that was asleep waits for no backup's modules.
OPERATOR_KEY = "operator.key"
_ = catalogue.load("ja").gettext
folder_option = click.option(
    "--folder", type=click.Path(path_type=Path), default=Path("instance"), show_default=True, help=_("データのフォルダー")
)


def _stop(error: KuraError) -> NoReturn:
    click.echo(catalogue.sentence(catalogue.load("ja"), error), err=True)
    sys.exit(1)


@click.group()
def main() -> None:
    """Kura 証券蔵"""
    os.umask(0o077)


def _sure(question: str) -> bool:
    """Yes or no; whoever breaks off means no."""
    try:
        return click.confirm(question, default=False)
    except click.Abort:
        click.echo(err=True)
        return False


def _asked(question: str) -> str:
    """What is typed; nothing from whoever breaks off."""
    try:
        return str(click.prompt(question)).strip()
    except click.Abort:
        click.echo(err=True)
        return ""


# --- init


@main.command(help=_("新しい証券蔵を作り、ログインIDと初期パスワードを一度だけ表示する"))
@folder_option
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True)
@click.option("--operator-key", type=click.Path(path_type=Path, exists=True), help=_("運営者の公開鍵(16進)のファイル"))
@click.option("--host", default="", help=_("ブラウザーから見えるホスト名(nginxの後ろで動くとき)"))
@click.option("--run", type=click.Path(path_type=Path), help=_("動いている間のフォルダー(メモリーの上)"))
@click.option("--told", type=click.Path(path_type=Path), help=_("運営者からの知らせを読むフォルダー"))
@click.option("--replica", type=click.Path(path_type=Path), multiple=True, help=_("二つ目からの鍵の控えの場所"))
@click.option("--backups", "backup_place", type=click.Path(path_type=Path), help=_("バックアップの場所"))
@click.option("--again", is_flag=True, help=_("まだ使われていないインスタンスを作り直す"))
@click.option("--json", "as_json", is_flag=True, help=_("結果をJSONで表示する"))
def init(
    folder: Path, port: int, operator_key: Path | None, host: str, run: Path | None, told: Path | None,
    replica: tuple[Path, ...], backup_place: Path | None, again: bool, as_json: bool,
) -> None:  # fmt: skip
    """Begin an instance and print the hand-over, once."""
    from vault.domain.retention_of_backups import day_and_time

    hosting = Hosting(host, _absolute(run), _absolute(told), tuple(map(_absolute, replica)), _absolute(backup_place))
    try:
        hand_over = begin_instance(folder.resolve(), port, operator_key, again, hosting)
        address = load(folder).address
    except KuraError as error:
        _stop(error)
    if as_json:
        facts = {
            "login_id": hand_over.login_id,
            "initial_password": hand_over.initial_password,
            "address": address,
            "expires": hand_over.expires,
            "folder": str(folder.resolve()),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    click.echo(_("証券蔵の準備ができました。次の内容は一度しか表示されません。"))
    click.echo(f"{_('ログインID')}: {hand_over.login_id}")
    click.echo(f"{_('初期パスワード')}: {hand_over.initial_password}")
    click.echo(f"{_('アドレス')}: {address}")
    click.echo(f"{_('有効期限')}: {day_and_time(hand_over.expires)}")


def _absolute(place: Path | None) -> str:
    return str(place.resolve()) if place is not None else ""


def begin_instance(
    folder: Path, port: int, operator_key: Path | None, again: bool, hosting: Hosting | None = None
) -> HandOver:
    """Make folders, settings, secret, empty database and initial login; raises Refused or NotReady."""
    from vault.services.accounts import activation
    from vault.services.instance import Instance

    existing = (folder / SETTINGS_FILE).exists()
    if existing and not again:
        raise Refused("instance-exists", folder=folder)
    if not existing:
        if folder.exists() and any(p.name not in ("keys", "data", SECRET_FILE, OPERATOR_KEY) for p in folder.iterdir()):
            raise NotReady("folder-foreign", folder=folder)
        _make_folder(folder, port, operator_key, hosting or Hosting())
    instance = Instance(load(folder))
    try:
        instance.check()
        return activation.issue(instance)
    finally:
        instance.engine.dispose()  # or it would stay open until it is collected, whoever else copies the file meanwhile


def _make_folder(folder: Path, port: int, operator_key: Path | None, hosting: Hosting) -> None:
    from vault.crypto.keys import new_id
    from vault.storage.database import create_tables

    second = [Path(place) for place in hosting.replicas] or [folder / "keys" / "b"]
    for place in (folder, folder / "keys" / "a", *second, folder / "data"):
        durable.make_folder(place)
        place.chmod(stat.S_IRWXU)
    operator_public = _operator_public(folder, operator_key)
    durable.write_whole(folder / SECRET_FILE, secrets.token_bytes(64))
    create_tables(folder / "data" / "kura.db")
    # Last: a folder without settings is not yet an instance and is made again after a kill.
    text = new_settings_text(new_id(), port, operator_public, hosting)
    durable.write_whole(folder / SETTINGS_FILE, text.encode())


def _operator_public(folder: Path, given: Path | None) -> bytes:
    """The operator's public key as given, or of a new key whose private half lies beside the settings."""
    from vault.crypto.keys import new_signing_key, signing_public

    if given is not None:
        try:
            public = bytes.fromhex(given.read_text("ascii").strip())
        except ValueError as error:
            raise Refused("operator-key-unreadable", file=given) from error
        if len(public) != 32:
            raise Refused("operator-key-unreadable", file=given)
        return public
    private = new_signing_key()
    durable.write_whole(folder / OPERATOR_KEY, private.hex().encode())
    return signing_public(private)


# --- serve


@main.command(help=_("証券蔵を、止めるまでこのコンピューターの中だけで開く"))
@folder_option
@click.option("--port", type=click.IntRange(1, 65535), help=_("待ち受けるポート"))
@click.option("--workers", type=click.IntRange(1, 32), help=_("ワーカーの数"))
def serve(folder: Path, port: int | None, workers: int | None) -> None:
    """Serve the instance on the loopback address until stopped; under a socket unit on its socket, until nobody needs it."""
    from vault.cli import serving

    try:
        settings = load(folder)
        durable.make_folder(settings.run)
        presence.stand_on(settings.folder)
        if serving.is_activated():  # whoever connected waits: the server itself looks whether all is right
            _become(serving.activated_arguments(settings), settings)
        serving.make_ready(settings, lambda: click.echo(_("データベースを新しい形に直しています。終わるまでお待ちください。")))
    except KuraError as error:
        _stop(error)
    number = port or settings.port
    if sys.stdout.isatty():
        click.echo(_("証券蔵を開始します: %(address)s (停止は Ctrl+C)") % {"address": f"http://localhost:{number}/"})
    _become(serving.gunicorn_arguments(settings, number, workers or settings.workers), settings)


def _become(arguments: list[str], settings: Settings) -> NoReturn:
    from vault.cli.serving import environment

    os.execve(arguments[0], arguments, environment(settings))


# --- a release tried on the data of an instance


@main.command(help=_("止まっている証券蔵のデータベースを、この版の形に直す"))
@folder_option
def migrate(folder: Path) -> None:
    """Bring the database to this release's schema; exit status 1 when that fails, and nothing is changed then."""
    from vault.cli import checking

    try:
        before, after = checking.migrate(folder)
    except KuraError as error:
        _stop(error)
    click.echo(_("データベースの形: %(before)s → %(after)s") % {"before": before, "after": after})


@main.command(help=_("この版のプログラムが証券蔵を開けるか、誰にも見せずに確かめる(異常があれば終了コード1)"))
@folder_option
def check(folder: Path) -> None:
    """Load the application and ask it for its first pages; exit status 1 when one does not answer."""
    from vault.cli import checking

    try:
        pages = checking.check(folder)
    except KuraError as error:
        _stop(error)
    click.echo(_("この版で開けます(%(pages)s)。") % {"pages": " ".join(pages)})


# --- status, ticket


@main.command(help=_("件数、場所、日付を表示する(中身は表示しない)"))
@folder_option
@click.option("--json", "as_json", is_flag=True)
def status(folder: Path, as_json: bool) -> None:
    """Counts, places and dates; nothing of what is inside."""
    from vault.cli import status as status_room
    from vault.services.instance import Instance

    try:
        instance = Instance(load(folder))
        instance.check(away=True)
        facts = status_room.facts(instance)
    except KuraError as error:
        _stop(error)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    if facts.get("closed"):
        facts["closed"] = _("closed." + str(facts["closed"]))
    for name, value in facts.items():
        told = {True: _("はい"), False: _("いいえ"), "": _("なし")}.get(value, value) if isinstance(value, bool | str) else value
        click.echo(f"{_('status.' + name)}: {told}")
    for place in instance.files.owed():
        click.echo(_("鍵の控えが足りない場所: %(place)s。つなぎ直してから kura backup を実行すると、足りない分が書かれます。") % {"place": place}, err=True)


@main.command(help=_("復旧用紙を持つ事務所のために、一度だけ使える復旧許可番号を出す"))
@folder_option
def ticket(folder: Path) -> None:
    """A one-time ticket (復旧許可番号) for an office that shows its recovery sheet."""
    from vault.domain.retention_of_backups import day_and_time
    from vault.services.accounts import recovery
    from vault.services.instance import Instance

    try:
        instance = Instance(load(folder))
        instance.check()
        number, expires = recovery.issue_ticket(instance)
    except KuraError as error:
        _stop(error)
    click.echo(f"{_('復旧許可番号')}: {number}")
    click.echo(f"{_('有効期限')}: {day_and_time(expires)}")


@main.command("verify-log", help=_("アクセスログの連なりを確かめる(正しくなければ終了コード1)"))
@folder_option
@click.option("--expect", metavar=_("番号:控え"), help=_("前の点検で書き留めた控えとも比べる"))
@click.option("--json", "as_json", is_flag=True)
def verify_log(folder: Path, expect: str | None, as_json: bool) -> None:
    """Verify the access log's chain; exit status 1 when an entry is not right."""
    from vault.cli.verifying import read_head, told, verify
    from vault.services.instance import Instance

    try:
        expected = read_head(expect) if expect is not None else None
        if expect is not None and expected is None:
            raise Refused("expect-unreadable")
        finding = verify(Instance(load(folder)), expected)
    except KuraError as error:
        _stop(error)
    lines = [json.dumps(finding.facts())] if as_json else told(finding, catalogue.load("ja"))
    for line in lines:
        click.echo(line)
    sys.exit(finding.fault is not None)


# --- backup, drill, restore


@main.command(help=_("利用中のままバックアップを作り、戻せるか点検する(異常があれば終了コード1)"))
@folder_option
@click.option("--force", default="", metavar=_("フォルダー"), help=_("断られたバックアップのフォルダーを、名前を入れて使う"))
@click.option("--no-drill", is_flag=True, help=_("できたバックアップを点検しない"))
@click.option("--json", "as_json", is_flag=True)
def backup(folder: Path, force: str, no_drill: bool, as_json: bool) -> None:
    """Back the instance up while people work, and try the backup; exit status 1 when something is wrong."""
    from vault.cli import backing_up

    try:
        instance = backing_up.opened(folder)
        made, found = backing_up.backup(instance, force, not no_drill)
        if as_json:
            click.echo(json.dumps(backing_up.backup_facts(instance, made, found)))
        else:
            backing_up.tell_backup(instance, made)
    except KuraError as error:
        _stop(error)
    if found is not None and not as_json:
        backing_up.tell_drill(found)
    sys.exit(bool(made.lost or (found is not None and found.faults)))


@main.command(help=_("バックアップを作業用のフォルダーで点検する(異常があれば終了コード1)"))
@folder_option
@click.option("--name", default="", help=_("点検するバックアップの名前(なければ最新)"))
@click.option("--json", "as_json", is_flag=True)
def drill(folder: Path, name: str, as_json: bool) -> None:
    """Try a backup in a scratch folder; exit status 1 when anything in it is not right."""
    from vault.cli import backing_up
    from vault.services import backups

    teller = backing_up.Teller(_("バックアップの点検"))
    try:
        found = backups.drill(backing_up.opened(folder), name, teller)
    except KuraError as error:
        _stop(error)
    teller.end()
    if as_json:
        click.echo(json.dumps(backing_up.drill_facts(found)))
    else:
        backing_up.tell_drill(found)
    sys.exit(bool(found.faults))


@main.command(help=_("記録と書類を、バックアップの時の状態に戻す"))
@folder_option
@click.option("--at", default="", metavar="2026-11-22[T14:30]", help=_("この時までのいちばん新しいバックアップに戻す"))
@click.option("--undo", is_flag=True, help=_("確認の前に、戻す前の状態に直す"))
@click.option("--from", "source", type=click.Path(path_type=Path, exists=True, file_okay=False),
              help=_("なくなったデータのフォルダーを、このバックアップのフォルダーから作り直す"))  # fmt: skip
@click.option("--keys", type=click.Path(path_type=Path, exists=True, file_okay=False), help=_("残っている鍵の控えのフォルダー"))
@click.option("--dry-run", is_flag=True, help=_("何をするかを表示するだけで、何も変えない"))
@click.option("--yes", is_flag=True, help=_("確かめずに進める"))
def restore(
    folder: Path, at: str, undo: bool, source: Path | None, keys: Path | None, dry_run: bool, yes: bool
) -> None:
    """Put records and documents back as a backup has them."""
    from vault.cli import backing_up

    try:
        if source is not None:
            backing_up.rebuild(folder, source, at, keys)
        else:
            backing_up.restore(folder, at, undo, None if dry_run else lambda: yes or _sure(_("この内容で進めますか")))
    except KuraError as error:
        _stop(error)


@main.command(help=_("証券蔵を、鍵とバックアップごと消去し、署名した証明書を書く(元に戻せない)"))
@folder_option
@click.option("--yes", metavar="OFFICE_ID", default="", help=_("確かめの入力の代わりに、事務所のIDを渡す"))
@click.option("--contract-ended", is_flag=True, help=_("申し込みがなくても、その日を待たずに消去する(契約が終わったとき)"))
@click.option("--moved", metavar=_("受領番号"), default="", help=_("引っ越しのあと、kura unpack が表示した受領番号"))
@click.option("--operator-key", type=click.Path(path_type=Path), help=_("運営者の秘密鍵(16進)のファイル( - なら標準入力から読む)"))
@click.option("--certificate", type=click.Path(path_type=Path), help=_("証明書を書くファイル(なければフォルダーの隣)"))
@click.option("--lost", type=click.Path(path_type=Path), multiple=True, help=_("二度と戻らない鍵の控えやバックアップの場所"))
def destroy(
    folder: Path, yes: str, contract_ended: bool, moved: str, operator_key: Path | None, certificate: Path | None,
    lost: tuple[Path, ...],
) -> None:  # fmt: skip
    """Destroy the instance, its keys and all of its backups, for good, and write a signed certificate."""
    from vault.cli import ending
    from vault.services import destroying

    folder = folder.resolve()
    target = (certificate or ending.default_certificate(folder)).resolve()
    try:
        if destroying.finish_empty(folder, target) is not None:
            click.echo(_("消去は終わっています。証明書: %(file)s") % {"file": target})
            return
        office = ending.office_of(folder)
        click.echo(_("事務所のID: %(office)s") % {"office": office})
        if (yes.strip() or _asked(_("すべてを消去します。元に戻せません。事務所のIDを入力してください"))).lower() != office:
            raise Refused("ending-unconfirmed")
        key = ending.private_key(folder, operator_key)
        order = destroying.Order(key, target, contract_ended, moved, lost)
        written, _certificate = ending.destroy(folder, order, catalogue.load("ja"))
    except KuraError as error:
        _stop(error)
    click.echo(_("すべて消去しました。証明書: %(file)s") % {"file": written})


@main.command("verify-certificate", help=_("契約終了の証明書か、書き写した消去証明書の値を確かめる(正しくなければ終了コード1)"))
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", required=True, help=_("運営者(お客様の消去証明書では事務所)の公開鍵か、復旧用紙の指紋: 16進、またはそのファイル"))
def verify_certificate(file: Path, key: str) -> None:
    """Verify a certificate of a contract's end, or the typed values of a client's erasure; exit status 1 if it is not right."""
    from vault.cli import ending
    from vault.services import certificates

    try:
        facts = certificates.check(file.read_bytes(), ending.public_key(key))
    except KuraError as error:
        _stop(error)
    click.echo(_("この証明書は、この鍵の持ち主が署名したとおりです。"))
    for line in ending.told(facts):
        click.echo(line)


@main.command(help=_("証券蔵を閉じ、別のサーバーへ運ぶ封印した1つのファイルにする"))
@folder_option
@click.option("--to", "target", type=click.Path(path_type=Path), help=_("荷物を書くファイル"))
@click.option("--with-backups", is_flag=True, help=_("バックアップも入れる"))
@click.option("--reopen", is_flag=True, help=_("引っ越しをやめ、閉じた証券蔵をまた開く"))
@click.option("--yes", is_flag=True, help=_("荷物が使われていないと分かっている"))
def pack(folder: Path, target: Path | None, with_backups: bool, reopen: bool, yes: bool) -> None:
    """Close the instance and put all of it into one sealed file for another server."""
    from vault.cli import moving
    from vault.services import packing
    from vault.services.instance import Instance

    try:
        instance = Instance(load(folder))
        if reopen:
            opened = packing.reopen(instance, yes)
            click.echo(_("また開きました。") if opened else _("引っ越しのために閉じてはいません。"))
            return
        if target is None:
            raise Refused("pack-target")
        instance.check()
        with presence.alone(instance.settings.folder):
            found = packing.pack(instance, target.resolve(), with_backups)
    except KuraError as error:
        _stop(error)
    for line in moving.told_packed(found, catalogue.load("ja")):
        click.echo(line)


@main.command(help=_("運んだファイルから空のフォルダーに証券蔵を作り、すべて確かめて受領番号を表示する"))
@click.argument("source", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@folder_option
@click.option("--host", default="", help=_("新しいホスト名(設定にあるものと違うとき)"))
@click.option("--replica", type=click.Path(path_type=Path), multiple=True, help=_("鍵の控えの場所(古いサーバーで別の場所だったとき)"))
@click.option("--backups", "backup_place", type=click.Path(path_type=Path), help=_("バックアップの場所(同じく)"))
@click.option("--run", type=click.Path(path_type=Path), help=_("動いている間のフォルダー(メモリーの上)"))
@click.option("--told", type=click.Path(path_type=Path), help=_("運営者からの知らせを読むフォルダー"))
def unpack(
    source: Path, folder: Path, host: str, replica: tuple[Path, ...], backup_place: Path | None, run: Path | None,
    told: Path | None,
) -> None:  # fmt: skip
    """Make the instance of a pack in an empty folder, verify all of it, and print the receipt for the old server."""
    from vault.cli import moving
    from vault.services import unpacking

    code = _asked(_("開封コード"))
    places = unpacking.Places(
        host, tuple(each.resolve() for each in replica), backup_place and backup_place.resolve(), run and run.resolve(),
        told and told.resolve(),
    )  # fmt: skip
    try:
        found = unpacking.unpack(source, code, folder.resolve(), places)
    except KuraError as error:
        _stop(error)
    for line in moving.told_unpacked(found, catalogue.load("ja")):
        click.echo(line)


@main.command(help=_("このコンピューターの速さを測る(同じ実行の中での比で示す)"))
@click.option("--json", "as_json", is_flag=True)
@click.option("--clients", type=click.IntRange(10, 200_000), default=25_000, show_default=True)
@click.option("--people", type=click.IntRange(10, 500), default=50, show_default=True)
@click.option("--objects", type=click.IntRange(10, 100_000), default=2000, show_default=True, help="MiB")
@click.option("--search", "search_only", is_flag=True, help=_("検索と今日の仕事だけを測る(契約が数十万件の事務所でも)"))
def bench(as_json: bool, clients: int, people: int, objects: int, search_only: bool) -> None:
    """Measure this machine: each figure as a ratio taken in one run."""
    from vault.cli.bench import run

    for line in run(clients, as_json, people, objects, search_only):
        click.echo(line)


if __name__ == "__main__":
    main(prog_name="kura")
