"""Members who see some seller accounts only, and what they see of the tables here."""

import django.db.models.deletion
from django.db import migrations, models

import accounts.tenancy
from accounts.rls import EnableTenantRLS, LimitMembers, TenantKey

OF_AN_ACCOUNT = (
    *("credential", "mailfolder", "inboundraw"),
    *("apistream", "apitoken", "apibucket", "apicircuit"),
)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_members"),
        ("marketplaces", "0005_connecting"),
    ]

    operations = [
        migrations.CreateModel(
            name="AccountAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
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
                    "membership",
                    accounts.tenancy.TenantForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
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
                    models.UniqueConstraint(
                        fields=("tenant", "id"), name="marketplaces_accountaccess_tenant_id"
                    ),
                    models.UniqueConstraint(
                        fields=("tenant", "membership", "account"), name="marketplaces_access_once"
                    ),
                ],
            },
        ),
        EnableTenantRLS("marketplaces_accountaccess"),
        TenantKey("marketplaces_accountaccess", "membership_id", "accounts_membership"),
        TenantKey("marketplaces_accountaccess", "account_id", "marketplaces_selleraccount"),
        # Nobody lifts the limit they are under.
        migrations.RunSQL(
            "REVOKE INSERT, UPDATE, DELETE ON marketplaces_accountaccess FROM hd_limited",
            "GRANT INSERT, UPDATE, DELETE ON marketplaces_accountaccess TO hd_limited",
        ),
        LimitMembers("marketplaces_selleraccount", account="id"),
        *(LimitMembers(f"marketplaces_{name}", account="account_id") for name in OF_AN_ACCOUNT),
    ]
