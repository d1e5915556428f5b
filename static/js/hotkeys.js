// data-hotkey="e" on a button, link or tab: that key presses it, seen or marked data-hotkey-unseen.
import { pressed } from "./pressed.js";

pressed((key) => {
  const found = [...document.querySelectorAll(`[data-hotkey="${CSS.escape(key)}"]`)];
  const element = found.find((one) => one.matches("[data-hotkey-unseen]") || one.checkVisibility());
  if (!element) return false;
  element.click();
  return true;
});

document.addEventListener("click", (event) => {
  const focuses = event.target.dataset?.focuses;
  if (focuses) document.querySelector(focuses)?.focus();
});
