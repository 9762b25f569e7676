// The reading of a name from what was typed before conversion, into the field "kana" beside a field "name";
// never over a reading that a person has corrected. Word by word, so that a word taken back takes its reading along.
import { katakana } from "./text.js";

const states = new WeakMap();
const PURE = /^[ぁ-ゖァ-ヶー\s]+$/;

function state(input) {
  if (!/(^|-)name$/.test(input.id || "")) return null;
  const kana = document.getElementById(input.id.replace(/name$/, "kana"));
  if (!kana?.dataset.kana) return null;
  if (!states.has(input)) states.set(input, { kana, reading: "", parts: [{ word: input.value, reading: kana.value }], written: kana.value });
  return states.get(input);
}

const words = (s) => s.parts.map(({ word }) => word).join("");

function write(s) {
  if (s.kana.value !== s.written) return; // corrected
  s.kana.value = s.written = s.parts.map(({ reading }) => reading).join("").replace(/\s+/g, " ").trimStart();
}

/** What was typed behind all that stood there, or in its place; elsewhere nobody can tell how the whole is read. */
function add(s, input, word, reading) {
  if (input.value === word) s.parts = [];
  else if (input.value !== words(s) + word) return;
  s.parts.push({ word, reading });
  write(s);
}

/** Of a word of which something was taken away the reading is not known any more. */
function shorten(s, input) {
  while (s.parts.length && !input.value.startsWith(words(s))) s.parts.pop();
  if (words(s) === input.value) write(s);
}

export function wire() {
  document.addEventListener("compositionstart", (e) => { const s = state(e.target); if (s) s.reading = ""; });
  document.addEventListener("compositionupdate", (e) => {
    const s = state(e.target), sound = e.data.normalize("NFKC"); // half-width kana too
    if (s && PURE.test(sound)) s.reading = sound;
  });
  document.addEventListener("compositionend", (e) => {
    const s = state(e.target);
    if (s && e.data) add(s, e.target, e.data, katakana(s.reading)); else if (s) shorten(s, e.target);
  });
  document.addEventListener("input", (e) => {
    const s = state(e.target), text = (e.data || "").normalize("NFKC");
    if (!s || e.isComposing) return;
    if (/^delete/.test(e.inputType || "")) shorten(s, e.target);
    else if (/^\s$/.test(text) && s.written) add(s, e.target, e.data, " ");
    else if (PURE.test(text) && e.inputType === "insertText") add(s, e.target, e.data, katakana(text));
  });
}
