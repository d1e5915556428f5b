// What is dear to make is read again at most every few seconds, however much changes; focus and scroll stay where
// they were.
const HOLD = 2000;
let timer = null;
let readAt = 0;
let kept = null;
// What the reader has asked for and not yet got: an older answer must not come over it.
let asked = null;

const ownLook = () => document.querySelector("[data-paced]");
const isOwn = (element) => element.matches("[data-paced]");
const isOurs = (event) => ownLook() && event.detail.target === ownLook().parentElement;
// A swap would take away what is being marked.
const isMarking = (place) => {
  const marked = getSelection();
  return !marked.isCollapsed && place.contains(marked.anchorNode);
};

function plan() {
  if (!ownLook()) return;
  const wait = readAt + Number(ownLook().dataset.paced) * 1000 - Date.now();
  timer ??= setTimeout(read, Math.max(wait, 0));
}

function read() {
  timer = null;
  const look = ownLook();
  if (!look || document.hidden) return;
  if (isMarking(look.parentElement) || asked) {
    timer = setTimeout(read, HOLD);
    return;
  }
  readAt = Date.now();
  htmx.trigger(look, "paced");
}

document.body.addEventListener("queue:refresh", plan);

document.addEventListener("htmx:beforeRequest", (event) => {
  if (isOurs(event) && !isOwn(event.detail.elt)) asked = event.detail.xhr;
});
for (const name of ["responseError", "sendError", "timeout"]) {
  document.addEventListener(`htmx:${name}`, (event) => { if (event.detail.xhr === asked) asked = null; });
}

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isOurs(event)) return;
  const { target: place, xhr, requestConfig } = event.detail;
  const isStale = isOwn(requestConfig.elt) ? asked || !requestConfig.elt.isConnected : xhr !== asked;
  if (isStale) {
    event.detail.shouldSwap = false;
    return;
  }
  asked = null;
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  kept = { place, id: focused?.id, address: focused?.getAttribute("href"), top: place.parentElement.scrollTop };
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (!kept || event.detail.target !== kept.place) return;
  const { place, id, address, top } = kept;
  kept = null;
  place.parentElement.scrollTop = top;
  if (place.contains(document.activeElement)) return;
  const focused = id ? document.getElementById(id) : address && place.querySelector(`a[href="${CSS.escape(address)}"]`);
  // What stands in a tip cannot take the focus before the tip is shown, by the focus on its button.
  focused?.closest("[data-tip]")?.querySelector("button").focus({ preventScroll: true });
  focused?.focus({ preventScroll: true });
});
