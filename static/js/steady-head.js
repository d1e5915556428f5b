// A part of the page marked data-steady is not exchanged under the hands of whoever is using it.
let isBehind = false;

document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const part = event.detail.target;
  if (!part?.matches?.("[data-steady]")) return;
  if (!part.contains(document.activeElement) && !part.querySelector("[open]")) return;
  event.detail.shouldSwap = false;
  isBehind = true;
});

// What was left out comes with the next look: it must not be told that nothing is new.
document.addEventListener("htmx:afterSwap", (event) => {
  if (!isBehind || event.detail.target.id !== "timeline") return;
  isBehind = false;
  document.querySelector("#timeline > [hx-vals]")?.removeAttribute("hx-vals");
});
