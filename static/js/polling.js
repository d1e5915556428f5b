// Where no live stream says what has changed, a page looks by itself; where one does, only to be safe.
import { isUp } from "./live-stream.js";

const SAFETY_SECONDS = 60;
const lastAt = new Map();
const keyOf = (element) => element.getAttribute("hx-get");

// A page nobody looks at asks for nothing.
document.addEventListener("htmx:beforeRequest", (event) => {
  if (!event.target.matches("[data-poll]")) return;
  if (document.hidden) event.preventDefault();
  else lastAt.set(keyOf(event.target), Date.now());
});

function look() {
  const pollers = document.hidden ? [] : document.querySelectorAll("[data-poll]");
  for (const element of pollers) {
    const key = keyOf(element);
    if (!lastAt.has(key)) lastAt.set(key, Date.now());
    const every = isUp() ? SAFETY_SECONDS : Number(element.dataset.poll);
    if (Date.now() - lastAt.get(key) >= every * 1000) htmx.trigger(element, "poll");
  }
}

if ("pollFallback" in document.body.dataset) setInterval(look, 1000);
