// A picker: typing narrows the choices, arrows move, Enter presses the marked one or makes what was typed.
const plain = (text) => text.trim().replace(/\s+/g, " ").toLowerCase();
const choices = (form) => [...form.querySelectorAll("[data-pick-choice]")];
const seen = (form) => choices(form).filter((one) => !one.hidden);

function narrow(form) {
  const typed = plain(form.querySelector("[data-pick-text]").value);
  for (const one of choices(form)) one.hidden = !plain(one.dataset.pickChoice).includes(typed);
  const make = form.querySelector("[data-pick-new]");
  const known = choices(form).some((one) => plain(one.dataset.pickChoice) === typed);
  make.hidden = !typed || known;
  make.textContent = `Create “${typed}”`;
  form.querySelector("[data-pick-none]").hidden = seen(form).length > 0;
  // What stands exactly as typed comes before what only holds it.
  mark(form, seen(form).find((one) => plain(one.dataset.pickChoice) === typed) ?? seen(form)[0]);
}

function mark(form, choice) {
  for (const one of choices(form)) one.classList.toggle("is-first", one === choice);
  choice?.scrollIntoView({ block: "nearest" });
}

document.addEventListener("input", (event) => {
  if (event.target.matches("[data-pick-text]")) narrow(event.target.form);
});

document.addEventListener("htmx:afterSettle", () => {
  for (const form of document.querySelectorAll("[data-pick]:not([data-picks])")) {
    form.dataset.picks = "";
    narrow(form);
  }
});

document.addEventListener("keydown", (event) => {
  if (!event.target.matches("[data-pick-text]") || event.isComposing) return;
  const form = event.target.form;
  const list = seen(form);
  const at = list.findIndex((one) => one.classList.contains("is-first"));
  if (event.key === "ArrowDown") mark(form, list[Math.min(at + 1, list.length - 1)]);
  else if (event.key === "ArrowUp") mark(form, list[Math.max(at - 1, 0)]);
  else if (event.key === "Enter") (list[at] ?? form.querySelector("[data-pick-new]:not([hidden])"))?.click();
  else return;
  event.preventDefault();
});
