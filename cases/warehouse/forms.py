"""What a browser may send about checks: shapes only. Whether an act makes sense is decided by the act."""

from django import forms

from cases.warehouse.answering import Found
from cases.warehouse.asking import COMMON


class AskForm(forms.Form):
    """A question to the warehouse: one of the common ones, or one's own words."""

    common = forms.ChoiceField(choices=[(key, each.question) for key, each in COMMON.items()], required=False)
    question = forms.CharField(required=False, strip=False)
    prepared_reply = forms.CharField(required=False, strip=False)

    def asked(self) -> dict[str, str]:
        """The question and the prepared reply.

        A common question that was pressed goes before a typed one, a typed reply before that question's own.
        """
        given = self.cleaned_data if self.is_valid() else {}
        question, reply = given.get("question", ""), given.get("prepared_reply", "")
        if common := COMMON.get(given.get("common", "")):
            question, reply = common.question, reply if reply.strip() else common.reply
        return {"question": question, "prepared_reply": reply}


class SeenForm(forms.Form):
    """The newest message, reply and act on the page that sends."""

    seen_message_id = forms.IntegerField(required=False, min_value=0)
    seen_reply_id = forms.IntegerField(required=False, min_value=0)
    seen_event_id = forms.IntegerField(required=False, min_value=0)


class AnswerForm(forms.Form):
    """What the warehouse has found."""

    answer = forms.CharField(required=False, max_length=40)
    carrier = forms.CharField(required=False)
    tracking = forms.CharField(required=False)
    note = forms.CharField(required=False)
    photo = forms.FileField(required=False, allow_empty_file=True)

    def found(self) -> Found:
        """The same as a value; what is no answer stays empty and is refused by the act."""
        return Found(**self.cleaned_data) if self.is_valid() else Found("")


class RuleForm(forms.Form):
    """Whether pure tracking updates leave by themselves."""

    allowed = forms.BooleanField(required=False)
