// Says that live updates are paused, unless they come back before anybody could have missed one.
const GRACE = 1500;
const banner = document.querySelector("[data-live-banner]");
let timer = null;

function down() {
  timer ??= setTimeout(() => { if (banner) banner.textContent = "Live updates paused, retrying"; }, GRACE);
}

function up() {
  clearTimeout(timer);
  timer = null;
  if (banner) banner.textContent = "";
}

for (const name of ["lost", "paused"]) document.addEventListener(`live:${name}`, down);
for (const name of ["hello", "resumed"]) document.addEventListener(`live:${name}`, up);
