"""A second implementation, in Node, reads every envelope and refuses what the program refuses.

Node comes with the checks' tools, so a machine without it fails here.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.crypto.structures import Inputs, load, place_of, raw, slot_inputs
from vault.crypto import codec, unlock
from vault.crypto.envelope import Context, expand, padded_size, seal
from vault.crypto.keystore import Keystore
from vault.crypto.keystore_form import open_keystore

HERE = Path(__file__).parent
KEY, OFFICE = b"k" * 32, b"o" * 16


def asked(key: bytes, sealed: bytes, context: Context) -> dict[str, Any]:
    """What the decoder is asked; numbers as text, because JavaScript's are not whole beyond 2**53."""
    fields = [f.hex() if isinstance(f, bytes) else f"#{f}" for f in context.fields]
    place = {"office": context.office.hex(), "kind": context.kind, "fields": fields}
    return {"key": key.hex(), "sealed": sealed.hex(), "context": place}


def decoded(questions: list[dict[str, Any]]) -> list[bytes | None]:
    """What the decoder makes of each; None for what it refuses."""
    lines = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run(
        ["node", HERE / "decode_all.mjs"], input=lines, capture_output=True, text=True, check=True, timeout=60
    )
    answers = done.stdout.splitlines()
    assert len(answers) == len(questions)
    return [raw(answer[1:]) if answer[0] == "+" else None for answer in answers]


def from_inputs(inputs: Inputs, sealed: str) -> dict[str, Any]:
    place = {name: inputs[name] for name in ("office", "kind", "fields")}
    return {"key": inputs["key"], "sealed": sealed, "context": place}


def run_once(question: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["node", HERE / "decode.mjs"], check=False, input=question, capture_output=True, text=True, timeout=30
    )


def test_the_decoder_prints_data_or_fails_with_a_sentence() -> None:
    case = load("envelope")["cases"][0]
    right = run_once(json.dumps(from_inputs(case["inputs"], case["sealed"])))
    assert (right.returncode, right.stdout, right.stderr) == (0, case["opens"] + "\n", "")
    for question in (json.dumps(from_inputs(case["inputs"], case["sealed"][:-2])), "{}", ""):
        wrong = run_once(question)
        assert wrong.returncode == 1 and not wrong.stdout and len(wrong.stderr.strip().splitlines()) == 1


def test_the_decoder_opens_every_envelope_and_refuses_what_is_altered() -> None:
    cases = load("envelope")["cases"]
    assert decoded([from_inputs(c["inputs"], c["sealed"]) for c in cases]) == [raw(c["opens"]) for c in cases]
    altered = [from_inputs({**c["inputs"], **o["with"]}, c["sealed"]) for c in cases for o in c["refuses"]]
    altered += [from_inputs(c["inputs"], c["sealed"][: 2 * cut]) for c in cases for cut in c["boundaries"]]
    altered += [from_inputs(c["inputs"], c["sealed"]) for c in load("envelope-refused")["cases"]]
    assert len(altered) > 250
    assert decoded(altered) == [None] * len(altered)


def test_the_decoder_refuses_every_changed_byte() -> None:
    case = load("envelope")["cases"][0]
    sealed = raw(case["sealed"])
    changed = [sealed[:i] + bytes([sealed[i] ^ 128]) + sealed[i + 1 :] for i in range(len(sealed))]
    assert decoded([from_inputs(case["inputs"], c.hex()) for c in changed]) == [None] * len(sealed)


@pytest.mark.parametrize("kind", ["record", "document"])
def test_the_decoder_agrees_on_sizes(kind: str) -> None:
    steps = [8 * 2**i + d for i in range(14) for d in (-9, -8, -7, 0)]
    sizes = sorted({size for size in [*steps, *range(240, 260), 16376, 32760] if size >= 0})
    context = Context(OFFICE, kind, (b"f" * 16, b"i" * 16, 2**64 - 1))
    sealed = [seal(KEY, b"x" * size, context) for size in sizes]
    assert decoded([asked(KEY, s, context) for s in sealed]) == [b"x" * size for size in sizes]
    assert all(padded_size(size, kind) >= size + 8 for size in sizes)


def test_the_decoder_opens_slots_rings_sheets_and_the_keystore() -> None:
    questions, wanted = [], []
    for case in load("slot")["cases"]:
        stretched, secret, place = slot_inputs(case["inputs"])
        key = unlock._slot_key(stretched, secret, place)
        questions.append(asked(key, raw(case["sealed"]), place_of(case["inputs"]).context()))
        opened = case["opens"]
        wanted.append(
            codec.encode([raw(opened["private"]), raw(opened["pinned"]), _bytes(opened["secrets"])])
        )
    for case in load("ring")["cases"]:
        i = case["inputs"]
        context = Context(raw(i["office"]), "ring", (raw(i["compartment"]), i["epoch"], i["counter"]))
        questions.append(asked(raw(i["key"]), raw(case["sealed"]), context))
        wanted.append(raw(case["opens"]))
    for case in load("recovery")["cases"]:
        i = case["inputs"]
        key = expand(unlock.read_recovery(i["typed"]), b"kura recovery", 32)
        questions.append(
            asked(key, raw(case["sealed"]), Context(raw(i["office"]), "recovery", (raw(i["sheet"]),)))
        )
        wanted.append(codec.encode([raw(case["opens"]["private"]), raw(case["opens"]["pinned"])]))
    for case in load("keystore")["cases"]:
        i = case["inputs"]
        context = Context(raw(i["office"]), "keystore", (i["epoch"], i["generation"]))
        questions.append(asked(raw(i["key"]), raw(case["sealed"]), context))
        wanted.append(raw(case["opens"]))
        where = (raw(i["office"]), i["epoch"], i["generation"])
        assert isinstance(open_keystore(raw(i["key"]), raw(case["sealed"]), *where), Keystore)
    assert decoded(questions) == wanted


def _bytes(mapping: dict[str, str]) -> dict[str, bytes]:
    return {name: raw(value) for name, value in mapping.items()}
