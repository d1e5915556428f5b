"""The addresses of the inbox, all of them inside a tenant except a signed picture."""

from django.urls import URLPattern, URLResolver, include, path

from inbox.views import (
    accounts,
    acts,
    buyers,
    connecting,
    consent,
    conversation,
    drafts,
    files,
    members,
    orders,
    originals,
    policies,
    presence,
    queue,
    replies,
    search,
    tags,
    warnings,
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

in_connection: list[URLPattern | URLResolver] = [
    path("", connecting.connection_start, name="connection_start"),
    path("key/", connecting.connection_key, name="connection_key"),
    path("mailbox/", connecting.connection_mailbox, name="connection_mailbox"),
    path("checks/", connecting.connection_checks, name="connection_checks"),
    path("switches/", connecting.connection_switches, name="connection_switches"),
    path("completion/", connecting.connection_completion, name="connection_completion"),
    path("cancellation/", connecting.connection_cancellation, name="connection_cancellation"),
    path("key/consent/", consent.connection_consent, {"kind": "key"}, name="connection_consent_key"),
    path(
        "mailbox/consent/",
        consent.connection_consent,
        {"kind": "mailbox"},
        name="connection_consent_mailbox",
    ),
]

in_account: list[URLPattern | URLResolver] = [
    path("", accounts.account, name="account"),
    path("check/", accounts.account_check, name="account_check"),
    path("pause/", accounts.account_pause, name="account_pause"),
    path("resumption/", accounts.account_resumption, name="account_resumption"),
    path("comparison/", accounts.account_comparison, name="account_comparison"),
    path("names/", accounts.account_names, name="account_names"),
    path("refetching/", accounts.account_refetching, name="account_refetching"),
    path("disconnection/", accounts.account_disconnection, name="account_disconnection"),
    path("history/", accounts.account_history, name="account_history"),
    path("history/<int:backfill_id>/stop/", accounts.account_history_stop, name="account_history_stop"),
    path("connection/", include(in_connection)),
]

in_member: list[URLPattern | URLResolver] = [
    path("role/", members.member_role, name="member_role"),
    path("accounts/", members.member_accounts, name="member_accounts"),
    path("deactivation/", members.member_deactivation, name="member_deactivation"),
    path("reactivation/", members.member_reactivation, name="member_reactivation"),
]

in_invitation: list[URLPattern | URLResolver] = [
    path("sending/", members.invitation_sending, name="invitation_sending"),
    path("withdrawal/", members.invitation_withdrawal, name="invitation_withdrawal"),
]

in_tenant: list[URLPattern | URLResolver] = [
    path("", queue.start, name="start"),
    path("queue/<slug:view>/", queue.queue, name="queue"),
    path("queue/<slug:view>/rows/", queue.queue_rows, name="queue_rows"),
    path("queue/<slug:view>/more/", queue.queue_more, name="queue_more"),
    path("c/<int:number>/", include(in_conversation)),
    path("files/<int:file_id>/", files.attachment, name="attachment"),
    path("accounts/", accounts.accounts, name="accounts"),
    path("accounts/<int:account_id>/", include(in_account)),
    path(
        "accounts/connections/walmart/",
        connecting.connection_new,
        {"marketplace": "walmart"},
        name="connection_new_walmart",
    ),
    path(
        "accounts/connections/amazon/",
        connecting.connection_new,
        {"marketplace": "amazon"},
        name="connection_new_amazon",
    ),
    path("orders/", orders.orders, name="orders"),
    path("orders/<int:order_id>/", orders.order, name="order"),
    path("orders/<int:order_id>/writing/", writing.order_writing, name="order_writing"),
    path("search/", search.search, name="search"),
    path("tags/", tags.tags, name="tags"),
    path("tags/<int:tag_id>/", tags.tag, name="tag"),
    path("tags/<int:tag_id>/merging/", tags.tag_merging, name="tag_merging"),
    path("tags/<int:tag_id>/removal/", tags.tag_removal, name="tag_removal"),
    path("buyers/<int:buyer_id>/", buyers.buyer, name="buyer"),
    path("policies/", policies.policies, name="policies"),
    path("policies/form/", policies.policy_form, name="policy_form"),
    path("policies/preview/", policies.policy_preview_shown, name="policy_preview"),
    path("policies/withdrawal/", policies.policy_withdrawal, name="policy_withdrawal"),
    path("policies/hours/", policies.policy_hours, name="policy_hours"),
    path("policies/hours/preview/", policies.policy_hours_preview, name="policy_hours_preview"),
    path("policies/progress/", policies.policy_progress, name="policy_progress"),
    path("warnings/", warnings.warnings, name="warnings"),
    path("warnings/seen/", warnings.warnings_seen, name="warnings_seen"),
    path("members/", members.members, name="members"),
    path("members/<int:member_id>/", include(in_member)),
    path("invitations/<int:invitation_id>/", include(in_invitation)),
]

urlpatterns = [
    path("t/<slug:slug>/", include(in_tenant)),
    path("pictures/<str:token>/", files.picture, name="picture"),
    path("consent/amazon/", consent.consent_amazon, name="consent_amazon"),
    path("consent/mailbox/", consent.consent_mailbox, name="consent_mailbox"),
]
