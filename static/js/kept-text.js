// What is typed and not sent survives every swap of the pane, a change of conversation, Back and a reload. The
// server has it as a draft 1.5 s after the last key; until it has, the session's storage does.
import { send } from "./send.js";

const STORE = "helpdesk.kept-text";
const REST = 1500;
const AGAIN = 10000;
// By data-keep, which names the member too: what was typed, and the server's text it was typed over. A reply's
// also knows where drafts are saved and its form's key.
const kept = new Map(JSON.parse(sessionStorage.getItem(STORE) ?? "[]"));
const timers = new Map();

function keep(name, text) {
  if (text.typed === text.over) kept.delete(name);
  else kept.set(name, text);
  sessionStorage.setItem(STORE, JSON.stringify([...kept]));
}

function forget(name) {
  clearTimeout(timers.get(name));
  kept.delete(name);
  sessionStorage.setItem(STORE, JSON.stringify([...kept]));
}

const drafted = (text) => ({ address: text.closest("[data-draft]").dataset.draft, key: text.form.elements.client_key.value });

function typedIn(text) {
  const save = "saves" in text.dataset ? drafted(text) : null;
  keep(text.dataset.keep, { typed: text.value, over: text.defaultValue, save });
}

function saveAfter(name, wait) {
  clearTimeout(timers.get(name));
  timers.set(name, setTimeout(() => save(name), wait));
}

async function save(name) {
  clearTimeout(timers.get(name));
  const old = kept.get(name);
  if (!old?.save) return;
  if (!await send(old.save.address, { body: old.typed, client_key: old.save.key })) {
    saveAfter(name, AGAIN);
    return;
  }
  // Back may have asked for the page before this was saved: what comes may not have it, so it is kept here.
  if (leaving) return;
  // The server's text is this one now; what was typed since stands over it.
  const text = document.querySelector(`textarea[data-keep="${CSS.escape(name)}"]`);
  if (text) {
    const value = text.value;
    text.defaultValue = old.typed;
    if (text.value !== value) text.value = value;
    typedIn(text);
  } else if (kept.has(name)) keep(name, { ...kept.get(name), over: old.typed });
  if (kept.has(name)) saveAfter(name, REST);
}

document.addEventListener("input", (event) => {
  const text = event.target;
  if (!text.dataset?.keep) return;
  typedIn(text);
  if ("saves" in text.dataset) saveAfter(text.dataset.keep, REST);
});

function restore() {
  for (const text of document.querySelectorAll("textarea[data-keep]")) {
    const old = kept.get(text.dataset.keep);
    if (!old || text.value === old.typed) continue;
    // A text the server has just handed back (by Undo, say) stands first; what was typed meanwhile follows.
    const news = text.defaultValue !== old.over && text.defaultValue && old.typed.trim();
    text.value = news ? `${text.defaultValue}\n\n${old.typed}` : old.typed;
    typedIn(text);
    if ("saves" in text.dataset) saveAfter(text.dataset.keep, REST);
  }
}

document.addEventListener("htmx:afterSwap", restore);
restore();

// What is not saved yet is saved when its place goes.
const saveAll = () => kept.forEach((_, name) => save(name));
document.addEventListener("htmx:beforeSwap", (event) => {
  const form = event.detail.requestConfig?.elt;
  const pressed = form?.closest?.("form[data-composer-form]");
  // A press that the server took has used the text up; one that it refused has made it the draft.
  if (pressed) {
    const text = pressed.querySelector("[data-keep]");
    if (event.detail.xhr.status < 300 || (event.detail.xhr.status === 409 && "saves" in text.dataset)) forget(text.dataset.keep);
  } else if (event.detail.target?.id === "conversation") saveAll();
});
addEventListener("pagehide", saveAll);
document.addEventListener("visibilitychange", () => { if (document.hidden) saveAll(); });

let leaving = false;
document.addEventListener("submit", (event) => { leaving ||= !event.defaultPrevented; });
// Back reads the page anew; the text comes along, so nobody needs to be asked.
addEventListener("popstate", () => {
  leaving = true;
  setTimeout(() => { leaving = false; }, 1000);
});
addEventListener("beforeunload", (event) => {
  const here = [...kept.values()].filter((old) => old.typed.trim() && (!old.save || !navigator.onLine));
  if (!leaving && here.length) event.preventDefault();
});
