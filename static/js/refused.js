// What was refused is past once another act has succeeded, also one that brings only its own part anew.
document.addEventListener("htmx:afterOnLoad", (event) => {
  const { elt, xhr, requestConfig } = event.detail;
  if (requestConfig.verb === "get" || xhr.status >= 400 || elt.matches("[data-quiet]")) return;
  for (const words of document.querySelectorAll("[data-refusal]")) words.remove();
});
