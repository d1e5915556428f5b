// When something has changed, the list and the open conversation are read again: an event says what, never how.
const GATHER = 150;
const AGAIN = 3000;
const SPREAD = 1000;
const changed = new Set();
let everything = false;
let timer = null;

const openNumber = () => Number(document.querySelector("#conversation")?.dataset.number);

function plan(wait) {
  timer ??= setTimeout(read, wait);
}

function read() {
  timer = null;
  // Nobody looks: it is read when somebody does.
  if (document.hidden) return;
  const open = everything || changed.has(openNumber());
  changed.clear();
  everything = false;
  document.body.dispatchEvent(new CustomEvent("queue:refresh"));
  if (open) document.body.dispatchEvent(new CustomEvent("timeline:refresh"));
}

function readEverything(wait) {
  everything = true;
  plan(wait);
}

document.addEventListener("live:conversation", (event) => {
  changed.add(event.detail.number);
  plan(GATHER);
});
// The list carries the health of the channels with it.
document.addEventListener("live:account", () => {
  document.body.dispatchEvent(new CustomEvent("account:refresh"));
  plan(GATHER);
});
// A page that has just come may have been made before the stream began.
document.addEventListener("live:hello", () => readEverything(GATHER));
document.addEventListener("live:bye", () => readEverything(0));
// All browsers hear these at once; they need not all ask at once.
for (const name of ["resumed", "resync"]) {
  document.addEventListener(`live:${name}`, () => readEverything(GATHER + Math.random() * SPREAD));
}
document.addEventListener("visibilitychange", () => { if (!document.hidden) readEverything(0); });

// What could not be read is asked for again, or a change would be missed.
for (const name of ["responseError", "sendError", "timeout"]) {
  document.addEventListener(`htmx:${name}`, (event) => {
    if (event.detail.elt.matches("[data-poll]")) readEverything(AGAIN);
  });
}
