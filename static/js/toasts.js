// Short words that float: shown once per name, taken away when they are settled.
export function toast(name, text) {
  const place = document.querySelector("[data-toasts]");
  if (!place) return;
  dismiss(name);
  const box = document.createElement("div");
  box.className = "toast";
  box.dataset.toast = name;
  box.textContent = text;
  place.append(box);
}

export function dismiss(name) {
  document.querySelector(`[data-toast="${CSS.escape(name)}"]`)?.remove();
}

document.addEventListener("reply:settled", (event) => dismiss(String(event.detail.id)));
