// What is typed and not sent survives every swap of the pane and a change of conversation.
const kept = new Map(); // by data-keep: what was typed, and the server's text it was typed over

document.addEventListener("input", (event) => {
  const text = event.target;
  if (text.dataset?.keep) kept.set(text.dataset.keep, { typed: text.value, over: text.defaultValue });
});

document.addEventListener("htmx:afterSwap", () => {
  for (const text of document.querySelectorAll("textarea[data-keep]")) {
    const old = kept.get(text.dataset.keep);
    if (!old || text.value === old.typed) continue;
    // A text the server has just handed back (by Undo, say) stands first; what was typed meanwhile follows.
    const news = text.defaultValue !== old.over && text.defaultValue && old.typed.trim();
    text.value = news ? `${text.defaultValue}\n\n${old.typed}` : old.typed;
    kept.set(text.dataset.keep, { typed: text.value, over: text.defaultValue });
  }
});

// A press that the server took has used the text up.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt;
  if (!form?.matches("form[data-composer-form]") || event.detail.xhr.status >= 300) return;
  kept.delete(form.querySelector("[data-keep]").dataset.keep);
});

let leaving = false;
document.addEventListener("submit", (event) => { leaving ||= !event.defaultPrevented; });
addEventListener("beforeunload", (event) => {
  if (!leaving && [...kept.values()].some((old) => old.typed.trim())) event.preventDefault();
});
