"""Erasing, retention and the bin on their pages, by the clumsiest of users."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import date

import pytest
from flask import Flask

from tests.support.offices import NAMES, PASSWORD, Office
from tests.support.people import join
from tests.support.visits import Visit
from vault.crypto.keys import fingerprint, new_signing_key, signing_public
from vault.domain.access import Role
from vault.domain.clients import Hold, Household, Member, RelatedClient
from vault.domain.erasures import ErasureOrder
from vault.domain.policies.choices import ENDED
from vault.domain.values import TypedDate
from vault.errors import NotFound, Refused, Unwritable
from vault.services import backups, bin, certificates, clients, erasing, policies
from vault.services.audit import Event
from vault.services.log import page as log_page
from vault.services.log_walk import Query

DAY = 24 * 60 * 60
ERASE = {"reason": "ご本人からの請求", "typed": NAMES[0], "password": PASSWORD}


def text(answer: object) -> str:
    return html.unescape(answer.get_data(as_text=True))  # type: ignore[attr-defined]


def later(office: Office, seconds: float = 3600) -> None:
    """The password has to be typed again."""
    office.clock.tick(seconds)


def held(office: Office, client: bytes, *reasons: str) -> None:
    page = clients.get(office.desk(), client)
    holds = tuple(Hold(reason=reason, since=TypedDate("R8.1.5", date(2026, 1, 5))) for reason in reasons)
    clients.save(office.desk(), client, replace(page.client, holds=holds), page.version)


def is_there(office: Office, client: bytes) -> bool:
    try:
        office.desk().folder(client)
    except NotFound:
        return False
    return True


# --- a client


def test_the_page_says_what_goes_and_what_stays(visit: Visit, office: Office) -> None:
    order = {"client": office.facts.clients[0].hex(), "sheet": "保険証券一覧表", "purpose": "客先持参",
             "addressee": "志摩 海斗 様", "copies": "1"}  # fmt: skip
    assert visit.post("/prints", order).status_code == 200
    assert f'href="{visit.client_page()}/erase"' in text(visit.get(visit.client_page()))
    page = text(visit.get(visit.client_page() + "/erase"))
    assert "契約2件" in page and "元に戻せません" in page and "P-000001" in page and "志摩 海斗 様" in page


def test_a_client_is_erased_and_the_certificate_printed(visit: Visit, office: Office) -> None:
    client = office.facts.clients[0]
    visit.get(visit.client_page() + "/erase")
    done = visit.post(visit.client_page() + "/erase", ERASE)
    assert done.status_code == 303 and done.location == "/erasures/certificate?n=1"
    assert not is_there(office, client)
    shown = text(visit.get(done.location))
    told = erasing.certificate(office.desk(), 1)
    assert "E-000001" in shown and "確かめました" in shown and told.signature[:4].upper() in shown
    assert NAMES[0] not in shown and NAMES[0] not in text(visit.get("/clients"))
    asked = visit.get("/erasures/print?n=1")
    assert "消去証明書" in text(asked)
    missing = visit.post("/erasures/print?n=1", {"purpose": "お客様へ交付", "copies": "1"})
    assert missing.status_code == 400
    sheet = text(visit.post("/erasures/print?n=1", {"purpose": "お客様へ交付", "addressee": "志摩 海斗 様", "copies": "1"}))
    assert "志摩 海斗 様" in sheet and "E-000001" in sheet and "P-000001" in sheet and "暗号化消去" in sheet
    assert "すべてのバックアップ" in sheet and "対象ではありません" in sheet
    assert " ".join(told.key[i : i + 4].upper() for i in range(0, 64, 4)) in sheet
    assert "消去証明書" in text(visit.get("/ledger"))


@pytest.mark.parametrize(
    ("wrong", "status"),
    [({"typed": NAMES[1]}, 400), ({"typed": ""}, 400), ({"reason": ""}, 400), ({"reason": "なんとなく"}, 400),
     ({"password": "ちがう"}, 403), ({"password": ""}, 403)],
)  # fmt: skip
def test_whatever_is_wrong_nothing_goes_and_what_was_typed_stays(
    visit: Visit, office: Office, wrong: dict[str, str], status: int
) -> None:
    later(office, 600)
    visit.get(visit.client_page() + "/erase")
    answer = visit.post(visit.client_page() + "/erase", {**ERASE, "note": "電話で確認", **wrong})
    assert answer.status_code == status
    assert "電話で確認" in text(answer) and PASSWORD not in text(answer)
    assert is_there(office, office.facts.clients[0]) and erasing.listed(office.desk()) == []


def test_a_name_in_another_width_is_the_same_name(visit: Visit, office: Office) -> None:
    visit.get(visit.client_page() + "/erase")
    assert visit.post(visit.client_page() + "/erase", {**ERASE, "typed": " 志摩　海斗 "}).status_code == 303


def test_a_double_click_and_the_way_back_lead_to_the_certificate(visit: Visit, office: Office) -> None:
    visit.get(visit.client_page() + "/erase")
    for _ in range(2):
        assert visit.post(visit.client_page() + "/erase", ERASE).location == "/erasures/certificate?n=1"
    assert visit.get(visit.client_page() + "/erase").location == "/erasures/certificate?n=1"
    assert visit.get(visit.client_page() + "/erase/member").location == "/erasures/certificate?n=1"
    assert visit.get(visit.client_page()).status_code == 404
    assert len(erasing.listed(office.desk())) == 1


def test_a_hold_is_named_with_reason_and_day(visit: Visit, office: Office) -> None:
    held(office, office.facts.clients[0], "訴訟中")
    page = text(visit.get(visit.client_page() + "/erase"))
    assert "訴訟中" in page and "令和8年1月5日" in page and 'name="typed"' not in page
    answer = visit.post(visit.client_page() + "/erase", ERASE)
    assert answer.status_code == 400 and is_there(office, office.facts.clients[0])
    binning = visit.post(visit.client_page() + "/bin", {"version": "3"})
    assert binning.status_code == 400 and "訴訟中" in text(binning) and "R8.1.5" in text(binning)


def test_a_handler_bins_but_does_not_erase(app: Flask, visit: Visit, office: Office) -> None:
    member = join(office, Role.HANDLER, tuple(office.desk().client_compartments()))
    theirs = Visit(app, office).with_device(member.device)
    theirs.sign_in(member.login_id, member.password)
    page = text(theirs.get(visit.client_page()))
    assert "ごみ箱へ" in page and "/erase" not in page
    for path in ("/erase", "/erase/member"):
        assert theirs.get(visit.client_page() + path).status_code == 403
        assert theirs.post(visit.client_page() + path, ERASE).status_code == 403
    for path in ("/retention", "/erasures", "/erasures/certificate?n=1"):
        assert theirs.get(path).status_code == 403
    assert theirs.post("/retention", {}).status_code == 403
    theirs.get(visit.client_page() + "/bin")
    assert theirs.post(visit.client_page() + "/bin", {"version": "2"}).location == "/bin?put=client"
    assert NAMES[0] in text(theirs.get("/bin"))


# --- parts


def test_a_policy_is_erased_and_a_backup_made(visit: Visit, office: Office) -> None:
    path = visit.policy_page() + "/erase"
    assert "これまでのバックアップからは" in text(visit.get(path))
    done = visit.post(path, ERASE)
    assert done.location == "/erasures/certificate?n=1"
    assert backups.state(office.instance).made
    assert visit.post(path, ERASE).location == done.location  # the second click
    assert visit.get(visit.policy_page()).status_code == 404
    assert visit.get(visit.policy_page(0, 1)).status_code == 200


def test_without_a_backup_the_page_says_so(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(instance: object) -> None:
        raise Unwritable("backup-disk-full")

    monkeypatch.setattr(backups, "make", full)
    visit.get(visit.policy_page() + "/erase")
    done = visit.post(visit.policy_page() + "/erase", ERASE)
    assert done.location == "/erasures/certificate?n=1&backup=none"
    assert "新しいバックアップを作れませんでした" in text(visit.get(done.location))


def test_a_person_is_erased_with_the_policies_that_are_ticked(visit: Visit, office: Office) -> None:
    client = office.facts.clients[0]
    page = clients.get(office.desk(), client)
    assert isinstance(page.client, Household)
    wife = Member(id="ab" * 16, name="志摩 みさき", kana="シマ ミサキ", relationship="妻")
    clients.save(office.desk(), client, replace(page.client, members=(*page.client.members, wife)), page.version)
    first = page.policies[0]
    roles = tuple(replace(role, member=wife.id, name=wife.name) for role in first.policy.roles)
    policies.save(office.desk(), client, first.id, replace(first.policy, roles=roles), first.version)
    here = visit.client_page() + "/erase/member"
    assert f"m={wife.id}" in text(visit.get(here))
    asked = text(visit.get(f"{here}?m={wife.id}"))
    assert asked.count('type="checkbox"') == 1 and first.id.hex() in asked
    order = {**ERASE, "m": wife.id, "policy": first.id.hex()}
    wrong = visit.post(here, order)
    assert wrong.status_code == 400 and f'value="{first.id.hex()}" checked' in text(wrong)
    for _ in range(2):
        assert visit.post(here, {**order, "typed": wife.name}).location == "/erasures/certificate?n=1"
    after = clients.get(office.desk(), client)
    assert [m.name for m in after.client.members] == [NAMES[0]] and first.id not in {h.id for h in after.policies}
    assert wife.name not in text(visit.get(visit.client_page()))


# --- while somebody is typing


@pytest.mark.parametrize("binned", [True, False], ids=["binned", "erased"])
def test_a_save_of_what_is_gone_keeps_all_that_was_typed(visit: Visit, office: Office, binned: bool) -> None:
    client = office.facts.clients[0]
    form = visit.get(visit.client_page() + "/edit")
    fields = dict(re.findall(r'name="([^"]+)"[^>]*? value="([^"]*)"', form.get_data(as_text=True)))
    typed = {**{k: html.unescape(v) for k, v in fields.items()}, "name": NAMES[0], "kana": "シマ カイト", "version": "2",
             "members-0-name": NAMES[0], "members-0-kana": "シマ カイト", "members-0-relationship": "本人",
             "notes": "今日の電話の内容", "compartment": office.desk().client_compartments()[0].hex()}  # fmt: skip
    typed.pop("csrf_token", None)
    if binned:
        bin.put(office.desk(), client, client, 2)
    else:
        erasing.erase_clients(office.desk(), [client], erasing.ErasureOrder(reason="誤った登録"))
    answer = visit.post(visit.client_page() + "/edit", typed)
    assert answer.status_code == 404 and "今日の電話の内容" in text(answer)
    assert 'name="notes" value="今日の電話の内容"' in text(answer)
    assert ("ごみ箱から元に戻すと" in text(answer)) == binned
    if binned:
        visit.post("/bin/back", {"client": client.hex(), "record": client.hex()})
        again = visit.post(visit.client_page() + "/edit", typed)
        assert again.status_code == 303
        assert clients.get(office.desk(), client).client.notes == "今日の電話の内容"


def test_a_policy_in_the_bin_is_not_saved_and_nothing_typed_is_lost(visit: Visit, office: Office) -> None:
    client, policy = office.facts.clients[0], office.facts.policies[0][0]
    bin.put(office.desk(), client, policy, 2)
    typed = {"kind": "終身", "insurer": "日本生命", "policy_number": "N-77", "notes": "書きかけ", "version": "2"}
    answer = visit.post(visit.policy_page() + "/edit", typed)
    assert answer.status_code == 404 and "N-77" in text(answer) and "書きかけ" in text(answer)
    assert visit.post(visit.policy_page() + "/edit", {}).status_code == 404


def test_the_form_of_a_linked_client_says_erased(visit: Visit, office: Office) -> None:
    first, second = office.facts.clients
    page = clients.get(office.desk(), second)
    link = RelatedClient(client=first.hex(), link="親族の世帯")
    clients.save(office.desk(), second, replace(page.client, related=(link,)), page.version)
    erasing.erase_clients(office.desk(), [first], erasing.ErasureOrder(reason="誤った登録"))
    assert "消去済み" in text(visit.get(visit.client_page(1)))
    assert f'<option value="{first.hex()}" selected>消去済み<' in text(visit.get(visit.client_page(1) + "/edit"))


# --- the bin


def test_into_the_bin_and_back(visit: Visit, office: Office) -> None:
    page = text(visit.get(visit.policy_page() + "/bin"))
    assert "30日のあいだ" in page and 'name="version" value="2"' in page
    for _ in range(2):  # a double click
        assert visit.post(visit.policy_page() + "/bin", {"version": "2"}).location == "/bin?put=policy"
    assert "N-01" not in text(visit.get(visit.client_page()))
    listed = text(visit.get("/bin"))
    assert "N-01" in listed and "佐々木 恵" in listed
    back = {"client": office.facts.clients[0].hex(), "record": office.facts.policies[0][0].hex()}
    for _ in range(2):
        assert visit.post("/bin/back", back).location == visit.policy_page()
    assert "N-01" in text(visit.get(visit.client_page()))
    events = [line.event for line in log_page(office.desk(), Query()).lines]
    assert Event.BINNED.value in events and Event.BROUGHT_BACK.value in events


def test_what_was_saved_since_is_not_binned(visit: Visit, office: Office) -> None:
    answer = visit.post(visit.policy_page() + "/bin", {"version": "1"})
    assert answer.status_code == 409 and 'name="version" value="2"' in text(answer)
    assert bin.listed(office.desk()) == []


def test_a_client_in_the_bin_is_not_among_those_opened_last(visit: Visit, app: Flask, office: Office) -> None:
    visit.get(visit.client_page())
    member = join(office, Role.HANDLER, tuple(office.desk().client_compartments()))
    theirs = Visit(app, office).with_device(member.device)
    theirs.sign_in(member.login_id, member.password)
    theirs.get(visit.client_page())
    assert NAMES[0] in text(theirs.get("/today"))
    visit.get(visit.client_page() + "/bin")
    visit.post(visit.client_page() + "/bin", {"version": "2"})
    assert NAMES[0] not in text(visit.get("/today")) and NAMES[0] not in text(visit.get("/clients"))
    assert theirs.get(visit.client_page()).status_code == 404
    assert NAMES[0] not in text(theirs.get("/today"))


def test_an_administrators_first_page_sweeps_the_bin(app: Flask, visit: Visit, office: Office) -> None:
    bin.put(office.desk(), office.facts.clients[0], office.facts.policies[0][0], 2)
    later(office, 31 * DAY)
    again = Visit(app, office).with_device()
    again.sign_in()
    assert again.get("/today").status_code == 200
    assert bin.listed(office.desk()) == []
    assert "ごみ箱の期限" in text(again.get("/erasures"))


# --- retention


def end_policies(office: Office, client: bytes) -> None:
    for each in clients.get(office.desk(), client).policies:
        over = replace(each.policy, state=ENDED, state_date=TypedDate("H20.4.1", date(2008, 4, 1)))
        policies.save(office.desk(), client, each.id, over, each.version)


def test_those_who_are_due_go_in_one_go(visit: Visit, office: Office) -> None:
    assert "保存期限を過ぎた方はいません" in text(visit.get("/retention"))
    for client in office.facts.clients:
        end_policies(office, client)
    page = text(visit.get("/retention"))
    assert all(name in page for name in NAMES) and "平成30年4月2日" in page
    assert "保存期限を過ぎた方が2件あります" in text(visit.get("/today"))
    ids = [client.hex() for client in office.facts.clients]
    order = {"reason": "保存期限の満了", "client": ids, "typed": "2", "password": PASSWORD}
    for wrong in ({"typed": "3"}, {"typed": ""}, {"client": []}, {"client": [], "typed": "0"}, {"client": ids[:1]}, {"reason": ""}):
        assert visit.post("/retention", {**order, **wrong}).status_code == 400  # type: ignore[dict-item]
    assert len(clients.list_clients(office.desk())) == 2
    for _ in range(2):
        assert visit.post("/retention", {**order, "typed": "２"}).location == "/erasures?done=2"  # type: ignore[dict-item]
    listed = text(visit.get("/erasures?done=2"))
    assert "E-000001" in listed and "E-000002" in listed and "2件を消去しました" in listed
    assert "保存期限を過ぎた方が" not in text(visit.get("/today"))


def test_one_who_is_held_stands_on_the_list_and_cannot_be_ticked(visit: Visit, office: Office) -> None:
    client = office.facts.clients[0]
    end_policies(office, client)
    held(office, client, "調停中")
    page = text(visit.get("/retention"))
    assert NAMES[0] in page and "調停中" in page and 'name="client"' not in page
    order = {"reason": "保存期限の満了", "client": client.hex(), "typed": "1", "password": PASSWORD}
    answer = visit.post("/retention", order)
    assert answer.status_code == 400 and is_there(office, client)


def test_looking_again_is_asked_for(visit: Visit, office: Office) -> None:
    assert visit.post("/retention/again").location == "/retention"
    assert visit.get("/retention?page=99").status_code == 200
    assert visit.get("/retention?page=-1").status_code == 200


def test_what_stands_on_the_certificate_verifies_when_it_is_typed_off(visit: Visit, office: Office) -> None:
    """The lines of the paper, with its signature, are what `kura verify-certificate` reads."""
    [number] = erasing.erase_clients(office.desk(), [office.facts.clients[0]], ErasureOrder(reason="誤った登録"))
    order = {"purpose": "お客様へ交付", "addressee": "控え", "copies": "1"}
    page = visit.post(f"/erasures/print?n={number}", order).get_data(as_text=True)
    block = re.search(r'<td class="mono check">(.*?)</td>', page, re.DOTALL)
    assert block is not None
    typed = html.unescape(re.sub(r"<br>\s*", "\n", block[1]))
    public = office.desk().directory.signing_public
    assert dict(certificates.check(typed.encode(), public))["reason"] == "誤った登録"
    # Who has the recovery sheet has the fingerprint alone, and types a long value over two lines, as the paper shows it.
    broken = re.sub(r"(signature: .{59}) ", r"\1\n  ", typed)
    assert broken != typed
    for shown in (fingerprint(public), fingerprint(public)[:16]):
        assert dict(certificates.check(broken.encode(), shown))["done"] == dict(certificates.check(typed.encode(), public))["done"]
    with pytest.raises(Refused):
        certificates.check(typed.encode(), fingerprint(signing_public(new_signing_key())))
    with pytest.raises(Refused):
        certificates.check(typed.replace("records: ", "records: 1").encode(), public)
