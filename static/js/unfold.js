// What stands in a template inside a fold is made when the fold is opened, and not before.
document.addEventListener("toggle", (event) => {
  const fold = event.target;
  if (!fold.open || !fold.matches("[data-unfold]")) return;
  const template = fold.querySelector("template");
  if (template) template.replaceWith(template.content);
}, true);
