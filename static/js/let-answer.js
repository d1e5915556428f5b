// Looking again takes nothing away that waits for its own answer: a row just opened, a button just pressed. That
// answer could not put anything else of the page right any more.
const missed = new Set();
const isLook = (element) => element.matches("[data-quiet]");
// The timeline's answer brings the rest of the conversation along.
const placeOf = (target) => (target.id === "timeline" ? target.closest("#conversation") : target);

document.addEventListener("htmx:beforeSwap", (event) => {
  const { target, requestConfig: { elt } } = event.detail;
  if (!isLook(elt)) return;
  const isOld = !elt.isConnected;
  if (!isOld && !placeOf(target).querySelector(".htmx-request:not([data-quiet])")) return;
  event.detail.shouldSwap = false;
  if (!isOld) missed.add(elt);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (isLook(event.detail.elt)) return;
  const looks = [...missed].filter((elt) => elt.isConnected);
  missed.clear();
  for (const elt of looks) htmx.trigger(elt, "poll");
});
