"""Who sees what, who changed what, invitations, and mail of the helpdesk's own."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from accounts.rls import AppendOnly, EnableTenantRLS, MirrorGrants, SweepColumns, TenantKey


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        MirrorGrants(),
        migrations.AddField(
            model_name="membership",
            name="restricted",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="user",
            name="sign_ins_ended",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("action", models.CharField(max_length=60)),
                ("subject", models.CharField(max_length=200)),
                ("details", models.JSONField(default=dict)),
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
                "indexes": [models.Index(fields=["tenant", "-at", "-id"], name="accounts_audit_newest")],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="accounts_auditentry_tenant_id")
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                ("name", models.CharField(blank=True, default="", max_length=100)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("agent", "Agent"),
                            ("lead", "Lead"),
                            ("admin", "Admin"),
                            ("warehouse", "Warehouse"),
                        ],
                        max_length=20,
                    ),
                ),
                ("restricted", models.BooleanField(default=False)),
                ("round", models.PositiveSmallIntegerField(default=1)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "accepted_by",
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
                    "invited_by",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
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
            ],
            options={
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="accounts_invitation_tenant_id"),
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at__isnull", True), ("withdrawn_at__isnull", True)),
                        fields=("tenant", "email"),
                        name="accounts_invitation_open_once",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SystemMail",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("to_address", models.EmailField(max_length=254)),
                ("subject", models.CharField(max_length=200)),
                ("text", models.TextField()),
                ("key", models.CharField(max_length=100)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waiting to leave"),
                            ("sent", "Sent"),
                            ("failed", "Could not be sent"),
                        ],
                        default="queued",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField()),
                ("created_at", models.DateTimeField()),
                ("sent_at", models.DateTimeField(null=True)),
                ("error", models.CharField(blank=True, default="", max_length=300)),
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
                    models.Index(
                        condition=models.Q(("state", "queued")),
                        fields=["tenant", "next_at"],
                        name="accounts_mail_due",
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "id"), name="accounts_systemmail_tenant_id"),
                    models.UniqueConstraint(fields=("tenant", "key"), name="accounts_mail_once"),
                ],
            },
        ),
        # Nobody lifts the limit they are under.
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE ON accounts_membership FROM hd_limited",
            "GRANT INSERT, UPDATE, DELETE ON accounts_membership TO hd_limited",
        ),
        EnableTenantRLS("accounts_auditentry", own="actor_id"),
        TenantKey("accounts_auditentry", "actor_id", "accounts_membership"),
        AppendOnly("accounts_auditentry", for_good=True),
        EnableTenantRLS("accounts_invitation"),
        TenantKey("accounts_invitation", "invited_by_id", "accounts_membership"),
        TenantKey("accounts_invitation", "accepted_by_id", "accounts_membership"),
        EnableTenantRLS("accounts_systemmail"),
        SweepColumns("accounts_systemmail", "id", "tenant_id", "state", "next_at"),
        # Whom an organization invites and what it mails is for admins, who are never limited.
        migrations.RunSQL(
            "REVOKE ALL ON accounts_invitation, accounts_systemmail FROM hd_limited",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON accounts_invitation, accounts_systemmail TO hd_limited",
        ),
    ]
