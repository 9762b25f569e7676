"""What was sealed once opens for ever, and nothing else opens: the vectors on disk against the program."""

from __future__ import annotations

from typing import Any

import pytest

from tests.crypto.structures import OPEN, load, place_of, raw
from vault.crypto import codec, unlock
from vault.crypto.envelope import FIELDS, Context, key_id
from vault.errors import KuraError, Malformed

EVERY_LENGTH_UP_TO = 1500
CASES = [(name, case) for name in OPEN for case in load(name)["cases"]]
NAMES = [f"{name}: {case['name']}" for name, case in CASES]
each_case = pytest.mark.parametrize(("structure", "case"), CASES, ids=NAMES)


def refusal(structure: str, inputs: dict[str, Any], sealed: bytes) -> str | None:
    """The code with which an opener refuses; None if it opens."""
    try:
        OPEN[structure](inputs, sealed)
    except KuraError as error:
        return error.code
    return None


@each_case
def test_a_vector_opens_to_what_went_in(structure: str, case: dict[str, Any]) -> None:
    assert OPEN[structure](case["inputs"], raw(case["sealed"])) == case["opens"]


@each_case
def test_a_vector_is_refused_with_any_other_key_or_place(structure: str, case: dict[str, Any]) -> None:
    for other in case["refuses"]:
        assert (
            refusal(structure, {**case["inputs"], **other["with"]}, raw(case["sealed"])) == other["code"]
        ), other["name"]


@each_case
def test_every_input_of_a_vector_is_altered_in_some_refusal(structure: str, case: dict[str, Any]) -> None:
    altered = {name for other in case["refuses"] for name in other["with"]}
    unvaried = (
        {"cost"} if case["name"] == "at the default cost" else set()
    )  # two more seconds for nothing new
    assert altered | unvaried == set(case["inputs"])
    for i in range(len(case["inputs"].get("fields", []))):
        mine = case["inputs"]["fields"]
        others = [o["with"]["fields"] for o in case["refuses"] if "fields" in o["with"]]
        assert any(o[i] != mine[i] and o[:i] + o[i + 1 :] == mine[:i] + mine[i + 1 :] for o in others)


@each_case
def test_every_changed_byte_is_refused(structure: str, case: dict[str, Any]) -> None:
    sealed = raw(case["sealed"])
    for at in range(len(sealed)):
        changed = sealed[:at] + bytes([sealed[at] ^ (1 << at % 8)]) + sealed[at + 1 :]
        assert refusal(structure, case["inputs"], changed) in case["tampered"], f"byte {at}"


@each_case
def test_what_is_cut_or_longer_is_refused(structure: str, case: dict[str, Any]) -> None:
    sealed = raw(case["sealed"])
    lengths = range(len(sealed)) if len(sealed) <= EVERY_LENGTH_UP_TO else case["boundaries"]
    for length in lengths:
        assert refusal(structure, case["inputs"], sealed[:length]) in case["tampered"], f"{length} bytes"
    for more in (b"\0", sealed[-16:], sealed):
        assert refusal(structure, case["inputs"], sealed + more) in case["tampered"]


def test_every_kind_of_envelope_has_a_vector() -> None:
    kinds = {c["inputs"]["kind"] for n in ("envelope", "journal-key", "register") for c in load(n)["cases"]}
    elsewhere = {"slot", "ring", "grant", "keystore", "recovery"}
    assert kinds | elsewhere == set(FIELDS)


@pytest.mark.parametrize("case", load("envelope-refused")["cases"], ids=lambda case: case["name"])
def test_rightly_sealed_bytes_that_are_no_envelope_are_refused(case: dict[str, Any]) -> None:
    assert refusal("envelope", case["inputs"], raw(case["sealed"])) == case["code"] == "seal-broken"


# --- codec


def told(value: Any) -> Any:
    if isinstance(value, list):
        return [told(item) for item in value]
    if isinstance(value, dict):
        return raw(value["bytes"]) if "bytes" in value else {k: told(v) for k, v in value["mapping"]}
    return value


@pytest.mark.parametrize("case", load("codec")["good"], ids=lambda case: case["name"])
def test_a_value_has_the_encoding_on_disk(case: dict[str, Any]) -> None:
    encoded, value = raw(case["encoded"]), told(case["value"])
    assert codec.encode(value) == encoded
    assert codec.decode(encoded) == value
    for length in range(len(encoded)):
        with pytest.raises(Malformed):
            codec.decode(encoded[:length])


@pytest.mark.parametrize("case", load("codec")["bad"], ids=lambda case: case["name"])
def test_bytes_that_are_no_encoding_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        codec.decode(raw(case["encoded"]))


# --- steps on the way


def test_the_steps_on_the_way_give_what_is_on_disk() -> None:
    v = load("derivations")
    assert key_id(raw(v["key_id"]["key"])).hex() == v["key_id"]["id"]
    fields = tuple(raw(f) if isinstance(f, str) else f for f in v["context"]["fields"])
    context = Context(raw(v["context"]["office"]), v["context"]["kind"], fields)
    assert context.encode(v["context"]["suite"]).hex() == v["context"]["encoded"]
    holder = v["holder_secret"]
    secret = raw(holder["device_secret"])
    assert unlock.holder_secret(secret, raw(holder["person"])).hex() == holder["secret"]
    assert unlock.secret_hash(secret).hex() == holder["secret_hash"]
    assert unlock.read_code(v["code"]["code"]).hex() == v["code"]["bytes"]
    assert unlock.recovery_groups(raw(v["recovery"]["secret"])) == v["recovery"]["groups"]
    assert unlock.read_recovery("".join(v["recovery"]["groups"])).hex() == v["recovery"]["secret"]


def test_full_width_and_composed_passwords_stretch_to_the_same() -> None:
    v = load("derivations")["stretch"]
    for typed in (v["password"], "東京 Kura123 が"):
        assert unlock.stretch(typed, raw(v["salt"]), unlock.Cost(*v["cost"])).hex() == v["out"]


def test_an_initial_password_matches_however_it_is_typed() -> None:
    v = load("derivations")["activation"]
    assert all(unlock.activation_matches(v["verifier"], typed) for typed in v["matches"])
    assert not any(unlock.activation_matches(v["verifier"], typed) for typed in v["differs"])


def test_a_slots_stored_cost_stands_in_its_context() -> None:
    place = place_of(load("slot")["cases"][0]["inputs"])
    assert place.context().fields[2:] == (place.salt, place.cost.m, place.cost.t, place.cost.p)
