// A link that goes on steps aside once something was typed in its form: what was typed is tried first.
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (!form?.id) return;
  for (const link of document.querySelectorAll(`[data-unless-typed="${form.id}"]`)) {
    link.hidden = [...form.elements].some((each) => each.matches("input:not([type=hidden])") && each.value !== each.defaultValue);
    for (const button of document.querySelectorAll(`button[form="${form.id}"]`)) {
      button.classList.toggle("is-main", link.hidden);
    }
  }
});
