"""Types Japanese the way a person does: kana by kana in a composition, then one conversion, then the commit."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import CDPSession, Page

# What Windows reports for every key that an input method swallows.
PROCESS_KEY = 229


@contextmanager
def _session(page: Page) -> Iterator[CDPSession]:
    session = page.context.new_cdp_session(page)
    try:
        yield session
    finally:
        session.detach()


def _swallowed_key(session: CDPSession) -> None:
    session.send("Input.dispatchKeyEvent", {
        "type": "rawKeyDown", "key": "Process", "windowsVirtualKeyCode": PROCESS_KEY,
        "nativeVirtualKeyCode": PROCESS_KEY,
    })


def _compose(session: CDPSession, text: str) -> None:
    _swallowed_key(session)
    session.send("Input.imeSetComposition", {
        "text": text, "selectionStart": len(text), "selectionEnd": len(text),
    })


def compose(page: Page, kana: str) -> None:
    """Leaves `kana` in composition, underlined and not committed, in the focused field."""
    with _session(page) as session:
        for end in range(1, len(kana) + 1):
            _compose(session, kana[:end])


def compose_on(page: Page, kana: str) -> None:
    """The running composition says `kana` now, as after a Backspace in it."""
    with _session(page) as session:
        _compose(session, kana)


def commit(page: Page, word: str) -> None:
    """Converts the running composition into `word` and commits it."""
    with _session(page) as session:
        _compose(session, word)
        _swallowed_key(session)
        session.send("Input.insertText", {"text": word})


def type_converted(page: Page, kana: str, word: str) -> None:
    """Types `kana`, converts it into `word`, commits with Enter: the page must not take that Enter for its own."""
    with _session(page) as session:
        for end in range(1, len(kana) + 1):
            _compose(session, kana[:end])
    commit(page, word)


def cancel(page: Page) -> None:
    """Throws the running composition away, as Escape does."""
    with _session(page) as session:
        session.send("Input.imeSetComposition", {"text": "", "selectionStart": 0, "selectionEnd": 0})
