// Enter goes forward (Ctrl+Enter from several lines), Shift+Enter back, in the last cell of a table to a new row; Ctrl+S saves, Esc goes back.
import { composing, say, typing } from "./text.js";
import { addRow, body, controls, isEmpty } from "./rows.js";
import { isDirty } from "./leave.js";

const saver = (form) => [...form.elements].find((el) => el.matches("button.main[type=submit]"));
const stops = (form) => [...form.elements].filter((el) => el.matches("input:not([type=hidden]), select, textarea")
  && !el.disabled && !el.readOnly && el.checkVisibility());

function forward(form, at) {
  const row = at.closest("[data-row]");
  const all = stops(form);
  if (row) {
    const table = row.closest("table");
    const last = row === body(table).lastElementChild;
    const cells = controls(row).filter((c) => all.includes(c));
    if (last && isEmpty(row)) return all.find((el, i) => i > all.indexOf(at) && !table.contains(el)) || saver(form);
    if (last && at === cells.at(-1)) {
      say(table.dataset.saidAdded);
      return controls(addRow(table))[0];
    }
  }
  return all[all.indexOf(at) + 1] || saver(form);
}

function enter(e, form) {
  const at = e.target;
  e.preventDefault();
  const all = stops(form);
  // A password in the last box is sent, as at the sign-in page.
  if (!e.shiftKey && at.type === "password" && at === all.at(-1)) return form.requestSubmit(saver(form));
  const to = e.shiftKey ? all[all.indexOf(at) - 1] : forward(form, at);
  if (!to) return;
  to.focus();
  if (to.select && to.type !== "checkbox") to.select();
}

export function wire() {
  document.addEventListener("keydown", (e) => {
    if (document.documentElement.classList.contains("locked")) return;
    const form = e.target.form;
    // Where Enter begins a new line, Ctrl+Enter goes forward.
    const asks = e.ctrlKey ? "textarea" : "input:not([type=submit]):not([type=button]), select";
    if (e.key === "Enter" && form?.matches("[data-enter]") && !e.altKey && e.target.matches(asks)) {
      // An Enter that ends a conversion goes nowhere, and sends nothing either.
      if (composing(e)) e.preventDefault(); else enter(e, form);
      return;
    }
    if (composing(e)) return;
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "s") {
      e.preventDefault(); // the browser's own would write the page to a file
      const save = document.querySelector("form[data-save]");
      if (save && !e.repeat) save.requestSubmit(saver(save));
    }
    if (e.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) {
      const more = e.target.closest("td.more > details[open]");
      if (more) {
        more.open = false;
        more.firstElementChild.focus();
        return;
      }
      const back = document.querySelector("[data-esc]");
      if (!back) return;
      if (isDirty() || typing(e.target)) back.focus(); else back.click();
    }
  });
}
