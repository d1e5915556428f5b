// What is typed and not sent survives every swap of the pane and a change of conversation.
const kept = new Map();

document.addEventListener("input", (event) => {
  const key = event.target.dataset?.keep;
  if (key) kept.set(key, event.target.value);
});

document.addEventListener("htmx:afterSwap", () => {
  for (const text of document.querySelectorAll("textarea[data-keep]")) {
    const old = kept.get(text.dataset.keep);
    if (old && !text.value) text.value = old;
  }
});

// A press that the server took has used the text up.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt?.closest("form[data-composer-form]");
  if (form && event.detail.xhr.status < 300) kept.delete(form.querySelector("[data-keep]").dataset.keep);
});

let leaving = false;
document.addEventListener("submit", (event) => { leaving ||= !event.defaultPrevented; });
addEventListener("beforeunload", (event) => {
  if (!leaving && [...kept.values()].some((text) => text.trim())) event.preventDefault();
});
