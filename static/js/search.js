// "/" goes to the search field, or to the page that has one. Escape in it brings the list back; Enter and the arrow
// down go into what was found for the words that stand there.
import { pressed } from "./pressed.js";

const field = () => document.querySelector("[data-search]");
const firstFound = () => document.querySelector("#found [data-row]");
let answered = field()?.value;

pressed((key) => {
  if (key !== "/") return false;
  const place = field();
  if (place?.checkVisibility()) {
    place.focus();
    place.select();
  } else document.querySelector("[data-search-page]")?.click();
  return true;
});

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id === "found") answered = event.detail.requestConfig.parameters.q;
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-search]") || event.isComposing) return;
  if (event.key === "Escape") {
    event.target.value = "";
    answered = "";
    document.querySelector("#found").replaceChildren();
    event.target.blur();
  } else if ((event.key === "Enter" || event.key === "ArrowDown") && answered === event.target.value && firstFound()) {
    firstFound().focus();
  } else return;
  event.preventDefault();
});
