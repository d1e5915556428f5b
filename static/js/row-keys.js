// j and k walk the rows, o opens, u goes back to them where no page is to be left.
import { pressed } from "./pressed.js";

const visible = () => [...document.querySelectorAll("[data-row]")].filter((row) => row.checkVisibility());
const at = (rows) => {
  const focused = rows.indexOf(document.activeElement?.closest("[data-row]"));
  return focused >= 0 ? focused : rows.findIndex((row) => row.hasAttribute("aria-current"));
};

function go(row) {
  row?.focus({ preventScroll: true });
  row?.scrollIntoView({ block: "nearest" });
}

pressed((key) => {
  const rows = visible();
  if (!rows.length) return false;
  const index = at(rows);
  if (key === "j") go(rows[Math.min(index + 1, rows.length - 1)]);
  else if (key === "k") go(rows[Math.max(index - 1, 0)]);
  else if (key === "o") (rows[index] ?? rows[0]).click();
  else if (key === "u") go(rows[Math.max(index, 0)]);
  else return false;
  return true;
});
