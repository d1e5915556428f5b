// Show who else is at a conversation: in its row, in its head, and above the composer while somebody writes.
import { announce } from "./announce.js";
import { people } from "./live-stream.js";
import { now } from "./server-clock.js";

const WORDS = {
  viewing: "is looking at this",
  away: "has this open in another tab",
  replying: "is writing a reply",
  noting: "is writing a note",
};
const MOST = 3;
// Who pauses and goes on is not announced again within this time.
const HUSH = 60000;
const announcedAt = new Map();
const me = Number(document.body.dataset.me);
const writes = (person) => person.doing === "replying" || person.doing === "noting";

function others() {
  const found = new Map();
  for (const person of people()) {
    if (person.member === me) continue;
    const here = found.get(person.conversation) ?? [];
    found.set(person.conversation, [...here, person]);
  }
  for (const here of found.values()) here.sort((one, other) => writes(other) - writes(one) || one.member - other.member);
  return found;
}

function avatar(person) {
  const mark = document.createElement("span");
  mark.className = "person is-present";
  mark.dataset.doing = person.doing;
  mark.dataset.member = person.member;
  mark.title = `${person.name} ${WORDS[person.doing] ?? WORDS.viewing}`;
  mark.role = "img";
  mark.ariaLabel = mark.title;
  const letters = document.createElement("span");
  letters.textContent = person.initials;
  mark.append(letters);
  return mark;
}

// Only what differs is touched, so that nothing flickers.
function fill(place, here, most) {
  const marks = here.slice(0, most);
  const key = JSON.stringify(marks.map((person) => [person.member, person.doing]));
  if ((place.dataset.shown ?? "[]") === key) return;
  place.dataset.shown = key;
  place.querySelectorAll(".is-present").forEach((mark) => mark.remove());
  place.prepend(...marks.map(avatar));
}

function show() {
  const found = others();
  for (const row of document.querySelectorAll("[data-row]")) {
    const place = row.querySelector(".people");
    if (place) fill(place, found.get(Number(row.dataset.row)) ?? [], 2);
  }
  const pane = document.querySelector("#conversation[data-number]");
  if (!pane) return;
  const here = found.get(Number(pane.dataset.number)) ?? [];
  fill(pane.querySelector("[data-present]"), here, MOST);
  showWriting(pane.querySelector("[data-writing]"), here.filter(writes));
}

function showWriting(bar, writing) {
  bar.hidden = writing.length === 0;
  const words = bar.querySelector("[data-writing-words]");
  const said = writing.length > 1 ? `${writing.length} others are writing` : writing.map((one) => `${one.name} ${WORDS[one.doing]}`).join("");
  if (words.textContent !== said) {
    words.textContent = said;
    if (said && !(Date.now() - announcedAt.get(said) < HUSH)) {
      announcedAt.set(said, Date.now());
      announce(said);
    }
  }
  const since = writing.length ? Math.max(0, Math.round((now() - Date.parse(writing[0].since)) / 1000)) : 0;
  bar.querySelector("[data-writing-since]").textContent = writing.length ? `(${since} s)` : "";
}

for (const name of ["live:presence", "live:hello", "htmx:afterSettle"]) document.addEventListener(name, show);
setInterval(show, 1000);

// data-presses="n" on a button: as if that key had been pressed.
document.addEventListener("click", (event) => {
  const key = event.target.closest("[data-presses]")?.dataset.presses;
  if (key) document.querySelector(`[data-hotkey="${CSS.escape(key)}"]`)?.click();
});
