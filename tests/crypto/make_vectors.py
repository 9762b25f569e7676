"""Write the vector files that do not exist yet: `python -m tests.crypto.make_vectors [--force]`.

A vector is a promise to every byte that offices have stored, so an existing file is left alone. With --force all are
written anew, which is right only while nobody has stored anything in the format.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from cryptography.cobblestone import Cobblestone256Encryptor
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PublicKey

from tests.crypto import structures
from tests.crypto.structures import FOLDER, Inputs, context_of, slot_inputs
from vault.crypto import codec, unlock
from vault.crypto.directory import Compartment, Directory, Person, signed
from vault.crypto.envelope import FIELDS, HEAD_BYTES, Context, key_id, seal
from vault.crypto.keys import Ring, grant, public_key, seal_ring, seal_to, signing_public
from vault.crypto.keystore import Code, Device, Keystore, Passkey, SealedRing, Sheet, Stretch
from vault.crypto.keystore_form import seal_keystore
from vault.errors import KuraError

CHUNK = 16384 + 16


def fixed(name: str, size: int) -> bytes:
    """Bytes that are the same on every run, different for each name, and plainly nobody's key."""
    return hashlib.shake_256(b"kura vector " + name.encode()).digest(size)


OFFICE, PERSON, HOLDER = fixed("office", 16), fixed("person", 16), fixed("holder", 16)
COMPARTMENT, SALT = fixed("compartment", 16), fixed("salt", 16)
PRIVATE, SIGNING = fixed("private", 96), fixed("signing", 32)
PINNED = signing_public(SIGNING)
HYBRID_PUBLIC = public_key(PRIVATE)
CHEAP = [32, 1, 1]


def flipped(value: Any) -> Any:
    """Another value of the same type and size."""
    if isinstance(value, int):
        return value + 1
    if isinstance(value, list):
        return [flipped(value[0]), *value[1:]]
    return f"{int(value[:2], 16) ^ 1:02x}{value[2:]}"


def case(
    name: str, structure: str, inputs: Inputs, sealed: bytes, altered: dict[str, Inputs], **more: Any
) -> Inputs:
    """A whole case: what opens, and with which code each altered input is refused, as the program does it now."""
    opener = structures.OPEN[structure]
    refuses = []
    for what, change in altered.items():
        try:
            opener({**inputs, **change}, sealed)
        except KuraError as error:
            refuses.append({"name": what, "with": change, "code": error.code})
        else:
            raise SystemExit(f"{name}: opens with {what}")
    whole = {"name": name, "inputs": inputs, "sealed": sealed.hex(), "opens": opener(inputs, sealed)}
    return {**whole, "refuses": refuses, **more}


def _cuts(sealed: bytes, start: int = 0) -> list[int]:
    """The lengths at which a part of an envelope that begins at `start` ends, and one byte beside."""
    body = start + HEAD_BYTES
    ends = {start, start + 1, start + 2, body, body + 24, body + 56, body + 56 + 16}
    ends |= set(range(body + 56, len(sealed), CHUNK)) | {len(sealed)}
    return sorted({n for end in ends for n in (end - 1, end, end + 1) if 0 <= n < len(sealed)})


def _sample(kind: str) -> list[str | int]:
    sizes = {"session": [32, 16, 16]}.get(kind, [16] * 9)
    return [fixed(f"{kind} {i}", sizes[i]).hex() if t is bytes else i + 1 for i, t in enumerate(FIELDS[kind])]


