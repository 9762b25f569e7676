// Scanned pages: one large, all small; by keyboard, by button, and with a fresh address whenever one has run out.
import { afterLock, ask } from "./ask.js";
import { composing, fill, say, typing } from "./text.js";

const STEP = 1.25, LEAST = 0.05, MOST = 6;

export class Viewer {
  /** `stale`: what to do when whoever looked has signed in anew, so that no address of this page is good any more. */
  constructor(root, stale, alone = false) {
    this.root = root;
    this.stale = stale;
    this.alone = alone; // the page is the viewer's: keys anywhere on it are for it, and the address follows
    this.part = (name) => root.querySelector(`[data-${name}]`);
    this.links = [...root.querySelectorAll("[data-page]")];
    this.picture = this.part("picture");
    this.stage = this.part("stage");
    this.fit = "width";
    this.turned = 0;
    this.tried = false;
    this.at = Math.max(0, this.links.findIndex((a) => a.hasAttribute("aria-current")));
    this.wire();
    this.draw();
    if (this.picture.complete && this.picture.src && !this.picture.naturalWidth) this.broken();
  }

  get link() { return this.links[this.at]; }

  wire() {
    this.root.addEventListener("click", (e) => {
      const link = e.target.closest("[data-page]"), button = e.target.closest("[data-do]");
      if (link && !e.ctrlKey && !e.metaKey && !e.shiftKey) { e.preventDefault(); this.go(this.links.indexOf(link)); }
      if (button) this.act(button.dataset.do);
    });
    (this.alone ? document : this.root).addEventListener("keydown", (e) => this.key(e));
    this.picture.addEventListener("error", () => this.broken());
    this.picture.addEventListener("load", () => { this.tried = false; this.part("failed").hidden = true; this.draw(); });
    for (const link of this.links) link.querySelector("img")?.addEventListener("error", (e) => this.small(link, e.target), { once: true });
    new ResizeObserver(() => { if (this.fit) this.draw(); }).observe(this.stage);
  }

  key(e) {
    if (composing(e) || e.ctrlKey || e.metaKey || e.altKey || typing(e.target) || document.querySelector("dialog[open]")) return;
    const aside = this.stage.scrollWidth > this.stage.clientWidth && e.target === this.stage;
    const by = { PageDown: 1, PageUp: -1, ...(aside ? {} : { ArrowRight: 1, ArrowLeft: -1 }) }[e.key];
    if (!by) return;
    e.preventDefault();
    this.go(this.at + by);
  }

  act(name) {
    const acts = {
      prev: () => this.go(this.at - 1), next: () => this.go(this.at + 1), whole: () => this.fitted("whole"), width: () => this.fitted("width"),
      in: () => this.zoom(STEP), out: () => this.zoom(1 / STEP), turn: () => { this.turned = (this.turned + 90) % 360; this.draw(); }, again: () => this.load(this.stale),
    };
    acts[name]?.();
  }

  // --- which page

  go(n) {
    if (n < 0 || n >= this.links.length) return;
    this.link.removeAttribute("aria-current");
    this.at = n;
    this.link.setAttribute("aria-current", "true");
    this.link.scrollIntoView({ block: "nearest", inline: "nearest" });
    this.turned = 0;
    this.tried = false;
    this.part("counter").textContent = this.picture.alt = this.link.dataset.said;
    if (this.alone) history.replaceState(null, "", this.link.href);
    this.load(this.stale);
    say(this.link.dataset.said);
    this.root.dispatchEvent(new CustomEvent("turned", { bubbles: true }));
  }

  async load(stale = () => this.fail()) {
    const link = this.link, held = "held" in link.dataset;
    this.part("waiting").hidden = !held;
    this.part("failed").hidden = true;
    this.stage.hidden = held;
    if (held) {
      this.part("said-words").textContent = "";
      const black = this.part("black-link");
      if (black) black.href = link.dataset.black;
      return;
    }
    this.draw();
    try {
      const { status, part } = await ask("GET", link.dataset.again);
      if (link !== this.link) return; // somebody is further on already
      if (!part) return status === 404 ? stale() : this.fail();
      this.picture.src = part.dataset.address;
      const text = part.textContent.trim(), { words, wordless } = this.root.dataset;
      this.part("said-words").textContent = text ? fill(words, text) : wordless;
      this.stage.scrollTo(0, 0);
    } catch {
      if (link === this.link) this.fail();
    }
  }

  /** An address is good for ten minutes: the first failure asks for another one, the second is told. */
  broken() {
    if (this.tried) return this.fail();
    this.tried = true;
    this.load();
  }

  fail() {
    this.stage.hidden = true;
    this.part("failed").hidden = false;
  }

  async small(link, img) {
    try {
      const { part } = await ask("GET", link.dataset.again);
      if (part) img.src = part.dataset.small;
    } catch { /* the large one says what is wrong */ }
  }

  // --- how large

  fitted(how) {
    this.fit = how;
    this.draw();
  }

  zoom(by) {
    const { stage } = this, was = this.scale;
    const middle = [stage.scrollLeft + stage.clientWidth / 2, stage.scrollTop + stage.clientHeight / 2];
    this.scale = Math.min(MOST, Math.max(LEAST, was * by));
    this.fit = "";
    this.draw();
    // What was in the middle stays there: one enlarges what one is looking at.
    const grown = this.scale / was;
    stage.scrollTo(middle[0] * grown - stage.clientWidth / 2, middle[1] * grown - stage.clientHeight / 2);
  }

  draw() {
    if (!this.link || "held" in this.link.dataset) return;
    const wide = Number(this.link.dataset.width), high = Number(this.link.dataset.height), lies = this.turned % 180 !== 0;
    const [across, down] = lies ? [high, wide] : [wide, high];
    const room = [this.stage.clientWidth - 2, this.stage.clientHeight - 2];
    if (room[0] < 20) return;
    if (this.fit === "whole") this.scale = Math.min(room[0] / across, room[1] / down);
    if (this.fit === "width") this.scale = room[0] / across;
    const paper = this.part("paper").style, picture = this.picture.style;
    paper.width = `${across * this.scale}px`;
    paper.height = `${down * this.scale}px`;
    picture.width = `${wide * this.scale}px`;
    picture.height = `${high * this.scale}px`;
    picture.transform = `translate(-50%, -50%) rotate(${this.turned}deg)`;
    this.root.classList.add("drawn");
    this.part("zoom").textContent = `${Math.round(this.scale * 100)}%`;
  }
}

const own = document.querySelector("main > [data-viewer]");
if (own) {
  new Viewer(own, () => location.reload(), true);
  afterLock(() => location.reload());
}
