"""Globex next door with a canary in every text it has, and one conversation of acme to mix its ids with.

And a room of acme's own that not everybody may enter: a seller account full of canaries.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID, uuid4

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from accounts import audit, inviting, mails
from accounts.models import Invitation, Membership, Role, Tenant, User
from accounts.tenancy import tenant_tx
from cases import acts as cases
from cases.acts import Wanted
from cases.evidence import adding, packing
from cases.models import Case, CaseStage, EvidencePack, PackState
from inbox import actions, tagging
from inbox.models import Conversation, Deadline, Draft, Message, SlaPolicy
from marketplaces import backfills, health
from marketplaces.models import Backfill, Health, SellerAccount
from marketplaces.outbox import OutboxState
from orders.models import Buyer, Item, Order
from tests.cases.checks import check_in
from tests.orders.rows import make_order
from tests.web.rows import PNG, file_in, reply_in
from tests.world import World, arrive, conversation_of, make_account, walmart_mail


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What tells globex's rows apart: words nobody else has, and the ids under which each side's rows lie.

    Ids are by the names the addresses use, from number to buyer_id.
    """

    canaries: tuple[str, ...]
    ours: dict[str, int]
    theirs: dict[str, int]
    their_reply_key: UUID
    their_member_id: int

    def heard_in(self, answer: bytes) -> list[str]:
        """The canaries that sing in these bytes."""
        lowered = answer.lower()
        return [canary for canary in self.canaries if canary.encode() in lowered]


def move_in(world: World) -> Neighbours:
    """Fill globex and give acme a conversation with the same kinds of rows."""
    word = f"canary{secrets.token_hex(6)}"
    Tenant.objects.filter(pk=world.globex.pk).update(name=f"{word} Inc")
    User.objects.filter(pk=world.gus.user.pk).update(name=f"Gus {word}", email=f"gus.{word}@globex.example")
    world.gus.user.refresh_from_db()
    with tenant_tx(world.globex.pk):
        SlaPolicy.objects.update(rule=f"{word} 48 h")
    neighbours = _beside(world, world.globex, world.gus, word, tag=f"{word} tag")
    # Its number is nobody's in acme, where there is one conversation only.
    assert neighbours.theirs["number"] == 2
    return neighbours


def closed_room(world: World) -> Neighbours:
    """Fill another seller account of acme, and a conversation of the Walmart account to mix its ids with."""
    word = f"canary{secrets.token_hex(6)}"
    return _beside(world, world.acme, world.leo, word, tag="theirs")


def _beside(world: World, tenant: Tenant, by: Membership, word: str, *, tag: str) -> Neighbours:
    relay, order = secrets.token_hex(16), str(10**14 + secrets.randbelow(10**14))
    account = make_account(
        tenant, f"Shop {word}", "walmart-us", health=Health.DEGRADED, health_reason=f"{word} is slow"
    )
    arrive(account, f"From: {word}@spam.example\r\nSubject: {word}\r\n\r\n{word}\r\n".encode())
    message = arrive(
        account,
        walmart_mail(
            account,
            text=f"Where is it, asks {word}?",
            buyer=f"Buyer {word}",
            order=order,
            relay=relay,
            message_id=f"<{word}@relay.walmart.com>",
            subject=f"{word} asks",
        ),
    )
    assert message is not None
    theirs, key = _fill(account, by, message, word, tag)
    ours = conversation_of(world.walmart)
    with tenant_tx(world.acme.pk):
        our_message = Message.objects.get(conversation=ours)
        our_tag = tagging.named("ours")
        place = inviting.Place("ours@invited.example", "", Role.AGENT)
        our_invitation = inviting.invite(place, by=world.ada, now=timezone.now())
        our_history = history_of(world.walmart)
        our_case = case_on(ours, world.alice, "ours")
    return Neighbours(
        canaries=(word, order, relay),
        ours={
            "number": ours.number,
            "message_id": our_message.pk,
            "reply_id": reply_in(ours, world.alice, OutboxState.UNKNOWN).pk,
            "file_id": file_in(our_message).pk,
            "tag_id": our_tag.pk,
            "member_id": world.leo.pk,
            "invitation_id": our_invitation.pk,
            "account_id": world.walmart.pk,
            "backfill_id": our_history.pk,
            "case_id": our_case.pk,
            **evidence_of(our_case, world.alice, "ours"),
            "check_id": check_in(ours, world.alice, world.wendy).pk,
            **_order_of(ours, "lamp"),
        },
        theirs=theirs,
        their_reply_key=key,
        their_member_id=by.pk,
    )