def _envelope(name: str, kind: str, data: bytes) -> Inputs:
    inputs: Inputs = {
        "key": fixed("key", 32).hex(),
        "office": OFFICE.hex(),
        "kind": kind,
        "fields": _sample(kind),
    }
    altered: dict[str, Inputs] = {
        "another key": {"key": flipped(inputs["key"])},
        "another office": {"office": flipped(inputs["office"])},
    }
    for other in FIELDS:
        if other != kind and FIELDS[other] == FIELDS[kind]:
            altered[f"as {other}"] = {"kind": other}
    altered["a kind of another shape"] = {"kind": "session" if kind != "session" else "record"}
    altered["an unknown kind"] = {"kind": "Record"}
    for i, value in enumerate(inputs["fields"]):
        changed = [*inputs["fields"][:i], flipped(value), *inputs["fields"][i + 1 :]]
        altered[f"another field {i + 1}"] = {"fields": changed}
    sealed = seal(fixed("key", 32), data, context_of(inputs))
    return case(name, "envelope", inputs, sealed, altered, tampered=["seal-broken"], boundaries=_cuts(sealed))


def envelopes() -> Iterator[Inputs]:
    """Every kind, and documents whose last chunk is empty, short and long."""
    for kind in ("record", "draft", "contents", "segment", "session", "journal"):
        yield _envelope(kind, kind, fixed(f"data {kind}", 100))
    yield _envelope("nothing in it", "record", b"")
    yield _envelope("fills its step", "record", fixed("step", 248))
    yield _envelope("one byte over", "record", fixed("over", 249))
    yield _envelope("small document", "document", fixed("small", 3000))
    yield _envelope("document of one chunk and an empty one", "document", fixed("even", 16384 - 8))
    yield _envelope("document of three chunks", "document", fixed("three", 34000))


def registers() -> Iterator[Inputs]:
    """The sealed part of the operator's register; how its key follows is told with the file (test_sealed_file)."""
    yield _envelope("register", "register", fixed("data register", 300))


def _slot(name: str, holder: Inputs, cost: list[int]) -> Inputs:
    bundle = unlock.Bundle(
        PRIVATE, PINNED, {HOLDER: fixed("one", 32), fixed("other holder", 16): fixed("two", 32)}
    )
    inputs: Inputs = {
        "office": OFFICE.hex(),
        "person": PERSON.hex(),
        "holder": HOLDER.hex(),
        "salt": SALT.hex(),
        "cost": cost,
        "password": "東京 Ｋｕｒａ１２３ か\u3099",
        **holder,
    }
    altered: dict[str, Inputs] = {
        f"another {n}": {n: flipped(inputs[n])} for n in ("office", "person", "holder", "salt")
    }
    altered["another password"] = {"password": "東京 Kura124 が"}
    if cost == CHEAP:
        altered |= {
            "more memory": {"cost": [64, 1, 1]},
            "more passes": {"cost": [32, 2, 1]},
            "more lanes": {"cost": [32, 1, 2]},
        }
    if "code" in holder:
        altered["another code"] = {"code": "00000-00000-00000-00000-000000"}
    else:
        altered["another device"] = {"device_secret": flipped(holder["device_secret"])}
    sealed = unlock.seal_slot(*slot_inputs(inputs), bundle)
    return case(
        name, "slot", inputs, sealed, altered, tampered=["wrong-credential"], boundaries=_cuts(sealed)
    )


def slots() -> Iterator[Inputs]:
    """Of a device, of a code, and at the real cost."""
    device = {"device_secret": fixed("device", 32).hex()}
    yield _slot("of a device", device, CHEAP)
    yield _slot("of a code", {"code": "01234-56789-ABCDE-FGHJK-MNPQRD"}, CHEAP)
    yield _slot("at the default cost", device, [65536, 3, 4])


def rings() -> Iterator[Inputs]:
    """Empty and with three folders."""
    three = Ring()
    for i in range(3):
        three = three.with_folder(fixed(f"client {i}", 16), fixed(f"folder {i}", 16), fixed(f"key {i}", 32))
    for name, ring in (("empty", Ring()), ("three folders", three)):
        inputs: Inputs = {
            "key": fixed("key", 32).hex(),
            "office": OFFICE.hex(),
            "compartment": COMPARTMENT.hex(),
            "epoch": 3,
            "counter": 7,
        }
        sealed = seal_ring(fixed("key", 32), OFFICE, COMPARTMENT, 3, 7, ring)
        altered: dict[str, Inputs] = {f"another {n}": {n: flipped(v)} for n, v in inputs.items()}
        yield case(name, "ring", inputs, sealed, altered, tampered=["seal-broken"], boundaries=_cuts(sealed))


