"""The particulars of a contract with an office, as the operator types them."""

from __future__ import annotations

import pytest

from tests.support.contracts import TYPED, contract
from vault.domain import fields
from vault.domain.operator.contracts import Contract


def test_a_contract_is_read_and_says_again_what_was_typed() -> None:
    made = contract(number="Ｋ−2026−001", account_number="７６５４３２１")
    assert (made.number, made.account_number, made.limit) == ("K-2026-001", "7654321", 100)
    assert fields.read(Contract, fields.typed(made)).record == made


@pytest.mark.parametrize(("word", "limit"), [("20件", 20), ("100件", 100), ("500件", 500), ("無制限", 0)])
def test_a_contract_is_for_so_many_policies(word: str, limit: int) -> None:
    assert contract(policies=word).limit == limit


@pytest.mark.parametrize(("box", "typed", "code"), [
    ("number", "", "required"), ("number", "K/2026", "contract-number-unfit"), ("number", "../etc", "contract-number-unfit"),
    ("number", "-1", "contract-number-unfit"), ("account_number", "123456789", "account-number-unfit"),
    ("account_number", "12a", "account-number-unfit"), ("policies", "30件", "choice-unknown"), ("policies", "", "required"),
    ("account_holder", "港", "kana-expected"), ("end", "R8.3.31", "contract-end-before-start"), ("name", "", "required"),
])  # fmt: skip
def test_what_cannot_be_is_refused_at_its_box(box: str, typed: str, code: str) -> None:
    reading = fields.read(Contract, {**TYPED, box: typed})
    assert reading.record is None and {path: fault.code for path, fault in reading.faults.items()} == {box: code}
