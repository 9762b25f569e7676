// A sheet is printed only by a browser that draws margin boxes: without them a page would lack its number and purpose.
const rules = () => [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
const draws = () => rules().some((rule) => rule.constructor.name === "CSSPageRule" && rule.cssText.includes("@bottom-right"));

const button = document.querySelector("[data-print]");
if (draws()) {
  document.documentElement.classList.add("boxes");
  button.disabled = false;
  button.addEventListener("click", () => print());
  if (!document.querySelector("[autofocus]")) button.focus();
} else {
  document.querySelector("[data-no-boxes]").hidden = false;
}
addEventListener("pageshow", (e) => { if (e.persisted) location.reload(); });
