// Ctrl+Enter in a text presses its form's button marked data-ctrl-enter.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || !event.target.matches("textarea")) return;
  const button = event.target.form?.querySelector("[data-ctrl-enter]");
  if (!button || button.disabled) return;
  event.preventDefault();
  event.target.form.requestSubmit(button);
});
