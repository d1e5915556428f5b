// t opens the tags of the focused row, else of the open conversation. What is typed until they are here is kept for
// their field: those letters must not close, assign or answer anything.
import { pressed } from "./pressed.js";

let typed = null;

function open() {
  const row = document.activeElement?.closest("[data-row][data-tags]");
  const button = document.querySelector("[data-tags-of-open]");
  if (row && !row.hasAttribute("aria-current")) {
    htmx.ajax("GET", row.dataset.tags, { source: row, target: "#sheet", swap: "innerHTML", push: "false" });
  } else if (button?.checkVisibility()) button.click();
  else return false;
  return true;
}

pressed((key) => {
  if (typed !== null) {
    if (key.length === 1) typed += key;
    return true;
  }
  if (key !== "t" || !open()) return false;
  typed = "";
  return true;
});

document.addEventListener("htmx:afterSettle", () => {
  const field = document.querySelector("dialog [data-pick-text]");
  if (typed === null || !field) return;
  if (typed) field.value = typed;
  typed = null;
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

for (const name of ["responseError", "sendError", "timeout", "sendAbort"]) {
  document.addEventListener(`htmx:${name}`, () => { typed = null; });
}
