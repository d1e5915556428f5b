// What is dear to make is read again at most every few seconds, however much changes; what is unfolded stays so, and
// focus and scroll stay where they were.
const HOLD = 2000;
let timer = null;
let readAt = 0;
let kept = null;

const reader = () => document.querySelector("[data-paced]");
// A swap would take away what is being marked.
const isMarking = (place) => {
  const marked = getSelection();
  return !marked.isCollapsed && place.contains(marked.anchorNode);
};

function plan() {
  if (!reader()) return;
  const wait = readAt + Number(reader().dataset.paced) * 1000 - Date.now();
  timer ??= setTimeout(read, Math.max(wait, 0));
}

function read() {
  timer = null;
  const element = reader();
  if (!element || document.hidden) return;
  if (isMarking(element.parentElement)) {
    timer = setTimeout(read, HOLD);
    return;
  }
  readAt = Date.now();
  htmx.trigger(element, "paced");
}

document.body.addEventListener("queue:refresh", plan);

const isOurs = (event) => reader() && event.detail.target === reader().parentElement;
const addressOf = (element) => element?.getAttribute("href");

document.addEventListener("htmx:beforeSwap", (event) => {
  if (!isOurs(event)) return;
  const place = event.detail.target;
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const open = [...place.querySelectorAll("details[id][open]")].map((each) => each.id);
  kept = { open, id: focused?.id, address: addressOf(focused), top: place.parentElement.scrollTop };
});

document.addEventListener("htmx:afterSwap", () => {
  const place = reader()?.parentElement;
  if (!kept || !place) return;
  const { open, id, address, top } = kept;
  kept = null;
  for (const each of open) place.querySelector(`#${CSS.escape(each)}`)?.setAttribute("open", "");
  place.parentElement.scrollTop = top;
  if (place.contains(document.activeElement)) return;
  const focused = id ? document.getElementById(id) : address && place.querySelector(`a[href="${CSS.escape(address)}"]`);
  focused?.focus({ preventScroll: true });
});
