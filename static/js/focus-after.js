// After the pane was swapped the focus stands where the person goes on: the faulty text, or the heading.
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "conversation") return;
  const pane = document.querySelector("#conversation");
  const fault = pane.querySelector(".finding, .field-error");
  const from = event.detail.requestConfig?.elt;
  if (fault) fault.closest("form").querySelector("textarea").focus();
  else if (from?.matches("[data-row]") || !document.activeElement || document.activeElement === document.body) {
    pane.querySelector("[data-opened]")?.focus({ preventScroll: true });
  }
});
