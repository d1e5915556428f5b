// What somebody has unfolded, or folded up, stays so when its part of the page is read again.
let folds = [];

document.addEventListener("htmx:beforeSwap", (event) => {
  folds = [...event.detail.target.querySelectorAll("details[id]")].map(({ id, open }) => ({ id, open }));
});

document.addEventListener("htmx:afterSwap", () => {
  for (const { id, open } of folds) document.getElementById(id)?.toggleAttribute("open", open);
  folds = [];
});
