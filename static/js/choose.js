// A closed list chosen by letters: by how a word is said, or by its short code. Arrow keys and the browser's own way stay.
import { findable, meant } from "./spoken.js";

const PAUSE = 1200;
let typed = "", last = 0, at = null;

function matching(select) {
  const options = [...select.options].filter((o) => o.dataset.sound && !o.disabled);
  const byCode = options.find((o) => o.dataset.code?.startsWith(typed));
  if (byCode) return byCode;
  const words = options.map((o) => ({ ...findable(o.text, o.dataset.sound), option: o }));
  return meant(words, typed).found[0]?.option;
}

export function wire() {
  document.addEventListener("keydown", (e) => {
    if (!e.target.matches?.("select") || e.ctrlKey || e.altKey || e.metaKey || !/^[a-z0-9]$/i.test(e.key)) return;
    if (!e.target.querySelector("[data-sound]")) return;
    typed = e.target === at && e.timeStamp - last < PAUSE ? typed + e.key.toLowerCase() : e.key.toLowerCase();
    [at, last] = [e.target, e.timeStamp];
    const option = matching(e.target);
    if (!option) return;
    e.preventDefault();
    if (option.selected) return;
    e.target.value = option.value;
    for (const kind of ["input", "change"]) e.target.dispatchEvent(new Event(kind, { bubbles: true }));
  });
}
