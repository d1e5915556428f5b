// A dialog that arrives in an answer opens, and goes when it is closed or when its act is done.
document.addEventListener("htmx:afterSettle", () => {
  for (const dialog of document.querySelectorAll("dialog[data-modal]:not([open])")) {
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    dialog.showModal();
  }
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.target?.id === "conversation") document.querySelector("dialog[data-modal][open]")?.close();
});

// Or when the server says so.
document.addEventListener("sheet:done", () => document.querySelector("dialog[data-modal][open]")?.close());