def _x25519_only(data: bytes, context: Context) -> bytes:
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
    public = X25519PublicKey.from_public_bytes(HYBRID_PUBLIC[1184:])
    return bytes([1, 1]) + suite.encrypt(data, public, context.encode(1))


def _hpke_cuts(sealed: bytes, start: int, enc: int) -> list[int]:
    ends = {0, start, start + 1, start + 2, start + 2 + enc, start + 2 + enc + 16, len(sealed)}
    return sorted({n for end in ends for n in (end - 1, end) if 0 <= n < len(sealed)})


def grants() -> Iterator[Inputs]:
    """Both suites: the hybrid one that is written and X25519, which is read."""
    key, receiver = fixed("compartment key", 32), fixed("receiver", 16)
    inputs: Inputs = {
        "office": OFFICE.hex(),
        "compartment": COMPARTMENT.hex(),
        "epoch": 5,
        "receiver": receiver.hex(),
        "private": PRIVATE.hex(),
        "expected": key_id(key).hex(),
    }
    context = Context(OFFICE, "grant", (COMPARTMENT, 5, receiver, key_id(key)))
    altered: dict[str, Inputs] = {f"another {n}": {n: flipped(v)} for n, v in inputs.items()}
    altered["another private"] = {"private": fixed("another private", 96).hex()}
    both = {
        "hybrid": (grant(OFFICE, COMPARTMENT, 5, receiver, HYBRID_PUBLIC, key), 1088 + 32),
        "X25519 only": (key_id(key) + _x25519_only(key, context), 32),
    }
    for name, (sealed, enc) in both.items():
        cuts = _hpke_cuts(sealed, 16, enc)
        yield case(
            name, "grant", inputs, sealed, altered, tampered=["seal-broken", "untrusted"], boundaries=cuts
        )


def journal_keys() -> Iterator[Inputs]:
    """Both suites."""
    inputs: Inputs = {
        "private": PRIVATE.hex(),
        "office": OFFICE.hex(),
        "kind": "journal-key",
        "fields": [fixed("journal key", 16).hex(), 20261121],
    }
    context = context_of(inputs)
    altered: dict[str, Inputs] = {
        "another private": {"private": fixed("another private", 96).hex()},
        "another office": {"office": flipped(inputs["office"])},
        "as a journal entry": {"kind": "journal"},
        "another key": {"fields": [flipped(inputs["fields"][0]), 20261121]},
        "another day": {"fields": [inputs["fields"][0], 20261122]},
    }
    secret = fixed("journal secret", 32)
    both = {
        "hybrid": (seal_to(HYBRID_PUBLIC, secret, context), 1088 + 32),
        "X25519 only": (_x25519_only(secret, context), 32),
    }
    for name, (sealed, enc) in both.items():
        cuts = _hpke_cuts(sealed, 0, enc)
        yield case(name, "journal-key", inputs, sealed, altered, tampered=["seal-broken"], boundaries=cuts)


def recoveries() -> Iterator[Inputs]:
    """One sheet, its secret as it is typed."""
    secret, sheet = fixed("recovery", 32), fixed("sheet", 16)
    inputs: Inputs = {
        "typed": " ".join(unlock.recovery_groups(secret)),
        "office": OFFICE.hex(),
        "sheet": sheet.hex(),
    }
    altered: dict[str, Inputs] = {
        "another office": {"office": flipped(inputs["office"])},
        "another sheet": {"sheet": flipped(inputs["sheet"])},
        "another secret": {"typed": " ".join(unlock.recovery_groups(fixed("another", 32)))},
    }
    sealed = unlock.seal_recovery(secret, OFFICE, sheet, PRIVATE, PINNED)
    yield case(
        "sheet", "recovery", inputs, sealed, altered, tampered=["wrong-credential"], boundaries=_cuts(sealed)
    )


