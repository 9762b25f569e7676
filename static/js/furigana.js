// The reading of a name from what was typed before conversion, into the field "kana" beside a field "name";
// never over a reading that a person has corrected.
import { katakana } from "./text.js";

const states = new WeakMap();
const PURE = /^[ぁ-ゖァ-ヶー\s]+$/;

function state(input) {
  if (!/(^|-)name$/.test(input.id || "")) return null;
  const kana = document.getElementById(input.id.replace(/name$/, "kana"));
  if (!kana?.dataset.kana) return null;
  if (!states.has(input)) states.set(input, { kana, reading: "", written: kana.value });
  return states.get(input);
}

function write(s, value) {
  if (s.kana.value !== s.written) return; // corrected
  s.kana.value = s.written = value;
}

export function wire() {
  document.addEventListener("compositionstart", (e) => { const s = state(e.target); if (s) s.reading = ""; });
  document.addEventListener("compositionupdate", (e) => {
    const s = state(e.target);
    if (s && PURE.test(e.data)) s.reading = e.data;
  });
  document.addEventListener("compositionend", (e) => {
    const s = state(e.target);
    if (s && e.data) write(s, s.written + katakana(s.reading));
  });
  document.addEventListener("input", (e) => {
    const s = state(e.target);
    if (!s || e.isComposing) return;
    if (e.target.value === "") write(s, "");
    else if (/^[\s　]$/.test(e.data || "") && s.written) write(s, s.written.trimEnd() + " ");
    else if (PURE.test(e.data || "") && e.inputType === "insertText") write(s, s.written + katakana(e.data));
  });
}
