// After the pane was swapped the focus stands where the person goes on: the faulty text, the heading, or,
// when the conversation was left, its row.
let left;

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "conversation") left = event.detail.target.dataset.number;
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "conversation") return;
  const pane = document.querySelector("#conversation");
  const moved = pane.querySelector("[data-review]");
  const fault = pane.querySelector(".finding, .field-error");
  const lost = !document.activeElement || document.activeElement === document.body;
  // Not into the text: a second press of the same keys must not send what was just stopped.
  if (moved) moved.focus();
  else if (fault) fault.closest("form").querySelector("textarea").focus();
  else if (!pane.dataset.number) document.querySelector(`[data-row="${left}"]`)?.focus();
  else if (lost || event.detail.requestConfig?.elt.matches("[data-row]")) {
    pane.querySelector("[data-opened]").focus({ preventScroll: true });
  }
});
