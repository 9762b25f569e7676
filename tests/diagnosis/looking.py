"""The pages as a browser has them: axe-core on each in both languages, lighthouse on three, and the CSP of every answer."""

from __future__ import annotations

import json
import os
import re
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Page

from tests.diagnosis.report import Finding, Looked, NoResult, looked
from tests.diagnosis.running import ROOT, Room, read_json, run, system
from tests.diagnosis.subject import Subject
from tests.support import axe, forms
from tests.support.browser import chromium
from vault.web.gate import LANGUAGE_COOKIE

LANGUAGES = ("ja", "en")
FEWEST_PAGES, MOST_PAGES = 40, 90
# Told apart by their shape alone: one client is looked at, not every client.
_ID = re.compile(r"(?<=/)([0-9a-f]{32}|\d+)(?=/|$)")
_LINKS = "() => [...document.querySelectorAll('a[href]')].map(link => link.href.baseVal ?? link.href)"
CATEGORIES = ("accessibility", "best-practices", "performance")
GOOD = 0.9


def shape(address: str) -> str:
    """A path without the ids in it."""
    return _ID.sub("<id>", urlsplit(address).path)


# --- axe-core


def axe_core(room: Room, subject: Subject) -> Looked:
    """Every page that links lead to, one of each shape, in both languages."""
    folder, found, seen = room.of("axe-core"), list[Finding](), dict[str, int]()
    subject.sign_in()
    with closing(subject.context.new_page()) as page:
        for language in LANGUAGES:
            _speak(page, subject, language)
            of_pages = list(_pages(page, subject, language))
            seen[language] = len(of_pages)
            found += [each for of_page in of_pages for each in of_page]
        _speak(page, subject, "ja")
    (folder / "found.json").write_text(json.dumps([vars(each) for each in found], ensure_ascii=False, indent=1), "utf-8")
    if min(seen.values()) < FEWEST_PAGES:
        raise NoResult(f"only {min(seen.values())} pages were found")
    return looked(found, ", ".join(f"{count} pages ({language})" for language, count in seen.items()))


def _speak(page: Page, subject: Subject, language: str) -> None:
    """By the person's own choice inside, and by the browser's before a sign-in."""
    forms.fill_in(page, f"{subject.address}/own", {"language": language})
    subject.context.add_cookies([{
        "name": LANGUAGE_COOKIE, "value": language, "url": subject.address, "secure": True, "httpOnly": True, "sameSite": "Strict",
    }])  # fmt: skip
    for path in ("/own", "/register"):
        page.goto(subject.address + path)
        assert page.locator("html").get_attribute("lang") == language, f"{path} does not speak {language}"


def _pages(page: Page, subject: Subject, language: str) -> Iterator[list[Finding]]:
    """For each page what is wrong with it."""
    waiting = deque([f"{subject.address}{path}" for path in ("/today", "/session/new", "/register", "/recover", "/nowhere")])
    known = {shape(each) for each in waiting}
    while waiting and len(known) <= MOST_PAGES:
        address = waiting.popleft()
        page.goto(address)
        page.wait_for_load_state()
        where = f"{language} {shape(address)}"
        yield [Finding(each.rule, where, f"{each.help}: {'; '.join(each.targets)}") for each in axe.violations(page)]
        for link in page.evaluate(_LINKS):
            if link.startswith(f"{subject.address}/") and shape(link) not in known:
                known.add(shape(link))
                waiting.append(link.partition("#")[0])


# --- lighthouse


def lighthouse(room: Room, subject: Subject) -> Looked:
    """The sign-in page, the first page and a client's, the latter two signed in."""
    folder, session, found, scores = room.of("lighthouse"), subject.sign_in(), list[Finding](), list[str]()
    pages = {"sign-in": ("/session/new", ""), "first page": ("/today", session.header), "client": (subject.clients[0], session.header)}
    for name, (path, cookies) in pages.items():
        written = folder / f"{name}.json"
        try:
            _light(room, subject, folder, written, subject.address + path, cookies)
        except NoResult:  # it misses the beginning of a page now and then, and says itself to run it again; twice is a result
            _light(room, subject, folder, written, subject.address + path, cookies)
        told = read_json(written)
        found += of_lighthouse(name, told, subject.address + path)
        scores.append(f"{name} " + " ".join(f"{key} {of['score']:.0%}" for key, of in told["categories"].items()))
    return looked(found, "; ".join(scores))


