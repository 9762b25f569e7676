// Enter goes forward (Ctrl+Enter from several lines), Shift+Enter back, in the last cell of a table to a new row; Ctrl+S saves, Esc goes back.
// Enter passes over boxes that are mostly left as they are (data-pass), Tab does not; Ctrl+↓ and Ctrl+↑ go from group to group.
import { composing, say, typing } from "./text.js";
import { addRow, body, controls, isEmpty } from "./rows.js";
import { isDirty } from "./leave.js";

const saver = (form) => [...form.elements].find((el) => el.matches("button.main[type=submit]"));
const stops = (form) => [...form.elements].filter((el) => el.matches("input:not([type=hidden]), select, textarea")
  && !el.disabled && !el.readOnly && el.checkVisibility());
/** What somebody proposed stands there, or what few say: passed over while it is so. */
const passed = (el) => el.getAttribute("aria-invalid") !== "true"
  && ("pass" in el.dataset || (el.dataset.proposed && el.value === el.dataset.proposed));
/** In a row that a form begins with only the role or the unit stands; nobody has typed anything. */
const isBare = (row) => controls(row).every((c) => "preset" in c.dataset || c.value.trim() === "");

/** Nothing stands in this row, nor in any after it: whoever has nothing to type here goes on behind the table. */
function isOver(row, at) {
  const rest = [...body(row.closest("table")).rows];
  const bare = (each) => isEmpty(each) || isBare(each);
  return rest.slice(rest.indexOf(row)).every(bare) && (isEmpty(row) || !("preset" in at.dataset));
}

function forward(form, at) {
  const row = at.closest("[data-row]");
  const all = stops(form).filter((el) => el === at || !passed(el));
  if (row) {
    const table = row.closest("table");
    const last = row === body(table).lastElementChild;
    const cells = controls(row).filter((c) => all.includes(c));
    if (isOver(row, at)) return all.find((el, i) => i > all.indexOf(at) && !table.contains(el)) || saver(form);
    if (last && at === cells.at(-1)) {
      say(table.dataset.saidAdded);
      return controls(addRow(table)).find((c) => !passed(c));
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
  go(e.shiftKey ? all.slice(0, all.indexOf(at)).findLast((el) => !passed(el)) : forward(form, at));
}

function go(to) {
  if (!to) return;
  to.focus();
  if (to.select && to.type !== "checkbox") to.select();
}

/** The first box that is mostly typed of the next group, or of the one before. */
function jump(form, at, step) {
  const group = (el) => el.closest("table[data-rows]") || el.closest(".group, .section, details.section") || form;
  const all = stops(form).filter((el) => el === at || !passed(el)), groups = [...new Set(all.map(group))];
  const to = groups[groups.indexOf(group(at)) + step];
  go(to && all.find((el) => group(el) === to && el !== at));
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
    if (e.ctrlKey && /^Arrow(Down|Up)$/.test(e.key) && form?.matches("[data-enter]") && e.target.matches("input, select, textarea")) {
      e.preventDefault();
      jump(form, e.target, e.key === "ArrowDown" ? 1 : -1);
      return;
    }
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "s") {
      e.preventDefault(); // the browser's own would write the page to a file
      const save = document.querySelector("form[data-save]");
      if (save && !e.repeat) save.requestSubmit(saver(save));
    }
    if (e.key === "Escape" && !document.querySelector("dialog[open], :popover-open")) {
      const more = e.target.closest("td.more > details[open], details.menu[open]");
      if (more) {
        more.open = false;
        more.firstElementChild.focus();
        return;
      }
      const back = document.querySelector("[data-esc]");
      if (!back) return;
      e.preventDefault(); // the browser's own Esc stops loading: the page that is just being asked for, too
      if (isDirty() || typing(e.target)) back.focus(); else back.click();
    }
  });
}
