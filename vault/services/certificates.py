"""Certificates as texts with a signature: of a contract's end, signed by the operator; of a client's erasure, by the office.

A contract's end: words for people, a line `--- kura/1 contract end ---`, one `name: value` a line, and at last
`signature:` with Ed25519 over every byte before it. A client's erasure: the values of its paper typed as `name: value`
(office, number, what, client, reason, records, versions, objects, begun, done, epoch, signature, perhaps public key).

Who has only the fingerprint that recovery sheets show verifies with that: the key itself stands in the text.
"""

from __future__ import annotations

import re
from datetime import datetime

from vault.crypto import codec
from vault.crypto.keys import fingerprint, sign, verify
from vault.domain.erasures import Erasure
from vault.domain.values.moments import JAPAN
from vault.errors import Refused, Untrusted
from vault.services.erasing import PURPOSE as ERASURE

PURPOSE, HEAD, SIGNATURE = "contract end", "--- kura/1 contract end ---\n", b"signature: "
_LINE = re.compile(r"([a-z][a-z ]*): ?(.*)")
_BROKEN = re.compile(r"\s*\n\s*(?![a-z][a-z ]*:|\s|$)")  # a long value typed over two lines, as the paper shows it
_SIGNED = re.compile(rb"(.*\n)signature: ([0-9a-f]{128})\n", re.DOTALL)
_MOMENT = "%Y-%m-%d %H:%M:%S"
LEAST = 16  # bytes of a fingerprint that sheets show
Facts = list[tuple[str, str]]


def moment(seconds: int) -> str:
    """A moment as certificates write it: to the second, in Japan."""
    return datetime.fromtimestamp(seconds, JAPAN).strftime(_MOMENT)


def unsigned(facts: Facts, words: str) -> str:
    """The text of a certificate before it is signed. No value may have a line of its own to fake another with."""
    lines = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in facts)
    return f"{words.rstrip()}\n\n{HEAD}{lines}"


def signed(facts: Facts, words: str, private: bytes) -> bytes:
    """The whole file."""
    body = unsigned(facts, words).encode()
    return body + SIGNATURE + sign(private, PURPOSE, body).hex().encode() + b"\n"


def check(raw: bytes, public: bytes) -> Facts:
    """What a certificate of either kind says. `public` is the key, or the first 16 or all 32 bytes of its fingerprint.

    Raises Refused("certificate-wrong") unless the key's holder signed just that.
    """
    try:
        if HEAD.encode() in raw:
            return _check_end(raw, public)
        return _check_erasure(raw, public)
    except (Untrusted, ValueError, KeyError) as error:
        raise Refused("certificate-wrong") from error


def _check_end(raw: bytes, public: bytes) -> Facts:
    found = _SIGNED.fullmatch(raw)
    if found is None:
        raise ValueError
    facts = _lines(found[1].decode().partition(HEAD)[2])
    verify(_meant(public, dict(facts).get("operator", "")), PURPOSE, found[1], bytes.fromhex(found[2].decode()))
    return facts


def _meant(given: bytes, told: str) -> bytes:
    """The key that was given, or the one that stands in the text where its fingerprint was given."""
    named = bytes.fromhex(told)
    return named if len(given) >= LEAST and fingerprint(named).startswith(given) else given


def _lines(text: str) -> Facts:
    found = [_LINE.fullmatch(line.strip()) for line in text.splitlines() if line.strip()]
    if not all(found):
        raise ValueError
    return [(each[1], each[2].strip()) for each in found if each]


def _check_erasure(raw: bytes, public: bytes) -> Facts:
    facts = _lines(_BROKEN.sub(" ", raw.decode()))
    told = dict(facts)
    if len(told) != len(facts):
        raise ValueError
    erasure = Erasure(
        number=int(told["number"].removeprefix("E-")), what=told["what"], client=told["client"].lower(),
        reason=told["reason"], person="", records=int(told["records"]), versions=int(told["versions"]),
        objects=int(told["objects"]), epoch=int(told["epoch"]), begun=_seconds(told["begun"]), done=_seconds(told["done"]),
    )  # fmt: skip
    body = codec.encode([bytes.fromhex(told["office"]), *erasure.told()])
    verify(_meant(public, told.get("public key", "")), ERASURE, body, bytes.fromhex("".join(told["signature"].split())))
    return facts


def _seconds(told: str) -> int:
    if told.isdecimal():
        return int(told)
    return int(datetime.strptime(told, _MOMENT).replace(tzinfo=JAPAN).timestamp())
