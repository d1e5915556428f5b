import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from accounts.rls import EnableTenantRLS, SweepColumns, TenantKey


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="SellerAccount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=40)),
                (
                    "market",
                    models.CharField(
                        choices=[
                            ("walmart-us", "walmart-us"),
                            ("walmart-ca", "walmart-ca"),
                            ("amazon-us", "amazon-us"),
                            ("amazon-ca", "amazon-ca"),
                            ("amazon-mx", "amazon-mx"),
                            ("amazon-br", "amazon-br"),
                            ("amazon-uk", "amazon-uk"),
                            ("amazon-de", "amazon-de"),
                            ("amazon-fr", "amazon-fr"),
                            ("amazon-it", "amazon-it"),
                            ("amazon-es", "amazon-es"),
                            ("amazon-nl", "amazon-nl"),
                            ("amazon-se", "amazon-se"),
                            ("amazon-pl", "amazon-pl"),
                            ("amazon-be", "amazon-be"),
                            ("amazon-ie", "amazon-ie"),
                            ("amazon-tr", "amazon-tr"),
                            ("amazon-ae", "amazon-ae"),
                            ("amazon-sa", "amazon-sa"),
                            ("amazon-eg", "amazon-eg"),
                            ("amazon-in", "amazon-in"),
                            ("amazon-jp", "amazon-jp"),
                            ("amazon-au", "amazon-au"),
                            ("amazon-sg", "amazon-sg"),
                        ],
                        max_length=20,
                    ),
                ),
                ("seller_id", models.CharField(blank=True, default="", max_length=64)),
                ("sender_address", models.EmailField(max_length=254)),
                ("imap_host", models.CharField(max_length=253)),
                ("imap_port", models.PositiveIntegerField(default=993)),
                (
                    "imap_security",
                    models.CharField(
                        choices=[
                            ("tls", "TLS"),
                            ("starttls", "STARTTLS"),
                            ("plain", "None (loopback and private networks only)"),
                        ],
                        default="tls",
                        max_length=10,
                    ),
                ),
                ("imap_user", models.CharField(max_length=254)),
                ("smtp_host", models.CharField(max_length=253)),
                ("smtp_port", models.PositiveIntegerField(default=465)),
                (
                    "smtp_security",
                    models.CharField(
                        choices=[
                            ("tls", "TLS"),
                            ("starttls", "STARTTLS"),
                            ("plain", "None (loopback and private networks only)"),
                        ],
                        default="tls",
                        max_length=10,
                    ),
                ),
                ("smtp_user", models.CharField(max_length=254)),
                ("authserv_id", models.CharField(blank=True, default="", max_length=253)),
                ("clocks_from", models.DateTimeField()),
                (
                    "health",
                    models.CharField(
                        choices=[
                            ("ok", "Healthy"),
                            ("degraded", "Behind"),
                            ("auth_failed", "Sign-in refused"),
                            ("paused", "Paused"),
                        ],
                        default="ok",
                        max_length=20,
                    ),
                ),
                ("health_reason", models.CharField(blank=True, default="", max_length=500)),
                ("health_since", models.DateTimeField()),
                ("last_ok_at", models.DateTimeField(blank=True, null=True)),
                ("next_poll_at", models.DateTimeField(blank=True, null=True)),
                ("failures", models.PositiveIntegerField(default=0)),
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
            name="MailFolder",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[("inbox", "Inbox"), ("spam", "Spam"), ("sent", "Sent")], max_length=10
                    ),
                ),
                ("name", models.CharField(max_length=500)),
                ("uidvalidity", models.BigIntegerField(null=True)),
                ("last_uid", models.BigIntegerField(default=0)),
                ("last_ok_at", models.DateTimeField(null=True)),
                ("audited_at", models.DateTimeField(null=True)),
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
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="folders",
                        to="marketplaces.selleraccount",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="InboundRaw",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=10)),
                ("source_key", models.CharField(max_length=255)),
                (
                    "folder",
                    models.CharField(
                        choices=[("inbox", "Inbox"), ("spam", "Spam"), ("sent", "Sent")],
                        default="inbox",
                        max_length=10,
                    ),
                ),
                ("sha256", models.BinaryField(max_length=32)),
                ("content", models.BinaryField()),
                ("size", models.BigIntegerField()),
                ("received_at", models.DateTimeField()),
                ("stored_at", models.DateTimeField(auto_now_add=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("new", "Not read yet"),
                            ("parsed", "Read"),
                            ("quarantined", "Could not be read"),
                            ("duplicate", "The same mail again"),
                        ],
                        default="new",
                        max_length=20,
                    ),
                ),
                ("parser_version", models.PositiveIntegerField(null=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("error", models.CharField(blank=True, default="", max_length=500)),
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
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        to="marketplaces.selleraccount",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Credential",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("field", models.CharField(max_length=40)),
                ("key_id", models.CharField(max_length=16)),
                ("sealed", models.BinaryField()),
                ("changed_at", models.DateTimeField(auto_now=True)),
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
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="credentials",
                        to="marketplaces.selleraccount",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.AddConstraint(
            model_name="selleraccount",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="marketplaces_selleraccount_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="selleraccount",
            constraint=models.UniqueConstraint(fields=("tenant", "name"), name="marketplaces_account_name"),
        ),
        migrations.AddConstraint(
            model_name="mailfolder",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="marketplaces_mailfolder_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="mailfolder",
            constraint=models.UniqueConstraint(
                fields=("tenant", "account", "role"), name="marketplaces_folder_role"
            ),
        ),
        migrations.AddIndex(
            model_name="inboundraw",
            index=models.Index(fields=["tenant", "account", "sha256"], name="marketplaces_raw_sha256"),
        ),
        migrations.AddIndex(
            model_name="inboundraw",
            index=models.Index(
                condition=models.Q(("state", "new")),
                fields=["tenant", "stored_at"],
                name="marketplaces_raw_new",
            ),
        ),
        migrations.AddIndex(
            model_name="inboundraw",
            index=models.Index(fields=["tenant", "expires_at"], name="marketplaces_raw_expires"),
        ),
        migrations.AddConstraint(
            model_name="inboundraw",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="marketplaces_inboundraw_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="inboundraw",
            constraint=models.UniqueConstraint(
                fields=("tenant", "account", "source", "source_key"), name="marketplaces_raw_source_key"
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="marketplaces_credential_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="credential",
            constraint=models.UniqueConstraint(
                fields=("tenant", "account", "field"), name="marketplaces_credential_once"
            ),
        ),
        EnableTenantRLS("marketplaces_selleraccount"),
        EnableTenantRLS("marketplaces_credential"),
        EnableTenantRLS("marketplaces_mailfolder"),
        EnableTenantRLS("marketplaces_inboundraw"),
        TenantKey("marketplaces_credential", "account_id", "marketplaces_selleraccount"),
        TenantKey("marketplaces_mailfolder", "account_id", "marketplaces_selleraccount"),
        TenantKey("marketplaces_inboundraw", "account_id", "marketplaces_selleraccount"),
        SweepColumns("marketplaces_selleraccount", "id", "tenant_id", "health", "next_poll_at"),
        SweepColumns("marketplaces_inboundraw", "id", "tenant_id", "state", "stored_at", "attempts"),
    ]
