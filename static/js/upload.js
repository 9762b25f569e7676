// Papers on their way in: files dropped, chosen or pasted stand in a list, and go two at a time once somebody says so.
import { Locked, afterLock } from "./ask.js";
import { Lost, Refused, Sending, Unreadable } from "./sending.js";
import { fill, say } from "./text.js";

const AT_ONCE = 2;
// What is wrong with the file itself does not pass by trying again.
const HOPELESS = new Set(["file-unknown", "file-empty", "file-broken", "file-too-many-pages", "file-page-too-large", "file-too-heavy", "upload-too-large"]);
const form = document.querySelector("form[data-uploads]");
const list = form.querySelector("[data-files]");
const template = form.querySelector("[data-file-template]");
const files = [];
let counted = 0;

const words = (name) => form.dataset[name];
const stem = (name) => name.replace(/\.[^.]{1,5}$/, "").slice(0, 120);
const MB = 1024 * 1024;
const bytes = (n) => (n >= 10 * MB ? `${Math.ceil(n / MB)}MB` : n >= MB ? `${(n / MB).toFixed(1)}MB` : `${Math.ceil(n / 1024)}KB`);

/** What the boxes say now; the file's own title is its row's affair. */
function boxes() {
  const said = Object.fromEntries([...new FormData(form)].filter(([name, value]) => typeof value === "string" && name !== "csrf_token" && name !== "password"));
  return said;
}

class Row {
  constructor(file) {
    const n = ++counted;
    const li = template.content.firstElementChild.cloneNode(true);
    for (const el of li.querySelectorAll("*")) for (const a of [...el.attributes]) if (a.value.includes("__i__")) el.setAttribute(a.name, a.value.replace("__i__", n));
    this.li = li;
    this.part = (name) => li.querySelector(`[data-${name}]`);
    this.file = file;
    this.state = "waiting";
    this.sending = new Sending(file, {
      sent: (part) => this.progress(part * 50, fill(words("sending"), Math.floor(part * 100))),
      drawing: () => this.progress(50, words("drawing")),
      drawn: (number, of) => this.progress(50 + (number / of) * 50, fill(words("page"), number).replace("{of}", of)),
      busy: () => this.tell(words("busy")),
    });
    this.part("name").textContent = file.name;
    this.part("bytes").textContent = bytes(file.size);
    this.part("title").value = stem(file.name);
    this.part("again").addEventListener("click", () => this.again());
    this.part("cancel").addEventListener("click", () => this.cancel());
    this.part("password").addEventListener("keydown", (e) => {
      if (e.key === "Enter" && !e.isComposing) { e.preventDefault(); e.stopPropagation(); this.again(); }
    });
    this.part("cancel").textContent = words("unlist");
    this.tell(words("waiting"));
    list.append(li);
  }

  get active() { return this.state === "queued" || this.state === "running"; }

  tell(text, bad = false) {
    const box = this.part("said");
    if (bad) box.setAttribute("role", "alert"); else box.removeAttribute("role"); // progress is not read out step by step
    box.textContent = text;
    box.classList.toggle("fault", bad);
  }

  progress(n, text) {
    const bar = this.part("bar");
    bar.hidden = false;
    bar.value = n;
    this.tell(text);
  }

  queue() {
    this.state = "queued";
    this.part("again").hidden = true;
    this.part("cancel").hidden = false;
    this.part("cancel").textContent = words("stop");
    this.part("title-fault").hidden = true;
    this.part("title").removeAttribute("aria-invalid");
    this.tell(words("queued"));
  }

  again() {
    clearFaults();
    this.queue();
    pump();
    this.part("said").focus();
  }

  async run() {
    this.state = "running";
    this.part("title").readOnly = true;
    this.progress(0, fill(words("sending"), 0));
    try {
      const done = await this.sending.run(words("uploads"), { ...boxes(), title: this.part("title").value }, this.part("password").value);
      this.done(done);
    } catch (error) {
      this.failed(error);
    }
    pump();
  }

  done({ url, of, held }) {
    this.state = "done";
    this.part("bar").value = 100;
    this.part("said").classList.toggle("waits", held !== "0");
    this.tell(held === "0" ? fill(words("done"), of) : fill(words("held"), of).replace("{of}", held));
    this.part("open").href = url;
    this.part("open").hidden = false;
    this.part("cancel").hidden = true;
    this.part("secret").hidden = true;
    this.part("password").value = "";
  }

  failed(error) {
    const sentence = error instanceof Locked ? words("locked") : error instanceof Unreadable ? words("unreadable")
      : error instanceof Lost ? words("lost") : error instanceof Refused ? error.message || words("failed") : words("dropped");
    this.state = error instanceof Locked ? "locked" : "stopped";
    this.part("title").readOnly = Boolean(this.sending.found);
    if (error.name === "AbortError") { this.state = "cancelled"; this.tell(words("cancelled")); return; }
    this.part("cancel").textContent = words("unlist");
    if (error instanceof Refused && error.boxes.length) return this.mend(error.boxes);
    const secret = error.code === "file-locked" || error.code === "file-password-wrong";
    const final = error instanceof Unreadable || error instanceof Lost || HOPELESS.has(error.code);
    if (error instanceof Refused && !secret) this.sending.leave();
    this.tell(sentence, true);
    this.part("bar").hidden = true;
    this.part("again").hidden = final;
    this.part("secret").hidden = !secret;
    if (secret && !typingElsewhere()) this.part("password").focus();
  }

