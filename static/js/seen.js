// What the author of a reply has seen: while nothing is typed yet, all that stands in the timeline.
const SEEN = { seen_message_id: "lastMessage", seen_reply_id: "lastReply", seen_event_id: "lastEvent" };

document.addEventListener("htmx:afterSettle", (event) => {
  if (event.detail.target?.id !== "timeline") return;
  const form = document.querySelector("#composer .reply-form");
  const timeline = document.querySelector("#timeline");
  if (!form || !timeline || document.hidden || form.querySelector("textarea").value.trim()) return;
  for (const [field, from] of Object.entries(SEEN)) form.elements[field].value = timeline.dataset[from];
});

// Review: go to what is new. It counts as seen, so the words about it go.
document.addEventListener("click", (event) => {
  const link = event.target.closest("[data-review]");
  if (!link) return;
  event.preventDefault();
  const news = document.querySelector(link.hash);
  link.closest("[data-moved]").remove();
  news?.scrollIntoView({ block: "center" });
  news?.setAttribute("tabindex", "-1");
  news?.focus({ preventScroll: true });
});
