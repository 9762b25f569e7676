// Beside the policy form: a scanned paper to type from, and what was read on it. A value gets into a box only when
// somebody presses its button, and stays marked until that box has been looked at.
import { afterLock, ask } from "./ask.js";
import { proposals } from "./combo.js";
import { addRow, body, controls, isEmpty } from "./rows.js";
import { say } from "./text.js";
import { Viewer } from "./viewer.js";

// Of the address: the readings lay open when another kind was put in, of the whole paper or of one page of it.
const READ = /^#read-?(\d*)$/;
const pane = document.querySelector("[data-pane]");
const form = document.getElementById("policy-form");
const frame = document.querySelector("[data-typing]");
const opener = document.querySelector("[data-open-pane]");
const choice = pane.querySelector("[data-papers]");
const shown = pane.querySelector("[data-shown-paper]");
const reader = pane.querySelector("[data-read]");
const readings = pane.querySelector("[data-readings-box]");
let viewer = null;

async function open(focus = true) {
  pane.hidden = false;
  frame.classList.add("with-pane");
  opener.setAttribute("aria-expanded", "true");
  await show();
  if (focus) choice.focus();
}

function close() {
  pane.hidden = true;
  frame.classList.remove("with-pane");
  opener.setAttribute("aria-expanded", "false");
  form.elements.beside.value = "";
  shown.replaceChildren();
  readings.replaceChildren();
  opener.focus();
}

/** Which paper lies there is the form's own affair: it is kept when the form comes back, and nowhere else. */
async function show() {
  const option = choice.selectedOptions[0];
  form.elements.beside.value = option.dataset.document;
  readings.hidden = reader.hidden = true;
  reader.setAttribute("aria-expanded", "false");
  readings.replaceChildren();
  const part = await fetched(option.value);
  if (option !== choice.selectedOptions[0]) return; // another one was chosen meanwhile
  if (!part) { shown.textContent = pane.dataset.failed; return; }
  shown.replaceChildren(document.importNode(part, true));
  reader.hidden = !part.dataset.readings;
  reader.dataset.url = part.dataset.readings || "";
  const root = shown.querySelector("[data-viewer]");
  viewer = root.querySelector("[data-page]") ? new Viewer(root, show) : null;
}

async function fetched(url) {
  try {
    return (await ask("GET", url)).part;
  } catch {
    return null;
  }
}

/** Or closes what was read. With `only`, of the page that lies there. */
async function read(only = false) {
  const opening = readings.hidden;
  readings.hidden = !opening;
  reader.setAttribute("aria-expanded", String(opening));
  if (!opening) return;
  await propose(only);
  // The kind comes first; once one stands in the form, the next box is to be looked at.
  const items = [...readings.querySelectorAll("[data-proposal]")];
  const kind = items.some(({ dataset: { box, value } }) => box === "kind" && form.elements.kind.value === value) ? "kind" : "";
  items.find((item) => item.dataset.box !== kind)?.querySelector("button").focus();
}

/** Where another kind was put in from: the same page, the same values. */
async function goOn(place) {
  await open(false);
  const number = READ.exec(place)?.[1];
  if (number === undefined || !viewer || reader.hidden) return;
  if (number) viewer.go(viewer.links.findIndex((link) => link.dataset.page === number));
  await read(Boolean(number));
}

/** What the whole paper says, or the page that lies there: a pile of policies is often one file. */
async function propose(only) {
  const part = await fetched(only ? `${reader.dataset.url}?page=${viewer.link.dataset.page}` : reader.dataset.url);
  if (part) readings.replaceChildren(document.importNode(part, true)); else readings.textContent = pane.dataset.failed;
}

// --- putting a value into its box

/** The box of a path; in rows of people and covers the row's own name stands in the place of its number. */
function boxOf(path) {
  const [table, own, cell] = path.split("-");
  if (!cell) return document.getElementById(table);
  const rows = form.querySelector(`table[data-rows="${table}"]`);
  return rows && cellOf(rows, own, cell);
}

