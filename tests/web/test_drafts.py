"""What is typed and not saved is kept, looked at and offered again; a save can be taken back for some minutes."""

from __future__ import annotations

import re
from html import unescape

from werkzeug.test import TestResponse

from tests.support.offices import Office
from tests.support.visits import Visit

MINE = {"insurer": "日本生命", "policy_number": "D-77", "kind": "終身", "premium": "12,345", "mode": "月", "state": "有効", "handled_by": "自社",
        "contract_date": "H20.6.1", "roles-0-role": "契約者", "roles-0-name": "志摩 海斗", "roles-1-role": "被保険者",
        "roles-1-name": "志摩 海斗"}  # fmt: skip


def text(answer: TestResponse) -> str:
    return unescape(answer.get_data(as_text=True))


def value(page: str, name: str) -> str:
    found = re.search(rf'<(?:input|textarea)[^>]*?(?:value="([^"]*)")?[^>]*? name="{name}"', page)
    assert found, name
    box = re.search(rf'<input[^>]* name="{name}"[^>]*>', page)
    return re.search(r'value="([^"]*)"', box[0])[1] if box else ""  # type: ignore[index]


def new_form(visit: Visit, client: int = 0) -> tuple[str, str]:
    """(where it is kept, under which id) of a new policy's form."""
    page = text(visit.get(f"{visit.client_page(client)}/policies/new"))
    return re.search(r'data-keep="([^"]+)"', page)[1], value(page, "draft")  # type: ignore[index]


def test_what_is_typed_of_a_new_policy_is_offered_goes_on_and_ends_with_the_save(visit: Visit, office: Office) -> None:
    where, draft = new_form(visit)
    entries = office.sql("SELECT count(*) FROM journal")
    kept = visit.post(where, {**MINE, "draft": draft})
    assert kept.status_code == 200 and re.search(r"下書きを保存しました \d\d:\d\d", text(kept))
    assert office.sql("SELECT count(*) FROM journal") == entries
    new = f"{visit.client_page()}/policies/new"
    offered = text(visit.get(new))
    assert "の下書きがあります" in offered and "志摩 海斗 日本生命 終身" in offered and 'value="D-77"' not in offered
    on = text(visit.get(f"{new}?draft={draft}"))
    assert (value(on, "policy_number"), value(on, "roles-1-name"), value(on, "draft")) == ("D-77", "志摩 海斗", draft)
    assert visit.post(new, {**MINE, "draft": draft}).status_code == 303
    assert "の下書きがあります" not in text(visit.get(new)) and visit.get(f"{new}?draft={draft}").status_code == 404


def test_a_draft_is_dropped_on_request_and_leads_back(visit: Visit) -> None:
    where, draft = new_form(visit)
    visit.post(where, {**MINE, "draft": draft})
    back = f"{visit.client_page()}/policies/new"
    client = visit.client_page().rsplit("/", 1)[1]
    answer = visit.post("/typing/drop", {"client": client, "draft": draft, "back": back})
    assert (answer.status_code, answer.location) == (303, back)
    assert "の下書きがあります" not in text(visit.get(back))
    assert visit.post("/typing/drop", {"client": client, "draft": draft, "back": "//elsewhere.example"}).location == "/today"


def test_what_is_wrong_is_said_while_typing_and_what_is_missing_is_not(visit: Visit) -> None:
    where, draft = new_form(visit)
    faulty = {"draft": draft, "kind": "終身", "insurer": "メットライフ生命", "contract_date": "S40.4.1", "premium": "▲5", "policy_number": "N-01",
              "roles-3-role": "死亡受取人", "roles-3-name": "志摩 海斗", "roles-3-share": "60"}  # fmt: skip
    said = dict(re.findall(r'<p data-box="([^"]+)">([^<]+)</p>', text(visit.post(where, faulty))))
    assert set(said) == {"premium", "roles-3-share", "insurer"}
    assert "マイナス" in said["premium"] and "100" in said["roles-3-share"]


def test_contradictions_are_told_together_with_what_cannot_be_read(visit: Visit) -> None:
    answer = visit.post(f"{visit.client_page()}/policies/new", {**MINE, "premium": "▲5", "policy_number": "N-01"})
    page = text(answer)
    assert answer.status_code == 400
    assert 'id="premium-fault"' in page and 'id="policy_number-fault"' in page


