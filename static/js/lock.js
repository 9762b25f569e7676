// Nobody at the PC: the page is blanked at once, and what was typed stays in it until the same person is back.
// On waking from sleep, in a page brought back from the browser's memory, and in every tab of the session together.
import { release } from "./leave.js";

const TICK = 5000;
const root = document.documentElement;
const channel = "BroadcastChannel" in window ? new BroadcastChannel("kura") : null;
let dialog, idle, last = Date.now(), tick = Date.now(), told = 0, kept = Date.now(), shown = true, before = null;

const locked = () => root.classList.contains("locked");
const tell = (message) => channel?.postMessage(message);

function blank() { root.classList.add("locked"); }

function lock(others = true) {
  if (locked() && dialog.open) return;
  before = document.activeElement;
  blank();
  if (others) { tell({ locked: true }); leave(); }
  document.querySelectorAll("dialog[open]").forEach((d) => { if (d !== dialog) d.close(); });
  dialog.showModal();
}

// Blank here and open on the server would be half a lock: whoever reloads the page would be in.
function leave() {
  fetch(dialog.dataset.lock, { method: "POST", cache: "no-store", redirect: "error", keepalive: true,
    headers: { "X-Kura-Csrf": token() } }).catch(() => {});
}

export const token = () => document.querySelector("meta[name=csrf]").content;

function take(csrf) {
  document.querySelectorAll('input[name="csrf_token"]').forEach((i) => { i.value = csrf; });
  document.querySelector("meta[name=csrf]").content = csrf;
}

/** The session goes on under a new secret: this page's forms need its token, and those of the other tabs too. */
export function renew(csrf) {
  take(csrf);
  tell({ token: csrf });
}

function unlock(csrf) {
  take(csrf);
  last = kept = tick = Date.now();
  root.classList.remove("locked");
  say("");
  dialog.querySelector("form").reset();
  dialog.close();
  before?.focus?.();
}

function reload() {
  release();
  location.reload();
}

/** In the lock's own window: the rest of the page is hidden from screen readers too. */
export function say(text) {
  const box = document.getElementById("lock-said");
  box.hidden = !text;
  box.textContent = text;
}

/** Whoever is back has proved it: the page goes on with the new token, or is loaded anew for somebody else. */
export function conclude(csrf, other = false) {
  tell(other ? { reload: true } : { csrf });
  if (other) reload(); else unlock(csrf);
}

async function ask(e) {
  e.preventDefault();
  const form = e.target, button = form.querySelector("[type=submit]");
  button.disabled = true;
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)), cache: "no-store",
      redirect: "error", headers: { "X-Kura-Csrf": token() } });
    const csrf = answer.headers.get("X-Kura-Csrf"), other = Boolean(answer.headers.get("X-Kura-Reload"));
    if (other || (answer.ok && csrf)) return conclude(csrf, other);
    say(answer.status === 403 ? dialog.dataset.wrong : answer.status === 429 ? dialog.dataset.wait : dialog.dataset.gone);
  } catch {
    say(dialog.dataset.off);
  } finally {
    button.disabled = false;
  }
  const password = form.elements.password;
  password.value = "";
  password.focus();
}

/** Typing without saving is work too: the session must not end under it. */
function alive() {
  const url = document.body.dataset.alive;
  if (!url || Date.now() - kept < (idle * 1000) / 4 || last < kept) return;
  kept = Date.now();
  fetch(url, { method: "POST", cache: "no-store", redirect: "error", headers: { "X-Kura-Csrf": token() } })
    .then((answer) => { if (answer.status === 401 || answer.status === 410) lock(); }, () => {});
}

function check() {
  const now = Date.now();
  // A hidden tab's clock is slowed by the browser; only a visible one's gap means that the PC slept.
  const slept = shown && now - tick > 90_000;
  tick = now;
  shown = !document.hidden;
  if (locked()) return;
  if (slept || now - last >= idle * 1000) lock(); else alive();
}

function active() {
  if (locked()) return;
  check(); // the first key after a pause must not count as work before the pause has been looked at
  if (locked()) return;
  last = Date.now();
  if (last - told > TICK) { told = last; tell({ active: last }); }
}

export function wire() {
  dialog = document.getElementById("lock");
  idle = Number(document.body.dataset.idle);
  addEventListener("pageshow", (e) => { if (e.persisted) { blank(); reload(); } });
  if (!dialog || !idle) return;
  addEventListener("pagehide", blank);
  for (const kind of ["keydown", "pointerdown", "pointermove", "wheel", "input"]) addEventListener(kind, active, { passive: true, capture: true });
  for (const kind of ["visibilitychange", "resume"]) document.addEventListener(kind, check);
  addEventListener("focus", check);
  setInterval(check, TICK);
  dialog.addEventListener("cancel", (e) => e.preventDefault());
  dialog.addEventListener("close", () => { if (locked()) dialog.showModal(); });
  dialog.querySelector("form").addEventListener("submit", ask);
  dialog.querySelector("a").addEventListener("click", release);
  channel?.addEventListener("message", ({ data }) => {
    if (data.active) last = Math.max(last, data.active);
    if (data.locked) lock(false);
    if (data.csrf && locked()) unlock(data.csrf);
    if (data.token) take(data.token);
    if (data.reload) reload();
  });
}
