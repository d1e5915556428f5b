// Looking again takes nothing away that waits for its own answer: a row just opened, a button just pressed. That
// answer could not put anything else of the page right any more. What was looked at for a part of the page that has
// gone meanwhile is dropped.
const missed = new Set();
const isLook = (element) => element.matches("[data-quiet]");
// The timeline's answer brings the rest of the conversation along.
const placeOf = (target) => (target.id === "timeline" ? target.closest("#conversation") : target);

function judge(event) {
  const { target, requestConfig: { elt } } = event.detail;
  if (event.target !== event.currentTarget || !isLook(elt)) return;
  const isGone = !elt.isConnected || !target.isConnected;
  if (!isGone && !placeOf(target).querySelector(".htmx-request:not([data-quiet])")) return;
  event.detail.shouldSwap = false;
  if (!elt.isConnected) return;
  if (isGone) setTimeout(() => htmx.trigger(elt, "poll"));
  else missed.add(elt);
}

// Heard at the target itself: what happens at a part that has gone does not come up to the document.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (isLook(event.detail.elt)) event.detail.target.addEventListener("htmx:beforeSwap", judge);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (isLook(event.detail.elt)) return;
  const looks = [...missed].filter((elt) => elt.isConnected);
  missed.clear();
  for (const elt of looks) htmx.trigger(elt, "poll");
});
