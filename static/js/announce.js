// Say something politely to a screen reader.
export function announce(text) {
  const place = document.querySelector("[data-announcer]");
  if (place) place.textContent = text;
}
