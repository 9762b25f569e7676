// Everything is wired by data attributes; a page without scripts still reads, types and saves.
import { wire as lock } from "./lock.js";
import { wire as rows } from "./rows.js";
import { wire as enter } from "./enter.js";
import { wire as paste } from "./paste.js";
import { wire as furigana } from "./furigana.js";
import { wire as echo } from "./echo.js";
import { wire as shortcuts } from "./shortcuts.js";
import { wire as filter } from "./filter.js";
import { wire as sort } from "./sort.js";
import { wire as submit } from "./submit.js";
import { wire as when } from "./when.js";
import { wire as leave } from "./leave.js";
import { wire as passkeys } from "./passkeys.js";
import { wire as search } from "./search.js";
import { wire as combo } from "./combo.js";
import { wire as choose } from "./choose.js";
import { wire as usual } from "./usual.js";
import { wire as postal } from "./postal.js";
import { wire as drafts } from "./drafts.js";

for (const wire of [combo, lock, rows, choose, usual, enter, paste, furigana, echo, shortcuts, filter, sort, submit, when, leave, passkeys, search, postal, drafts]) wire();

document.querySelector('main :is([aria-invalid="true"], [data-first])')?.focus();
// A link to one box of a form puts the person into it.
if (location.hash.length > 1) document.querySelector(`main :is(input, select, textarea)[id="${CSS.escape(location.hash.slice(1))}"]`)?.focus();

// A table wider than a small screen scrolls in its own box, which the keyboard must reach.
const reach = () => document.querySelectorAll(".table").forEach((box) => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0; else box.removeAttribute("tabindex");
});
reach();
addEventListener("resize", reach);
document.dispatchEvent(new Event("wired")); // early.js gives what was pressed before
