// The person who was chosen in 家族図 has the focus when the page comes back; after the browser has gone to the section.
addEventListener("load", () => setTimeout(() => document.querySelector("[data-kin] [aria-current]")?.focus({ preventScroll: true })));

// A table that was folded away has no width: whether it scrolls shows when it is unfolded.
document.querySelector("#family details")?.addEventListener("toggle", () => dispatchEvent(new Event("resize")));
