// Looking again takes nothing away that waits for its own answer, a row just opened or a button just pressed, which
// could not put anything else of the page right any more; nor what a finger is on, as a press is a click only where
// it ends on what it began on. What was looked at for a part of the page that has gone meanwhile is dropped.
const PRESS_MS = 1000;
const CLICK_MS = 100;
const missed = new Set();
const newest = new Map();
let isPressing = false;
let letGo = null;

const isLook = (element) => element.matches("[data-quiet]");
const canLookAgain = (element) => element.matches("[hx-trigger*=poll], [hx-trigger*=every]");
// Their answers bring other parts of them along.
const placeOf = (target) => target.closest(".evidence, #conversation") ?? target;
const isAwaited = (place) => place.querySelector(".htmx-request:not([data-quiet])") !== null;

function lookAgain() {
  const looks = [...missed].filter((element) => element.isConnected);
  missed.clear();
  for (const element of looks) htmx.trigger(element, "poll");
}

function judge(event) {
  const { target, requestConfig: { elt } } = event.detail;
  if (event.target !== event.currentTarget || !isLook(elt)) return;
  const isGone = !elt.isConnected || !target.isConnected;
  if (!isGone && !(canLookAgain(elt) && (isPressing || isAwaited(placeOf(target))))) return;
  event.detail.shouldSwap = false;
  if (!elt.isConnected) return;
  if (isGone) setTimeout(() => htmx.trigger(elt, "poll"));
  else missed.add(elt);
}

// An act whose place another answer has exchanged meanwhile finds it by its name, if nothing newer was asked there.
function findPlace(event) {
  const { target, xhr, requestConfig: { elt } } = event.detail;
  if (event.target !== event.currentTarget || isLook(elt) || target.isConnected || !target.id) return;
  const place = newest.get(target.id) === xhr ? document.getElementById(target.id) : null;
  if (place) event.detail.target = place;
  else event.detail.shouldSwap = false;
}

function endPressIn(milliseconds) {
  clearTimeout(letGo);
  letGo = setTimeout(() => {
    isPressing = false;
    lookAgain();
  }, milliseconds);
}

// Heard at the target itself: what happens at a part that has gone does not come up to the document.
document.addEventListener("htmx:beforeRequest", (event) => {
  const { elt, target, xhr } = event.detail;
  target.addEventListener("htmx:beforeSwap", isLook(elt) ? judge : findPlace);
  if (!isLook(elt)) newest.set(target.id, xhr);
});

document.addEventListener("htmx:afterRequest", (event) => {
  if (!isLook(event.detail.elt)) lookAgain();
});

// A press on a scroll bar has no end that one hears of.
document.addEventListener("pointerdown", () => {
  isPressing = true;
  endPressIn(PRESS_MS);
}, true);
for (const end of ["pointerup", "pointercancel"]) document.addEventListener(end, () => endPressIn(CLICK_MS), true);
