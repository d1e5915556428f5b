// Whoever is told of a deadline sees it at once: the count in the rail has grown since it was last read.
import { announce } from "./announce.js";
import { toast } from "./toasts.js";

const count = () => parseInt(document.querySelector("[data-warnings]")?.dataset.warnings || "0", 10);
let known = count();

document.addEventListener("htmx:load", () => {
  if (!document.querySelector("[data-warnings]")) return;
  const now = count();
  if (now > known) {
    const text = "A deadline needs you. See Warnings.";
    toast("warning", text);
    announce(text);
    setTimeout(() => document.querySelector('[data-toast="warning"]')?.remove(), 15000);
  }
  known = now;
});
