"""Roles, what they may, and passwords that will not do."""

from __future__ import annotations

import pytest

from vault.domain.access import PERMISSIONS, Permission, Role, check_password, may
from vault.errors import Refused

WORDS = ("みなと保険事務所", "佐々木 健", "minato-hoken", "sasaki")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("短い", "password-too-short"),
        ("elevenchars", "password-too-short"),
        ("あ" * 400, "password-too-long"),
        ("password1234", "password-common"),
        ("Ｐａｓｓｗｏｒｄ１２３４", "password-common"),
        ("P@ssw0rd2026", "password-common"),
        ("qwertyuiop123", "password-common"),
        ("123456789012", "password-common"),
        ("abcabcabcabc", "password-common"),
        ("あああああああああああああ", "password-common"),
        ("abcdefghijklmnop", "password-common"),
        ("よろしくお願いします2026", "password-common"),
        ("みなと保険事務所2026", "password-office-word"),
        ("Minato-Hoken2026", "password-office-word"),
        ("sasakisasaki2", "password-office-word"),
    ],
)
def test_a_password_that_is_guessed_first_is_refused(password: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_password(password, WORDS)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "password",
    [
        "かみなりと 青い 自転車",
        "thundering blue bicycle",
        "aaaabbbbccccddddeeee9",
        "xkqzvbnwrtyp",
        "七色の傘と犬が三匹いる朝",
    ],
)
def test_any_other_long_one_will_do_whatever_it_is_made_of(password: str) -> None:
    assert check_password(password, WORDS)


def test_full_width_and_composed_are_one_password() -> None:
    assert check_password("ｔｈｕｎｄｅｒｉｎｇ ｂｌｕｅ") == check_password("thundering blue")
    assert check_password("か\u3099らすの自転車と青い空と雲") == check_password("がらすの自転車と青い空と雲")


def test_an_administrator_may_everything_and_others_less() -> None:
    assert PERMISSIONS[Role.ADMINISTRATOR] == frozenset(Permission)
    assert PERMISSIONS[Role.VIEWER] < PERMISSIONS[Role.HANDLER] < PERMISSIONS[Role.ADMINISTRATOR]


def test_an_auditor_reads_records_of_acts_but_no_client() -> None:
    assert may(Role.AUDITOR, Permission.READ_AUDIT_LOG)
    assert may(Role.AUDITOR, Permission.READ_PRINT_LEDGER)
    assert not may(Role.AUDITOR, Permission.READ_CLIENTS)
    assert not may(Role.AUDITOR, Permission.SEARCH)


def test_nobody_but_the_administrator_erases_or_manages() -> None:
    guarded = {
        Permission.ERASE,
        Permission.MANAGE_PEOPLE,
        Permission.MANAGE_DEVICES,
        Permission.CANCEL_CONTRACT,
    }
    for role in (Role.HANDLER, Role.VIEWER, Role.AUDITOR):
        assert not guarded & PERMISSIONS[role]
