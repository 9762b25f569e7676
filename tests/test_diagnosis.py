"""The report of tests/diagnose: what is planted is found, and a tool that does not answer has not passed."""

from __future__ import annotations

import ast
import json
import re
import socket
from pathlib import Path

import pytest

from tests.diagnosis import __main__ as diagnosis
from tests.diagnosis import gateway, looking, scanning, still, tls
from tests.diagnosis.report import (
    CLEAN,
    FOUND,
    INCOMPLETE,
    Explanation,
    Finding,
    Looked,
    NoResult,
    Outcome,
    Report,
    explanations,
)
from tests.diagnosis.running import ROOT, Room, read_json, run

HOLE = Finding("B602", "vault/web/gate.py:12", "a shell")
KNOWN = Explanation("bandit", "B60?", "vault/web/*", "because it is planted by a test")


def report(*outcomes: Outcome, explained: tuple[Explanation, ...] = ()) -> Report:
    return Report(outcomes, explained)


# --- what it comes to


def test_what_is_found_and_not_explained_fails_the_run() -> None:
    found = report(Outcome("wapiti"), Outcome("bandit", (HOLE,)))
    assert found.status() == FOUND and found.open() == [("bandit", HOLE)]
    assert "B602 @ vault/web/gate.py:12" in found.text()


def test_an_explanation_holds_for_its_tool_its_rule_and_its_place_alone() -> None:
    explained = report(Outcome("bandit", (HOLE,)), explained=(KNOWN,))
    assert explained.status() == CLEAN and KNOWN.reason in explained.text()
    elsewhere = Finding("B602", "vault/cli/kura.py:1")
    for tool, finding in (("wapiti", HOLE), ("bandit", Finding("B701", HOLE.where)), ("bandit", elsewhere)):
        assert report(Outcome(tool, (finding,)), explained=(KNOWN,)).status() == FOUND


def test_a_tool_without_a_result_is_no_pass_and_no_finding_is_hidden_by_it() -> None:
    silent = Outcome("pip-audit", nothing="nobody could be asked")
    assert report(Outcome("bandit"), silent).status() == INCOMPLETE
    assert "nobody could be asked" in report(silent).text()
    assert report(silent, Outcome("bandit", (HOLE,))).status() == FOUND
    assert report().status() == INCOMPLETE


def test_what_was_left_out_on_purpose_is_said() -> None:
    told = report(Outcome("bandit"), Outcome("testssl", left_out=True))
    assert told.status() == CLEAN and "実行せず(指定による): testssl" in told.text()


def test_an_explanation_of_what_is_found_no_more_is_named_once_the_tool_has_answered() -> None:
    assert report(Outcome("bandit"), explained=(KNOWN,)).unused() == [KNOWN]
    assert report(Outcome("bandit", nothing="not installed"), explained=(KNOWN,)).unused() == []


@pytest.mark.parametrize("error", [NoResult("it is not installed"), ValueError("nobody expected this"), KeyError("results")])
def test_whatever_goes_wrong_with_a_tool_is_no_result(error: Exception) -> None:
    def breaks() -> Looked:
        raise error

    assert str(error.args[0]) in diagnosis.outcome("sqlmap", breaks).nothing


def test_every_explanation_names_a_tool_that_there_is_and_says_why() -> None:
    assert {each.tool for each in explanations()} <= {*diagnosis.STILL, *diagnosis.RUNNING, diagnosis.LOGS}
    assert not [each for each in explanations() if each.what == "*" or (each.tool == "bandit" and each.where == "*")]


def test_an_explanation_without_a_reason_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "explained.toml"
    path.write_text('[[explained]]\ntool = "bandit"\nwhat = "B101"\nwhere = "vault/*"\nreason = "fine"\n', "utf-8")
    with pytest.raises(ValueError, match="without a reason"):
        explanations(path)


def test_asserts_of_the_program_say_of_what_type_something_is_and_refuse_nothing() -> None:
    """What tests/diagnosis/explained.toml says of bandit's B101."""
    found = []
    for path in [*(ROOT / "vault").rglob("*.py"), ROOT / "wsgi.py"]:
        source = path.read_text("utf-8")
        for node in ast.walk(ast.parse(source)) if "assert " in source else ():
            if isinstance(node, ast.Assert) and not _narrows(node.test):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def _narrows(test: ast.expr) -> bool:
    if isinstance(test, ast.BoolOp):
        return all(map(_narrows, test.values))
    if isinstance(test, ast.Compare):
        return isinstance(test.ops[0], ast.IsNot) and isinstance(test.comparators[0], ast.Constant)
    return isinstance(test, ast.Call) and isinstance(test.func, ast.Name) and test.func.id in ("isinstance", "hasattr")


# --- what tools say, as they say it


