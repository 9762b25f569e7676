// A choice that changes the page: sent at once when picked by pointer, else when one leaves it,
// because arrow keys walk through the choices and each step is a change.
export function wire() {
  for (const select of document.querySelectorAll("select[data-submit]")) {
    const button = document.getElementById(select.dataset.submit);
    const start = select.value;
    let pointer = false;
    const send = () => { if (select.value !== start) button.click(); };
    select.addEventListener("pointerdown", () => { pointer = true; });
    select.addEventListener("keydown", () => { pointer = false; });
    select.addEventListener("change", () => { if (pointer) send(); });
    select.addEventListener("blur", send);
  }
}
