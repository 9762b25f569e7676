"""An office in which one client stands twice, the second time with papers of his own; and how the two become one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tests.support.deposits import papers
from tests.support.offices import Office, household, policy
from vault.domain.access import Permission
from vault.domain.clients import Client, RelatedClient
from vault.domain.documents import Document
from vault.domain.prints import POLICY_LIST, PrintOrder
from vault.domain.uniting import Choice, proposed_people, united
from vault.services import bin, clients, deposits, doubles, objects, payloads, policies, printing, uniting
from vault.services.audit import Event
from vault.services.holdings import DOCUMENT
from vault.services.safe import Desk
from vault.services.uniting import Base

SCAN = b"a page of the one that goes " * 400
TWIN, TWIN_KANA = "志摩　海斗", "シマ　カイド"


@dataclass
class Twins:
    """An office in which the first client stands twice, under `twin` with papers, a policy and a printed sheet of his own."""

    office: Office
    first: bytes
    twin: bytes
    policy: bytes
    document: bytes
    deposit: bytes
    serial: int


def twins_in(office: Office) -> Twins:
    desk, (first, second) = office.desk(), office.facts.clients[:2]
    record = replace(household(TWIN, TWIN_KANA), notes="支店で聞いたこと")
    record = replace(record, related=(RelatedClient(client=second.hex(), link="親族の世帯", member=record.members[0].id),))
    twin = clients.create(desk, desk.client_compartments()[0], record)
    made = policies.create(desk, twin, policy(record, "日本生命", "K-77"))
    policies.save(desk, twin, made, policy(record, "日本生命", "K-77", "9,900"), 1)
    binned = policies.create(desk, twin, policy(record, "第一生命", "B-1"))
    bin.put(desk, twin, binned, 1)
    deposit = deposits.create(desk, twin, papers(TWIN, "K-77"))
    with desk.act(Event.DOCUMENT_SAVED, Permission.WRITE_DOCUMENTS, twin) as act:
        objects.put(act, twin, [SCAN], len(SCAN))
        said = Document(kind="保険証券", title="控え", policy=made.hex())
        document = act.add(twin, DOCUMENT, payloads.encode(said))
    order = PrintOrder(sheet=POLICY_LIST, purpose="社内利用", addressee="志摩 様", copies=1)
    serial = printing.print_client(office.desk(), twin, order).serial
    clients.save(desk, twin, replace(clients.get(desk, twin).client, mail="shima@example.com"), 1)
    return Twins(office, first, twin, made, document, deposit, serial)


def union(desk: Desk, stays: bytes, goes: bytes) -> tuple[Client, dict[str, str], doubles.Sides]:
    """What the page proposes, taken as it is."""
    sides = doubles.two_clients(desk, stays, goes)
    same = proposed_people(sides.stays.client, sides.goes.client)
    ids = (stays.hex(), goes.hex())
    return united(sides.stays.client, sides.goes.client, sides.newer, Choice({}, same, {}), ids), same, sides


def unite(desk: Desk, stays: bytes, goes: bytes) -> None:
    record, same, sides = union(desk, stays, goes)
    uniting.unite_clients(desk, Base(stays, sides.stays.version), Base(goes, sides.goes.version), record, same)
