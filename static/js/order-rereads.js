// The order card is read again when the order has changed, and, in case nobody says so, 3 and 10 s after it was
// asked for. A card that looks for itself does so twice for each ask and no more.
const LOOKS = [3000, 10000];
let waitsFor = "";

const card = () => document.querySelector("[data-order]");
const reread = () => card()?.dispatchEvent(new CustomEvent("order:reread"));

document.addEventListener("live:order", (event) => {
  if (card()?.dataset.order === String(event.detail.order)) reread();
});
// What was said while nobody could hear it; not all browsers need to ask at once.
for (const name of ["resumed", "resync"]) {
  document.addEventListener(`live:${name}`, () => setTimeout(reread, Math.random() * 1000));
}

function watch() {
  const asked = card()?.dataset.asked ? `${card().dataset.order} ${card().dataset.asked}` : "";
  if (!asked || asked === waitsFor) return;
  waitsFor = asked;
  for (const wait of LOOKS) {
    setTimeout(() => { if (waitsFor === asked && card()?.dataset.asked) reread(); }, wait);
  }
}

document.addEventListener("htmx:afterSettle", watch);
watch();
