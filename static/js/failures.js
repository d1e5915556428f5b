// An answer that did not come, said in words. What was typed is still in its place.
import { dismiss, toast } from "./toasts.js";

const WORDS = {
  0: "No connection. Nothing was lost; try again.",
  403: "Your role does not allow this, or the page was open too long: reload it.",
  404: "That is not here any more. Reload the page.",
  503: "The helpdesk is briefly away. Nothing was lost; try again.",
};

// Whoever may no longer see a page must not go on looking at it: the server says what they may see.
const SHUT = [401, 403, 404];

function failed(event) {
  const { elt, xhr } = event.detail;
  if (elt.matches("[data-quiet]") && SHUT.includes(xhr?.status)) {
    location.reload();
    return;
  }
  if (elt.matches("[data-quiet]")) toast("paused", "Live updates paused, trying again.");
  else toast("failed", WORDS[xhr?.status ?? 0] ?? "That did not work. Nothing was changed; try again.");
}

document.addEventListener("htmx:responseError", failed);
document.addEventListener("htmx:sendError", failed);
document.addEventListener("htmx:timeout", failed);
document.addEventListener("htmx:afterOnLoad", (event) => {
  if (event.detail.xhr.status >= 400) return;
  dismiss("paused");
  if (!event.detail.elt.matches("[data-quiet]")) dismiss("failed");
});