def _fill(
    account: SellerAccount, by: Membership, message: Message, word: str, tag_name: str
) -> tuple[dict[str, int], UUID]:
    """Write the canary into what a mail does not bring; the conversation's ids and its reply's client key."""
    now = timezone.now()
    with tenant_tx(account.tenant_id):
        talk: Conversation = Conversation.objects.select_related("account", "order").get(
            pk=message.conversation_id
        )
        Message.objects.filter(pk=message.pk).update(html=f"<p>{word}</p>", reason=f"{word} said so")
        Order.objects.filter(account=account).update(item_title=f"Lamp {word}", item_id=word)
        Buyer.objects.filter(identities__account=account).update(name=f"Buyer {word}")
        SlaPolicy.objects.create(
            account=account,
            marketplace=account.marketplace,
            kind="reply",
            valid_from=now - timedelta(days=400),
            allowance_minutes=2880,
            rule=f"{word} 48 h",
        )
        Deadline.objects.filter(conversation__account=account).update(rule=f"{word} 48 h")
        actions.add_note(talk, by=by, body=f"{word} notes", now=now)
        actions.assign(talk, by=by, assignee=by, now=now)
        tag = tagging.named(tag_name)
        tagging.put(talk, tag, by=by, now=now)
        invitation = Invitation.objects.create(
            email=f"{word}@invited.example",
            name=word,
            role=Role.AGENT,
            invited_by=by,
            created_at=now,
            expires_at=now + inviting.HOLDS,
        )
        mails.enqueue(
            account.tenant_id, to=f"{word}@invited.example", subject=word, text=word, key=word, now=now
        )
        audit.record(tenant_id=account.tenant_id, by=by, action=word, subject=word, now=now)
        Draft.objects.create(
            conversation=talk, author=by, body=f"{word} drafts", expires_at=now + timedelta(days=30)
        )
    with tenant_tx(talk.tenant_id):
        history = history_of(talk.account)
        case = case_on(talk, by, word)
        health.failed(talk.account, f"{word} is slow", now=now)
    reply = reply_in(talk, by, OutboxState.UNKNOWN, body=f"{word} replies", peer_answer=f"250 {word}")
    file = file_in(message, PNG + word.encode(), name=f"{word}.png", content_id=f"<{word}>")
    ids = {
        "number": talk.number,
        "message_id": message.pk,
        "reply_id": reply.pk,
        "file_id": file.pk,
        "tag_id": tag.pk,
        "member_id": by.pk,
        "invitation_id": invitation.pk,
        "account_id": talk.account_id,
        "backfill_id": history.pk,
        "case_id": case.pk,
        **evidence_of(case, by, word),
        "check_id": check_in(talk, by, by, word).pk,
    }
    return ids | _order_of(talk, word), reply.client_key


def case_on(talk: Conversation, by: Membership, word: str) -> Case:
    """A case somebody opened on the conversation by hand, inside the caller's transaction."""
    talk = Conversation.objects.select_related("account", "order").get(pk=talk.pk)
    case = cases.open_by_hand(talk, Wanted("escalation", reference=word), by=by, now=timezone.now())
    Case.objects.filter(pk=case.pk).update(lesson=word)
    CaseStage.objects.filter(case=case).update(why=word)
    return case


def evidence_of(case: Case, by: Membership, word: str) -> dict[str, int]:
    """Something a person added to the case's evidence, and a pack that is ready; their ids."""
    now, file = timezone.now(), SimpleUploadedFile(f"{word}.png", PNG + word.encode())
    with tenant_tx(case.tenant_id):
        case = Case.objects.select_related("conversation").get(pk=case.pk)
        added = adding.add(case, by=by, key="other", text=word, file=file, now=now)
        pack = packing.ask(case, by=by, now=now)
        path = default_storage.save(f"tenant/{case.tenant_id}/packs/{uuid4()}", ContentFile(word.encode()))
        EvidencePack.objects.filter(pk=pack.pk).update(state=PackState.READY, next_at=None, path=path)
    return {"evidence_id": added.pk, "pack_id": pack.pk}


def history_of(account: SellerAccount) -> Backfill:
    """History of the account's mailbox is being fetched."""
    now = timezone.now()
    return backfills.begin(account, since=now - timedelta(days=7), by=None, now=now)[0]


def _order_of(talk: Conversation, word: str) -> dict[str, int]:
    """The conversation's order as its marketplace has it, with the word in every text; the ids of it."""
    with tenant_tx(talk.tenant_id):
        order = Order.objects.select_related("account").get(conversations=talk)
        picture = default_storage.save(f"{talk.tenant_id}/{uuid4()}", ContentFile(PNG + word.encode()))
    make_order(
        order.account,
        external_id=order.external_id,
        relay_address=talk.relay_address,
        buyer_name=f"Buyer {word}",
        ship_to_place=word,
        fault=f"{word} is away",
        programs=[word],
        lines=[
            {
                "title": word,
                "sku": word,
                "image_path": picture,
                "cancel_requested": True,
                "cancel_reason": word,
            }
        ],
        shipments=[{"carrier": word, "tracking_number": word, "events": [{"text": word, "place": word}]}],
        returns=[
            {"external_id": word, "safe_t": word, "lines": [{"title": word, "comment": word, "reason": word}]}
        ],
        refunds=[{"reason": word}],
    )
    with tenant_tx(talk.tenant_id):
        item = Item.objects.get(sku=word)
    return {"order_id": order.pk, "item_id": item.pk, "buyer_id": order.buyer_id or 0}
