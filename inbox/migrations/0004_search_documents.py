"""The table of what can be found; the next migration fills it and keeps it."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
from django.contrib.postgres.operations import BtreeGinExtension, UnaccentExtension
from django.db import migrations, models

import accounts.tenancy
from accounts.rls import EnableTenantRLS, TenantKey

DOCUMENT = "inbox_searchdocument"


class Migration(migrations.Migration):
    dependencies = [
        ("inbox", "0003_tags"),
        ("orders", "0002_order_records"),
    ]

    operations = [
        BtreeGinExtension(),
        UnaccentExtension(),
        migrations.CreateModel(
            name="SearchDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("message", "Message"),
                            ("note", "Note"),
                            ("reply", "Reply"),
                            ("talk", "Buyer and subject"),
                            ("order", "Order"),
                        ],
                        max_length=10,
                    ),
                ),
                ("occurred_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("vector", django.contrib.postgres.search.SearchVectorField()),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "message",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="inbox.message",
                    ),
                ),
                (
                    "note",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="inbox.note",
                    ),
                ),
                (
                    "order",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="orders.order",
                    ),
                ),
                (
                    "reply",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
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
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["tenant", "vector"], name="inbox_search_vector"
                    ),
                    models.Index(
                        condition=models.Q(("conversation__isnull", False)),
                        fields=["tenant", "conversation", "kind"],
                        name="inbox_search_conversation",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("order__isnull", False)),
                        fields=("tenant", "order"),
                        name="inbox_search_order",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("message__isnull", False)),
                        fields=("tenant", "message"),
                        name="inbox_search_message",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("note__isnull", False)),
                        fields=("tenant", "note"),
                        name="inbox_search_note",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reply__isnull", False)),
                        fields=("tenant", "reply"),
                        name="inbox_search_reply",
                    ),
                ],
            },
        ),
        EnableTenantRLS(DOCUMENT),
        TenantKey(DOCUMENT, "conversation_id", "inbox_conversation", cascade=True),
        TenantKey(DOCUMENT, "order_id", "orders_order", cascade=True),
        TenantKey(DOCUMENT, "message_id", "inbox_message", cascade=True),
        TenantKey(DOCUMENT, "note_id", "inbox_note", cascade=True),
        TenantKey(DOCUMENT, "reply_id", "inbox_outboundreply", cascade=True),
    ]
