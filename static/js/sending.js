// One file on its way: announced, sent in pieces, redrawn. Knows nothing of the page; what happens it tells `on`.
import { ask, Locked } from "./ask.js";
import { token } from "./lock.js";

const RETRIES = 4, PAUSE = 1500, BUSY_PAUSE = 5000, BUSY_RETRIES = 500; // a scan of 300 pages is read for half an hour

/** The server says no, in a sentence of its own; `boxes` when single boxes are to be mended. */
export class Refused extends Error {
  constructor(part) {
    super(part?.textContent || "");
    this.code = part?.dataset.code || "";
    this.boxes = part ? [...part.querySelectorAll("[data-box]")].map((el) => [el.dataset.box, el.textContent]) : [];
  }
}
/** The browser cannot read the file. */
export class Unreadable extends Error {}
/** What was sent is not there any more, and whether it became a document is not known. */
export class Lost extends Error {}

const wait = (ms, signal) => new Promise((done, fail) => {
  const timer = setTimeout(done, ms);
  signal.addEventListener("abort", () => { clearTimeout(timer); fail(new DOMException("aborted", "AbortError")); });
});

export class Sending {
  constructor(file, on) {
    this.file = file;
    this.on = on;
    this.found = null;
    this.stopping = new AbortController();
  }

  get signal() { return this.stopping.signal; }

  /** From wherever it stands to the document; resolves to {url, of, held}. */
  async run(url, fields, password) {
    if (this.signal.aborted) this.stopping = new AbortController();
    if (this.found) await this.look(); else await this.begin(url, fields);
    await this.send();
    return this.take(password);
  }

  async begin(url, fields) {
    const { status, part } = await ask("POST", url, { ...fields, name: this.file.name, size: this.file.size }, this.signal);
    if (status !== 201) throw new Refused(part);
    this.read(part);
  }

  read(part) {
    const told = part.dataset;
    this.found = { ...told, size: Number(told.size), of: Number(told.of), missing: told.missing.split(" ").filter(Boolean).map(Number) };
  }

  /** Which pieces are missing: after a dropped connection the server knows better. */
  async look() {
    const { status, part } = await ask("GET", this.found.state, null, this.signal);
    // Nothing on its way: whatever became of it says the end of the redrawing.
    if (status === 404) { this.found.missing = []; return; }
    if (!part) throw new TypeError("network");
    this.read(part);
  }

  async send() {
    let failed = 0;
    while (this.found.missing.length) {
      const number = this.found.missing[0];
      try {
        await this.piece(number);
        this.found.missing.shift();
        failed = 0;
        this.on.sent((this.found.of - this.found.missing.length) / this.found.of);
      } catch (error) {
        if (!(error instanceof TypeError) || ++failed > RETRIES) throw error;
        await wait(PAUSE * failed, this.signal);
        await this.look().catch((e) => { if (!(e instanceof TypeError)) throw e; });
      }
    }
  }

  async piece(number) {
    const { size } = this.found;
    const body = await this.file.slice((number - 1) * size, number * size).arrayBuffer().catch(() => { throw new Unreadable(); });
    const answer = await fetch(this.found.piece.replace(/0$/, number), { method: "POST", body, cache: "no-store", redirect: "error", signal: this.signal,
      headers: { "X-Kura-Csrf": token(), "Content-Type": "application/octet-stream" } });
    if (answer.status === 403) throw new Locked();
    if (answer.status >= 500) throw new TypeError("network");
    if (answer.status === 404) throw new Lost();
    if (!answer.ok) throw new Refused(null);
  }

  async take(password) {
    for (let tried = 0; ; tried += 1) {
      this.on.drawing();
      const last = await this.redrawn(password);
      if (last.answer === "done") return last;
      if (last.code === "not-found") throw new Lost();
      if (last.code !== "busy" || tried >= BUSY_RETRIES) throw Object.assign(new Refused(null), { message: last.text, code: last.code });
      this.on.busy();
      await wait(BUSY_PAUSE, this.signal);
    }
  }

  /** The last line of the answer; each one before it is a page that is done. */
  async redrawn(password) {
    const answer = await fetch(this.found.take, { method: "POST", body: new URLSearchParams({ password }), cache: "no-store", redirect: "error", signal: this.signal,
      headers: { "X-Kura-Csrf": token() } });
    if (answer.status === 403) throw new Locked();
    if (answer.status === 404) throw new Lost();
    if (answer.status >= 500) throw new TypeError("network");
    let last = null;
    for await (const line of lines(answer.body)) {
      const told = read(line);
      if (told?.answer === "step") this.on.drawn(Number(told.number), Number(told.of)); else last = told || last;
    }
    if (!last) throw new TypeError("network"); // the answer broke off
    return last;
  }

  /** Nothing of it stays on the server. */
  stop() {
    this.stopping.abort();
    this.leave();
  }

  leave() {
    if (!this.found?.cancel) return;
    fetch(this.found.cancel, { method: "POST", cache: "no-store", redirect: "error", keepalive: true, headers: { "X-Kura-Csrf": token() } }).catch(() => {});
    this.found = null;
  }
}

/** The lines of an answer that is still coming. */
export async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    const parts = (rest + (value || "")).split("\n");
    rest = parts.pop();
    yield* parts;
    if (done) break;
  }
  if (rest) yield rest;
}

const plain = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&#34;|&quot;/g, '"').replace(/&#39;/g, "'").replace(/&amp;/g, "&");

/** A line of the answer while it is still coming, which no parser of whole pages can read. */
export function read(line) {
  if (!line.includes("data-answer")) return null;
  const told = Object.fromEntries([...line.matchAll(/data-([a-z]+)="([^"]*)"/g)].map(([, name, value]) => [name, plain(value)]));
  return { ...told, text: plain(line.replace(/<[^>]*>/g, "")) };
}
