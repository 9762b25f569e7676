// A box that only some answers need stays away until one of them is chosen, unless it holds something.
export function wire() {
  const boxes = [...document.querySelectorAll("[data-when]")];
  const show = () => {
    for (const box of boxes) {
      const answer = box.form.elements[box.dataset.when]?.value;
      const wanted = box.dataset.is.split(" ").includes(answer);
      box.closest(".field").hidden = !wanted && !box.value && box.getAttribute("aria-invalid") !== "true";
    }
  };
  if (!boxes.length) return;
  show();
  document.addEventListener("change", (e) => { if (e.target.matches("select")) show(); });
}
