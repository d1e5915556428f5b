// What is typed and not sent survives every swap of the pane, a change of conversation, Back and a reload.
const STORE = "helpdesk.kept-text";
// By data-keep, which names the member too: what was typed, and the server's text it was typed over.
const kept = new Map(JSON.parse(sessionStorage.getItem(STORE) ?? "[]"));

function keep(name, typed, over) {
  if (typed === over) kept.delete(name);
  else kept.set(name, { typed, over });
  sessionStorage.setItem(STORE, JSON.stringify([...kept]));
}

document.addEventListener("input", (event) => {
  const text = event.target;
  if (text.dataset?.keep) keep(text.dataset.keep, text.value, text.defaultValue);
});

function restore() {
  for (const text of document.querySelectorAll("textarea[data-keep]")) {
    const old = kept.get(text.dataset.keep);
    if (!old || text.value === old.typed) continue;
    // A text the server has just handed back (by Undo, say) stands first; what was typed meanwhile follows.
    const news = text.defaultValue !== old.over && text.defaultValue && old.typed.trim();
    text.value = news ? `${text.defaultValue}\n\n${old.typed}` : old.typed;
    keep(text.dataset.keep, text.value, text.defaultValue);
  }
}

document.addEventListener("htmx:afterSwap", restore);
restore();

// A press that the server took has used the text up.
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt;
  if (!form?.matches("form[data-composer-form]") || event.detail.xhr.status >= 300) return;
  keep(form.querySelector("[data-keep]").dataset.keep, "", "");
});

let leaving = false;
document.addEventListener("submit", (event) => { leaving ||= !event.defaultPrevented; });
// Back reads the page anew; the text comes along, so nobody needs to be asked.
addEventListener("popstate", () => {
  leaving = true;
  setTimeout(() => { leaving = false; }, 1000);
});
addEventListener("beforeunload", (event) => {
  if (!leaving && [...kept.values()].some((old) => old.typed.trim())) event.preventDefault();
});
