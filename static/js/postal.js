// The address of a postal code, from the table that lies on the server; never over one that somebody has typed.
import { ask } from "./ask.js";
import { say } from "./text.js";

export function wire() {
  const form = document.querySelector("form[data-postal]");
  const code = form?.elements.postal_code, address = form?.elements.address;
  if (!code || !address) return;
  let proposed = "", asked = code.value;
  const look = async () => {
    const digits = code.value.normalize("NFKC").replace(/[^0-9]/g, "");
    if (digits.length !== 7 || digits === asked || (address.value && address.value !== proposed)) return;
    asked = digits;
    const { part } = await ask("POST", form.dataset.postal, { code: digits }).catch(() => ({}));
    const found = part?.textContent.trim();
    if (!found || (address.value && address.value !== proposed)) return;
    address.value = proposed = found;
    address.dispatchEvent(new Event("input", { bubbles: true }));
    if (document.activeElement === address) address.select(); // who types the address himself goes on undisturbed
    say(part.dataset.said);
  };
  code.addEventListener("input", (e) => { if (!e.isComposing) look(); });
  code.addEventListener("change", look);
}
