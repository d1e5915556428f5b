// data-go="c" on a link: the key g and then that key follows it.
import { pressed } from "./pressed.js";

const PATIENCE = 1500;
let since = -Infinity;

pressed((key) => {
  if (key === "g") {
    since = performance.now();
    return true;
  }
  const waits = performance.now() - since < PATIENCE;
  since = -Infinity;
  const link = waits ? document.querySelector(`[data-go="${CSS.escape(key)}"]`) : null;
  link?.click();
  return Boolean(link);
});
