// A sheet is printed only by a browser that draws margin boxes: without them a page would lack its number and purpose.
const rules = () => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
const draws = () => rules().some((rule) => rule.constructor.name === "CSSPageRule" && rule.cssText.includes("@bottom-right"));

// Pictures of scanned pages: a sheet on which one of them is missing must not be printed, by the browser's own menu neither.
const arrived = (picture) => new Promise((resolve, reject) => {
  const judge = () => (picture.naturalWidth ? resolve() : reject(new Error("no picture")));
  if (picture.complete) judge();
  for (const event of ["load", "error"]) picture.addEventListener(event, judge, { once: true });
});
const pictures = [...document.querySelectorAll("[data-page]")];
const waiting = document.querySelector("[data-pictures]");
const show = (what, shown) => { if (what) what.hidden = !shown; };

const button = document.querySelector("[data-print]");
const ready = () => {
  document.documentElement.classList.remove("waiting");
  show(waiting, false);
  button.disabled = false;
  if (!document.querySelector("[autofocus]")) button.focus();
};
const failed = () => {
  show(waiting, false);
  show(document.querySelector("[data-no-pictures]"), true);
};
if (draws()) {
  document.documentElement.classList.add("boxes", "waiting");
  show(waiting, pictures.length > 0);
  button.addEventListener("click", () => print());
  if (pictures.length) Promise.all(pictures.map(arrived)).then(ready, failed);
  else ready();
} else {
  document.querySelector("[data-no-boxes]").hidden = false;
}
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
