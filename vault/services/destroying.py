"""The end: everything of an instance goes, in an order in which nothing can be opened after the first step.

Shred keys on every replica, keystores, database, objects, backups, sessions, settings, secret; then a look whether
anything is left, and a certificate under the operator's key. What was begun is noted in the folder until the last
moment: killed anywhere, the same command run again finishes, and the certificate still tells what there was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vault.config import SECRET_FILE, SETTINGS_FILE, Settings
from vault.crypto.keys import signing_public
from vault.errors import Damaged, KuraError, NotReady, Refused, Unwritable
from vault.services import cancellation, certificates, closing, ending_notes, packing_notes
from vault.services.ending_notes import CANCELLED, ENDED, GONE, LOST, MOVED, Ending, Wording
from vault.services.ending_survey import has_backups, survey
from vault.services.instance import Instance
from vault.storage import durable, wiping

OPERATOR_KEY, MARK = "operator.key", "ending"
LEASE_SECONDS = 90.0
# Until the certificate is there; the door stays closed until nobody can find the settings any more.
_LAST = (ending_notes.STATE_FILE, OPERATOR_KEY)
_LATE = (SETTINGS_FILE, SECRET_FILE, closing.CLOSED_FILE, *_LAST)


@dataclass(frozen=True)
class Order:
    """What the operator says: his private key, where the certificate goes (a file that is not there yet), whether the
    contract has ended whatever the office asked for, the receipt of a move, and places that will not come back."""

    private: bytes
    certificate: Path
    contract_ended: bool = False
    receipt: str = ""
    lost: tuple[Path, ...] = ()


# --- before anything goes


def begin(instance: Instance, order: Order) -> Ending:
    """Check, close the door, wait for everybody to let go, count, and note that it begins.

    Raises Refused: operator-key-other, certificate-there, certificate-inside, ending-before-day, ending-packed,
    receipt-wrong, closed-for-other, backup-running, ending-running. Nothing has gone then.
    """
    settings = instance.settings
    # Closed for this and nothing noted: an attempt that was killed before anything went.
    held_for = closing.closed_for(instance)
    try:
        _check_order(settings, order)
        why, day = _why(instance, order, held_for)
        running = wiping.holders([settings.folder, *wiping.runs_of(settings.run), *settings.replicas, settings.backups])
        if running:
            raise Refused("ending-running", processes=", ".join(map(str, running)))
        if held_for != closing.PACKED:
            closing.close(instance, closing.ENDED)
        _wait_for_all(settings)
        return ending_notes.write(settings.folder, survey(instance, order.certificate.resolve(), why, day, order.receipt))
    except BaseException:
        with suppress(KuraError):
            closing.reopen(instance, closing.ENDED)
        raise


def _check_order(settings: Settings, order: Order) -> None:
    if signing_public(order.private) != settings.operator_public:
        raise Refused("operator-key-other")
    target = order.certificate.resolve()
    if any(target.is_relative_to(place) for place in (settings.folder, *settings.replicas, settings.backups)):
        raise Refused("certificate-inside", file=target)
    if target.exists() or not target.parent.is_dir():
        raise Refused("certificate-there", file=target)


def _why(instance: Instance, order: Order, held_for: str) -> tuple[str, str]:
    """Why it may go, and the day the office asked for."""
    if held_for == closing.RESTORE:
        raise closing.for_other(held_for)
    day = _day(instance, order)
    if order.receipt:
        packing_notes.check_receipt(instance, order.receipt)
        return MOVED, day
    if held_for == closing.PACKED:
        raise Refused("ending-packed")
    return (ENDED if order.contract_ended or not day else CANCELLED), day


def _day(instance: Instance, order: Order) -> str:
    try:
        held = cancellation.standing(instance) if instance.settings.database.is_file() else None
    except (Damaged, Unwritable):
        if not order.contract_ended:
            raise  # what cannot be read may say that it is too early
        return ""
    if held is None:
        return ""
    if held.day > cancellation.today_of(instance) and not (order.contract_ended or order.receipt):
        raise Refused("ending-before-day", day=held.day.isoformat())
    return held.day.isoformat()


def _wait_for_all(settings: Settings) -> None:
    """Until every worker has let go of what it held opened; raises Refused when one does not."""
    for lease in [path for replica in settings.replicas for path in replica.glob("lease.*")]:
        try:
            with durable.locked(lease, seconds=LEASE_SECONDS):
                pass
        except Unwritable as error:
            raise Refused("ending-running", processes="?") from error


# --- everything goes


def carry_out(folder: Path, ending: Ending, order: Order, wording: Wording, now: int) -> bytes:
    """Take everything away and write the certificate; returns it. `now` in seconds since 1970.

    Raises Refused("ending-owed") while a place is away: all that can be reached has gone then, what is owed stands in
    the draft beside the certificate, and the same call finishes when it is back.
    """
    if signing_public(order.private).hex() != ending.operator:
        raise Refused("operator-key-other")
    if not ending.certificate:
        ending = _wipe_all(folder, _with_lost(folder, ending, order))
        if ending.owed:
            _write_draft(ending, wording)
            raise Refused("ending-owed", places=", ".join(ending.owed))
        ending = _sign(folder, ending, order, wording, now)
    raw, target = ending.certificate.encode(), Path(ending.target)
    wiping.wipe(target.parent.glob(f".{target.name}.*.part"))  # of a kill while one was written
    durable.write_whole(target, raw)
    wiping.drop_file(draft_of(ending))
    wiping.drop_file(folder / OPERATOR_KEY, secret=True)
    wiping.drop_file(folder / ending_notes.STATE_FILE)
    wiping.drop_empty(folder)
    return raw


def draft_of(ending: Ending) -> Path:
    """Where it stands what is still owed."""
    target = Path(ending.target)
    return target.with_name(f"{target.name}.draft")


def _with_lost(folder: Path, ending: Ending, order: Order) -> Ending:
    gone = [str(path.resolve()) for path in order.lost]
    for place in [place for place in ending.owed if place in gone]:
        ending = ending.with_store(place, LOST)
    return ending_notes.write(folder, ending)


def _wipe_all(folder: Path, ending: Ending) -> Ending:
    replicas, backups = [Path(place) for place in ending.replicas], Path(ending.backups)
    here = [place for place in replicas if _is_here(place, wiping.of_replica(place))]
    here += [backups] if _is_here(backups, has_backups(backups, bytes.fromhex(ending.office))) else []
    with _alone(backups) if backups in here else nullcontext():
        for place in here:
            # An emptied place is told by this from one that is away; it goes when that is noted.
            durable.write_whole(place / MARK, b"")
        for replica in replicas:
            wiping.wipe_keys(replica)  # of all before anything else of one: from here on nothing opens
        for replica in replicas:
            wiping.wipe(wiping.of_replica(replica))
        wiping.wipe([folder / "data", folder / "objects"])
        wiping.wipe(wiping.of_backups(backups) if backups in here else [])
    wiping.wipe(wiping.runs_of(Path(ending.run)))
    for place in here:
        ending = ending_notes.write(folder, ending.with_store(str(place), GONE))
        wiping.drop_file(place / MARK)
        wiping.drop_empty(place)
    _wipe_rest(folder, ending)
    return ending


def _is_here(place: Path, files: object) -> bool:
    return bool(files) or (place / MARK).exists()


@contextmanager
def _alone(backups: Path) -> Iterator[None]:
    """While nobody makes a backup: it would come after the folder was emptied."""
    with durable.locked(backups / "lock", seconds=LEASE_SECONDS):
        yield


def _wipe_rest(folder: Path, ending: Ending) -> None:
    wiping.wipe(wiping.empty_but(folder, _LATE))
    for name, secret in ((SETTINGS_FILE, False), (SECRET_FILE, True), (closing.CLOSED_FILE, False)):
        wiping.drop_file(folder / name, secret)
    left = [*wiping.empty_but(folder, _LAST), *filter(wiping.holds_anything, wiping.runs_of(Path(ending.run)))]
    if left:
        raise Unwritable("ending-left", files=", ".join(map(str, left)))


# --- the certificate


def facts_of(ending: Ending) -> certificates.Facts:
    """What a certificate or its draft tells, in this order."""
    counts = [(name.replace("_", " "), str(number)) for name, number in ending.counts.items()]
    return [
        ("office", ending.office), ("operator", ending.operator), ("why", ending.why), ("day asked for", ending.day),
        ("begun", certificates.moment(ending.begun)),
        ("ended", certificates.moment(ending.ended) if ending.ended else ""),
        *((f"{name} key" if name != "journal" else name, told) for name, told in sorted(ending.keys.items())), *counts,
        *(("replica" if place != ending.backups else "backups in", f"{standing} {place}")
          for place, standing in ending.stores.items()),
        *(("found and not touched", path) for path in ending.searched),
    ]  # fmt: skip


def _write_draft(ending: Ending, wording: Wording) -> None:
    text = certificates.unsigned(facts_of(ending), wording(ending))
    durable.write_whole(draft_of(ending), text.encode())


def _sign(folder: Path, ending: Ending, order: Order, wording: Wording, now: int) -> Ending:
    done = replace(ending, ended=now, searched=tuple(map(str, _elsewhere(folder, ending))))
    raw = certificates.signed(facts_of(done), wording(done), order.private)
    return ending_notes.write(folder, replace(done, certificate=raw.decode()))


def _elsewhere(folder: Path, ending: Ending) -> list[Path]:
    """Files around the instance's folder in which its id stands: copies that somebody made. They are named, not touched."""
    office = bytes.fromhex(ending.office)
    state = folder / ending_notes.STATE_FILE
    known = [state, Path(ending.target), draft_of(ending)]
    return list(wiping.search(folder.parent, (office, ending.office.encode()), known))


def finish_empty(folder: Path, certificate: Path) -> bytes | None:
    """The certificate of an ending that was killed just before its empty folder went; None when there was none."""
    try:
        raw = certificate.read_bytes()
        if any(folder.iterdir()):
            return None
    except OSError:
        return None
    if certificates.HEAD.encode() not in raw:
        return None
    wiping.drop_empty(folder)
    return raw


def check_ready(folder: Path) -> None:
    """Raises NotReady where there is neither an instance nor an ending that was begun."""
    if not (folder / SETTINGS_FILE).is_file() and not (folder / ending_notes.STATE_FILE).is_file():
        raise NotReady("ending-nothing", folder=folder)