def _directory(version: int = 9) -> Directory:
    other = fixed("other person", 16)
    return Directory(
        OFFICE,
        version,
        PINNED,
        HYBRID_PUBLIC,
        public_key(fixed("audit", 96)),
        fixed("operator", 32),
        {
            PERSON: Person("yamada", HYBRID_PUBLIC, "administrator"),
            other: Person("鈴木", public_key(fixed("other", 96)), "handler", "stopped", (COMPARTMENT,)),
        },
        {
            COMPARTMENT: Compartment("clients", 5, key_id(fixed("compartment key", 32))),
            fixed("admin", 16): Compartment("admin", 1, key_id(fixed("admin key", 32))),
        },
        {"idle_minutes": 15, "retention_days": 0},
    )


def directories() -> Iterator[Inputs]:
    """Two persons, two compartments; sealed is signature ‖ document."""
    made = signed(_directory(), SIGNING)
    sealed = made.signature + made.document
    inputs: Inputs = {"pinned": PINNED.hex(), "office": OFFICE.hex()}
    altered: dict[str, Inputs] = {
        "another pinned key": {"pinned": signing_public(fixed("another", 32)).hex()},
        "another office": {"office": flipped(inputs["office"])},
    }
    cuts = [0, 1, 63, 64, 65, len(sealed) - 1]
    yield case("signed", "directory", inputs, sealed, altered, tampered=["untrusted"], boundaries=cuts)


def keystores() -> Iterator[Inputs]:
    """Every field filled once. `keystore.json` has the first format, which is read and written no longer."""
    stretch = Stretch(SALT, unlock.Cost(*CHEAP), 1795000000)
    whole = Keystore(
        OFFICE,
        2,
        41,
        signed(_directory(), SIGNING),
        {PERSON: stretch},
        {PERSON: {HOLDER: fixed("slot", 80)}},
        {HOLDER: Device(fixed("device hash", 32), 1763683200, {fixed("person", 16): fixed("code", 16)})},
        {fixed("code", 16): Code(fixed("code hash", 32), PERSON, 1763769600, initial=True)},
        {COMPARTMENT: {PERSON: fixed("grant", 90)}},
        {COMPARTMENT: SealedRing(7, fixed("ring", 120))},
        {fixed("sheet", 16): Sheet(fixed("sheet sealed", 90), 1763683200, 1763683300)},
        {"signing": fixed("sealed secret", 90)},
        (fixed("statement", 40),),
        {PERSON: {fixed("credential", 20): Passkey(HOLDER, fixed("credential key", 77), 3, 1795000000, fixed("slot", 80))}},
        (12, fixed("head", 32)),
    )
    inputs: Inputs = {"key": fixed("shred", 32).hex(), "office": OFFICE.hex(), "epoch": 2, "generation": 41}
    altered: dict[str, Inputs] = {f"another {n}": {n: flipped(v)} for n, v in inputs.items()}
    sealed = seal_keystore(fixed("shred", 32), whole)
    yield case(
        "every field", "keystore", inputs, sealed, altered, tampered=["seal-broken"], boundaries=_cuts(sealed)
    )