def _light(room: Room, subject: Subject, folder: Path, written: Path, address: str, cookies: str) -> None:
    flags = (
        "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--lang=ja", "--ignore-certificate-errors",
        f"--proxy-server={subject.gateway.address}",
    )  # fmt: skip
    run(
        [_node(), room.module("lighthouse") / "cli" / "index.js", address, "--output=json", f"--output-path={written}", "--quiet",
         "--preset=desktop", f"--only-categories={','.join(CATEGORIES)}", f"--chrome-flags={' '.join(flags)}",
         f"--extra-headers={json.dumps({'Cookie': cookies} if cookies else {})}"],
        folder, written.stem, 180, environment={"CHROME_PATH": chromium()},
    )  # fmt: skip


def _node() -> str:
    """A node that is new enough for lighthouse: Playwright's own, as the tests have it."""
    import playwright
    brought = Path(playwright.__file__).parent / "driver" / "node"
    return os.environ.get("PLAYWRIGHT_NODEJS_PATH") or (str(brought) if brought.exists() else system("node"))


def of_lighthouse(name: str, told: dict[str, Any], address: str) -> list[Finding]:
    """What is not as it should be; of performance only where the whole is not good. Raises NoResult."""
    if told.get("runtimeError") or told["finalDisplayedUrl"] != address:
        raise NoResult(f"{name}: it came to {told.get('finalDisplayedUrl')}")
    found = []
    for category in CATEGORIES:
        of = told["categories"][category]
        if of["score"] is None:
            raise NoResult(f"{name}: no score for {category}")
        if category == "performance" and of["score"] >= GOOD:
            continue
        found += [Finding(each["id"], name, f"{category}: {each['title']}") for each in _lacking(of, told["audits"])]
    return found


def _lacking(category: dict[str, Any], audits: dict[str, Any]) -> list[dict[str, Any]]:
    every = [audits[each["id"]] for each in category["auditRefs"]]
    undone = [each["id"] for each in every if each["scoreDisplayMode"] == "error"]
    if undone:
        raise NoResult(f"not done: {', '.join(undone)}")
    scored = [each for each in every if each["score"] is not None]
    return [each for each in scored if each["score"] < (1 if each["scoreDisplayMode"] == "binary" else GOOD)]


# --- csp-evaluator


def policies(subject: Subject) -> dict[str, list[str]]:
    """Each policy that an answer carries, with where; raises NoResult where one carries none."""
    session = subject.sign_in().header
    asked = {
        "sign-in": ("/session/new", ""), "first page": ("/today", session), "client": (subject.clients[0], session),
        "absent": ("/nowhere", ""), "style": ("/static/css/app.css", ""), "nginx's own page": ("/readyz", ""),
    }  # fmt: skip
    found: dict[str, list[str]] = {}
    for where, (path, cookies) in asked.items():
        answer = subject.ask(path, cookies)
        if "content-security-policy" not in answer.headers:
            raise NoResult(f"{where}: no policy (answer {answer.status})")
        found.setdefault(answer.headers["content-security-policy"], []).append(where)
    return found


def csp_evaluator(room: Room, subject: Subject) -> Looked:
    """What Google's evaluator says of each policy."""
    folder, found = room.of("csp-evaluator"), policies(subject)
    asked = folder / "policies.json"
    asked.write_text(json.dumps(list(found)), "utf-8")
    script = ROOT / "tests" / "diagnosis" / "csp.cjs"
    said = run([_node(), script, room.module("csp_evaluator"), asked], folder, "csp-evaluator", 60).said
    rows = zip(found.values(), json.loads(said), strict=True)
    return looked([_of_csp(where, each) for where, told in rows for each in told], " | ".join(found))


def _of_csp(where: list[str], row: dict[str, Any]) -> Finding:
    what = f"{row['directive']} {row.get('value', '')}".strip()
    return Finding(what, ", ".join(where), f"{row['severity']}: {row['description']}")
