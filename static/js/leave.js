// Nothing typed is lost by leaving: the browser asks first.
let dirty = false;
export const isDirty = () => dirty;
export const release = () => { dirty = false; };

export function wire() {
  const guarded = (e) => e.target.closest?.("form[data-guard]") || e.target.form?.matches("[data-guard]");
  dirty = Boolean(document.querySelector('form[data-guard="dirty"]')); // came back with faults
  for (const kind of ["input", "change"]) document.addEventListener(kind, (e) => { if (guarded(e)) dirty = true; });
  document.addEventListener("submit", (e) => { if (!e.defaultPrevented && e.target.matches("form[data-guard]")) release(); });
  addEventListener("beforeunload", (e) => { if (dirty) e.preventDefault(); });
}
