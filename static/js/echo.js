// What was understood of a date or an amount, at once, under its field (or under its table).
import { age, inEra, iso, parseDate, today } from "./dates.js";
import { figure, readAmount, readYen } from "./figures.js";
import { body, controls, isEmpty } from "./rows.js";
import { fill, group } from "./text.js";

const words = () => document.body.dataset;

const json = (id) => JSON.parse(document.getElementById(id)?.textContent || "{}");

/** The birth date of whom the table of roles calls the insured, as far as his name is a member's. */
function insuredBirth() {
  const { role, births } = json("births");
  for (const row of document.querySelectorAll('[data-rows="roles"] tbody tr')) {
    const values = controls(row).map((c) => c.value.trim());
    const name = values.includes(role) && values.find((v) => births[v]);
    if (name) return parseDate(births[name]);
  }
  return null;
}

function date(el) {
  const day = parseDate(el.value);
  if (!day) return "";
  const birth = el.dataset.age === "self" ? day : el.dataset.age === "insured" ? insuredBirth() : null;
  const years = birth ? age(birth, el.dataset.age === "self" ? today() : day) : -1;
  return `${inEra(day)} (${iso(day)})${years >= 0 ? ` ${fill(words().age, years)}` : ""}`;
}

function amount(el) {
  const yen = el.form?.elements.currency?.value ? null : readAmount(el.value);
  if (yen === null) return "";
  const plain = fill(words().yen, group(yen)), oku = Math.floor(yen / 1e8), man = (yen % 1e8) / 10000;
  if (yen % 10000 || !yen) return plain;
  return `${oku ? fill(words().oku, group(oku)) : ""}${man ? fill(words().man, group(man)) : fill(words().yen, "")} = ${plain}`;
}

/** With a factor per mode on the page, also the premium of a year. */
function yen(el) {
  const n = el.form?.elements.currency?.value ? null : readYen(el.value);
  if (n === null) return "";
  const mode = el.dataset.yearly && el.form.elements[el.dataset.yearly]?.value;
  const factor = mode && json("modes")[mode];
  return factor ? fill(words().yearly, group(n * factor)) : n >= 10000 ? fill(words().yen, group(n)) : "";
}

/** The day a term ends, for terms in years or to an age reached in full years. */
function term(el) {
  const years = termYears(el.value, el.form.elements);
  const start = years && startOf(el.form.elements);
  return start ? fill(words().until, inEra({ ...start, y: start.y + years })) : "";
}

const startOf = ({ contract_date, start }) => parseDate((contract_date || start)?.value || "");

function termYears(text, elements) {
  const found = /^(?:満)?(\d{1,3})(年|歳|才)/.exec(figure(text));
  if (!found) return null;
  if (found[2] === "年") return Number(found[1]);
  const start = startOf(elements), birth = insuredBirth();
  if (!start || elements.age_basis?.value === "保険年齢") {
    const began = readYen(elements.contract_age?.value || "");
    return began ? Number(found[1]) - began : null;
  }
  if (!birth) return null;
  const reached = birth.y + Number(found[1]) - start.y;
  return birth.m > start.m || (birth.m === start.m && birth.d > start.d) ? reached + 1 : reached;
}

const READERS = { date, amount, yen, term };

function echo(el) {
  const said = READERS[el.dataset.echo]?.(el) ?? "";
  const table = el.closest("[data-rows]");
  const note = table ? document.querySelector(`[data-row-note="${table.dataset.rows}"]`) : document.getElementById(`${el.id}-note`);
  if (note) note.textContent = said || note.dataset.note || "";
}

function total(box) {
  const tables = box.dataset.sum.split(" ").map((id) => document.getElementById(id)).filter(Boolean);
  const cells = tables.flatMap((t) => [...t.querySelectorAll(`tbody [name$="-${box.dataset.column}"]`)]).map((c) => readYen(c.value) ?? 0);
  // Until every row says its premium a difference means nothing.
  const open = tables.flatMap((t) => [...body(t).rows]).some((row) => !isEmpty(row) && !row.querySelector(`[name$="-${box.dataset.column}"]`).value.trim());
  const sum = cells.reduce((a, b) => a + b, 0);
  const whole = readYen(box.closest("form").elements[box.dataset.against]?.value || "");
  box.hidden = !sum;
  box.querySelector("[data-sum-total]").textContent = group(sum);
  const said = box.querySelector("[data-sum-said]");
  const wrong = whole && (open ? sum > whole : sum !== whole);
  said.textContent = wrong || (whole && sum === whole) ? fill(wrong ? box.dataset.differ : box.dataset.agree, group(whole)) : "";
  said.className = wrong ? "warn" : "quiet";
}

/** Premiums paid by the end of each year, put in where nobody has typed any, and the rate of each surrender value. */
function surrender(table) {
  const { elements } = table.closest("form");
  const once = readYen(elements.premium?.value || ""), factor = json("modes")[elements.mode?.value];
  const most = termYears(elements.payment_term?.value || "", elements) || Infinity;
  for (const row of body(table).rows) {
    const [year, paid, value, benefits] = ["policy_year", "premiums_paid", "surrender_value", "benefits"]
      .map((name) => row.querySelector(`[name$="-${name}"]`));
    const n = readYen(year.value);
    const due = once && factor !== undefined && n ? String(factor ? once * factor * Math.min(n, most) : once) : "";
    if (paid.value === (paid.proposed ?? "") && !elements.currency?.value) {
      paid.proposed = due && readYen(value.value) !== null ? group(Number(due)) : "";
      paid.value = paid.proposed;
    }
    const whole = readYen(paid.value), back = readYen(value.value);
    row.querySelector("[data-calc=rate]").textContent = whole && back !== null
      ? `${(((back + (readYen(benefits?.value || "") || 0)) / whole) * 100).toFixed(1)}%` : "";
  }
}

function sums() {
  document.querySelectorAll("[data-sum]").forEach(total);
  document.querySelectorAll("table[data-surrender]").forEach(surrender);
}

export function wire() {
  const all = () => document.querySelectorAll("[data-echo]:not([data-rows] *)").forEach(echo);
  all();
  sums();
  for (const kind of ["input", "focusin"]) {
    document.addEventListener(kind, (e) => {
      if (e.isComposing) return;
      if (e.target.matches?.("[data-echo], [data-rows] *")) echo(e.target);
      if (kind === "input") sums();
    });
  }
  document.addEventListener("change", (e) => { if (e.target.matches("select")) { all(); sums(); } });
}
