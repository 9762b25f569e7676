"""`kura backup`, `kura drill`, `kura restore`: what they do and how it is told on a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import click

from vault import catalogue
from vault.config import load
from vault.domain.retention_of_backups import day_and_time
from vault.errors import Refused
from vault.services import backup_room, backups, rebuilding, restoring
from vault.services.backups import Made
from vault.services.drilling import Drill
from vault.services.instance import Instance
from vault.services.restore_notes import Waiting
from vault.services.restoring import Job
from vault.storage.database import upgrade
from vault.storage.restored import Plan

_ = catalogue.load("ja").gettext
SHOWN = 20
LOOK_SECONDS = 0.2


@dataclass
class Teller:
    """Progress: on a terminal one line that moves, elsewhere a line for each step. `what`: of which of several works."""

    what: str = ""
    moving: bool = field(default_factory=lambda: sys.stderr.isatty())
    step: str = ""
    last: float = 0.0

    def __call__(self, step: str, done: int, of: int) -> None:
        if step != self.step:
            self.end()
            self.step, self.last = step, 0.0
            if not self.moving:
                click.echo(self._name(step), err=True)
        if self.moving and (time.monotonic() - self.last > LOOK_SECONDS or done >= of):
            self.last = time.monotonic()
            share = f"{min(100, 100 * done // of) if of else 100:3d}%"
            click.echo(f"\r{self._name(step)} {share}", nl=False, err=True)

    def _name(self, step: str) -> str:
        return (f"{self.what}: " if self.what else "") + _("backup-step." + step)

    def end(self) -> None:
        """The line that moved stays as it is."""
        if self.step and self.moving:
            click.echo(err=True)
        self.step = ""


def opened(folder: Path) -> Instance:
    """The instance of a folder, looked at before anything is done; raises NotReady. A replica of the keys may be away."""
    instance = Instance(load(folder))
    instance.check(away=True)
    return instance


# --- backup, drill


def backup(instance: Instance, force: str, drilled: bool) -> tuple[Made, Drill | None]:
    """Make a backup and try it."""
    teller = Teller(_("バックアップ"))
    made = backups.make(instance, teller, force)
    teller.end()
    if not drilled:
        return made, None
    teller = Teller(_("バックアップの点検"))
    found = backups.drill(instance, made.name, teller)
    teller.end()
    return made, found


def backup_facts(instance: Instance, made: Made, found: Drill | None) -> dict[str, object]:
    """For programs."""
    told: dict[str, object] = {"name": made.name, "size": made.size, "lost": made.lost, "dropped": list(made.dropped)}
    return {**told, "one_disk": backup_room.one_disk(instance), "drill": drill_facts(found) if found else None}


def drill_facts(found: Drill) -> dict[str, object]:
    """For programs."""
    faults = [{"kind": fault.kind, "file": fault.file} for fault in found.faults]
    return {"name": found.name, "files": found.files, "objects": found.objects, "rows": found.rows, "faults": faults}


def tell_backup(instance: Instance, made: Made) -> None:
    """The same in sentences."""
    click.echo(_("バックアップができました: %(name)s (%(size)sバイト)") % {"name": made.name, "size": f"{made.size:,}"})
    if made.dropped:
        click.echo(_("古いバックアップを%(n)s件消しました。") % {"n": len(made.dropped)})
    if made.lost:
        click.echo(_("保管しているファイルのうち%(n)s件が見つからず、写せませんでした。") % {"n": made.lost}, err=True)
    if backup_room.one_disk(instance):
        click.echo(_("バックアップは記録と同じディスクにあります。そのディスクが壊れると、両方が失われます。"), err=True)


def tell_drill(found: Drill) -> None:
    """What a drill has found, the first faults by name."""
    if not found.faults:
        told = {"name": found.name, "files": found.files, "objects": found.objects, "rows": f"{found.rows:,}"}
        click.echo(_("点検の結果、異常はありません: %(name)s (ファイル%(files)s件、写し%(objects)s件、記録%(rows)s件)") % told)
        return
    click.echo(_("点検で%(n)s件の異常が見つかりました: %(name)s") % {"n": len(found.faults), "name": found.name}, err=True)
    for fault in found.faults[:SHOWN]:
        click.echo(f"  {fault.file}: {_('drill.' + fault.kind)}", err=True)


# --- restore


def restore(folder: Path, at: str, undo: bool, sure: Callable[[], bool] | None) -> None:
    """Tell what would go, ask, do it; nothing is changed before `sure` has said yes. Without `sure` it only tells."""
    instance, teller = opened(folder), Teller(_("復元"))
    if sure is not None and undo and restoring.give_up(instance):
        click.echo(_("途中で止まった作業を取りやめました。記録は変わっていません。"))
        return
    with restoring.prepared(instance, at, undo, teller) as job:
        teller.end()
        tell_plan(job)
        if sure is None:
            return
        if not sure():
            raise Refused("restore-not-sure")
        waiting = restoring.carry_out(job, teller)
        teller.end()
    tell_restored(waiting)


def tell_plan(job: Job) -> None:
    """What restoring would change, counted; clients by their numbers, for nobody here may read their names."""
    plan = job.plan
    click.echo(_("バックアップ: %(name)s (%(day)s)") % {"name": job.held.name, "day": day_and_time(job.held.made)})
    if plan.empty:
        click.echo(_("いまの記録と同じです。"))
    for number, words in _lines(plan):
        if number:
            click.echo(f"  {words}: {number:,}")
    if plan.gone:
        numbers = "、".join(client.hex()[:8].upper() for client in plan.gone[:SHOWN])
        more = "…" if len(plan.gone) > SHOWN else ""
        click.echo(_("いなくなるお客様の番号: %(numbers)s") % {"numbers": numbers + more})
    click.echo(_("アクセスログ、印刷・持ち出し台帳、証明書、利用者、登録端末は戻りません。"))


def _lines(plan: Plan) -> list[tuple[int, str]]:
    return [
        (plan.changed, _("内容がその日に戻るお客様")),
        (len(plan.gone), _("あとから登録されたので、いなくなるお客様")),
        (len(plan.returning), _("いまはなく、戻ってくるお客様")),
        (plan.added, _("あとから登録されたので、なくなる記録")),
        (plan.saved, _("あとから変えられたので、前の内容に戻る記録")),
        (plan.missing, _("いまはなく、戻ってくる記録")),
        (plan.documents, _("あとから保管されたので、なくなる書類")),
        (plan.erased, _("消去されたので、戻らないお客様")),
        (plan.rekeyed, _("一部が消去されたので、いまのまま残るお客様")),
    ]


def tell_restored(waiting: Waiting) -> None:
    """What comes next."""
    click.echo(_("%(day)sの記録に戻しました。") % {"day": day_and_time(waiting.made)})
    click.echo(_("管理者がログインして確認するまで、ほかの画面は開けません。"))
    if not waiting.undone:
        click.echo(_("確認の前なら「kura restore --undo」で取り消せます。戻す前の状態: %(kept)s") % {"kept": waiting.kept})


def rebuild(folder: Path, source: Path, at: str, keys: Path | None) -> None:
    """The main folder is gone: made again from the backups of another disk."""
    teller = Teller()
    settings = rebuilding.rebuild(folder.resolve(), source.resolve(), at, keys, teller)
    teller.end()
    upgrade(settings.database)
    instance = Instance(settings)
    rebuilding.finish(instance)
    instance.check()
    click.echo(_("バックアップからデータのフォルダーを作り直しました。「kura serve」で開始できます。"))
