// On paper nothing can be unfolded, so that it is all open there.
let closed = [];

addEventListener("beforeprint", () => {
  closed = [...document.querySelectorAll("details:not([open], [data-menu])")];
  for (const each of closed) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of closed) each.open = false;
});
