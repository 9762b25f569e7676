"""重複の確認 on the pages: what is listed, two of them beside each other, and made one."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

import pytest
from flask import Flask

from tests.support.offices import NAMES, household, policy
from tests.support.people import join
from tests.support.twins import TWIN, Twins, twins_in, unite
from tests.support.visits import Visit
from vault.crypto.keys import new_id
from vault.domain.access import Role
from vault.services import clients, policies
from vault.services.accounts import compartments


@pytest.fixture
def twins(visit: Visit) -> Twins:
    return twins_in(visit.office)


def body(visit: Visit, path: str) -> str:
    answer = visit.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return unescape(answer.get_data(as_text=True))


def shown(visit: Visit, path: str) -> str:
    """What a page says, without its marks."""
    return " ".join(re.sub(r"<[^>]+>", " ", body(visit, path)).split())


def compare(visit: Visit, twins: Twins) -> tuple[str, dict[str, str]]:
    """The page on which the twin goes into the first, and what its form holds as it comes."""
    path = f"/doubles/clients/{twins.first.hex()}/{twins.twin.hex()}"
    return path, form_of(body(visit, path))


def form_of(page: str) -> dict[str, str]:
    form = page.partition('id="unite-form"')[2].partition("</form>")[0]
    told = dict(re.findall(r'<input type="hidden" name="(stays|goes)" value="(\d+)"', form))
    told |= {name: value for name, value in re.findall(r'type="radio" name="([^"]+)" value="([^"]+)" checked', form)}
    for name, options in re.findall(r'<select class="input" name="([^"]+)".*?>(.*?)</select>', form):
        chosen = re.search(r'value="([^"]*)" selected', options)
        told[name] = chosen[1] if chosen else ""
    return told


def test_a_pair_is_listed_with_why_and_leads_to_both_beside_each_other(visit: Visit, twins: Twins) -> None:
    assert 'href="/doubles"' in body(visit, "/clients")
    told = shown(visit, "/doubles")
    for word in ("1件のうち1件目から1件", "ほぼ確実", "ご本人の氏名と生年月日が同じ", "名前と住所が同じ", NAMES[0], TWIN.replace("\u3000", " ")):
        assert word in told, word
    [path] = re.findall(r'href="(/doubles/clients/[^"]+)"', body(visit, "/doubles"))
    assert set(path.split("/")[-2:]) == {twins.first.hex(), twins.twin.hex()}  # which of the two stays first, ids tell
    page = shown(visit, compare(visit, twins)[0])
    for word in ("残すほう", "契約1件、書類1件、お預り証1件", "もとの2件に戻すことはできません", "shima@example.com", "違い", "1名"):
        assert word in page, word


def test_two_clients_become_one_with_what_was_chosen(visit: Visit, twins: Twins) -> None:
    path, form = compare(visit, twins)
    assert form["side-notes"] == "both" and form["side-mail"] == "goes" and form["stays"] == "2"
    answer = visit.post(path, {**form, "side-mail": "stays", "side-notes": "stays", "side-kana": "goes"})
    assert answer.status_code == 303 and answer.location.endswith(f"{twins.first.hex()}?did=united")
    assert "ひとつにまとめました" in shown(visit, answer.location)
    page = clients.get(visit.office.desk(), twins.first)
    assert (page.client.mail, page.client.notes, page.client.kana) == ("", "二度目", "シマ カイド")
    assert len(page.client.members) == 1 and len(page.policies) == 3
    assert visit.get(f"/clients/{twins.twin.hex()}").status_code == 404
    assert visit.post(path, form).status_code == 404, "a second click finds it done"
    assert "まとめる前の記録" in shown(visit, f"/clients/{twins.first.hex()}")
    for path in ("", f"/policies/{twins.policy.hex()}"):
        assert "/undo\"" not in body(visit, f"/clients/{twins.first.hex()}{path}"), "one save of many is not taken back alone"
    earlier = body(visit, f"/doubles/merged/{twins.first.hex()}")
    versions = re.findall(r'href="(/doubles/merged/[^"]+/\d+)"', earlier)
    assert len(versions) == 2 and "支店で聞いたこと" in shown(visit, versions[0])
    assert "重複は見つかりませんでした" in shown(visit, "/doubles")


def test_no_version_tells_a_viewer_what_was_said_of_health(app: Flask, visit: Visit, twins: Twins) -> None:
    office = visit.office
    page = clients.get(office.desk(), twins.twin)
    ill = replace(page.client.members[0], health="持病あり")
    clients.save(office.desk(), twins.twin, replace(page.client, members=(ill,)), page.version)
    unite(office.desk(), twins.first, twins.twin)
    first = f"/clients/{twins.first.hex()}"
    told = re.findall(r'href="(/doubles/merged/[^"]+/\d+)"', body(visit, f"/doubles/merged/{twins.first.hex()}"))
    paths = [*told, f"{first}/versions/{clients.get(office.desk(), twins.first).version}"]
    assert ["持病あり" in body(visit, path) for path in paths] == [True, False, False, True]
    member = join(office, Role.VIEWER, tuple(office.desk().client_compartments()))
    viewer = Visit(app, office).with_device(member.device)
    assert viewer.sign_in(member.login_id, member.password).status_code == 303
    assert all("持病" not in body(viewer, path) for path in (*paths, first))


def test_people_can_be_matched_otherwise_before_anything_is_done(visit: Visit, twins: Twins) -> None:
    path, form = compare(visit, twins)
    [match] = [name for name in form if name.startswith("match-")]
    again = visit.post(path, {**form, match: "", "side-notes": "goes", "again": "1"})
    kept = form_of(unescape(again.get_data(as_text=True)))
    assert again.status_code == 200 and kept[match] == "" and kept["side-notes"] == "goes"
    assert visit.post(path, kept).status_code == 303
    members = clients.get(visit.office.desk(), twins.first).client.members
    assert [member.relationship for member in members] == ["本人", ""]


def test_what_somebody_saved_meanwhile_is_never_lost(visit: Visit, twins: Twins) -> None:
    path, form = compare(visit, twins)
    desk = visit.office.desk()
    page = clients.get(desk, twins.twin)
    clients.save(desk, twins.twin, replace(page.client, notes="今しがた"), page.version)
    answer = visit.post(path, {**form, "side-mail": "stays"})
    said = unescape(answer.get_data(as_text=True))
    assert answer.status_code == 409 and "今しがた" in said and form_of(said)["side-mail"] == "stays"
    assert visit.post(path, form_of(said)).status_code == 303


def test_what_is_two_is_not_proposed_again(visit: Visit, twins: Twins) -> None:
    sent = {"what": "client", "one": twins.first.hex(), "other": twins.twin.hex()}
    answer = visit.post("/doubles/apart", sent)
    assert answer.status_code == 303
    assert "この組はもう出ません" in shown(visit, answer.location)
    for bad in ({**sent, "what": "nothing"}, {**sent, "one": "no id"}):
        assert visit.post("/doubles/apart", bad).status_code == 404


def test_two_policies_of_a_client_become_one(visit: Visit) -> None:
    office, desk = visit.office, visit.office.desk()
    first = office.facts.clients[0]
    record = clients.get(desk, first).client
    made = policies.create(desk, first, replace(policy(record, "日本生命", "N01", "9,000"), notes="写し"))
    [path] = re.findall(r'href="(/doubles/policies/[^"]+)"', body(visit, "/doubles"))
    page = body(visit, path)
    assert "ごみ箱に入ります" in page and "契約関係者" in page
    stays, goes = path.split("/")[-2:]
    assert {stays, goes} == {made.hex(), office.facts.policies[0][0].hex()}
    answer = visit.post(path, {**form_of(page), "side-premium": "stays"})
    assert answer.status_code == 303 and answer.location.endswith(f"{stays}?did=united")
    assert [held.policy.notes for held in clients.get(office.desk(), first).policies if held.id.hex() == stays] == ["写し"]
    assert "にまとめた契約" in shown(visit, "/bin")


def test_two_people_of_a_client_become_one(visit: Visit) -> None:
    office, desk = visit.office, visit.office.desk()
    first = office.facts.clients[0]
    record = clients.get(desk, first).client
    again = replace(record.members[0], id=new_id().hex(), relationship="", occupation="会社員")
    clients.save(desk, first, replace(record, members=(*record.members, again)), 2)
    assert "同じ方が2人" in shown(visit, "/doubles")
    path = f"/doubles/people/{first.hex()}/{record.members[0].id}/{again.id}"
    form = form_of(body(visit, path))
    assert form["side-occupation"] == "goes" and visit.post(path, form).status_code == 303
    [left] = clients.get(office.desk(), first).client.members
    assert (left.id, left.occupation, left.relationship) == (record.members[0].id, "会社員", "本人")
    assert visit.get(path).status_code == 404


def test_clients_of_two_compartments_are_told_to_be_moved_first(visit: Visit, twins: Twins) -> None:
    branch = compartments.make(visit.office.desk(), "支店")
    compartments.move_client(visit.office.desk(), twins.twin, branch)
    assert visit.sign_in().status_code == 303
    assert "支店・部門が違います" in shown(visit, "/doubles")
    path = f"/doubles/clients/{twins.first.hex()}/{twins.twin.hex()}"
    for answer in (visit.get(path), visit.post(path, {"stays": "2", "goes": "2"})):
        assert answer.status_code == 400 and "先に同じ支店・部門へ移してください" in answer.get_data(as_text=True)


def test_a_long_list_is_shown_page_by_page(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vault.services.doubles.MOST", 1)
    desk = visit.office.desk()
    for name, kana in (("志摩 海斗", "シマ カイト"), ("羽黒 颯太", "ハグロ ソウタ")):
        clients.create(desk, desk.client_compartments()[0], household(name, kana))
    assert "2件のうち1件目から1件" in shown(visit, "/doubles")
    assert "2件のうち2件目から1件" in shown(visit, "/doubles?first=1")
    assert "これより後の組はありません" in shown(visit, "/doubles?first=2")
