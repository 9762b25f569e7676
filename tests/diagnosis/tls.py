"""sslyze and testssl.sh before the nginx of an office, whose certificate is of the host's own CA."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.diagnosis.report import Finding, Looked, NoResult, looked
from tests.diagnosis.running import Room, read_json, run, system
from tests.diagnosis.subject import ADDRESS, Subject
from tests.support.host_nginx import LOOPBACK

# What nobody needs to act on, in testssl's own words.
_GOOD = frozenset({"OK", "INFO"})
FEWEST_CHECKS = 60
COMMANDS = (
    "--certinfo", "--sslv2", "--sslv3", "--tlsv1", "--tlsv1_1", "--tlsv1_2", "--tlsv1_3", "--compression", "--early_data",
    "--elliptic_curves", "--ems", "--fallback", "--heartbleed", "--openssl_ccs", "--reneg", "--robot", "--http_headers",
)  # fmt: skip


def sslyze(room: Room, subject: Subject) -> Looked:
    """What differs from Mozilla's intermediate profile. Raises NoResult where a check did not come to an end."""
    folder = room.of("sslyze")
    written = folder / "found.json"
    target = f"{subject.place}{{{LOOPBACK}}}"
    ran = run([room.program("sslyze"), "--json_out", written, "--certinfo_ca_file", subject.authority, "--mozilla_config",
               "intermediate", *COMMANDS, target], folder, "sslyze", 240, ends=(0, 1))  # fmt: skip
    [server] = read_json(written)["server_scan_results"] or [{}]
    if server.get("scan_status") != "COMPLETED":
        raise NoResult("it did not reach nginx")
    undone = [name for name, each in server["scan_result"].items() if each and each["status"] == "ERROR"]
    if undone:
        raise NoResult(f"not done: {', '.join(sorted(undone))}")
    return looked([*_against_mozilla(ran.said), *_weaknesses(server["scan_result"])])


def _against_mozilla(said: str) -> Iterator[Finding]:
    """One finding for each line that follows on a refusal."""
    told = said.partition("COMPLIANCE AGAINST")[2]
    if "OK - Compliant" in told:
        return
    refused = re.findall(r"(?m)^\s+\* (\S+): (.+)$", told)
    if not refused:
        raise NoResult("it said nothing of Mozilla's profile")
    for name, words in refused:
        yield Finding(f"mozilla {name}", ADDRESS, words)


def _weaknesses(results: dict[str, Any]) -> Iterator[Finding]:
    def of(name: str) -> dict[str, Any]:
        found: dict[str, Any] = results[name]["result"]
        return found

    if of("heartbleed")["is_vulnerable_to_heartbleed"]:
        yield Finding("heartbleed", ADDRESS)
    if of("openssl_ccs_injection")["is_vulnerable_to_ccs_injection"]:
        yield Finding("ccs-injection", ADDRESS)
    if of("robot")["robot_result"] not in ("NOT_VULNERABLE_NO_ORACLE", "NOT_VULNERABLE_RSA_NOT_SUPPORTED"):
        yield Finding("robot", ADDRESS, of("robot")["robot_result"])
    if of("tls_compression")["supports_compression"]:
        yield Finding("compression", ADDRESS)
    if of("session_renegotiation")["is_vulnerable_to_client_renegotiation_dos"]:
        yield Finding("renegotiation", ADDRESS)
    if of("tls_1_3_early_data")["supports_early_data"]:
        yield Finding("early-data", ADDRESS)


# --- testssl.sh


def testssl(room: Room, subject: Subject) -> Looked:
    """Everything it does not call good. Raises NoResult where it broke off."""
    folder = room.of("testssl")
    written = folder / "found.json"
    run([system("testssl"), "--quiet", "--color", "0", "--warnings", "batch", "--nodns", "none", "--ip", LOOPBACK,
         "--add-ca", subject.authority, "--jsonfile", written, f"{subject.place}/session/new"],
        folder, "testssl", 420, ends=range(242))  # fmt: skip
    rows = read_json(written)
    if len(rows) < FEWEST_CHECKS or rows[-1]["id"] != "scanTime":
        raise NoResult(f"it did {len(rows)} checks only")
    return looked(of_testssl(rows))


def of_testssl(rows: list[dict[str, str]]) -> Iterator[Finding]:
    """The rows that are not good."""
    for row in rows:
        if row["severity"] not in _GOOD:
            yield Finding(row["id"].split(" ")[0], ADDRESS, f"{row['severity']}: {row['finding']}")

