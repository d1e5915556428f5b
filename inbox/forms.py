"""What a browser may send: shapes only. Whether an act makes sense is decided by the act itself."""

from django import forms

from inbox.models import TagColour
from inbox.presence import DOINGS

EMPTY = {"required": "Write something first."}
STALE = dict.fromkeys(("required", "invalid"), "This page is too old. Reload it and send again.")


class SendForm(forms.Form):
    """A press on a button that sends: its key makes a double click one reply."""

    client_key = forms.UUIDField(error_messages=STALE)
    seen_message_id = forms.IntegerField(required=False, min_value=0)
    seen_reply_id = forms.IntegerField(required=False, min_value=0)
    seen_event_id = forms.IntegerField(required=False, min_value=0)


class ReplyForm(SendForm):
    """A reply to the buyer."""

    body = forms.CharField(strip=False, error_messages=EMPTY)
    then_close = forms.ChoiceField(choices=[("0", "Send"), ("1", "Send and close")], required=False)

    def clean_then_close(self) -> bool:
        """Which of the two buttons was pressed."""
        return bool(self.cleaned_data["then_close"] == "1")


class DraftForm(forms.Form):
    """A reply as far as it is typed."""

    body = forms.CharField(required=False, strip=False, max_length=100_000)
    client_key = forms.UUIDField(required=False)


class PresenceForm(forms.Form):
    """What a tab says of its person; `tab` is a random name that it gave itself."""

    doing = forms.ChoiceField(choices=[(each, each) for each in DOINGS])
    tab = forms.CharField(max_length=40)


class RecognitionForm(forms.Form):
    """What a mail is, and about which of the orders that it names."""

    kind = forms.CharField(required=False, max_length=30)
    order = forms.CharField(required=False, max_length=40)
    message_id = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1)


class NoteForm(forms.Form):
    """A note for the team."""

    body = forms.CharField(strip=False, error_messages=EMPTY)


class WritingForm(forms.Form):
    """A first message to a buyer."""

    client_key = forms.UUIDField(error_messages=STALE)
    reason = forms.CharField(
        max_length=60, error_messages={"required": "Say why you write: choose one of the reasons."}
    )
    body = forms.CharField(strip=False, error_messages=EMPTY)


class AssignmentForm(forms.Form):
    """Who is to be responsible; empty for nobody."""

    assignee = forms.IntegerField(required=False)


class TaggingForm(forms.Form):
    """A tag to put on or take off by its id, or a name to put on, made if there is none of it."""

    put = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    take = forms.IntegerField(required=False, min_value=1, max_value=2**63 - 1)
    name = forms.CharField(required=False)


class TagForm(forms.Form):
    """A tag's name and colour."""

    name = forms.CharField(error_messages={"required": "Give the tag a name."})
    colour = forms.ChoiceField(choices=TagColour.choices, required=False)


class TagMergingForm(forms.Form):
    """The tag that stays."""

    into = forms.IntegerField(min_value=1, max_value=2**63 - 1)


class SettlementForm(forms.Form):
    """Why a clock stops without a reply, and what whoever says so had seen."""

    outcome = forms.CharField(max_length=30, error_messages={"required": "Say why no reply is due."})
    seen_message_id = forms.IntegerField(
        min_value=0,
        max_value=2**63 - 1,
        error_messages=dict.fromkeys(
            ("required", "invalid"), "This page is too old. Look at what stands here now, then press again."
        ),
    )


class ReplySettlementForm(forms.Form):
    """What to do about a reply that did not clearly arrive; "edit" discards it and hands its text back."""

    decision = forms.CharField(max_length=20)


def first_error(form: forms.Form) -> str:
    """The sentence to show for a form that does not hold."""
    return str(next(iter(form.errors.values()))[0])
