// What follows from what was typed, proposed where nobody has typed anything: the kind of a cover, what a beneficiary is to
// the insured, equal shares, yen where a daily amount would be absurd in units of 10,000.
import { figure } from "./figures.js";
import { body } from "./rows.js";
import { group } from "./text.js";

const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "{}");
const cell = (row, name) => row.querySelector(`[name$="-${name}"]`);

/** Put in what is proposed, unless somebody has said otherwise; Enter passes over it then. */
function propose(box, value) {
  if (!box || (box.value !== "" && box.value !== box.dataset.proposed)) return;
  box.value = box.dataset.proposed = value || "";
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

function cover(row) {
  const [kind, unit] = json("cover-kinds")[cell(row, "name").value.trim()] || ["", ""];
  propose(cell(row, "kind"), kind);
  propose(cell(row, "unit"), unit);
}

/** Nobody is paid five thousand times 10,000 yen a day. */
function inYen(row) {
  const amount = cell(row, "amount"), least = { 日額: 100, 月額: 1000 }[cell(row, "unit")?.value];
  const n = figure(amount.value);
  if (!least || !/^\d+$/.test(n) || Number(n) < least || /円/.test(amount.value)) return;
  amount.value = `${group(Number(n))}円`;
  amount.dispatchEvent(new Event("input", { bubbles: true }));
}

function roles(table) {
  const { insured, beneficiaries, to } = json("people");
  const rows = [...body(table).rows].filter((row) => cell(row, "name").value.trim());
  const who = rows.find((row) => insured.includes(cell(row, "role").value));
  const named = rows.filter((row) => beneficiaries.includes(cell(row, "role").value));
  for (const row of [...named, ...rows.filter((each) => cell(each, "role").value === "指定代理請求人")]) {
    propose(cell(row, "relationship"), who && to[cell(row, "name").value.trim()]?.[cell(who, "name").value.trim()]);
  }
  shares(named);
}

/** Of each kind of beneficiary, and of each order among them. */
function shares(named) {
  const groups = Map.groupBy ? Map.groupBy(named, key) : named.reduce((all, row) => all.set(key(row), [...(all.get(key(row)) || []), row]), new Map());
  for (const rows of groups.values()) {
    const boxes = rows.map((row) => cell(row, "share"));
    if (boxes.some((box) => box.value !== "" && box.value !== box.dataset.proposed)) continue;
    for (const box of boxes) propose(box, 100 % rows.length ? "" : String(100 / rows.length));
  }
}

const key = (row) => `${cell(row, "role").value} ${cell(row, "order")?.value || ""}`;

export function wire() {
  if (!document.getElementById("cover-kinds")) return;
  // Once somebody has said something else it is his own word.
  document.addEventListener("input", (e) => {
    if (e.isTrusted && e.target.dataset?.proposed !== undefined && e.target.value !== e.target.dataset.proposed) delete e.target.dataset.proposed;
  });
  document.addEventListener("change", (e) => {
    const row = e.target.closest?.("tr[data-row]"), table = row?.closest("table").dataset.rows;
    if (table === "roles" && /-(name|role|order)$/.test(e.target.name)) roles(row.closest("table"));
    if (table !== "coverages" && table !== "riders") return;
    if (/-name$/.test(e.target.name)) cover(row);
    if (/-(amount|unit)$/.test(e.target.name)) inYen(row);
  });
}
