import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from accounts.rls import EnableTenantRLS, TenantKey


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("accounts", "0001_initial"),
        ("marketplaces", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Buyer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(blank=True, default="", max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
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
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="BuyerIdentity",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("relay_alias", models.CharField(max_length=254)),
                ("expires_at", models.DateTimeField()),
                (
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="marketplaces.selleraccount",
                    ),
                ),
                (
                    "buyer",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="identities",
                        to="orders.buyer",
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
            name="Order",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("external_id", models.CharField(max_length=40)),
                ("is_placeholder", models.BooleanField(default=True)),
                ("item_title", models.CharField(blank=True, default="", max_length=500)),
                ("item_id", models.CharField(blank=True, default="", max_length=40)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField()),
                (
                    "account",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="orders",
                        to="marketplaces.selleraccount",
                    ),
                ),
                (
                    "buyer",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="orders",
                        to="orders.buyer",
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
            model_name="buyer",
            index=models.Index(fields=["tenant", "expires_at"], name="orders_buyer_expires"),
        ),
        migrations.AddConstraint(
            model_name="buyer",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="orders_buyer_tenant_id"),
        ),
        migrations.AddIndex(
            model_name="buyeridentity",
            index=models.Index(fields=["tenant", "buyer"], name="orders_identity_buyer"),
        ),
        migrations.AddConstraint(
            model_name="buyeridentity",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id"), name="orders_buyeridentity_tenant_id"
            ),
        ),
        migrations.AddConstraint(
            model_name="buyeridentity",
            constraint=models.UniqueConstraint(
                fields=("tenant", "account", "relay_alias"), name="orders_identity_once"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant", "buyer"], name="orders_order_buyer"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["tenant", "expires_at"], name="orders_order_expires"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="orders_order_tenant_id"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                fields=("tenant", "account", "external_id"), name="orders_order_once"
            ),
        ),
        EnableTenantRLS("orders_buyer"),
        EnableTenantRLS("orders_buyeridentity"),
        EnableTenantRLS("orders_order"),
        TenantKey("orders_buyeridentity", "buyer_id", "orders_buyer"),
        TenantKey("orders_buyeridentity", "account_id", "marketplaces_selleraccount"),
        TenantKey("orders_order", "account_id", "marketplaces_selleraccount"),
        TenantKey("orders_order", "buyer_id", "orders_buyer"),
    ]
