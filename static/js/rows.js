// Tables of rows being typed: add, remove, undo.
import { say } from "./text.js";

export const body = (table) => table.tBodies[0];
export const controls = (row) => [...row.querySelectorAll("input:not([type=hidden]):not([name^=confirm-]), select, textarea")];
/** Nothing typed that does not stand in a new row by itself. */
export function isEmpty(row) {
  const fresh = controls(row.closest("table").querySelector("template").content);
  return controls(row).every((c, i) => c.value.trim() === "" || c.value === fresh[i].value);
}

export function addRow(table) {
  const n = Number(table.dataset.next);
  table.dataset.next = n + 1;
  const row = table.querySelector("template").content.firstElementChild.cloneNode(true);
  for (const el of [row, ...row.querySelectorAll("*")]) {
    for (const a of [...el.attributes]) if (a.value.includes("__i__")) el.setAttribute(a.name, a.value.replaceAll("__i__", n));
  }
  body(table).append(row);
  number(table);
  return row;
}

const number = (table) => [...body(table).rows].forEach((row, i) => {
  const button = row.querySelector("[data-remove]");
  button.setAttribute("aria-label", button.getAttribute("aria-label").replace(/__n__|\d+/, i + 1));
});

const changed = (table) => table.dispatchEvent(new Event("input", { bubbles: true }));

/** What a table holds now, as a function that brings it back. */
export function snapshot(table) {
  const rows = [...body(table).rows];
  const values = rows.map((row) => controls(row).map((c) => [c, c.value, c.checked]));
  return () => {
    body(table).replaceChildren(...rows);
    for (const [c, value, checked] of values.flat()) { c.value = value; c.checked = checked; }
    for (const cell of table.querySelectorAll(".bad-cell")) cell.classList.remove("bad-cell");
    number(table);
    changed(table);
  };
}

const undos = new WeakMap();
export const keepUndo = (table, undo) => undos.set(table, undo);

function remove(row) {
  const table = row.closest("table");
  keepUndo(table, snapshot(table));
  const next = row.nextElementSibling || row.previousElementSibling || addRow(table);
  row.remove();
  number(table);
  changed(table);
  controls(next)[0].focus();
  say(table.dataset.saidRemoved);
}

export function wire() {
  document.addEventListener("click", (e) => {
    const button = e.target.closest("[data-remove]");
    if (button) remove(button.closest("tr"));
  });
  document.addEventListener("keydown", (e) => {
    if (!(e.ctrlKey || e.metaKey) || e.key.toLowerCase() !== "z") return;
    const table = e.target.closest("[data-rows]");
    const undo = table && undos.get(table);
    if (!undo) return; // the field's own undo
    e.preventDefault();
    undos.delete(table);
    undo();
    (table.contains(document.activeElement) ? document.activeElement : controls(body(table).rows[0])[0]).focus();
    say(table.dataset.saidUndone);
  });
  // What is folded away closes behind who leaves it, unless something in it is wrong.
  document.addEventListener("focusout", (e) => {
    const more = e.target.closest?.("td.more > details[open]");
    if (more && e.relatedTarget && !more.contains(e.relatedTarget) && !more.querySelector('[aria-invalid="true"]')) more.open = false;
  });
  // Once somebody types on, Ctrl+Z belongs to the field again.
  document.addEventListener("input", (e) => {
    const table = e.isTrusted && e.target.closest?.("[data-rows]");
    if (table) undos.delete(table);
  });
}

