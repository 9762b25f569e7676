"""Erasing: data has history, keys have none. Without its folder key nothing of a client opens, here or in any backup.

What is asked for is noted first, then the key goes with the keystore's epoch, then rows and files. Killed anywhere in
between, `finish` goes on: at the next erasure, and when an administrator signs in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vault.crypto import codec
from vault.crypto.directory import OFFICE
from vault.crypto.keys import fingerprint, new_id, new_key, sign, verify
from vault.crypto.keystore import Keystore
from vault.domain.access import Permission
from vault.domain.clients import Client
from vault.domain.erasures import CLIENT, Erasure, ErasureOrder
from vault.domain.retention import holds_on
from vault.errors import KuraError, Malformed, NotFound, Refused
from vault.services import backups, merged, office, payloads
from vault.services.acts import BIN_KINDS, Act
from vault.services.audit import Event, Fact
from vault.services.deposits import HERE
from vault.services.holdings import client_of
from vault.services.ledger_rows import today
from vault.services.safe import Desk, shadow_of
from vault.services.search import index
from vault.storage import objects, records
from vault.storage.database import checkpoint, transaction

ERASURES = b"kura erasures\x00\x00\x00"
KIND, PURPOSE = "erasure", "erasure"


def ensure_folder(desk: Desk) -> None:
    """The folder in which erasures are noted."""
    if desk.ring(desk.directory.system(OFFICE)).find(ERASURES) is not None:
        return
    try:
        desk.add_folders({ERASURES: desk.directory.system(OFFICE)}, {ERASURES: (new_id(), new_key())})
    except Malformed:  # somebody else was the first in this moment
        desk.now_reading(desk.instance.keyring.stored())


def erase_clients(desk: Desk, clients: Sequence[bytes], order: ErasureOrder) -> list[int]:
    """Erase clients wholly, with one keystore epoch for all; returns the numbers of their certificates.

    One that was erased already, by a second click or another administrator, keeps the certificate that he has. Raises
    NotFound for a client that the person at the desk does not hold, Refused("held") for one that is not to be erased.
    """
    desk.require(Permission.ERASE)
    ensure_folder(desk)
    with desk.act(Event.ERASURE_BEGUN, Permission.ERASE) as act:
        earlier = {each.client: each.number for each in every(act) if each.what == CLIENT}
        numbers = [earlier.get(client.hex()) or _begun(act, client, order) for client in dict.fromkeys(clients)]
    finish(desk)
    return numbers


def _begun(act: Act, client: bytes, order: ErasureOrder) -> int:
    act.desk.folder(client)
    if records.has_gone_into_another(act.connection, client):
        raise NotFound("not-found")  # a certificate about him would not be true while the other one is there
    check_holds(act, client)
    records.set_erasing(act.connection, client)
    there, earlier = records.counts_of(act.connection, client)
    notes = sum(entry[0] in (*BIN_KINDS, HERE) for entry in act.contents(client).entries.values())
    number = begin(act, CLIENT, client, order, (there - notes, earlier, len(objects.rows_of(act.connection, client))))
    act.also(Event.ERASURE_BEGUN, client)
    return number


def check_holds(act: Act, client: bytes) -> None:
    """Raises Refused("held") while somebody has noted a reason not to erase a client, or a part of him."""
    act.with_bin(client)
    try:
        record = client_of(act, client)[1]
    except NotFound:
        return  # a save that was killed: there is nothing to be held
    refuse_held(act, record)


def refuse_held(act: Act, record: Client) -> None:
    """The same of a client whose record was read, without a look into the bin."""
    for hold in holds_on(record.holds, today(act.desk)):
        since, until = (day.typed if day else "―" for day in (hold.since, hold.until))
        raise Refused("held", name=record.name, reason=hold.reason, since=since, until=until)


def begin(act: Act, what: str, client: bytes, order: ErasureOrder, counted: tuple[int, int, int]) -> int:
    """Note an erasure that is to be done, inside an act; `counted`: records, earlier versions and objects that go.
    Returns its number."""
    desk = act.desk
    number = 1 + sum(entry[0] == KIND for entry in act.contents(ERASURES).entries.values())
    erasure = Erasure(
        number=number, what=what, client=client.hex(), reason=order.reason, note=order.note, person=desk.person.hex(),
        begun=desk.instance.now(), records=counted[0], versions=counted[1], objects=counted[2],
    )  # fmt: skip
    act.add(ERASURES, KIND, payloads.encode(erasure))
    return number


def every(act: Act) -> list[Erasure]:
    """All erasures, the newest first."""
    found = [payloads.decode(each.payload, Erasure) for each in act.read(ERASURES, [KIND])]
    return sorted(found, key=lambda erasure: -erasure.number)


# --- the rest, which a kill may leave to the next time


def is_pending(desk: Desk) -> bool:
    """Whether an erasure was begun and not finished."""
    if not desk.may(Permission.ERASE) or desk.ring(desk.directory.system(OFFICE)).find(ERASURES) is None:
        return False
    with transaction(desk.instance.engine) as connection:
        act = Act(desk, connection, Fact(Event.ERASURES_OPENED))
        return any(not erasure.done for erasure in every(act))


def finish(desk: Desk) -> None:
    """Finish what was begun: the keys go, and with them the moment has come; then rows and files."""
    pending = _pending(desk)
    if not pending:
        return
    clients = {bytes.fromhex(each.client): each for each in pending.values()}
    _drop_arriving(desk, clients)
    inside = merged.clients_of(desk, clients)
    _drop_keys(desk, clients, inside)
    with desk.act(Event.ERASED, Permission.ERASE) as act:
        act.fact.keystore = desk.stored
        for each in _without_key(act):
            records.drop_owner(act.connection, each)
        files = [file for client, each in clients.items() for file in _drop_rows(act, client, each)]
        for record, erasure in pending.items():
            _complete(act, record, erasure)
        for client, erasure in clients.items():
            act.also(Event.ERASED if erasure.what == CLIENT else Event.REKEYED, client)
    for file in files:
        desk.instance.objects.remove(file)
    for client, erasure in clients.items():
        if erasure.what == CLIENT:
            desk.instance.uploads.drop_client(client)
    checkpoint(desk.instance.engine)


def _pending(desk: Desk) -> dict[bytes, Erasure]:
    with desk.act(Event.ERASURES_OPENED, Permission.ERASE) as act:
        found = {each.row.id: payloads.decode(each.payload, Erasure) for each in act.read(ERASURES, [KIND])}
    return {record: erasure for record, erasure in found.items() if not erasure.done}


def _drop_arriving(desk: Desk, clients: dict[bytes, Erasure]) -> None:
    """What is on its way in for a client that was sealed anew: as long as his next key has not taken the old one's place,
    for then more comes in, under that, and pages of it that are held."""
    for client, erasure in clients.items():
        waiting = any(desk.ring(each).find(shadow_of(client)) for each in desk.client_compartments())
        if erasure.what != CLIENT and waiting:
            desk.instance.uploads.drop_client(client)


def _drop_keys(desk: Desk, clients: dict[bytes, Erasure], inside: Sequence[bytes]) -> None:
    """In a new keystore epoch: a whole client's key goes; of a part, the next folder takes the old one's place. The keys
    of clients who went into them, `inside`, open earlier backups only, and go with either."""

    def change(keystore: Keystore) -> Keystore:
        directory = keystore.trusted(desk.bundle.pinned)
        for compartment in directory.of_clients():
            key = keystore.compartment_key(directory, compartment, desk.person, desk.bundle.private)
            ring = now = keystore.ring(directory, compartment, key)
            for client, erasure in clients.items():
                following = now.find(shadow_of(client))
                if now.find(client) is None or (erasure.what != CLIENT and following is None):
                    continue
                now = now.without(client).without(shadow_of(client))
                if erasure.what != CLIENT and following is not None:
                    now = now.with_folder(client, *following)
            for each in inside:
                now = now.without(each)
            if now != ring:
                mine = {client: each for client, each in clients.items() if ring.find(client) is not None}
                parts = [client for client, each in mine.items() if each.what != CLIENT]
                now = index.carried_over(desk.instance, compartment, now, [*mine, *inside], parts)
                keystore = keystore.with_ring(directory, compartment, key, now)
                keystore = desk.granted(keystore, directory, compartment, key)
        return desk.marked(keystore)

    desk.instance.keyring.let_go()  # or this worker would wait for its own lease
    desk.now_reading(desk.instance.files.take_away(change))
    index.forget_others(desk.instance, index.ids_of(desk, desk.directory.of_clients()))
    backups.copy_keystore(desk.instance)


def _without_key(act: Act) -> list[bytes]:
    """Who went into a client whose keys are gone, now or before a kill: once they are, nobody can tell any more whose
    they were."""
    rings = [act.desk.ring(compartment) for compartment in act.desk.directory.of_clients()]
    left = records.gone_into_others(act.connection)
    return [each for each in left if all(ring.find(each) is None for ring in rings)]


def _drop_rows(act: Act, client: bytes, erasure: Erasure) -> list[bytes]:
    """Delete what no key opens any more; returns the files of objects to be removed once that has committed."""
    rows = objects.rows_of(act.connection, client)
    if erasure.what == CLIENT:
        records.drop_owner(act.connection, client)
        gone = rows
    else:
        kept = act.desk.folder(client).id
        gone = [row for row in rows if row.folder != kept]
    objects.drop_files(act.connection, [row.file for row in gone])
    return [row.file for row in gone]


def _complete(act: Act, record: bytes, erasure: Erasure) -> None:
    desk = act.desk
    found = act.read_one(ERASURES, record, KIND)
    if payloads.decode(found.payload, Erasure).done:
        return  # somebody else has finished it in this moment
    key = fingerprint(desk.directory.signing_public).hex()
    done = replace(erasure, done=desk.instance.now(), epoch=desk.stored.keystore.epoch, key=key)
    signature = sign(desk.secret("signing"), PURPOSE, codec.encode([desk.instance.office, *done.told()]))
    signed = payloads.encode(replace(done, signature=signature.hex()))
    act.change(ERASURES, record, KIND, signed, found.row.version)


def listed(desk: Desk) -> list[tuple[Erasure, str]]:
    """All erasures with the name of who did each, the newest first."""
    desk.require(Permission.ERASE)
    ensure_folder(desk)
    with desk.act(Event.ERASURES_OPENED, Permission.ERASE) as act:
        return [(each, office.name_of(act, bytes.fromhex(each.person))) for each in every(act)]


def certificate(desk: Desk, number: int) -> Erasure:
    """The erasure of a certificate's number; raises NotFound for one that is not done."""
    return certificate_by(desk, number)[0]


def certificate_by(desk: Desk, number: int) -> tuple[Erasure, str]:
    """The same with the name of who did it."""
    for erasure, by in listed(desk):
        if erasure.number == number and erasure.done:
            return erasure, by
    raise NotFound("not-found")


def public_key_of(desk: Desk, erasure: Erasure) -> bytes:
    """The public key whose fingerprint a certificate bears, today's or an earlier one; empty where none is known."""
    known = [desk.directory.signing_public, *desk.stored.keystore.earlier_signing()]
    return next((key for key in known if fingerprint(key).hex() == erasure.key), b"")


def is_vouched(desk: Desk, erasure: Erasure) -> bool:
    """Whether the office's signing key of today signed a certificate, and signed just this."""
    data = codec.encode([desk.instance.office, *erasure.told()])
    try:
        verify(desk.directory.signing_public, PURPOSE, data, bytes.fromhex(erasure.signature))
    except KuraError:
        return False
    return True
