// A box with proposals: found by their first letters, their reading or any part, chosen by the arrow keys, Enter or Tab.
// Anything else may be typed as well. Without this script the browser shows the same list in its own way.
import { composing } from "./text.js";
import { findable, isWhole, meant } from "./spoken.js";

const MOST = 10;
const PURE = /^[ぁ-ゖァ-ヶーa-zA-Zａ-ｚ]+$/;
const lists = new WeakMap();
let list, input = null, chosen = -1, shown = [];

/** The words of a box, as they stand beside it on the page. */
export function proposals(box) {
  const id = box.dataset.list || box.getAttribute("list"), source = id && document.getElementById(id);
  if (!source) return [];
  if (!lists.has(source)) lists.set(source, [...source.options].map((o) => ({ ...findable(o.value, o.dataset.sound, o.getAttribute("label") || ""), gloss: o.getAttribute("label") || "" })));
  return lists.get(source);
}

const words = (box) => (box.dataset.echo === "term" ? terms(box) : proposals(box));

/** A bare number in the box of a term is an age or a number of years; which of them is likelier comes first. */
function terms(box) {
  const n = Number(box.value.normalize("NFKC")), whole = [findable("終身", "しゅうしん"), ...(/payment/.test(box.name) ? [findable("全期", "ぜんき")] : [])];
  if (!Number.isInteger(n) || n < 1 || n > 110) return whole;
  const both = [`${n}年`, `${n}歳まで`];
  return (n >= 40 ? both.reverse() : both).map((word) => findable(word));
}

function prepare(box) {
  box.dataset.list = box.getAttribute("list") || "";
  box.removeAttribute("list");
  box.setAttribute("role", "combobox");
  box.setAttribute("aria-autocomplete", "list");
  box.setAttribute("aria-expanded", "false");
  box.setAttribute("aria-controls", list.id);
}

function look(typed, all = false) {
  const every = words(input), text = typed.trim();
  if (!all && (!text || isWhole(every, text))) return close();
  const { found, sound } = all && (!text || isWhole(every, text)) ? { found: every, sound: false } : meant(every, text);
  show(found.slice(0, MOST), all || sound || (input.dataset.echo === "term" && found.length > 0) ? 0 : -1);
}

function show(found, at) {
  shown = found;
  if (!found.length) return close();
  list.replaceChildren(...found.map(({ word, gloss }, n) => {
    const option = document.createElement("li");
    option.id = `proposal-${n}`;
    option.setAttribute("role", "option");
    option.textContent = gloss ? `${word} ${gloss}` : word;
    return option;
  }));
  list.hidden = false;
  place();
  input.setAttribute("aria-expanded", "true");
  choose(at);
}

/** Below the box, or above it where there is no room. */
function place() {
  const box = input.getBoundingClientRect(), below = innerHeight - box.bottom > list.offsetHeight + 4;
  list.style.left = `${Math.min(box.left, innerWidth - list.offsetWidth - 8) + scrollX}px`;
  list.style.top = `${(below ? box.bottom : box.top - list.offsetHeight) + scrollY}px`;
  list.style.minWidth = `${box.width}px`;
}

function choose(at) {
  chosen = at;
  [...list.children].forEach((option, n) => option.setAttribute("aria-selected", String(n === at)));
  if (at < 0) input.removeAttribute("aria-activedescendant");
  else input.setAttribute("aria-activedescendant", `proposal-${at}`);
}

function close() {
  if (!list || list.hidden) return;
  list.hidden = true;
  list.replaceChildren();
  shown = [];
  chosen = -1;
  input?.setAttribute("aria-expanded", "false");
  input?.removeAttribute("aria-activedescendant");
}

function take(at) {
  const { word } = shown[at];
  close();
  if (input.value !== word) {
    input.value = word;
    for (const kind of ["input", "change"]) input.dispatchEvent(new Event(kind, { bubbles: true }));
  }
}

function key(e) {
  if (e.target !== input || composing(e) || e.ctrlKey || e.altKey || e.metaKey) return;
  const open = !list.hidden, step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
  if (step) {
    e.preventDefault();
    if (open) choose((chosen + step + shown.length) % shown.length); else look(input.value, true);
  } else if (e.key === "Escape" && open) {
    e.preventDefault();
    e.stopPropagation();
    close();
  } else if ((e.key === "Enter" || e.key === "Tab") && open) {
    if (chosen >= 0 && !e.shiftKey) take(chosen); else close();
  }
}

export function wire() {
  if (!document.querySelector("datalist, [data-echo=term]")) return;
  list = document.createElement("ul");
  list.id = "proposals";
  list.className = "proposals";
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", document.body.dataset.proposals || "");
  list.hidden = true;
  document.querySelector("main").append(list);
  document.addEventListener("focusin", (e) => {
    if (!e.target.matches("input[list], input[data-list], input[data-echo=term]")) return;
    input = e.target;
    if (!input.hasAttribute("aria-controls")) prepare(input);
  });
  document.addEventListener("focusout", (e) => { if (e.target === input) { close(); input = null; } });
  document.addEventListener("input", (e) => {
    if (e.target !== input || !e.isTrusted) return;
    if (!e.isComposing || PURE.test(e.data || "")) look(input.value); else close();
  });
  document.addEventListener("compositionend", (e) => { if (e.target === input) look(input.value); });
  document.addEventListener("keydown", key, true);
  list.addEventListener("mousedown", (e) => {
    e.preventDefault();
    const option = e.target.closest("[role=option]");
    if (option) take([...list.children].indexOf(option));
  });
  addEventListener("resize", close);
}
