// data-copy="text" on a button: that text goes to the clipboard, and the button says so for a moment.
import { announce } from "./announce.js";

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without TLS a browser has no clipboard for pages; the text stands beside the button.
    announce("This browser does not allow copying here");
    return;
  }
  button.dataset.copied = "";
  announce("Copied");
  setTimeout(() => { delete button.dataset.copied; }, 1500);
});
