// Single keys for the links and fields that show them; not while typing, and each person may switch them off.
import { composing, typing } from "./text.js";

export function wire() {
  if ("noShortcuts" in document.body.dataset) return;
  document.addEventListener("keydown", (e) => {
    if (composing(e) || e.ctrlKey || e.metaKey || e.altKey || e.repeat || typing(e.target) || e.key.length !== 1) return;
    if (document.querySelector("dialog[open]")) return;
    const key = e.key.normalize("NFKC").toLowerCase();
    const to = [...document.querySelectorAll("[data-key]")].find((el) => el.dataset.key === key && el.checkVisibility());
    if (!to) return;
    e.preventDefault();
    if (to.matches("input, select, textarea")) { to.focus(); to.select?.(); } else to.click();
  });
}
