// An address can name a part that is read later than its page: once it has come, it is shown and, among others of
// its kind, marked. It is scrolled to once: whoever has read on is not taken back.
let landed = "";

document.addEventListener("htmx:afterSettle", () => {
  const part = document.getElementById(location.hash.slice(1));
  if (!part?.matches("[data-lands]")) return;
  if (part.parentElement.querySelectorAll("[data-lands]").length > 1) part.setAttribute("aria-current", "true");
  if (landed === location.href) return;
  landed = location.href;
  const drawer = part.closest("[popover]");
  if (drawer && !part.checkVisibility()) drawer.showPopover();
  part.scrollIntoView({ block: "start" });
});