  /** Boxes that the server did not understand: those above for all files, the title in its own row. */
  mend(faults) {
    this.state = "waiting";
    this.part("bar").hidden = true;
    this.part("title").readOnly = false;
    for (const [name, text] of faults) {
      if (name === "title") {
        this.part("title").setAttribute("aria-invalid", "true");
        this.part("title-fault").hidden = false;
        this.part("title-fault").textContent = text;
      } else fault(name, text);
    }
    this.tell(words("mend"), true);
    form.querySelector('[aria-invalid="true"]')?.focus();
  }

  cancel() {
    const next = this.li.nextElementSibling || this.li.previousElementSibling;
    const stopped = this.active;
    if (stopped) { this.state = "cancelled"; this.sending.stop(); } else this.sending.leave();
    files.splice(files.indexOf(this), 1);
    this.li.remove();
    (next?.querySelector("[data-cancel]:not([hidden]), [data-open]:not([hidden])") || form.querySelector("[data-choose]")).focus();
    pump();
    say(words(stopped ? "cancelled" : "unlisted"));
  }
}

const typingElsewhere = () => document.activeElement?.matches("input, textarea, select");

function fault(name, text) {
  const box = form.elements[name];
  if (!box || box.getAttribute("aria-invalid") === "true") return;
  box.setAttribute("aria-invalid", "true");
  const said = Object.assign(document.createElement("p"), { className: "fault", textContent: text, id: `${name}-said` });
  said.dataset.fault = name;
  box.dataset.described = box.getAttribute("aria-describedby") || "";
  box.setAttribute("aria-describedby", `${name}-said`);
  box.after(said);
}

function clearFaults() {
  for (const said of form.querySelectorAll("[data-fault]")) {
    const box = form.elements[said.dataset.fault];
    box.removeAttribute("aria-invalid");
    if (box.dataset.described) box.setAttribute("aria-describedby", box.dataset.described); else box.removeAttribute("aria-describedby");
    said.remove();
  }
}

let going = false;
function pump() {
  for (const row of files) {
    if (files.filter((r) => r.state === "running").length >= AT_ONCE) break;
    if (row.state === "queued") row.run();
  }
  const active = files.some((row) => row.active);
  const done = files.filter((row) => row.state === "done").length;
  if (going && !active && done) say(fill(words("over"), done));
  going = active;
}

function add(chosen) {
  const made = [...chosen].map((file) => new Row(file));
  files.push(...made);
  if (made.length) say(fill(words("added"), made.length));
}

function start(e) {
  e.preventDefault();
  clearFaults();
  const waiting = files.filter((row) => row.state === "waiting" || !row.part("again").hidden);
  if (!waiting.length) {
    say(words("none"));
    form.querySelector("[data-choose]").focus();
    return;
  }
  for (const row of waiting) row.queue();
  pump();
}

function wireDrop() {
  const zone = form.querySelector("[data-drop]");
  const hasFiles = (e) => [...(e.dataTransfer?.types || [])].includes("Files");
  // A file that misses the place must not be opened by the browser in place of the page.
  for (const kind of ["dragover", "drop"]) addEventListener(kind, (e) => { if (hasFiles(e)) e.preventDefault(); });
  addEventListener("dragover", (e) => { if (hasFiles(e)) zone.classList.add("over"); });
  addEventListener("dragleave", (e) => { if (!e.relatedTarget) zone.classList.remove("over"); });
  addEventListener("drop", (e) => { zone.classList.remove("over"); add(e.dataTransfer?.files || []); });
  addEventListener("paste", (e) => {
    if (!e.clipboardData?.files.length) return;
    e.preventDefault();
    add(e.clipboardData.files);
  });
}

function wireChoose() {
  const input = form.querySelector("[data-plain] input"), button = form.querySelector("[data-choose]");
  input.multiple = true;
  input.closest("[data-plain]").hidden = true;
  button.addEventListener("click", () => input.click());
  input.addEventListener("change", () => { add(input.files); input.value = ""; });
}

wireDrop();
wireChoose();
form.addEventListener("submit", start);
addEventListener("beforeunload", (e) => { if (files.some((row) => row.active || row.state === "waiting")) e.preventDefault(); });
addEventListener("pagehide", (e) => { if (!e.persisted) for (const row of files) if (row.active) row.sending.leave(); });
// What stood still for the lock goes on by itself.
afterLock(() => {
  for (const row of files) if (row.state === "locked") row.queue();
  pump();
});
