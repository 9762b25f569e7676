// The box in the top bar: what is found while somebody types, chosen by the arrow keys. Asked by POST, so that no word
// stands in an address or a log; the answer is a page, read and not run.
import { composing, fill, say } from "./text.js";

const WAIT = 120;
const PURE = /^[ぁ-ゖァ-ヶー\s]+$/;
const token = () => document.querySelector("meta[name=csrf]")?.content || "";

let asking = null;

function ask(form, words) {
  asking?.abort();
  const request = asking = new XMLHttpRequest();
  request.open("POST", form.dataset.find);
  request.responseType = "document";
  request.setRequestHeader("X-Kura-Csrf", token());
  request.addEventListener("load", () => { if (request === asking) show(form, request.status === 200 && request.response?.getElementById("answer")); });
  request.send(new URLSearchParams({ words }));
}

function show(form, answer) {
  const list = form.querySelector("[role=listbox]"), input = form.elements.words;
  if (!answer || !input.value.trim() || !form.contains(document.activeElement)) return close(form);
  list.replaceChildren(...[...answer.childNodes].map((node) => document.importNode(node, true)));
  list.hidden = false;
  input.setAttribute("aria-expanded", "true");
  input.removeAttribute("aria-activedescendant");
  const count = Number(answer.dataset.count);
  say(count ? fill(form.dataset.found, count) : form.dataset.nothing);
}

function close(form) {
  const list = form.querySelector("[role=listbox]"), input = form.elements.words;
  list.hidden = true;
  list.replaceChildren();
  input.setAttribute("aria-expanded", "false");
  input.removeAttribute("aria-activedescendant");
}

const options = (form) => [...form.querySelectorAll("[role=option]")];
const chosen = (form) => form.querySelector('[role=option][aria-selected="true"]');

function choose(form, step) {
  const all = options(form);
  if (!all.length) return;
  const at = all.indexOf(chosen(form)), next = all[(at + step + all.length + (at < 0 && step < 0 ? 1 : 0)) % all.length];
  for (const each of all) each.setAttribute("aria-selected", String(each === next));
  form.elements.words.setAttribute("aria-activedescendant", next.id);
  next.scrollIntoView({ block: "nearest" });
}

function key(form, e) {
  if (composing(e)) return;
  const steps = { ArrowDown: 1, ArrowUp: -1 };
  if (steps[e.key] && options(form).length) { e.preventDefault(); choose(form, steps[e.key]); }
  if (e.key === "Enter" && chosen(form)) { e.preventDefault(); chosen(form).click(); }
  if (e.key === "Escape") {
    if (!form.querySelector("[role=listbox]").hidden) { e.preventDefault(); e.stopPropagation(); close(form); }
  }
}

export function wire() {
  const form = document.querySelector("form[data-find]");
  if (!form) return;
  const input = form.elements.words;
  let timer = 0;
  const later = (wait) => {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
    if (!input.value.trim()) return close(form);
    timer = setTimeout(() => ask(form, input.value), wait);
  };
  input.addEventListener("input", (e) => { if (!e.isComposing || PURE.test(e.data || "")) later(WAIT); });
  input.addEventListener("compositionend", () => later(0));
  form.addEventListener("keydown", (e) => key(form, e), true);
  form.addEventListener("focusout", (e) => { if (!form.contains(e.relatedTarget)) close(form); });
  form.addEventListener("mousedown", (e) => { if (e.target.closest("[role=option]")) e.preventDefault(); });
  form.addEventListener("submit", () => { clearTimeout(timer); asking?.abort(); });
}
