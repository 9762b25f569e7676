"""Fills forms as a person at the keyboard does: Enter and Tab from box to box, no mouse, nothing set by script.

What is to be typed comes as the nested dict of a form. Where the focus stands decides what is typed next, so a box that
the keyboard does not reach, or reaches twice, fails the test.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from playwright.sync_api import Page

from tests.support import ime

Typed = Mapping[str, Any]
Where = dict[str, Any]
# (table or "", its row from 0 or -1, name of the box) -> text
Plan = dict[tuple[str, int, str], str]
Paste = Callable[[list[Typed]], None]
_ON_THE_KEYS = re.compile(r"[\x20-\x7e]*")
MOST_STEPS = 900

# Where the focus is: the box as (table, row counted from 0, name), what it holds, and what lies before the next box.
_WHERE = """() => {
  const at = document.activeElement;
  const form = document.querySelector('form[data-save]');
  const row = at.closest('[data-row]'), table = at.closest('[data-rows]');
  const summary = at.tagName === 'SUMMARY';
  const inside = summary && !at.parentElement.open
    ? [...at.parentElement.querySelectorAll('input:not([type=hidden]), select, textarea')].map(el => el.name) : [];
  const place = table ? [table.dataset.rows, [...table.tBodies[0].rows].indexOf(row)] : ['', -1];
  const cells = row ? [...row.querySelectorAll('input:not([type=hidden]), select, textarea')] : [];
  const seen = cells.filter(c => c.checkVisibility());
  return {
    tag: at.tagName, type: at.type || '', name: at.name || '', value: at.value ?? '', checked: Boolean(at.checked),
    table: place[0], row: place[1], inside, last: seen.at(-1) === at,
    bare: Boolean(row) && cells.every(c => !c.value.trim() || c.tagName === 'SELECT' || 'preset' in c.dataset),
    hidden: cells.filter(c => !c.checkVisibility()).map(c => c.name),
    options: at.tagName === 'SELECT' ? [...at.options].map(o => o.value) : [],
    saves: at.matches('button.main[type=submit]'),
    outside: !form.contains(at),
  };
}"""


class Typist:
    """One person at one page. `readings` gives the kana of a name that is typed through an input method."""

    def __init__(self, page: Page, readings: Mapping[str, str]) -> None:
        self.page = page
        self.readings = readings
        self.suggested: dict[str, str] = {}

    # --- single keys

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def text(self, text: str) -> None:
        """Types over whatever is selected or, with nothing typed yet, into the empty box."""
        if not text:
            self.press("Delete")
        elif text in self.readings:
            self._converted(text, self.readings[text])
        else:
            self.page.keyboard.type(text) if _ON_THE_KEYS.fullmatch(text) else self.page.keyboard.insert_text(
                text
            )

    def _converted(self, word: str, reading: str) -> None:
        """Word by word: kana, conversion, Enter, and a blank between family and given name."""
        parts, kana = word.split(" "), reading.split(" ")
        if len(parts) != len(kana):
            parts, kana = [word], [reading]
        for n, (part, sound) in enumerate(zip(parts, kana, strict=True)):
            if n:
                self.page.keyboard.type(" ")
            ime.type_converted(self.page, _hiragana(sound), part)

    def choose(self, value: str) -> None:
        """Picks an option of the focused select by arrow keys."""
        where = self.where()
        options, now = where["options"], where["options"].index(where["value"])
        assert value in options, f"{where['name']} does not offer {value!r}"
        steps = options.index(value) - now
        self.press(*["ArrowDown" if steps > 0 else "ArrowUp"] * abs(steps))

    def where(self) -> Where:
        found: Where = self.page.evaluate(_WHERE)
        return found

    # --- whole forms

    def fill(self, typed: Typed, paste: Mapping[str, Paste] | None = None, to_the_end: bool = False) -> None:
        """From the focused box on, typing what differs. Tables named in `paste` come from the clipboard.

        As a person saves when nothing is left to type, so does this end there; or, `to_the_end`, on the button that saves.
        """
        left = _plan(typed)
        for _ in range(MOST_STEPS):
            where = self.where()
            if where["saves"] or where["outside"] or not (left or to_the_end):
                break
            self._type_here(where, left, typed, paste or {})
            self.press(self._next_key(where, left))
        else:
            raise AssertionError(f"went round in circles with {left} left")
        assert not left, f"the keyboard did not reach {sorted(left)}"

    def _type_here(self, where: Where, left: Plan, typed: Typed, paste: Mapping[str, Paste]) -> None:
        table, row = where["table"], where["row"]
        if table in paste and row == 0 and any(key[0] == table for key in left):
            paste[table](typed[table])
            for key in [key for key in left if key[0] == table]:
                del left[key]
            return
        key = (table, row, where["name"].rsplit("-", 1)[-1])
        if where["type"] == "checkbox" or key not in left:
            return
        wanted = left.pop(key)
        if where["tag"] == "SELECT":
            self.choose(wanted)
        elif where["value"] != wanted:
            if key[2] == "kana":
                self.suggested[wanted] = where["value"]
            self.text(wanted)

    def _next_key(self, where: Where, left: Plan) -> str:
        """Enter, as one types; Tab where what comes next is folded away, and Space to unfold it."""

        def wanted(names: list[str]) -> bool:
            return any(self._key_of(name, where) in left for name in names)

        if where["tag"] == "SUMMARY":
            return "Space" if wanted(where["inside"]) else "Tab"
        if where["tag"] in ("BUTTON", "SECTION", "DIV", "TABLE", "A"):
            return "Tab"
        if where["tag"] == "TEXTAREA":
            return "Control+Enter"
        if where["table"]:
            # Enter in an empty row leaves the table: who has nothing for its first box goes on with Tab.
            if where["bare"] and any(key[0] == where["table"] and key[1] >= where["row"] for key in left):
                return "Tab"
            if where["last"] and wanted(where["hidden"]):
                return "Tab"
        return "Tab" if self._passed_next(left) else "Enter"

    def _key_of(self, name: str, where: Where) -> tuple[str, int, str]:
        return (where["table"], where["row"], name.rsplit("-", 1)[-1])

    def _passed_next(self, left: Plan) -> bool:
        """Whether something that is wanted lies before the box to which Enter goes: folded away, or passed over."""
        found: list[list[Any]] = self.page.evaluate("""() => {
          const all = [...document.querySelector('form[data-save]').elements]
            .filter(el => el.matches('input:not([type=hidden]), select, textarea'));
          const rest = all.slice(all.indexOf(document.activeElement) + 1), found = [];
          for (const el of rest) {
            const passed = 'pass' in el.dataset || (el.dataset.proposed && el.value === el.dataset.proposed);
            if (el.checkVisibility() && !passed) break;
            const row = el.closest('[data-row]'), table = el.closest('[data-rows]');
            found.push(table ? [table.dataset.rows, [...table.tBodies[0].rows].indexOf(row), el.name] : ['', -1, el.name]);
          }
          return found;
        }""")
        return any((table, row, name.rsplit("-", 1)[-1] if table else name) in left for table, row, name in found)


def _plan(typed: Typed) -> Plan:
    plan: Plan = {}
    for name, value in typed.items():
        if isinstance(value, str):
            plan[("", -1, name)] = value
        else:
            plan |= {(name, n, cell): text for n, row in enumerate(value) for cell, text in row.items()}
    return {key: text for key, text in plan.items() if text}


def _hiragana(kana: str) -> str:
    return "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in kana)
