"""`kura-operator register`, as the operator types it: hidden passphrase, particulars never among the arguments."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.contracts import CHEAP, SECRETS, TYPED, WORD, contract
from vault.cli.operator.main import main
from vault.services.operator import registering
from vault.storage.host import offices
from vault.storage.host.layout import Host, Profile
from vault.storage.host.offices import HostedOffice

PROFILE = 'place = "日本 東京都"\ndata_centre = "江東データセンター"\noperator = "株式会社うみかぜ"\ntelephone = "03-0000-0002"\n'


@pytest.fixture
def host(tmp_path: Path) -> Host:
    """A host with a register and an office, below a scratch folder."""
    made = Host(tmp_path, Profile())
    made.settings.mkdir(parents=True)
    made.profile_file.write_text(PROFILE, "utf-8")
    registering.begin(made, WORD, CHEAP)
    offices.write(made, HostedOffice("minato", "minato.example.jp"))
    return made


def said(host: Host, *words: str, typed: str = "", secret: str | None = WORD) -> Result:
    """One command; the passphrase out of a file, or typed."""
    more: tuple[str, ...] = ()
    if secret is not None:
        file = host.root / "passphrase"
        file.write_text(secret + "\n", "utf-8")
        file.chmod(0o600)
        more = ("--passphrase-file", str(file))
    return CliRunner().invoke(main, ["--root", str(host.root), "register", *words, *more], input=typed)


def told(host: Host) -> dict[str, object]:
    found: dict[str, object] = json.loads((host.told("minato") / "contract.json").read_text("utf-8"))
    return found


def book(host: Host) -> registering.Book:
    return registering.open_register(host, WORD)


def test_a_contract_is_typed_box_by_box_and_a_wrong_box_is_asked_again(host: Host) -> None:
    order = [TYPED.get(name, "") for name in (
        "number", "kind", "name", "postal_code", "address", "telephone", "contact", "bank", "branch", "account_type",
        "account_number", "account_holder", "start", "end", "office", "web_address", "policies",
    )]  # fmt: skip
    wrong = [*order[:10], "12-34", *order[11:]]
    done = said(host, "add", typed="\n".join([WORD, *wrong, "7654321"]) + "\n", secret=None)
    assert done.exit_code == 0, done.output
    assert book(host).contracts == (contract(),) and WORD not in done.output
    assert "口座番号は8桁までの数字で入れてください" in done.output
    kept = said(host, "edit", "K-2026-001", typed="\n" * 5 + "-\n潮見信用金庫\n" + "\n" * 9)
    assert kept.exit_code == 0, kept.output
    assert book(host).contracts == (contract(contact="", bank="潮見信用金庫"),)


def test_a_contract_comes_as_json_from_standard_input_and_tells_its_office(host: Host) -> None:
    done = said(host, "add", "--json", typed=json.dumps(TYPED))
    assert done.exit_code == 0, done.output
    assert told(host)["policies"] == 100 and told(host)["contract"] == "K-2026-001"
    assert (told(host)["place"], told(host)["data_centre"]) == ("日本 東京都", "江東データセンター")
    assert not any(secret in json.dumps(told(host), ensure_ascii=False) for secret in SECRETS)
    assert offices.read(host, "minato").policies == 100 and offices.read(host, "minato").contract == "K-2026-001"
    assert said(host, "edit", "K-2026-001", "--json", typed='{"policies": "無制限"}').exit_code == 0
    assert told(host)["policies"] == 0 == offices.read(host, "minato").policies
    for wrong in ("[]", "{", '{"colour": "red"}', '{"policies": 100}', '{"policies": "7件"}'):
        refused = said(host, "edit", "K-2026-001", "--json", typed=wrong)
        assert refused.exit_code == 1 and "契約の内容を読めません" in refused.output


def test_it_is_listed_shown_and_ends_with_its_certificate(host: Host, tmp_path: Path) -> None:
    registering.add(host, WORD, contract())
    assert "K-2026-001  みなと保険事務所  minato" in said(host, "list").output
    assert "決済口座の銀行: 浜風銀行" in said(host, "show", "K-2026-001").output
    assert json.loads(said(host, "show", "K-2026-001", "--json").output)["branch"] == "桟橋支店"
    (tmp_path / "ended.txt").write_text("--- signed ---\n", "utf-8")
    words = ("end", "K-2026-001", "--day", "令和8年11月30日", "--certificate", str(tmp_path / "ended.txt"))
    kept = said(host, *words, typed="n\n")
    assert kept.exit_code == 1 and book(host).contracts
    assert said(host, *words, typed="y\n").exit_code == 0
    shown = said(host, "show", "K-2026-001").output
    assert "2026-11-30" in shown and "--- signed ---" in shown and not any(secret in shown for secret in SECRETS)
    listed = json.loads(said(host, "list", "--json").output)
    assert listed["contracts"] == [] and [each["number"] for each in listed["ended"]] == ["K-2026-001"]
    assert said(host, "show", "K-9").exit_code == 1


def test_the_passphrase_file_is_its_owners_alone(host: Host, tmp_path: Path) -> None:
    file = tmp_path / "word"
    file.write_text(WORD, "utf-8")
    for mode in (0o640, 0o604, 0o620):
        file.chmod(mode)
        refused = CliRunner().invoke(main, ["--root", str(host.root), "register", "list", "--passphrase-file", str(file)])
        assert refused.exit_code == 1 and "モード0600" in refused.output
    file.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(file)
    for wrong in (link, tmp_path / "missing", tmp_path):
        refused = CliRunner().invoke(main, ["--root", str(host.root), "register", "list", "--passphrase-file", str(wrong)])
        assert refused.exit_code == 1, wrong
    if os.geteuid() == 0:
        os.chown(file, 65534, -1)
        refused = CliRunner().invoke(main, ["--root", str(host.root), "register", "list", "--passphrase-file", str(file)])
        assert refused.exit_code == 1 and "モード0600" in refused.output


def test_a_wrong_passphrase_is_told_in_one_sentence_and_changes_nothing(host: Host) -> None:
    before = {path.name: path.read_bytes() for path in host.register.iterdir()}
    for words in (("list",), ("verify",), ("add", "--json"), ("end", "K-1", "--day", "2026-11-30", "--yes"), ("restore", "--yes")):
        refused = said(host, *words, secret="これは 違う 合言葉 です")
        assert refused.exit_code == 1 and refused.output.strip().count("\n") == 0, refused.output
    assert "合言葉が違います。" in said(host, "list", secret="これは 違う 合言葉 です").output
    assert {path.name: path.read_bytes() for path in host.register.iterdir()} == before


def test_it_is_begun_and_its_passphrase_changed_by_typing_twice(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.settings.mkdir(parents=True)
    host.profile_file.write_text(PROFILE, "utf-8")
    assert said(host, "list", secret=WORD).exit_code == 1
    assert "違います" in said(host, "init", typed=f"{WORD}\n{WORD}。\n", secret=None).output
    assert "12文字以上" in said(host, "init", typed="短い\n短い\n", secret=None).output
    begun = said(host, "init", typed=f"{WORD}\n{WORD}\n", secret=None)
    assert begun.exit_code == 0 and "二度と開けません" in begun.output and "そのまま動きます" in begun.output
    new = "新しい 合言葉は 灯台の 光"
    changed = said(host, "passphrase", typed=f"{new}\n{new}\n")
    assert changed.exit_code == 0, changed.output
    assert said(host, "list").exit_code == 1 and said(host, "list", secret=new).exit_code == 0


def test_what_offices_are_told_keeps_what_others_say_there(host: Host) -> None:
    host.told("minato").mkdir(parents=True)
    (host.told("minato") / "contract.json").write_text('{"hours": "always", "diagnosis": {"day": "2020-01-01"}}', "utf-8")
    assert said(host, "set-limit", "minato", "500", secret=None).exit_code == 0
    assert told(host)["hours"] == "always" and told(host)["policies"] == 500 and "diagnosis" not in told(host)
    words = ("diagnosis", "--day", "2026-10-05", "--by", "株式会社みはり", "--result", "重大な指摘は\nありません。")
    assert "1件" in said(host, *words, secret=None).output
    assert said(host, "subcontracting", "再委託していません", secret=None).exit_code == 0
    assert told(host)["diagnosis"] == {"day": "2026-10-05", "by": "株式会社みはり", "result": "重大な指摘は ありません。"}
    assert told(host)["subcontracting"] == "再委託していません" and told(host)["hours"] == "always"
    (host.told("minato") / "contract.json").unlink()
    assert said(host, "tell", secret=None).exit_code == 0 and told(host)["diagnosis"] and told(host)["policies"] == 500
    for wrong in (("set-limit", "minato", "30"), ("set-limit", "elsewhere", "20"), ("tell", "elsewhere"), ("diagnosis", *words[1:2], "soon", *words[3:])):
        assert said(host, *wrong, secret=None).exit_code == 1


def test_verifying_names_what_register_and_host_say_differently(host: Host) -> None:
    assert "事務所 minato の契約が台帳にありません。" in said(host, "verify").output
    assert said(host, "add", "--json", typed=json.dumps(TYPED)).exit_code == 0
    fine = said(host, "verify")
    assert fine.exit_code == 0 and "契約1件" in fine.output and "一つ前の控えも読めます。" in fine.output
    said(host, "set-limit", "minato", "500", secret=None)
    differs = said(host, "verify")
    assert differs.exit_code == 1 and "台帳では100件、事務所には500件" in differs.output
    said(host, "edit", "K-2026-001", "--json", typed='{"web_address": "other.example.jp"}')
    assert "アドレスは、台帳ではother.example.jp" in said(host, "verify").output


def test_the_earlier_one_takes_the_place_of_a_spoiled_one(host: Host) -> None:
    registering.add(host, WORD, contract())
    registering.change(host, WORD, contract(), contract(bank="潮見信用金庫"))
    (host.register / "newest").write_bytes(b"spoiled")
    assert "register restore" in said(host, "list").output
    assert said(host, "restore", typed="n\n").exit_code == 1
    assert said(host, "restore", typed="y\n").exit_code == 0
    assert book(host).contracts == (contract(),)
