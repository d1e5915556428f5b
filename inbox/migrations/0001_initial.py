import uuid

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from accounts.rls import AppendOnly, EnableTenantRLS, SweepColumns, TenantKey


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("marketplaces", "0001_initial"),
        ("orders", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Conversation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.BigIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("buyer", "Buyer"),
                            ("notice", "Marketplace notice"),
                            ("public_question", "Public question"),
                            ("unreadable", "Unreadable mail"),
                            ("unrecognised", "Unrecognised"),
                            ("unverified", "Unverified"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("waiting_buyer", "Waiting on buyer"),
                            ("waiting_warehouse", "Waiting on warehouse"),
                            ("snoozed", "Snoozed"),
                            ("closed", "Closed"),
                        ],
                        default="open",
                        max_length=20,
                    ),
                ),
                ("subject", models.CharField(blank=True, default="", max_length=500)),
                ("buyer_name", models.CharField(blank=True, default="", max_length=200)),
                ("preview", models.CharField(blank=True, default="", max_length=200)),
                ("relay_address", models.CharField(blank=True, default="", max_length=254)),
                ("relay_alias", models.CharField(blank=True, default="", max_length=254)),
                ("case_ref", models.CharField(blank=True, default="", max_length=64)),
                ("possibly_same_as", models.CharField(blank=True, default="", max_length=100)),
                ("last_message_at", models.DateTimeField()),
                ("last_message_is_buyers", models.BooleanField(default=True)),
                ("due_at", models.DateTimeField(null=True)),
                ("target_at", models.DateTimeField(null=True)),
                ("needs_settling", models.BooleanField(default=False)),
                ("queue_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conversations",
                        to="marketplaces.selleraccount",
                    ),
                ),
                (
                    "assignee",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "buyer",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="conversations",
                        to="orders.buyer",
                    ),
                ),
                (
                    "order",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="conversations",
                        to="orders.order",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ConversationNumber",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("last", models.BigIntegerField(default=0)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.TextField()),
                ("saved_at", models.DateTimeField(auto_now=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "author",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Message",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "direction",
                    models.CharField(
                        choices=[
                            ("in", "From the buyer or the marketplace"),
                            ("out", "From the seller, written elsewhere"),
                        ],
                        max_length=3,
                    ),
                ),
                ("kind", models.CharField(max_length=30)),
                ("reason", models.CharField(blank=True, default="", max_length=300)),
                ("from_name", models.CharField(blank=True, default="", max_length=200)),
                ("from_address", models.CharField(blank=True, default="", max_length=254)),
                ("subject", models.CharField(blank=True, default="", max_length=500)),
                ("message_id", models.CharField(blank=True, default="", max_length=500)),
                ("references", models.TextField(blank=True, default="")),
                ("text", models.TextField()),
                ("full_text", models.TextField(blank=True, default="")),
                ("html", models.TextField(blank=True, default="")),
                ("oddities", models.JSONField(default=list)),
                ("no_response_link", models.CharField(blank=True, default="", max_length=1000)),
                ("sent_at", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplaces.selleraccount",
                    ),
                ),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="messages",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "raw",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="messages",
                        to="marketplaces.inboundraw",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=255)),
                ("content_type", models.CharField(max_length=100)),
                ("size", models.BigIntegerField()),
                ("content_id", models.CharField(blank=True, default="", max_length=255)),
                ("inline", models.BooleanField(default=False)),
                ("path", models.CharField(max_length=255)),
                ("expires_at", models.DateTimeField()),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "message",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="attachments",
                        to="inbox.message",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.TextField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "author",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notes",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("kind", models.CharField(max_length=30)),
                ("data", models.JSONField(default=dict)),
                (
                    "actor",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="events",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "note",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="inbox.note",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="OutboundReply",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("leased", "Sending"),
                            ("handing", "Handing over"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("unknown", "Unknown"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("client_key", models.UUIDField(default=uuid.uuid4)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("queued_at", models.DateTimeField()),
                ("next_at", models.DateTimeField()),
                ("rung_at", models.DateTimeField(null=True)),
                ("lease_token", models.UUIDField(null=True)),
                ("lease_until", models.DateTimeField(null=True)),
                ("handed_at", models.DateTimeField(null=True)),
                ("settled_at", models.DateTimeField(null=True)),
                ("peer_answer", models.CharField(blank=True, default="", max_length=500)),
                ("body", models.TextField()),
                ("subject", models.CharField(max_length=500)),
                ("from_address", models.CharField(max_length=254)),
                ("to_address", models.CharField(max_length=254)),
                ("message_id", models.CharField(max_length=200)),
                ("in_reply_to", models.CharField(blank=True, default="", max_length=500)),
                ("references", models.TextField(blank=True, default="")),
                ("then_close", models.BooleanField(default=False)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("rejected_at", models.DateTimeField(null=True)),
                ("rejected_reason", models.CharField(blank=True, default="", max_length=500)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision", models.CharField(blank=True, default="", max_length=20)),
                ("expires_at", models.DateTimeField()),
                (
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="marketplaces.selleraccount",
                    ),
                ),
                (
                    "author",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="replies",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "decided_by",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "proof",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="marketplaces.inboundraw",
                    ),
                ),
                (
                    "replaces",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="inbox.outboundreply",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Deadline",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(choices=[("reply", "Answer the buyer")], default="reply", max_length=20),
                ),
                ("started_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                ("rule", models.CharField(max_length=100)),
                ("stated_in_source", models.BooleanField(default=False)),
                ("stopped_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("replied", "Replied"),
                            ("answered_elsewhere", "Answered elsewhere"),
                            ("no_response_needed", "No response needed"),
                            ("not_buyer_message", "Not a buyer message"),
                            ("merged", "Merged"),
                        ],
                        default="",
                        max_length=30,
                    ),
                ),
                ("breached_at", models.DateTimeField(null=True)),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deadlines",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "stopped_by",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="accounts.membership",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
                (
                    "message",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deadlines",
                        to="inbox.message",
                    ),
                ),
                (
                    "stopped_by_message",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="inbox.message",
                    ),
                ),
                (
                    "stopped_by_reply",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="stopped_deadlines",
                        to="inbox.outboundreply",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="ReplyAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("result", models.CharField(max_length=30)),
                ("answer", models.CharField(blank=True, default="", max_length=500)),
                (
                    "reply",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tries",
                        to="inbox.outboundreply",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="SlaPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "marketplace",
                    models.CharField(choices=[("walmart", "walmart"), ("amazon", "amazon")], max_length=20),
                ),
                (
                    "kind",
                    models.CharField(choices=[("reply", "Answer the buyer")], default="reply", max_length=20),
                ),
                ("valid_from", models.DateTimeField()),
                ("allowance_minutes", models.PositiveIntegerField()),
                ("rule", models.CharField(max_length=100)),
                (
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplaces.selleraccount",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="accounts.tenant",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("queue_at__isnull", False)),
                fields=["tenant", "queue_at", "id"],
                name="inbox_conversation_queue",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("queue_at__isnull", False)),
                fields=["tenant", "assignee", "queue_at", "id"],
                name="inbox_conversation_mine",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("due_at__isnull", False)),
                fields=["tenant", "due_at", "id"],
                name="inbox_conversation_due",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(
                    ("kind__in", ["unrecognised", "unverified"]), models.Q(("state", "closed"), _negated=True)
                ),
                fields=["tenant", "kind", "-last_message_at", "-id"],
                name="inbox_conversation_aside",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("queue_at__isnull", True), ("state", "waiting_buyer")),
                fields=["tenant", "-last_message_at", "-id"],
                name="inbox_conversation_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(
                condition=models.Q(("state", "closed")),
                fields=["tenant", "-closed_at", "-id"],
                name="inbox_conversation_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["tenant", "account", "relay_alias"], name="inbox_conversation_alias"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["tenant", "account", "case_ref"], name="inbox_conversation_case"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["tenant", "order"], name="inbox_conversation_order"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["tenant", "buyer"], name="inbox_conversation_buyer"),
        ),
        migrations.AddIndex(
            model_name="conversation",
            index=models.Index(fields=["tenant", "expires_at"], name="inbox_conversation_expires"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_conversation_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="conversation",
            constraint=models.UniqueConstraint(fields=("tenant", "number"), name="inbox_conversation_number"),
        ),
        migrations.AddConstraint(
            model_name="conversationnumber",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="inbox_conversationnumber_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversationnumber",
            constraint=models.UniqueConstraint(fields=("tenant",), name="inbox_number_once"),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_draft_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.UniqueConstraint(
                fields=("tenant", "conversation", "author"), name="inbox_draft_once"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                fields=["tenant", "conversation", "sent_at", "id"], name="inbox_message_timeline"
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["tenant", "account", "message_id"], name="inbox_message_id"),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(fields=["tenant", "expires_at"], name="inbox_message_expires"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_message_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="message",
            constraint=models.UniqueConstraint(fields=("tenant", "raw"), name="inbox_message_raw_once"),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(fields=["tenant", "message"], name="inbox_attachment_message"),
        ),
        migrations.AddIndex(
            model_name="attachment",
            index=models.Index(fields=["tenant", "expires_at"], name="inbox_attachment_expires"),
        ),
        migrations.AddConstraint(
            model_name="attachment",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_attachment_tenant_id"),
        ),
        migrations.AddIndex(
            model_name="note",
            index=models.Index(fields=["tenant", "conversation"], name="inbox_note_conversation"),
        ),
        migrations.AddConstraint(
            model_name="note",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_note_tenant_id"),
        ),
        migrations.AddIndex(
            model_name="event",
            index=models.Index(fields=["tenant", "conversation", "at", "id"], name="inbox_event_timeline"),
        ),
        migrations.AddConstraint(
            model_name="event",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_event_tenant_id"),
        ),
        migrations.AddIndex(
            model_name="outboundreply",
            index=models.Index(
                fields=["tenant", "conversation", "queued_at", "id"], name="inbox_reply_timeline"
            ),
        ),
        migrations.AddIndex(
            model_name="outboundreply",
            index=models.Index(
                condition=models.Q(("state__in", ["queued", "leased", "handing"])),
                fields=["tenant", "state", "next_at"],
                name="inbox_reply_moving",
            ),
        ),
        migrations.AddIndex(
            model_name="outboundreply",
            index=models.Index(fields=["tenant", "expires_at"], name="inbox_reply_expires"),
        ),
        migrations.AddConstraint(
            model_name="outboundreply",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_outboundreply_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="outboundreply",
            constraint=models.UniqueConstraint(
                fields=("tenant", "client_key"), name="inbox_reply_client_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="outboundreply",
            constraint=models.UniqueConstraint(
                fields=("tenant", "message_id"), name="inbox_reply_message_id"
            ),
        ),
        migrations.AddIndex(
            model_name="deadline",
            index=models.Index(
                fields=["tenant", "conversation", "due_at"], name="inbox_deadline_conversation"
            ),
        ),
        migrations.AddIndex(
            model_name="deadline",
            index=models.Index(
                condition=models.Q(("breached_at__isnull", True), ("stopped_at__isnull", True)),
                fields=["tenant", "due_at", "id"],
                name="inbox_deadline_running",
            ),
        ),
        migrations.AddIndex(
            model_name="deadline",
            index=models.Index(fields=["tenant", "stopped_by_reply"], name="inbox_deadline_reply"),
        ),
        migrations.AddConstraint(
            model_name="deadline",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_deadline_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="deadline",
            constraint=models.UniqueConstraint(
                condition=models.Q(("message__isnull", False)),
                fields=("tenant", "message", "kind"),
                name="inbox_deadline_message_once",
            ),
        ),
        migrations.AddIndex(
            model_name="replyattempt",
            index=models.Index(fields=["tenant", "reply", "at"], name="inbox_attempt_reply"),
        ),
        migrations.AddConstraint(
            model_name="replyattempt",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_replyattempt_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="slapolicy",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_slapolicy_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="slapolicy",
            constraint=models.UniqueConstraint(
                fields=("tenant", "marketplace", "account", "kind", "valid_from"),
                name="inbox_policy_once",
                nulls_distinct=False,
            ),
        ),
        EnableTenantRLS("inbox_conversationnumber"),
        EnableTenantRLS("inbox_conversation"),
        EnableTenantRLS("inbox_message"),
        EnableTenantRLS("inbox_attachment"),
        EnableTenantRLS("inbox_slapolicy"),
        EnableTenantRLS("inbox_deadline"),
        EnableTenantRLS("inbox_outboundreply"),
        EnableTenantRLS("inbox_replyattempt"),
        EnableTenantRLS("inbox_draft"),
        EnableTenantRLS("inbox_note"),
        EnableTenantRLS("inbox_event"),
        TenantKey("inbox_conversation", "account_id", "marketplaces_selleraccount"),
        TenantKey("inbox_conversation", "buyer_id", "orders_buyer"),
        TenantKey("inbox_conversation", "order_id", "orders_order"),
        TenantKey("inbox_conversation", "assignee_id", "accounts_membership"),
        TenantKey("inbox_message", "conversation_id", "inbox_conversation"),
        TenantKey("inbox_message", "account_id", "marketplaces_selleraccount"),
        TenantKey("inbox_message", "raw_id", "marketplaces_inboundraw"),
        TenantKey("inbox_attachment", "message_id", "inbox_message"),
        TenantKey("inbox_slapolicy", "account_id", "marketplaces_selleraccount"),
        TenantKey("inbox_deadline", "conversation_id", "inbox_conversation"),
        TenantKey("inbox_deadline", "message_id", "inbox_message"),
        TenantKey("inbox_deadline", "stopped_by_id", "accounts_membership"),
        TenantKey("inbox_deadline", "stopped_by_reply_id", "inbox_outboundreply"),
        TenantKey("inbox_deadline", "stopped_by_message_id", "inbox_message"),
        TenantKey("inbox_outboundreply", "conversation_id", "inbox_conversation"),
        TenantKey("inbox_outboundreply", "account_id", "marketplaces_selleraccount"),
        TenantKey("inbox_outboundreply", "author_id", "accounts_membership"),
        TenantKey("inbox_outboundreply", "proof_id", "marketplaces_inboundraw"),
        TenantKey("inbox_outboundreply", "decided_by_id", "accounts_membership"),
        TenantKey("inbox_outboundreply", "replaces_id", "inbox_outboundreply"),
        TenantKey("inbox_replyattempt", "reply_id", "inbox_outboundreply"),
        TenantKey("inbox_draft", "conversation_id", "inbox_conversation"),
        TenantKey("inbox_draft", "author_id", "accounts_membership"),
        TenantKey("inbox_note", "conversation_id", "inbox_conversation"),
        TenantKey("inbox_note", "author_id", "accounts_membership"),
        TenantKey("inbox_event", "conversation_id", "inbox_conversation"),
        TenantKey("inbox_event", "actor_id", "accounts_membership"),
        TenantKey("inbox_event", "note_id", "inbox_note"),
        SweepColumns("inbox_deadline", "id", "tenant_id", "due_at", "stopped_at", "breached_at"),
        SweepColumns(
            "inbox_outboundreply",
            "id",
            "tenant_id",
            "state",
            "next_at",
            "rung_at",
            "lease_until",
            "queued_at",
        ),
        AppendOnly("inbox_event"),
        AppendOnly("inbox_replyattempt"),
    ]
