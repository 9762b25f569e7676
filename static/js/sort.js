// Sorts the rows of a table by the head that is pressed; sums stay where they are.
import { figure } from "./figures.js";

const value = (row, at) => row.cells[at].dataset.value ?? row.cells[at].textContent.trim();
const number = (s) => { const n = parseFloat(figure(s)); return Number.isNaN(n) ? Infinity : n; };

function sort(th) {
  const table = th.closest("table"), at = th.cellIndex;
  const up = th.getAttribute("aria-sort") !== "ascending";
  const order = th.dataset.sort === "num" ? (a, b) => number(value(a, at)) - number(value(b, at)) || 0
    : (a, b) => value(a, at).localeCompare(value(b, at), "ja", { numeric: true });
  const rows = [...table.tBodies[0].rows];
  const moved = rows.filter((r) => !r.classList.contains("sum")).sort((a, b) => (up ? order(a, b) : order(b, a)));
  table.tBodies[0].append(...moved, ...rows.filter((r) => r.classList.contains("sum")));
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  th.setAttribute("aria-sort", up ? "ascending" : "descending");
}

export function wire() {
  document.addEventListener("click", (e) => {
    const button = e.target.closest("th[data-sort] > .sort");
    if (button) sort(button.parentElement);
  });
}
