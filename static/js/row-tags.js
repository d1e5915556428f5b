// t on a row that is not open tags it from the list; the open conversation has a button of its own.
import { pressed } from "./pressed.js";

pressed((key) => {
  if (key !== "t") return false;
  const row = document.activeElement?.closest("[data-row][data-tags]");
  if (!row || row.hasAttribute("aria-current")) return false;
  htmx.ajax("GET", row.dataset.tags, { source: row, target: "#sheet", swap: "innerHTML" });
  return true;
});
