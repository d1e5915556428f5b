"""The addresses of the inbox, all of them inside a tenant except a signed picture."""

from django.urls import URLPattern, URLResolver, include, path

from inbox.views import (
    accounts,
    acts,
    buyers,
    conversation,
    drafts,
    files,
    orders,
    originals,
    presence,
    queue,
    replies,
    search,
    tags,
    writing,
)

in_message: list[URLPattern | URLResolver] = [
    path("body/", originals.message_body, name="message_body"),
    path("source/", originals.message_source, name="message_source"),
    path("source.eml", originals.message_raw, name="message_raw"),
    path("sample.eml", originals.message_sample, name="message_sample"),
]

in_conversation: list[URLPattern | URLResolver] = [
    path("", conversation.conversation, name="conversation"),
    path("timeline/", conversation.timeline, name="timeline"),
    path("replies/", replies.replies, name="replies"),
    path("replies/<int:reply_id>/cancellation/", replies.reply_undo, name="reply_undo"),
    path("replies/<int:reply_id>/settlement/", replies.reply_settlement, name="reply_settlement"),
    path("draft/", drafts.draft, name="draft"),
    path("draft/cancellation/", drafts.draft_cancellation, name="draft_cancellation"),
    path("presence/", presence.presence, name="presence"),
    path("courtesy/", replies.courtesy, name="courtesy"),
    path("notes/", acts.notes, name="notes"),
    path("assignment/", acts.assignment, name="assignment"),
    path("tags/", tags.conversation_tags, name="conversation_tags"),
    path("closure/", acts.closure, name="closure"),
    path("reopening/", acts.reopening, name="reopening"),
    path("settlement/", acts.settlement, name="settlement"),
    path("recognition/", acts.recognition, name="recognition"),
    path("messages/<int:message_id>/", include(in_message)),
]

in_tenant: list[URLPattern | URLResolver] = [
    path("", queue.start, name="start"),
    path("warehouse/", queue.warehouse, name="warehouse"),
    path("queue/<slug:view>/", queue.queue, name="queue"),
    path("queue/<slug:view>/rows/", queue.queue_rows, name="queue_rows"),
    path("queue/<slug:view>/more/", queue.queue_more, name="queue_more"),
    path("c/<int:number>/", include(in_conversation)),
    path("files/<int:file_id>/", files.attachment, name="attachment"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("orders/", orders.orders, name="orders"),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("orders/<int:order_id>/writing/", writing.order_writing, name="order_writing"),
    path("search/", search.search, name="search"),
    path("tags/", tags.tags, name="tags"),
    path("tags/<int:tag_id>/", tags.tag, name="tag"),
    path("tags/<int:tag_id>/merging/", tags.tag_merging, name="tag_merging"),
    path("tags/<int:tag_id>/removal/", tags.tag_removal, name="tag_removal"),
    path("buyers/<int:buyer_id>/", buyers.buyer, name="buyer"),
]

urlpatterns = [
    path("t/<slug:slug>/", include(in_tenant)),
    path("pictures/<str:token>/", files.picture, name="picture"),
]