def test_a_program_that_is_not_done_in_its_time_or_breaks_has_no_result(tmp_path: Path) -> None:
    with pytest.raises(NoResult, match="was not done after"):
        run(["sleep", "30"], tmp_path, "sleep", 0.2)
    with pytest.raises(NoResult, match="ended with 3: no rules"):
        run(["sh", "-c", "echo no rules; exit 3"], tmp_path, "sh", 10)
    assert run(["sh", "-c", "echo $SECRET$HOME"], tmp_path, "sh", 10).said.strip() == str(tmp_path / "home")


def test_a_tool_that_was_not_brought_has_no_result(tmp_path: Path) -> None:
    room = Room(tmp_path, tmp_path)
    for look in (lambda: room.program("bandit"), lambda: room.module("lighthouse"), lambda: read_json(tmp_path / "none.json")):
        with pytest.raises(NoResult):
            look()


def audit(tmp_path: Path, rows: list[dict[str, object]]) -> Path:
    written = tmp_path / "audit.json"
    written.write_text(json.dumps({"dependencies": rows}), "utf-8")
    return written


def test_packages_that_nobody_answered_for_are_not_sound(tmp_path: Path) -> None:
    names = re.findall(r"(?m)^([A-Za-z0-9]\S*)==", (ROOT / "requirements.txt").read_text("utf-8"))
    sound: list[dict[str, object]] = [{"name": name, "version": "1", "vulns": []} for name in names]
    weak: dict[str, object] = {"name": "flask", "version": "1", "vulns": [{"id": "GHSA-1", "description": "a hole"}]}
    assert still.audited(audit(tmp_path, sound), "requirements.txt") == []
    found = still.audited(audit(tmp_path, [*sound, weak]), "requirements.txt")
    assert found == [Finding("GHSA-1", "requirements.txt: flask 1", "a hole")]
    skipped = [*sound[1:], {"name": names[0], "version": "1", "vulns": [], "skip_reason": "not found"}]
    for rows in (sound[1:], skipped):
        with pytest.raises(NoResult):
            still.audited(audit(tmp_path, rows), "requirements.txt")
    with pytest.raises(NoResult):
        still.audited(tmp_path / "none.json", "requirements.txt")


def test_sqlmap_has_to_say_that_there_is_no_way_in() -> None:
    way_in = "sqlmap identified the following injection point(s)\n---\nParameter: words (POST)\n    Type: boolean-based blind\n"
    assert scanning.of_sqlmap("search", way_in) == [Finding("injection", "search: words", "sqlmap found a way in")]
    assert scanning.of_sqlmap("search", "[CRITICAL] all tested parameters do not appear to be injectable.") == []
    with pytest.raises(NoResult):
        scanning.of_sqlmap("search", "[CRITICAL] can't establish SSL connection")


def test_testssl_has_to_call_it_good() -> None:
    rows = [{"id": "TLS1", "severity": "LOW", "finding": "offered"}, {"id": "TLS1_3", "severity": "OK", "finding": "offered"}]
    assert [each.what for each in tls.of_testssl(rows)] == ["TLS1"]


def light(score: float | None = 1.0, audit_score: float | None = 1.0, mode: str = "binary") -> dict[str, object]:
    categories = {name: {"score": score, "auditRefs": [{"id": "contrast"}]} for name in looking.CATEGORIES}
    audits = {"contrast": {"id": "contrast", "title": "Contrast", "score": audit_score, "scoreDisplayMode": mode}}
    return {"finalDisplayedUrl": "https://a/", "categories": categories, "audits": audits}


def test_lighthouse_counts_only_on_the_page_that_it_was_sent_to() -> None:
    assert looking.of_lighthouse("a", light(), "https://a/") == []
    assert [each.what for each in looking.of_lighthouse("a", light(0.5, 0.0), "https://a/")] == ["contrast"] * 3
    for told, address in ((light(), "https://a/session/new"), (light(None), "https://a/"), (light(mode="error"), "https://a/")):
        with pytest.raises(NoResult):
            looking.of_lighthouse("a", told, address)


def test_pages_are_told_apart_by_their_shape() -> None:
    assert looking.shape(f"https://a/clients/{'0a' * 16}/versions/12?x=1") == "/clients/<id>/versions/<id>"


# --- the way to the office


def test_the_proxy_leads_to_the_office_and_nowhere_else() -> None:
    with socket.create_server(("127.0.0.1", 0)) as office:
        port = office.getsockname()[1]
        with gateway.opened("a.example", port) as opened:
            with socket.create_connection(("127.0.0.1", opened.port)) as tool:
                tool.sendall(b"CONNECT elsewhere.example:443 HTTP/1.1\r\n\r\n")
                assert tool.recv(100).startswith(b"HTTP/1.1 403")
            assert opened.refused == {"elsewhere.example:443"}
            with socket.create_connection(("127.0.0.1", opened.port)) as tool:
                tool.sendall(f"CONNECT a.example:{port} HTTP/1.1\r\n\r\n".encode())
                assert tool.recv(100).startswith(b"HTTP/1.1 200")
                tool.sendall(b"what for the office")
                line = office.accept()[0]
                assert line.recv(100) == b"what for the office"
                line.close()
