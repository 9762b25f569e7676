// Black boxes on a page that waits: drawn by pointer, or added and moved by keys. What is sent are page pixels.
import { fill, say } from "./text.js";

const NS = "http://www.w3.org/2000/svg", LEAST = 6;
const form = document.querySelector("form[data-blackout]");
const drawing = form.querySelector("[data-drawing]"), list = form.querySelector("[data-areas]");
const wide = Number(form.dataset.width), high = Number(form.dataset.height);
const boxes = [];

const clamp = (n, least, most) => Math.round(Math.min(Math.max(n, least), Math.max(least, most)));

/** A place of the screen in pixels of the page, also while the drawing is scaled. */
function at(e) {
  const point = new DOMPoint(e.clientX, e.clientY).matrixTransform(drawing.getScreenCTM().inverse());
  return [clamp(point.x, 0, wide), clamp(point.y, 0, high)];
}

class Box {
  constructor(left, top, width, height) {
    Object.assign(this, { left, top, width, height });
    this.rect = document.createElementNS(NS, "rect");
    this.rect.setAttribute("class", "black");
    this.rect.setAttribute("tabindex", "0");
    this.rect.setAttribute("role", "button");
    this.input = Object.assign(document.createElement("input"), { type: "hidden", name: "area" });
    this.text = document.createElement("span");
    const go = Object.assign(document.createElement("button"), { type: "button", className: "plain" });
    go.append(this.text);
    go.addEventListener("click", () => this.rect.focus());
    this.remover = Object.assign(document.createElement("button"), { type: "button", className: "button small", textContent: form.dataset.delete });
    this.remover.addEventListener("click", () => this.remove());
    this.row = document.createElement("li");
    this.row.append(go, " ", this.remover, this.input);
    this.rect.addEventListener("keydown", (e) => this.key(e));
    this.rect.addEventListener("pointerdown", (e) => this.drag(e));
    drawing.append(this.rect);
    list.append(this.row);
    boxes.push(this);
    this.put();
  }

  put() {
    this.width = clamp(this.width, LEAST, wide);
    this.height = clamp(this.height, LEAST, high);
    this.left = clamp(this.left, 0, wide - this.width);
    this.top = clamp(this.top, 0, high - this.height);
    for (const [name, value] of [["x", this.left], ["y", this.top], ["width", this.width], ["height", this.height]]) this.rect.setAttribute(name, value);
    this.input.value = [this.left, this.top, this.width, this.height].join(",");
  }

  key(e) {
    if (e.ctrlKey || e.altKey || e.metaKey) return;
    const step = Math.max(2, Math.round(wide / 200));
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[e.key];
    if (e.key === "Delete" || e.key === "Backspace") { e.preventDefault(); this.remove(); return; }
    if (!by) return;
    e.preventDefault();
    if (e.shiftKey) { this.width += by[0]; this.height += by[1]; } else { this.left += by[0]; this.top += by[1]; }
    this.put();
    this.rect.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  drag(e) {
    if (e.button) return;
    e.preventDefault();
    e.stopPropagation();
    this.rect.focus();
    const [x, y] = at(e), { left, top } = this;
    follow(e, (now) => { this.left = left + now[0] - x; this.top = top + now[1] - y; this.put(); });
  }

  remove() {
    const n = boxes.indexOf(this);
    boxes.splice(n, 1);
    this.rect.remove();
    this.row.remove();
    number();
    say(form.dataset.removed);
    (boxes[Math.min(n, boxes.length - 1)]?.rect || form.querySelector("[data-add]")).focus();
  }
}

function number() {
  boxes.forEach((box, i) => {
    box.text.textContent = fill(form.dataset.area, i + 1);
    box.rect.setAttribute("aria-label", fill(form.dataset.area, i + 1));
    box.remover.setAttribute("aria-label", `${fill(form.dataset.area, i + 1)} ${form.dataset.delete}`);
  });
}

/** Hears where the pointer goes until it is let go. */
function follow(e, moved, ended = () => {}) {
  drawing.setPointerCapture(e.pointerId);
  const move = (now) => moved(at(now));
  const end = () => { drawing.removeEventListener("pointermove", move); ended(); };
  drawing.addEventListener("pointermove", move);
  drawing.addEventListener("pointerup", end, { once: true });
  drawing.addEventListener("pointercancel", end, { once: true });
}

function draw(e) {
  if (e.button || e.target.matches("rect.black")) return;
  e.preventDefault();
  const [x, y] = at(e);
  let box = null;
  follow(e, ([nx, ny]) => {
    if (!box && Math.abs(nx - x) < LEAST && Math.abs(ny - y) < LEAST) return; // a click is no box
    box ||= new Box(x, y, LEAST, LEAST);
    Object.assign(box, { left: Math.min(x, nx), top: Math.min(y, ny), width: Math.abs(nx - x), height: Math.abs(ny - y) });
    box.put();
  }, () => { if (box) { number(); box.rect.focus(); } });
}

/** In the middle of what is seen of the page. */
function add() {
  const { top, bottom } = drawing.getBoundingClientRect();
  const middle = ((Math.max(0, top) + Math.min(bottom, innerHeight)) / 2 - top) / (bottom - top) * high;
  const width = wide / 4, height = high / 30;
  const box = new Box(wide / 2 - width / 2, middle - height / 2, width, height);
  number();
  box.rect.focus();
  say(form.dataset.added);
}

if (drawing) {
  for (const row of [...list.querySelectorAll("[data-area-row]")]) {
    new Box(...row.querySelector("input").value.split(",").map(Number));
    row.remove();
  }
  for (const rect of drawing.querySelectorAll(".no-script")) rect.remove();
  number();
  drawing.addEventListener("pointerdown", draw);
  form.querySelector("[data-add]").addEventListener("click", add);
}
