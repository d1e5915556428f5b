"""Tags of the tenant, and which conversations bear them."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from accounts.rls import EnableTenantRLS, TenantKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
        ("inbox", "0002_write_first"),
    ]

    operations = [
        migrations.CreateModel(
            name="Tag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                ("key", models.CharField(max_length=120)),
                (
                    "colour",
                    models.CharField(
                        choices=[
                            ("grey", "Grey"),
                            ("teal", "Teal"),
                            ("blue", "Blue"),
                            ("violet", "Violet"),
                            ("pink", "Pink"),
                            ("red", "Red"),
                            ("amber", "Amber"),
                            ("green", "Green"),
                        ],
                        max_length=10,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
            name="ConversationTag",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("put_at", models.DateTimeField()),
                (
                    "conversation",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tags",
                        to="inbox.conversation",
                    ),
                ),
                (
                    "put_by",
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
                    "tag",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="uses",
                        to="inbox.tag",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="inbox_tag_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="tag",
            constraint=models.UniqueConstraint(fields=("tenant", "key"), name="inbox_tag_once"),
        ),
        migrations.AddIndex(
            model_name="conversationtag",
            index=models.Index(fields=["tenant", "tag", "conversation"], name="inbox_tag_conversations"),
        ),
        migrations.AddConstraint(
            model_name="conversationtag",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="inbox_conversationtag_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversationtag",
            constraint=models.UniqueConstraint(
                fields=("tenant", "conversation", "tag"), name="inbox_conversation_tag_once"
            ),
        ),
        EnableTenantRLS("inbox_tag"),
        EnableTenantRLS("inbox_conversationtag"),
        TenantKey("inbox_conversationtag", "conversation_id", "inbox_conversation"),
        TenantKey("inbox_conversationtag", "tag_id", "inbox_tag"),
        TenantKey("inbox_conversationtag", "put_by_id", "accounts_membership"),
    ]
