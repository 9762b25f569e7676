// A key pressed while the page still gets its scripts is kept and given to them, or it would be lost without a word; an Enter
// would send a form of which one box is typed, and the browser's own Ctrl+S would write the page to a file.
(() => {
  let kept = null;
  const box = (el) => el.matches?.("input:not([type=submit]):not([type=button]), textarea, select");
  const wanted = (e) => {
    if ((e.ctrlKey || e.metaKey) && e.key.toLowerCase() === "s") return true;
    if (e.ctrlKey || e.metaKey || e.altKey) return false;
    if (e.key === "Enter") return box(e.target) && !e.target.matches("textarea") && e.target.form?.matches("[data-enter]");
    return e.key === "Escape" || (e.key.length === 1 && e.key !== " " && !box(e.target));
  };
  const keep = (e) => {
    if (e.isComposing || e.keyCode === 229 || e.repeat || !wanted(e)) return;
    e.preventDefault();
    kept = e;
  };
  document.addEventListener("keydown", keep);
  document.addEventListener("wired", () => {
    document.removeEventListener("keydown", keep);
    if (!kept) return;
    const { key, ctrlKey, metaKey, shiftKey, target } = kept;
    (target.isConnected ? target : document.body).dispatchEvent(new KeyboardEvent("keydown", { key, ctrlKey, metaKey, shiftKey, bubbles: true, cancelable: true }));
  }, { once: true });
})();
