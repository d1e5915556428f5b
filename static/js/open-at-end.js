// A conversation opens at its end, or at what waits for an answer when that stands higher; it stays at its end
// while a reply is on its way.
const scroller = () => document.querySelector("[data-open-at-end]");
let atEnd = true;

function open() {
  const box = scroller();
  if (!box || box.contains(document.getElementById(location.hash.slice(1)))) return;
  box.scrollTop = box.scrollHeight;
  const waiting = box.querySelector("[data-open-here]");
  if (!waiting) return;
  const above = waiting.getBoundingClientRect().top - box.getBoundingClientRect().top;
  if (above < 0) box.scrollTop += above - 8;
}

document.addEventListener("htmx:beforeSwap", () => {
  const box = scroller();
  atEnd = !box || box.scrollHeight - box.scrollTop - box.clientHeight < 40;
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "conversation") open();
  else if (event.detail.target?.id === "timeline" && atEnd) scroller().scrollTop = scroller().scrollHeight;
});
open();
