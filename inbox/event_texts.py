"""What the timeline says of each kind of event: one plain sentence and an icon; pure."""

from typing import Any

# kind: (sentence, Lucide icon); {actor} is the person, other names come from the event's data.
TEXTS: dict[str, tuple[str, str]] = {
    "opened": ("Opened: {reason}", "mail-open"),
    "history": ("Came in as history, closed: it arrived before this account's clocks began", "archive"),
    "returned": ("The buyer wrote again", "corner-down-left"),
    "assigned": ("{actor} assigned it to {name}", "user"),
    "unassigned": ("{actor} took the assignment back", "user-x"),
    "handed_back": ("{name} has no access any more: nobody is assigned now", "user-x"),
    "tagged": ("{actor} put the tag “{tag}” on it", "tag"),
    "untagged": ("{actor} took the tag “{tag}” off", "tag"),
    "tag_removed": ("{actor} removed the tag “{tag}” everywhere", "tag"),
    "tag_merged": ("{actor} merged the tag “{tag}” into “{into}”", "tag"),
    "noted": ("{actor} wrote a note", "lock"),
    "closed": ("{actor} closed it", "check"),
    "closed_after_reply": ("Closed after the reply left", "check"),
    "reopened": ("{actor} opened it again", "rotate-ccw"),
    "settled_no_response_needed": ("{actor}: no response needed, clock stopped", "clock"),
    "settled_answered_elsewhere": ("{actor}: answered elsewhere, clock stopped", "clock"),
    "settled_not_buyer_message": ("{actor}: not a buyer message, clock stopped", "clock"),
    "answered_elsewhere": ("Answered outside the helpdesk, clock stopped", "clock"),
    "filed": ("{actor} filed it as: {what}", "inbox"),
    "reread": ("Read again by newer rules: {what}", "refresh-cw"),
    "emptied": ("Its mail belongs to conversation #{number} and was moved there", "git-merge"),
    "recognised": ("{actor} filed it as a buyer message", "inbox"),
    "reply_queued": ("{actor} pressed send", "send"),
    "wrote_first": ("{actor} wrote first: {reason}", "pen-line"),
    "reply_undone": ("{actor} took the reply back", "undo-2"),
    "reply_sent": ("The marketplace accepted the reply, clock stopped", "send"),
    "reply_confirmed": ("A copy proves that the reply arrived", "check-check"),
    "reply_failed": ("The reply could not be sent: {reason}", "octagon-alert"),
    "reply_unknown": ("The connection was lost while the reply was handed over", "circle-question-mark"),
    "reply_rejected": ("The reply did not reach the buyer, the old clock runs on: {reason}", "octagon-alert"),
    "reply_delayed": ("The reply is delayed on its way; there is no need to send it again", "hourglass"),
    "elsewhere_rejected": (
        "The answer given elsewhere did not reach the buyer, the old clock runs on: {reason}",
        "octagon-alert",
    ),
    "reply_waits": ("The reply waits: {reason}", "hourglass"),
    "reply_settled_arrived": ("{actor}: the reply arrived", "check"),
    "reply_settled_send_again": ("{actor} sent the reply again", "send"),
    "reply_settled_discard": ("{actor} discarded the reply, the clock runs on", "trash-2"),
    "breached": ("The deadline passed: late", "octagon-alert"),
    "evidence_added": ("{actor} added evidence to the case", "paperclip"),
    "evidence_removed": ("{actor} removed evidence from the case", "paperclip"),
    "pack_asked": ("{actor} asked for an evidence pack", "file-text"),
    "pack_ready": ("The evidence pack is ready: {pages} pages", "file-check"),
    "warned": ("{rule} comes near; told: {names}", "bell"),
    "escalated": ("{rule} has passed; told: {names}", "bell-ring"),
    "possibly_same": ("May belong to conversation {numbers}; nothing was joined", "git-compare"),
    "case_opened": ("Case opened: {what}", "scale"),
    "case_updated": ("More about the case: {what}", "scale"),
    "case_due_moved": ("The case “{what}” must be acted on by another moment now", "scale"),
    "case_decided": ("Case decided: {what}", "gavel"),
    "case_decision_unproven": (
        "A mail says that the case “{what}” was decided; nobody vouches for its sender, so nothing changed",
        "shield-alert",
    ),
    "case_answered": ("The case moved on: {what}", "scale"),
    "case_back": ("The case needs you again: the answer did not arrive", "octagon-alert"),
    "case_withdrawn": ("The case was taken back: its mail is something else", "scale"),
    "case_ended": ("The case ended by itself: {why}", "circle-check"),
    "case_done_there": ("{actor} did what the case asks for at the marketplace’s site", "check"),
    "case_moved": ("{actor} moved the case to: {what}", "scale"),
    "case_follow_up": ("The day to follow up the case “{what}” has come", "bell"),
    "case_lesson": ("{actor} wrote down a lesson", "book-open"),
    "case_finished": ("{actor} finished the case", "circle-check"),
    "check_asked": ("{actor} asked the warehouse", "warehouse"),
    "check_answered": ("{actor} answered for the warehouse: {answer}", "warehouse"),
    "check_withdrawn": ("{actor} took the question to the warehouse back", "warehouse"),
    "check_late": ("The warehouse has not answered in time; the leads were told", "octagon-alert"),
    "check_reply_left": ("The prepared reply leaves by itself with the tracking number", "send"),
    "check_reply_taken": ("{actor} took the prepared reply into the composer", "pen-line"),
    "check_reply_dropped": ("{actor} threw the prepared reply away", "trash-2"),
    "deadlines_moved": ("The deadline moved with a change of policy", "clock"),
}


class _Blank(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return ""


def event_text(kind: str, data: dict[str, Any], actor: str) -> tuple[str, str]:
    """The sentence and the icon; an unknown kind shows its name rather than nothing."""
    if kind == "reply_settled":
        kind = f"reply_settled_{data.get('decision', '')}"
    text, icon = TEXTS.get(kind, (kind.replace("_", " ").capitalize(), "dot"))
    return text.format_map(_Blank(data, actor=actor or "The helpdesk")), icon
