// What is typed is kept by itself, and looked at: three seconds after the last key, when a box was changed and left, and
// when the page is left. What is wrong stands below its box, except where somebody is typing this very moment.
import { ask, Locked } from "./ask.js";
import { isDirty } from "./leave.js";
import { token } from "./lock.js";

const IDLE = 3000, SOON = 600, LARGEST = 60_000;
let form, timer = 0, asking = null, sent = "", over = false;

const fields = () => new URLSearchParams([...new FormData(form)].filter(([name, value]) => name !== "csrf_token" && typeof value === "string"));

function later(wait) {
  clearTimeout(timer);
  if (!over) timer = setTimeout(keep, wait);
}

async function keep() {
  const now = fields().toString();
  if (over || now === sent || !isDirty() || document.documentElement.classList.contains("locked")) return;
  asking?.abort();
  const mine = asking = new AbortController();
  try {
    const { part } = await ask("POST", form.dataset.keep, fields(), mine.signal);
    if (!part || over) return;
    sent = now;
    tell(part);
  } catch (error) {
    if (error.name !== "AbortError" && !(error instanceof Locked)) later(IDLE * 5);
  }
}

/** On the way out nobody waits for an answer. */
function last() {
  const now = fields();
  if (over || !isDirty() || now.toString() === sent || now.toString().length > LARGEST || document.documentElement.classList.contains("locked")) return;
  sent = now.toString();
  fetch(form.dataset.keep, { method: "POST", body: now, cache: "no-store", redirect: "error", keepalive: true, headers: { "X-Kura-Csrf": token() } }).catch(() => {});
}

function tell(part) {
  const box = document.getElementById("kept");
  if (box) box.textContent = [part.dataset.said, part.dataset.left].filter(Boolean).join(" ");
  const told = new Map([...part.querySelectorAll("[data-box]")].map((el) => [el.dataset.box, el.textContent]));
  for (const note of form.querySelectorAll(".while-typing")) if (told.get(note.dataset.of) !== note.textContent) clear(note);
  for (const [name, text] of told) show(form.elements[name], text);
}

function show(box, text) {
  if (!box?.id || box === document.activeElement || box.type === "hidden" || box.getAttribute("aria-invalid") === "true") return;
  if (document.getElementById(`${box.id}-typing`)) return;
  const note = document.createElement("p");
  note.className = "fault while-typing";
  note.id = `${box.id}-typing`;
  note.dataset.of = box.name;
  note.textContent = text;
  box.after(note);
  box.setAttribute("aria-describedby", [box.getAttribute("aria-describedby"), note.id].filter(Boolean).join(" "));
}

function clear(note) {
  const box = form.elements[note.dataset.of];
  box?.setAttribute("aria-describedby", (box.getAttribute("aria-describedby") || "").split(" ").filter((id) => id !== note.id).join(" "));
  note.remove();
}

export function wire() {
  form = document.querySelector("form[data-keep]");
  if (!form?.dataset.keep) return;
  const own = (e) => e.target.form === form || e.target.closest?.("form") === form;
  document.addEventListener("input", (e) => { if (own(e)) later(IDLE); });
  document.addEventListener("change", (e) => {
    if (!own(e)) return;
    const note = document.getElementById(`${e.target.id}-typing`);
    if (note) clear(note);
    later(SOON);
  });
  document.addEventListener("submit", (e) => { if (e.target === form && !e.defaultPrevented) { over = true; clearTimeout(timer); asking?.abort(); } });
  document.addEventListener("visibilitychange", () => { if (document.hidden) last(); });
}

// Not in wire(): before the listener of the lock, which blanks the page on the way out, and what is blanked sends nothing.
addEventListener("pagehide", () => { if (form?.dataset.keep) last(); });
