// A block copied from a spreadsheet, put into the rows of a table from the cell that has the focus.
import { figure, sum } from "./figures.js";
import { fill, fold, group, say } from "./text.js";
import { addRow, body, controls, keepUndo, snapshot } from "./rows.js";

const NUMBERS = /k-(yen|amount|number|decimal)/;
const kind = (control) => control.closest("td").className;

/** text/plain as spreadsheets write it: tabs and lines, cells with line breaks in quotes. */
export function grid(text) {
  const rows = [[""]];
  let quoted = false;
  const source = text.replace(/\r\n?/g, "\n").replace(/\n+$/, "");
  for (let i = 0; i < source.length; i++) {
    const c = source[i], row = rows.at(-1);
    if (c === '"' && (quoted || row.at(-1) === "")) {
      if (quoted && source[i + 1] === '"') { row[row.length - 1] += c; i++; } else quoted = !quoted;
    } else if (c === "\t" && !quoted) row.push("");
    else if (c === "\n" && !quoted) rows.push([""]);
    else row[row.length - 1] += c === "\n" ? " " : c;
  }
  return rows;
}

const isFigure = (s) => s.trim() === "" || sum(figure(s).replace(/^-/, "")) !== null;

/** Money with separators, as the rows that the server writes have it, so that figures line up to the digit. */
const written = (s, cell) => (/k-(yen|amount)/.test(cell.className) && /^\d{1,15}$/.test(s) ? group(Number(s)) : s);

function put(control, text) {
  const value = text.trim();
  const cell = control.closest("td");
  let fine = true;
  if (control.type === "checkbox") control.checked = /^(1|true|yes|有|あり|はい|[○◯〇✓レ])$/i.test(value.normalize("NFKC"));
  else if (control.tagName === "SELECT") {
    const option = [...control.options].find((o) => o.value === value || fold(o.text) === fold(value));
    if (option) control.value = option.value;
    fine = Boolean(option) || value === "";
  } else if (NUMBERS.test(cell.className)) {
    fine = isFigure(value);
    control.value = fine ? written(figure(value), cell) : value;
  } else control.value = value;
  cell.classList.toggle("bad-cell", !fine);
  return fine;
}

/** Which column of the table each pasted column belongs to: by its heads when they are known, else from the cell on. */
function columns(table, lines, start) {
  const heads = [...table.tHead.rows[0].cells].filter((th) => th.id).map((th) => fold(th.firstChild.textContent));
  const cells = lines[0].map(fold);
  const found = cells.map((c) => (c ? heads.findIndex((h) => h === c || c.includes(h) || (c.length > 1 && h.includes(c))) : -1));
  const known = found.filter((i, at) => i >= 0 && found.indexOf(i) === at);
  if (known.length > 1 || (known.length && cells.length === 1)) return [found.map((i, at) => (found.indexOf(i) === at ? i : -1)), true];
  const first = controls(body(table).rows[0]);
  const plain = lines[0].map((c, at) => start + at);
  const headed = lines.length > 1 && lines[0].some((c, at) => first[start + at] && NUMBERS.test(kind(first[start + at]))
    && !isFigure(c) && isFigure(lines[1][at] || "x"));
  return [plain, headed];
}

function paste(e) {
  const table = e.target.closest?.("[data-rows]");
  const text = e.clipboardData?.getData("text/plain") || "";
  if (!table || e.target.tagName === "TEXTAREA" || !/[\t\n\r]/.test(text.trim())) return;
  e.preventDefault();
  let row = e.target.closest("tr");
  const lines = grid(text);
  const [where, headed] = columns(table, lines, controls(row).indexOf(e.target));
  const undo = snapshot(table);
  let bad = 0, count = 0;
  for (const line of headed ? lines.slice(1) : lines) {
    if (line.every((c) => c.trim() === "")) continue;
    row ??= addRow(table);
    const cells = controls(row);
    line.forEach((c, at) => { if (cells[where[at]] && !put(cells[where[at]], c)) bad++; });
    count++;
    row = row.nextElementSibling;
  }
  if (!row) addRow(table);
  table.dispatchEvent(new Event("input", { bubbles: true }));
  keepUndo(table, undo);
  const words = fill(table.dataset.saidPasted, count) + (bad ? `。${fill(table.dataset.saidBad, bad)}` : "");
  say(words);
  const note = document.querySelector(`[data-row-note="${table.dataset.rows}"]`);
  if (note) note.textContent = words;
}

export function wire() {
  document.addEventListener("paste", paste);
  document.addEventListener("input", (e) => { if (e.isTrusted) e.target.closest?.(".bad-cell")?.classList.remove("bad-cell"); });
}
