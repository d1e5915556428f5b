// Mark the row whose conversation is open, and keep the page's title with what is open.
function mark() {
  const open = document.querySelector("#conversation")?.dataset.number;
  for (const row of document.querySelectorAll("[data-row]")) {
    if (row.dataset.row === open) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
  const title = document.querySelector("#queue")?.dataset.title;
  if (!open && title) document.title = title;
}

document.addEventListener("htmx:afterSettle", mark);
mark();