const named = (row, name) => row.querySelector(`[name$="-${name}"]`);
const offers = (box, value) => Boolean(box) && proposals(box).some(({ word }) => word === value);

function cellOf(table, own, cell) {
  const rows = [...body(table).rows];
  if (/^\d+$/.test(own)) return named(rows[own] || addRow(table), cell);
  const found = rows.find((row) => ["role", "name", "kind"].some((name) => named(row, name)?.value === own));
  if (found) return named(found, cell);
  const row = rows.find(isEmpty) || addRow(table), role = named(row, "role");
  enter(role || named(row, "name"), own);
  if (!role && offers(named(row, "kind"), own)) enter(named(row, "kind"), own);
  return named(row, cell);
}

function enter(box, value) {
  if (!box) return false;
  if (box.matches("select") && ![...box.options].some((option) => option.value === value)) return false;
  box.value = value;
  const fold = box.closest("details:not([open])");
  if (fold) fold.open = true;
  for (const kind of ["input", "change"]) box.dispatchEvent(new Event(kind, { bubbles: true }));
  mark(box);
  return true;
}

function mark(box) {
  box.classList.add("from-scan");
  box.addEventListener("focus", () => box.addEventListener("blur", () => box.classList.remove("from-scan"), { once: true }), { once: true });
}

const told = (item, text) => { item.querySelector("[data-said]").textContent = text; say(text); };

function put(item, replacing = false) {
  const { box: path, value } = item.dataset, box = boxOf(path);
  item.querySelector("[data-asks]").hidden = true;
  if (!box || box.closest("[hidden]") && !box.dataset.when) return told(item, pane.dataset.noBox);
  const now = box.value.trim(), chosen = !("unchosen" in box.dataset) && now !== box.dataset.proposed;
  if (now === value) return told(item, pane.dataset.same);
  if (now && chosen && !replacing) return question(item, box);
  if (!enter(box, value)) return told(item, pane.dataset.noChoice);
  told(item, pane.dataset.putSaid);
  if (box.id === "kind") otherKind();
  return undefined;
}

/** Its own boxes come as a new page, where one goes on with what was read. */
function otherKind() {
  const button = document.getElementById("switch-kind");
  button.formAction += readings.querySelector("[data-only]:checked") ? `#read-${viewer.link.dataset.page}` : "#read";
  button.click();
}

/** Without the short code behind it. */
const wordOf = (option) => option.textContent.slice(0, option.textContent.length - (option.dataset.code?.length || 0)).trim();

function question(item, box) {
  item.querySelector("[data-now]").textContent = box.matches("select") ? wordOf(box.selectedOptions[0]) : box.value;
  item.querySelector("[data-asks]").hidden = false;
  item.querySelector("[data-replace]").focus();
}

opener.setAttribute("role", "button");
opener.setAttribute("aria-expanded", "false");
opener.setAttribute("aria-controls", "pane");
opener.addEventListener("click", (e) => { e.preventDefault(); if (pane.hidden) open(); else close(); });
opener.addEventListener("keydown", (e) => { if (e.key === " ") { e.preventDefault(); opener.click(); } });
pane.querySelector("[data-close-pane]").addEventListener("click", close);
choice.addEventListener("change", show);
reader.addEventListener("click", () => read());
readings.addEventListener("click", (e) => {
  const item = e.target.closest("[data-proposal]");
  if (!item) return;
  if (e.target.closest("[data-put]")) put(item);
  if (e.target.closest("[data-replace]")) { put(item, true); item.querySelector("[data-put]").focus(); }
  if (e.target.closest("[data-leave]")) { item.querySelector("[data-asks]").hidden = true; item.querySelector("[data-put]").focus(); }
});
readings.addEventListener("change", async (e) => {
  if (!e.target.matches("[data-only]")) return;
  await propose(e.target.checked);
  readings.querySelector("[data-only]")?.focus();
});
shown.addEventListener("turned", () => { if (readings.querySelector("[data-only]:checked")) propose(true); });
afterLock(() => { if (!pane.hidden) show(); });
if (form.elements.beside.value) goOn(location.hash);
