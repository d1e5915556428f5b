"""Checks of the warehouse, put there by the acts that make them."""

from datetime import datetime
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts.models import Membership
from accounts.tenancy import tenant_tx
from cases.models import WarehouseCheck
from cases.warehouse import answering, asking
from cases.warehouse.answering import Found
from inbox import proofs
from inbox.models import Conversation
from tests.web.rows import PNG, reply_in

TRACKED = "Your order left with {carrier}, tracking number {tracking}."


def ask(talk: Conversation, by: Membership, question: str = "Was it shipped?", **more: Any) -> WarehouseCheck:
    """An open check in a conversation."""
    now: datetime = more.pop("now", None) or timezone.now()
    with tenant_tx(talk.tenant_id):
        held = Conversation.objects.select_related("account", "order").get(pk=talk.pk)
        return asking.ask(held, by=by, question=question, now=now, **more)


def answer(check: WarehouseCheck, by: Membership, value: str = "shipped", **more: Any) -> WarehouseCheck:
    """An answer to a check."""
    now: datetime = more.pop("now", None) or timezone.now()
    with tenant_tx(check.tenant_id):
        return answering.answer(check.pk, Found(value, **more), by=by, now=now)


def holding_reply_leaves(talk: Conversation, by: Membership, *, then_close: bool = False) -> None:
    """Tell the buyer that the warehouse looks; the marketplace has the reply."""
    now = timezone.now()
    reply = reply_in(talk, by, queued_at=now, then_close=then_close)
    with tenant_tx(talk.tenant_id):
        proofs.left(proofs.lock(reply.pk), at=now)


def photo(content: bytes = PNG) -> SimpleUploadedFile:
    """A photo as a phone hands it in."""
    return SimpleUploadedFile("shelf.png", content, content_type="image/png")


def fresh(check: WarehouseCheck) -> WarehouseCheck:
    """The check as it is stored now."""
    with tenant_tx(check.tenant_id):
        return WarehouseCheck.objects.select_related("conversation").get(pk=check.pk)


def check_in(talk: Conversation, by: Membership, answerer: Membership, word: str = "lamp") -> WarehouseCheck:
    """An answered check with the word in each of its texts, and a photo."""
    check = ask(talk, by, f"Is the {word} there?", prepared_reply=f"The {word}: {{note}}")
    found = {"carrier": word, "tracking": word, "note": word, "photo": photo(PNG + word.encode())}
    return answer(check, answerer, "other", **found)
