// A part of the page marked data-steady is not exchanged under the hands of whoever is using it.
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const part = event.detail.target;
  if (!part?.matches?.("[data-steady]")) return;
  if (part.contains(document.activeElement) || part.querySelector("[open]")) event.detail.shouldSwap = false;
});
