// The warehouse's board is read again when a check has changed, and after a pause of the live stream.
const GATHER = 150;
let timer = null;

function reread() {
  timer ??= setTimeout(() => {
    timer = null;
    document.body.dispatchEvent(new CustomEvent("checks:refresh"));
  }, GATHER);
}

for (const name of ["check", "hello", "resumed", "resync"]) document.addEventListener(`live:${name}`, reread);
document.addEventListener("visibilitychange", () => { if (!document.hidden) reread(); });
