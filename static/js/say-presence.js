// Say to the others who is at the open conversation: at once when that changes, and every few seconds.
import { send } from "./send.js";

const BEAT = 10000;
const TYPING_BEAT = 3000;
const IDLE = 6000;
const tab = Math.random().toString(36).slice(2);
let at = null;
let said = null;
let saidAt = 0;
let typed = null;
let typedAt = -Infinity;

const address = () => document.querySelector("#conversation")?.dataset.presence ?? null;

function doing() {
  if (document.hidden) return "away";
  return Date.now() - typedAt < IDLE ? typed : "viewing";
}

function say(to, what) {
  send(to, { doing: what, tab });
}

function beat() {
  const now = address();
  if (at && at !== now) {
    say(at, "gone");
    typedAt = -Infinity;
  }
  const what = doing();
  const pause = what === "replying" || what === "noting" ? TYPING_BEAT : BEAT;
  if (now && (now !== at || what !== said || Date.now() - saidAt >= pause)) {
    say(now, what);
    saidAt = Date.now();
  }
  at = now;
  said = now && what;
}

document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-composer] textarea")) return;
  typed = event.target.closest(".note-form") ? "noting" : "replying";
  typedAt = event.target.value.trim() ? Date.now() : -Infinity;
  beat();
});
document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "conversation") {
    typedAt = -Infinity;
    beat();
  }
});
document.addEventListener("visibilitychange", beat);
addEventListener("pagehide", () => {
  if (at) say(at, "gone");
  at = null;
});
addEventListener("pageshow", (event) => { if (event.persisted) beat(); });
setInterval(beat, 1000);
beat();