def test_an_individual_number_is_in_no_draft(visit: Visit, office: Office) -> None:
    where, draft = new_form(visit)
    answer = visit.post(where, {**MINE, "draft": draft, "notes": "番号は123456789018", "policy_number": "123456789018", "product": "終身"})
    assert "下書きに入れていません" in text(answer)
    on = text(visit.get(f"{visit.client_page()}/policies/new?draft={draft}"))
    assert "123456789018" not in on and value(on, "product") == "終身"
    confirmed = visit.post(where, {**MINE, "draft": draft, "policy_number": "123456789018", "confirm-policy_number": "1"})
    assert "下書きに入れていません" not in text(confirmed)
    assert value(text(visit.get(f"{visit.client_page()}/policies/new?draft={draft}")), "policy_number") == "123456789018"


def test_a_draft_of_a_policy_that_was_changed_meanwhile_shows_both_sides(visit: Visit) -> None:
    edit = f"{visit.policy_page()}/edit"
    page = text(visit.get(edit))
    sent = {name: value(page, name) for name in ("version", "insurer", "policy_number", "premium", "contract_date")}
    sent |= {k: v for k, v in MINE.items() if k not in sent}
    where = re.search(r'data-keep="([^"]+)"', page)[1]  # type: ignore[index]
    visit.post(where, {**sent, "product": "下書きの商品"})
    assert "の下書きがあります" in text(visit.get(edit))
    assert visit.post(edit, {**sent, "premium": "9,999"}).status_code == 303  # which drops the draft of who saves
    visit.post(where, {**sent, "product": "下書きの商品"})
    record = visit.policy_page().rsplit("/", 1)[1]
    both = text(visit.get(f"{edit}?draft={record}"))
    assert "ほかの人が先に保存しました" in both and "下書きの商品" in both
    assert value(both, "premium") == "9,999" and int(value(both, "version")) == int(sent["version"]) + 1


def test_a_new_client_is_kept_and_goes_on(visit: Visit) -> None:
    page = text(visit.get("/clients/new/Household"))
    draft, where = value(page, "draft"), re.search(r'data-keep="([^"]+)"', page)[1]  # type: ignore[index]
    kept = visit.post(where, {"draft": draft, "name": "若狭 凪", "kana": "ワカサ ナギ", "mail": "x"})
    assert 'data-box="mail"' in text(kept) and 'data-box="compartment"' not in text(kept)
    assert "若狭 凪" in text(visit.get("/clients/new/Household")) and "若狭 凪" not in text(visit.get("/clients/new/Corporation"))
    assert value(text(visit.get(f"/clients/new/Household?draft={draft}")), "name") == "若狭 凪"


def test_a_save_is_taken_back_while_nobody_has_changed_it(visit: Visit, office: Office) -> None:
    edit = f"{visit.policy_page()}/edit"
    before = text(visit.get(edit))
    visit.post(edit, {**MINE, "policy_number": "N-01", "version": value(before, "version"), "premium": "777"})
    page = text(visit.get(visit.policy_page()))
    assert "に保存しました。" in page and "777" in page
    version = re.search(r'/undo".*?name="version" value="(\d+)"', page, re.DOTALL)[1]  # type: ignore[index]
    answer = visit.post(f"{visit.policy_page()}/undo", {"version": version})
    assert answer.location == f"{visit.policy_page()}?did=back" and "元に戻しました。" in text(visit.get(answer.location))
    assert value(text(visit.get(edit)), "premium") == value(before, "premium")
    again = visit.post(f"{visit.policy_page()}/undo", {"version": version})
    assert again.status_code == 409  # the newest version is another one now
    office.clock.tick(11 * 60)
    assert "に保存しました。" not in text(visit.get(visit.policy_page()))
    assert visit.post(f"{visit.policy_page()}/undo", {"version": str(int(version) + 1)}).status_code == 400


def test_a_new_policy_taken_back_lies_in_the_bin(visit: Visit) -> None:
    saved = visit.post(f"{visit.client_page()}/policies/new", MINE)
    page = text(visit.get(saved.location))
    assert "保存しました。" in page and "D-77" in page
    undo = re.search(r'action="([^"]+/undo)"', page)[1]  # type: ignore[index]
    answer = visit.post(undo, {"version": "1"})
    assert answer.location == f"{visit.client_page()}?did=bin" and "登録を取り消しました。" in text(visit.get(answer.location))
    assert "D-77" not in text(visit.get(visit.client_page())) and "D-77" in text(visit.get("/bin"))


def test_a_policy_is_copied_without_its_number_dates_and_amounts(visit: Visit) -> None:
    policy = visit.policy_page().rsplit("/", 1)[1]
    new = f"{visit.client_page()}/policies/new"
    assert f'<option value="{policy}">' in text(visit.get(new))
    copied = text(visit.get(f"{new}?copy={policy}"))
    assert [value(copied, name) for name in ("insurer", "policy_number", "contract_date", "premium")] == ["日本生命", "", "", ""]
    whole = text(visit.get(f"{new}?copy={policy}&all=1"))
    assert value(whole, "contract_date") == "H20.6.1" and value(whole, "premium") and value(whole, "policy_number") == ""


