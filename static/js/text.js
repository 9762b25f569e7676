// Words and keys, shared by the other modules.

const said = () => document.getElementById("said");

/** Tell a screen reader; emptied first, so that the same words twice are heard twice. */
export function say(text) {
  const box = said();
  if (!box) return;
  box.textContent = "";
  setTimeout(() => { box.textContent = text; }, 50);
}

export const fill = (text, n) => (text || "").replace("{n}", n);
export const hiragana = (s) => s.replace(/[ァ-ヶ]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 0x60));
export const katakana = (s) => s.replace(/[ぁ-ゖ]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0x60));

/** One spelling for full and half width, both kana, capitals, hyphens and blanks. */
export const fold = (s) => hiragana(s.normalize("NFKC").toLowerCase()).replace(/[\s\-‐‑–—−・･]/g, "");

/** An Enter that chooses a conversion is not an Enter; older input methods say 229 instead of isComposing. */
export const composing = (e) => e.isComposing || e.keyCode === 229;

export const typing = (el) => el instanceof Element
  && (el.matches("textarea, select, [contenteditable]") || (el.matches("input") && !/^(checkbox|radio|button|submit)$/.test(el.type)));

export const group = (n) => n.toLocaleString("ja");
