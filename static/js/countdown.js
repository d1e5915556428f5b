// Count down to the moment a reply leaves: toasts go, and Undo with them.
import { now } from "./server-clock.js";

function tick() {
  for (const element of document.querySelectorAll("[data-until]")) {
    const left = Math.max(0, (Date.parse(element.dataset.until) - now()) / 1000);
    if (element instanceof HTMLProgressElement) element.value = left;
    const number = element.querySelector("[data-countdown]");
    if (number) number.textContent = `${Math.ceil(left)} s`;
    if (left > 0) continue;
    if (element.matches("[data-toast]")) element.remove();
    else element.querySelectorAll("button").forEach((button) => { button.disabled = true; });
  }
}

setInterval(tick, 250);
