"""`kura status`: counts, places and dates of an instance; nothing of what is inside."""

from __future__ import annotations

from vault.domain.retention_of_backups import day_and_time
from vault.services import audit, backups, cancellation, closing
from vault.services.backup_notes import State
from vault.services.instance import Instance
from vault.services.operations import plain_state
from vault.storage.database import reading


def facts(instance: Instance) -> dict[str, object]:
    """All that can be told of an instance without a key, by name."""
    if not instance.has_begun():
        waiting = instance.read_json(instance.settings.activation) or {}
        return {"begun": False, "initial_login_expires": day_and_time(int(str(waiting.get("expires", 0))))}
    state = plain_state(instance)
    return {
        "begun": True,
        "clients": state.clients,
        "records": sum(state.records.values()),
        "binned": state.binned,
        "prints": state.prints,
        "journal": state.journal,
        "keystore": f"{state.keystore[0]}.{state.keystore[1]}",
        "replicas_owed": state.owed,
        "one_disk": state.one_disk,
        "recovery_sheet": day_and_time(state.sheet_made) if state.sheet_made else "",
        "devices": state.devices,
        "free_bytes": state.free_bytes,
        "documents_bytes": state.documents_bytes,
        "documents_limit": state.documents_limit,
        "scans_read": state.scans_read,
        "journal_whole": _journal_whole(instance),
        "closed": closing.closed_for(instance),
        "ending": held.day.isoformat() if (held := cancellation.told(instance)) else "",
        **_backups(backups.state(instance)),
    }


def _journal_whole(instance: Instance) -> bool:
    """Whether the chain of the journal's hashes has no gap, edit or exchange."""
    with reading(instance.engine) as connection:
        return audit.verify_chain(connection) is None


def _backups(state: State) -> dict[str, object]:
    """What is known of the backups."""
    moment = {name: day_and_time(at) if at else "" for name, at in
              (("made", state.made), ("failed", state.failed), ("drilled", state.drilled), ("tried", state.tried))}  # fmt: skip
    return {
        "backup": moment["made"], "backup_late": state.late, "backup_failed": moment["failed"], "backup_lost": state.lost,
        "backup_drilled": moment["drilled"], "backup_faults": state.drill_faults, "backup_tried": moment["tried"],
        "backup_unopened": state.unopened, "backup_one_disk": state.one_disk,
    }  # fmt: skip
