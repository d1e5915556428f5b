// Keep every time left true between two answers of the server; words and faces are those of inbox/sla.py.
import { now } from "./server-clock.js";
import { announce } from "./announce.js";

const HOUR = 3600;
const CRITICAL = 2 * HOUR;
const SOON = 4 * HOUR;
const CALM = 8 * HOUR;
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export function duration(seconds) {
  const minutes = Math.floor(Math.trunc(seconds) / 60);
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (hours > 48) return `${Math.floor(hours / 24)} d`;
  if (hours >= 10) return `${hours} h`;
  if (hours) return `${hours} h ${String(rest).padStart(2, "0")} m`;
  return `${minutes} m`;
}

export function face(left) {
  if (left < 0) return "late";
  if (left < CRITICAL) return "critical";
  if (left < SOON) return "soon";
  return left < CALM ? "plain" : "calm";
}

const isUrgent = (name) => name === "critical" || name === "late";

function tick() {
  let closest = Infinity;
  let becameUrgent = 0;
  for (const chip of document.querySelectorAll("[data-due]")) {
    const left = (Date.parse(chip.dataset.due) - now()) / 1000;
    const looks = face(left);
    const row = chip.closest("[data-row]");
    if (row && isUrgent(looks) && !isUrgent(chip.dataset.face)) becameUrgent += 1;
    chip.dataset.face = looks;
    if (row && row.dataset.face !== "settle") row.dataset.face = looks;
    chip.querySelector(".word").textContent = looks === "late" ? "Late" : "";
    chip.querySelector("[data-text]").textContent = duration(Math.abs(left));
    closest = Math.min(closest, Math.abs(left));
  }
  if (becameUrgent) announce(`${becameUrgent} became urgent`);
  setTimeout(tick, closest < 300 && !calm.matches ? 1000 : 30000);
}

setTimeout(tick, 1000);