def derivations() -> dict[str, Any]:
    """Steps on the way that a second implementation wants to check one by one."""
    device, code = fixed("device", 32), "01234-56789-ABCDE-FGHJK-MNPQRD"
    stretched = unlock.stretch("東京 Kura123 が", SALT, unlock.Cost(*CHEAP))
    return {
        "key_id": {"key": fixed("key", 32).hex(), "id": key_id(fixed("key", 32)).hex()},
        "context": {
            "office": OFFICE.hex(),
            "kind": "record",
            "fields": _sample("record"),
            "suite": 1,
            "encoded": context_of({"office": OFFICE.hex(), "kind": "record", "fields": _sample("record")})
            .encode(1)
            .hex(),
        },
        "stretch": {
            "password": "東京 Ｋｕｒａ１２３ か\u3099",
            "salt": SALT.hex(),
            "cost": CHEAP,
            "out": stretched.hex(),
        },
        "holder_secret": {
            "device_secret": device.hex(),
            "person": PERSON.hex(),
            "secret": unlock.holder_secret(device, PERSON).hex(),
            "secret_hash": unlock.secret_hash(device).hex(),
        },
        "code": {"code": code, "bytes": unlock.read_code(code).hex()},
        "recovery": {
            "secret": fixed("recovery", 32).hex(),
            "groups": unlock.recovery_groups(fixed("recovery", 32)),
        },
        "activation": unlock_verifier(),
    }


def unlock_verifier() -> dict[str, Any]:
    """A verifier of a fixed salt, with what matches it and what does not."""
    typed = "0123-4567-89AB-CDEF"
    out = unlock.stretch(unlock.fold_letters(typed), SALT, unlock.Cost(*CHEAP)).hex()
    verifier = {"salt": SALT.hex(), "m": CHEAP[0], "t": CHEAP[1], "p": CHEAP[2], "hash": out}
    return {
        "verifier": verifier,
        "matches": [
            typed,
            "o123 4567 89ab cdef",
            "０１２３４５６７８９ａｂｃｄｅｆ",
            "oI23ー4567ー89ABーCDEF",
        ],
        "differs": ["", "0123-4567-89AB-CDEG", "0123-4567-89AB-CDE", "0123-4567-89AB-CDEF-0"],
    }


def encodings() -> dict[str, Any]:
    """Values with their only encoding, and bytes that are nobody's encoding."""
    good: list[tuple[str, Any]] = [
        ("zero", 0),
        ("largest number", 2**64 - 1),
        ("no bytes", b""),
        ("bytes", b"\x00\xff"),
        ("text", "証券蔵"),
        ("list", [1, b"x", "y", []]),
        ("keys sort by their UTF-8 bytes", {"b": 1, "a": 2, "": 3, "\uffff": 4, "\U00010000": 5}),
    ]
    bad = {
        "nothing": "",
        "unknown tag": "78",
        "number too short": "6900000000000000",
        "trailing byte": "69000000000000000100",
        "bytes longer than the rest": "620000000500",
        "length of four gigabytes": "62ffffffff",
        "list of four thousand million": "6cffffffff",
        "mapping of four thousand million": "64ffffffff",
        "text that is not UTF-8": "7300000001ff",
        "a surrogate as text": "7300000003eda080",
        "an overlong form as text": "7300000002c080",
        "keys out of order": "6400000002" + _pair("b") + _pair("a"),
        "a key twice": "6400000002" + _pair("a") + _pair("a"),
        "a key that is no text": "6400000001" + "620000000161" + "69" + "00" * 8,
        "seventeen lists deep": "6c00000001" * 17 + "69" + "00" * 8,
        "a thousand lists deep": "6c00000001" * 1000,
    }
    return {
        "good": [{"name": n, "value": _told(v), "encoded": codec.encode(v).hex()} for n, v in good],
        "bad": [{"name": n, "encoded": e} for n, e in bad.items()],
    }


def _pair(key: str) -> str:
    return (b"s" + len(key).to_bytes(4, "big") + key.encode() + b"i" + bytes(8)).hex()


def _told(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"bytes": value.hex()}
    if isinstance(value, list):
        return [_told(item) for item in value]
    return {"mapping": [[k, _told(v)] for k, v in value.items()]} if isinstance(value, dict) else value


