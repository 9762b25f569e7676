"""契約の台帳: sealed, whole after every kill, and with nothing left of a contract that has ended."""

from __future__ import annotations

import stat
from datetime import date
from pathlib import Path

import pytest

from tests.support import killing
from tests.support.contracts import CHEAP, SECRETS, WORD, contract
from vault.errors import Conflict, Damaged, NotFound, NotReady, Refused, WrongCredential
from vault.services.operator import registering
from vault.storage.host.layout import Host

OTHER = "別の 合言葉は 灯台の 光"
DAY = date(2026, 11, 30)


@pytest.fixture
def host(tmp_path: Path) -> Host:
    made = Host(tmp_path)
    registering.begin(made, WORD, CHEAP)
    return made


def files(host: Host) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in host.register.iterdir() if path.name != "lock"}


def test_what_was_added_is_there_for_who_knows_the_passphrase_and_for_nobody_else(host: Host) -> None:
    registering.add(host, WORD, contract())
    registering.add(host, WORD, contract(number="A-7", office=""))
    assert [each.number for each in registering.open_register(host, WORD).contracts] == ["A-7", "K-2026-001"]
    assert registering.open_register(host, WORD).find("K-2026-001") == contract()
    with pytest.raises(WrongCredential, match="register-passphrase"):
        registering.open_register(host, OTHER)
    with pytest.raises(NotFound, match="contract-unknown"):
        registering.open_register(host, WORD).find("B-1")
    for raw in files(host).values():
        assert not any(secret.encode() in raw for secret in (*SECRETS, "K-2026-001", "minato"))
    for path in (host.register, *host.register.iterdir()):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0


def test_there_is_one_register_and_none_before_it_was_begun(tmp_path: Path, host: Host) -> None:
    with pytest.raises(Refused, match="register-exists"):
        registering.begin(host, OTHER, CHEAP)
    with pytest.raises(NotReady, match="register-missing"):
        registering.open_register(Host(tmp_path / "elsewhere"), WORD)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize(("weak", "code"), [("短い合言葉", "too-short"), ("password123456", "common"), ("長" * 5000, "too-long")])
def test_a_weak_passphrase_is_refused(tmp_path: Path, weak: str, code: str) -> None:
    with pytest.raises(Refused, match=f"passphrase-{code}"):
        registering.begin(Host(tmp_path), weak, CHEAP)
    assert not registering.exists(Host(tmp_path))


def test_a_contract_is_changed_on_top_of_what_was_seen_only(host: Host) -> None:
    registering.add(host, WORD, contract())
    registering.change(host, WORD, contract(), contract(bank="潮見信用金庫"))
    with pytest.raises(Conflict, match="contract-changed"):
        registering.change(host, WORD, contract(), contract(branch="沖支店"))
    assert registering.open_register(host, WORD).find("K-2026-001").bank == "潮見信用金庫"


def test_numbers_and_offices_belong_to_one_contract(host: Host) -> None:
    registering.add(host, WORD, contract())
    with pytest.raises(Refused, match="contract-exists"):
        registering.add(host, WORD, contract(office="other"))
    with pytest.raises(Refused, match="contract-office-taken"):
        registering.add(host, WORD, contract(number="K-2"))
    registering.add(host, WORD, contract(number="K-2", office=""))
    with pytest.raises(Refused, match="contract-office-taken"):
        registering.change(host, WORD, contract(number="K-2", office=""), contract(number="K-2"))


def test_the_end_leaves_number_day_and_certificate_in_both_generations(host: Host) -> None:
    registering.add(host, WORD, contract())
    registering.add(host, WORD, contract(number="K-2", office="yama", name="山手会計"))
    before = set(files(host).values())
    registering.close(host, WORD, "K-2026-001", DAY, "signed text")
    book = registering.open_register(host, WORD)
    assert [each.number for each in book.contracts] == ["K-2"]
    [gone] = book.ended
    assert (gone.number, gone.day, gone.certificate) == ("K-2026-001", DAY, "signed text")
    assert set(files(host)) == {"newest", "earlier"} and not before & set(files(host).values())
    assert registering.restore(host, WORD) == book  # what the generation before says
    with pytest.raises(Refused, match="contract-exists"):
        registering.add(host, WORD, contract())
    registering.close(host, WORD, "K-2026-001", DAY, "signed text")  # as one who was killed does
    assert registering.open_register(host, WORD) == book
    with pytest.raises(NotFound, match="contract-unknown"):
        registering.close(host, WORD, "K-3", DAY, "")


