// Importing a spreadsheet: the file on its way, what takes long with its bar, and rows that are put right one by one.
// Answers are HTML, read and not run; without scripts each page does the same by sending its form.
import { Locked, afterLock, ask } from "./ask.js";
import { token } from "./lock.js";
import { lines, read } from "./sending.js";
import { composing, fill, say } from "./text.js";

const MB = 1024 * 1024;
const bytes = (n) => (n >= MB ? `${(n / MB).toFixed(1)}MB` : `${Math.ceil(n / 1024)}KB`);

function tell(form, text, bad = false) {
  const box = form.querySelector("[data-said]");
  if (bad) box.setAttribute("role", "alert"); else box.setAttribute("role", "status");
  box.classList.toggle("fault", bad);
  box.textContent = text;
}

/** A sentence for what went wrong on the way; the server's own where it has one. */
function sentence(form, error) {
  if (error instanceof Locked) return form.dataset.locked;
  if (error.refused !== undefined) return error.refused || form.dataset.failed;
  return form.dataset[error.unreadable ? "unreadable" : "dropped"];
}

// --- the file

class Sender {
  constructor(form) {
    this.form = form;
    this.file = null;
    this.busy = false;
    const input = form.querySelector("[data-plain] input"), button = form.querySelector("[data-choose]");
    input.closest("[data-plain]").hidden = true;
    button.addEventListener("click", () => input.click());
    input.addEventListener("change", () => this.choose(input.files[0]));
    form.addEventListener("submit", (e) => { e.preventDefault(); this.send(); });
    this.wireDrop();
  }

  wireDrop() {
    const zone = this.form.querySelector("[data-drop]");
    const hasFiles = (e) => [...(e.dataTransfer?.types || [])].includes("Files");
    // A file that misses the place must not be opened by the browser in place of the page.
    for (const kind of ["dragover", "drop"]) addEventListener(kind, (e) => { if (hasFiles(e)) e.preventDefault(); });
    addEventListener("dragover", (e) => { if (hasFiles(e)) zone.classList.add("over"); });
    addEventListener("dragleave", (e) => { if (!e.relatedTarget) zone.classList.remove("over"); });
    addEventListener("drop", (e) => { zone.classList.remove("over"); this.choose(e.dataTransfer?.files[0]); });
  }

  choose(file) {
    if (!file || this.busy) return;
    this.file = file;
    this.form.querySelector("[data-name]").textContent = file.name;
    this.form.querySelector("[data-bytes]").textContent = bytes(file.size);
    tell(this.form, this.form.dataset.chosen);
    document.querySelector(`button[form="${this.form.id}"][type=submit]`)?.focus();
  }

  async send() {
    if (this.busy) return;
    if (!this.file) {
      tell(this.form, this.form.dataset.none, true);
      this.form.querySelector("[data-choose]").focus();
      return;
    }
    this.busy = true;
    tell(this.form, this.form.dataset.sending);
    try {
      location.assign(await this.sent());
    } catch (error) {
      this.busy = false;
      tell(this.form, sentence(this.form, error), true);
    }
  }

  /** The boxes in the first line, then the file as it is: no form around it, of which a part could be spooled. */
  async sent() {
    const data = await this.file.arrayBuffer().catch(() => { throw Object.assign(new Error("file"), { unreadable: true }); });
    const boxes = new URLSearchParams({ compartment: this.form.elements.compartment.value, name: this.file.name });
    const answer = await fetch(this.form.dataset.send, { method: "POST", body: new Blob([boxes.toString(), "\n", data]), cache: "no-store", redirect: "error",
      headers: { "X-Kura-Csrf": token(), "Content-Type": "application/octet-stream" } });
    if (answer.status === 403) throw new Locked();
    const told = read((await answer.text()).replaceAll("\n", " "));
    if (!answer.ok || told?.answer !== "done") throw Object.assign(new Error("refused"), { refused: told?.text.trim() || "" });
    return told.url;
  }
}

// --- what takes long: a bar, and a way to stop; leaving the page stops it, too, and it can go on later

class Steps {
  constructor(form) {
    this.form = form;
    this.stopping = null;
    this.stop = form.querySelector("[data-stop]");
    this.buttons = [...document.querySelectorAll(`[type=submit][form="${form.id}"]`), ...form.querySelectorAll("[type=submit]")];
    form.addEventListener("submit", (e) => { e.preventDefault(); this.run(); });
    this.stop?.addEventListener("click", () => this.stopping?.abort());
    if ("auto" in form.dataset) this.run();
    afterLock(() => { if (this.waits) this.run(); });
  }

  set busy(busy) {
    for (const button of this.buttons) button.disabled = busy;
    if (this.stop) this.stop.hidden = !busy;
    this.form.querySelector("[data-bar]").hidden = !busy;
  }

  async run() {
    if (this.stopping) return;
    this.stopping = new AbortController();
    this.waits = false;
    this.busy = true;
    if (this.stop) this.stop.focus();
    tell(this.form, this.form.dataset.working);
    try {
      location.assign(await this.steps());
    } catch (error) {
      this.busy = false;
      this.waits = error instanceof Locked;
      tell(this.form, error.name === "AbortError" ? this.form.dataset.stopped : sentence(this.form, error), error.name !== "AbortError");
      this.buttons[0]?.focus();
    } finally {
      this.stopping = null;
    }
  }

