"""A temporary office to measure: begun as on a first day, then filled through the services that people use."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

from vault.cli.bench_rounds import Rounds, rounds_for
from vault.config import load
from vault.crypto.keys import new_id, new_key
from vault.crypto.unlock import recovery_groups
from vault.domain import fields
from vault.domain.access import Permission
from vault.domain.clients import Client, Household
from vault.domain.office import AGENCY, Colleague, Office
from vault.domain.policies import Policy, read_policy
from vault.services import office, payloads, sessions
from vault.services.accounts import beginning, recovery
from vault.services.audit import Event
from vault.services.holdings import POLICY
from vault.services.instance import Instance, Origin
from vault.services.safe import Desk
from vault.storage import records

PASSWORD = "計測 のための 合言葉 2468"
HERE = Origin("127.0.0.1", "POST", "/bench")
POLICIES = 20
POLICIES_EACH = 4
AT_ONCE = 500


@dataclass(frozen=True)
class Measured:
    """An office that is filled: its instance, somebody at work, what he signs in with, the client to open, and how
    often that is done."""

    instance: Instance
    desk: Desk
    login_id: str
    device_secret: bytes
    client: bytes
    policies: list[bytes]
    rounds: Rounds


def make(folder: Path, clients: int) -> Measured:
    """Begin an instance in `folder` at its real costs and fill it; the first client gets 20 policies, others 4."""
    from vault.cli.kura import begin_instance

    login_id = begin_instance(folder, 8080, None, again=False).login_id
    instance = Instance(load(folder))
    secret = os.urandom(32)
    begun = beginning.begin(instance, PASSWORD, None, secret, HERE)
    session = _first_day(instance, begun.session)
    desk = sessions.desk(instance, session, HERE)
    owners = _fill(desk, clients)
    with desk.act(Event.CLIENT_OPENED, Permission.READ_CLIENTS, owners[0]) as act:
        held = [i for i, entry in act.contents(owners[0]).entries.items() if entry[0] == POLICY]
    return Measured(instance, desk, login_id, secret, owners[0], held, rounds_for(clients))


def _first_day(instance: Instance, session: sessions.Session) -> sessions.Session:
    desk = sessions.desk(instance, session, HERE)
    assert session.payload is not None
    waiting = session.payload.waiting
    groups = recovery_groups(waiting.secret)
    first, second = recovery.asked_groups(waiting)
    session = recovery.confirm_sheet(desk, session, (groups[first - 1], groups[second - 1]), "")
    particulars = Office(name="計測保険事務所", kind=AGENCY, address="東京都千代田区計測1-1", telephone="03-5555-0100")
    office.save_particulars(desk, particulars, Colleague(name="計測 担当"), 0)
    return session


# --- what is in it


def _fill(desk: Desk, clients: int) -> list[bytes]:
    """All folder keys in one keystore write, then sealed rows in few large transactions. Returns the clients' ids."""
    owners = [new_id() for _ in range(clients)]
    (room,) = desk.client_compartments()
    desk.add_folders(dict.fromkeys(owners, room), {owner: (new_id(), new_key()) for owner in owners})
    family = _household()
    sold = [payloads.encode(policy) for policy in _policies(family)]
    for start in range(0, clients, AT_ONCE):
        some = owners[start : start + AT_ONCE]
        with desk.act(Event.CLIENT_SAVED, Permission.WRITE_CLIENTS, some[0]) as act:
            for number, owner in enumerate(some, start):
                records.add_client(act.connection, owner)
                act.add(owner, "household", payloads.encode(_another(family, number)), owner)
                for n in range(POLICIES_EACH if number else POLICIES):
                    act.add(owner, POLICY, sold[(number + n) % len(sold)])
    return owners


_SURNAMES = ["計測", "試験", "標本", "見本", "例示", "仮名", "雛形", "模擬"]
_KANA = ["ケイソク", "シケン", "ヒョウホン", "ミホン", "レイジ", "カメイ", "ヒナガタ", "モギ"]


def _another(family: Client, number: int) -> Client:
    """The same household under another name and number, so that a list of them has to be sorted."""
    at = number * 7 % len(_SURNAMES)
    name, kana = f"{_SURNAMES[at]} 太郎{number}", f"{_KANA[at]} タロウ"
    return replace(family, name=name, kana=kana, client_number=f"H-{number:05}")


def _household() -> Household:
    births = ("1979-05-03", "1981-11-23", "2010-02-14", "2013-08-30")
    people = zip(("本人", "妻", "長女", "長男"), ("太郎", "花子", "一葉", "二郎"), births, strict=True)
    typed = {
        "name": "計測 太郎", "kana": "ケイソク タロウ", "client_number": "H-0", "handler": "計測 担当", "compartment": "本社",
        "postal_code": "150-0002", "address": "東京都渋谷区渋谷9丁目99番1号", "notes": "毎年十一月に見直しの連絡をする。",
        "telephones": [{"number": "03-5555-0101", "place": "自宅"}],
        "consents": [{"agreed": "2024-04-10", "scope": "保険の見直し・保全", "how": "書面"}],
        "members": [
            {"name": f"計測 {name}", "kana": "ケイソク カメイ", "relationship": relationship, "birth": birth,
             "sex": "男" if name.endswith("郎") else "女", "occupation": "会社員", "smoker": "いいえ"}
            for relationship, name, birth in people
        ],
    }  # fmt: skip
    household = fields.read(Household, typed).record
    assert household is not None
    return household


def _policies(family: Household) -> list[Policy]:
    """Twenty policies of four kinds, each of 1 to 1.5 kB."""
    made: list[Policy] = []
    for number in range(POLICIES):
        kind, product, part, amount, premium = _SOLD[number % len(_SOLD)]
        premium += 10 * number
        yearly = 12 * premium
        typed = {
            "insurer": ("日本生命", "オリックス生命", "アフラック", "メットライフ生命", "第一生命")[number % 5],
            "policy_number": f"AB-{4711 + number}-{number:03}", "kind": kind, "product": product, "state": "有効",
            "handled_by": "自社", "premium": f"{premium:,}", "mode": "月", "contract_date": f"20{number % 20:02}-06-01",
            "term": "終身", "payment_term": "60歳まで", "contract_age": str(21 + number % 20), "age_basis": "満年齢", "deduction_class": "新一般",
            "roles": [
                {"role": "契約者", "name": "計測 太郎"}, {"role": "被保険者", "name": "計測 太郎"},
                {"role": "死亡受取人", "name": "計測 花子", "relationship": "妻", "share": "100"},
            ],
            "coverages": [{"name": part, "amount": amount}],
            "riders": [
                {"name": "災害割増特約", "kind": "災害死亡", "amount": "500", "term": "60歳まで", "premium": "450"},
                {"name": "保険料払込免除特約", "premium": "180", "pays_benefit": "いいえ"},
            ],
            "surrender_promised": [
                {"policy_year": str(y), "premiums_paid": f"{yearly * y:,}", "surrender_value": f"{yearly * y // 2:,}"}
                for y in range(1, 4)
            ],
            "notes": "証券は金庫に保管。更新の前に家族構成を確かめること。",
        }  # fmt: skip
        read = read_policy(typed, client=family, others=made)
        assert read.record is not None, read.faults
        made.append(read.record)
    return made


_SOLD = (
    ("終身", "終身保険", "死亡保険金", "500", 12_480),
    ("定期", "定期保険", "死亡保険金", "1,000", 4_120),
    ("医療", "終身医療保険", "疾病入院日額", "5,000円", 3_860),
    ("がん", "がん保険", "がん診断一時金", "100", 2_910),
)
