// A single key pressed outside of any text; the first listener that takes it ends it.
const SWITCH = "helpdesk.single-keys";
const listeners = [];
const typing = (element) =>
  element.isContentEditable || element.matches("textarea, select, input:not([type=radio], [type=checkbox], [type=button])");

export function pressed(listener) {
  listeners.push(listener);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && event.target.matches("textarea")) return event.target.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || event.isComposing) return;
  if (typing(event.target) || document.querySelector("dialog[open]") || localStorage.getItem(SWITCH) === "off") return;
  if (listeners.some((listener) => listener(event.key))) event.preventDefault();
});

// Whoever speaks to the computer, or rests a hand on the keyboard, can switch single keys off (WCAG 2.1.4).
for (const box of document.querySelectorAll("[data-single-keys]")) {
  box.checked = localStorage.getItem(SWITCH) !== "off";
  box.addEventListener("change", () => localStorage.setItem(SWITCH, box.checked ? "on" : "off"));
}