  async steps() {
    const said = [...new FormData(this.form)].filter(([name]) => name !== "csrf_token");
    const answer = await fetch(this.form.action, { method: "POST", body: new URLSearchParams(said), cache: "no-store", redirect: "error", signal: this.stopping.signal,
      headers: { "X-Kura-Csrf": token() } });
    if (answer.status === 403) throw new Locked();
    let last = null;
    for await (const line of lines(answer.body)) {
      const told = read(line);
      if (told?.answer === "step") this.step(Number(told.number), Number(told.of)); else last = told || last;
    }
    if (!last) throw new TypeError("network"); // the answer broke off
    if (last.answer !== "done") throw Object.assign(new Error("refused"), { refused: last.text.trim() });
    return last.url;
  }

  step(number, of) {
    const bar = this.form.querySelector("[data-bar]");
    bar.max = of || 1;
    bar.value = number;
    const text = fill(this.form.dataset.step, number.toLocaleString("ja")).replace("{of}", of.toLocaleString("ja"));
    this.form.querySelector("[data-said]").removeAttribute("role"); // not read out step by step
    this.form.querySelector("[data-said]").textContent = text;
  }
}

// --- rows put right in place

class Rows {
  constructor(form) {
    this.form = form;
    this.waiting = Promise.resolve();
    form.addEventListener("click", (e) => this.click(e));
    form.addEventListener("change", (e) => this.changed(e));
    form.addEventListener("keydown", (e) => this.key(e));
    form.addEventListener("submit", (e) => e.preventDefault());
  }

  row(at) { return this.form.querySelector(`tr[data-row="${at}"]`); }

  click(e) {
    const edit = e.target.closest("button[name=edit]"), other = e.target.closest("button[name=tick], button[name=all]");
    if (!edit && !other) return;
    e.preventDefault();
    if (other) return this.send({ [other.name]: other.value }, null, other.name === "tick" ? other : null);
    const row = edit.closest("tr[data-row]").dataset.row;
    this.send({ edit: edit.value }, () => this.row(row)?.querySelector(edit.value ? 'td:not(.told) input[name^="fix-"]' : "button[name=edit]")?.focus());
  }

  changed(e) {
    const box = e.target;
    if (box.matches("[name=ask]")) return this.send({ [box.checked ? "given" : "withdrawn"]: box.value });
    if (box.matches("[name=on]")) return this.send({ [box.checked ? "on" : "off"]: box.value });
    // The next box has the focus already: it keeps it, and what is typed in it, whatever the answer puts in its place.
    if (box.name.startsWith("fix-")) this.send({ [box.name]: box.value, edit: this.form.querySelector("[data-editing]")?.dataset.editing || "" });
  }

  /** Enter takes what was typed and goes on to the next box, or out of the row. */
  key(e) {
    if (composing(e) || !e.target.matches("input:not([type=checkbox])")) return;
    if (e.key === "Enter") {
      e.preventDefault();
      const boxes = [...this.form.querySelectorAll('tbody input[name^="fix-"]')].filter((box) => box.checkVisibility());
      const next = boxes[boxes.indexOf(e.target) + (e.shiftKey ? -1 : 1)];
      if (next) { next.focus(); next.select(); } else e.target.blur();
    }
  }

  /** One after the other: each answer is made from what the one before has said. */
  send(fields, then = null, from = null) {
    this.waiting = this.waiting.then(() => this.sent(fields, then, from));
  }

  async sent(fields, then, from) {
    try {
      const { status, part } = await ask("POST", this.form.dataset.fix, { ...fields, at: this.form.dataset.at });
      if (status >= 400 || !part) return say(part?.textContent.trim() || this.form.dataset.failed);
      this.take(part);
      then?.();
      from?.focus();
    } catch (error) {
      say(sentence(this.form, error));
    }
  }

  /** The rows of the answer in the place of those that stand here, and its counts; what is being typed in stays. */
  take(part) {
    const body = this.form.querySelector("tbody"), at = document.activeElement;
    const row = at.closest?.("tr[data-row]"), place = row ? [...body.children].indexOf(row) : -1;
    const kept = row && { at: row.dataset.row, name: at.name, value: at.value, typed: at.matches("input:not([type=checkbox])") };
    body?.replaceChildren(...[...part.querySelectorAll("tr[data-row]")].map((each) => document.importNode(each, true)));
    for (const piece of part.querySelectorAll("[data-piece]")) {
      const there = document.querySelector(`main [data-piece="${piece.dataset.piece}"]`);
      there?.replaceChildren(...[...piece.childNodes].map((node) => document.importNode(node, true)));
    }
    if (kept) this.refocus(kept, place);
    const counted = part.querySelector('[data-piece="count"]');
    if (counted) say(counted.textContent);
    const ready = document.querySelector("[data-ready]");
    if (ready) ready.disabled = part.dataset.ready === "0";
  }

  /** The focus is where it was; where that is gone, at the row that has come in its place. */
  refocus({ at, name, value, typed }, place) {
    const own = this.row(at);
    const same = own && [...own.querySelectorAll("input, button")].find((el) => el.name === name && (typed || el.value === value));
    if (same && typed) same.value = value;
    if (same?.closest("details")) same.closest("details").open = true;
    const rows = [...this.form.querySelectorAll("tr[data-row]")];
    const near = own || rows[Math.min(place, rows.length - 1)];
    const to = same || near?.querySelector("td.told input, td.wrong input, button, input:not([disabled])") || document.querySelector('[data-piece="filters"] a');
    to?.focus();
  }
}

const file = document.querySelector("form[data-send]");
if (file) new Sender(file);
for (const form of document.querySelectorAll("form[data-steps]")) new Steps(form);
const rows = document.querySelector("form[data-fix]");
if (rows) new Rows(rows);