def refused_envelopes() -> dict[str, Any]:
    """Bytes sealed under the right key and context that are still no envelope: the padding is part of the format."""
    inputs: Inputs = {"key": fixed("key", 32).hex(), "office": OFFICE.hex(), "kind": "record"}
    inputs["fields"] = _sample("record")
    data = fixed("data", 100)
    plains = {
        "no plaintext": b"",
        "shorter than its length field": bytes(7),
        "a length without padding": bytes(8),
        "padding that is not zero": (100).to_bytes(8, "big") + data + bytes(147) + b"\1",
        "a length beyond the end": (249).to_bytes(8, "big") + data + bytes(148),
        "the largest length": b"\xff" * 8 + data + bytes(148),
        "one byte too little padding": (100).to_bytes(8, "big") + data + bytes(147),
        "a step too much padding": (100).to_bytes(8, "big") + data + bytes(148 + 256),
    }
    cases: list[dict[str, Any]] = [
        {"name": n, "inputs": inputs, "sealed": _bare(inputs, p).hex()} for n, p in plains.items()
    ]
    good = _bare(inputs, (100).to_bytes(8, "big") + data + bytes(148))
    heads = {"another version": b"\2\1", "another suite": b"\1\2", "suite nought": b"\1\0"}
    cases += [{"name": n, "inputs": inputs, "sealed": (h + good[2:]).hex()} for n, h in heads.items()]
    two = _bare(inputs, bytes(2 * 16384))
    cases.append({"name": "cut after a whole chunk", "inputs": inputs, "sealed": two[:-16].hex()})
    first = HEAD_BYTES + 56
    swapped = two[:first] + two[first + CHUNK : first + 2 * CHUNK] + two[first : first + CHUNK] + two[-16:]
    cases.append({"name": "chunks swapped", "inputs": inputs, "sealed": swapped.hex()})
    other = fixed("another key", 32)
    named = good[:2] + key_id(other) + good[HEAD_BYTES:]
    cases.append(
        {"name": "named after another key", "inputs": {**inputs, "key": other.hex()}, "sealed": named.hex()}
    )
    for made in cases:
        try:
            structures.OPEN["envelope"](made["inputs"], bytes.fromhex(str(made["sealed"])))
        except KuraError as error:
            made["code"] = error.code
    return {"cases": cases}


def _bare(inputs: Inputs, plain: bytes) -> bytes:
    key = bytes.fromhex(inputs["key"])
    encryptor = Cobblestone256Encryptor(key, context_of(inputs).encode(1))
    return b"\1\1" + key_id(key) + encryptor.update(plain) + encryptor.finalize()


def _cases(name: str, make: Callable[[], Iterator[Inputs]]) -> dict[str, Any]:
    return {"structure": name, "cases": list(make())}


FILES: dict[str, Callable[[], Iterator[Inputs]]] = {
    "envelope": envelopes,
    "register": registers,
    "slot": slots,
    "ring": rings,
    "grant": grants,
    "journal-key": journal_keys,
    "recovery": recoveries,
    "directory": directories,
    # keystore.json holds what the first release sealed: it stays readable and is made no more.
    "keystore-2": keystores,
}


def main(arguments: list[str]) -> int:
    """Write what is missing; with --force everything."""
    FOLDER.mkdir(exist_ok=True)
    made: dict[str, Callable[[], Any]] = {name: partial(_cases, name, make) for name, make in FILES.items()}
    made |= {"derivations": derivations, "codec": encodings, "envelope-refused": refused_envelopes}
    kept = 0
    for name, make in made.items():
        path = FOLDER / f"{name}.json"
        if path.exists() and "--force" not in arguments:
            kept += 1
            continue
        path.write_text(json.dumps(make(), indent=1, ensure_ascii=False) + "\n", "utf-8")
        print(f"written: {path.name}")
    if kept:
        print(f"left as they are: {kept} (--force writes them anew)")
    return 1 if kept == len(made) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
