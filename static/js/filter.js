// Shows only the rows that hold what is typed, whatever its width and kana; several words must all be there.
import { fill, fold } from "./text.js";

function apply(input) {
  const table = document.getElementById(input.dataset.filter);
  const words = input.value.split(/[\s　]+/).map(fold).filter(Boolean);
  let count = 0;
  for (const row of table.querySelectorAll("tbody tr[data-text]")) {
    row.folded ??= fold(`${row.dataset.text} ${row.textContent}`);
    row.hidden = !words.every((w) => row.folded.includes(w));
    if (!row.hidden) count++;
  }
  const box = document.querySelector("[data-count]");
  if (!box) return;
  box.dataset.all ??= box.textContent;
  box.textContent = !words.length ? box.dataset.all : count ? fill(input.dataset.found, count) : input.dataset.nothing;
}

export function wire() {
  for (const input of document.querySelectorAll("[data-filter]")) {
    input.addEventListener("input", (e) => { if (!e.isComposing) apply(input); });
    input.addEventListener("compositionend", () => apply(input));
    input.addEventListener("keydown", (e) => {
      if (e.key !== "Enter" || e.isComposing || e.keyCode === 229) return;
      const first = [...document.querySelectorAll(`#${input.dataset.filter} tbody tr[data-text]:not([hidden]) a`)][0];
      if (first && input.value) { e.preventDefault(); first.click(); }
    });
    if (input.value) apply(input);
  }
}
