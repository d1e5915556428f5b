// A tip that shows by itself goes away on Escape, until the pointer or the focus comes again.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const tip of document.querySelectorAll("[data-tip]")) {
    if (tip.matches(":hover, :focus-within")) tip.dataset.dismissed = "";
  }
});
for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    for (const tip of document.querySelectorAll("[data-tip][data-dismissed]")) {
      if (!tip.contains(event.target)) delete tip.dataset.dismissed;
    }
  });
}
