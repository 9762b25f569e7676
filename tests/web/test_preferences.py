"""自分の設定: language, dates and single keys, for one person alone; and the language before anybody is known."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.support.offices import Office
from tests.support.people import join
from tests.support.visits import Visit
from vault.domain.access import Role
from vault.services.audit import Event
from vault.web.gate import LANGUAGE_COOKIE

CHOSEN = {"language": "en", "dates": "west", "shortcuts": "on"}


def said(visit: Visit, path: str) -> str:
    return visit.get(path).get_data(as_text=True)


def choose(visit: Visit, **more: str) -> None:
    visit.get("/own")
    assert visit.post("/own", {**CHOSEN, **more}).status_code == 303


def test_the_language_holds_from_the_next_page_on_and_after_the_next_sign_in(visit: Visit) -> None:
    assert '<html lang="ja">' in said(visit, "/clients") and "お客様" in said(visit, "/clients")
    choose(visit)
    page = said(visit, "/clients")
    assert '<html lang="en">' in page and "Clients" in page and "お客様" not in page
    assert "Your settings are saved." in said(visit, "/own?done=preferences")
    visit.post("/session/end")
    assert '<html lang="ja">' in said(visit, "/session/new")  # nobody is known there
    visit.sign_in()
    assert '<html lang="en">' in said(visit, "/clients")
    choose(visit, language="ja")
    assert '<html lang="ja">' in said(visit, "/clients")


def test_it_holds_on_every_worker_at_once(visit: Visit, office: Office) -> None:
    choose(visit)
    assert '<html lang="en">' in said(visit.at(office.worker()), "/clients")


def test_a_colleague_keeps_his_own(app: Flask, visit: Visit, office: Office) -> None:
    member = join(office, Role.AUDITOR, ())
    other = Visit(app, office).with_device(member.device)
    other.sign_in(member.login_id, member.password)
    choose(visit)
    assert '<html lang="ja">' in said(other, "/own")
    choose(other, dates="era")
    assert '<html lang="en">' in said(other, "/own")


@pytest.mark.parametrize(
    ("language", "dates", "born", "moment"),
    [
        ("ja", "era", "昭和54年5月3日 <span", "2026/11/18"),
        ("ja", "west", "1979/05/03<", "2026/11/18"),
        ("en", "era", "S54.5.3 <span", "2026-11-18"),
        ("en", "west", "1979-05-03<", "2026-11-18"),
    ],
)
def test_dates_stand_in_tables_as_chosen(language: str, dates: str, born: str, moment: str, visit: Visit) -> None:
    choose(visit, language=language, dates=dates)
    page = said(visit, visit.client_page())
    assert f'<time datetime="1979-05-03">{born}' in page and moment in page


def test_dates_within_sentences_are_those_of_the_language(visit: Visit) -> None:
    version = visit.client_page() + "/versions/1"
    assert "令和8年11月18日" in said(visit, version)
    choose(visit)
    assert "18 November 2026" in said(visit, version)


def test_single_keys_can_be_switched_off(visit: Visit) -> None:
    assert "data-no-shortcuts" not in said(visit, "/clients")
    choose(visit, shortcuts="off", language="ja")
    page = said(visit, "/clients")
    assert "data-no-shortcuts" in page
    assert 'name="shortcuts" value="off" checked' in said(visit, "/own")


def test_a_sheet_is_in_japanese_with_eras_and_its_buttons_are_in_the_readers_language(visit: Visit) -> None:
    choose(visit)
    sheet = visit.post("/prints", {
        "client": visit.office.facts.clients[0].hex(), "sheet": "顧客カルテ", "purpose": "客先持参",
        "addressee": "志摩 海斗 様", "copies": "1",
    }).get_data(as_text=True)  # fmt: skip
    assert '<html lang="ja"' in sheet and "契約の一覧" in sheet and "昭和54年5月3日" in sheet and "data-printed=\"印刷: " in sheet
    assert 'lang="en" role="region" aria-label="Printing"' in sheet and "Eldest" not in sheet
    assert '<html lang="en">' in said(visit, "/clients")


def test_an_error_speaks_the_readers_language(visit: Visit) -> None:
    choose(visit)
    visit.get("/clients/new/Household")
    told = visit.post("/clients/new/Household", {"name": ""}).get_data(as_text=True)
    assert "入力" not in told.split("<main")[1].split("<aside")[0] and "Please" in told
    assert '<html lang="en">' in said(visit, "/nothing-here")


@pytest.mark.parametrize("spoiled", [{"language": "fr"}, {"dates": ""}, {"shortcuts": "maybe"}])
def test_what_is_no_choice_is_refused_and_nothing_changes(spoiled: dict[str, str], visit: Visit) -> None:
    visit.get("/own")
    assert visit.post("/own", {**CHOSEN, **spoiled}).status_code == 400
    assert '<html lang="ja">' in said(visit, "/clients")


def test_a_choice_is_one_entry_and_its_reading_none_of_its_own(visit: Visit, office: Office) -> None:
    count = "SELECT COUNT(*) FROM journal"
    [(before,)] = office.sql(count)
    visit.post("/own", CHOSEN)
    assert office.sql(count) == [(before + 1,)]
    said(visit, "/cookies")
    assert office.sql(count) == [(before + 1,)]
    assert Event.PREFERENCES_SAVED in set(Event)


def test_who_says_who_the_office_is_keeps_his_own_choice(visit: Visit) -> None:
    choose(visit)
    visit.get("/office/particulars")
    sent = {"name": "みなと保険事務所", "kind": "保険代理店", "own_name": "佐々木 恵", "version": "1"}
    assert visit.post("/office/particulars", sent).status_code == 303
    assert '<html lang="en">' in said(visit, "/clients")


# --- before a sign-in


def test_the_sign_in_page_is_in_the_language_that_was_chosen_there(stranger: Visit) -> None:
    assert '<html lang="ja">' in said(stranger, "/session/new")
    answer = stranger.post("/session/language", {"language": "en", "back": "signing_in.register"})
    assert answer.status_code == 303 and answer.location == "/register"
    page = said(stranger, answer.location)
    assert '<html lang="en">' in page and 'value="en" lang="en" aria-current="true"' in page
    [cookie] = [c for c in answer.headers.getlist("Set-Cookie") if c.startswith(LANGUAGE_COOKIE)]
    assert cookie.startswith(f"{LANGUAGE_COOKIE}=en;") and "Max-Age=34560000" in cookie
    assert '<html lang="en">' in said(stranger, "/nothing-here")


def test_inside_everybodys_own_choice_stands_above_the_browsers(visit: Visit) -> None:
    choose(visit, language="ja")
    visit.set_cookie(LANGUAGE_COOKIE, "en")
    assert '<html lang="ja">' in said(visit, "/clients")
    visit.post("/session/lock")
    visit.get("/clients")
    assert '<html lang="en">' in said(visit, "/session/new")


def test_who_has_chosen_nothing_goes_by_the_browser(visit: Visit) -> None:
    visit.set_cookie(LANGUAGE_COOKIE, "en")
    assert '<html lang="en">' in said(visit, "/clients")


@pytest.mark.parametrize("sent", [{"language": "fr"}, {"language": "en", "back": "https://elsewhere.example/"}, {}])
def test_only_the_two_languages_and_only_our_own_pages(sent: dict[str, str], stranger: Visit) -> None:
    stranger.get("/session/new")
    answer = stranger.post("/session/language", sent)
    assert answer.location == "/session/new"
    assert bool(stranger.cookie(LANGUAGE_COOKIE)) == (sent.get("language") == "en")
    stranger.set_cookie(LANGUAGE_COOKIE, "../../etc")
    assert '<html lang="ja">' in said(stranger, "/cookies")
