// When the list is read again, the row under the pointer or the focus keeps its place on the screen.
import { announce } from "./announce.js";

// A row that jumps to another band is let go: keeping it would leave half of the list empty.
const MOST_ROOM = 144; // two rows and a heading
let before = null;
const isQueue = (event) => event.detail.target?.id === "queue";
const rowsOf = (list) => [...list.querySelectorAll("[data-row]")];
const urgent = (list) =>
  new Set(rowsOf(list).filter((row) => ["settle", "late", "critical"].includes(row.dataset.face)).map((row) => row.dataset.row));

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isQueue(event)) return;
  const list = event.detail.target.closest("[data-steady-list]");
  const focused = document.activeElement?.closest("[data-row]");
  const anchor = focused ?? list.querySelector("[data-row]:hover") ?? null;
  before = {
    list,
    first: rowsOf(list).length === 0,
    urgent: urgent(list),
    hadFocus: Boolean(focused),
    number: anchor?.dataset.row,
    index: rowsOf(list).indexOf(anchor),
    top: anchor?.getBoundingClientRect().top ?? 0,
  };
});

document.addEventListener("htmx:afterSwap", (event) => {
  if (!isQueue(event) || !before) return;
  const { list, first, hadFocus, number, index, top, urgent: old } = before;
  before = null;
  endAtOnce(list, event.detail.requestConfig);
  const rows = rowsOf(list);
  const row = rows.find((one) => one.dataset.row === number);
  if (row) hold(list, row, top);
  if (hadFocus) (row ?? rows[Math.min(index, rows.length - 1)])?.focus({ preventScroll: true });
  const fresh = [...urgent(list)].filter((one) => !old.has(one)).length;
  if (fresh && !first) announce(`${fresh} became urgent`);
});

// Scroll so that the row stands where it stood; where there is nothing to scroll, room is made for a while.
function hold(list, row, top) {
  const queue = list.querySelector("#queue");
  release(list);
  const wanted = list.scrollTop + row.getBoundingClientRect().top - top;
  const content = queue.offsetHeight + list.querySelector("#queue-more").offsetHeight;
  const missing = wanted + list.clientHeight - content;
  if (wanted < -MOST_ROOM) return;
  if (wanted < 0) makeRoom(queue, -wanted);
  else if (wanted > 0 && missing > 0) queue.style.paddingBottom = `${missing}px`;
  list.scrollTop = wanted;
}

// The room above says why it is there, so that it does not look like rows that failed to come.
function makeRoom(queue, height) {
  queue.dataset.room = "";
  queue.style.setProperty("--room", `${height}px`);
}

function release(list) {
  const queue = list.querySelector("#queue");
  delete queue.dataset.room;
  queue.style.removeProperty("--room");
  queue.style.paddingBottom = "";
}

for (const list of document.querySelectorAll("[data-steady-list]")) {
  list.addEventListener("pointerleave", () => { if (!list.contains(document.activeElement)) release(list); });
  // Who goes on to another row needs the room no longer.
  list.addEventListener("focusout", (event) => { if (event.relatedTarget && !list.matches(":hover")) release(list); });
}

// A list that was made longer is read again as long as it is: a row that is pushed down must not fall out of it.
document.addEventListener("htmx:configRequest", (event) => {
  if (!isQueue(event)) return;
  const list = event.detail.target.closest("[data-steady-list]");
  if (list.querySelector("#queue-more [data-row]")) list.dataset.longer = "";
  if ("longer" in list.dataset) event.detail.parameters.rows = rowsOf(list).length;
});

function endAtOnce(list, asked) {
  const more = list.querySelector("#queue-more");
  if (asked.parameters.rows) more.replaceChildren();
  else if (more.querySelector("[data-row]")) htmx.trigger(asked.elt, "poll");
}