def test_the_policy_entered_last_is_copied_to_another_client_without_his_people(visit: Visit) -> None:
    other = f"{visit.client_page(1)}/policies/new"
    assert '<option value="last">' not in text(visit.get(other))
    visit.post(f"{visit.client_page()}/policies/new", {**MINE, "insurer": "なないろ生命", "contract_date": "R4.6.1"})
    page = text(visit.get(f"{other}?copy=last"))
    assert '<option value="last">' in page and value(page, "insurer") == "なないろ生命"
    assert "志摩 海斗" not in page[page.index('id="policy-form"') :] and value(page, "roles-0-name") == "羽黒 颯太"


def test_another_kind_proposes_its_own_rows_and_keeps_what_was_typed(visit: Visit) -> None:
    first = text(visit.get(f"{visit.client_page()}/policies/new"))
    assert value(first, "coverages-0-name") == "死亡保険金" and value(first, "term") == "終身" and value(first, "roles-1-name") == "志摩 海斗"
    sent = {"kind": "医療", "kind_before": "終身", "term": "終身", "insurer": "日本生命", "coverages-0-name": "死亡保険金", "coverages-0-kind": "死亡",
            "coverages-0-unit": "一時金", "coverages-0-amount": ""}  # fmt: skip
    page = text(visit.post(f"{visit.client_page()}/policies/new/kind", sent))
    assert [value(page, f"coverages-{n}-name") for n in (0, 1)] == ["入院給付金", "手術給付金"]
    assert (value(page, "insurer"), value(page, "term")) == ("日本生命", "")
    typed = text(visit.post(f"{visit.client_page()}/policies/new/kind", {**sent, "coverages-0-amount": "500"}))
    assert value(typed, "coverages-0-name") == "死亡保険金" and value(typed, "coverages-0-amount") == "500"


def test_a_proposed_cover_that_nobody_has_touched_is_not_saved(visit: Visit) -> None:
    rows = {"coverages-0-name": "死亡保険金", "coverages-0-kind": "死亡", "coverages-0-unit": "一時金", "coverages-0-amount": ""}
    visit.post(f"{visit.client_page()}/policies/new", {**MINE, **rows})
    page = text(visit.get(visit.client_page()))
    policy = re.search(r'href="(/clients/[0-9a-f]{32}/policies/[0-9a-f]{32})">日本生命</a>(?:(?!</tr>).)*D-77', page, re.DOTALL)
    assert policy
    assert "死亡保険金" not in text(visit.get(policy[1]))


def test_after_a_fault_the_proposed_covers_stand_there_still_behind_what_was_typed(visit: Visit) -> None:
    rows = {"coverages-0-name": "死亡保険金", "coverages-0-kind": "死亡", "coverages-0-unit": "一時金", "coverages-0-amount": "",
            "coverages-1-name": "災害死亡保険金", "coverages-1-premium": "▲5"}  # fmt: skip
    page = text(visit.post(f"{visit.client_page()}/policies/new", {**MINE, **rows}))
    assert [value(page, f"coverages-{n}-name") for n in (0, 1)] == ["災害死亡保険金", "死亡保険金"]
    assert 'href="#coverages-0-premium"' in page and 'data-proposed="死亡保険金"' in page
    typed = {**rows, "coverages-1-premium": "500"}
    assert visit.post(f"{visit.client_page()}/policies/new", {**MINE, **typed}).status_code == 303


def test_faults_are_told_in_the_order_of_the_page_and_what_is_wanted_is_marked(visit: Visit) -> None:
    new = f"{visit.client_page()}/policies/new"
    assert re.search(r'<label for="contract_date">契約日<span class="must">必須', text(visit.get(new)))
    page = text(visit.post(new, {**MINE, "contract_date": "", "premium": "▲5", "insurer": "", "notes": "長" * 30_000}))
    told = re.findall(r'href="#([a-z0-9_-]+)"', page[page.index('id="faults"') : page.index("</ul>", page.index('id="faults"'))])
    places = [page.index(f' id="{path}"') for path in told]
    assert len(told) == 4 and places == sorted(places) and told[-1] == "notes"


def test_a_postal_code_brings_its_address_and_stands_in_no_log(visit: Visit, office: Office) -> None:
    assert "東京都渋谷区渋谷" in text(visit.post("/typing/postal-code", {"code": "1500002"}))
    assert '<p data-answer data-said="住所を入れました"></p>' in text(visit.post("/typing/postal-code", {"code": "0000000"}))
    assert b"1500002" not in b"".join(row[0] for row in office.sql("SELECT clear FROM journal"))