def test_bytes_that_leave_are_overwritten_before_their_name_goes(host: Host) -> None:
    registering.add(host, WORD, contract())
    held = {name: (host.register / name).open("rb") for name in ("newest", "earlier")}
    registering.close(host, WORD, "K-2026-001", DAY, "")
    for file in held.values():  # the very files that had stood there
        raw = file.read()
        assert raw and not raw.strip(b"\0")
        file.close()


def test_nothing_opens_with_the_passphrase_of_before(host: Host) -> None:
    registering.add(host, WORD, contract())
    with pytest.raises(Refused, match="register-same-passphrase"):
        registering.change_passphrase(host, WORD, WORD, CHEAP)
    with pytest.raises(Refused, match="passphrase-too-short"):
        registering.change_passphrase(host, WORD, "短い", CHEAP)
    registering.change_passphrase(host, WORD, OTHER, CHEAP)
    with pytest.raises(WrongCredential):
        registering.open_register(host, WORD)
    with pytest.raises(WrongCredential):
        registering.restore(host, WORD)
    assert registering.open_register(host, OTHER).contracts == (contract(),)
    found = registering.verify(host, OTHER)
    assert (found.contracts, found.ended) == (1, 0) and found.earlier == found.generation


def test_damage_is_told_and_the_generation_before_takes_its_place_when_asked(host: Host) -> None:
    registering.add(host, WORD, contract())
    registering.change(host, WORD, contract(), contract(branch="沖支店"))
    newest = host.register / "newest"
    newest.write_bytes(newest.read_bytes()[:-1])
    for act in (registering.open_register, registering.verify):
        with pytest.raises(Damaged, match="register-damaged"):
            act(host, WORD)
    with pytest.raises(Refused, match="register-kept"):
        registering.restore(host, WORD, lambda book: False)
    registering.restore(host, WORD)
    assert registering.open_register(host, WORD).contracts == (contract(),)


def test_without_an_earlier_generation_there_is_nothing_to_put_back(host: Host) -> None:
    assert registering.verify(host, WORD).earlier == 0
    with pytest.raises(NotReady, match="register-no-earlier"):
        registering.restore(host, WORD)


@pytest.mark.parametrize("power", [False, True], ids=["kill -9", "power cut"])
def test_killed_anywhere_it_is_as_before_or_as_after(host: Host, power: bool, pytestconfig: pytest.Config, tmp_path: Path) -> None:
    registering.add(host, WORD, contract())
    kept = files(host)

    def attempt(fatal: int) -> int | None:
        for path in host.register.iterdir():
            path.unlink()
        for name, raw in kept.items():
            (host.register / name).write_bytes(raw)
        ended = killing.run(lambda: registering.change(host, WORD, contract(), contract(branch="沖支店")), fatal or killing.EVERY, power)
        assert registering.open_register(host, WORD).find("K-2026-001").branch in ("桟橋支店", "沖支店")
        assert set(files(host)) <= {"newest", "earlier"}
        return ended

    assert killing.at_points(attempt, pytestconfig, most=8) >= 3


@pytest.mark.parametrize("power", [False, True], ids=["kill -9", "power cut"])
def test_an_end_that_was_killed_is_finished_by_the_next_one(host: Host, power: bool, pytestconfig: pytest.Config) -> None:
    registering.add(host, WORD, contract())
    registering.change(host, WORD, contract(), contract(branch="沖支店"))
    kept = files(host)

    def attempt(fatal: int) -> int | None:
        for path in host.register.iterdir():
            path.unlink()
        for name, raw in kept.items():
            (host.register / name).write_bytes(raw)
        ended = killing.run(lambda: registering.close(host, WORD, "K-2026-001", DAY, "c"), fatal or killing.EVERY, power)
        registering.close(host, WORD, "K-2026-001", DAY, "c")
        assert registering.open_register(host, WORD).contracts == () == registering.restore(host, WORD).contracts
        assert set(files(host)) == {"newest", "earlier"} and not set(kept.values()) & set(files(host).values())
        return ended

    assert killing.at_points(attempt, pytestconfig, most=10) >= 5
